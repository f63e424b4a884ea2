//! What the server has to say of a Pod beside its answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::json::{has, items, pairs, text};
use super::super::names;
use super::all_containers;
use crate::fields::{Quantity, quoted};
use crate::profile::{Feature, Profile};

/// Labels of nodes that have another name now.
const OLD_LABELS: [(&str, &str); 8] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

pub(super) fn of(pod: &Value, profile: &Profile) -> Vec<String> {
    let mut warnings = Vec::new();
    let spec = &pod["spec"];
    if profile.has(Feature::DottedPodNamesAreTold) {
        let mistakes = names::label(text(&pod["metadata"], "name"), profile);
        if !mistakes.is_empty() {
            warnings.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]",
                mistakes.join(" ")
            ));
        }
    }
    for (key, _) in pairs(spec, "nodeSelector") {
        let old = OLD_LABELS.iter().find(|(name, _)| name == key);
        warnings.extend(old.map(|(_, text)| format!("spec.nodeSelector[{key}]: {text}")));
    }
    let mut seen = BTreeSet::new();
    let secrets = items(spec, "imagePullSecrets");
    for (at, secret) in secrets.iter().enumerate() {
        let name = text(secret, "name");
        if !seen.insert(name) {
            warnings.push(format!("spec.imagePullSecrets[{at}].name: duplicate name {}", quoted(name)));
        }
    }
    for (at, _) in secrets.iter().enumerate().filter(|(_, secret)| text(secret, "name").is_empty()) {
        warnings.push(format!("spec.imagePullSecrets[{at}].name: invalid empty name \"\""));
    }
    for (path, container) in all_containers(spec) {
        fractions(container, &path, &mut warnings);
        variables(container, &path, profile, &mut warnings);
    }
    if profile.has(Feature::DuplicatePortsAreTold) {
        ports(spec, &mut warnings);
    }
    if profile.has(Feature::DuplicatePortNamesAreTold) {
        port_names(spec, &mut warnings);
    }
    warnings
}

/// Parts of a byte.
fn fractions(container: &Value, path: &str, warnings: &mut Vec<String>) {
    for name in ["memory", "ephemeral-storage"] {
        for field in ["limits", "requests"] {
            let amount = text(&container["resources"][field], name);
            if Quantity::parse(amount).is_ok_and(|amount| !amount.is_whole()) {
                warnings.push(format!(
                    "{path}.resources.{field}[{name}]: fractional byte value {} is invalid, must be an integer",
                    quoted(amount)
                ));
            }
        }
    }
}

fn variables(container: &Value, path: &str, profile: &Profile, warnings: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (at, variable) in items(container, "env").iter().enumerate() {
        let name = text(variable, "name");
        if seen.insert(name) {
            continue;
        }
        if !profile.has(Feature::HiddenVariablesAreTold) {
            warnings.push(format!("{path}.env[{at}].name: duplicate name {}", quoted(name)));
            continue;
        }
        let (value, reference) = (text(variable, "value"), format!("$({name})"));
        if has(variable, "valueFrom") || value == reference || !value.contains(&reference) {
            let dropped = if profile.has(Feature::HiddenVariablesAreDropped) {
                ", which may be dropped when using apply"
            } else {
                ""
            };
            warnings.push(format!("{path}.env[{at}]: hides previous definition of {}{dropped}", quoted(name)));
        }
    }
}

fn ports(spec: &Value, warnings: &mut Vec<String>) {
    let mut seen: BTreeMap<String, Vec<(String, &Value)>> = BTreeMap::new();
    for (path, container) in all_containers(spec) {
        for (at, port) in items(container, "ports").iter().enumerate() {
            let here = format!("{path}.ports[{at}]");
            let number = |port: &Value, field: &str| port[field].as_i64().unwrap_or_default();
            let address = |port: &Value| text(port, "hostIP").to_owned();
            if !address(port).is_empty() && number(port, "hostPort") == 0 {
                warnings.push(format!(
                    "{here}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{}}}",
                    text(port, "name"),
                    number(port, "containerPort"),
                    text(port, "protocol"),
                    address(port)
                ));
            }
            let key = format!("{}/{}", number(port, "containerPort"), text(port, "protocol"));
            let others = seen.entry(key).or_default();
            for (other_path, other) in others.iter() {
                let (mine, theirs) = (number(port, "hostPort"), number(other, "hostPort"));
                let what = if address(port) == address(other) && mine == theirs {
                    "duplicate"
                } else if mine == 0 || theirs == 0 {
                    "overlapping"
                } else if mine == theirs && address(port).is_empty() != address(other).is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                warnings.push(format!("{here}: {what} port definition with {other_path}"));
            }
            others.push((here, port));
        }
    }
}

fn port_names(spec: &Value, warnings: &mut Vec<String>) {
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (path, container) in all_containers(spec) {
        for (at, port) in items(container, "ports").iter().enumerate() {
            let (name, here) = (text(port, "name"), format!("{path}.ports[{at}]"));
            match seen.get(name) {
                _ if name.is_empty() => {}
                Some(other) => warnings.push(format!(
                    "{here}: duplicate port name {} with {other}, services and probes that select ports by name will use {other}",
                    quoted(name)
                )),
                None => drop(seen.insert(name, here)),
            }
        }
    }
}
