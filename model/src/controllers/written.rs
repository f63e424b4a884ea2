//! What controllers of tokens see, and how they create and delete.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::api::{DeleteOptions, end};
use crate::clock::rfc3339;
use crate::resources;
use crate::store::{Event, Key};
use crate::world::World;

/// An object as the events tell that were seen so far.
pub(super) fn cached(world: &World, key: &Key) -> Option<Arc<Value>> {
    match unseen(world).find(|event| event.key == *key) {
        Some(event) => event.before.clone(),
        None => world.store.get(key).cloned(),
    }
}

/// The objects of a Namespace, seen so.
pub(super) fn cached_in(world: &World, resource: &'static str, namespace: &str) -> Vec<(Key, Arc<Value>)> {
    let there = world.store.list(resource, namespace).map(|(key, _)| key.clone());
    let going = unseen(world).map(|event| &event.key);
    let going = going.filter(|key| key.resource == resource && key.namespace == namespace).cloned();
    let keys: BTreeSet<Key> = there.chain(going).collect();
    keys.into_iter().filter_map(|key| cached(world, &key).map(|object| (key, object))).collect()
}

fn unseen(world: &World) -> impl Iterator<Item = &Event> {
    (world.controllers.place..world.store.end()).filter_map(|place| world.store.event(place))
}

/// Creates an object in a Namespace, unless there is one of the name or the Namespace takes none.
pub(super) fn create(world: &mut World, manager: &str, key: &Key, mut object: Value) -> Option<Arc<Value>> {
    let namespace = world.store.find("namespaces", "", &key.namespace)?;
    if namespace["status"]["phase"] == "Terminating" || world.store.get(key).is_some() {
        return None;
    }
    let metadata = &mut object["metadata"];
    metadata["name"] = key.name.as_str().into();
    metadata["namespace"] = key.namespace.as_str().into();
    metadata["uid"] = World::uid().into();
    metadata["creationTimestamp"] = rfc3339(world.now()).into();
    world.put_as(manager, "", key, object)
}

/// Deletes an object if it is the one of the uid, or, where finalizers keep it, marks it as being deleted.
pub(super) fn delete(world: &mut World, key: &Key, uid: &str) {
    let object = world.store.get(key).filter(|object| object["metadata"]["uid"] == uid).cloned();
    if let (Some(resource), Some(object)) = (resources::named(key.resource), object) {
        end(world, resource, key, &object, &DeleteOptions::default());
    }
}
