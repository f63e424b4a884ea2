//! What a Pod has though nobody wrote it.

use serde_json::{Value, json};

use super::super::json::{child, fill, flag, items, items_mut, text};
use crate::profile::{Feature, Profile};

pub(super) fn fill_in(pod: &mut Value, profile: &Profile) {
    addresses(&mut pod["status"]);
    // The old name of the field stands beside the new one, and for it where that is missing.
    let account = match text(&pod["spec"], "serviceAccountName") {
        "" => text(&pod["spec"], "serviceAccount").to_owned(),
        name => name.to_owned(),
    };
    let spec = &mut pod["spec"];
    if !account.is_empty() {
        spec["serviceAccountName"] = account.as_str().into();
        spec["serviceAccount"] = account.into();
    }
    let is_on_host = flag(spec, "hostNetwork");
    fill(spec, "enableServiceLinks", true);
    fill(spec, "dnsPolicy", "ClusterFirst");
    fill(spec, "restartPolicy", "Always");
    fill(spec, "securityContext", json!({}));
    fill(spec, "terminationGracePeriodSeconds", 30);
    let is_negative = spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0);
    if is_negative && profile.has(Feature::GraceIsPositive) {
        spec["terminationGracePeriodSeconds"] = 1.into();
    }
    fill(spec, "schedulerName", "default-scheduler");
    for volume in items_mut(spec, "volumes") {
        self::volume(volume);
    }
    for field in ["initContainers", "containers"] {
        for container in items_mut(spec, field) {
            self::container(container, is_on_host);
        }
    }
}

/// The first of a Pod's addresses stands by itself too.
fn addresses(status: &mut Value) {
    let (one, several) = (text(status, "podIP").to_owned(), items(status, "podIPs"));
    match several.first().map(|first| text(first, "ip").to_owned()) {
        Some(first) if one.is_empty() || first == one => status["podIP"] = first.into(),
        _ if one.is_empty() => {}
        _ => status["podIPs"] = json!([{"ip": one}]),
    }
}

/// Of the files of a volume.
pub(super) const MODE: i64 = 0o644;

/// Gives the files of projected volumes a mode; whether any had none.
pub(super) fn modes(spec: &mut Value) -> bool {
    let projected = items_mut(spec, "volumes").filter_map(|volume| child(volume, "projected"));
    let mut any = false;
    for without in projected.filter(|projected| projected["defaultMode"].is_null()) {
        without["defaultMode"] = MODE.into();
        any = true;
    }
    any
}

fn volume(volume: &mut Value) {
    let has_source = volume.as_object().is_some_and(|fields| fields.keys().any(|field| field != "name"));
    if !has_source {
        volume["emptyDir"] = json!({});
    }
    if let Some(path) = child(volume, "hostPath")
        && path["type"].is_null()
    {
        path["type"] = "".into();
    }
    for field in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = child(volume, field) {
            fill(source, "defaultMode", MODE);
        }
    }
    if let Some(source) = child(volume, "downwardAPI") {
        files(source);
    }
    let projected = child(volume, "projected").into_iter();
    for source in projected.flat_map(|projected| items_mut(projected, "sources")) {
        if let Some(source) = child(source, "downwardAPI") {
            files(source);
        }
        if let Some(token) = child(source, "serviceAccountToken") {
            fill(token, "expirationSeconds", 3600);
        }
    }
}

/// The fields of a Pod that stand in files.
fn files(source: &mut Value) {
    for file in items_mut(source, "items") {
        if let Some(reference) = child(file, "fieldRef") {
            fill(reference, "apiVersion", "v1");
        }
    }
}

fn container(container: &mut Value, is_on_host: bool) {
    let policy = if is_latest(text(container, "image")) { "Always" } else { "IfNotPresent" };
    fill(container, "imagePullPolicy", policy);
    fill(container, "terminationMessagePath", "/dev/termination-log");
    fill(container, "terminationMessagePolicy", "File");
    for port in items_mut(container, "ports") {
        fill(port, "protocol", "TCP");
        if is_on_host && port["hostPort"].as_i64().unwrap_or_default() == 0 {
            port["hostPort"] = port["containerPort"].clone();
        }
    }
    for variable in items_mut(container, "env") {
        if let Some(reference) = child(variable, "valueFrom").and_then(|from| child(from, "fieldRef")) {
            fill(reference, "apiVersion", "v1");
        }
    }
    // What is limited is asked for.
    let limits = container["resources"]["limits"].clone();
    for (name, amount) in limits.as_object().into_iter().flatten() {
        let requests = &mut container["resources"]["requests"];
        if requests[name].is_null() {
            requests[name] = amount.clone();
        }
    }
    for field in ["limits", "requests"] {
        let amounts = child(container, "resources").and_then(|resources| child(resources, field));
        for (_, amount) in amounts.and_then(Value::as_object_mut).into_iter().flatten() {
            let whole = amount.as_str().and_then(|text| crate::fields::Quantity::parse(text).ok());
            if let Some(whole) = whole.and_then(|amount| amount.in_thousandths()) {
                *amount = whole.to_string().into();
            }
        }
    }
    if container["resources"]["limits"].is_null() && container["resources"]["requests"].is_null() {
        container["resources"] = json!({});
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = child(container, field) else { continue };
        for (field, value) in
            [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
        {
            fill(probe, field, value);
        }
        if let Some(action) = child(probe, "httpGet") {
            http(action);
        }
        if let Some(action) = child(probe, "grpc")
            && action["service"].is_null()
        {
            action["service"] = "".into();
        }
    }
    if let Some(lifecycle) = child(container, "lifecycle") {
        for field in ["postStart", "preStop"] {
            if let Some(action) = child(lifecycle, field).and_then(|handler| child(handler, "httpGet")) {
                http(action);
            }
        }
    }
}

fn http(action: &mut Value) {
    fill(action, "path", "/");
    fill(action, "scheme", "HTTP");
}

/// Whether an image is the one that is called `latest`, or has no name for its version at all.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let (domain, path) = match image.split_once('/') {
        Some((front, rest)) if front.contains(['.', ':']) || front == "localhost" => (front, rest),
        _ => ("", image),
    };
    let (path, tag) = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (path, None),
    };
    let is_part = |part: &str| {
        let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let within = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let bytes = part.as_bytes();
        edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|byte| within(*byte))
    };
    // What is no name of an image has no version either.
    let is_name = path.split('/').all(is_part) && !domain.contains(' ');
    is_name && tag.is_none_or(|tag| tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_a_version_are_the_latest() {
        for (image, expected) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.25", false),
            ("registry.k8s.io/pause:3.9", false),
            ("localhost:5000/a/b", true),
            ("nginx@sha256:0123", false),
            ("NGINX", false),
            ("", false),
        ] {
            assert_eq!(is_latest(image), expected, "{image}");
        }
    }
}
