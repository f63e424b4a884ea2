//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

use crate::status::Refusal;
use crate::world::Outcome;

pub(super) fn apply(object: &Value, patch: &[u8]) -> Outcome<Value> {
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a merge patch that is no JSON"))?;
    if !patch.is_object() {
        return Err(Refusal::not_modelled("a merge patch that is no object"));
    }
    Ok(merged(object, &patch))
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
}
