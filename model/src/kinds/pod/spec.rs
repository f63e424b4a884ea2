//! The mistakes of a Pod's spec, in the order the server tells them.

use serde_json::{Value, json};

use super::super::json::{flag, has, items, pairs, text};
use super::super::names;
use super::{containers, volumes};
use crate::fields::quoted;
use crate::profile::{Feature, Profile};
use crate::status::Cause;

const LARGEST: i64 = i32::MAX as i64;

pub(super) fn mistakes(pod: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    let spec = &pod["spec"];
    let known = volumes::mistakes(items(spec, "volumes"), profile, causes);
    containers::mistakes(spec, &known, profile, causes);
    let ports_are_part_of_context = !profile.has(Feature::HostPortsAreTold);
    if !ports_are_part_of_context {
        host_ports(spec, profile, causes);
    }
    one_of(spec, "restartPolicy", &["Always", "OnFailure", "Never"], causes);
    one_of(spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], causes);
    if text(spec, "dnsPolicy") == "None" {
        let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
        causes.push(Cause::required("spec.dnsConfig", detail));
    }
    for (key, value) in pairs(spec, "nodeSelector") {
        let path = "spec.nodeSelector";
        let mistakes = names::qualified(key, profile).into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(path, &json!(key), &detail)));
        let label = value.as_str().unwrap_or_default();
        let mistakes = names::label_value(label, profile).into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(path, value, &detail)));
    }
    if ports_are_part_of_context {
        host_ports(spec, profile, causes);
    }
    context(spec, profile, causes);
    named(spec, profile, causes);
    containers::images(spec, causes);
}

/// Who runs it.
fn context(spec: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    let context = &spec["securityContext"];
    let mut id = |path: String, value: &Value| {
        if value.as_i64().is_some_and(|id| !(0..=LARGEST).contains(&id)) {
            causes.push(Cause::invalid(path, value, &format!("must be between 0 and {LARGEST}, inclusive")));
        }
    };
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        id(format!("spec.securityContext.{field}"), &context[field]);
    }
    for (at, group) in items(context, "supplementalGroups").iter().enumerate() {
        id(format!("spec.securityContext.supplementalGroups[{at}]"), group);
    }
    if flag(spec, "shareProcessNamespace") && flag(spec, "hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        let part = if profile.has(Feature::SharedProcessesAreNamedAlone) { "" } else { "securityContext." };
        causes.push(Cause::invalid(format!("spec.{part}shareProcessNamespace"), &json!(true), detail));
    }
    let policies = ["Always", "OnRootMismatch"];
    if has(context, "fsGroupChangePolicy") && !policies.contains(&text(context, "fsGroupChangePolicy")) {
        let path = "spec.securityContext.fsGroupChangePolicy";
        causes.push(Cause::not_supported(path, &context["fsGroupChangePolicy"], &policies));
    }
    super::containers::seccomp(&context["seccompProfile"], "spec.securityContext.seccompProfile", profile, causes);
}

/// Names of other things, and numbers.
fn named(spec: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    let mut name = |field: &str, check: &dyn Fn(&str) -> Vec<String>| {
        let value = text(spec, field);
        let mistakes = if value.is_empty() { Vec::new() } else { check(value) };
        let mistakes = mistakes.into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(format!("spec.{field}"), &json!(value), &detail)));
    };
    name("serviceAccountName", &names::subdomain);
    name("nodeName", &names::subdomain);
    if let Some(seconds) = spec["activeDeadlineSeconds"].as_i64().filter(|seconds| !(1..=LARGEST).contains(seconds)) {
        let detail = format!("must be between 1 and {LARGEST}, inclusive");
        causes.push(Cause::invalid("spec.activeDeadlineSeconds", &json!(seconds), &detail));
    }
    let mut name = |field: &str, check: &dyn Fn(&str) -> Vec<String>| {
        let value = text(spec, field);
        let mistakes = if value.is_empty() { Vec::new() } else { check(value) };
        let mistakes = mistakes.into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(format!("spec.{field}"), &json!(value), &detail)));
    };
    name("hostname", &|value| names::label(value, profile));
    name("subdomain", &|value| names::label(value, profile));
    tolerations(items(spec, "tolerations"), profile, causes);
    let policies = ["PreemptLowerPriority", "Never"];
    if has(spec, "preemptionPolicy") && !policies.contains(&text(spec, "preemptionPolicy")) {
        causes.push(Cause::not_supported("spec.preemptionPolicy", &spec["preemptionPolicy"], &policies));
    }
}

