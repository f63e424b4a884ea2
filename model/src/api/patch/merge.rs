//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

use crate::fields;
use crate::profile::{Feature, Profile};
use crate::status::Refusal;
use crate::world::Outcome;

const INVALID: &str = "Invalid JSON Patch";

/// `is_checked`: whether unknown fields matter, as then the patch is read beforehand.
pub(super) fn apply(object: &Value, patch: &[u8], is_checked: bool, profile: &Profile) -> Outcome<Value> {
    // Once it was a mistake of the server, like any that nobody thought of.
    let invalid = || {
        let is_bad = profile.has(Feature::InvalidPatchesAreBadRequests);
        if is_bad { Refusal::bad_request(INVALID) } else { Refusal::new(500, "", INVALID) }
    };
    if let Some(mistake) = fields::object_mistake(patch).filter(|_| is_checked) {
        return Err(Refusal::bad_request(format!("error decoding patch: {mistake}")));
    }
    if fields::json_mistake(patch).is_some() {
        return Err(invalid());
    }
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a merge patch with such JSON"))?;
    match &patch {
        Value::Object(_) => Ok(merged(object, &patch)),
        // It is taken for the object itself.
        Value::Array(_) => Err(Refusal::not_modelled("a merge patch that is a list")),
        _ => Err(invalid()),
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
    use crate::kinds::testing::profile;

    #[test]
    fn null_takes_away_and_lists_are_replaced() {
        let patched =
            merged(&json!({"a": {"b": 1, "c": [1]}, "d": 1}), &json!({"a": {"b": null, "c": [2], "e": {"f": null}}}));
        assert_eq!(patched, json!({"a": {"c": [2], "e": {}}, "d": 1}));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let said = |patch: Value, is_checked| {
            apply(&json!({}), patch.to_string().as_bytes(), is_checked, &profile(36)).unwrap_err().message
        };
        let told = |kind| {
            format!(
                "error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
            )
        };
        assert_eq!(said(json!([1]), true), told("array"));
        assert_eq!(said(json!("x"), true), told("string"));
        assert_eq!(said(json!(1), false), "Invalid JSON Patch");
        assert_eq!(said(json!(null), true), "Invalid JSON Patch");
        assert_eq!(apply(&json!({}), b"7", false, &profile(22)).unwrap_err().code, 500);
    }
}
