//! What containers ask for and may have, and the class of a Pod that follows.

use serde_json::Value;

use super::super::json::{items, pairs};
use super::super::{names, node};
use crate::fields::{Quantity, quoted};
use crate::profile::{Feature, Profile};
use crate::status::Cause;

const COMPUTE: [&str; 2] = ["cpu", "memory"];
const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Names that are standard somewhere, though not of containers.
const ELSEWHERE: [&str; 16] = [
    "storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
];

/// The mistakes of one amount.
pub(in super::super) fn amount(name: &str, amount: &Value, path: &str, causes: &mut Vec<Cause>) {
    let Some(found) = amount.as_str().and_then(|text| Quantity::parse(text).ok()) else { return };
    if found.nanos() < 0 {
        causes.push(Cause::invalid(path, amount, names::NEGATIVE));
    }
    // Of what is counted, there is no half.
    let is_counted = is_extended(name) || ELSEWHERE[8..].contains(&name);
    if is_counted && !found.is_whole() {
        causes.push(Cause::invalid(path, amount, "must be an integer"));
    }
}

/// Something that somebody else's domain names.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !is_native(name) && !name.starts_with("requests.")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

pub(super) fn mistakes(resources: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    for (name, value) in pairs(resources, "limits") {
        let path = format!("{path}.limits[{name}]");
        named(name, &path, profile, causes);
        amount(name, value, &path, causes);
    }
    for (name, value) in pairs(resources, "requests") {
        let (limits, requests) = (format!("{path}.limits"), format!("{path}.requests"));
        let key = format!("{requests}[{name}]");
        named(name, &key, profile, causes);
        amount(name, value, &key, causes);
        let limit = &resources["limits"][name];
        let (asked, most) = (node::nanos(value), node::nanos(limit));
        let of_limit = match limit.as_str() {
            Some(limit) if profile.has(Feature::LimitsAreTold) => format!("{name} limit of {limit}"),
            _ => format!("{name} limit"),
        };
        let may_be_more = is_native(name) && !name.starts_with("hugepages-");
        if limit.is_null() {
            if !may_be_more {
                causes.push(Cause::required(limits, "Limit must be set for non overcommitable resources"));
            }
        } else if asked != most && !may_be_more {
            causes.push(Cause::invalid(requests, value, &format!("must be equal to {of_limit}")));
        } else if asked > most {
            causes.push(Cause::invalid(requests, value, &format!("must be less than or equal to {of_limit}")));
        }
    }
}

/// The mistakes of a resource's name.
fn named(name: &str, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let shown = if profile.has(Feature::ResourceNamesAreBare) { name.to_owned() } else { quoted(name) };
    let mistakes = names::qualified(name, profile);
    let is_well_formed = mistakes.is_empty();
    causes.extend(mistakes.into_iter().map(|detail| Cause::invalid_as(path, &shown, &detail)));
    if name.contains('/') {
        if !is_native(name) && name.starts_with("requests.") {
            causes.push(Cause::invalid_as(path, &shown, "doesn't follow extended resource name standard"));
        }
        return;
    }
    let is_standard = STANDARD.contains(&name) || name.starts_with("hugepages-");
    if is_well_formed && !is_standard && !ELSEWHERE.contains(&name) {
        causes.push(Cause::invalid_as(path, &shown, "must be a standard resource type or fully qualified"));
    }
    if !is_standard {
        causes.push(Cause::invalid_as(path, &shown, "must be a standard resource for containers"));
    }
}

/// The class by which a node chooses whom to put out first.
pub(super) fn class(pod: &Value) -> &'static str {
    let spec = &pod["spec"];
    let containers = || items(spec, "initContainers").iter().chain(items(spec, "containers"));
    let amounts = |container: &Value, field: &str| -> Vec<(String, i128)> {
        pairs(&container["resources"], field)
            .filter(|(name, value)| COMPUTE.contains(&name.as_str()) && node::nanos(value) > 0)
            .map(|(name, value)| (name.clone(), node::nanos(value)))
            .collect()
    };
    if containers().all(|one| amounts(one, "requests").is_empty() && amounts(one, "limits").is_empty()) {
        return "BestEffort";
    }
    let is_sure = |container: &Value| {
        let limits = amounts(container, "limits");
        limits.len() == COMPUTE.len() && limits == amounts(container, "requests")
    };
    if containers().all(is_sure) { "Guaranteed" } else { "Burstable" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_has_the_class_of_what_it_asks_for() {
        let pod = |resources: &[Value]| {
            let containers: Vec<Value> = resources.iter().map(|resources| json!({"resources": resources})).collect();
            class(&json!({"spec": {"containers": containers}}))
        };
        let both = json!({"cpu": "1", "memory": "1Gi"});
        let sure = json!({"limits": both, "requests": both});
        assert_eq!(pod(&[json!({})]), "BestEffort");
        assert_eq!(pod(std::slice::from_ref(&sure)), "Guaranteed");
        assert_eq!(pod(&[sure, json!({})]), "Burstable");
        assert_eq!(pod(&[json!({"requests": {"cpu": "1"}})]), "Burstable");
    }
}
