//! All groups, versions and resources in one answer, for clients that ask for that.

use serde_json::{Value, json};

use super::served::{Group, served};
use crate::answer::Answer;
use crate::profile::{Feature, Profile};
use crate::status::Refusal;
use crate::world::Outcome;

/// The versions of the format: what asks for it, what it is sent as, and which servers have it.
const FORMATS: [(&str, &str, Feature); 2] = [
    ("v2", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", Feature::AggregatedDiscovery),
    (
        "v2beta1",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        Feature::BetaAggregatedDiscovery,
    ),
];

/// The first of what an `Accept` header asks for: everything at once, or what there was before that.
pub(super) fn or(profile: &Profile, accept: &str, is_core: bool, plain: fn(&Profile) -> Value) -> Outcome<Answer> {
    let mut wants_another = false;
    for wanted in accept.split(',').map(str::trim).filter(|wanted| !wanted.is_empty()) {
        let mut parts = wanted.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        if !matches!(media, "application/json" | "application/*" | "*/*") {
            wants_another = true;
            continue;
        }
        let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let get = |key: &str| parameters.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        match get("as") {
            None => return Ok(Answer::ok(plain(profile))),
            Some("APIGroupDiscoveryList") if get("g") == Some("apidiscovery.k8s.io") => {
                let of =
                    |(version, _, feature): &&(&str, &str, Feature)| get("v") == Some(version) && profile.has(*feature);
                if let Some((version, content_type, _)) = FORMATS.iter().find(of) {
                    return Ok(Answer::text(content_type, list(profile, version, is_core).to_string() + "\n"));
                }
            }
            Some(_) => {}
        }
        wants_another = true;
    }
    if !wants_another {
        return Ok(Answer::ok(plain(profile)));
    }
    if ["application/yaml", "application/vnd.kubernetes.protobuf"].iter().any(|media| accept.contains(media)) {
        return Err(Refusal::not_modelled(format_args!("discovery as {accept}")));
    }
    let message = "only the following media types are accepted: application/json, application/yaml, \
                   application/vnd.kubernetes.protobuf";
    Err(Refusal::new(406, "NotAcceptable", message))
}

fn list(profile: &Profile, version: &str, is_core: bool) -> Value {
    let served = served(profile);
    let meta = |name: &str| {
        let mut meta = json!({});
        if !name.is_empty() {
            meta["name"] = name.into();
        }
        if profile.has(Feature::UnsetTimesAreNull) {
            meta["creationTimestamp"] = Value::Null;
        }
        meta
    };
    let group = |group: &Group| {
        let versions = group.versions.iter().map(
            |(version, resources)| json!({"version": version, "resources": nested(resources), "freshness": "Current"}),
        );
        json!({"metadata": meta(&group.name), "versions": versions.collect::<Vec<_>>()})
    };
    let groups = served.groups.iter().filter(|group| group.name.is_empty() == is_core).map(group);
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"), "metadata": {},
        "items": groups.collect::<Vec<_>>(),
    })
}

/// Resources with their subresources below them.
fn nested(resources: &[Value]) -> Vec<Value> {
    let mut nested: Vec<Value> = Vec::new();
    for resource in resources {
        let text = |key: &str| resource[key].as_str().unwrap_or_default();
        let kind = json!({"group": text("group"), "version": text("version"), "kind": text("kind")});
        let mut entry = json!({"responseKind": kind, "verbs": resource["verbs"]});
        let Some((parent, name)) = text("name").split_once('/') else {
            entry["resource"] = text("name").into();
            entry["scope"] = if resource["namespaced"] == true { "Namespaced" } else { "Cluster" }.into();
            entry["singularResource"] = text("singularName").into();
            for key in ["shortNames", "categories"] {
                if let Some(names) = resource.get(key) {
                    entry[key] = names.clone();
                }
            }
            nested.push(entry);
            continue;
        };
        entry["subresource"] = name.into();
        if let Some(parent) = nested.iter_mut().find(|known| known["resource"] == parent) {
            match parent["subresources"].as_array_mut() {
                Some(entries) => entries.push(entry),
                None => parent["subresources"] = json!([entry]),
            }
        }
    }
    nested
}
