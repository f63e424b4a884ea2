//! The fields of every kind, by version: a table, and objects read by it.

mod body;
mod convert;
mod decode;
mod go;
mod iterator;
mod json;
mod modelled;
mod protobuf;
mod quantity;
mod shape;
mod shown;
mod table;
mod time;
mod typed;
mod written;
mod yaml;

use serde_json::Value;

use self::written::Empty;
use crate::profile::{Feature, Profile};
use crate::status::Refusal;

pub(crate) use body::{Expected, body, object_mistake, remains};
pub(crate) use go::{quoted, time as go_time};
pub(crate) use protobuf::{protobuf_body, protobuf_options};
pub(crate) use quantity::Quantity;
pub(crate) use shape::{List, Shape, shape};
pub(crate) use shown::{kind_name, plain, sort, text, type_name};
pub(crate) use table::ListKind;
pub(crate) use yaml::json as yaml_to_json;

/// The types whose fields are modelled, each with which: `*` all, `!name` all but that, or by name.
pub(crate) fn modelled_types() -> impl Iterator<Item = (&'static str, &'static str)> {
    modelled::types()
}

/// What `fieldValidation` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validation {
    Strict,
    Warn,
    Ignore,
}

/// An object read by the table of its kind: unknown fields are told of or dropped, what is empty and would not be written is
/// gone, what would be written though it is zero is there. `kind` is the kind's name in the table, as `Pod`.
///
/// Fields are told of in the order of their names; [`body`] has them in the order of the text.
pub(crate) fn decode(
    kind: &str,
    object: Value,
    validation: Validation,
    profile: &Profile,
) -> Result<(Value, Vec<String>), Refusal> {
    let version = object["apiVersion"].as_str().unwrap_or("v1").rsplit('/').next().unwrap_or_default().to_owned();
    read(kind, &version, json::Json::from(object), validation, profile)
}

/// Looks at a configuration to be applied: what does not fit the schema is refused, whatever is asked for. Given back is what is to
/// be told of one that fits the schema and makes no object all the same: that is found out when it has been merged. Amounts and
/// times in it stay as they are written, as they are compared with those of others.
pub(crate) fn check_configuration(kind: &str, config: &Value, profile: &Profile) -> Result<Option<Refusal>, Refusal> {
    let shape = shape(kind, profile).ok_or_else(|| Refusal::not_modelled(format_args!("the kind {kind}")))?;
    let named = if profile.has(Feature::AppliedObjectsAreNamed) {
        format!(" ({})", go_name(kind, config, profile))
    } else {
        String::new()
    };
    if let Some(mistakes) = typed::mistakes(config, shape, profile) {
        return Err(Refusal::new(500, "", format!("failed to create typed patch object{named}: {mistakes}")));
    }
    if let Some(mistake) = convert::mistake(config, shape) {
        let message = format!(
            "failed to convert new object{named} to proper version: unable to convert unstructured object to {}, Kind={kind}: {mistake}",
            group_version(config)
        );
        return Ok(Some(Refusal::new(500, "", message)));
    }
    let found = decode::read(json::Json::from(config.clone()), shape, profile);
    let found = found.map_err(|_| Refusal::not_modelled("a value of this type in a configuration"))?;
    match found.not_modelled {
        Some(path) => Err(Refusal::not_modelled(format_args!("the field {path} of a {kind}"))),
        None => Ok(None),
    }
}

/// Whether an object fits the schema of its kind.
pub(crate) fn fits(kind: &str, object: &Value, profile: &Profile) -> bool {
    shape(kind, profile).is_some_and(|shape| typed::mistakes(object, shape, profile).is_none())
}

/// Whether the items of an object's lists can be told apart, as far as its version needs that.
pub(crate) fn has_keys(kind: &str, object: &Value, profile: &Profile) -> bool {
    shape(kind, profile).is_none_or(|shape| typed::has_keys(object, shape, profile))
}

/// Of an object with items that cannot be told apart, what it is and which these are.
pub(crate) fn lacking_keys(kind: &str, object: &Value, profile: &Profile) -> Option<(String, String)> {
    let shape = shape(kind, profile).filter(|shape| !typed::has_keys(object, *shape, profile))?;
    Some((go_name(kind, object, profile), typed::mistakes(object, shape, profile)?))
}