/// A field that has one of some values.
pub(super) fn one_of(object: &Value, field: &str, values: &[&str], causes: &mut Vec<Cause>) {
    let path = format!("spec.{field}");
    match text(object, field) {
        "" => causes.push(Cause::required(path, "")),
        value if values.contains(&value) => {}
        value => causes.push(Cause::not_supported(path, &json!(value), values)),
    }
}

/// On the node's own network a port is the node's.
fn host_ports(spec: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    if !flag(spec, "hostNetwork") {
        return;
    }
    for (at, container) in items(spec, "containers").iter().enumerate() {
        for (number, port) in items(container, "ports").iter().enumerate() {
            if port["hostPort"] == port["containerPort"] {
                continue;
            }
            let path = format!("spec.containers[{at}].ports[{number}]");
            causes.push(if profile.has(Feature::HostPortsAreTold) {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                Cause::invalid(format!("{path}.hostPort"), &port["hostPort"], detail)
            } else {
                let detail = "must match `hostPort` when `hostNetwork` is true";
                Cause::invalid(format!("{path}.containerPort"), &port["containerPort"], detail)
            });
        }
    }
}

pub(super) fn tolerations(tolerations: &[Value], profile: &Profile, causes: &mut Vec<Cause>) {
    for (at, toleration) in tolerations.iter().enumerate() {
        let path = format!("spec.tolerations[{at}]");
        let [key, operator, value, effect] =
            ["key", "operator", "value", "effect"].map(|field| text(toleration, field));
        if !key.is_empty() {
            let mistakes = names::qualified(key, profile).into_iter();
            causes.extend(mistakes.map(|detail| Cause::invalid(format!("{path}.key"), &json!(key), &detail)));
        }
        let operator_path = format!("{path}.operator");
        if key.is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            causes.push(Cause::invalid(operator_path.clone(), &json!(operator), detail));
        }
        let effect_path = format!("{path}.effect");
        if has(toleration, "tolerationSeconds") && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            causes.push(Cause::invalid(effect_path.clone(), &json!(effect), detail));
        }
        match operator {
            "Equal" | "" => {
                let mistakes = names::label_value(value, profile);
                if !mistakes.is_empty() {
                    causes.push(Cause::invalid(operator_path, &json!(value), &mistakes.join(";")));
                }
            }
            "Exists" if value.is_empty() => {}
            "Exists" => {
                let detail = "value must be empty when `operator` is 'Exists'";
                let shown =
                    if profile.has(Feature::TolerationsAreShownByValue) { quoted(value) } else { shown(toleration) };
                causes.push(Cause::invalid_as(operator_path, &shown, detail));
            }
            _ => causes.push(Cause::not_supported(operator_path, &json!(operator), &["Equal", "Exists"])),
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if !effect.is_empty() && !effects.contains(&effect) {
            causes.push(Cause::not_supported(effect_path, &json!(effect), &effects));
        }
    }
}

/// A toleration as Go shows it.
fn shown(toleration: &Value) -> String {
    let [key, operator, value, effect] =
        ["key", "operator", "value", "effect"].map(|field| quoted(text(toleration, field)));
    // Go shows where the number is, which is another place each time.
    let seconds = if has(toleration, "tolerationSeconds") { "0xc000000000" } else { "nil" };
    format!(
        "core.Toleration{{Key:{key}, Operator:{operator}, Value:{value}, Effect:{effect}, TolerationSeconds:(*int64)({seconds})}}"
    )
}
