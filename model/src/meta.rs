//! `ObjectMeta`: its mistakes, in the words and the order of each version; and the Namespaces that take objects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fields;
use crate::kinds::json::{flag, items, pairs, text};
use crate::kinds::{Write, names};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::{Cause, Refusal};
use crate::world::Outcome;

/// What a kind asks of its metadata.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) name: NameRule,
    /// Whether a finalizer without a domain has to be one that Kubernetes knows.
    pub(crate) known_finalizers: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    Subdomain,
    Label,
    /// Anything that can stand in a path.
    Path,
}

const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// The mistakes in the metadata of an object that is created, or of any that is validated as if it were.
pub(crate) fn mistakes(object: &Value, rules: Rules, profile: &Profile) -> Vec<Cause> {
    let metadata = &object["metadata"];
    let mut causes = Vec::new();
    let named = |field: &str, text: &str, checked: &str| {
        let path = format!("metadata.{field}");
        let mistakes = match rules.name {
            NameRule::Subdomain => names::subdomain(checked),
            NameRule::Label => names::label(checked, profile),
            NameRule::Path => names::path_segment(checked),
        };
        mistakes.into_iter().map(move |detail| Cause::invalid(path.clone(), &json!(text), &detail)).collect::<Vec<_>>()
    };
    let prefix = text(metadata, "generateName");
    if !prefix.is_empty() {
        // What comes behind a dash ends as a name has to.
        let checked = match (rules.name, prefix.strip_suffix('-')) {
            (NameRule::Subdomain | NameRule::Label, Some(front)) if !front.is_empty() => {
                let mut masked = front.to_owned();
                masked.pop();
                masked + "a"
            }
            _ => prefix.to_owned(),
        };
        causes.extend(named("generateName", prefix, &checked));
    }
    match text(metadata, "name") {
        "" => causes.push(Cause::required("metadata.name", "name or generateName is required")),
        name => causes.extend(named("name", name, name)),
    }
    let generation = metadata["generation"].as_i64().unwrap_or_default();
    if generation < 0 {
        causes.push(Cause::invalid("metadata.generation", &json!(generation), names::NEGATIVE));
    }
    common(metadata, profile, &mut causes);
    let finalizers = items(metadata, "finalizers");
    for finalizer in finalizers {
        let name = finalizer.as_str().unwrap_or_default();
        causes.extend(
            names::qualified(name, profile)
                .into_iter()
                .map(|detail| Cause::invalid("metadata.finalizers", finalizer, &detail)),
        );
    }
    if ["foregroundDeletion", "orphan"].iter().all(|name| finalizers.contains(&json!(name))) {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        let shown = names::shown_texts(finalizers, "[]string", profile);
        causes.push(Cause::invalid_as("metadata.finalizers", &shown, detail));
    }
    if rules.known_finalizers {
        causes.extend(unknown_finalizers(finalizers, "metadata.finalizers"));
    }
    causes
}

/// The mistakes in what an update makes of metadata.
pub(crate) fn mistakes_of_change(object: &Value, old: &Value, rules: Rules, profile: &Profile) -> Vec<Cause> {
    let (metadata, was) = (&object["metadata"], &old["metadata"]);
    let mut causes = Vec::new();
    let finalizers = items(metadata, "finalizers");
    if !was["deletionTimestamp"].is_null() {
        let fresh: BTreeSet<&str> = finalizers
            .iter()
            .filter(|name| !items(was, "finalizers").contains(name))
            .filter_map(Value::as_str)
            .collect();
        if !fresh.is_empty() {
            let fresh: Vec<String> = fresh.into_iter().map(fields::quoted).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                fresh.join(", ")
            );
            causes.push(Cause::forbidden("metadata.finalizers", &detail));
        }
    }
    for field in ["name", "namespace", "uid", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (value, before) = (&metadata[field], &was[field]);
        if value != before {
            let shown = match (field, value.as_str()) {
                ("deletionTimestamp", Some(text)) if !profile.has(Feature::ValuesInMistakesAreJson) => {
                    fields::go_time(text)
                }
                (_, Some(text)) => fields::quoted(text),
                (_, None) => value.to_string(),
            };
            causes.push(Cause::invalid_as(format!("metadata.{field}"), &shown, names::IMMUTABLE));
        }
    }
    common(metadata, profile, &mut causes);
    if rules.known_finalizers {
        causes.extend(unknown_finalizers(finalizers, "metadata.finalizers"));
    }
    causes
}

