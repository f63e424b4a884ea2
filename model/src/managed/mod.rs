//! Who manages which fields of an object (KEP-555): noted at every write, and asked by server-side apply.

mod conflicts;
mod last_applied;
mod set;
mod typed;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::fields::{self, Shape};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::Outcome;
use set::Set;

/// A manager as a write names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manager {
    name: String,
    applies: bool,
    subresource: String,
}

impl Manager {
    pub(crate) fn update(name: &str, subresource: &str) -> Self {
        Self { name: name.to_owned(), applies: false, subresource: subresource.to_owned() }
    }

    pub(crate) fn apply(name: &str, subresource: &str) -> Self {
        Self { applies: true, ..Self::update(name, subresource) }
    }

    fn shown(&self, api_version: &str) -> String {
        let subresource = if self.subresource.is_empty() {
            String::new()
        } else {
            format!(" with subresource {:?}", self.subresource)
        };
        let using = if self.applies { String::new() } else { format!(" using {api_version}") };
        format!("{:?}{subresource}{using}", self.name)
    }
}

/// What a manager has.
#[derive(Debug, Clone)]
struct Managed {
    manager: Manager,
    api_version: String,
    time: String,
    set: Set,
}

/// Read from an object.
fn read(object: &Value) -> Vec<Managed> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let entries = entries.filter_map(|entry| {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let operation = text("operation");
        if operation.is_empty() {
            return None;
        }
        let manager =
            Manager { name: text("manager"), applies: operation == "Apply", subresource: text("subresource") };
        let set = Set::from_json(&entry["fieldsV1"]);
        Some(Managed { manager, api_version: text("apiVersion"), time: text("time"), set })
    });
    entries.collect()
}

