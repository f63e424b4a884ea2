//! What admission plug-ins do with a Pod.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Write;
use super::super::json::{fill, flag, has, items, items_mut, pairs, text};
use super::super::service_account::MOUNTABLE;
use super::{all_containers, defaults};
use crate::meta::object_name;
use crate::profile::Feature;
use crate::status::Refusal;
use crate::world::World;

/// Where containers find the token of their `ServiceAccount`.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME: &str = "kube-api-access-";

fn forbidden(pod: &Value, why: &str) -> Refusal {
    Refusal::forbidden("pods", object_name(pod), why)
}

/// Refuses what has a meaning that is not modelled, though its fields are.
pub(super) fn modelled(pod: &Value, old: Option<&Value>, write: &Write<'_>) -> Result<(), Refusal> {
    let unknown = |what: &str| Err(Refusal::not_modelled(what));
    let annotations = [
        "container.apparmor.",
        "seccomp.security.",
        "scheduler.alpha.",
        "security.alpha.",
        "controller.kubernetes.io/",
    ];
    for (key, _) in pairs(&pod["metadata"], "annotations") {
        if annotations.iter().any(|prefix| key.starts_with(prefix)) || key == "kubernetes.io/config.mirror" {
            return Err(Refusal::not_modelled(format_args!("the annotation {key} of a Pod")));
        }
    }
    let namespace = write.store.find("namespaces", "", write.namespace);
    let is_secured = |namespace: &Value| {
        pairs(&namespace["metadata"], "labels").any(|(key, _)| key.starts_with("pod-security.kubernetes.io/"))
    };
    if namespace.is_some_and(|namespace| is_secured(namespace)) {
        return unknown("a Pod in a Namespace with a Pod security standard");
    }
    for (_, container) in all_containers(&pod["spec"]) {
        if ["limits", "requests"]
            .iter()
            .any(|field| pairs(&container["resources"], field).any(|(name, _)| name.starts_with("hugepages-")))
        {
            return unknown("a container with huge pages");
        }
    }
    if items(&pod["spec"], "containers").iter().any(|container| has(container, "restartPolicy")) {
        return unknown("the restart policy of one container");
    }
    for container in items(&pod["spec"], "initContainers") {
        match text(container, "restartPolicy") {
            "Always" => {}
            "" => {
                let fields = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];
                if fields.iter().any(|field| has(container, field)) {
                    return unknown("a probe or handler of an init container");
                }
            }
            _ => return unknown("the restart policy of an init container"),
        }
    }
    let tolerations = items(&pod["spec"], "tolerations").iter();
    if tolerations.into_iter().any(|toleration| matches!(text(toleration, "operator"), "Lt" | "Gt")) {
        return unknown("a toleration that compares numbers");
    }
    match old {
        Some(old) if !super::change::is_allowed(&pod["spec"], &old["spec"]) => {
            unknown("a change of a Pod's spec that is not allowed")
        }
        _ => Ok(()),
    }
}

/// `ServiceAccount`: there is one, and its token is in every container.
pub(super) fn service_account(pod: &mut Value, write: &Write<'_>) -> Result<(), Refusal> {
    let spec = &mut pod["spec"];
    fill(spec, "serviceAccountName", "default");
    let name = text(spec, "serviceAccountName").to_owned();
    spec["serviceAccount"] = name.as_str().into();
    let Some(account) = write.looked_up("serviceaccounts", &name) else {
        let why =
            format!("error looking up service account {}/{name}: serviceaccount {name:?} not found", write.namespace);
        return Err(forbidden(pod, &why));
    };
    let automount = &pod["spec"]["automountServiceAccountToken"];
    let automount = automount.as_bool().or(account["automountServiceAccountToken"].as_bool()).unwrap_or(true);
    if automount {
        mount(&mut pod["spec"], write.profile.has(Feature::MountsHaveTheirMode));
    }
    let secrets = items(&account, "imagePullSecrets");
    if items(&pod["spec"], "imagePullSecrets").is_empty() && !secrets.is_empty() {
        pod["spec"]["imagePullSecrets"] = secrets.into();
    }
    let enforce = text(&account["metadata"]["annotations"], MOUNTABLE);
    if matches!(enforce, "1" | "t" | "T" | "TRUE" | "true" | "True")
        && let Some(why) = not_mountable(pod, &account, &name, write)
    {
        return Err(forbidden(pod, &why));
    }
    Ok(())
}

