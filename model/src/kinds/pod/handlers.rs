//! The mistakes of probes, and of what runs at the beginning and at the end of a container.

use serde_json::{Value, json};

use super::super::json::{has, items, text};
use super::super::names;
use crate::profile::Profile;
use crate::status::Cause;

pub(super) fn lifecycle(container: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    for field in ["postStart", "preStop"] {
        let found = &container["lifecycle"][field];
        if !found.is_null() {
            handler(found, &format!("{path}.lifecycle.{field}"), profile, causes);
        }
    }
}

pub(super) fn probe(container: &Value, field: &str, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let (probe, path) = (&container[field], format!("{path}.{field}"));
    if probe.is_null() {
        return;
    }
    handler(probe, &path, profile, causes);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        if probe[field].as_i64().is_some_and(|number| number < 0) {
            causes.push(Cause::invalid(format!("{path}.{field}"), &probe[field], names::NEGATIVE));
        }
    }
    let grace = &probe["terminationGracePeriodSeconds"];
    if grace.as_i64().is_some_and(|seconds| seconds <= 0) {
        causes.push(Cause::invalid(format!("{path}.terminationGracePeriodSeconds"), grace, "must be greater than 0"));
    }
}

/// What only one of the probes may not have.
pub(super) fn particulars(container: &Value, field: &str, path: &str, causes: &mut Vec<Cause>) {
    let (probe, path) = (&container[field], format!("{path}.{field}"));
    if probe.is_null() {
        return;
    }
    if field == "readinessProbe" {
        if has(probe, "terminationGracePeriodSeconds") {
            let detail = "must not be set for readinessProbes";
            let path = format!("{path}.terminationGracePeriodSeconds");
            causes.push(Cause::invalid(path, &probe["terminationGracePeriodSeconds"], detail));
        }
    } else if probe["successThreshold"].as_i64() != Some(1) {
        causes.push(Cause::invalid(format!("{path}.successThreshold"), &probe["successThreshold"], "must be 1"));
    }
}

fn handler(handler: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let mut count = 0;
    for field in ["exec", "httpGet", "tcpSocket", "grpc"] {
        let (action, path) = (&handler[field], format!("{path}.{field}"));
        if action.is_null() {
            continue;
        }
        count += 1;
        if count > 1 {
            causes.push(Cause::forbidden(path, "may not specify more than 1 handler type"));
            continue;
        }
        match field {
            "exec" if items(action, "command").is_empty() => {
                causes.push(Cause::required(format!("{path}.command"), ""));
            }
            "exec" => {}
            _ => port(&action["port"], &format!("{path}.port"), profile, causes),
        }
        if field == "httpGet" {
            http(action, &path, causes);
        }
    }
    if count == 0 {
        causes.push(Cause::required(path, "must specify a handler type"));
    }
}

fn http(action: &Value, path: &str, causes: &mut Vec<Cause>) {
    let schemes = ["HTTP", "HTTPS"];
    if !schemes.contains(&text(action, "scheme")) {
        causes.push(Cause::not_supported(format!("{path}.scheme"), &action["scheme"], &schemes));
    }
    for header in items(action, "httpHeaders") {
        let name = text(header, "name");
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_name) {
            let detail = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            causes.push(Cause::invalid(format!("{path}.httpHeaders"), &json!(name), detail));
        }
    }
}

/// A port by number or name.
fn port(port: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    match port.as_str() {
        Some(name) => {
            let mistakes = names::port(name, profile).into_iter();
            causes.extend(mistakes.map(|detail| Cause::invalid(path, port, &detail)));
        }
        None if (1..=65535).contains(&port.as_i64().unwrap_or_default()) => {}
        None => causes.push(Cause::invalid(path, port, "must be between 1 and 65535, inclusive")),
    }
}
