//! Secrets with tokens: filled where somebody asks for one, made for each `ServiceAccount` up to v1.23, and gone with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{MANAGER, written};
use crate::profile::Feature;
use crate::store::{Change, Event, Key};
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

/// Whether an object is there, and the one of the uid. No uid is any.
fn is_there(world: &World, key: &Key, uid: &str) -> bool {
    world.store.get(key).is_some_and(|object| uid.is_empty() || object["metadata"]["uid"] == uid)
}

fn of_account(world: &mut World, key: &Key, uid: &str) {
    if is_there(world, key, uid) {
        if world.profile.has(Feature::AutomaticSecrets) {
            ensure_secret(world, key);
        }
        return;
    }
    let is_its = |secret: &Value| {
        secret["type"] == TYPE && annotation(secret, NAME) == key.name && ["", uid].contains(&annotation(secret, UID))
    };
    let secrets = world.store.list("secrets", &key.namespace).filter(|(_, secret)| is_its(secret));
    let secrets: Vec<Key> = secrets.map(|(key, _)| key.clone()).collect();
    for secret in secrets {
        written::delete(world, &secret);
    }
}

fn of_secret(world: &mut World, event: &Event) {
    let (name, uid) = (annotation(&event.object, NAME), annotation(&event.object, UID));
    if name.is_empty() {
        return;
    }
    let account = Key::new("serviceaccounts", &event.key.namespace, name);
    let has_account = is_there(world, &account, uid);
    if event.change == Change::Deleted || !is_there(world, &event.key, text(&event.object, "/metadata/uid")) {
        if has_account {
            drop_reference(world, &account, &event.key.name);
        }
    } else if has_account {
        fill(world, &account, &event.key);
    } else {
        written::delete(world, &event.key);
    }
}

/// Fills in what a Secret lacks, and puts right a certificate that is not the cluster's.
fn fill(world: &mut World, account: &Key, key: &Key) {
    let Some(secret) = world.store.get(key).cloned() else { return };
    let Some(uid) = world.store.get(account).map(|account| text(account, "/metadata/uid").to_owned()) else { return };
    let lacks = |name: &str| text(&secret["data"], &format!("/{name}")).is_empty();
    let authority = STANDARD.encode(&world.authority);
    let needs_authority = !authority.is_empty() && secret["data"]["ca.crt"] != authority.as_str();
    let (needs_namespace, needs_token) = (lacks("namespace"), lacks("token"));
    if !needs_authority && !needs_namespace && !needs_token {
        return;
    }
    let mut filled = Value::clone(&secret);
    if needs_authority {
        filled["data"]["ca.crt"] = authority.into();
    }
    if needs_namespace {
        filled["data"]["namespace"] = STANDARD.encode(&key.namespace).into();
    }
    if needs_token {
        let token = token::in_secret(world, &key.namespace, &account.name, &uid, &key.name);
        filled["data"]["token"] = STANDARD.encode(token).into();
    }
    filled["metadata"]["annotations"][NAME] = account.name.as_str().into();
    filled["metadata"]["annotations"][UID] = uid.into();
    world.put_as(MANAGER, "", key, filled);
}

/// A `ServiceAccount` lists at least one Secret with its token, which is made where there is none.
fn ensure_secret(world: &mut World, account: &Key) {
    let Some(object) = world.store.get(account).cloned() else { return };
    let uid = text(&object, "/metadata/uid");
    let is_its = |entry: &Value| {
        let secret = world.store.find("secrets", &account.namespace, text(entry, "/name"));
        secret.is_some_and(|secret| {
            secret["type"] == TYPE
                && annotation(secret, NAME) == account.name
                && ["", uid].contains(&annotation(secret, UID))
        })
    };
    if object["secrets"].as_array().is_some_and(|listed| listed.iter().any(is_its)) {
        return;
    }
    let name = format!("{}-token-{}", shortened(&account.name), World::suffix());
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
    let mut listing = Value::clone(&object);
    let mut listed = listing["secrets"].as_array().cloned().unwrap_or_default();
    listed.push(json!({"name": name}));
    listing["secrets"] = listed.into();
    world.put_as(MANAGER, "", account, listing);
}

/// What of a name stands before a suffix: 63 letters are all that a generated name has.
fn shortened(account: &str) -> &str {
    account.get(..63 - "-token-".len() - 5).unwrap_or(account)
}

fn drop_reference(world: &mut World, account: &Key, secret: &str) {
    let Some(object) = world.store.get(account) else { return };
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
