//! The mistakes of containers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::json::{has, items, text};
use super::super::names;
use super::{admission, environment, handlers, resources};
use crate::fields::quoted;
use crate::profile::{Feature, Profile};
use crate::status::Cause;

pub(super) fn mistakes(spec: &Value, volumes: &BTreeSet<&str>, profile: &Profile, causes: &mut Vec<Cause>) {
    let (main, initial) = (items(spec, "containers"), items(spec, "initContainers"));
    let in_parts = profile.has(Feature::ContainersInParts);
    if main.is_empty() {
        causes.push(Cause::required("spec.containers", ""));
    }
    let mut seen = BTreeSet::new();
    for (at, container) in main.iter().enumerate() {
        let path = format!("spec.containers[{at}]");
        let check = Check { container, path, volumes, profile };
        check.one(&mut seen, in_parts, causes);
    }
    host_port_conflicts(main, "spec.containers", causes);
    let mut of_initial = BTreeSet::new();
    for (at, container) in initial.iter().enumerate() {
        let path = format!("spec.initContainers[{at}]");
        let check = Check { container, path, volumes, profile };
        if in_parts {
            check.common(causes);
            check.name(&mut seen, causes);
            host_port_conflicts(std::slice::from_ref(container), "spec.initContainers", causes);
            if text(container, "restartPolicy") == "Always" {
                check.handlers(causes);
            }
        } else {
            check.one(&mut of_initial, false, causes);
        }
    }
    if !in_parts {
        for (at, container) in initial.iter().enumerate() {
            host_port_conflicts(std::slice::from_ref(container), "spec.initContainers", causes);
            let name = text(container, "name");
            if !seen.insert(name) {
                causes.push(Cause::duplicate(format!("spec.initContainers[{at}].name"), &json!(name)));
            }
        }
    }
}

/// Images may not be padded.
pub(super) fn images(spec: &Value, causes: &mut Vec<Cause>) {
    for (path, container) in ["containers", "initContainers"].into_iter().flat_map(|field| {
        items(spec, field).iter().enumerate().map(move |(at, container)| (format!("spec.{field}[{at}]"), container))
    }) {
        let image = text(container, "image");
        if image.trim() != image {
            let detail = "must not have leading or trailing whitespace";
            causes.push(Cause::invalid(format!("{path}.image"), &json!(image), detail));
        }
    }
}

struct Check<'c> {
    container: &'c Value,
    path: String,
    volumes: &'c BTreeSet<&'c str>,
    profile: &'c Profile,
}

impl<'c> Check<'c> {
    /// A container of a list in which each has a name of its own.
    fn one(&self, seen: &mut BTreeSet<&'c str>, in_parts: bool, causes: &mut Vec<Cause>) {
        if in_parts {
            self.common(causes);
            self.name(seen, causes);
            self.handlers(causes);
            return;
        }
        self.front(seen, causes);
        self.old_handlers(causes);
        self.ending(causes);
        handlers::probe(self.container, "readinessProbe", &self.path, self.profile, causes);
        self.rest(causes);
    }

