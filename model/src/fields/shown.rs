//! Values as Go's formatting shows them: `%v`, `%#v` and `%T` of what is read from JSON.

use serde_json::Value;

use super::go::quoted;

/// As `%v` shows a value: `map[a:1 b:<nil>]`.
pub(crate) fn plain(value: &Value) -> String {
    nested(value, &|scalar| match scalar {
        Value::Null => "<nil>".to_owned(),
        Value::Number(number) => number.as_i64().map_or_else(|| float(number.as_f64()), |number| number.to_string()),
        other => other.to_string(),
    })
}

/// Maps and lists as all verbs but `%#v` show them, and texts; `scalar` shows the rest.
fn nested(value: &Value, scalar: &dyn Fn(&Value) -> String) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}:{}", nested(value, scalar))).collect();
            format!("map[{}]", fields.join(" "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| nested(item, scalar)).collect::<Vec<_>>().join(" "))
        }
        Value::String(text) => text.clone(),
        other => scalar(other),
    }
}

/// As `%#v` shows it, where all numbers are floats: `map[string]interface {}{"a":1}`.
pub(crate) fn sharp(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}:{}", quoted(name), sharp(value))).collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(sharp).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => quoted(text),
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => float(number.as_f64()),
    }
}

/// As `%s` shows it: what is no text is told to be none.
pub(crate) fn text(value: &Value) -> String {
    nested(value, &|scalar| match scalar {
        Value::Null => "%!s(<nil>)".to_owned(),
        other => format!("%!s({}={})", type_name(other), plain(other)),
    })
}

/// Its type, as `%T` names it; where all whole numbers are integers.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// What sort of type that is: its `Kind`.
pub(crate) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
        other => type_name(other),
    }
}

/// As JSON calls it in the texts of Go's mistakes.
pub(crate) fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A float as `%v` shows it: with an exponent from a million on.
pub(crate) fn float(number: Option<f64>) -> String {
    let number = number.unwrap_or_default();
    let scientific = format!("{number:e}");
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or_default();
    match scientific.split_once('e') {
        Some((digits, _)) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_as_go_shows_them() {
        let value = json!({"a": "b", "l": [1, "x"], "n": null, "t": true, "f": 1.5});
        assert_eq!(plain(&value), "map[a:b f:1.5 l:[1 x] n:<nil> t:true]");
        assert_eq!(
            sharp(&value),
            "map[string]interface {}{\"a\":\"b\", \"f\":1.5, \"l\":[]interface {}{1, \"x\"}, \"n\":interface {}(nil), \
             \"t\":true}"
        );
        assert_eq!(text(&json!([1, "x", null, {"a": true}])), "[%!s(int64=1) x %!s(<nil>) map[a:%!s(bool=true)]]");
    }
}