/// What a patch made, as [`decode`] reads it; mistakes are in the words of the converter, and unknown fields in the order of
/// their texts. Given back with the mistake, if there is one.
pub(crate) fn decode_patched(
    kind: &str,
    object: Value,
    validation: Validation,
    profile: &Profile,
) -> Result<Result<(Value, Vec<String>), String>, Refusal> {
    let shape = shape(kind, profile).ok_or_else(|| Refusal::not_modelled(format_args!("the kind {kind}")))?;
    if let Some(mistake) = convert::mistake(&object, shape) {
        return Ok(Err(mistake));
    }
    let found = decode::read(json::Json::from(object), shape, profile);
    let mut found = found.map_err(|_| Refusal::not_modelled("a value of this type in a patch"))?;
    found.told.sort();
    let validation = if profile.has(Feature::FieldValidation) { validation } else { Validation::Ignore };
    if validation == Validation::Strict && !found.told.is_empty() {
        return Ok(Err(format!("strict decoding error: {}", found.told.join(", "))));
    }
    if let Some(path) = found.not_modelled {
        return Err(Refusal::not_modelled(format_args!("the field {path} of a {kind}")));
    }
    let warnings = if validation == Validation::Warn { found.told } else { Vec::new() };
    let mut value = written::value(found.value, shape, Empty::Stays);
    if !profile.has(Feature::EmptyBytesStay) {
        convert::empty_bytes(&mut value, shape);
    }
    Ok(Ok((value, warnings)))
}

/// An object as server-side apply names it: `demo/a; /v1, Kind=Pod`, or by its kind alone.
fn go_name(kind: &str, object: &Value, profile: &Profile) -> String {
    let of_kind = format!("{}, Kind={kind}", group_version(object));
    if profile.has(Feature::AppliedObjectsAreNamed) {
        format!("{}/{}; {of_kind}", text_of(object, "namespace"), text_of(object, "name"))
    } else {
        of_kind
    }
}

/// The group and the version of an object, as Go shows them: `/v1`.
fn group_version(object: &Value) -> String {
    let said = object["apiVersion"].as_str().unwrap_or_default();
    if said.contains('/') { said.to_owned() } else { format!("/{said}") }
}

fn text_of(object: &Value, field: &str) -> String {
    object["metadata"][field].as_str().unwrap_or_default().to_owned()
}

/// What is wrong with a text that should be JSON, in Go's words.
pub(crate) fn json_mistake(text: &[u8]) -> Option<String> {
    match json::read(text) {
        Err(json::Mistake::Syntax(text)) => Some(text),
        _ => None,
    }
}

/// An object in which nothing is set.
pub(crate) fn zero(kind: &str, profile: &Profile) -> Value {
    let mut object = Value::Object(serde_json::Map::new());
    normalize(kind, &mut object, profile);
    object
}

/// An object as it would be stored: to be called after something was changed in it that leaves empty what the API server
/// would leave out, or the other way round.
pub(crate) fn normalize(kind: &str, object: &mut Value, profile: &Profile) {
    if let Some(shape) = shape(kind, profile) {
        *object = written::value(object.take(), shape, Empty::IsNone);
    }
}

fn read(
    kind: &str,
    version: &str,
    json: json::Json,
    validation: Validation,
    profile: &Profile,
) -> Result<(Value, Vec<String>), Refusal> {
    let (shape, value, warnings) = found(kind, version, json, validation, profile)?;
    Ok((written::value(value, shape, Empty::Stays), warnings))
}

/// What a text says, field by field.
fn found(
    kind: &str,
    version: &str,
    json: json::Json,
    validation: Validation,
    profile: &Profile,
) -> Result<(Shape, Value, Vec<String>), Refusal> {
    let Some(shape) = shape(kind, profile) else {
        return Err(Refusal::not_modelled(format_args!("the kind {kind}")));
    };
    let refuse = |text: &str| {
        Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {text}"))
    };
    let found = decode::read(json, shape, profile).map_err(|text| {
        if profile.has(Feature::MistakesOfGoJson) {
            refuse(&text)
        } else {
            Refusal::not_modelled(format_args!("in this version a value of a wrong type ({text})"))
        }
    })?;
    let validation = if profile.has(Feature::FieldValidation) { validation } else { Validation::Ignore };
    if validation == Validation::Strict && !found.told.is_empty() {
        return Err(refuse(&format!("strict decoding error: {}", found.told.join(", "))));
    }
    if let Some(path) = found.not_modelled {
        return Err(Refusal::not_modelled(format_args!("the field {path} of a {kind}")));
    }
    let warnings = if validation == Validation::Warn { found.told } else { Vec::new() };
    Ok((shape, found.value, warnings))
}

#[cfg(test)]
mod tests;
