//! JSON merge patch (RFC 7386).

use serde_json::Value;

use super::document::Node;
use crate::fields;
use crate::profile::{Feature, Profile};
use crate::status::Refusal;
use crate::world::Outcome;

const INVALID: &str = "Invalid JSON Patch";

/// `is_checked`: whether unknown fields matter, as then the patch is read beforehand.
pub(super) fn apply(document: &mut Node, patch: &[u8], is_checked: bool, profile: &Profile) -> Outcome<()> {
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
        Value::Object(_) => merge(document, &patch),
        // It is taken for the object itself.
        Value::Array(_) => *document = Node::pruned(&patch),
        _ => return Err(invalid()),
    }
    Ok(())
}

/// In what is new, fields that are null are left out; what takes the place of an object is taken as it is.
fn merge(document: &mut Node, patch: &Value) {
    let Some(fields) = document.fields() else {
        *document = Node::pruned(patch);
        return;
    };
    let Value::Object(patch) = patch else {
        *document = Node::sent(patch);
        return;
    };
    for (name, value) in patch {
        match fields.get_mut(name) {
            _ if value.is_null() => drop(fields.remove(name)),
            Some(before) if !before.is_null() => merge(before, value),
            _ => drop(fields.insert(name.clone(), Node::pruned(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::testing::profile;

    #[test]
    fn null_takes_away_and_lists_are_replaced() {
        let mut document = Node::stored(&json!({"a": {"b": 1, "c": [1]}, "d": 1}), None);
        merge(&mut document, &json!({"a": {"b": null, "c": [{"x": null}, null], "e": {"f": null}}}));
        assert_eq!(document.value(), json!({"a": {"c": [{}, null], "e": {}}, "d": 1}));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let said = |patch: Value, is_checked| {
            let mut document = Node::stored(&json!({}), None);
            apply(&mut document, patch.to_string().as_bytes(), is_checked, &profile(36)).unwrap_err().message
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
        let mut document = Node::stored(&json!({}), None);
        assert_eq!(apply(&mut document, b"7", false, &profile(22)).unwrap_err().code, 500);
    }
}
