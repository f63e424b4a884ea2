//! What a request goes through.

use crate::answer::Answer;
use crate::authn;
use crate::authz;
use crate::request::{Attributes, Request};
use crate::status::Refusal;
use crate::watching::Wanted;
use crate::world::{Outcome, World};

/// What becomes of a request that is not refused.
pub(crate) enum Reply {
    Answer(Answer),
    Watch(Wanted),
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Outcome<Reply> {
    let believed = authn::authenticate(world, request)?;
    let attributes = Attributes::of(request);
    authz::authorize(world, &believed.user, &attributes)?;
    Err(Refusal::no_such_path())
}
