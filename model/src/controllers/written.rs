//! How controllers of tokens create and delete.

use std::sync::Arc;

use serde_json::Value;

use crate::api::{DeleteOptions, end};
use crate::clock::rfc3339;
use crate::resources;
use crate::store::Key;
use crate::world::World;

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

/// Deletes an object, or, where finalizers keep it, marks it as being deleted.
pub(super) fn delete(world: &mut World, key: &Key) {
    if let (Some(resource), Some(object)) = (resources::named(key.resource), world.store.get(key).cloned()) {
        end(world, resource, key, &object, &DeleteOptions::default());
    }
}
