//! What tokens are about, as it is looked up when one is used.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::store::Key;
use crate::world::World;

/// How long tokens outlive the deletion of what they are about.
pub(super) const LEEWAY: SignedDuration = SignedDuration::from_mins(1);

/// An object from the API server's own cache, or, where that has none of the name, as it is stored.
pub(super) fn object(world: &World, resource: &'static str, namespace: &str, name: &str) -> Option<Arc<Value>> {
    let key = Key::new(resource, namespace, name);
    world.seen(&key).or_else(|| world.store.get(&key).cloned())
}

/// Since when an object is being deleted.
pub(super) fn deleted(object: &Value) -> Option<Timestamp> {
    super::text(object, "/metadata/deletionTimestamp").parse().ok()
}

/// Whether that is longer ago than tokens outlive.
pub(super) fn is_past(object: &Value, now: Timestamp) -> bool {
    deleted(object).is_some_and(|at| now.duration_since(at) > LEEWAY)
}
