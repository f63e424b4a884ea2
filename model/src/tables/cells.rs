//! What stands in each column.

use jiff::Timestamp;
use serde_json::Value;

use super::{age, pods};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;

const NONE: &str = "<none>";

/// The cell of an object in a column; none where nothing is known of that column.
pub(super) fn cell(
    profile: &Profile,
    now: Timestamp,
    resource: &Resource,
    object: &Value,
    column: &str,
) -> Option<Value> {
    let meta = &object["metadata"];
    match (resource.kind, column) {
        (_, "Name") => Some(meta["name"].clone()),
        (_, "Age") => Some(age::since(&meta["creationTimestamp"], now).into()),
        (_, "Created At") => Some(meta["creationTimestamp"].clone()),
        ("Namespace", "Status") => Some(text(&object["status"]["phase"]).into()),
        ("ConfigMap", "Data") => Some((count(&object["data"]) + count(&object["binaryData"])).into()),
        ("Secret", "Data") => Some(count(&object["data"]).into()),
        ("Secret", "Type") => Some(text(&object["type"]).into()),
        ("ServiceAccount", "Secrets") => Some(count(&object["secrets"]).into()),
        ("Lease", "Holder") => Some(text(&object["spec"]["holderIdentity"]).into()),
        ("RoleBinding" | "ClusterRoleBinding", _) => binding(object, column).map(Value::from),
        ("Node", _) => node(profile, object, column).map(Value::from),
        ("Pod", _) => pods::cell(profile, now, object, column).map(Value::from),
        _ => None,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn or<'t>(text: &'t str, other: &'t str) -> &'t str {
    if text.is_empty() { other } else { text }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

fn binding(object: &Value, column: &str) -> Option<String> {
    let of_kind = |kind: &str, name: &dyn Fn(&Value) -> String| {
        let subjects = object["subjects"].as_array().into_iter().flatten();
        subjects.filter(|subject| subject["kind"] == kind).map(name).collect::<Vec<_>>().join(", ")
    };
    let name = |subject: &Value| text(&subject["name"]).to_owned();
    let role = &object["roleRef"];
    Some(match column {
        "Role" => format!("{}/{}", text(&role["kind"]), text(&role["name"])),
        "Users" => of_kind("User", &name),
        "Groups" => of_kind("Group", &name),
        "ServiceAccounts" => {
            of_kind("ServiceAccount", &|subject| format!("{}/{}", text(&subject["namespace"]), text(&subject["name"])))
        }
        _ => return None,
    })
}

fn node(profile: &Profile, object: &Value, column: &str) -> Option<String> {
    let status = &object["status"];
    let info = |key: &str| or(text(&status["nodeInfo"][key]), "<unknown>").to_owned();
    let address = |kind: &str| {
        let addresses = status["addresses"].as_array().into_iter().flatten();
        let found = addresses.filter(|address| address["type"] == kind).map(|address| text(&address["address"])).next();
        found.unwrap_or(NONE).to_owned()
    };
    Some(match column {
        "Status" => {
            let mut conditions = status["conditions"].as_array().into_iter().flatten();
            let ready = conditions.rfind(|condition| condition["type"] == "Ready");
            let mut shown = match ready.map(|condition| condition["status"] == "True") {
                Some(true) => "Ready",
                Some(false) => "NotReady",
                None => "Unknown",
            }
            .to_owned();
            if object["spec"]["unschedulable"] == true {
                shown.push_str(",SchedulingDisabled");
            }
            shown
        }
        "Roles" => {
            let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
            let role = |(key, value): (&String, &Value)| {
                let role = match key.as_str() {
                    "kubernetes.io/role" => text(value),
                    other => other.strip_prefix("node-role.kubernetes.io/").unwrap_or_default(),
                };
                (!role.is_empty()).then(|| role.to_owned())
            };
            let mut roles: Vec<String> = labels.filter_map(role).collect();
            roles.sort_unstable();
            roles.dedup();
            or(&roles.join(","), NONE).to_owned()
        }
        "Version" => text(&status["nodeInfo"]["kubeletVersion"]).to_owned(),
        "Internal-IP" => address("InternalIP"),
        "External-IP" => address("ExternalIP"),
        "OS-Image" => info("osImage"),
        "Kernel-Version" => match text(&status["nodeInfo"]["architecture"]) {
            architecture if !architecture.is_empty() && profile.has(Feature::KernelsShowArchitecture) => {
                format!("{} ({architecture})", info("kernelVersion"))
            }
            _ => info("kernelVersion"),
        },
        "Container-Runtime" => info("containerRuntimeVersion"),
        _ => return None,
    })
}
