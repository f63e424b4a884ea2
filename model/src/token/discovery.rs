//! What programs outside of the cluster read to check tokens (`OpenID` Connect Discovery 1.0).

use crate::Model;
use crate::answer::Answer;
use crate::profile::Feature;
use crate::status::Refusal;
use crate::world::{Outcome, World};

const KEYS: &str = "/openid/v1/jwks";

/// `/.well-known/openid-configuration` and `/openid/v1/jwks`; none for any other path. `accept` is that of the request.
pub(crate) fn discovery(world: &World, path: &str, accept: &str) -> Option<Outcome<Answer>> {
    let (content_type, text) = match path.strip_suffix('/').unwrap_or(path) {
        "/.well-known/openid-configuration" => {
            let text = format!(
                r#"{{"issuer":"{}","jwks_uri":"https://{}{KEYS}","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}}"#,
                Model::ISSUER,
                world.address,
            );
            ("application/json", text)
        }
        KEYS => ("application/jwk-set+json", world.key.public_set()),
        _ => return None,
    };
    let accepts = |range: &str| matches!(range.split(';').next().map(str::trim), Some(name) if name == "*/*" || name == content_type);
    if accept.is_empty() || accept.split(',').any(accepts) {
        return Some(Ok(Answer::text(content_type, text)));
    }
    let mut message = "406: Not Acceptable".to_owned();
    if world.profile.has(Feature::RepresentationsTold) {
        message = format!("{message}\n\nAvailable representations: {content_type}");
    }
    Some(Err(Refusal::new(406, "NotAcceptable", message)))
}
