//! Tokens that lie in Secrets: good as long as they do.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::Value;

use crate::profile::Feature;
use crate::store::Key;
use crate::user::User;
use crate::world::World;

use super::lookup::{deleted, object};
use super::{INVALID_SINCE, LAST_USED, text};

const LISTED: &str = "Use tokens from the TokenRequest API or manually created secret-based tokens instead of \
    auto-generated secret-based tokens.";

/// The user of a token with these claims and the warnings of its use, or why it is none any more. Leaves the date.
pub(super) fn check(world: &mut World, token: &str, claims: &Value) -> Result<(User, Vec<String>), String> {
    let claim = |name: &str| claims[format!("kubernetes.io/serviceaccount/{name}")].as_str().unwrap_or_default();
    let (namespace, secret_name) = (claim("namespace"), claim("secret.name"));
    let (name, uid) = (claim("service-account.name"), claim("service-account.uid"));

    let gone = || "Token has been invalidated".to_owned();
    let secret = object(world, "secrets", namespace, secret_name).ok_or_else(gone)?;
    if deleted(&secret).is_some() {
        return Err(gone());
    }
    if super::decoded(text(&secret, "/data/token")) != token.as_bytes() {
        return Err("Token does not match server's copy".to_owned());
    }
    let account = object(world, "serviceaccounts", namespace, name)
        .ok_or_else(|| format!("serviceaccounts {name:?} not found"))?;
    if deleted(&account).is_some() {
        return Err(format!("ServiceAccount {namespace}/{name} has been deleted"));
    }
    let found = text(&account, "/metadata/uid");
    if found != uid {
        return Err(format!("ServiceAccount UID ({found}) does not match claim ({uid})"));
    }

    let label = secret["metadata"]["labels"][INVALID_SINCE].as_str().unwrap_or_default();
    if world.profile.has(Feature::LegacyTokensInvalidated) && !label.is_empty() {
        note_use(world, &secret);
        return Err(format!(
            "the token in secret {namespace}/{secret_name} for service account {namespace}/{name} has been marked \
             invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the \
             '{INVALID_SINCE}' label from the secret to temporarily allow use of this token"
        ));
    }
    let mut warnings = Vec::new();
    if world.profile.has(Feature::LegacyTokensTracked) {
        let listed = account["secrets"].as_array().into_iter().flatten();
        warnings.extend(listed.filter(|entry| entry["name"] == secret_name).map(|_| LISTED.to_owned()).take(1));
        note_use(world, &secret);
    }
    Ok((User::service_account(namespace, name, uid), warnings))
}

/// Writes the day into a label of the Secret, unless it stands there.
fn note_use(world: &mut World, secret: &Arc<Value>) {
    let today = day(world.now(), 0);
    let last = secret["metadata"]["labels"][LAST_USED].as_str().unwrap_or_default();
    if last == today || last == day(world.now(), 1) {
        return;
    }
    let metadata = &secret["metadata"];
    let key = Key::new("secrets", text(metadata, "/namespace"), text(metadata, "/name"));
    let Some(stored) = world.store.get(&key).filter(|stored| stored["metadata"]["uid"] == metadata["uid"]) else {
        return;
    };
    let mut changed = Value::clone(stored);
    changed["metadata"]["labels"][LAST_USED] = today.into();
    world.put_as("kube-apiserver", "", &key, changed);
}

/// The day of a time, or one after it, in UTC.
pub(crate) fn day(at: Timestamp, later: i64) -> String {
    let date = at.to_zoned(TimeZone::UTC).date();
    date.checked_add(Span::new().days(later)).unwrap_or(date).to_string()
}
