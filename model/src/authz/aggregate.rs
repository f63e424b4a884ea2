//! The controller that gives each aggregated `ClusterRole` the rules of those that their selectors choose.

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::store::{Event, Key};
use crate::world::World;

const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const MANAGER: &str = "clusterrole-aggregation-controller";

/// Looks at one event: when a `ClusterRole` changes, those that it is or was part of may change.
pub(crate) fn react(world: &mut World, event: &Event) {
    if event.key.resource != CLUSTER_ROLES {
        return;
    }
    let states: Vec<&Value> =
        [Some(&event.object), event.before.as_ref()].into_iter().flatten().map(|o| &**o).collect();
    let is_concerned = |(key, role): &(&Key, &std::sync::Arc<Value>)| {
        let mut selectors = selectors(role).peekable();
        selectors.peek().is_some()
            && (**key == event.key || selectors.any(|selector| states.iter().any(|state| selects(selector, state))))
    };
    let concerned: Vec<Key> =
        world.store.list(CLUSTER_ROLES, "").filter(is_concerned).map(|(key, _)| key.clone()).collect();
    for key in concerned {
        let Some(role) = world.store.get(&key) else { continue };
        let all: Vec<&Value> = world.store.list(CLUSTER_ROLES, "").map(|(_, role)| &**role).collect();
        let rules = rules(role, &all);
        let is_managed = || {
            role["metadata"]["managedFields"].as_array().into_iter().flatten().any(|known| known["manager"] == MANAGER)
        };
        if rules.is_empty() && !is_managed() {
            // It applies a configuration without rules then, which is nothing.
            continue;
        }
        if role["rules"].as_array().map(Vec::as_slice).unwrap_or_default() != rules {
            let mut role = Value::clone(role);
            role["rules"] = rules.into();
            claim(&mut role, &rfc3339(world.now()));
            world.put(key, role);
        }
    }
}

/// The rules of an aggregated role. `roles` are all there are, by name.
pub(crate) fn rules(role: &Value, roles: &[&Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for selector in selectors(role) {
        for chosen in roles.iter().filter(|other| selects(selector, other)) {
            if chosen["metadata"]["name"] == role["metadata"]["name"] {
                continue;
            }
            for rule in chosen["rules"].as_array().into_iter().flatten() {
                if !all.contains(rule) {
                    all.push(rule.clone());
                }
            }
        }
    }
    all
}

/// Notes that the controller manages the rules, as its server-side apply does.
pub(crate) fn claim(role: &mut Value, now: &str) {
    let entry = json!({
        "manager": MANAGER, "operation": "Apply", "apiVersion": "rbac.authorization.k8s.io/v1", "time": now,
        "fieldsType": "FieldsV1", "fieldsV1": {"f:rules": {}},
    });
    let managed = &mut role["metadata"]["managedFields"];
    match managed.as_array_mut() {
        Some(entries) => {
            // It applies by force: nobody else has the rules any more.
            for known in entries.iter_mut() {
                if let Some(fields) = known["fieldsV1"].as_object_mut() {
                    fields.remove("f:rules");
                }
            }
            let is_empty = |known: &Value| known["fieldsV1"].as_object().is_some_and(serde_json::Map::is_empty);
            entries.retain(|known| known["manager"] != MANAGER && !is_empty(known));
            entries.insert(0, entry);
        }
        None => *managed = json!([entry]),
    }
}

fn selectors(role: &Value) -> impl Iterator<Item = &Value> {
    role["aggregationRule"]["clusterRoleSelectors"].as_array().into_iter().flatten()
}

/// Whether a label selector chooses an object.
fn selects(selector: &Value, object: &Value) -> bool {
    let labels = &object["metadata"]["labels"];
    let equal = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key).is_some_and(|label| label == value));
    equal
        && selector["matchExpressions"].as_array().into_iter().flatten().all(|expression| {
            let label = labels.get(expression["key"].as_str().unwrap_or_default());
            let is_one = || expression["values"].as_array().into_iter().flatten().any(|value| Some(value) == label);
            match expression["operator"].as_str().unwrap_or_default() {
                "In" => is_one(),
                "NotIn" => !is_one(),
                "Exists" => label.is_some(),
                "DoesNotExist" => label.is_none(),
                _ => false,
            }
        })
}
