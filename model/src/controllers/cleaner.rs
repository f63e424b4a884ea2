//! Cleans up automatic Secrets whose token nobody uses: first they are marked, by which the token is refused, then deleted.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{MANAGER, Timer, tokens_tracking, written};
use crate::profile::Feature;
use crate::store::{Event, Key};
use crate::token::{INVALID_SINCE, LAST_USED, day, duration, text};
use crate::world::World;

/// How often it looks.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How long nobody has to have used a token, where no flag says otherwise.
const A_YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Looks when the control plane starts, for the first time.
pub(super) fn react(world: &mut World, event: &Event) {
    let is_begin = event.key.resource == "namespaces" && event.key.name == "kube-system" && event.before.is_none();
    if is_begin && world.profile.has(Feature::LegacyTokensCleaned) {
        clean(world);
    }
}

pub(super) fn clean(world: &mut World) {
    let now = world.now();
    world.after(EVERY, Timer::CleanTokens);
    let flag = world.profile.controller_manager.get("legacy-service-account-token-clean-up-period");
    let period = flag.and_then(|text| duration(text)).unwrap_or(A_YEAR);
    let Ok(before) = now.checked_sub(period) else { return };
    if tracked_since(world).is_none_or(|since| since > before) {
        return;
    }
    let unused = world.store.list("secrets", "").filter(|(key, secret)| is_unused(world, key, secret, before));
    let unused: Vec<(Key, Value)> = unused.map(|(key, secret)| (key.clone(), Value::clone(secret))).collect();
    for (key, secret) in unused {
        let since = secret["metadata"]["labels"][INVALID_SINCE].as_str().unwrap_or_default();
        let marks = world.profile.has(Feature::LegacyTokensInvalidated);
        if marks && tokens_tracking::date(since).is_none() {
            let mut marked = secret;
            marked["metadata"]["labels"][INVALID_SINCE] = day(now, 0).into();
            world.put_as(MANAGER, "", &key, marked);
        } else if !marks || since < day(before, 0).as_str() {
            written::delete(world, &key, text(&secret, "/metadata/uid"));
        }
    }
}

/// From when on all use is known: the day after tracking began.
fn tracked_since(world: &World) -> Option<Timestamp> {
    let since = tokens_tracking::since(world.store.get(&tokens_tracking::key())?)?;
    Some(since.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Whether a Secret is one that its `ServiceAccount` lists, that no Pod names, and whose token nobody used since a time.
fn is_unused(world: &World, key: &Key, secret: &Value, since: Timestamp) -> bool {
    let metadata = &secret["metadata"];
    let annotation = |name: &str| metadata["annotations"][name].as_str().unwrap_or_default();
    let is_old = text(metadata, "/creationTimestamp").parse().is_ok_and(|made: Timestamp| made < since);
    if secret["type"] != "kubernetes.io/service-account-token" || !is_old || metadata.get("deletionTimestamp").is_some()
    {
        return false;
    }
    if let Some(used) = metadata["labels"][LAST_USED].as_str()
        && (tokens_tracking::date(used).is_none() || used >= day(since, 0).as_str())
    {
        return false;
    }
    let name = annotation("kubernetes.io/service-account.name");
    let uid = annotation("kubernetes.io/service-account.uid");
    let account = world.store.find("serviceaccounts", &key.namespace, name);
    account.is_some_and(|account| {
        let is_its = uid.is_empty() || account["metadata"]["uid"] == uid;
        let mut listed = account["secrets"].as_array().into_iter().flatten();
        is_its && listed.any(|entry| entry["name"] == key.name.as_str())
    }) && !named_by_pods(world, &key.namespace).contains(&key.name)
}

/// The Secrets that Pods of a Namespace name: to pull images with, in the environment of containers, in volumes.
fn named_by_pods(world: &World, namespace: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, pod) in world.store.list("pods", namespace) {
        collect(&pod["spec"], &mut names);
    }
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| collect(one, names)),
        Value::Object(fields) => {
            for (field, value) in fields {
                let references = match field.as_str() {
                    "imagePullSecrets" => value.as_array().map(Vec::as_slice).unwrap_or_default(),
                    "secret" | "secretRef" | "secretKeyRef" | "nodePublishSecretRef" => std::slice::from_ref(value),
                    _ => &[],
                };
                for reference in references {
                    let name = [text(reference, "/name"), text(reference, "/secretName")].concat();
                    names.insert(name);
                }
                collect(value, names);
            }
        }
        _ => {}
    }
}
