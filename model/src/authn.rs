//! Authentication: whose request it is.

use crate::request::Request;
use crate::token::{self, Believed};
use crate::user::User;
use crate::world::{Outcome, World};

/// The user behind a request: by certificate, by bearer token, or nobody.
pub(crate) fn authenticate(world: &mut World, request: &Request) -> Outcome<Believed> {
    let mut believed = match &request.peer.certificate {
        Some((name, groups)) => Believed {
            user: User { name: name.clone(), groups: groups.clone(), ..User::default() },
            warnings: Vec::new(),
        },
        None => match token::bearer(world, &request.headers)? {
            Some(believed) => believed,
            None => return Ok(Believed { user: User::anonymous(), warnings: Vec::new() }),
        },
    };
    believed.user.groups.push("system:authenticated".to_owned());
    Ok(believed)
}
