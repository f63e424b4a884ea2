//! Patching: JSON patch, merge patch, strategic merge patch and server-side apply.

mod apply;
mod document;
mod json_patch;
mod merge;
mod strategic;

use serde_json::Value;

use super::call::Call;
use super::options::{Kind, Options};
use super::{create, read, update};
use crate::answer::Answer;
use crate::fields::{self, Validation};
use crate::managed::{self, Manager};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::{Cause, Refusal};
use crate::world::{Outcome, World};
use document::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Json,
    Merge,
    Strategic,
    Apply,
}

const ACCEPTED: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";

pub(super) fn patch(world: &mut World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    let media = call.request.header("content-type").split(';').next().unwrap_or_default().trim();
    let how = match media {
        "application/json-patch+json" => How::Json,
        "application/merge-patch+json" => How::Merge,
        "application/strategic-merge-patch+json" => How::Strategic,
        "application/apply-patch+yaml" => How::Apply,
        _ => {
            let message =
                format!("the body of the request was in an unknown format - accepted media types include: {ACCEPTED}");
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
    };
    let options = Options::of(call, if how == How::Apply { Kind::Apply } else { Kind::Patch }, &world.profile)?;
    let key = read::key(call, resource);
    let old = world.store.get(&key).cloned();
    if how == How::Apply {
        return apply::apply(world, call, resource, &key, old, &options);
    }
    let bytes = &call.request.body;
    let is_json = || fields::json_mistake(bytes).is_none();
    if world.profile.has(Feature::PatchesAreJsonFirst) && !is_json() {
        return Err(Refusal::bad_request("invalid JSON patch"));
    }
    let old = old.ok_or_else(|| Refusal::not_found(resource.full, &key.name))?;
    let is_checked = world.profile.has(Feature::FieldValidation) && options.validation != Validation::Ignore;
    let (validation, profile) = (options.validation, &world.profile);
    let (mut object, warnings) = if how == How::Strategic {
        strategic(&old, bytes, resource, validation, profile)?
    } else {
        let mut document = Node::stored(&old, fields::shape(resource.kind, profile));
        if how == How::Json {
            json_patch::apply(&mut document, bytes, is_checked, profile)?;
        } else {
            merge::apply(&mut document, bytes, is_checked, profile)?;
        }
        read_anew(&document, bytes, resource, validation, profile)?
    };
    call.warn(warnings);
    resource.strategy.default(&mut object, &create::write(world, call, &key.namespace));
    update::fits_path(&object, call, resource, &world.profile)?;
    fits_old(&object, resource)?;
    create::in_namespace(&mut object, &key.namespace)?;
    let manager = Manager::update(&options.manager, &call.attributes.subresource);
    let noted = managed::updated(Some(&old), object, resource, &manager, world.now(), &world.profile)?;
    Ok(Answer::ok(update::put(world, call, resource, &key, &old, noted, options.dry_run)?))
}

/// What a JSON or a merge patch made.
fn read_anew(
    document: &Node,
    patch: &[u8],
    resource: &Resource,
    validation: Validation,
    profile: &Profile,
) -> Outcome<(Value, Vec<String>)> {
    let mut object = document.value();
    keep_reset(&mut object);
    if let Some(fields) = object.as_object_mut().filter(|fields| !fields.contains_key("kind")) {
        fields.insert("kind".to_owned(), resource.kind.into());
    }
    let remains = fields::remains(&resource.expected(), &object, profile);
    remains.and_then(|()| fields::decode(resource.kind, object, validation, profile)).map_err(|refusal| {
        match refusal.code {
            501 => refusal,
            _ if !is_by_name(patch) => {
                Refusal::not_modelled("the error of a patch that has its fields in an order of its own")
            }
            _ => {
                let why = refusal.message.split_once(": ").map_or(refusal.message.as_str(), |(_, why)| why);
                mistake(&document.text(), why)
            }
        }
    })
}

/// Whether a patch has its fields by name, and each once: then what it sent is known as it was sent, but for blanks, which the
/// API server leaves out.
fn is_by_name(patch: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<Value>(patch) else { return false };
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
    // Blanks within texts are the same on both sides.
    patch.iter().filter(|byte| !is_blank(byte)).eq(read.to_string().as_bytes().iter().filter(|byte| !is_blank(byte)))
}

/// What a strategic merge patch made.
fn strategic(
    old: &Value,
    bytes: &[u8],
    resource: &Resource,
    validation: Validation,
    profile: &Profile,
) -> Outcome<(Value, Vec<String>)> {
    let (mut document, patch) = strategic::apply(old, bytes, resource, profile)?;
    keep_reset(&mut document);
    let decoded = fields::decode_patched(resource.kind, document, validation, profile)?;
    decoded.map_err(|why| mistake(&fields::plain(&patch), &why))
}

/// An empty list of managers asks for nothing to be noted, as one with an empty entry does; as an empty list it would be
/// dropped.
fn keep_reset(document: &mut Value) {
    if document["metadata"]["managedFields"].as_array().is_some_and(Vec::is_empty) {
        document["metadata"]["managedFields"] = serde_json::json!([{}]);
    }
}

/// What is said of a patch that makes no object of the kind.
fn mistake(shown: &str, why: &str) -> Refusal {
    Refusal::invalid("", "", &[Cause::invalid("patch", &shown.into(), why)])
}

/// A patch cannot make another object of it.
fn fits_old(object: &Value, resource: &Resource) -> Outcome<()> {
    if object["kind"] == resource.kind && object["apiVersion"] == resource.api_version().as_str() {
        return Ok(());
    }
    Err(Refusal::not_modelled("a patch of apiVersion or kind"))
}
