//! Objects as tables, and their metadata alone.

use serde_json::Value;

use crate::answer::Answer;
use crate::request::Request;
use crate::resources::Resource;
use crate::world::{Outcome, World};

/// In which form objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct As;

/// What `Accept` asks for beside the object itself.
pub(crate) fn wanted(_accept: &str) -> Option<As> {
    None
}

/// An answer in the form that is asked for.
pub(crate) fn shown(
    _world: &World,
    _request: &Request,
    _resource: &'static Resource,
    answer: Answer,
) -> Outcome<Answer> {
    Ok(answer)
}

/// The object of a watch event in that form.
pub(crate) fn of_event(_world: &World, _resource: &'static Resource, object: Value, _shown: As) -> Value {
    object
}
