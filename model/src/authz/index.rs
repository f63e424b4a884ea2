//! What the API server's informers show of roles, bindings and Pods: the store, a moment behind, ready to be asked.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::store::{Change, Key, Store};
use crate::world::World;

const ROLES: &str = "roles.rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const CLUSTER_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";
const PODS: &str = "pods";

/// The caches of the authorizers.
#[derive(Debug, Default)]
pub(crate) struct Index(RefCell<Seen>);

/// What they have seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Of the first event that they have not.
    place: u64,
    /// Roles, those of the cluster, and Pods.
    objects: BTreeMap<Key, Arc<Value>>,
    /// By Namespace (none for those of the cluster) and name.
    bindings: BTreeMap<(String, String), Binding>,
}

/// A `RoleBinding` or `ClusterRoleBinding`.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) subjects: Vec<Subject>,
    pub(super) role_kind: String,
    pub(super) role: String,
}

#[derive(Debug)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) name: String,
    /// Of a `ServiceAccount`: as it is said, or that of the binding.
    pub(super) namespace: String,
}

impl Index {
    /// What they show now.
    pub(super) fn seen(&self, world: &World) -> Ref<'_, Seen> {
        // Nobody holds what this gives while asking again.
        if let Ok(mut seen) = self.0.try_borrow_mut() {
            seen.catch_up(&world.store, world.seen_until());
        }
        self.0.borrow()
    }
}

impl Seen {
    /// What somebody sees who looks at the store itself.
    pub(super) fn stored(store: &Store) -> Self {
        let mut seen = Self::default();
        seen.list_again(store);
        seen
    }

    fn catch_up(&mut self, store: &Store, until: Timestamp) {
        if self.place < store.first() {
            return self.list_again(store);
        }
        while let Some(event) = store.event(self.place).filter(|event| event.at <= until) {
            let object = (event.change != Change::Deleted).then_some(&event.object);
            self.take(&event.key, object);
            self.place += 1;
        }
    }

    /// Events were lost: begins anew, with all that is there.
    fn list_again(&mut self, store: &Store) {
        *self = Self { place: store.end(), ..Self::default() };
        for resource in [ROLES, CLUSTER_ROLES, BINDINGS, CLUSTER_BINDINGS, PODS] {
            for (key, object) in store.list(resource, "") {
                self.take(key, Some(object));
            }
        }
    }

    fn take(&mut self, key: &Key, object: Option<&Arc<Value>>) {
        match key.resource {
            ROLES | CLUSTER_ROLES | PODS => match object {
                Some(object) => drop(self.objects.insert(key.clone(), Arc::clone(object))),
                None => drop(self.objects.remove(key)),
            },
            BINDINGS | CLUSTER_BINDINGS => {
                let place = (key.namespace.clone(), key.name.clone());
                match object {
                    Some(object) => drop(self.bindings.insert(place, Binding::of(object, &key.namespace))),
                    None => drop(self.bindings.remove(&place)),
                }
            }
            _ => {}
        }
    }

    /// The bindings of a Namespace, or (empty) those of the cluster, by name.
    pub(super) fn bindings<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = (&'s str, &'s Binding)> {
        self.bindings
            .range((namespace.to_owned(), String::new())..)
            .take_while(move |((known, _), _)| known == namespace)
            .map(|((_, name), binding)| (name.as_str(), binding))
    }

    /// The rules that a binding of a Namespace refers to, or why there are none.
    pub(super) fn role_rules(&self, binding: &Binding, namespace: &str) -> Result<&[Value], String> {
        let (key, kind) = match binding.role_kind.as_str() {
            "Role" => (Key::new(ROLES, namespace, &binding.role), "role"),
            "ClusterRole" => (Key::new(CLUSTER_ROLES, "", &binding.role), "clusterrole"),
            other => return Err(format!("unsupported role reference kind: {other:?}")),
        };
        match self.objects.get(&key) {
            Some(role) => Ok(role["rules"].as_array().map(Vec::as_slice).unwrap_or_default()),
            None => Err(format!("{kind}.rbac.authorization.k8s.io {:?} not found", binding.role)),
        }
    }

    /// The Pods of a Namespace.
    pub(super) fn pods<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = (&'s str, &'s Value)> {
        self.objects
            .range(Key::new(PODS, namespace, "")..)
            .take_while(move |(key, _)| key.resource == PODS && key.namespace == namespace)
            .map(|(key, pod)| (key.name.as_str(), &**pod))
    }
}

impl Binding {
    fn of(object: &Value, namespace: &str) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subject = |subject: &Value| Subject {
            kind: text(&subject["kind"]),
            name: text(&subject["name"]),
            namespace: subject["namespace"].as_str().filter(|own| !own.is_empty()).unwrap_or(namespace).to_owned(),
        };
        Self {
            subjects: object["subjects"].as_array().into_iter().flatten().map(subject).collect(),
            role_kind: text(&object["roleRef"]["kind"]),
            role: text(&object["roleRef"]["name"]),
        }
    }
}
