//! Secrets with tokens: filled where somebody asks for one, made for each `ServiceAccount` up to v1.23, and gone with it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{MANAGER, written};
use crate::profile::Feature;
use crate::store::{Event, Key};
use crate::token::{self, text};
use crate::world::World;

const TYPE: &str = "kubernetes.io/service-account-token";
const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";

pub(super) fn react(world: &mut World, event: &Event) {
    match event.key.resource {
        "serviceaccounts" => of_account(world, &event.key, text(&event.object, "/metadata/uid")),
        "secrets" if event.object["type"] == TYPE => of_secret(world, event),
        _ => {}
    }
}

fn annotation<'o>(object: &'o Value, name: &str) -> &'o str {
    object["metadata"]["annotations"][name].as_str().unwrap_or_default()
}

/// An object as the controller sees it, where it is the one of the uid. No uid is any.
fn cached(world: &World, key: &Key, uid: &str) -> Option<Arc<Value>> {
    written::cached(world, key).filter(|object| uid.is_empty() || object["metadata"]["uid"] == uid)
}

/// Whether a Secret is one with a token of a `ServiceAccount`.
fn is_of(secret: &Value, account: &str, uid: &str) -> bool {
    secret["type"] == TYPE && annotation(secret, NAME) == account && ["", uid].contains(&annotation(secret, UID))
}

fn of_account(world: &mut World, key: &Key, uid: &str) {
    if let Some(account) = cached(world, key, uid) {
        if world.profile.has(Feature::AutomaticSecrets) {
            ensure_secret(world, key, &account);
        }
        return;
    }
    let account = key.name.as_str();
    for (key, secret) in written::cached_in(world, "secrets", &key.namespace) {
        if is_of(&secret, account, uid) {
            written::delete(world, &key, text(&secret, "/metadata/uid"));
        }
    }
}

fn of_secret(world: &mut World, event: &Event) {
    let (name, uid) = (annotation(&event.object, NAME), annotation(&event.object, UID));
    if name.is_empty() {
        return;
    }
    let own = text(&event.object, "/metadata/uid");
    let key = Key::new("serviceaccounts", &event.key.namespace, name);
    let account = cached(world, &key, uid);
    let Some(secret) = cached(world, &event.key, own) else {
        if account.is_some() {
            drop_reference(world, &key, uid, &event.key.name);
        }
        return;
    };
    // What was not seen yet may be there.
    let stored = || world.store.get(&key).filter(|stored| uid.is_empty() || stored["metadata"]["uid"] == uid).cloned();
    match account.or_else(stored) {
        Some(account) => fill(world, &account, &event.key, &secret),
        None => written::delete(world, &event.key, own),
    }
}

/// Fills in what a Secret lacks, and puts right a certificate that is not the cluster's.
fn fill(world: &mut World, account: &Value, key: &Key, secret: &Arc<Value>) {
    // Who changed it meanwhile makes for another look.
    if world.store.get(key) != Some(secret) {
        return;
    }
    let (name, uid) = (text(account, "/metadata/name"), text(account, "/metadata/uid"));
    let lacks = |name: &str| text(&secret["data"], &format!("/{name}")).is_empty();
    let authority = STANDARD.encode(&world.authority);
    let needs_authority = !authority.is_empty() && secret["data"]["ca.crt"] != authority.as_str();
    let (needs_namespace, needs_token) = (lacks("namespace"), lacks("token"));
    if !needs_authority && !needs_namespace && !needs_token {
        return;
    }
    let mut filled = Value::clone(secret);
    if needs_authority {
        filled["data"]["ca.crt"] = authority.into();
    }
    if needs_namespace {
        filled["data"]["namespace"] = STANDARD.encode(&key.namespace).into();
    }
    if needs_token {
        let token = token::in_secret(world, &key.namespace, name, uid, &key.name);
        filled["data"]["token"] = STANDARD.encode(token).into();
    }
    filled["metadata"]["annotations"][NAME] = name.into();
    filled["metadata"]["annotations"][UID] = uid.into();
    world.put_as(MANAGER, "", key, filled);
}

/// A `ServiceAccount` lists at least one Secret with its token, which is made where there is none.
fn ensure_secret(world: &mut World, account: &Key, object: &Arc<Value>) {
    let uid = text(object, "/metadata/uid");
    let is_its = |entry: &Value| {
        let key = Key::new("secrets", &account.namespace, text(entry, "/name"));
        // What it made itself it knows before it is told.
        let both = [written::cached(world, &key), world.store.get(&key).cloned()];
        both.iter().flatten().any(|secret| is_of(secret, &account.name, uid))
    };
    let has_one = object["secrets"].as_array().is_some_and(|listed| listed.iter().any(is_its));
    if has_one || world.store.get(account) != Some(object) {
        return;
    }
    let name = World::generated_name(&format!("{}-token-", account.name));
    let token = token::in_secret(world, &account.namespace, &account.name, uid, &name);
    let mut data = json!({"namespace": STANDARD.encode(&account.namespace), "token": STANDARD.encode(token)});
    if !world.authority.is_empty() {
        data["ca.crt"] = STANDARD.encode(&world.authority).into();
    }
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": TYPE, "data": data,
        "metadata": {"annotations": {NAME: account.name, UID: uid}},
    });
    if written::create(world, MANAGER, &Key::new("secrets", &account.namespace, &name), secret).is_none() {
        return;
    }
    let mut listing = Value::clone(object);
    let mut listed = listing["secrets"].as_array().cloned().unwrap_or_default();
    listed.push(json!({"name": name}));
    listing["secrets"] = listed.into();
    world.put_as(MANAGER, "", account, listing);
}

fn drop_reference(world: &mut World, account: &Key, uid: &str, secret: &str) {
    let is_it = |object: &&Arc<Value>| uid.is_empty() || object["metadata"]["uid"] == uid;
    let Some(object) = world.store.get(account).filter(is_it) else { return };
    let Some(listed) = object["secrets"].as_array() else { return };
    let rest: Vec<Value> = listed.iter().filter(|entry| text(entry, "/name") != secret).cloned().collect();
    if rest.len() == listed.len() {
        return;
    }
    let mut changed = Value::clone(object);
    if rest.is_empty() {
        if let Some(fields) = changed.as_object_mut() {
            fields.remove("secrets");
        }
    } else {
        changed["secrets"] = rest.into();
    }
    world.put_as(MANAGER, "", account, changed);
}
