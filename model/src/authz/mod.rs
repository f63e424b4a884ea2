//! Authorization: who may do what. The authorizers are asked in the order of `--authorization-mode=Node,RBAC`, after the
//! group that may do everything.

pub(crate) mod aggregate;
mod index;
mod node;
mod rbac;

use serde_json::Value;

pub(crate) use index::Index;

use crate::profile::Feature;
use crate::request::Attributes;
use crate::status::Refusal;
use crate::user::User;
use crate::world::{Outcome, World};

/// Who is in it may do everything.
pub(crate) const MASTERS: &str = "system:masters";

/// What the authorizers say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) is_allowed: bool,
    /// Why, or why not; often nothing.
    pub(crate) reason: String,
}

/// Refuses what a user may not do, with 403.
pub(crate) fn authorize(world: &World, user: &User, attributes: &Attributes) -> Outcome<()> {
    let decision = decide(world, user, attributes)?;
    if decision.is_allowed {
        return Ok(());
    }
    let what = without_markup(&wanted(user, attributes));
    let why = if decision.reason.is_empty() { what } else { format!("{what}: {}", decision.reason) };
    let full = if attributes.is_resource { attributes.full_resource() } else { String::new() };
    Err(Refusal::forbidden(&full, &attributes.name, &why))
}

/// Asks whether a user may do something.
pub(crate) fn decide(world: &World, user: &User, attributes: &Attributes) -> Outcome<Decision> {
    if user.is_in(MASTERS) {
        return Ok(Decision { is_allowed: true, reason: String::new() });
    }
    if node::is_beyond(user, attributes) {
        return Err(Refusal::not_modelled(format_args!("what a Node may do with {}", attributes.full_resource())));
    }
    let seen = world.rbac.seen(world);
    let mut reasons = Vec::new();
    for (name, decision) in
        [("node", node::decide(world, &seen, user, attributes)), ("rbac", rbac::decide(&seen, user, attributes))]
    {
        if decision.is_allowed {
            return Ok(decision);
        }
        match decision.reason {
            empty if empty.is_empty() => {}
            reason if world.profile.has(Feature::AuthorizersAreNamed) => reasons.push(format!("{name}: {reason}")),
            reason => reasons.push(reason),
        }
    }
    Ok(Decision { is_allowed: false, reason: reasons.join("\n") })
}

/// What somebody may do in a Namespace, as far as it can be listed.
pub(crate) struct Rules {
    /// `PolicyRule`s.
    pub(crate) listed: Vec<Value>,
    /// What came in the way.
    pub(crate) errors: Vec<String>,
    /// Whether there may be more.
    pub(crate) is_incomplete: bool,
}

/// The rules that apply to somebody in a Namespace. Those of the privileged group are not among them.
pub(crate) fn rules(world: &World, user: &User, namespace: &str) -> Rules {
    let seen = world.rbac.seen(world);
    let mut found = Rules { listed: Vec::new(), errors: Vec::new(), is_incomplete: false };
    if node::name(user).is_some() {
        found.is_incomplete = true;
        found.errors.push("node authorizer does not support user rule resolution".to_owned());
    }
    let errors = rbac::visit(&seen, user, namespace, |_, rule| {
        found.listed.push(rule.clone());
        false
    });
    found.errors.extend(errors);
    found
}

/// What RBAC grants somebody in a Namespace, and what came in the way: by what is stored, and not by what authorizers have seen.
/// `resource` is what is written.
pub(crate) fn held(world: &World, user: &User, namespace: &str, resource: &str) -> (Vec<Value>, Vec<String>) {
    let stored = index::Seen::stored(&world.store);
    let mut rules = Vec::new();
    let errors = rbac::visit(&stored, user, namespace, |_, rule| {
        rules.push(rule.clone());
        false
    });
    let told = |error: String| match error.split_once('.') {
        Some((kind @ ("role" | "clusterrole"), rest)) => match rest.split_once(' ') {
            Some((_, rest)) if world.profile.has(Feature::MissingRolesAreToldAsRequested) => {
                format!("{resource} {rest}")
            }
            _ => format!("{kind}s.{rest}"),
        },
        _ => error,
    };
    (rules, errors.into_iter().map(told).collect())
}

/// The rules of the role that a binding in a Namespace refers to.
pub(crate) fn referred(world: &World, reference: &Value, namespace: &str, binding: &str) -> Outcome<Vec<Value>> {
    let text = |field: &str| reference[field].as_str().unwrap_or_default().to_owned();
    let asked = index::Binding { subjects: Vec::new(), role_kind: text("kind"), role: text("name") };
    match (asked.role_kind.as_str(), namespace) {
        ("Role", "") => return Err(Refusal::bad_request("Namespace parameter required.")),
        ("Role" | "ClusterRole", _) => {}
        (other, _) => return Err(Refusal::new(500, "", format!("unsupported role reference kind: {other:?}"))),
    }
    let stored = index::Seen::stored(&world.store);
    let rules = stored.role_rules(&asked, namespace).map(<[Value]>::to_vec);
    let missing = match asked.role_kind.as_str() {
        _ if world.profile.has(Feature::MissingRolesAreToldAsRequested) => binding,
        "Role" => "roles.rbac.authorization.k8s.io",
        _ => "clusterroles.rbac.authorization.k8s.io",
    };
    rules.map_err(|_| Refusal::not_found(missing, &asked.role))
}

/// Several errors as one text, each once.
pub(crate) fn aggregated(errors: &[String]) -> String {
    let mut each: Vec<&str> = Vec::new();
    for error in errors {
        if !each.contains(&error.as_str()) {
            each.push(error);
        }
    }
    match each.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// What is not allowed, in the server's words.
fn wanted(user: &User, attributes: &Attributes) -> String {
    let Attributes { verb, group, resource, subresource, namespace, path, is_resource, .. } = attributes;
    let name = &user.name;
    if !is_resource {
        return format!("User {name:?} cannot {verb} path {path:?}");
    }
    let resource = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    let what = format!("User {name:?} cannot {verb} resource {resource:?} in API group {group:?}");
    if namespace.is_empty() {
        format!("{what} at the cluster scope")
    } else {
        format!("{what} in the namespace {namespace:?}")
    }
}

/// So that no browser takes it for HTML.
fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
pub(crate) mod tests;
