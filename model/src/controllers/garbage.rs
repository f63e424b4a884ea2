//! The garbage collector: what has owners goes when the last of them has gone.

use std::sync::Arc;

use serde_json::Value;

use crate::api::{DeleteOptions, end};
use crate::resources::{self, RESOURCES, Resource};
use crate::store::{Change, Event, Key, owners};
use crate::world::World;

const MANAGER: &str = "kube-controller-manager";

pub(super) fn react(world: &mut World, event: &Event) {
    let Some(resource) = resources::named(event.key.resource) else { return };
    let metadata = &event.object["metadata"];
    if event.change == Change::Deleted {
        let owned = owned_by(world, metadata["uid"].as_str().unwrap_or_default());
        for (resource, key) in owned {
            collect(world, resource, &key);
        }
        return;
    }
    if owners(&event.object).next().is_some() {
        collect(world, resource, &event.key.clone());
    }
    if metadata["deletionTimestamp"].is_null() {
        return;
    }
    let finalizers: Vec<&str> =
        metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if finalizers.contains(&"orphan") {
        orphan(world, &event.key.clone(), metadata["uid"].as_str().unwrap_or_default());
    } else if finalizers.contains(&"foregroundDeletion") {
        foreground(world, &event.key.clone(), metadata["uid"].as_str().unwrap_or_default());
    }
}

/// What names a uid among its owners.
fn owned_by(world: &World, uid: &str) -> Vec<(&'static Resource, Key)> {
    world.store.owned_by(uid).filter_map(|key| Some((resources::named(key.resource)?, key.clone()))).collect()
}

/// Deletes an object none of whose owners is there.
fn collect(world: &mut World, resource: &'static Resource, key: &Key) {
    let Some(object) = world.store.get(key).cloned() else { return };
    if owners(&object).next().is_none() || owners(&object).any(|owner| is_there(world, owner, &key.namespace)) {
        return;
    }
    let uid = object["metadata"]["uid"].as_str().map(str::to_owned);
    let options = DeleteOptions { propagation: Some("Background".to_owned()), uid, ..DeleteOptions::default() };
    end(world, resource, key, &object, &options);
}

/// Whether an owner is there. Of a kind that is not modelled nobody can tell, so it is.
fn is_there(world: &World, owner: &Value, namespace: &str) -> bool {
    let text = |field: &str| owner[field].as_str().unwrap_or_default();
    let resource =
        RESOURCES.iter().find(|resource| resource.kind == text("kind") && resource.api_version() == text("apiVersion"));
    let Some(resource) = resource else { return true };
    if resource.namespaced && namespace.is_empty() {
        // What lives outside of Namespaces cannot have an owner in one: the collector leaves it alone.
        return true;
    }
    let namespace = if resource.namespaced { namespace } else { "" };
    world
        .store
        .find(resource.full, namespace, text("name"))
        .is_some_and(|found| found["metadata"]["uid"] == text("uid"))
}

fn without_finalizer(object: &Value, finalizer: &str) -> Value {
    let mut next = object.clone();
    if let Some(metadata) = next["metadata"].as_object_mut() {
        let mut left = metadata.get("finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
        left.retain(|one| one != finalizer);
        if left.is_empty() {
            metadata.remove("finalizers");
        } else {
            metadata.insert("finalizers".to_owned(), left.into());
        }
    }
    next
}

/// Takes a finalizer away, and the object with the last, unless it has time left.
fn release(world: &mut World, key: &Key, finalizer: &str) {
    let Some(object) = world.store.get(key).cloned() else { return };
    let next = without_finalizer(&object, finalizer);
    let metadata = &next["metadata"];
    let has_time = metadata["deletionGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds > 0);
    if metadata["finalizers"].is_null() && !has_time && key.resource != "namespaces" {
        world.remove(key);
    } else {
        world.put_as(MANAGER, "", key, next);
    }
}

fn orphan(world: &mut World, key: &Key, uid: &str) {
    for (_, owned) in owned_by(world, uid) {
        let Some(object) = world.store.get(&owned).cloned() else { continue };
        let mut next = Value::clone(&object);
        if let Some(metadata) = next["metadata"].as_object_mut() {
            let mut left = metadata.get("ownerReferences").and_then(Value::as_array).cloned().unwrap_or_default();
            left.retain(|owner| owner["uid"] != uid);
            if left.is_empty() {
                metadata.remove("ownerReferences");
            } else {
                metadata.insert("ownerReferences".to_owned(), left.into());
            }
        }
        world.put_as(MANAGER, "", &owned, next);
    }
    release(world, key, "orphan");
}

/// Deletes what is owned first; the owner goes with the last that blocks it.
fn foreground(world: &mut World, key: &Key, uid: &str) {
    let owned = owned_by(world, uid);
    let mut blocks = false;
    for (resource, dependent) in owned {
        let Some(object) = world.store.get(&dependent).cloned() else { continue };
        let is_blocking = owners(&object).any(|owner| owner["uid"] == uid && owner["blockOwnerDeletion"] == true);
        if object["metadata"]["deletionTimestamp"].is_null() {
            let options = DeleteOptions { propagation: Some("Foreground".to_owned()), ..DeleteOptions::default() };
            end(world, resource, &dependent, &object, &options);
        }
        let is_left: Option<&Arc<Value>> = world.store.get(&dependent);
        blocks |= is_blocking && is_left.is_some();
    }
    if !blocks {
        release(world, key, "foregroundDeletion");
    }
}
