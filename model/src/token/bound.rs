//! Tokens that were asked for: good as long as the `ServiceAccount` is there, and what they are bound to.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::profile::Feature;
use crate::user::User;
use crate::world::World;

use super::lookup::{LEEWAY, is_past, object};
use super::text;

/// The user of a token with these claims, or why it is none any more.
pub(super) fn check(world: &World, claims: &Value) -> Result<User, String> {
    let (profile, now) = (&world.profile, world.now());
    let says_what = profile.has(Feature::TokenErrorsSayWhat);
    let expires = claims["exp"].as_i64().and_then(|at| Timestamp::from_second(at).ok());
    if expires.is_some_and(|at| now.duration_since(at) > LEEWAY) {
        return Err(if says_what { "service account token has expired" } else { "Token has expired." }.to_owned());
    }

    let about = &claims["kubernetes.io"];
    let (namespace, account) = (text(about, "/namespace"), &about["serviceaccount"]);
    let (name, uid) = (text(account, "/name"), text(account, "/uid"));
    let stored = object(world, "serviceaccounts", namespace, name)
        .ok_or_else(|| format!("serviceaccounts {name:?} not found"))?;
    let called = if says_what { "service account" } else { "ServiceAccount" };
    let other = || format!("{called} UID ({}) does not match claim ({uid})", text(&stored, "/metadata/uid"));
    let deleted = || format!("{called} {namespace}/{name} has been deleted");
    stands(world, &stored, uid, other, deleted)?;

    for (claim, resource) in [("secret", "secrets"), ("pod", "pods")] {
        if let Some(claim) = about.get(claim) {
            check_reference(world, resource, namespace, claim)?;
        }
    }
    let node = match (about.get("node"), about.get("pod")) {
        (Some(node), Some(_)) => Some(node).filter(|_| profile.has(Feature::NodeOfPodInTokens)),
        (Some(node), None) if profile.has(Feature::NodesKnownToTokens) => {
            if !profile.has(Feature::TokensOfNodesBelieved) {
                let gate = "ServiceAccountTokenNodeBindingValidation";
                return Err(format!("token is bound to a Node object but the {gate} feature gate is disabled"));
            }
            check_reference(world, "nodes", "", node)?;
            Some(node)
        }
        _ => None,
    };

    let mut user = User::service_account(namespace, name, uid);
    let mut add = |key: &str, value: &str| {
        if !value.is_empty() {
            user.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
        }
    };
    add("pod-name", text(about, "/pod/name"));
    add("pod-uid", text(about, "/pod/uid"));
    if let Some(node) = node {
        add("node-name", text(node, "/name"));
        add("node-uid", text(node, "/uid"));
    }
    if let Some(id) = claims["jti"].as_str().filter(|_| profile.has(Feature::TokenIds)) {
        add("credential-id", &format!("JTI={id}"));
    }
    Ok(user)
}

/// Looks up what a token is bound to.
fn check_reference(world: &World, resource: &'static str, namespace: &str, claim: &Value) -> Result<(), String> {
    let says_what = world.profile.has(Feature::TokenErrorsSayWhat);
    let gone = || {
        let text = if says_what { "service account token has been invalidated" } else { "Token has been invalidated" };
        text.to_owned()
    };
    let (name, uid) = (text(claim, "/name"), text(claim, "/uid"));
    let stored: Arc<Value> = object(world, resource, namespace, name).ok_or_else(gone)?;
    let other = || {
        let found = text(&stored, "/metadata/uid");
        let kind = resource.trim_end_matches('s');
        if says_what {
            format!("{kind} UID ({found}) does not match service account {kind} ref claim ({uid})")
        } else {
            let kind = if kind == "pod" { "Pod" } else { "Secret" };
            format!("{kind} UID ({found}) does not match claim ({uid})")
        }
    };
    stands(world, &stored, uid, other, gone)
}

/// Whether an object is the one that is meant, and not deleted for long. Which is told first depends on the version.
fn stands(
    world: &World,
    stored: &Value,
    uid: &str,
    other: impl FnOnce() -> String,
    deleted: impl FnOnce() -> String,
) -> Result<(), String> {
    let is_other = text(stored, "/metadata/uid") != uid;
    let is_deleted = is_past(stored, world.now());
    match (is_other, is_deleted) {
        (false, false) => Ok(()),
        (true, true) if world.profile.has(Feature::UidBeforeDeletion) => Err(other()),
        (_, true) => Err(deleted()),
        (true, false) => Err(other()),
    }
}
