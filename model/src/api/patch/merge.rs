//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

use super::go_kind;
use crate::fields::Validation;
use crate::status::Refusal;
use crate::world::Outcome;

pub(super) fn apply(object: &Value, patch: &[u8], validation: Validation) -> Outcome<Value> {
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a merge patch that is no JSON"))?;
    match &patch {
        Value::Object(_) => Ok(merged(object, &patch)),
        Value::Null => Err(Refusal::bad_request("Invalid JSON Patch")),
        other if validation != Validation::Ignore => Err(Refusal::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go_kind(other)
        ))),
        // It is taken for the object itself.
        Value::Array(_) => Err(Refusal::not_modelled("a merge patch that is a list")),
        _ => Err(Refusal::bad_request("Invalid JSON Patch")),
    }
}

fn merged(object: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut fields = object.as_object().cloned().unwrap_or_else(Map::new);
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            let before = fields.get(name).cloned().unwrap_or_default();
            fields.insert(name.clone(), merged(&before, value));
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_takes_away_and_lists_are_replaced() {
        let patched =
            merged(&json!({"a": {"b": 1, "c": [1]}, "d": 1}), &json!({"a": {"b": null, "c": [2], "e": {"f": null}}}));
        assert_eq!(patched, json!({"a": {"c": [2], "e": {}}, "d": 1}));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let said =
            |patch: Value, validation| apply(&json!({}), patch.to_string().as_bytes(), validation).unwrap_err().message;
        let told = |kind| {
            format!(
                "error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
            )
        };
        assert_eq!(said(json!([1]), Validation::Warn), told("array"));
        assert_eq!(said(json!("x"), Validation::Strict), told("string"));
        assert_eq!(said(json!(1), Validation::Ignore), "Invalid JSON Patch");
        assert_eq!(said(json!(null), Validation::Warn), "Invalid JSON Patch");
    }
}
