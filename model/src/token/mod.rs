//! Tokens of ServiceAccounts: how they are made, reviewed and believed.

use http::HeaderMap;
use serde_json::Value;

use crate::answer::Answer;
use crate::status::Refusal;
use crate::user::User;
use crate::world::{Outcome, World};

/// The tokens that were found good, for ten seconds: by token and audiences.
#[derive(Debug, Default)]
pub(crate) struct Cache {}

/// Who a bearer token stands for, and the warnings of that.
pub(crate) struct Believed {
    pub(crate) user: User,
    pub(crate) warnings: Vec<String>,
}

/// The user of an `Authorization` header; none where there is none that counts, 401 where it is no good.
pub(crate) fn bearer(_world: &mut World, _headers: &HeaderMap) -> Outcome<Option<Believed>> {
    Ok(None)
}

/// `POST .../serviceaccounts/NAME/token`. `body` is decoded; what is said of fields stands in front of its own warnings.
pub(crate) fn request(
    _world: &mut World,
    _user: &User,
    _namespace: &str,
    _name: &str,
    _body: &Value,
) -> Outcome<Answer> {
    Err(Refusal::not_modelled("a TokenRequest"))
}

/// `POST /apis/authentication.k8s.io/v1/tokenreviews`.
pub(crate) fn review(_world: &mut World, _body: &Value) -> Outcome<Answer> {
    Err(Refusal::not_modelled("a TokenReview"))
}

/// `/.well-known/openid-configuration` and `/openid/v1/jwks`; none for any other path. `accept` is that of the request.
pub(crate) fn discovery(_world: &World, _path: &str, _accept: &str) -> Option<Outcome<Answer>> {
    None
}
