//! Roles and what binds them.

use serde_json::{Value, json};

use super::json::{fill, items, items_mut, text};
use super::{Strategy, Write, names};
use crate::fields::quoted;
use crate::meta::{self, NameRule, Rules};
use crate::profile::{Feature, Profile};
use crate::status::{Cause, Refusal};

pub(crate) struct Role;
pub(crate) struct ClusterRole;
pub(crate) struct RoleBinding;
pub(crate) struct ClusterRoleBinding;

const RULES: Rules = Rules { name: NameRule::Path, known_finalizers: true };
const GROUP: &str = "rbac.authorization.k8s.io";

impl Strategy for Role {
    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        role(object, old, true, write.profile)
    }
}

impl Strategy for ClusterRole {
    fn admit(&self, object: &mut Value, _old: Option<&Value>, write: &Write<'_>) -> Result<(), Refusal> {
        let selectors = items(&object["aggregationRule"], "clusterRoleSelectors");
        if selectors.iter().all(|selector| is_selector(selector, write.profile)) {
            return Ok(());
        }
        Err(Refusal::not_modelled("the mistakes of a label selector"))
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let mut causes = role(object, old, false, write.profile);
        causes.extend(aggregation(object));
        in_order(causes, write.profile)
    }
}

impl Strategy for RoleBinding {
    fn default(&self, object: &mut Value, _write: &Write<'_>) {
        default_binding(object);
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        binding(object, old, true, write.profile)
    }
}

impl Strategy for ClusterRoleBinding {
    fn default(&self, object: &mut Value, _write: &Write<'_>) {
        default_binding(object);
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        binding(object, old, false, write.profile)
    }
}

/// How often what is written in an update is looked at.
fn times(old: Option<&Value>, profile: &Profile) -> usize {
    if old.is_some() && profile.has(Feature::RolesAreValidatedTwice) { 2 } else { 1 }
}

fn role(object: &Value, old: Option<&Value>, namespaced: bool, profile: &Profile) -> Vec<Cause> {
    let mut causes = Vec::new();
    for _ in 0..times(old, profile) {
        causes.extend(meta::mistakes(object, RULES, profile));
        for (at, rule) in items(object, "rules").iter().enumerate() {
            self::rule(rule, &format!("rules[{at}]"), namespaced, profile, &mut causes);
        }
    }
    causes.extend(old.into_iter().flat_map(|old| meta::mistakes_of_change(object, old, RULES, profile)));
    in_order(causes, profile)
}

fn is_selector(selector: &Value, profile: &Profile) -> bool {
    let is_label = |key: &str, value: &str| {
        names::qualified(key, profile).is_empty() && names::label_value(value, profile).is_empty()
    };
    let mut pairs = selector["matchLabels"].as_object().into_iter().flatten();
    pairs.all(|(key, value)| is_label(key, value.as_str().unwrap_or_default()))
        && items(selector, "matchExpressions").iter().all(|expression| {
            let mut values = items(expression, "values").iter().map(|value| value.as_str().unwrap_or_default());
            let fits = match text(expression, "operator") {
                "In" | "NotIn" => !items(expression, "values").is_empty(),
                "Exists" | "DoesNotExist" => items(expression, "values").is_empty(),
                _ => false,
            };
            fits && is_label(text(expression, "key"), "") && values.all(|value| is_label("a", value))
        })
}

/// A role that gathers the rules of others says of which.
fn aggregation(object: &Value) -> Option<Cause> {
    let is_without =
        object["aggregationRule"].is_object() && items(&object["aggregationRule"], "clusterRoleSelectors").is_empty();
    is_without.then(|| {
        Cause::required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        )
    })
}

/// Late versions find missing verbs and names by another way, which comes after all else.
fn in_order(causes: Vec<Cause>, profile: &Profile) -> Vec<Cause> {
    if !profile.has(Feature::RequiredFieldsOfRolesComeLast) {
        return causes;
    }
    let is_late = |cause: &Cause| {
        let field = cause.field.as_str();
        let is_named = field == "roleRef.name" || (field.starts_with("subjects[") && field.ends_with("].name"));
        cause.reason == "FieldValueRequired"
            && (is_named || (field.starts_with("rules[") && field.ends_with("].verbs")))
    };
    let (late, first): (Vec<Cause>, Vec<Cause>) = causes.into_iter().partition(is_late);
    first.into_iter().chain(late).collect()
}

