//! What every Namespace has: a `ServiceAccount` that is called `default`, and the certificate of the cluster's authority.

use serde_json::{Value, json};

use super::{MANAGER, written};
use crate::store::{Change, Event, Key};
use crate::token::text;
use crate::world::World;

const AUTHORITY: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
    endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
    distributions of Kubernetes clusters.";

/// The `ServiceAccount`.
pub(super) fn react(world: &mut World, event: &Event) {
    let namespace = match (event.key.resource, event.change) {
        ("namespaces", Change::Added | Change::Modified) => &event.key.name,
        ("serviceaccounts", Change::Deleted) => &event.key.namespace,
        _ => return,
    };
    if is_active(world, namespace) {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {}});
        written::create(world, MANAGER, &Key::new("serviceaccounts", namespace, "default"), account);
    }
}

/// The certificate, in a `ConfigMap`.
pub(super) fn publish_authority(world: &mut World, event: &Event) {
    let namespace = match (event.key.resource, event.change) {
        ("namespaces", Change::Added) => &event.key.name,
        ("namespaces", Change::Modified) if text(&event.object, "/status/phase") == "Active" => &event.key.name,
        ("configmaps", Change::Modified | Change::Deleted) if event.key.name == AUTHORITY => &event.key.namespace,
        _ => return,
    };
    let key = Key::new("configmaps", namespace, AUTHORITY);
    let data = json!({"ca.crt": world.authority});
    let Some(stored) = world.store.get(&key) else {
        let annotations = json!({"kubernetes.io/description": DESCRIPTION});
        let published =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {"annotations": annotations}});
        written::create(world, MANAGER, &key, published);
        return;
    };
    let description = &stored["metadata"]["annotations"]["kubernetes.io/description"];
    if stored["data"] == data && description.as_str().is_some_and(|text| !text.is_empty()) {
        return;
    }
    let mut right = Value::clone(stored);
    right["data"] = data;
    right["metadata"]["annotations"]["kubernetes.io/description"] = DESCRIPTION.into();
    world.put_as(MANAGER, "", &key, right);
}

fn is_active(world: &World, namespace: &str) -> bool {
    let namespace = world.store.find("namespaces", "", namespace);
    namespace.is_some_and(|namespace| namespace["status"]["phase"] == "Active")
}
