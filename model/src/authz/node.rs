//! The Node authorizer: what a kubelet may do, by the Pods that are bound to its Node.

use serde_json::Value;

use super::index::Seen;
use super::{Decision, rbac};
use crate::bootstrap;
use crate::profile::Feature;
use crate::request::Attributes;
use crate::user::User;
use crate::world::World;

/// What it says: yes, or why not.
type Opinion = Result<(), String>;

/// The Node that somebody speaks for.
pub(super) fn name(user: &User) -> Option<&str> {
    user.name.strip_prefix("system:node:").filter(|_| user.is_in("system:nodes"))
}

/// Whether it looks closely at something that is not modelled.
pub(super) fn is_beyond(user: &User, attributes: &Attributes) -> bool {
    const KINDS: [(&str, &str); 7] = [
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("storage.k8s.io", "volumeattachments"),
        ("storage.k8s.io", "csinodes"),
        ("resource.k8s.io", "resourceclaims"),
        ("resource.k8s.io", "resourceslices"),
        ("certificates.k8s.io", "podcertificaterequests"),
    ];
    name(user).is_some() && KINDS.contains(&(attributes.group.as_str(), attributes.resource.as_str()))
}

pub(super) fn decide(world: &World, seen: &Seen, user: &User, attributes: &Attributes) -> Decision {
    let Some(node) = name(user) else { return Decision::default() };
    let opinion = if node.is_empty() {
        Err(format!("unknown node for user {:?}", user.name))
    } else {
        opinion(world, seen, node, attributes)
    };
    match opinion {
        Ok(()) => Decision { is_allowed: true, reason: String::new() },
        Err(reason) => Decision { is_allowed: false, reason },
    }
}

fn opinion(world: &World, seen: &Seen, node: &str, attributes: &Attributes) -> Opinion {
    let has = |feature| world.profile.has(feature);
    if attributes.is_resource {
        match (attributes.group.as_str(), attributes.resource.as_str()) {
            ("", "secrets") => return read(seen, node, attributes, refers_to_secret),
            ("", "configmaps") => return read(seen, node, attributes, refers_to_config_map),
            ("", "serviceaccounts") => {
                return service_account(seen, node, attributes, has(Feature::NodesGetServiceAccounts));
            }
            ("", "nodes") if has(Feature::NodesAreShownTheirOwn) => return own_node(node, attributes),
            ("", "pods") if has(Feature::NodesAreShownTheirOwn) => return own_pods(seen, node, attributes),
            ("coordination.k8s.io", "leases") => return lease(node, attributes),
            _ => {}
        }
    }
    let allowed = bootstrap::node_rules(&world.profile).iter().any(|rule| rbac::allows(rule, attributes));
    if allowed { Ok(()) } else { Err(String::new()) }
}

fn unrelated(node: &str) -> String {
    format!("no relationship found between node '{node}' and this object")
}

fn refuse(why: &str) -> Opinion {
    Err(why.to_owned())
}

/// Whether a Pod of the Node refers to something of the name.
fn related(seen: &Seen, node: &str, attributes: &Attributes, refers: fn(&Value, &str) -> bool) -> Opinion {
    let is_related = seen
        .pods(&attributes.namespace)
        .any(|(_, pod)| pod["spec"]["nodeName"] == node && !is_mirror(pod) && refers(pod, &attributes.name));
    if is_related { Ok(()) } else { Err(unrelated(node)) }
}

/// A Pod that stands for one which the kubelet has from elsewhere gives no rights.
fn is_mirror(pod: &Value) -> bool {
    pod["metadata"]["annotations"].get("kubernetes.io/config.mirror").is_some()
}

fn read(seen: &Seen, node: &str, attributes: &Attributes, refers: fn(&Value, &str) -> bool) -> Opinion {
    if !matches!(attributes.verb.as_str(), "get" | "list" | "watch") {
        return refuse("can only read resources of this type");
    }
    if !attributes.subresource.is_empty() {
        return refuse("cannot read subresource");
    }
    if attributes.namespace.is_empty() {
        return refuse("can only read namespaced object of this type");
    }
    if attributes.name.is_empty() {
        return refuse("No Object name found");
    }
    related(seen, node, attributes, refers)
}

