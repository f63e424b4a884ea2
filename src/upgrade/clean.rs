//! What `kubectl get -o yaml` shows of an object and nobody can create again: fields that a server writes, and objects that
//! a control plane makes by itself.

use serde_json::{Map, Value};

use super::manifests::Manifest;
use crate::observe::generated_base;

/// Fields of `metadata` that only a server writes.
const METADATA: [&str; 9] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
];

/// Annotations that controllers and kubectl write.
const ANNOTATIONS: [&str; 17] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "pv.kubernetes.io/provisioned-by",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
    "control-plane.alpha.kubernetes.io/leader",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubernetes.io/service-account.uid",
    "batch.kubernetes.io/job-tracking",
];

/// Labels that the Job controller puts on a Job and its Pods, with the uid of the old Job in it.
const OF_JOBS: [&str; 4] =
    ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

/// Groups of controllers that are part of every control plane: what these own they make again.
const OWN_GROUPS: [&str; 6] = ["", "apps", "batch", "extensions", "autoscaling", "discovery.k8s.io"];

/// Whether this `apiVersion` is read by another program than an API server.
pub(super) fn is_no_object(api_version: &str) -> bool {
    ["kustomize.config.k8s.io/", "kind.x-k8s.io/", "kubeadm.k8s.io/", "kubelet.config.k8s.io/", "skaffold/"]
        .iter()
        .any(|group| api_version.starts_with(group))
}

/// Why an object is not rehearsed, if it is not.
pub(super) fn reason_to_leave_out(manifest: &Manifest) -> Option<String> {
    if is_no_object(&manifest.api_version) {
        return Some("it is written for another program than the API server".to_owned());
    }
    if let Some(owner) = owner_that_makes_it(&manifest.body) {
        return Some(format!("its {owner} makes it again"));
    }
    of_the_cluster(manifest).or_else(|| of_its_namespace(manifest)).map(str::to_owned)
}

/// The controller of every control plane that makes this object.
fn owner_that_makes_it(body: &Value) -> Option<&str> {
    let owners = body["metadata"]["ownerReferences"].as_array()?;
    owners.iter().filter(|owner| owner["controller"] == true).find_map(|owner| {
        let group = super::manifests::group(owner["apiVersion"].as_str()?);
        owner["kind"].as_str().filter(|_| OWN_GROUPS.contains(&group))
    })
}

/// What a cluster has of its own.
fn of_the_cluster(manifest: &Manifest) -> Option<&'static str> {
    let metadata = &manifest.body["metadata"];
    let (labels, annotations) = (&metadata["labels"], &metadata["annotations"]);
    let (group, name) = (manifest.group(), manifest.name.as_str());
    let of_itself = Some("the API server makes it by itself");
    match (group, manifest.kind.as_str()) {
        ("" | "events.k8s.io", "Event") => Some("events are not kept"),
        ("", "Node") | ("storage.k8s.io", "CSINode" | "VolumeAttachment") => Some("it belongs to a machine"),
        ("", "ComponentStatus") | ("metrics.k8s.io", _) => Some("it is a measurement"),
        ("coordination.k8s.io", "Lease") if manifest.namespace.as_deref() == Some("kube-node-lease") => {
            Some("it belongs to a machine")
        }
        ("coordination.k8s.io", "Lease") if is_of_control_plane(manifest) => Some("it belongs to a control plane"),
        ("networking.k8s.io", "IPAddress") if !labels["ipaddress.kubernetes.io/managed-by"].is_null() => {
            Some("its Service makes it again")
        }
        ("networking.k8s.io", "ServiceCIDR") if name == "kubernetes" => of_itself,
        ("rbac.authorization.k8s.io", _) if labels["kubernetes.io/bootstrapping"] == "rbac-defaults" => of_itself,
        ("scheduling.k8s.io", "PriorityClass") if name.starts_with("system-") => of_itself,
        ("flowcontrol.apiserver.k8s.io", _) if annotations["apf.kubernetes.io/autoupdate-spec"] == "true" => of_itself,
        ("apiregistration.k8s.io", _) if !labels["kube-aggregator.kubernetes.io/automanaged"].is_null() => of_itself,
        ("", "Service" | "Endpoints") | ("discovery.k8s.io", "EndpointSlice")
            if name == "kubernetes" && manifest.namespace.as_deref() == Some("default") =>
        {
            of_itself
        }
        ("", "Pod") if !annotations["kubernetes.io/config.mirror"].is_null() => Some("a kubelet has it from a file"),
        _ => None,
    }
}

/// Whether it is the Lease of an API server, or the one by which a component of a control plane leads.
fn is_of_control_plane(manifest: &Manifest) -> bool {
    const LEADERS: [&str; 3] = ["kube-controller-manager", "kube-scheduler", "cloud-controller-manager"];
    let labels = &manifest.body["metadata"]["labels"];
    manifest.namespace.as_deref() == Some("kube-system")
        && (!labels["apiserver.kubernetes.io/identity"].is_null() || LEADERS.contains(&manifest.name.as_str()))
}

