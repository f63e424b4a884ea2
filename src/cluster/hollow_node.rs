//! A Node without a kubelet: it registers, takes the Pods that are scheduled to it, runs them on paper and ends them as
//! soon as they are to be deleted. It touches only Pods that are bound to it, so a scenario can own a Node beside it.
//!
//! A Pod that is Pending becomes Running and Ready once; what anybody writes into its status after that stays. No
//! container ever ends by itself, so Jobs do not complete.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::local::HOST_ADDRESS;
use super::watch::{EventKind, Watch};
use super::{Exchange, HOLLOW_LABEL, Request, SendError, Session};

/// Its name.
pub(super) const NODE: &str = "hollow-node";

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
/// As a kubelet does; the node lifecycle controller takes a Node for dead after 40 s.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// Pods get addresses of a network kept for benchmarks (RFC 2544), which nobody routes.
const FIRST_POD_ADDRESS: u32 = u32::from_be_bytes([198, 18, 0, 1]);
const POD_ADDRESSES: u32 = (1 << 17) - 2;

/// The Node; cloning shares it.
#[derive(Clone)]
pub(super) struct HollowNode {
    session: Session,
    version: String,
    addresses: Arc<Addresses>,
}

/// The addresses of living Pods, by uid.
#[derive(Default)]
struct Addresses {
    given: Mutex<HashMap<String, String>>,
    next: AtomicU32,
}

impl Addresses {
    /// The address of a Pod: the same however often it is asked for.
    fn of(&self, uid: &str) -> String {
        // Nothing panics while the lock is held.
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let next = self.next.fetch_add(1, Ordering::Relaxed) % POD_ADDRESSES;
            std::net::Ipv4Addr::from(FIRST_POD_ADDRESS + next).to_string()
        };
        given.entry(uid.to_owned()).or_insert_with(fresh).clone()
    }

    fn free(&self, uid: &str) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}

/// The Node does not get on with its API server.
#[derive(Debug, thiserror::Error)]
pub(super) enum NodeError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("{method} {path} was answered with {status}: {message}")]
    Refused { method: Method, path: String, status: u16, message: String },
}

impl HollowNode {
    pub(super) fn new(session: Session, version: String) -> Self {
        Self { session, version, addresses: Arc::default() }
    }

