//! Authentication: whose request it is.

mod impersonation;
#[cfg(test)]
mod tests;

use crate::profile::Feature;
use crate::request::Request;
use crate::token::{self, Believed};
use crate::user::User;
use crate::world::{Outcome, World};

/// The user behind a request: by certificate, by bearer token, or nobody; or whom they act as.
pub(crate) fn authenticate(world: &mut World, request: &Request) -> Outcome<Believed> {
    // A certificate wins over a token, good or bad.
    let believed = match &request.peer.certificate {
        Some((name, groups)) => {
            let mut user = User { name: name.clone(), groups: groups.clone(), ..User::default() };
            if world.profile.has(Feature::CertificateIds) {
                let id = format!("X509SHA256={}", request.peer.fingerprint);
                user.extra.insert("authentication.kubernetes.io/credential-id".to_owned(), vec![id]);
            }
            Believed { user, warnings: Vec::new() }
        }
        None => match token::bearer(world, &request.headers)? {
            Some(believed) => believed,
            None => Believed { user: User::anonymous(), warnings: Vec::new() },
        },
    };
    let Believed { user, warnings } = believed;
    match impersonation::user(world, request, user.known()) {
        Ok(user) => Ok(Believed { user, warnings }),
        Err(mut refusal) => {
            refusal.warnings.splice(0..0, warnings);
            Err(refusal)
        }
    }
}
