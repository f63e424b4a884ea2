//! RBAC: roles, and who they are bound to.

use std::fmt;

use serde_json::Value;

use super::index::{Binding, Seen, Subject};
use super::{Decision, aggregated};
use crate::request::Attributes;
use crate::user::User;

/// Where a rule comes from.
pub(super) struct Source<'s> {
    name: &'s str,
    /// Of the binding; none for those of the cluster.
    namespace: &'s str,
    binding: &'s Binding,
    subject: &'s Subject,
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binding { role_kind, role, .. } = self.binding;
        if self.namespace.is_empty() {
            write!(f, "ClusterRoleBinding {:?} of {role_kind} {role:?} to ", self.name)?;
        } else {
            let name = format!("{}/{}", self.name, self.namespace);
            write!(f, "RoleBinding {name:?} of {role_kind} {role:?} to ")?;
        }
        let Subject { kind, name, namespace } = self.subject;
        if kind == "ServiceAccount" {
            write!(f, "{kind} {:?}", format!("{name}/{namespace}"))
        } else {
            write!(f, "{kind} {name:?}")
        }
    }
}

pub(super) fn decide(seen: &Seen, user: &User, attributes: &Attributes) -> Decision {
    let mut reason = None;
    let errors = visit(seen, user, &attributes.namespace, |source, rule| {
        let allows = allows(rule, attributes);
        if allows {
            reason = Some(format!("RBAC: allowed by {source}"));
        }
        allows
    });
    match reason {
        Some(reason) => Decision { is_allowed: true, reason },
        None if errors.is_empty() => Decision::default(),
        None => Decision { is_allowed: false, reason: format!("RBAC: {}", aggregated(&errors)) },
    }
}

/// Shows every rule that applies to somebody in a Namespace, until the visitor says that it has seen enough. Gives back which
/// roles there are not. In the real server the bindings come in any order.
pub(super) fn visit<'s>(
    seen: &'s Seen,
    user: &User,
    namespace: &'s str,
    mut is_enough: impl FnMut(&Source<'s>, &'s Value) -> bool,
) -> Vec<String> {
    let mut errors = Vec::new();
    let scopes = if namespace.is_empty() { &[""][..] } else { &["", namespace] };
    for &namespace in scopes {
        for (name, binding) in seen.bindings(namespace) {
            let Some(subject) = binding.subjects.iter().find(|subject| subject.is(user)) else { continue };
            let rules = match seen.role_rules(binding, namespace) {
                Ok(rules) => rules,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            let source = Source { name, namespace, binding, subject };
            if rules.iter().any(|rule| is_enough(&source, rule)) {
                return errors;
            }
        }
    }
    errors
}

impl Subject {
    fn is(&self, user: &User) -> bool {
        match self.kind.as_str() {
            "User" => self.name == user.name,
            "Group" => user.is_in(&self.name),
            "ServiceAccount" => {
                let rest = user.name.strip_prefix("system:serviceaccount:");
                rest.and_then(|rest| rest.split_once(':')).is_some_and(|(namespace, name)| {
                    !namespace.is_empty() && namespace == self.namespace && name == self.name
                })
            }
            _ => false,
        }
    }
}

/// Whether a `PolicyRule` allows what is asked for.
pub(super) fn allows(rule: &Value, attributes: &Attributes) -> bool {
    let each = |key: &str| rule[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    let has = |key: &str, wanted: &str| each(key).any(|known| known == "*" || known == wanted);
    if !has("verbs", &attributes.verb) {
        return false;
    }
    if !attributes.is_resource {
        return each("nonResourceURLs").any(|known| {
            let prefix = known.strip_suffix('*').map(|prefix| prefix.trim_end_matches('*'));
            known == attributes.path || prefix.is_some_and(|prefix| attributes.path.starts_with(prefix))
        });
    }
    let is_resource = |known: &str| match attributes.subresource.as_str() {
        "" => known == attributes.resource,
        subresource => known
            .split_once('/')
            .is_some_and(|(resource, sub)| sub == subresource && (resource == "*" || resource == attributes.resource)),
    };
    has("apiGroups", &attributes.group)
        && each("resources").any(|known| known == "*" || is_resource(known))
        && (each("resourceNames").next().is_none() || each("resourceNames").any(|known| known == attributes.name))
}
