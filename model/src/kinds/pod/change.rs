//! What an update of a Pod may change.

use serde_json::{Value, json};

use super::super::json::{drop_field, items, items_mut, text};
use super::spec;
use crate::profile::{Feature, Profile};
use crate::status::Cause;

/// Whether all that changed is what may change: images, the deadline, tolerations. What may not is told of with all of the
/// spec as Go shows it, which is not modelled.
pub(super) fn is_allowed(new: &Value, old: &Value) -> bool {
    let counts = |field: &str| items(new, field).len() == items(old, field).len();
    // Told of otherwise.
    if !counts("containers") || !counts("initContainers") {
        return true;
    }
    let rest = |spec: &Value| {
        let mut spec = spec.clone();
        for field in ["activeDeadlineSeconds", "tolerations"] {
            drop_field(&mut spec, field);
        }
        if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
            spec["terminationGracePeriodSeconds"] = 1.into();
        }
        for field in ["containers", "initContainers"] {
            for container in items_mut(&mut spec, field) {
                drop_field(container, "image");
            }
        }
        // Filled in by admission, a moment later.
        for field in ["priority", "preemptionPolicy"] {
            if new[field].is_null() {
                drop_field(&mut spec, field);
            }
        }
        spec
    };
    rest(new) == rest(old)
}

pub(super) fn mistakes(new: &Value, old: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    for field in ["containers", "initContainers"] {
        let containers = items(new, field);
        if containers.len() != items(old, field).len() {
            causes.push(Cause::forbidden(format!("spec.{field}"), "pod updates may not add or remove containers"));
            return;
        }
        for (at, container) in containers.iter().enumerate() {
            let (path, image) = (format!("spec.{field}[{at}].image"), text(container, "image"));
            if image.is_empty() {
                causes.push(Cause::required(path.clone(), ""));
            }
            if image.trim() != image {
                causes.push(Cause::invalid(path, &json!(image), "must not have leading or trailing whitespace"));
            }
        }
    }
    let path = "spec.activeDeadlineSeconds";
    match (new["activeDeadlineSeconds"].as_i64(), old["activeDeadlineSeconds"].as_i64()) {
        (Some(seconds), _) if !(0..=i64::from(i32::MAX)).contains(&seconds) => {
            causes.push(Cause::invalid(path, &json!(seconds), "must be between 0 and 2147483647, inclusive"));
            return;
        }
        (Some(seconds), Some(before)) if before < seconds => {
            causes.push(Cause::invalid(path, &json!(seconds), "must be less than or equal to previous value"));
            return;
        }
        (None, Some(_)) => {
            let shown = if profile.has(Feature::ValuesInMistakesAreJson) { "null" } else { "\"null\"" };
            causes.push(Cause::invalid_as(path, shown, "must not update from a positive integer to nil value"));
        }
        _ => {}
    }
    let same = |toleration: &Value, other: &Value| {
        ["key", "operator", "value", "effect"].iter().all(|field| toleration[*field] == other[*field])
    };
    let tolerations = items(new, "tolerations");
    if items(old, "tolerations").iter().any(|old| !tolerations.iter().any(|new| same(old, new))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        causes.push(Cause::forbidden("spec.tolerations", detail));
        return;
    }
    spec::tolerations(tolerations, profile, causes);
}