fn rule(rule: &Value, path: &str, namespaced: bool, profile: &Profile, causes: &mut Vec<Cause>) {
    if items(rule, "verbs").is_empty() {
        let late = profile.has(Feature::RequiredFieldsOfRolesComeLast);
        let detail = if late { "" } else { "verbs must contain at least one value" };
        causes.push(Cause::required(format!("{path}.verbs"), detail));
    }
    let urls = items(rule, "nonResourceURLs");
    if !urls.is_empty() {
        let shown = names::shown_texts(urls, "[]string", profile);
        let mut wrong =
            |detail: &str| causes.push(Cause::invalid_as(format!("{path}.nonResourceURLs"), &shown, detail));
        if namespaced {
            wrong("namespaced rules cannot apply to non-resource URLs");
        }
        if ["apiGroups", "resources", "resourceNames"].iter().any(|field| !items(rule, field).is_empty()) {
            wrong("rules cannot apply to both regular resources and non-resource URLs");
        }
        return;
    }
    if items(rule, "apiGroups").is_empty() {
        causes.push(Cause::required(format!("{path}.apiGroups"), "resource rules must supply at least one api group"));
    }
    if items(rule, "resources").is_empty() {
        causes.push(Cause::required(format!("{path}.resources"), "resource rules must supply at least one resource"));
    }
}

fn default_binding(object: &mut Value) {
    fill(&mut object["roleRef"], "apiGroup", GROUP);
    for subject in items_mut(object, "subjects") {
        if matches!(text(subject, "kind"), "User" | "Group") {
            fill(subject, "apiGroup", GROUP);
        }
    }
}

fn binding(object: &Value, old: Option<&Value>, namespaced: bool, profile: &Profile) -> Vec<Cause> {
    let mut causes = Vec::new();
    for _ in 0..times(old, profile) {
        bound(object, namespaced, profile, &mut causes);
    }
    let reference = &object["roleRef"];
    if let Some(old) = old {
        causes.extend(meta::mistakes_of_change(object, old, RULES, profile));
        if old["roleRef"] != *reference {
            let [group, kind, name] = ["apiGroup", "kind", "name"].map(|field| quoted(text(reference, field)));
            let shown = if profile.has(Feature::ValuesInMistakesAreJson) {
                format!("{{\"APIGroup\":{group},\"Kind\":{kind},\"Name\":{name}}}")
            } else {
                format!("rbac.RoleRef{{APIGroup:{group}, Kind:{kind}, Name:{name}}}")
            };
            let late = profile.has(Feature::RequiredFieldsOfRolesComeLast);
            let detail = if late { names::IMMUTABLE } else { "cannot change roleRef" };
            causes.push(Cause::invalid_as("roleRef", &shown, detail));
        }
    }
    in_order(causes, profile)
}

/// The role that a binding names, and to whom it binds it.
fn bound(object: &Value, namespaced: bool, profile: &Profile, causes: &mut Vec<Cause>) {
    causes.extend(meta::mistakes(object, RULES, profile));
    let reference = &object["roleRef"];
    let (group, kind, name) = (text(reference, "apiGroup"), text(reference, "kind"), text(reference, "name"));
    if group != GROUP {
        causes.push(Cause::not_supported("roleRef.apiGroup", &json!(group), &[GROUP]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind) {
        causes.push(Cause::not_supported("roleRef.kind", &json!(kind), kinds));
    }
    if name.is_empty() {
        causes.push(Cause::required("roleRef.name", ""));
    }
    let mistakes = names::path_segment(name).into_iter();
    causes.extend(mistakes.map(|detail| Cause::invalid("roleRef.name", &json!(name), &detail)));
    for (at, subject) in items(object, "subjects").iter().enumerate() {
        self::subject(subject, &format!("subjects[{at}]"), namespaced, causes);
    }
}

fn subject(subject: &Value, path: &str, namespaced: bool, causes: &mut Vec<Cause>) {
    let (group, kind, name) = (text(subject, "apiGroup"), text(subject, "kind"), text(subject, "name"));
    if name.is_empty() {
        causes.push(Cause::required(format!("{path}.name"), ""));
    }
    match kind {
        "ServiceAccount" => {
            let mistakes = if name.is_empty() { Vec::new() } else { names::subdomain(name) };
            let mistakes = mistakes.into_iter();
            causes.extend(mistakes.map(|detail| Cause::invalid(format!("{path}.name"), &json!(name), &detail)));
            if !group.is_empty() {
                causes.push(Cause::not_supported(format!("{path}.apiGroup"), &json!(group), &[""]));
            }
            if !namespaced && text(subject, "namespace").is_empty() {
                causes.push(Cause::required(format!("{path}.namespace"), ""));
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                causes.push(Cause::not_supported(format!("{path}.apiGroup"), &json!(group), &[GROUP]));
            }
        }
        _ => {
            let kinds = ["ServiceAccount", "User", "Group"];
            causes.push(Cause::not_supported(format!("{path}.kind"), &json!(kind), &kinds));
        }
    }
}
