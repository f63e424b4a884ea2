//! What is served.

use crate::answer::Answer;
use crate::profile::Profile;
use crate::request::Request;
use crate::world::{Outcome, World};

pub(crate) fn answer(_world: &World, _request: &Request) -> Option<Outcome<Answer>> {
    None
}

/// Whether a version serves a resource, or a subresource as `pods/log`, modelled or not.
pub(crate) fn knows(_profile: &Profile, _group: &str, _version: &str, _plural: &str) -> bool {
    true
}
