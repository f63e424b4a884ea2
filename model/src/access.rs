//! Reviews of access.

use serde_json::Value;

use crate::answer::Answer;
use crate::request::Attributes;
use crate::status::Refusal;
use crate::user::User;
use crate::world::{Outcome, World};

pub(crate) fn is_review(group: &str, resource: &str) -> bool {
    kind(resource) != "" && matches!(group, "authentication.k8s.io" | "authorization.k8s.io")
}

/// The kind of a resource that is posted and not kept; empty of any other.
pub(crate) fn kind(resource: &str) -> &'static str {
    match resource {
        "tokenreviews" => "TokenReview",
        "selfsubjectreviews" => "SelfSubjectReview",
        "subjectaccessreviews" => "SubjectAccessReview",
        "selfsubjectaccessreviews" => "SelfSubjectAccessReview",
        "localsubjectaccessreviews" => "LocalSubjectAccessReview",
        "selfsubjectrulesreviews" => "SelfSubjectRulesReview",
        _ => "",
    }
}

pub(crate) fn review(_world: &World, _user: &User, _asked: &Attributes, _body: &Value) -> Outcome<Answer> {
    Err(Refusal::not_modelled("a review of access"))
}