/// What controllers put into every Namespace, or beside other objects.
fn of_its_namespace(manifest: &Manifest) -> Option<&'static str> {
    let body = &manifest.body;
    let (labels, annotations) = (&body["metadata"]["labels"], &body["metadata"]["annotations"]);
    let by_itself = Some("every Namespace has one by itself");
    match (manifest.group(), manifest.kind.as_str(), manifest.name.as_str()) {
        ("", "ConfigMap", "kube-root-ca.crt") => by_itself,
        ("", "ConfigMap", "extension-apiserver-authentication") => Some("the API server makes it by itself"),
        ("", "ServiceAccount", "default") if is_alive(body) && body["imagePullSecrets"].is_null() => by_itself,
        ("", "Secret", name) if is_token(body) && is_generated(name) => Some("it is a token of the other cluster"),
        ("", "Endpoints", _) if !annotations["endpoints.kubernetes.io/last-change-trigger-time"].is_null() => {
            Some("its Service makes it again")
        }
        ("discovery.k8s.io", "EndpointSlice", _) if !labels["endpointslice.kubernetes.io/managed-by"].is_null() => {
            Some("its Service or Endpoints make it again")
        }
        _ => None,
    }
}

/// Whether an object comes from a cluster and not from an editor.
fn is_alive(body: &Value) -> bool {
    ["uid", "resourceVersion"].iter().any(|field| !body["metadata"][*field].is_null())
}

fn is_token(body: &Value) -> bool {
    body["type"] == "kubernetes.io/service-account-token"
}

/// Such as `default-token-x7k2p`.
fn is_generated(name: &str) -> bool {
    generated_base(name).is_some_and(|base| base.ends_with("-token-"))
}

/// Takes out of an object what cannot be created again.
pub(super) fn clean(manifest: &mut Manifest) {
    let (is_alive, is_token) = (is_alive(&manifest.body), is_token(&manifest.body));
    let (group, kind) = (manifest.group().to_owned(), manifest.kind.clone());
    let Value::Object(body) = &mut manifest.body else { return };
    body.remove("status");
    metadata(body);
    match (group.as_str(), kind.as_str()) {
        ("", "Service") => service(body, is_alive),
        ("", "Pod") if is_alive => pod(body),
        ("", "PersistentVolumeClaim") => take(body, "/spec", &["volumeName"]),
        ("", "PersistentVolume") => take(body, "/spec/claimRef", &["uid", "resourceVersion"]),
        ("", "Namespace") => take(body, "/spec", &["finalizers"]),
        ("", "ServiceAccount") => service_account(body),
        ("", "Secret") if is_token => {
            body.remove("data");
        }
        ("batch", "Job") => job(body),
        _ => {}
    }
    drop_empty(body, &["spec", "metadata"]);
}

/// Takes out of an object that was read what changes without anybody changing the object.
pub(super) fn bare(object: &mut Value) {
    let Value::Object(body) = object else { return };
    body.remove("status");
    metadata(body);
}

fn metadata(body: &mut Map<String, Value>) {
    let Some(Value::Object(metadata)) = body.get_mut("metadata") else { return };
    metadata.retain(|field, _| !METADATA.contains(&field.as_str()));
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.retain(|name, _| !ANNOTATIONS.contains(&name.as_str()));
    }
    drop_empty(metadata, &["annotations"]);
}

/// Addresses belong to the network of a cluster; that there is none is a wish.
fn service(body: &mut Map<String, Value>, is_alive: bool) {
    let Some(Value::Object(spec)) = body.get_mut("spec") else { return };
    if spec.get("clusterIP").is_some_and(|address| address != "None") {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
    }
    if is_alive {
        spec.remove("ipFamilies");
        spec.remove("healthCheckNodePort");
    }
}

/// Where it runs, and what admission put into it.
fn pod(body: &mut Map<String, Value>) {
    take(body, "/spec", &["nodeName", "priority"]);
    let is_own = |entry: &Value| !entry["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"));
    let Some(Value::Object(spec)) = body.get_mut("spec") else { return };
    if let Some(Value::Array(volumes)) = spec.get_mut("volumes") {
        volumes.retain(is_own);
    }
    for field in ["containers", "initContainers"] {
        for container in spec.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(Value::Array(mounts)) = container.get_mut("volumeMounts") {
                mounts.retain(is_own);
            }
        }
    }
    if let Some(Value::Array(tolerations)) = spec.get_mut("tolerations") {
        // Those that every Pod gets, with the seconds that admission gives.
        let keys = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
        tolerations.retain(|it| !(keys.iter().any(|key| it["key"] == *key) && it["tolerationSeconds"] == 300));
    }
}

/// Tokens that a controller made for it before v1.24.
fn service_account(body: &mut Map<String, Value>) {
    if let Some(Value::Array(secrets)) = body.get_mut("secrets") {
        secrets.retain(|secret| !secret["name"].as_str().is_some_and(is_generated));
    }
    drop_empty(body, &["secrets"]);
}

/// Its selector is the uid of the old one, unless its author chose it.
fn job(body: &mut Map<String, Value>) {
    if body.get("spec").is_some_and(|spec| spec["manualSelector"] == true) {
        return;
    }
    take(body, "/spec", &["selector"]);
    take(body, "/spec/template/metadata", &["creationTimestamp"]);
    take(body, "/spec/template/metadata/labels", &OF_JOBS);
    take(body, "/metadata/labels", &OF_JOBS);
}

/// Takes fields out of the mapping that a JSON pointer leads to.
fn take(body: &mut Map<String, Value>, pointer: &str, fields: &[&str]) {
    let mut steps = pointer.split('/').skip(1);
    let first = steps.next().and_then(|step| body.get_mut(step));
    let found = steps.fold(first, |value, step| value?.get_mut(step));
    if let Some(Value::Object(found)) = found {
        found.retain(|field, _| !fields.contains(&field.as_str()));
    }
}

fn drop_empty(map: &mut Map<String, Value>, fields: &[&str]) {
    for field in fields {
        if map
            .get(*field)
            .is_some_and(|value| value.as_object().is_some_and(Map::is_empty) || *value == Value::Array(Vec::new()))
        {
            map.remove(*field);
        }
    }
}
