//! Bodies that are YAML: read, and written as the JSON that the API server makes of them first.

use serde_json::{Map, Value};

/// The same as JSON; none of what cannot be read, has a key twice or goes on after the first document, as what is said of that
/// is not known.
pub(crate) fn json(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.trim().is_empty() {
        return Some(b"null".to_vec());
    }
    // Numbers that begin with a nought are octal, and `yes` is a boolean: it is YAML 1.1.
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    let value: Value = serde_saphyr::from_str_with_options(text, options).ok()?;
    Some(whole(value).to_string().into_bytes())
}

/// Floats that are whole numbers are written as such.
fn whole(value: Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < EXACT => {
                format!("{float:.0}").parse::<i64>().map_or(Value::Number(number), Value::from)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, whole(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Option<Value> {
        json(text.as_bytes()).map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn yaml_is_of_version_1_1() {
        assert_eq!(
            read("a: yes\nb: 012\nc: 1e3\nd: ~\ne: \"x\"\nf: 2024-01-02\ng: 1.5\nh: [a, {b: c}]\n"),
            Some(json!({
                "a": true, "b": 10, "c": 1000, "d": null, "e": "x", "f": "2024-01-02", "g": 1.5, "h": ["a", {"b": "c"}],
            }))
        );
        assert_eq!(read("\n"), Some(Value::Null));
        for text in ["a: [", "a: b\na: c\n", "a: b: c"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
