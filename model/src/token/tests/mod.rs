//! Tokens against a store that is written by hand, on the versions around each change.

mod requests;
mod reviews;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{bearer, request, review};
use crate::answer::{Answer, Content};
use crate::clock::{Clock, rfc3339};
use crate::key::SigningKey;
use crate::profile::{Profile, releases};
use crate::status::Refusal;
use crate::store::Key;
use crate::user::User;
use crate::world::World;

static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| Arc::new(SigningKey::make().unwrap()));

pub(crate) fn world(minor: u32) -> World {
    set_up(minor, &[], &[])
}

pub(crate) fn gated(minor: u32, gates: &[(&str, bool)]) -> World {
    set_up(minor, gates, &[])
}

/// A control plane with gates and flags of its API server.
fn set_up(minor: u32, gates: &[(&str, bool)], flags: &[(&str, &str)]) -> World {
    let release = *releases().iter().find(|release| release.minor == minor).unwrap();
    let gates = gates.iter().map(|(gate, on)| ((*gate).to_owned(), *on)).collect();
    let flags = flags.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect();
    let profile = Profile::new(release, &gates, &flags, &BTreeMap::new()).unwrap();
    let mut world = World::new(profile, Clock::start(), KEY.clone(), "-----BEGIN CERTIFICATE-----".to_owned());
    world.address = "192.0.2.1:6443".to_owned();
    put(&mut world, "namespaces", "", "demo", json!({"status": {"phase": "Active"}}));
    put(&mut world, "serviceaccounts", "demo", "demo-sa", json!({}));
    world
}

/// Writes an object with a new uid, which is given back.
pub(crate) fn put(world: &mut World, resource: &'static str, namespace: &str, name: &str, rest: Value) -> String {
    let uid = World::uid();
    let mut object = rest;
    let metadata = &mut object["metadata"];
    metadata["name"] = name.into();
    metadata["namespace"] = namespace.into();
    metadata["uid"] = uid.as_str().into();
    metadata["creationTimestamp"] = rfc3339(world.now()).into();
    world.put(Key::new(resource, namespace, name), object);
    uid
}

pub(crate) async fn pass(world: &mut World, seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
    world.catch_up();
}

fn body(answer: Answer) -> Value {
    match answer.content {
        Content::Json(body) => Value::clone(&body),
        other => panic!("no JSON: {other:?}"),
    }
}

fn administrator() -> User {
    User { name: "admin".to_owned(), groups: vec!["system:masters".to_owned()], ..User::default() }
}

fn asked(world: &mut World, spec: Value) -> Result<Value, Refusal> {
    let mut asked = json!({"metadata": {}});
    asked["spec"] = spec;
    request(world, &administrator(), "demo", "demo-sa", &asked).map(body)
}

fn token(world: &mut World, spec: Value) -> String {
    asked(world, spec).unwrap()["status"]["token"].as_str().unwrap().to_owned()
}

fn bound(kind: &str, name: &str) -> Value {
    json!({"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name}})
}

fn claims(token: &str) -> Value {
    super::jwt::Jwt::parse(token).unwrap().claims
}

pub(crate) fn status(world: &mut World, token: &str, audiences: &[&str]) -> Value {
    let asked = json!({"metadata": {}, "spec": {"token": token, "audiences": audiences}});
    body(review(world, &asked).unwrap())["status"].take()
}

/// Why a review refuses a token; a nonce among the audiences goes round what is remembered.
pub(crate) fn error(world: &mut World, token: &str) -> String {
    let nonce = World::uid();
    let status = status(world, token, &[crate::Model::ISSUER, &nonce]);
    assert_eq!(status.get("authenticated"), status.get("error").is_none().then_some(&json!(true)));
    status["error"].as_str().unwrap_or_default().to_owned()
}

fn as_bearer(world: &mut World, header: &str) -> Result<Option<(User, Vec<String>)>, u16> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", header.parse().unwrap());
    bearer(world, &headers).map(|found| found.map(|found| (found.user, found.warnings))).map_err(|refusal| refusal.code)
}
