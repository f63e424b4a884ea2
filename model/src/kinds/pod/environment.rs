//! The mistakes of environment variables, and of what refers to other fields.

use serde_json::{Value, json};

use super::super::json::{has, items, text};
use super::super::names;
use crate::profile::{Feature, Profile};
use crate::status::Cause;

pub(super) fn variables(variables: &[Value], path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    for (at, variable) in variables.iter().enumerate() {
        let path = format!("{path}[{at}]");
        match text(variable, "name") {
            "" => causes.push(Cause::required(format!("{path}.name"), "")),
            name => {
                let mistakes = names::variable(name, profile).into_iter();
                causes.extend(mistakes.map(|detail| Cause::invalid(format!("{path}.name"), &json!(name), &detail)));
            }
        }
        if has(variable, "valueFrom") {
            value_from(variable, &format!("{path}.valueFrom"), profile, causes);
        }
    }
}

fn value_from(variable: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let from = &variable["valueFrom"];
    let mut sources = 0;
    if has(from, "fieldRef") {
        sources += 1;
        let mut known = vec![
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
            "spec.nodeName",
            "spec.serviceAccountName",
            "status.hostIP",
            "status.podIP",
            "status.podIPs",
        ];
        if profile.has(Feature::HostAddresses) {
            known.insert(6, "status.hostIPs");
        }
        field(&from["fieldRef"], &known, &format!("{path}.fieldRef"), profile, causes);
    }
    if has(from, "resourceFieldRef") {
        sources += 1;
        resource(&from["resourceFieldRef"], &format!("{path}.resourceFieldRef"), false, causes);
    }
    for field in ["configMapKeyRef", "secretKeyRef"] {
        if !has(from, field) {
            continue;
        }
        sources += 1;
        let (name, key) = (text(&from[field], "name"), text(&from[field], "key"));
        let at = |part: &str| format!("{path}.{field}.{part}");
        let mistakes = names::subdomain(name).into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(at("name"), &json!(name), &detail)));
        if key.is_empty() {
            causes.push(Cause::required(at("key"), ""));
            continue;
        }
        let mistakes = names::key(key).into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(at("key"), &json!(key), &detail)));
    }
    let detail = match sources {
        0 if profile.has(Feature::EnvironmentFiles) => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        }
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        _ if !text(variable, "value").is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    causes.push(Cause::invalid(path, &json!(""), detail));
}

/// A reference to a field of the Pod. `known` are those that may be named, sorted.
pub(super) fn field(reference: &Value, known: &[&str], path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let named = text(reference, "fieldPath");
    let at = format!("{path}.fieldPath");
    if named.is_empty() {
        causes.push(Cause::required(at, ""));
        return;
    }
    let version = text(reference, "apiVersion");
    if version != "v1" {
        let detail = format!("error converting fieldPath: unsupported pod version: {version}");
        causes.push(Cause::invalid(at, &json!(named), &detail));
        return;
    }
    let subscript = named.strip_suffix("']").and_then(|front| front.split_once("['"));
    if let Some((whole @ ("metadata.annotations" | "metadata.labels"), key)) = subscript {
        let key = if whole == "metadata.annotations" { key.to_lowercase() } else { key.to_owned() };
        let mistakes = names::qualified(&key, profile).into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(path, &json!(key), &detail)));
        return;
    }
    let fields = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "spec.schedulerName",
        "status.phase",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let is_field = fields.contains(&named) && (named != "status.hostIPs" || profile.has(Feature::HostAddresses));
    if !is_field {
        let detail = format!("error converting fieldPath: field label not supported: {named}");
        causes.push(Cause::invalid(at, &json!(named), &detail));
    } else if !known.contains(&named) {
        causes.push(Cause::not_supported(at, &json!(named), known));
    }
}

/// A reference to what a container asks for or may have.
pub(super) fn resource(reference: &Value, path: &str, in_volume: bool, causes: &mut Vec<Cause>) {
    let known = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let named = text(reference, "resource");
    if in_volume && text(reference, "containerName").is_empty() {
        causes.push(Cause::required(format!("{path}.containerName"), ""));
    } else if named.is_empty() {
        causes.push(Cause::required(format!("{path}.resource"), ""));
    } else if !known.contains(&named) {
        causes.push(Cause::not_supported(format!("{path}.resource"), &json!(named), &known));
    }
    let divisor = text(reference, "divisor");
    let divisors: &[&str] = match named.split_once('.').map(|(_, name)| name) {
        Some("cpu") => &["0", "1m", "1"],
        _ => &["0", "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
    };
    if known.contains(&named) && !divisors.contains(&divisor) {
        let (what, told) = match named.split_once('.').map(|(_, name)| name) {
            Some("cpu") => ("cpu", "1m and 1"),
            Some("memory") => ("memory", "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"),
            _ => ("local ephemeral storage", "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"),
        };
        let detail = format!("only divisor's values {told} are supported with the {what} resource");
        // It is the resource that is shown.
        causes.push(Cause::invalid(format!("{path}.divisor"), &json!(named), &detail));
    }
}

pub(super) fn sources(sources: &[Value], path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    for (at, source) in sources.iter().enumerate() {
        let here = format!("{path}[{at}]");
        let prefix = text(source, "prefix");
        if !prefix.is_empty() {
            let mistakes = names::variable(prefix, profile).into_iter();
            causes.extend(mistakes.map(|detail| Cause::invalid(format!("{here}.prefix"), &json!(prefix), &detail)));
        }
        let mut count = 0;
        for field in ["configMapRef", "secretRef"] {
            if !has(source, field) {
                continue;
            }
            count += 1;
            match text(&source[field], "name") {
                "" => causes.push(Cause::required(format!("{here}.{field}.name"), "")),
                name => {
                    let mistakes = names::subdomain(name).into_iter();
                    let at = format!("{here}.{field}.name");
                    causes.extend(mistakes.map(|detail| Cause::invalid(at.clone(), &json!(name), &detail)));
                }
            }
        }
        let detail = match count {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        causes.push(Cause::invalid(path, &json!(""), detail));
    }
}

/// The files of a downward API volume, and the path at which their mistakes are told.
pub(super) fn file(file: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    super::volumes::local(text(file, "path"), &format!("{path}.path"), causes);
    if has(file, "fieldRef") {
        let known = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
        field(&file["fieldRef"], &known, &format!("{path}.fieldRef"), profile, causes);
        if has(file, "resourceFieldRef") {
            let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
            causes.push(Cause::invalid(path, &json!("resource"), detail));
        }
    } else if has(file, "resourceFieldRef") {
        resource(&file["resourceFieldRef"], &format!("{path}.resourceFieldRef"), true, causes);
    } else {
        causes.push(Cause::required(path, "one of fieldRef and resourceFieldRef is required"));
    }
    super::volumes::mode(&file["mode"], &format!("{path}.mode"), causes);
}

/// All files of a downward API.
pub(super) fn files(source: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    for file in items(source, "items") {
        self::file(file, path, profile, causes);
    }
}
