//! Bodies: what they are, and objects read from them.

use serde_json::Value;

use super::call::Call;
use crate::fields::{self, Expected, Validation};
use crate::profile::Profile;
use crate::status::Refusal;
use crate::world::Outcome;

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The object in a body, for a path that takes this. What is to be said of its fields is said.
pub(super) fn read(
    call: &Call<'_>,
    expected: Expected<'_>,
    validation: Validation,
    profile: &Profile,
) -> Outcome<Value> {
    let content_type = call.request.header("content-type");
    let media = content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "" | "application/json" | "*/*" => {}
        "application/yaml" | "application/vnd.kubernetes.protobuf" => {
            return Err(Refusal::not_modelled(format!("a body of the type {media}")));
        }
        _ => {
            let message =
                format!("the body of the request was in an unknown format - accepted media types include: {ACCEPTED}");
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
    }
    let (object, warnings) = fields::body(&expected, &call.request.body, validation, profile)?;
    call.warn(warnings);
    Ok(object)
}
