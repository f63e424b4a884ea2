//! What a control plane has when nobody did anything: its Namespaces, its roles, its Node. The rest (a `ServiceAccount`, the
//! certificate of the authority in each Namespace ..) is done by the controllers, as in a real one.

mod node;
mod roles;

use serde_json::{Value, json};

pub(crate) use node::HOST_ADDRESS;
pub(crate) use roles::node_rules;

use crate::clock::rfc3339;
use crate::profile::{Feature, Profile};
use crate::store::Key;
use crate::world::World;

const NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

pub(crate) fn install(world: &mut World) {
    let now = rfc3339(world.now());
    let name = "extension-apiserver-authentication";
    let authentication = json!({
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": meta("kube-system", name, &now, &managed("kube-apiserver", "v1", &now, &json!({"f:data": {".": {}, "f:client-ca-file": {}}}))),
        "data": {"client-ca-file": world.authority},
    });
    for name in NAMESPACES {
        put(world, Key::new("namespaces", "", name), namespace(name, &now));
    }
    put(world, Key::new("configmaps", "kube-system", name), authentication);
    for (key, object) in roles::all(&world.profile, &now) {
        put(world, key, object);
    }
    for (key, object) in node::objects(&world.profile, world.now()) {
        put(world, key, object);
    }
    if let Some(lease) = lease(&world.profile, &now, &World::uid()) {
        let name = lease["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        put(world, Key::new("leases.coordination.k8s.io", "kube-system", &name), lease);
    }
}

/// Everything of it has been there for a moment, so that all informers have seen it.
fn put(world: &mut World, key: Key, object: Value) {
    let at = world.seen_until();
    world.store.put(key, object, at);
}

fn meta(namespace: &str, name: &str, now: &str, managed: &Value) -> Value {
    let mut meta = json!({"name": name, "uid": World::uid(), "creationTimestamp": now, "managedFields": [managed]});
    if !namespace.is_empty() {
        meta["namespace"] = namespace.into();
    }
    meta
}

fn managed(manager: &str, version: &str, now: &str, fields: &Value) -> Value {
    json!({
        "manager": manager, "operation": "Update", "apiVersion": version, "time": now, "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    })
}

fn namespace(name: &str, now: &str) -> Value {
    let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}}});
    let mut meta = meta("", name, now, &managed("kube-apiserver", "v1", now, &fields));
    meta["labels"] = json!({"kubernetes.io/metadata.name": name});
    json!({
        "kind": "Namespace", "apiVersion": "v1", "metadata": meta,
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

/// The Lease by which an API server says that it is there. Its name is a hash of the host's in a real one.
fn lease(profile: &Profile, now: &str, id: &str) -> Option<Value> {
    let (prefix, label) = if profile.has(Feature::ApiServerLease) {
        ("apiserver", "apiserver.kubernetes.io/identity")
    } else if profile.has(Feature::EarlyApiServerLease) {
        ("kube-apiserver", "k8s.io/component")
    } else {
        return None;
    };
    let name = format!("{prefix}-wlv32tlttr4jl3gtroqexyxapa");
    let mut fields = json!({
        "f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/hostname": {}}},
        "f:spec": {"f:holderIdentity": {}, "f:leaseDurationSeconds": {}, "f:renewTime": {}},
    });
    fields["f:metadata"]["f:labels"][format!("f:{label}")] = json!({});
    let mut meta = meta("kube-system", &name, now, &managed("kube-apiserver", "coordination.k8s.io/v1", now, &fields));
    meta["labels"] = json!({"kubernetes.io/hostname": "embedded"});
    meta["labels"][label] = "kube-apiserver".into();
    let spec = json!({
        "holderIdentity": format!("{name}_{id}"), "leaseDurationSeconds": 3600, "renewTime": node::micro_time(now),
    });
    Some(json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": meta, "spec": spec}))
}

#[cfg(test)]
mod tests;