/// Labels, annotations, owners.
fn common(metadata: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    for (key, value) in pairs(metadata, "labels") {
        let path = "metadata.labels";
        causes.extend(names::qualified(key, profile).into_iter().map(|text| Cause::invalid(path, &json!(key), &text)));
        let label = value.as_str().unwrap_or_default();
        causes.extend(names::label_value(label, profile).into_iter().map(|text| Cause::invalid(path, value, &text)));
    }
    let path = "metadata.annotations";
    let mut size = 0;
    for (key, value) in pairs(metadata, "annotations") {
        let mistakes = names::qualified(&key.to_lowercase(), profile);
        causes.extend(mistakes.into_iter().map(|text| Cause::invalid(path, &json!(key), &text)));
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_LIMIT {
        causes.push(names::too_long(path, ANNOTATIONS_LIMIT, profile));
    }
    owners(items(metadata, "ownerReferences"), profile, causes);
}

fn owners(references: &[Value], profile: &Profile, causes: &mut Vec<Cause>) {
    let required = profile.has(Feature::OwnersFieldsAreRequired);
    let mut first = String::new();
    for (at, reference) in references.iter().enumerate() {
        let path =
            if required { format!("metadata.ownerReferences[{at}]") } else { "metadata.ownerReferences".to_owned() };
        let version = text(reference, "apiVersion");
        let empty = |field: &str| {
            let path = format!("{path}.{field}");
            if required {
                return Cause::required(path, "must not be empty");
            }
            let detail = match field {
                "apiVersion" => "version must not be empty".to_owned(),
                _ if profile.has(Feature::ValuesInMistakesAreJson) => "must not be empty".to_owned(),
                _ => format!("{field} must not be empty"),
            };
            Cause::invalid(path, &json!(""), &detail)
        };
        // Before, what is no version at all has none.
        let is_none = version.is_empty() || version.ends_with('/') || version.matches('/').count() > 1;
        if version.is_empty() || (is_none && !required) {
            let mut cause = empty("apiVersion");
            if !version.is_empty() {
                cause = Cause::invalid(cause.field, &json!(version), "version must not be empty");
            }
            causes.push(cause);
        } else if is_none {
            let detail = "must be <group>/<version> or <version>";
            causes.push(Cause::invalid(format!("{path}.apiVersion"), &json!(version), detail));
        }
        causes.extend(["kind", "name", "uid"].into_iter().filter(|field| text(reference, field).is_empty()).map(empty));
        if flag(reference, "controller") {
            let name = text(reference, "name");
            let this = if profile.has(Feature::ControllersAreNamedWithKind) {
                format!("{}/{name}", text(reference, "kind"))
            } else {
                name.to_owned()
            };
            if first.is_empty() {
                first = this;
                continue;
            }
            let detail = format!(
                "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
            );
            let shown = names::shown_owners(references, profile);
            causes.push(Cause::invalid_as("metadata.ownerReferences", &shown, &detail));
        }
    }
}

/// Finalizers without a domain that Kubernetes does not know.
fn unknown_finalizers(finalizers: &[Value], path: &str) -> Vec<Cause> {
    let known = ["kubernetes", "orphan", "foregroundDeletion"];
    let unknown =
        |finalizer: &Value| finalizer.as_str().is_some_and(|name| !name.contains('/') && !known.contains(&name));
    let detail = "name is neither a standard finalizer name nor is it fully qualified";
    let numbered = finalizers.iter().enumerate().filter(|(_, finalizer)| unknown(finalizer));
    numbered.map(|(at, finalizer)| Cause::invalid(format!("{path}[{at}]"), finalizer, detail)).collect()
}

/// A mistake in a finalizer of a Namespace's spec, at a path.
pub(crate) fn finalizer_mistakes(name: &Value, path: &str, profile: &Profile) -> Vec<Cause> {
    let mut causes: Vec<Cause> = names::qualified(name.as_str().unwrap_or_default(), profile)
        .into_iter()
        .map(|detail| Cause::invalid(path, name, &detail))
        .collect();
    causes.extend(
        unknown_finalizers(std::slice::from_ref(name), path)
            .into_iter()
            .map(|cause| Cause { field: path.to_owned(), ..cause }),
    );
    causes
}

/// Refuses to create something where there is no Namespace, or one that ends.
pub(crate) fn namespace_takes(write: &Write<'_>, resource: &Resource, object: &Value) -> Outcome<()> {
    let Some(namespace) = namespace(write, resource)? else { return Ok(()) };
    if namespace["status"]["phase"] != "Terminating" {
        return Ok(());
    }
    let name = write.namespace;
    let why = format!("unable to create new content in namespace {name} because it is being terminated");
    let mut refusal = Refusal::forbidden(resource.full, object_name(object), &why);
    let cause = json!({
        "reason": "NamespaceTerminating", "message": format!("namespace {name} is being terminated"),
        "field": "metadata.namespace",
    });
    refusal.details.insert("causes".to_owned(), json!([cause]));
    Err(refusal)
}

/// Refuses to change something where there is no Namespace.
pub(crate) fn namespace_takes_update(write: &Write<'_>, resource: &Resource) -> Outcome<()> {
    namespace(write, resource).map(drop)
}

/// The Namespace of a write; none for what has none.
fn namespace<'w>(write: &'w Write<'_>, resource: &Resource) -> Outcome<Option<&'w Value>> {
    if !resource.namespaced {
        return Ok(None);
    }
    match write.store.find("namespaces", "", write.namespace) {
        Some(namespace) => Ok(Some(namespace)),
        None => Err(Refusal::not_found("namespaces", write.namespace)),
    }
}

/// The name of an object before it has one, as admission names it.
pub(crate) fn object_name(object: &Value) -> &str {
    let metadata = &object["metadata"];
    match (text(metadata, "name"), text(metadata, "generateName")) {
        ("", "") => "Unknown",
        ("", prefix) => prefix,
        (name, _) => name,
    }
}

/// All mistakes of an object: in an update those of any object come before those that its kind found.
pub(crate) fn validated(
    _resource: &Resource,
    object: &Value,
    old: Option<&Value>,
    own: Vec<Cause>,
    write: &Write<'_>,
) -> Vec<Cause> {
    let rules = Rules { name: NameRule::Path, known_finalizers: false };
    let mut common = Vec::new();
    if let Some(old) = old {
        common.extend(mistakes(object, rules, write.profile));
        common.extend(mistakes_of_change(object, old, rules, write.profile));
    }
    let mut causes = Vec::new();
    for cause in common.into_iter().chain(own) {
        if !write.profile.has(Feature::MistakesAreToldOnce) || !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
}
