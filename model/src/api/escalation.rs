//! Nobody grants what he does not have, unless he is allowed to escalate or to bind: what RBAC looks at in a write of its kinds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use crate::authz;
use crate::fields::quoted;
use crate::request::Attributes;
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::{Outcome, World};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Refuses what the user of a call may not grant. `old` is none in a create.
pub(super) fn confirm(
    world: &World,
    call: &Call<'_>,
    resource: &Resource,
    object: &Value,
    old: Option<&Value>,
) -> Outcome<()> {
    if resource.group != GROUP || call.user.is_in(authz::MASTERS) {
        return Ok(());
    }
    let namespace = if resource.namespaced { call.attributes.namespace.as_str() } else { "" };
    if resource.plural.ends_with("bindings") {
        if old.is_some_and(|old| is_for_garbage_only(object, old)) || may_bind(world, call, object, namespace)? {
            return Ok(());
        }
        let rules = authz::referred(world, &object["roleRef"], namespace, resource.full)?;
        return held(world, call, resource, object, namespace, &rules);
    }
    let escalate = Attributes { verb: "escalate".to_owned(), subresource: String::new(), ..call.attributes.clone() };
    if authz::decide(world, call.user, &escalate)?.is_allowed || old.is_some_and(|old| is_for_garbage_only(object, old))
    {
        return Ok(());
    }
    let rules = object["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    held(world, call, resource, object, namespace, rules)?;
    let aggregates = |object: &Value| {
        object["aggregationRule"]["clusterRoleSelectors"].as_array().is_some_and(|selectors| !selectors.is_empty())
    };
    if aggregates(object) || old.is_some_and(aggregates) {
        let all = json!([
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, {"verbs": ["*"], "nonResourceURLs": ["*"]},
        ]);
        let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
        if held(world, call, resource, object, namespace, all).is_err() {
            let why = "must have cluster-admin privileges to use the aggregationRule";
            return Err(Refusal::forbidden(resource.full, name(object), why));
        }
    }
    Ok(())
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Whether a write changes only what the garbage collector has to change for an object to go.
fn is_for_garbage_only(object: &Value, old: &Value) -> bool {
    let mut object = object.clone();
    for field in ["ownerReferences", "finalizers", "managedFields"] {
        object["metadata"][field] = old["metadata"][field].clone();
        if let Some(metadata) = object["metadata"].as_object_mut().filter(|metadata| metadata[field].is_null()) {
            metadata.remove(field);
        }
    }
    object == *old
}

fn may_bind(world: &World, call: &Call<'_>, object: &Value, namespace: &str) -> Outcome<bool> {
    let text = |field: &str| object["roleRef"][field].as_str().unwrap_or_default().to_owned();
    let resource = match text("kind").as_str() {
        "ClusterRole" => "clusterroles",
        "Role" => "roles",
        _ => return Ok(false),
    };
    let bind = Attributes {
        verb: "bind".to_owned(),
        group: text("apiGroup"),
        version: "*".to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: text("name"),
        is_resource: true,
        ..Attributes::default()
    };
    Ok(authz::decide(world, call.user, &bind)?.is_allowed)
}

/// The user has all of these rules.
fn held(
    world: &World,
    call: &Call<'_>,
    resource: &Resource,
    object: &Value,
    namespace: &str,
    rules: &[Value],
) -> Outcome<()> {
    let (own, errors) = authz::held(world, call.user, namespace, resource.full);
    let parts = rules.iter().flat_map(parts);
    let missing: Vec<Rule> = parts.filter(|part| !own.iter().any(|own| covers(own, part))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = call.user.groups.iter().map(|group| quoted(group)).collect();
    let beside = if errors.is_empty() {
        String::new()
    } else {
        format!("; resolution errors: [{}]", authz::aggregated(&errors))
    };
    let why = format!(
        "user {} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}{beside}",
        quoted(&call.user.name),
        groups.join(" "),
        shown(missing).join("\n")
    );
    Err(Refusal::forbidden(resource.full, name(object), &why))
}

/// A part of a rule: of each at most one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    group: Option<String>,
    resource: Option<String>,
    url: Option<String>,
    name: Option<String>,
    verb: String,
}

fn texts<'v>(rule: &'v Value, field: &'v str) -> impl Iterator<Item = &'v str> + Clone {
    rule[field].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str)
}

fn parts(rule: &Value) -> Vec<Rule> {
    let mut all = Vec::new();
    let names: Vec<Option<String>> = texts(rule, "resourceNames").map(|name| Some(name.to_owned())).collect();
    let names = if names.is_empty() { vec![None] } else { names };
    for group in texts(rule, "apiGroups") {
        for resource in texts(rule, "resources") {
            for verb in texts(rule, "verbs") {
                all.extend(names.iter().map(|name| Rule {
                    group: Some(group.to_owned()),
                    resource: Some(resource.to_owned()),
                    url: None,
                    name: name.clone(),
                    verb: verb.to_owned(),
                }));
            }
        }
    }
    for url in texts(rule, "nonResourceURLs") {
        let of = |verb: &str| Rule { url: Some(url.to_owned()), verb: verb.to_owned(), ..Rule::default() };
        all.extend(texts(rule, "verbs").map(of));
    }
    all
}

/// Whether one rule allows all that a part of another does.
fn covers(own: &Value, part: &Rule) -> bool {
    let has = |field: &str, wanted: &str| texts(own, field).any(|known| known == wanted);
    let is_in = |field: &str, wanted: &Option<String>| {
        wanted.as_deref().is_none_or(|wanted| has(field, "*") || has(field, wanted))
    };
    let resource = part.resource.as_deref().is_none_or(|wanted| {
        let below = wanted.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
        has("resources", "*") || has("resources", wanted) || below.is_some_and(|below| has("resources", &below))
    });
    let url = part.url.as_deref().is_none_or(|wanted| {
        texts(own, "nonResourceURLs")
            .any(|known| known == wanted || (known.ends_with('*') && wanted.starts_with(known.trim_end_matches('*'))))
    });
    let all_names = texts(own, "resourceNames").next().is_none();
    let name = part.name.as_deref().map_or(all_names, |wanted| all_names || has("resourceNames", wanted));
    (has("verbs", "*") || has("verbs", &part.verb)) && is_in("apiGroups", &part.group) && resource && url && name
}

/// What is missing, in lines: the verbs for one thing are told together.
fn shown(missing: Vec<Rule>) -> Vec<String> {
    let mut verbs: BTreeMap<Rule, Vec<String>> = BTreeMap::new();
    let mut lines = Vec::new();
    for rule in missing {
        if rule.url.is_some() {
            lines.push(line(&rule, std::slice::from_ref(&rule.verb)));
        } else {
            verbs.entry(Rule { verb: String::new(), ..rule.clone() }).or_default().push(rule.verb);
        }
    }
    lines.extend(verbs.iter().map(|(rule, verbs)| line(rule, verbs)));
    lines.sort();
    lines.dedup();
    lines
}

fn line(rule: &Rule, verbs: &[String]) -> String {
    let mut parts = Vec::new();
    for (what, value) in [
        ("APIGroups", &rule.group),
        ("Resources", &rule.resource),
        ("NonResourceURLs", &rule.url),
        ("ResourceNames", &rule.name),
    ] {
        parts.extend(value.as_ref().map(|value| format!("{what}:[{}]", quoted(value))));
    }
    let verbs: Vec<String> = verbs.iter().map(|verb| quoted(verb)).collect();
    parts.push(format!("Verbs:[{}]", verbs.join(" ")));
    format!("{{{}}}", parts.join(", "))
}