    /// Registers the Node, Ready and without taints; does nothing that is done already.
    pub(super) async fn register(&self) -> Result<(), NodeError> {
        let node = self.node();
        let is_new = self.create("/api/v1/nodes", &node).await?;
        // Admission taints every new Node as not ready, and the controller that lifts it takes its time.
        let path = format!("/api/v1/nodes/{NODE}");
        let untainted = self.patch(&path, json!({"spec": {"taints": null}})).await?;
        if !is_new {
            // It may have been registered by a release before this one.
            let versions = json!({"kubeletVersion": self.version, "kubeProxyVersion": self.version});
            self.patch(&format!("{path}/status"), json!({"status": {"nodeInfo": versions}})).await?;
        }
        let owner = json!([{"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": untainted["metadata"]["uid"]}]);
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NODE, "namespace": "kube-node-lease", "ownerReferences": owner},
            "spec": {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": micro_time()},
        });
        self.create(LEASES, &lease).await.map(drop)
    }

    /// Runs the Node until it is dropped. What fails is tried again: the API server is the judge of its own health.
    pub(super) async fn run(self) {
        let renewing = self.clone();
        tokio::join!(renewing.renew(), self.serve());
    }

    async fn renew(&self) {
        let mut tick = tokio::time::interval(RENEW_EVERY);
        loop {
            tick.tick().await;
            let renewed = self.patch(&format!("{LEASES}/{NODE}"), json!({"spec": {"renewTime": micro_time()}})).await;
            // A scenario that deletes the Node takes its Lease with it; everybody else still needs both.
            if matches!(renewed, Err(NodeError::Refused { status: 404, .. })) {
                let _ = self.register().await;
            }
            let _ = self.revive().await;
        }
    }

    /// On a machine that is too busy a Lease is renewed too late, and the node lifecycle controller takes the Node for dead;
    /// only a kubelet says that it is not. What anybody else writes into its status stays.
    async fn revive(&self) -> Result<(), NodeError> {
        let path = format!("/api/v1/nodes/{NODE}");
        let node = self.send(Request::new(Method::GET, path.as_str())).await?;
        if condition(&node, "Ready") == Some("Unknown") {
            let conditions = &self.node()["status"]["conditions"];
            self.patch(&format!("{path}/status"), json!({"status": {"conditions": conditions}})).await?;
        }
        Ok(())
    }

    async fn serve(&self) {
        loop {
            // A watch ends every half hour or so, and with 410 when it lagged behind: list and watch again.
            let ended = self.list_and_watch().await;
            tokio::time::sleep(if ended.is_ok() { Duration::ZERO } else { Duration::from_millis(200) }).await;
        }
    }

    async fn list_and_watch(&self) -> Result<(), NodeError> {
        let selector = format!("spec.nodeName={NODE}");
        let path = format!("/api/v1/pods?fieldSelector={selector}");
        let list = self.send(Request::new(Method::GET, path)).await?;
        for pod in list["items"].as_array().into_iter().flatten() {
            self.look_after(pod);
        }
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let mut watch: Watch = self.session.watch("/api/v1/pods", &selector, version).await?;
        while let Some(event) = watch.next().await {
            let event = event?;
            match event.kind {
                EventKind::Added | EventKind::Modified => self.look_after(&event.object),
                EventKind::Deleted => self.addresses.free(text(&event.object["metadata"]["uid"])),
                EventKind::Bookmark => {}
                EventKind::Error => break,
            }
        }
        Ok(())
    }

    /// Does what a Pod needs now, if anything, beside what other Pods need.
    fn look_after(&self, pod: &Value) {
        let Some(request) = self.next_step(pod) else { return };
        let node = self.clone();
        // A refusal means that the Pod has moved on; the event that says so is on its way.
        tokio::spawn(async move { node.send(request).await });
    }

    fn next_step(&self, pod: &Value) -> Option<Request> {
        let meta = &pod["metadata"];
        let url = format!("/api/v1/namespaces/{}/pods/{}", text(&meta["namespace"]), text(&meta["name"]));
        if !meta["deletionTimestamp"].is_null() {
            // With grace 0 it is gone already, or waits for its finalizers.
            let is_over = meta["deletionGracePeriodSeconds"] == 0;
            let options = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}});
            return (!is_over).then(|| Request::new(Method::DELETE, url).body(options));
        }
        let status = match text(&pod["status"]["phase"]) {
            "" | "Pending" => self.running(pod),
            "Running" => gates_opened(pod)?,
            _ => return None,
        };
        let patch = json!({"metadata": {"uid": meta["uid"]}, "status": status});
        let mut request = Request::new(Method::PATCH, format!("{url}/status")).body(patch);
        request.content_type = "application/strategic-merge-patch+json";
        Some(request)
    }

    /// The status of a Pod that has just started.
    fn running(&self, pod: &Value) -> Value {
        let now = time();
        let spec = &pod["spec"];
        let on_host = spec["hostNetwork"] == true;
        let address = if on_host { HOST_ADDRESS.to_owned() } else { self.addresses.of(text(&pod["metadata"]["uid"])) };
        let started = |container: &Value| container_status(container, &json!({"running": {"startedAt": now}}));
        let done = |container: &Value| {
            // An init container that restarts always is a sidecar.
            if container["restartPolicy"] == "Always" {
                return started(container);
            }
            let end = json!({"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now});
            container_status(container, &json!({"terminated": end}))
        };
        let each = |key: &str, status: &dyn Fn(&Value) -> Value| -> Vec<Value> {
            spec[key].as_array().into_iter().flatten().map(status).collect()
        };
        let condition = |name: &str, is_so: bool| json!({"type": name, "status": if is_so { "True" } else { "False" }, "lastTransitionTime": now});
        let mut status = json!({
            "phase": "Running",
            "conditions": [
                condition("Initialized", true),
                condition("Ready", are_gates_open(pod)),
                condition("ContainersReady", true),
            ],
            "hostIP": HOST_ADDRESS,
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": now,
            "containerStatuses": each("containers", &started),
        });
        let init = each("initContainers", &done);
        if !init.is_empty() {
            status["initContainerStatuses"] = init.into();
        }
        status
    }

    fn node(&self) -> Value {
        let now = time();
        let condition = |name: &str, status: &str, reason: &str| {
            json!({"type": name, "status": status, "reason": reason, "message": "on paper",
                   "lastHeartbeatTime": now, "lastTransitionTime": now})
        };
        let room = json!({"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "10000"});
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "labels": {
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                HOLLOW_LABEL: "true",
            }},
            "status": {
                "capacity": room,
                "allocatable": room,
                "addresses": [
                    {"type": "InternalIP", "address": HOST_ADDRESS},
                    {"type": "Hostname", "address": NODE},
                ],
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                    condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                    condition("Ready", "True", "KubeletReady"),
                ],
                "nodeInfo": {
                    "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "hollow",
                    "containerRuntimeVersion": "hollow://1", "kubeletVersion": self.version,
                    "kubeProxyVersion": self.version, "operatingSystem": "linux", "architecture": "amd64",
                },
            },
        })
    }

    /// Creates an object; that it is there already is as good. Says whether it was not.
    async fn create(&self, path: &str, object: &Value) -> Result<bool, NodeError> {
        match self.send(Request::new(Method::POST, path).body(object.clone())).await {
            Ok(_) => Ok(true),
            Err(NodeError::Refused { status: 409, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn patch(&self, path: &str, change: Value) -> Result<Value, NodeError> {
        let mut request = Request::new(Method::PATCH, path).body(change);
        request.content_type = "application/merge-patch+json";
        self.send(request).await
    }

    async fn send(&self, request: Request) -> Result<Value, NodeError> {
        let exchange = self.session.send(request).await?;
        if exchange.is_success() {
            return Ok(Arc::unwrap_or_clone(exchange.body));
        }
        let Exchange { method, path, status, body, .. } = exchange;
        Err(NodeError::Refused { method, path, status, message: text(&body["message"]).to_owned() })
    }
}

fn container_status(container: &Value, state: &Value) -> Value {
    let is_up = state.get("running").is_some();
    json!({
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": true,
        "started": is_up,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    })
}

/// Whether every readiness gate of a Pod is met.
fn are_gates_open(pod: &Value) -> bool {
    let gates = pod["spec"]["readinessGates"].as_array().map(Vec::as_slice).unwrap_or_default();
    gates.iter().all(|gate| condition(pod, text(&gate["conditionType"])) == Some("True"))
}

/// What to change in the status of a running Pod whose readiness gates say otherwise than its condition; none if it has
/// no gates, for then a readiness that was written by hand is meant.
fn gates_opened(pod: &Value) -> Option<Value> {
    pod["spec"]["readinessGates"].as_array().filter(|gates| !gates.is_empty())?;
    let ready = if are_gates_open(pod) { "True" } else { "False" };
    let change = json!({"conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": time()}]});
    (condition(pod, "Ready") != Some(ready)).then_some(change)
}

fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == name)?["status"].as_str()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Now, in whole seconds as `metav1.Time` has it.
fn time() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Now, in microseconds as `metav1.MicroTime` has it.
fn micro_time() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
