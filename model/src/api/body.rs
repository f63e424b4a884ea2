//! Bodies: what they are, and objects read from them.

use serde_json::Value;

use super::call::Call;
use crate::fields::{self, Expected, Validation};
use crate::profile::Profile;
use crate::status::Refusal;
use crate::world::Outcome;

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

pub(super) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

pub(super) const YAML: &str = "application/yaml";

/// YAML as the JSON that it is read as.
pub(super) fn yaml(bytes: &[u8]) -> Outcome<Vec<u8>> {
    fields::yaml_to_json(bytes).ok_or_else(|| Refusal::not_modelled("the error of a body that is no plain YAML"))
}

/// The object in a body, for a path that takes this. What is to be said of its fields is said.
pub(super) fn read(
    call: &Call<'_>,
    expected: Expected<'_>,
    validation: Validation,
    profile: &Profile,
) -> Outcome<Value> {
    let media = media(call);
    let (object, warnings) = match media {
        "" | "application/json" | "*/*" => fields::body(&expected, &call.request.body, validation, profile)?,
        PROTOBUF => fields::protobuf_body(&expected, &call.request.body, profile)?,
        YAML => {
            let json = yaml(&call.request.body)?;
            fields::body(&expected, &json, validation, profile)?
        }
        _ => {
            let message =
                format!("the body of the request was in an unknown format - accepted media types include: {ACCEPTED}");
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
    };
    call.warn(warnings);
    Ok(object)
}

/// What a body is said to be, without parameters.
pub(super) fn media<'c>(call: &'c Call<'_>) -> &'c str {
    call.request.header("content-type").split(';').next().unwrap_or_default().trim()
}