    fn at(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    fn name(&self, seen: &mut BTreeSet<&'c str>, causes: &mut Vec<Cause>) {
        let name = text(self.container, "name");
        if !seen.insert(name) {
            causes.push(Cause::duplicate(self.at("name"), &json!(name)));
        }
    }

    fn well_named(&self, causes: &mut Vec<Cause>) {
        match text(self.container, "name") {
            "" => causes.push(Cause::required(self.at("name"), "")),
            name => {
                let mistakes = names::label(name, self.profile).into_iter();
                causes.extend(mistakes.map(|detail| Cause::invalid(self.at("name"), &json!(name), &detail)));
            }
        }
    }

    fn image(&self, causes: &mut Vec<Cause>) {
        if text(self.container, "image").is_empty() {
            causes.push(Cause::required(self.at("image"), ""));
        }
    }

    fn front(&self, seen: &mut BTreeSet<&'c str>, causes: &mut Vec<Cause>) {
        self.well_named(causes);
        self.name(seen, causes);
        self.image(causes);
    }

    /// What every container may get wrong.
    fn common(&self, causes: &mut Vec<Cause>) {
        self.well_named(causes);
        self.image(causes);
        self.ending(causes);
        self.rest(causes);
    }

    /// How its last words are found.
    fn ending(&self, causes: &mut Vec<Cause>) {
        let policies = ["File", "FallbackToLogsOnError"];
        let (path, policy) = (self.at("terminationMessagePolicy"), text(self.container, "terminationMessagePolicy"));
        if policies.contains(&policy) {
            return;
        }
        causes.push(if self.profile.has(Feature::ContainersInParts) {
            Cause::not_supported(path, &json!(policy), &policies)
        } else {
            Cause::invalid(path, &json!(policy), "must be 'File' or 'FallbackToLogsOnError'")
        });
    }

    fn rest(&self, causes: &mut Vec<Cause>) {
        let Self { container, profile, .. } = *self;
        ports(items(container, "ports"), &self.at("ports"), profile, causes);
        environment::variables(items(container, "env"), &self.at("env"), profile, causes);
        environment::sources(items(container, "envFrom"), &self.at("envFrom"), profile, causes);
        self.mounts(causes);
        let policies = ["Always", "IfNotPresent", "Never"];
        let policy = text(container, "imagePullPolicy");
        if !policies.contains(&policy) {
            causes.push(Cause::not_supported(self.at("imagePullPolicy"), &json!(policy), &policies));
        }
        resources::mistakes(&container["resources"], &self.at("resources"), profile, causes);
        self.context(causes);
    }

    fn handlers(&self, causes: &mut Vec<Cause>) {
        handlers::lifecycle(self.container, &self.path, self.profile, causes);
        for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
            handlers::probe(self.container, field, &self.path, self.profile, causes);
            handlers::particulars(self.container, field, &self.path, causes);
        }
    }

    /// The same in the order of old versions, which look at the probe of the start twice.
    fn old_handlers(&self, causes: &mut Vec<Cause>) {
        handlers::lifecycle(self.container, &self.path, self.profile, causes);
        handlers::probe(self.container, "livenessProbe", &self.path, self.profile, causes);
        handlers::particulars(self.container, "readinessProbe", &self.path, causes);
        handlers::probe(self.container, "startupProbe", &self.path, self.profile, causes);
        handlers::particulars(self.container, "livenessProbe", &self.path, causes);
        handlers::probe(self.container, "startupProbe", &self.path, self.profile, causes);
        handlers::particulars(self.container, "startupProbe", &self.path, causes);
    }

