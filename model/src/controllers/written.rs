//! How controllers write.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::store::Key;
use crate::world::World;

/// Writes an object on behalf of a component.
pub(crate) fn put(world: &mut World, _manager: &str, key: Key, object: Value) -> Arc<Value> {
    world.put(key, object)
}

/// Creates an object, unless there is one of the name or its Namespace takes none. Gives back what is there then.
pub(crate) fn create(world: &mut World, manager: &str, key: Key, object: Value) -> Option<Arc<Value>> {
    let takes = key.namespace.is_empty() || takes_objects(world, &key.namespace);
    if !takes || world.store.get(&key).is_some() {
        return None;
    }
    let mut object = object;
    let metadata = &mut object["metadata"];
    metadata["name"] = key.name.as_str().into();
    if !key.namespace.is_empty() {
        metadata["namespace"] = key.namespace.as_str().into();
    }
    metadata["uid"] = World::uid().into();
    metadata["creationTimestamp"] = rfc3339(world.now()).into();
    Some(put(world, manager, key, object))
}

/// Deletes an object, or, where finalizers keep it, marks it as being deleted.
pub(crate) fn delete(world: &mut World, manager: &str, key: &Key) {
    let Some(object) = world.store.get(key) else { return };
    let metadata = &object["metadata"];
    if metadata["finalizers"].as_array().is_none_or(Vec::is_empty) {
        world.remove(key);
    } else if metadata.get("deletionTimestamp").is_none() {
        let mut marked = Value::clone(object);
        marked["metadata"]["deletionTimestamp"] = rfc3339(world.now()).into();
        marked["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        put(world, manager, key.clone(), marked);
    }
}

fn takes_objects(world: &World, namespace: &str) -> bool {
    let namespace = world.store.find("namespaces", "", namespace);
    namespace.is_some_and(|namespace| namespace["status"]["phase"] != "Terminating")
}
