//! Tokens of `ServiceAccount`s: how they are made, reviewed and believed.

mod admit;
mod bound;
mod cache;
mod chain;
mod discovery;
mod duration;
mod jwt;
mod legacy;
mod lookup;
mod request;
mod review;
#[cfg(test)]
pub(crate) mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::Model;
use crate::profile::Feature;
use crate::status::Refusal;
use crate::user::User;
use crate::world::{Outcome, World};

pub(crate) use cache::Cache;
pub(crate) use discovery::discovery;
pub(crate) use duration::duration;
pub(crate) use legacy::day;
pub(crate) use request::request;
pub(crate) use review::review;

/// Who issues the tokens that are kept in Secrets.
const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";
/// The day on which a token in a Secret was used last.
pub(crate) const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";
/// The day since which a token in a Secret is refused.
pub(crate) const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

/// Who a bearer token stands for, and the warnings of that.
pub(crate) struct Believed {
    pub(crate) user: User,
    pub(crate) warnings: Vec<String>,
}

/// The user of an `Authorization` header; none where there is none that counts, 401 where it is no good.
pub(crate) fn bearer(world: &mut World, headers: &HeaderMap) -> Outcome<Option<Believed>> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let header = String::from_utf8_lossy(header.as_bytes());
    match chain::authenticate(world, &header, &[Model::ISSUER.to_owned()]) {
        chain::Verdict::Blank if world.profile.has(Feature::BlankTokensWarned) => {
            let warning =
                "the provided Authorization header contains extra space before the bearer token, and is ignored";
            Ok(Some(Believed { user: User::anonymous(), warnings: vec![warning.to_owned()] }))
        }
        chain::Verdict::Nobody | chain::Verdict::Blank => Ok(None),
        chain::Verdict::Good(found) => Ok(Some(Believed { user: found.user, warnings: found.warnings })),
        chain::Verdict::Bad(_) => Err(Refusal::unauthorized()),
    }
}

/// The token that a Secret holds: of names and the uid of the `ServiceAccount` alone, so that it is always the same.
pub(crate) fn in_secret(world: &mut World, namespace: &str, account: &str, uid: &str, secret: &str) -> String {
    let claims = json!({
        "iss": LEGACY_ISSUER,
        "sub": User::account_name(namespace, account),
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": account,
        "kubernetes.io/serviceaccount/service-account.uid": uid,
    });
    sign(world, &claims)
}

/// A token of claims. That it is signed well need not be found out again.
fn sign(world: &mut World, claims: &Value) -> String {
    let token = world.key.token(claims);
    world.cache.signed(&token);
    token
}

/// The bytes of a value in the `data` of a Secret.
pub(crate) fn decoded(data: &str) -> Vec<u8> {
    STANDARD.decode(data).unwrap_or_default()
}

/// A text inside of an object; empty where there is none.
pub(crate) fn text<'o>(object: &'o Value, pointer: &str) -> &'o str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
