//! Bodies: what they are, and objects read from them.

use serde_json::Value;

use crate::fields::{self, Validation};
use crate::profile::Profile;
use crate::status::Refusal;
use crate::world::Outcome;

use super::call::Call;

/// An object, and what is to be said of its fields.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) object: Value,
    pub(super) warnings: Vec<String>,
}

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The object in a body, for a path of `api_version`.
pub(super) fn read(
    call: &Call<'_>,
    kind: &str,
    api_version: &str,
    validation: Validation,
    profile: &Profile,
) -> Outcome<Read> {
    let mut object = json(call, kind, api_version)?;
    let named = |object: &Value, field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (said_version, said_kind) = (named(&object, "apiVersion"), named(&object, "kind"));
    if let Some(fields) = object.as_object_mut() {
        if said_version.is_empty() {
            fields.insert("apiVersion".to_owned(), api_version.into());
        }
        if said_kind.is_empty() {
            fields.insert("kind".to_owned(), kind.into());
        }
    }
    let (said_version, said_kind) = (named(&object, "apiVersion"), named(&object, "kind"));
    if said_kind != kind || said_version != api_version {
        return Err(of_another_kind(kind, api_version, &said_kind, &said_version));
    }
    let (object, warnings) = fields::decode(kind, object, validation, profile)?;
    Ok(Read { object, warnings })
}

/// A body that says it is something else than what its path takes.
fn of_another_kind(kind: &str, api_version: &str, said_kind: &str, said_version: &str) -> Refusal {
    if said_kind == kind && said_version.rsplit('/').next() != Some(api_version) && is_known_group(said_version) {
        return Refusal::bad_request(format!(
            "the API version in the data ({said_version}) does not match the expected API version ({api_version})"
        ));
    }
    let version = api_version.rsplit('/').next().unwrap_or_default();
    Refusal::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: no kind {said_kind:?} is registered for version {said_version:?} in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""
    ))
}

fn is_known_group(_version: &str) -> bool {
    false
}

fn json(call: &Call<'_>, kind: &str, api_version: &str) -> Outcome<Value> {
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
    let version = api_version.rsplit('/').next().unwrap_or_default();
    if call.request.body.is_empty() {
        return Err(Refusal::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: EOF")));
    }
    match serde_json::from_slice::<Value>(&call.request.body) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(Refusal::not_modelled("a body that is JSON and no object")),
        Err(_) => Err(Refusal::not_modelled("a body that is no JSON")),
    }
}