/// Written into an object, in the order the API server has.
fn write(object: &mut Value, mut all: Vec<Managed>) {
    all.retain(|managed| !managed.set.is_empty());
    all.sort_by(|a, b| {
        let key = |it: &Managed| {
            (
                !it.manager.applies,
                it.time.clone(),
                it.manager.name.clone(),
                it.api_version.clone(),
                it.manager.subresource.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    let entries: Vec<Value> = all
        .iter()
        .map(|managed| {
            let mut entry = json!({
                "manager": managed.manager.name, "operation": if managed.manager.applies { "Apply" } else { "Update" },
                "apiVersion": managed.api_version, "fieldsType": "FieldsV1", "fieldsV1": managed.set.to_json(),
            });
            if !managed.time.is_empty() {
                entry["time"] = managed.time.as_str().into();
            }
            if !managed.manager.subresource.is_empty() {
                entry["subresource"] = managed.manager.subresource.as_str().into();
            }
            entry
        })
        .collect();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        if !entries.is_empty() {
            metadata.insert("managedFields".to_owned(), entries.into());
        }
    }
}

/// What nobody manages.
const NOBODYS: [&[&str]; 11] = [
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// Without what nobody manages, and what a write to this part of the object does not write.
fn stripped(set: &Set, resource: &Resource, subresource: &str) -> Set {
    nobodys(set).without(not_written(resource, subresource))
}

fn nobodys(set: &Set) -> Set {
    let mut metadata = Set::default();
    metadata.insert(&["f:metadata".to_owned()]);
    set.without(&NOBODYS).difference(&metadata)
}

fn not_written(resource: &Resource, subresource: &str) -> &'static [&'static [&'static str]] {
    match (resource.full, subresource) {
        ("pods", "status") => &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]],
        ("namespaces" | "nodes", "status") => &[&["spec"]],
        ("namespaces", "finalize") | ("pods" | "namespaces" | "nodes", "") => &[&["status"]],
        _ => &[],
    }
}

fn shape(resource: &Resource, profile: &Profile) -> Outcome<Shape> {
    fields::shape(resource.kind, profile).ok_or_else(|| Refusal::not_modelled(format!("the kind {}", resource.kind)))
}

/// An object about to be written by a create, an update or a patch, with its managers noted. `old` is none in a create.
pub(crate) fn updated(
    old: Option<&Value>,
    object: Value,
    resource: &Resource,
    manager: &Manager,
    now: Timestamp,
    profile: &Profile,
) -> Outcome<Value> {
    let mut object = noted(old, object, resource, manager, now, profile)?;
    // Who wrote an empty list manages it, though it is stored as none.
    if has_empty_list(&object) {
        fields::normalize(resource.kind, &mut object, profile);
    }
    Ok(object)
}

fn has_empty_list(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty() || items.iter().any(has_empty_list),
        Value::Object(pairs) => pairs.iter().any(|(key, value)| key != "managedFields" && has_empty_list(value)),
        _ => false,
    }
}

fn noted(
    old: Option<&Value>,
    mut object: Value,
    resource: &Resource,
    manager: &Manager,
    now: Timestamp,
    profile: &Profile,
) -> Outcome<Value> {
    let said = object["metadata"]["managedFields"].as_array();
    // One empty entry is how somebody asks for nothing to be noted.
    let is_reset = said.is_some_and(
        |entries| matches!(entries.as_slice(), [entry] if entry.as_object().is_some_and(serde_json::Map::is_empty)),
    );
    let mut all = if is_reset { Vec::new() } else { read(&object) };
    if all.is_empty() && !is_reset {
        all = old.map(read).unwrap_or_default();
    }
    if all.is_empty() && old.is_some() {
        write(&mut object, Vec::new());
        return Ok(object);
    }
    let nothing = fields::zero(resource.kind, profile);
    let before = old.unwrap_or(&nothing);
    // Of what does not fit the schema nobody can say who manages it.
    if [before, &object].into_iter().any(|object| !fields::has_keys(resource.kind, object, profile)) {
        let stays = profile.has(Feature::ManagersSurviveMistakes);
        write(&mut object, old.filter(|_| stays).map(read).unwrap_or_default());
        return Ok(object);
    }
    let comparison = typed::compare(shape(resource, profile)?, Some(before), &object);
    let strip = |set: &Set| set.without(not_written(resource, &manager.subresource));
    let (changed, removed) = (strip(&comparison.added.union(&comparison.modified)), strip(&comparison.removed));
    let api_version = resource.api_version();
    let is_own = |managed: &Managed| managed.manager == *manager && managed.api_version == api_version;
    let former = all.iter().find(|managed| is_own(managed)).map(|managed| managed.set.clone());
    for managed in &mut all {
        managed.set = managed.set.difference(&changed).difference(&removed);
    }
    let own = stripped(&changed, resource, &manager.subresource);
    if !own.is_empty() {
        let time = rfc3339(now);
        match all.iter_mut().find(|managed| is_own(managed)) {
            Some(before) => {
                before.set = before.set.union(&own);
                if former.is_none_or(|former| former != before.set) || !profile.has(Feature::TimesOfTheSameFieldsStay) {
                    before.time = time;
                }
            }
            None => all.push(Managed { manager: manager.clone(), api_version, time, set: own }),
        }
    }
    write(&mut object, all);
    Ok(object)
}

/// The same of something that is posted and not kept.
pub(crate) fn posted(
    mut object: Value,
    kind: &'static str,
    subresource: &str,
    manager: &str,
    now: Timestamp,
    profile: &Profile,
) -> Outcome<Value> {
    let shape = fields::shape(kind, profile).ok_or_else(|| Refusal::not_modelled(format!("the kind {kind}")))?;
    let added = typed::compare(shape, Some(&fields::zero(kind, profile)), &object);
    let set = nobodys(&added.added.union(&added.modified));
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let api_version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
    let manager = Manager::update(manager, subresource);
    write(&mut object, vec![Managed { manager, api_version, time: rfc3339(now), set }]);
    Ok(object)
}

/// What becomes of an object when a manager applies a configuration. `live` is none where there is no object yet.
pub(crate) fn applied(
    live: Option<&Value>,
    config: &Value,
    resource: &Resource,
    manager: &Manager,
    force: bool,
    now: Timestamp,
    profile: &Profile,
) -> Outcome<Value> {
    let shape = shape(resource, profile)?;
    let nothing = fields::zero(resource.kind, profile);
    let mut all = live.map(read).unwrap_or_default();
    let mut plain = live.cloned().unwrap_or_else(|| nothing.clone());
    write(&mut plain, Vec::new());
    is_typed(resource.kind, &plain, all.is_empty(), profile)?;
    if all.is_empty() && live.is_some() {
        let before = Manager::update("before-first-apply", &manager.subresource);
        let all_of_it = typed::compare(shape, Some(&nothing), &plain);
        let set = stripped(&all_of_it.added.union(&all_of_it.modified), resource, &manager.subresource);
        all.push(Managed { manager: before, api_version: resource.api_version(), time: rfc3339(now), set });
    }
    let mut object = typed::merged(shape, &plain, config);
    let last = all.iter().position(|managed| managed.manager == *manager).map(|at| all.remove(at));
    // What is in the configuration and not written by it is not managed either, but it is compared.
    let own = typed::fields_of(shape, config).without(not_written(resource, &manager.subresource));
    if let Some(last) = last.as_ref().filter(|last| !last.set.is_empty()) {
        object = pruned(shape, &object, &last.set, all.iter().map(|managed| &managed.set).chain([&own]));
    }
    let comparison = typed::compare(shape, Some(&plain), &object);
    let strip = |set: &Set| set.without(not_written(resource, &manager.subresource));
    let (changed, removed) = (strip(&comparison.added.union(&comparison.modified)), strip(&comparison.removed));
    if !force {
        let allowed = last_applied::set(&plain, shape, resource, manager, profile);
        conflicts::none(&all, &changed, &allowed, profile)?;
    }
    for managed in &mut all {
        managed.set = managed.set.difference(&changed).difference(&removed);
    }
    let set = stripped(&own, resource, &manager.subresource);
    // Who changes nothing has no time, or the one from before.
    let is_noted = object != plain || !profile.has(Feature::NoTimeOfNoChange);
    let time = if is_noted { rfc3339(now) } else { last.map(|last| last.time).unwrap_or_default() };
    all.push(Managed { manager: manager.clone(), api_version: resource.api_version(), time, set });
    write(&mut object, all);
    last_applied::renew(&mut object, config, manager);
    Ok(object)
}

/// Nothing is applied to what does not fit the schema.
fn is_typed(kind: &str, live: &Value, is_first: bool, profile: &Profile) -> Outcome<()> {
    let Some((named, mistakes)) = fields::lacking_keys(kind, live, profile) else { return Ok(()) };
    let message = if is_first {
        format!(
            "failed to create manager for existing fields: failed to convert new object ({named}) to smd typed: {mistakes}"
        )
    } else {
        format!("failed to create typed live object ({named}): {mistakes}")
    };
    Err(Refusal::new(500, "", message))
}

/// A merged object without what its manager applied last time and nobody manages now.
fn pruned<'s>(shape: Shape, object: &Value, last: &Set, managed: impl Iterator<Item = &'s Set>) -> Value {
    let (root, empty) = (Some(shape), json!({}));
    let last = last.with_fields(root);
    let managed = managed.fold(Set::default(), |all, set| all.union(set)).with_fields(root);
    let all = typed::fields_of(shape, object).with_fields(root);
    let without = |places: &Set| typed::without(shape, object, places).unwrap_or_else(|| empty.clone());
    let left = typed::fields_of(shape, &without(&last)).with_fields(root);
    let owned = without(&all.difference(&left.union(&managed)));
    let left = typed::fields_of(shape, &owned).with_fields(root);
    without(&all.difference(&left).intersection(&last))
}

/// Gives managers the times they had, where nothing else is different: such a write is none.
pub(crate) fn forget_times(object: &mut Value, old: &Value) {
    let old_entries = old["metadata"]["managedFields"].clone();
    let new_entries = object["metadata"]["managedFields"].clone();
    let timeless = |entries: &Value| {
        let mut entries = entries.clone();
        for entry in entries.as_array_mut().into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("time");
            }
        }
        let mut entries: Vec<String> = entries.as_array().into_iter().flatten().map(Value::to_string).collect();
        entries.sort();
        entries
    };
    if new_entries == old_entries || timeless(&new_entries) != timeless(&old_entries) {
        return;
    }
    object["metadata"]["managedFields"] = old_entries;
    if *object != *old {
        object["metadata"]["managedFields"] = new_entries;
    }
}

/// An object as an item of a list: without what it is.
pub(crate) fn as_item(object: &Value) -> Value {
    let mut item = object.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    item
}