    fn mounts(&self, causes: &mut Vec<Cause>) {
        let mut seen = BTreeSet::new();
        for (at, mount) in items(self.container, "volumeMounts").iter().enumerate() {
            let path = format!("{}.volumeMounts[{at}]", self.path);
            let (name, mount_path) = (text(mount, "name"), text(mount, "mountPath"));
            if name.is_empty() {
                causes.push(Cause::required(format!("{path}.name"), ""));
            }
            if !self.volumes.contains(name) {
                let message = format!("Not found: {}", quoted(name));
                causes.push(Cause { reason: "FieldValueNotFound", field: format!("{path}.name"), message });
            }
            if mount_path.is_empty() {
                causes.push(Cause::required(format!("{path}.mountPath"), ""));
            }
            if !seen.insert(mount_path) {
                causes.push(Cause::invalid(format!("{path}.mountPath"), &json!(mount_path), "must be unique"));
            }
            let (sub, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
            // The list, not the mount, is where these are said to be.
            super::volumes::descending(sub, &self.at("volumeMounts.subPath"), causes);
            if !expression.is_empty() {
                if !sub.is_empty() {
                    let detail = "subPathExpr and subPath are mutually exclusive";
                    causes.push(Cause::invalid(format!("{path}.subPathExpr"), &json!(expression), detail));
                }
                super::volumes::descending(expression, &self.at("volumeMounts.subPathExpr"), causes);
            }
            let propagation = text(mount, "mountPropagation");
            let path = self.at("volumeMounts.mountPropagation");
            let known = ["Bidirectional", "HostToContainer", "None"];
            if has(mount, "mountPropagation") && !known.contains(&propagation) {
                causes.push(Cause::not_supported(path.clone(), &json!(propagation), &known));
            }
            if propagation == "Bidirectional" && !admission::is_privileged(self.container) {
                let detail = "Bidirectional mount propagation is available only to privileged containers";
                causes.push(Cause::forbidden(path, detail));
            }
        }
    }

    fn context(&self, causes: &mut Vec<Cause>) {
        let context = &self.container["securityContext"];
        for field in ["runAsUser", "runAsGroup"] {
            if context[field].as_i64().is_some_and(|id| !(0..=i64::from(i32::MAX)).contains(&id)) {
                let path = self.at(&format!("securityContext.{field}"));
                causes.push(Cause::invalid(path, &context[field], "must be between 0 and 2147483647, inclusive"));
            }
        }
        seccomp(&context["seccompProfile"], &self.at("securityContext.seccompProfile"), self.profile, causes);
    }
}

/// A profile of system calls.
pub(super) fn seccomp(seccomp: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    if seccomp.is_null() {
        return;
    }
    let (sort, local) = (text(seccomp, "type"), text(seccomp, "localhostProfile"));
    let sorts = ["Localhost", "RuntimeDefault", "Unconfined"];
    match sort {
        "" => causes.push(Cause::required(format!("{path}.type"), "type is required when seccompProfile is set")),
        _ if sorts.contains(&sort) => {}
        _ => causes.push(Cause::not_supported(format!("{path}.type"), &json!(sort), &sorts)),
    }
    let local_path = format!("{path}.localhostProfile");
    if sort == "Localhost" {
        if has(seccomp, "localhostProfile") {
            super::volumes::descending(local, &local_path, causes);
        } else {
            let detail = "must be set when seccomp type is Localhost";
            causes.push(Cause::required(local_path, detail));
        }
    } else if has(seccomp, "localhostProfile") {
        let detail = "can only be set when seccomp type is Localhost";
        let [sort, local] = [sort, local].map(quoted);
        let shown = if profile.has(Feature::ValuesInMistakesAreJson) {
            format!("{{\"Type\":{sort},\"LocalhostProfile\":{local}}}")
        } else {
            // Go shows where the text is, which is another place each time.
            format!("core.SeccompProfile{{Type:{sort}, LocalhostProfile:(*string)(0xc000000000)}}")
        };
        causes.push(Cause::invalid_as(local_path, &shown, detail));
    }
}

fn ports(ports: &[Value], path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let name = text(port, "name");
        if !name.is_empty() {
            let mistakes = names::port(name, profile);
            if mistakes.is_empty() && !seen.insert(name) {
                causes.push(Cause::duplicate(format!("{path}.name"), &json!(name)));
            }
            let mistakes = mistakes.into_iter();
            causes.extend(mistakes.map(|detail| Cause::invalid(format!("{path}.name"), &json!(name), &detail)));
        }
        let number = |field: &str| port[field].as_i64().unwrap_or_default();
        if number("containerPort") == 0 {
            causes.push(Cause::required(format!("{path}.containerPort"), ""));
        }
        for field in ["containerPort", "hostPort"] {
            if !(0..=65535).contains(&number(field)) {
                let detail = "must be between 1 and 65535, inclusive";
                causes.push(Cause::invalid(format!("{path}.{field}"), &port[field], detail));
            }
        }
        let protocols = ["SCTP", "TCP", "UDP"];
        if !protocols.contains(&text(port, "protocol")) {
            causes.push(Cause::not_supported(format!("{path}.protocol"), &port["protocol"], &protocols));
        }
    }
}

/// Two containers cannot have the same port of the node.
fn host_port_conflicts(containers: &[Value], path: &str, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (at, container) in containers.iter().enumerate() {
        for (number, port) in items(container, "ports").iter().enumerate() {
            let host = port["hostPort"].as_i64().unwrap_or_default();
            if host == 0 {
                continue;
            }
            let shown = format!("{}/{}/{host}", text(port, "protocol"), text(port, "hostIP"));
            if !seen.insert(shown.clone()) {
                causes.push(Cause::duplicate(format!("{path}[{at}].ports[{number}].hostPort"), &json!(shown)));
            }
        }
    }
}
