//! What is stored: objects by key, one revision counter, and what happened, for watches and controllers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

/// How many events are kept. A watch from before them is answered 410, as after a compaction.
const KEPT: usize = 20_000;

/// Where an object is. Orders objects as etcd does: by Namespace, then by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Plural and group as `roles.rbac.authorization.k8s.io`; of the core group the plural alone.
    pub(crate) resource: &'static str,
    /// Empty for what lives outside of Namespaces.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &'static str, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Modified,
    Deleted,
}

/// A write.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) change: Change,
    pub(crate) key: Key,
    pub(crate) revision: u64,
    /// The object after it; of a deletion the last state, with the revision of the deletion.
    pub(crate) object: Arc<Value>,
    pub(crate) before: Option<Arc<Value>>,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    /// Who names a uid among the owners: what the garbage collector asks whenever something goes.
    owned: BTreeMap<String, BTreeSet<Key>>,
    /// What is stored short of what is read of it, so that the next write is one though it changes nothing.
    short: BTreeSet<Key>,
    revision: u64,
    events: VecDeque<Event>,
    /// How many events have been dropped.
    dropped: u64,
    /// The revision of the last of them.
    compacted: u64,
}

impl Store {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// The same by its parts.
    pub(crate) fn find(&self, resource: &'static str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.get(&Key::new(resource, namespace, name))
    }

    /// What a reader with a cache that lags sees of an object: what it was before every change later than `until`.
    pub(crate) fn seen(&self, key: &Key, until: Timestamp) -> Option<Arc<Value>> {
        let mut seen = self.get(key).cloned();
        for event in self.events.iter().rev().take_while(|event| event.at > until) {
            if event.key == *key {
                seen.clone_from(&event.before);
            }
        }
        seen
    }

    /// The objects of a resource, of one Namespace or (empty) of all, by Namespace and name.
    pub(crate) fn list<'s>(
        &'s self,
        resource: &'static str,
        namespace: &'s str,
    ) -> impl Iterator<Item = (&'s Key, &'s Arc<Value>)> {
        let first = Key::new(resource, namespace, "");
        self.objects.range((Bound::Included(first), Bound::Unbounded)).take_while(move |(key, _)| {
            key.resource == resource && (namespace.is_empty() || key.namespace == namespace)
        })
    }

    /// The same as of a revision that is not compacted.
    pub(crate) fn list_at(&self, resource: &'static str, namespace: &str, revision: u64) -> Vec<(Key, Arc<Value>)> {
        let mut all: BTreeMap<Key, Arc<Value>> =
            self.list(resource, namespace).map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        for event in self.events.iter().rev().take_while(|event| event.revision > revision) {
            if event.key.resource == resource && (namespace.is_empty() || event.key.namespace == namespace) {
                match &event.before {
                    Some(before) => drop(all.insert(event.key.clone(), Arc::clone(before))),
                    None => drop(all.remove(&event.key)),
                }
            }
        }
        all.into_iter().collect()
    }

    /// Writes an object and gives it back with its new `resourceVersion`.
    pub(crate) fn put(&mut self, key: Key, mut object: Value, at: Timestamp) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), Arc::clone(&object));
        self.short.remove(&key);
        self.own(&key, before.as_deref(), Some(&object));
        let change = if before.is_some() { Change::Modified } else { Change::Added };
        self.happened(Event { change, key, revision: self.revision, object: Arc::clone(&object), before, at });
        object
    }

    /// Notes that what was just put is stored short of what is read of it.
    pub(crate) fn note_short(&mut self, key: Key) {
        self.short.insert(key);
    }

    pub(crate) fn is_short(&self, key: &Key) -> bool {
        self.short.contains(key)
    }

    /// Takes an object away and gives back its last state.
    pub(crate) fn remove(&mut self, key: &Key, at: Timestamp) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        self.short.remove(key);
        self.own(key, Some(&before), None);
        self.revision += 1;
        let mut last = Value::clone(&before);
        last["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(last);
        let event = Event {
            change: Change::Deleted,
            key: key.clone(),
            revision: self.revision,
            object: Arc::clone(&object),
            before: Some(before),
            at,
        };
        self.happened(event);
        Some(object)
    }

    /// What names a uid among its owners.
    pub(crate) fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.owned.get(uid).into_iter().flatten()
    }

    /// An object has other owners than before.
    fn own(&mut self, key: &Key, before: Option<&Value>, after: Option<&Value>) {
        for uid in before.into_iter().flat_map(uids_of_owners) {
            if let Some(owned) = self.owned.get_mut(uid) {
                owned.remove(key);
                if owned.is_empty() {
                    self.owned.remove(uid);
                }
            }
        }
        for uid in after.into_iter().flat_map(uids_of_owners) {
            self.owned.entry(uid.to_owned()).or_default().insert(key.clone());
        }
    }

    fn happened(&mut self, event: Event) {
        if self.events.len() == KEPT
            && let Some(oldest) = self.events.pop_front()
        {
            self.dropped += 1;
            self.compacted = oldest.revision;
        }
        self.events.push_back(event);
    }

    /// The revision up to which events have been dropped.
    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    /// The place of the oldest event that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.dropped
    }

    /// Where the next event will stand.
    pub(crate) fn end(&self) -> u64 {
        self.dropped + self.events.len() as u64
    }

    /// The event at a place; none if it is still to come. A place before what is kept gives the oldest.
    pub(crate) fn event(&self, place: u64) -> Option<&Event> {
        let at = usize::try_from(place.saturating_sub(self.dropped)).ok()?;
        self.events.get(at)
    }

    /// The place of the first event after a revision.
    pub(crate) fn place_after(&self, revision: u64) -> u64 {
        self.dropped + self.events.partition_point(|event| event.revision <= revision) as u64
    }
}

/// What an object says of its owners.
pub(crate) fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

fn uids_of_owners(object: &Value) -> impl Iterator<Item = &str> {
    owners(object).filter_map(|owner| owner["uid"].as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Objects that are written with owners, or (none) taken away.
    fn writes() -> impl Strategy<Value = Vec<(usize, Option<Vec<usize>>)>> {
        let owners = prop::collection::vec(0..3_usize, 0..3);
        prop::collection::vec((0..4_usize, prop::option::of(owners)), 0..20)
    }

    proptest! {
        /// Whatever is written and taken away, a uid leads to just those objects that name it.
        #[test]
        fn owners_lead_to_what_they_own(writes in writes()) {
            let mut store = Store::default();
            let key = |name: usize| Key::new("pods", "demo", &name.to_string());
            for (name, owners) in writes {
                if let Some(owners) = owners {
                    let owners: Vec<Value> = owners.iter().map(|uid| json!({"uid": uid.to_string()})).collect();
                    store.put(key(name), json!({"metadata": {"ownerReferences": owners}}), Timestamp::UNIX_EPOCH);
                } else {
                    store.remove(&key(name), Timestamp::UNIX_EPOCH);
                }
            }
            for uid in ["0", "1", "2"] {
                let names_it = |object: &Value| owners(object).any(|owner| owner["uid"] == uid);
                let named: Vec<_> = store.list("pods", "").filter(|(_, object)| names_it(object)).collect();
                let named: Vec<&Key> = named.into_iter().map(|(key, _)| key).collect();
                prop_assert_eq!(store.owned_by(uid).collect::<Vec<_>>(), named);
            }
        }
    }
}
