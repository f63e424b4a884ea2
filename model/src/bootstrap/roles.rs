//! The roles and bindings that an API server makes sure of, from `facts/bootstrap.txt`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{managed, meta};
use crate::authz::aggregate;
use crate::facts;
use crate::profile::{Feature, Profile, Release};
use crate::store::Key;
use crate::world::World;

static FACTS: &str = include_str!("../../facts/bootstrap.txt");

const VERSION: &str = "rbac.authorization.k8s.io/v1";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";

/// A resource, as the file and as the store name it, and its kind.
const RESOURCES: [(&str, &str, &str); 4] = [
    ("roles", "roles.rbac.authorization.k8s.io", "Role"),
    ("rolebindings", "rolebindings.rbac.authorization.k8s.io", "RoleBinding"),
    ("clusterroles", CLUSTER_ROLES, "ClusterRole"),
    ("clusterrolebindings", "clusterrolebindings.rbac.authorization.k8s.io", "ClusterRoleBinding"),
];

/// Objects but for the uid and the times, which they are given when they are written.
type Templates = BTreeMap<Key, Value>;

/// What was read already, by minor.
static READ: Mutex<BTreeMap<Release, Arc<Templates>>> = Mutex::new(BTreeMap::new());

/// What there is by default in a version. Read once in a process.
fn templates(profile: &Profile) -> Arc<Templates> {
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(read.entry(profile.release()).or_insert_with(|| Arc::new(parsed(profile))))
}

fn parsed(profile: &Profile) -> Templates {
    let mut templates = Templates::new();
    let mut last = None;
    for line in facts::lines(FACTS, profile) {
        if let Some(rule) = line.strip_prefix(". ") {
            let object = last.as_ref().and_then(|key| templates.get_mut(key));
            if let (Some(rules), Ok(rule)) =
                (object.and_then(|object| object["rules"].as_array_mut()), serde_json::from_str(rule))
            {
                rules.push(rule);
            }
            continue;
        }
        let mut words = line.splitn(4, ' ');
        let (Some(resource), Some(namespace), Some(name), Some(head)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let known = RESOURCES.iter().find(|(short, ..)| *short == resource);
        let (Some((_, full, kind)), Ok(mut object)) = (known, serde_json::from_str::<Value>(head)) else { continue };
        object["kind"] = (*kind).into();
        object["apiVersion"] = VERSION.into();
        object["metadata"]["name"] = name.into();
        if kind.ends_with("Role") {
            object["rules"] = json!([]);
        }
        let key = Key::new(full, namespace.trim_matches('-'), name);
        templates.insert(key.clone(), object);
        last = Some(key);
    }
    aggregate_all(&mut templates);
    for (key, object) in &mut templates {
        manage(key, object);
    }
    templates
}

/// Notes who manages which fields, as of no time yet.
fn manage(key: &Key, object: &mut Value) {
    let meta = meta(&key.namespace, &key.name, "", &managed("kube-apiserver", VERSION, "", &fields(object)));
    if let (Some(own), Value::Object(meta)) = (object["metadata"].as_object_mut(), meta) {
        own.extend(meta);
    }
    if object.get("aggregationRule").is_some() {
        aggregate::claim(object, "");
    }
}

/// Gives aggregated roles their rules; they are part of each other.
fn aggregate_all(templates: &mut Templates) {
    loop {
        let (keys, roles): (Vec<_>, Vec<_>) = templates.iter().filter(|(key, _)| key.resource == CLUSTER_ROLES).unzip();
        let changed = std::iter::zip(keys, &roles)
            .filter(|(_, role)| role.get("aggregationRule").is_some())
            .map(|(key, role)| (key.clone(), Value::from(aggregate::rules(role, &roles)), *role))
            .find(|(_, rules, role)| role["rules"] != *rules)
            .map(|(key, rules, _)| (key, rules));
        let Some((key, aggregated)) = changed else { return };
        if let Some(role) = templates.get_mut(&key) {
            role["rules"] = aggregated;
        }
    }
}

/// All of them, as they are written at a time.
pub(super) fn all(profile: &Profile, now: &str) -> Vec<(Key, Value)> {
    let templates = templates(profile);
    let all = templates.iter().map(|(key, template)| {
        let mut object = template.clone();
        if key.name == "system:basic-user" && key.resource == CLUSTER_ROLES {
            grant_self_review(&mut object, profile.has(Feature::SelfReviewIsGranted));
        }
        let metadata = &mut object["metadata"];
        metadata["uid"] = World::uid().into();
        metadata["creationTimestamp"] = now.into();
        for entry in metadata["managedFields"].as_array_mut().into_iter().flatten() {
            entry["time"] = now.into();
        }
        (key.clone(), object)
    });
    all.collect()
}

/// A feature gate says whether everybody may ask who they are.
fn grant_self_review(role: &mut Value, is_granted: bool) {
    let granted =
        json!({"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]});
    if let Some(rules) = role["rules"].as_array_mut() {
        rules.retain(|known| *known != granted);
        if is_granted {
            rules.push(granted);
        }
    }
}

/// The fields that the API server manages of one of its own objects.
fn fields(object: &Value) -> Value {
    let each = |map: &Value| {
        let keys = map.as_object().into_iter().flatten().map(|(key, _)| (format!("f:{key}"), json!({})));
        Value::Object([(".".to_owned(), json!({}))].into_iter().chain(keys).collect())
    };
    let mut fields = json!({"f:metadata": {}});
    for key in ["annotations", "labels"] {
        if let Some(map) = object["metadata"].get(key) {
            fields["f:metadata"][format!("f:{key}")] = each(map);
        }
    }
    if object.get("aggregationRule").is_some() {
        fields["f:aggregationRule"] = json!({".": {}, "f:clusterRoleSelectors": {}});
        return fields;
    }
    for key in ["roleRef", "rules", "subjects"] {
        if object.get(key).is_some() {
            fields[format!("f:{key}")] = json!({});
        }
    }
    fields
}

/// What the Node authorizer lets every Node do that it does not look at more closely: the rules of `system:node`.
pub(crate) fn node_rules(profile: &Profile) -> Vec<Value> {
    let templates = templates(profile);
    let role = templates.get(&Key::new(CLUSTER_ROLES, "", "system:node"));
    role.and_then(|role| role["rules"].as_array()).cloned().unwrap_or_default()
}
