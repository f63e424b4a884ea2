//! The scheduler and the hollow Node: Pods are bound to it, run on paper, and end there.

use std::fmt::Write;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Timer;
use crate::Model;
use crate::api::{DeleteOptions, end as end_object};
use crate::bootstrap::HOST_ADDRESS;
use crate::clock::rfc3339;
use crate::profile::Feature;
use crate::resources;
use crate::store::{Change, Event, Key};
use crate::world::World;

/// How long the Node takes to end a Pod.
const END_AFTER: SignedDuration = SignedDuration::from_millis(20);

pub(super) fn react(world: &mut World, event: &Event) {
    match (event.key.resource, event.change) {
        (_, Change::Deleted) => {}
        ("pods", _) => look_after(world, &event.key),
        ("nodes", Change::Modified) => note(world, &event.key),
        ("nodes", Change::Added) => {
            note(world, &event.key);
            let pods: Vec<Key> = world.store.list("pods", "").map(|(key, _)| key.clone()).collect();
            for pod in pods {
                look_after(world, &pod);
            }
        }
        _ => {}
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Does what a Pod needs next.
fn look_after(world: &mut World, key: &Key) {
    let Some(pod) = world.store.get(key).cloned() else { return };
    let (is_going, node) = (!pod["metadata"]["deletionTimestamp"].is_null(), text(&pod["spec"]["nodeName"]));
    match (node, is_going) {
        ("", false) => schedule(world, key, &pod),
        (Model::NODE, true) if pod["metadata"]["deletionGracePeriodSeconds"] != 0 => {
            world.after(END_AFTER, Timer::End { pod: key.clone() });
        }
        (Model::NODE, false) if matches!(text(&pod["status"]["phase"]), "" | "Pending") => run(world, key, &pod),
        _ => {}
    }
}

/// What controllers write into each Node: how long its kubelet may keep what it read, and the taints of its state.
fn note(world: &mut World, key: &Key) {
    let Some(node) = world.store.get(key).cloned() else { return };
    let ttl = "node.alpha.kubernetes.io/ttl";
    if node["metadata"]["annotations"][ttl].is_null() {
        let mut next = Value::clone(&node);
        next["metadata"]["annotations"][ttl] = "0".into();
        world.put_as(CONTROLLERS, "", key, next);
    }
    let Some(node) = world.store.get(key).cloned() else { return };
    let wanted = taints(&node);
    let before = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let is_ours =
        |taint: &Value| taint["effect"] == "NoSchedule" && TAINTS.iter().any(|(.., key)| taint["key"] == *key);
    let mut after: Vec<Value> = before
        .iter()
        .filter(|taint| !is_ours(taint) || wanted.iter().any(|key| taint["key"] == *key))
        .cloned()
        .collect();
    let now = rfc3339(world.now());
    for key in wanted {
        if !after.iter().any(|taint| taint["key"] == key && taint["effect"] == "NoSchedule") {
            after.push(json!({"key": key, "effect": "NoSchedule", "timeAdded": now}));
        }
    }
    if after == before {
        return;
    }
    let mut next = Value::clone(&node);
    if let Some(spec) = next["spec"].as_object_mut() {
        spec.remove("taints");
        if !after.is_empty() {
            spec.insert("taints".to_owned(), after.into());
        }
    }
    world.put_as(CONTROLLERS, "", key, next);
}

/// The conditions by which a Node is tainted: type, status and the taint.
const TAINTS: [(&str, &str, &str); 7] = [
    ("Ready", "False", "node.kubernetes.io/not-ready"),
    ("Ready", "Unknown", "node.kubernetes.io/unreachable"),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("", "", UNSCHEDULABLE),
];
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const CONTROLLERS: &str = "kube-controller-manager";

/// The taints that the state of a Node asks for.
fn taints(node: &Value) -> Vec<&'static str> {
    let is_so = |kind: &str, status: &str| {
        let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
        conditions.any(|condition| condition["type"] == kind && condition["status"] == status)
    };
    let of_conditions = TAINTS.iter().filter(|(kind, status, _)| is_so(kind, status)).map(|(.., taint)| *taint);
    let unschedulable = (node["spec"]["unschedulable"] == true).then_some(UNSCHEDULABLE);
    of_conditions.chain(unschedulable).collect()
}

/// A Pod that is being deleted has ended.
pub(super) fn end(world: &mut World, key: &Key) {
    let Some(pod) = world.store.get(key).cloned().filter(|pod| !pod["metadata"]["deletionTimestamp"].is_null()) else {
        return;
    };
    if let Some(resource) = resources::named("pods") {
        let options = DeleteOptions { grace: Some(0), ..DeleteOptions::default() };
        end_object(world, resource, key, &pod, &options);
    }
}

/// Binds a Pod to the Node, if it fits there.
fn schedule(world: &mut World, key: &Key, pod: &Value) {
    if !matches!(text(&pod["status"]["phase"]), "" | "Pending")
        || text(&pod["spec"]["schedulerName"]) != "default-scheduler"
    {
        return;
    }
    let all = world.store.list("nodes", "").count();
    let fits = world.store.find("nodes", "", Model::NODE).is_some_and(|node| {
        let selected = pod["spec"]["nodeSelector"].as_object().into_iter().flatten();
        selected.into_iter().all(|(label, value)| node["metadata"]["labels"][label] == *value)
    });
    let now = rfc3339(world.now());
    let mut next = pod.clone();
    let generation = pod["metadata"]["generation"].clone();
    let observed = |mut condition: Value| {
        if world.profile.has(Feature::ObservedGenerationOfPods) && !generation.is_null() {
            condition["observedGeneration"] = generation.clone();
        }
        condition
    };
    if fits {
        next["spec"]["nodeName"] = Model::NODE.into();
        let condition =
            json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
        set_condition(&mut next, condition);
        world.put(key.clone(), next);
        return;
    }
    if condition(pod, "PodScheduled") == Some("False") {
        return;
    }
    let mut message = format!("0/{all} nodes are available: {all} node(s) didn't match Pod's node affinity/selector.");
    if world.profile.has(Feature::ClaimsToDeallocate) {
        message += " no new claims to deallocate,";
    }
    if world.profile.has(Feature::PreemptionTold) {
        // Writing into a String does not fail.
        let _ = write!(
            message,
            " preemption: 0/{all} nodes are available: {all} Preemption is not helpful for scheduling."
        );
    }
    if world.profile.has(Feature::PreemptionPeriodTwice) {
        message.push('.');
    }
    let condition = observed(json!({
        "type": "PodScheduled", "status": "False", "lastProbeTime": null, "lastTransitionTime": now,
        "reason": "Unschedulable", "message": message,
    }));
    set_condition(&mut next, condition);
    world.put_as("kube-scheduler", "status", key, next);
}

fn condition<'v>(pod: &'v Value, kind: &str) -> Option<&'v str> {
    let conditions = pod["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)?["status"].as_str()
}

