//! Empties Namespaces that are being deleted, and lets them go.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Timer;
use crate::api::{DeleteOptions, end};
use crate::clock::rfc3339;
use crate::resources::RESOURCES;
use crate::store::{Event, Key};
use crate::world::World;

/// How soon it is looked again whether what was to be deleted has gone.
const AGAIN: SignedDuration = SignedDuration::from_secs(8);
/// How long the controller waits before it begins, so that all API servers have seen that the Namespace goes.
const BEGIN_AFTER: SignedDuration = SignedDuration::from_secs(5);
const MANAGER: &str = "kube-controller-manager";

pub(super) fn react(world: &mut World, event: &Event) {
    if event.key.resource == "namespaces" && !event.object["metadata"]["deletionTimestamp"].is_null() {
        world.after(BEGIN_AFTER, Timer::Empty { namespace: event.key.name.clone() });
    }
}

/// Deletes what is in a Namespace; when nothing is left, the Namespace goes.
pub(super) fn look(world: &mut World, namespace: &str) {
    let key = Key::new("namespaces", "", namespace);
    let Some(object) = world.store.get(&key).cloned() else { return };
    let is_held = object["spec"]["finalizers"].as_array().is_some_and(|all| all.iter().any(|one| one == "kubernetes"));
    if object["metadata"]["deletionTimestamp"].is_null() || !is_held {
        return;
    }
    let mut left = Vec::new();
    for resource in RESOURCES.iter().filter(|resource| resource.namespaced) {
        let here: Vec<_> =
            world.store.list(resource.full, namespace).map(|(key, object)| (key.clone(), object.clone())).collect();
        for (key, object) in here {
            let options = DeleteOptions { propagation: Some("Background".to_owned()), ..DeleteOptions::default() };
            end(world, resource, &key, &object, &options);
            if let Some(object) = world.store.get(&key) {
                left.push((resource, object.clone()));
            }
        }
    }
    let mut next = Value::clone(&object);
    let count = |resource: &str| left.iter().filter(|(of, _)| of.full == resource).count();
    let mut finalizers: Vec<(String, usize)> = Vec::new();
    for (_, object) in &left {
        for finalizer in object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            match finalizers.iter_mut().find(|(known, _)| known == finalizer) {
                Some((_, count)) => *count += 1,
                None => finalizers.push((finalizer.to_owned(), 1)),
            }
        }
    }
    finalizers.sort();
    let content = RESOURCES.iter().filter(|resource| count(resource.full) > 0);
    let content: Vec<String> = content
        .map(|resource| {
            let group = if resource.group.is_empty() { String::new() } else { format!(".{}", resource.group) };
            format!("{}{}. has {} resource instances", resource.plural, group, count(resource.full))
        })
        .collect();
    let finalizers: Vec<String> =
        finalizers.into_iter().map(|(name, count)| format!("{name} in {count} resource instances")).collect();
    next["status"]["conditions"] =
        conditions(&object["status"]["conditions"], &content, &finalizers, &rfc3339(world.now()));
    world.put_as(MANAGER, "status", &key, next);
    if !left.is_empty() {
        world.after(AGAIN, Timer::Empty { namespace: namespace.to_owned() });
        return;
    }
    let Some(object) = world.store.get(&key).cloned() else { return };
    let mut next = Value::clone(&object);
    if let Some(all) = next["spec"]["finalizers"].as_array_mut() {
        all.retain(|one| one != "kubernetes");
    }
    let is_free = next["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty)
        && next["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
    if is_free {
        world.remove(&key);
    } else {
        if let Some(spec) = next["spec"].as_object_mut()
            && spec["finalizers"].as_array().is_none_or(Vec::is_empty)
        {
            spec.remove("finalizers");
        }
        world.put_as(MANAGER, "finalize", &key, next);
    }
}

fn conditions(before: &Value, content: &[String], finalizers: &[String], now: &str) -> Value {
    let remaining = |texts: &[String], words: &str| format!("{words}: {}", texts.join(", "));
    let rows: [(&str, bool, &str, String); 5] = [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        (
            "NamespaceDeletionContentFailure",
            false,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization".to_owned(),
        ),
        if content.is_empty() {
            ("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed".to_owned())
        } else {
            (
                "NamespaceContentRemaining",
                true,
                "SomeResourcesRemain",
                remaining(content, "Some resources are remaining"),
            )
        },
        if finalizers.is_empty() {
            (
                "NamespaceFinalizersRemaining",
                false,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished".to_owned(),
            )
        } else {
            (
                "NamespaceFinalizersRemaining",
                true,
                "SomeFinalizersRemain",
                remaining(finalizers, "Some content in the namespace has finalizers remaining"),
            )
        },
    ];
    let rows = rows.into_iter().map(|(kind, is_true, reason, message)| {
        let status = if is_true { "True" } else { "False" };
        let was = before.as_array().into_iter().flatten().find(|condition| condition["type"] == kind);
        let since =
            was.filter(|was| was["status"] == status).and_then(|was| was["lastTransitionTime"].as_str()).unwrap_or(now);
        json!({"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message})
    });
    Value::Array(rows.collect())
}
