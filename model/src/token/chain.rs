//! What a token goes through until it is believed, in requests and reviews alike.

use crate::Model;
use crate::profile::Feature;
use crate::user::User;
use crate::world::World;

use super::jwt::Jwt;
use super::{LEGACY_ISSUER, bound, legacy};

/// A token that was found good.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Without the group of all who are known.
    pub(super) user: User,
    /// Those of the asked for that it is good for.
    pub(super) audiences: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// What an `Authorization` header comes to.
pub(super) enum Verdict {
    /// No token.
    Nobody,
    /// None, for there is a blank too many before it.
    Blank,
    Good(Found),
    /// No good, and why.
    Bad(String),
}

/// Two look at each token; the one for the server's own connection to itself never knows it.
const UNKNOWN: &str = "invalid bearer token";

pub(super) fn authenticate(world: &mut World, header: &str, audiences: &[String]) -> Verdict {
    let mut parts = header.trim().splitn(3, ' ');
    let is_bearer = parts.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
    let Some(token) = parts.next().filter(|_| is_bearer) else { return Verdict::Nobody };
    if token.is_empty() {
        return Verdict::Blank;
    }
    match remembered(world, token, audiences) {
        Ok(found) => Verdict::Good(found),
        Err(None) => Verdict::Bad(UNKNOWN.to_owned()),
        Err(Some(why)) => Verdict::Bad(format!("[{UNKNOWN}, {why}]")),
    }
}

fn remembered(world: &mut World, token: &str, audiences: &[String]) -> Result<Found, Option<String>> {
    let now = world.now();
    if let Some(found) = world.cache.good(token, audiences, now) {
        return Ok(found.clone());
    }
    let found = look(world, token, audiences)?;
    world.cache.remember(token, audiences, &found, now);
    Ok(found)
}

/// No reason is given where it is no token of this cluster at all.
fn look(world: &mut World, token: &str, asked: &[String]) -> Result<Found, Option<String>> {
    let jwt = Jwt::parse(token).filter(|jwt| [LEGACY_ISSUER, Model::ISSUER].contains(&jwt.issuer())).ok_or(None)?;
    check_signature(world, token, &jwt)?;
    let mut meant = jwt.audiences();
    if meant.is_empty() {
        meant.push(Model::ISSUER.to_owned());
    }
    let audiences: Vec<String> = asked.iter().filter(|audience| meant.contains(audience)).cloned().collect();
    if audiences.is_empty() {
        let why = format!("token audiences {} is invalid for the target audiences {}", quoted(&meant), quoted(asked));
        return Err(Some(why));
    }
    let (user, warnings) = if jwt.issuer() == LEGACY_ISSUER {
        legacy::check(world, token, &jwt.claims)?
    } else {
        (bound::check(world, &jwt.claims)?, Vec::new())
    };
    Ok(Found { user, audiences, warnings })
}

fn check_signature(world: &mut World, token: &str, jwt: &Jwt) -> Result<(), String> {
    if world.cache.is_signed(token) {
        return Ok(());
    }
    if world.profile.has(Feature::KeysById) && jwt.key().is_some_and(|key| key != world.key.id()) {
        return Err("invalid signature, no keys found".to_owned());
    }
    if jwt.is_usual() && world.key.has_signed(&jwt.signed, &jwt.signature) {
        world.cache.signed(token);
        return Ok(());
    }
    let library = if world.profile.has(Feature::RenamedSignatureLibrary) { "go-jose" } else { "square" };
    Err(format!("{library}/go-jose: error in cryptographic primitive"))
}

/// A list as Go's `%q` shows it.
fn quoted(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", texts.join(" "))
}