fn set_condition(pod: &mut Value, condition: Value) {
    let mut conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    match conditions.iter_mut().find(|known| known["type"] == condition["type"]) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
    pod["status"]["conditions"] = conditions.into();
}

/// Runs a Pod, on paper.
fn run(world: &mut World, key: &Key, pod: &Value) {
    let now = rfc3339(world.now());
    let mut next = pod.clone();
    let running = json!({"running": {"startedAt": now}});
    let done = json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}});
    let statuses = |field: &str, state: &Value| -> Vec<Value> {
        let containers = pod["spec"][field].as_array().into_iter().flatten();
        containers
            .map(|container| {
                let is_sidecar = field == "initContainers" && container["restartPolicy"] == "Always";
                let state = if is_sidecar { &running } else { state };
                json!({
                    "name": container["name"], "image": container["image"], "imageID": "", "ready": true,
                    "started": state.get("running").is_some(), "restartCount": 0, "state": state, "lastState": {},
                })
            })
            .collect()
    };
    // What is patched in stands first.
    let mut conditions: Vec<Value> = ["Initialized", "Ready", "ContainersReady"]
        .into_iter()
        .map(|kind| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": now}))
        .collect();
    let before = pod["status"]["conditions"].as_array().into_iter().flatten();
    let is_new = |old: &&Value| conditions.iter().all(|condition| condition["type"] != old["type"]);
    let others: Vec<Value> = before.filter(is_new).cloned().collect();
    conditions.extend(others);
    next["status"]["conditions"] = conditions.into();
    let address = if pod["spec"]["hostNetwork"] == true { HOST_ADDRESS.to_owned() } else { address(world, key) };
    let (containers, init) = (statuses("containers", &running), statuses("initContainers", &done));
    let status = &mut next["status"];
    status["phase"] = "Running".into();
    status["hostIP"] = HOST_ADDRESS.into();
    status["podIP"] = address.as_str().into();
    status["podIPs"] = json!([{"ip": address}]);
    status["startTime"] = now.into();
    status["containerStatuses"] = containers.into();
    if !init.is_empty() {
        status["initContainerStatuses"] = init.into();
    }
    world.put_as("rehearsal", "status", key, next);
}

/// An address of its own for each Pod on the Node, of a network kept for tests (RFC 2544).
fn address(world: &World, key: &Key) -> String {
    let taken: Vec<&str> = world
        .store
        .list("pods", "")
        .filter(|(other, _)| *other != key)
        .filter_map(|(_, pod)| pod["status"]["podIP"].as_str())
        .collect();
    let free = (1..u32::from(u16::MAX)).map(|number| format!("198.18.{}.{}", number / 256, number % 256));
    free.into_iter().find(|address| !taken.contains(&address.as_str())).unwrap_or_default()
}