fn service_account(seen: &Seen, node: &str, attributes: &Attributes, may_get: bool) -> Opinion {
    let is_get = attributes.verb == "get" && attributes.subresource.is_empty();
    if is_get && may_get {
        return read(seen, node, attributes, runs_as);
    }
    if attributes.verb != "create" || attributes.name.is_empty() {
        return refuse("can only create tokens for individual service accounts");
    }
    if attributes.subresource != "token" {
        return refuse("can only create token subresource of serviceaccount");
    }
    related(seen, node, attributes, runs_as)
}

fn lease(node: &str, attributes: &Attributes) -> Opinion {
    if !matches!(attributes.verb.as_str(), "get" | "create" | "update" | "patch" | "delete") {
        return refuse("can only get, create, update, patch, or delete a node lease");
    }
    if attributes.namespace != "kube-node-lease" {
        return refuse("can only access leases in the \"kube-node-lease\" system namespace");
    }
    if attributes.verb != "create" && attributes.name != node {
        return refuse("can only access node lease with the same name as the requesting node");
    }
    Ok(())
}

fn own_node(node: &str, attributes: &Attributes) -> Opinion {
    match (attributes.subresource.as_str(), attributes.verb.as_str(), attributes.name.as_str()) {
        ("", "create" | "update" | "patch", _) | ("status", "update" | "patch", _) => Ok(()),
        ("", "get" | "list" | "watch", name) if name == node => Ok(()),
        ("", "get" | "list" | "watch", "") => {
            Err(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch", name) => {
            Err(format!("node '{node}' cannot read '{name}', only its own Node object"))
        }
        _ => refuse(""),
    }
}

fn own_pods(seen: &Seen, node: &str, attributes: &Attributes) -> Opinion {
    let on_node = || {
        let is_it = |(name, pod): (&str, &Value)| name == attributes.name && pod["spec"]["nodeName"] == node;
        if seen.pods(&attributes.namespace).any(is_it) { Ok(()) } else { Err(unrelated(node)) }
    };
    match (attributes.subresource.as_str(), attributes.verb.as_str()) {
        ("", "get") if attributes.name.is_empty() => refuse("No Object name found"),
        ("", "get") => on_node(),
        ("", "list" | "watch") if selects(&attributes.field_selector, node) => Ok(()),
        ("", "list" | "watch") if !attributes.name.is_empty() => on_node(),
        ("", "list" | "watch") => refuse("can only list/watch pods with spec.nodeName field selector"),
        ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => Ok(()),
        _ => refuse(""),
    }
}

/// Whether a field selector asks only for Pods of the Node.
fn selects(selector: &str, node: &str) -> bool {
    selector.split(',').any(|term| {
        let value = term.strip_prefix("spec.nodeName=").map(|value| value.strip_prefix('=').unwrap_or(value));
        value == Some(node)
    })
}

fn runs_as(pod: &Value, name: &str) -> bool {
    pod["spec"]["serviceAccountName"] == name
}

fn refers_to_secret(pod: &Value, name: &str) -> bool {
    let spec = &pod["spec"];
    let in_volume = |volume: &Value| {
        volume["secret"]["secretName"] == name
            || ["azureFile"].iter().any(|kind| volume[kind]["secretName"] == name)
            || ["cephfs", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos"]
                .iter()
                .any(|kind| volume[kind]["secretRef"]["name"] == name)
            || volume["csi"]["nodePublishSecretRef"]["name"] == name
            || each(&volume["projected"]["sources"]).any(|source| source["secret"]["name"] == name)
    };
    each(&spec["imagePullSecrets"]).any(|secret| secret["name"] == name)
        || each(&spec["volumes"]).any(in_volume)
        || in_containers(spec, "secretRef", "secretKeyRef", name)
}

fn refers_to_config_map(pod: &Value, name: &str) -> bool {
    let spec = &pod["spec"];
    let in_volume = |volume: &Value| {
        volume["configMap"]["name"] == name
            || each(&volume["projected"]["sources"]).any(|source| source["configMap"]["name"] == name)
    };
    each(&spec["volumes"]).any(in_volume) || in_containers(spec, "configMapRef", "configMapKeyRef", name)
}

/// Whether the environment of a container names it.
fn in_containers(spec: &Value, whole: &str, one: &str, name: &str) -> bool {
    ["initContainers", "containers", "ephemeralContainers"].iter().flat_map(|kind| each(&spec[kind])).any(|container| {
        each(&container["envFrom"]).any(|from| from[whole]["name"] == name)
            || each(&container["env"]).any(|env| env["valueFrom"][one]["name"] == name)
    })
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