/// Puts the volume with the token into every container that has nothing in its place.
fn mount(spec: &mut Value, has_mode: bool) {
    let mine = items(spec, "volumes").iter().map(|volume| text(volume, "name")).find(|name| name.starts_with(VOLUME));
    let (name, is_there) = match mine {
        Some(name) => (name.to_owned(), true),
        None => (World::generated_name(VOLUME), false),
    };
    let mount = json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH});
    let mut is_used = false;
    for field in ["initContainers", "containers"] {
        for container in items_mut(spec, field) {
            if items(container, "volumeMounts").iter().any(|mount| text(mount, "mountPath") == MOUNT_PATH) {
                continue;
            }
            is_used = true;
            push(container, "volumeMounts", mount.clone());
        }
    }
    if is_used && !is_there {
        let mode = has_mode.then_some(defaults::MODE);
        let token = json!({"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}});
        let authority =
            json!({"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}});
        let reference = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
        let namespace = json!({"downwardAPI": {"items": [{"path": "namespace", "fieldRef": reference}]}});
        let volume =
            json!({"name": name, "projected": {"defaultMode": mode, "sources": [token, authority, namespace]}});
        push(spec, "volumes", volume);
    }
}

fn push(object: &mut Value, field: &str, item: Value) {
    match object[field].as_array_mut() {
        Some(items) => items.push(item),
        None => object[field] = json!([item]),
    }
}

/// Why a Pod may not have a Secret that it names, where its `ServiceAccount` lists those that it may.
fn not_mountable(pod: &Value, account: &Value, name: &str, write: &Write<'_>) -> Option<String> {
    let listed =
        |field: &str| -> BTreeSet<&str> { items(account, field).iter().map(|one| text(one, "name")).collect() };
    let (secrets, pull_secrets) = (listed("secrets"), listed("imagePullSecrets"));
    let spec = &pod["spec"];
    let not_allowed =
        |what: &str| format!("{what} is not allowed because service account {name} does not reference that");
    for volume in items(spec, "volumes").iter().filter(|volume| has(volume, "secret")) {
        let secret = text(&volume["secret"], "secretName");
        if !secrets.contains(secret) {
            return Some(not_allowed(&format!("volume with secret.secretName=\"{secret}\"")) + " secret");
        }
    }
    for (path, container) in all_containers(spec) {
        let sort = if path.starts_with("spec.init") { "init container" } else { "container" };
        let container_name = text(container, "name");
        for variable in items(container, "env") {
            let reference = &variable["valueFrom"]["secretKeyRef"];
            let secret = text(reference, "name");
            if !reference.is_null() && !secrets.contains(secret) {
                let variable = text(variable, "name");
                let what = format!(
                    "{sort} {container_name} with envVar {variable} referencing secret.secretName=\"{secret}\""
                );
                return Some(not_allowed(&what) + " secret");
            }
        }
        for source in items(container, "envFrom") {
            let (reference, secret) = (&source["secretRef"], text(&source["secretRef"], "name"));
            let is_looked_at = write.profile.has(Feature::MountableSecretsInEnvFrom);
            if is_looked_at && !reference.is_null() && !secrets.contains(secret) {
                let what = format!("{sort} {container_name} with envFrom referencing secret.secretName=\"{secret}\"");
                return Some(not_allowed(&what) + " secret");
            }
        }
    }
    let mut named = items(spec, "imagePullSecrets").iter().map(|one| text(one, "name")).enumerate();
    let (at, secret) = named.find(|(_, secret)| !pull_secrets.contains(secret))?;
    Some(not_allowed(&format!("imagePullSecrets[{at}].name=\"{secret}\"")) + " imagePullSecret")
}

/// Priority: a number for the name, which nobody may choose otherwise.
pub(super) fn priority(pod: &mut Value, old: Option<&Value>, write: &Write<'_>) -> Result<(), Refusal> {
    const LOWER: &str = "PreemptLowerPriority";
    let _ = write;
    if let Some(old) = old {
        for field in ["priority", "preemptionPolicy"] {
            if !has(&pod["spec"], field) && has(&old["spec"], field) {
                pod["spec"][field] = old["spec"][field].clone();
            }
        }
        return Ok(());
    }
    let class = text(&pod["spec"], "priorityClassName");
    let number: i64 = match class {
        "" => 0,
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        _ => return Err(forbidden(pod, &format!("no PriorityClass with name {class} was found"))),
    };
    let told = "must not be provided in pod spec; priority admission controller computed";
    let behind = "from the given PriorityClass name";
    if let Some(said) = pod["spec"]["priority"].as_i64().filter(|said| *said != number) {
        let why = format!("the integer value of priority ({said}) {told} {number} {behind}");
        return Err(forbidden(pod, &why));
    }
    let policy = text(&pod["spec"], "preemptionPolicy");
    if !policy.is_empty() && policy != LOWER {
        let why = format!("the string value of PreemptionPolicy ({policy}) {told} {LOWER} {behind}");
        return Err(forbidden(pod, &why));
    }
    pod["spec"]["priority"] = number.into();
    pod["spec"]["preemptionPolicy"] = LOWER.into();
    Ok(())
}

/// `DefaultTolerationSeconds`: a Pod stays for five minutes where its node is lost.
pub(super) fn tolerations(pod: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerates = |toleration: &Value| {
            let (of, effect) = (text(toleration, "key"), text(toleration, "effect"));
            (of == key || of.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        };
        if !items(&pod["spec"], "tolerations").iter().any(tolerates) {
            let toleration = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
            push(&mut pod["spec"], "tolerations", toleration);
        }
    }
}

/// Whether a container may do what the node itself may.
pub(super) fn is_privileged(container: &Value) -> bool {
    flag(&container["securityContext"], "privileged")
}
