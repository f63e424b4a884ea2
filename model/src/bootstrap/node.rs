//! The hollow Node and its Lease, as `rehearsal` registers them with a real control plane.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{managed, meta};
use crate::Model;
use crate::clock::rfc3339;
use crate::profile::Profile;
use crate::store::Key;

/// An address of a network kept for documentation (RFC 5737).
pub(crate) const HOST_ADDRESS: &str = "192.0.2.1";
const LABEL: &str = "rehearsal.dev/hollow";

pub(super) fn objects(profile: &Profile, now: Timestamp) -> [(Key, Value); 2] {
    let node = node(profile.release().version, &rfc3339(now));
    let lease = lease(&node["metadata"]["uid"], &rfc3339(now));
    [
        (Key::new("nodes", "", Model::NODE), node),
        (Key::new("leases.coordination.k8s.io", "kube-node-lease", Model::NODE), lease),
    ]
}

/// As a `MicroTime` is written, of a time in whole seconds.
pub(super) fn micro_time(now: &str) -> String {
    format!("{}.000000Z", now.trim_end_matches('Z'))
}

fn node(version: &str, now: &str) -> Value {
    let fields = json!({"f:metadata": {"f:labels": {
        ".": {}, "f:kubernetes.io/arch": {}, "f:kubernetes.io/hostname": {}, "f:kubernetes.io/os": {},
        (format!("f:{LABEL}")): {},
    }}});
    let by_controllers = json!({"f:metadata": {
        "f:annotations": {".": {}, "f:node.alpha.kubernetes.io/ttl": {}},
        "f:labels": {"f:beta.kubernetes.io/arch": {}, "f:beta.kubernetes.io/os": {}},
    }});
    let mut meta = meta("", Model::NODE, now, &Value::Null);
    meta["managedFields"] = json!([
        managed("kube-controller-manager", "v1", now, &by_controllers),
        managed("rehearsal", "v1", now, &fields),
    ]);
    meta["annotations"] = json!({"node.alpha.kubernetes.io/ttl": "0"});
    meta["labels"] = json!({
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": Model::NODE, "kubernetes.io/os": "linux", LABEL: "true",
    });
    let condition = |name: &str, status: &str, reason: &str| json!({"type": name, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now, "reason": reason, "message": "on paper"});
    let room = json!({"cpu": "64", "ephemeral-storage": "1Ti", "memory": "256Gi", "pods": "10k"});
    json!({
        "kind": "Node", "apiVersion": "v1", "metadata": meta, "spec": {},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                condition("Ready", "True", "KubeletReady"),
            ],
            "addresses": [
                {"type": "InternalIP", "address": HOST_ADDRESS},
                {"type": "Hostname", "address": Model::NODE},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
            "nodeInfo": {
                "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "hollow",
                "containerRuntimeVersion": "hollow://1", "kubeletVersion": version, "kubeProxyVersion": version,
                "operatingSystem": "linux", "architecture": "amd64",
            },
        },
    })
}

fn lease(uid: &Value, now: &str) -> Value {
    let owner = format!("k:{{\"uid\":{uid}}}");
    let fields = json!({
        "f:metadata": {"f:ownerReferences": {".": {}, (owner): {}}},
        "f:spec": {"f:holderIdentity": {}, "f:leaseDurationSeconds": {}, "f:renewTime": {}},
    });
    let mut meta =
        meta("kube-node-lease", Model::NODE, now, &managed("rehearsal", "coordination.k8s.io/v1", now, &fields));
    meta["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "Node", "name": Model::NODE, "uid": uid}]);
    let spec = json!({"holderIdentity": Model::NODE, "leaseDurationSeconds": 40, "renewTime": micro_time(now)});
    json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": meta, "spec": spec})
}
