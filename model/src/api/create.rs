//! Creating an object, by `POST` or by a write to what is not there.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::options::{Kind, Options};
use super::{body, escalation, update};
use crate::answer::Answer;
use crate::clock::rfc3339;
use crate::kinds::Write;
use crate::managed::{self, Manager};
use crate::meta;
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::Refusal;
use crate::store::Key;
use crate::world::{Outcome, World};

pub(super) fn create(world: &mut World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    if resource.namespaced && call.attributes.namespace.is_empty() {
        return Err(super::method_not_allowed());
    }
    let options = Options::of(call, Kind::Create, &world.profile)?;
    let object = body::read(call, resource.expected(), options.validation, &world.profile)?;
    let manager = Manager::update(&options.manager, "");
    Ok(Answer::new(201, new(world, call, resource, object, &manager, options.dry_run, false)?))
}

/// Puts a decoded object into the store as a new one.
pub(super) fn new(
    world: &mut World,
    call: &Call<'_>,
    resource: &'static Resource,
    mut object: Value,
    manager: &Manager,
    dry_run: bool,
    by_update: bool,
) -> Outcome<Arc<Value>> {
    let namespace = if resource.namespaced { call.attributes.namespace.as_str() } else { "" };
    wipe(&mut object);
    if !world.profile.has(Feature::NamespacesAreComparedFirst) {
        meta::namespace_takes(&write(world, call, namespace), resource, &object)?;
    }
    if world.profile.has(Feature::RequestsFollowThePath) {
        in_namespace(&mut object, namespace)?;
    }
    let write = write(world, call, namespace);
    resource.strategy.default(&mut object, &write);
    let object = managed::updated(None, object, resource, manager, world.now(), &world.profile)?;
    admitted(world, call, resource, object, dry_run, by_update)
}

/// What comes after the fields have their managers. `by_update`: whether it is a write to what may be there, and is not.
pub(super) fn admitted(
    world: &mut World,
    call: &Call<'_>,
    resource: &'static Resource,
    mut object: Value,
    dry_run: bool,
    by_update: bool,
) -> Outcome<Arc<Value>> {
    let namespace = if resource.namespaced { call.attributes.namespace.as_str() } else { "" };
    let write = write(world, call, namespace);
    meta::namespace_takes(&write, resource, &object)?;
    resource.strategy.admit(&mut object, None, &write)?;
    if by_update {
        update::numeric(update::text(&object, "resourceVersion"))?;
    }
    escalation::confirm(world, call, resource, &object, None)?;
    // Where nobody has yet, the storage compares the Namespaces.
    in_namespace(&mut object, namespace)?;
    let metadata = &mut object["metadata"];
    metadata["uid"] = World::uid().into();
    metadata["creationTimestamp"] = rfc3339(write.now).into();
    let name = metadata["name"].as_str().unwrap_or_default().to_owned();
    let name = match metadata["generateName"].as_str() {
        Some(prefix) if name.is_empty() && !prefix.is_empty() => {
            let name = World::generated_name(prefix);
            metadata["name"] = name.as_str().into();
            name
        }
        _ => name,
    };
    resource.strategy.prepare(&mut object, None, &write);
    let causes = meta::validated(resource, &object, None, resource.strategy.validate(&object, None, &write), &write);
    if !causes.is_empty() {
        return Err(Refusal::invalid(resource.full_kind, &name, &causes));
    }
    call.warn(resource.strategy.warnings(&object, None, &write));
    let key = Key::new(resource.full, namespace, &name);
    let version = object["metadata"]["resourceVersion"].as_str().and_then(|version| version.parse::<u64>().ok());
    let has_version = version.is_some_and(|version| version > 0);
    // A write to what is not there is for an update's storage, which writes versions anew; a dry run shows what was said.
    if by_update {
        if let Some(metadata) = object["metadata"].as_object_mut().filter(|_| !dry_run || !has_version) {
            metadata.remove("resourceVersion");
        }
    } else if has_version && !dry_run {
        return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    if let Some(there) = world.store.get(&key) {
        let mut refusal = Refusal::already_exists(resource.full, &name);
        if object["metadata"]["generateName"].as_str().is_some_and(|prefix| !prefix.is_empty()) {
            refusal = not_unique(refusal, resource, &world.profile);
        }
        if !there["metadata"]["deletionTimestamp"].is_null() && refusal.reason == "AlreadyExists" {
            refusal.message = format!("object is being deleted: {}", refusal.message);
        }
        return Err(refusal);
    }
    let is_short = resource.strategy.read_back(&mut object);
    Ok(if dry_run { Arc::new(object) } else { world.put_short(key, object, is_short) })
}

/// Who lets a name be made up is told that it was not.
fn not_unique(mut refusal: Refusal, resource: &Resource, profile: &Profile) -> Refusal {
    if profile.has(Feature::NamesNotUniqueTold) {
        refusal.message += ", the server was not able to generate a unique name for the object";
        refusal.details.insert("retryAfterSeconds".to_owned(), 1.into());
        return refusal;
    }
    let kind = resource.full_kind;
    let message = format!("The POST operation against {kind} could not be completed at this time, please try again.");
    Refusal::new(500, "ServerTimeout", message).about(resource.group, resource.kind, "POST")
}

/// What only the server writes.
fn wipe(object: &mut Value) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            metadata.remove(field);
        }
    }
}

/// An object belongs where its path says.
pub(super) fn in_namespace(object: &mut Value, namespace: &str) -> Outcome<()> {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let metadata = &mut object["metadata"];
    match metadata["namespace"].as_str().unwrap_or_default() {
        "" if namespace.is_empty() => {}
        "" => metadata["namespace"] = namespace.into(),
        said if said == namespace => {}
        _ if namespace.is_empty() => {
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.remove("namespace");
            }
        }
        _ => {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
    }
    Ok(())
}

pub(super) fn write<'w>(world: &'w World, call: &'w Call<'_>, namespace: &'w str) -> Write<'w> {
    Write {
        profile: &world.profile,
        store: &world.store,
        user: call.user,
        now: world.now(),
        subresource: &call.attributes.subresource,
        namespace,
    }
}
