//! How a Pod is, in a word.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use crate::profile::{Feature, Profile};

/// What is counted and found of its containers.
#[derive(Default)]
struct Summary {
    reason: String,
    ready: usize,
    restarts: i64,
    /// When a container ended that was started again.
    last_restart: Option<String>,
}

/// The condition of a row whose Pod is done.
pub(super) fn conditions(pod: &Value) -> Option<Value> {
    let phase = text(&pod["status"]["phase"]);
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

pub(super) fn cell(profile: &Profile, now: Timestamp, pod: &Value, column: &str) -> Option<String> {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let or_none = |value: &Value| Some(text(value)).filter(|text| !text.is_empty()).unwrap_or("<none>").to_owned();
    Some(match column {
        "Ready" => {
            let sidecars = each(&spec["initContainers"]).filter(|container| is_sidecar(container)).count();
            format!("{}/{}", summary(profile, pod).ready, each(&spec["containers"]).count() + sidecars)
        }
        "Status" => summary(profile, pod).reason,
        "Restarts" => {
            let Summary { restarts, last_restart, .. } = summary(profile, pod);
            match last_restart {
                Some(at) if restarts != 0 || !profile.has(Feature::InitializedPodsShowContainers) => {
                    format!("{restarts} ({} ago)", age::since(&at.into(), now))
                }
                _ => restarts.to_string(),
            }
        }
        "IP" => or_none(&status["podIPs"][0]["ip"]),
        "Node" => or_none(&spec["nodeName"]),
        "Nominated Node" => or_none(&status["nominatedNodeName"]),
        "Readiness Gates" => {
            let gates: Vec<&Value> = each(&spec["readinessGates"]).collect();
            if gates.is_empty() {
                return Some("<none>".to_owned());
            }
            let is_open = |gate: &&&Value| condition(pod, text(&gate["conditionType"])) == Some("True");
            format!("{}/{}", gates.iter().filter(is_open).count(), gates.len())
        }
        _ => return None,
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn each(list: &Value) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
    list.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// The status of the first condition of a type.
fn condition<'p>(pod: &'p Value, kind: &str) -> Option<&'p str> {
    let found = each(&pod["status"]["conditions"]).find(|condition| condition["type"] == kind);
    found.map(|condition| text(&condition["status"]))
}

/// An init container that goes on beside the others.
fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

impl Summary {
    fn count(&mut self, container: &Value) {
        self.restarts += container["restartCount"].as_i64().unwrap_or_default();
        let ended = text(&container["lastState"]["terminated"]["finishedAt"]);
        // All times are written alike, so that the later one is the greater text.
        if !ended.is_empty() && self.last_restart.as_deref().is_none_or(|known| known < ended) {
            self.last_restart = Some(ended.to_owned());
        }
    }
}

/// Why a container ended.
fn end(terminated: &Value) -> String {
    let number = |key: &str| terminated[key].as_i64().unwrap_or_default();
    match (text(&terminated["reason"]), number("signal")) {
        ("", 0) => format!("ExitCode:{}", number("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn summary(profile: &Profile, pod: &Value) -> Summary {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let mut summary = Summary::default();
    let said = [&status["phase"], &status["reason"]].map(text);
    said.iter().rfind(|text| !text.is_empty()).copied().unwrap_or_default().clone_into(&mut summary.reason);
    let is_gated = |condition: &Value| condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated";
    if each(&status["conditions"]).any(is_gated) {
        "SchedulingGated".clone_into(&mut summary.reason);
    }
    let sidecars = initialize(&mut summary, spec, status);
    let is_initialized =
        profile.has(Feature::InitializedPodsShowContainers) && condition(pod, "Initialized") == Some("True");
    if sidecars.is_done || is_initialized {
        (summary.restarts, summary.last_restart) = (sidecars.restarts, sidecars.last_restart);
        run(&mut summary, pod);
    }
    let is_over = matches!(text(&status["phase"]), "Succeeded" | "Failed");
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        if status["reason"] == "NodeLost" {
            "Unknown".clone_into(&mut summary.reason);
        } else if !(is_over && profile.has(Feature::FinishedPodsDoNotTerminate)) {
            "Terminating".clone_into(&mut summary.reason);
        }
    }
    summary
}

/// What init containers leave for later.
#[derive(Default)]
struct Sidecars {
    /// Whether all init containers have done what others wait for.
    is_done: bool,
    restarts: i64,
    last_restart: Option<String>,
}

/// Counts the init containers, up to the first that others wait for.
fn initialize(summary: &mut Summary, spec: &Value, status: &Value) -> Sidecars {
    let mut sidecars = Summary::default();
    let mut is_done = true;
    let count = each(&spec["initContainers"]).len();
    for (at, container) in each(&status["initContainerStatuses"]).enumerate() {
        summary.count(container);
        let is_sidecar =
            each(&spec["initContainers"]).any(|known| known["name"] == container["name"] && is_sidecar(known));
        if is_sidecar {
            sidecars.count(container);
        }
        let (terminated, waiting) = (&container["state"]["terminated"], text(&container["state"]["waiting"]["reason"]));
        if terminated.is_object() && terminated["exitCode"].as_i64().unwrap_or_default() == 0 {
            continue;
        }
        if is_sidecar && container["started"] == true {
            summary.ready += usize::from(container["ready"] == true);
            continue;
        }
        summary.reason = if terminated.is_object() {
            format!("Init:{}", end(terminated))
        } else if !matches!(waiting, "" | "PodInitializing") {
            format!("Init:{waiting}")
        } else {
            format!("Init:{at}/{count}")
        };
        is_done = false;
        break;
    }
    Sidecars { is_done, restarts: sidecars.restarts, last_restart: sidecars.last_restart }
}

/// Counts the containers; the first one has the last word.
fn run(summary: &mut Summary, pod: &Value) {
    let mut is_running = false;
    let mut failure = None;
    for container in each(&pod["status"]["containerStatuses"]).rev() {
        summary.count(container);
        let state = &container["state"];
        let waiting = text(&state["waiting"]["reason"]);
        if !waiting.is_empty() {
            waiting.clone_into(&mut summary.reason);
        } else if state["terminated"].is_object() {
            summary.reason = end(&state["terminated"]);
            if state["terminated"]["exitCode"].as_i64().unwrap_or_default() != 0 {
                failure = Some(summary.reason.clone());
            }
        } else if container["ready"] == true && state["running"].is_object() {
            is_running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" {
        if is_running && condition(pod, "Ready") == Some("True") {
            "Running".clone_into(&mut summary.reason);
        } else if let Some(failure) = failure {
            summary.reason = failure;
        } else if is_running {
            "NotReady".clone_into(&mut summary.reason);
        }
    }
}
