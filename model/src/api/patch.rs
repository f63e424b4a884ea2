//! Patching: JSON patch, merge patch, strategic merge patch and server-side apply.

mod json_patch;
mod merge;
mod strategic;

use std::sync::Arc;

use serde_json::Value;

use super::call::Call;
use super::options::{Kind, Options};
use super::{create, read, update};
use crate::answer::Answer;
use crate::fields::{self, Validation};
use crate::managed::{self, Manager};
use crate::resources::Resource;
use crate::status::{Cause, Refusal};
use crate::store::Key;
use crate::world::{Outcome, World};

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
        return apply(world, call, resource, &key, old, &options);
    }
    let old = old.ok_or_else(|| Refusal::not_found(resource.full, &key.name))?;
    let document = match how {
        How::Json => json_patch::apply(&old, &call.request.body, options.validation)?,
        How::Merge => merge::apply(&old, &call.request.body, options.validation)?,
        _ => strategic::apply(&old, &call.request.body, resource, &world.profile)?,
    };
    // Values of a wrong type in a strategic merge patch are told of in words of their own.
    let is_strict = options.validation == Validation::Strict;
    let shown = if how == How::Strategic {
        go_map(&call.request.body).filter(|_| is_strict)
    } else {
        Some(document.to_string())
    };
    let has_managers = how != How::Strategic && !document["metadata"]["managedFields"].is_null();
    let decoded = fields::decode(resource.kind, document, options.validation, &world.profile);
    let (mut object, warnings) = decoded.map_err(|refusal| match shown.filter(|_| !has_managers) {
        _ if refusal.code == 501 => refusal,
        Some(shown) => mistake(&shown, &refusal),
        None => Refusal::not_modelled("the error of a patch that makes no object"),
    })?;
    call.warn(warnings);
    resource.strategy.default(&mut object, &create::write(world, call, &key.namespace));
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    update::same_uid(&uid, update::text(&old, "uid"), &key, resource)?;
    update::fits_path(&object, call, resource, &world.profile)?;
    fits_old(&object, &key, resource)?;
    let manager = Manager::update(&options.manager, &call.attributes.subresource);
    let noted = managed::updated(Some(&old), object, resource, &manager, world.now(), &world.profile)?;
    Ok(Answer::ok(update::put(world, call, resource, &key, &old, noted, options.dry_run)?))
}

/// A kind of JSON value as Go names it in errors.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What is said of a patch that makes no object of the kind.
fn mistake(shown: &str, refusal: &Refusal) -> Refusal {
    let why = refusal.message.split_once(": ").map_or(refusal.message.as_str(), |(_, why)| why);
    let cause = Cause::invalid("patch", &shown.into(), why);
    Refusal::invalid("", "", &[cause])
}

/// A patch as Go prints what it read; none of one whose mistakes are told in other words.
fn go_map(patch: &[u8]) -> Option<String> {
    fn shown(value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}:{}", shown(value))).collect();
                format!("map[{}]", fields.join(" "))
            }
            Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Value::String(text) => text.clone(),
            Value::Null => "<nil>".to_owned(),
            other => other.to_string(),
        }
    }
    serde_json::from_slice(patch).ok().map(|patch| shown(&patch))
}

/// A patch cannot make another object of it.
fn fits_old(object: &Value, key: &Key, resource: &Resource) -> Outcome<()> {
    let is_same = object["kind"] == resource.kind && object["apiVersion"] == resource.api_version().as_str();
    if !is_same {
        return Err(Refusal::not_modelled("a patch of apiVersion or kind"));
    }
    let said = update::text(object, "namespace");
    if said != key.namespace && !key.namespace.is_empty() {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn apply(
    world: &mut World,
    call: &Call<'_>,
    resource: &'static Resource,
    key: &Key,
    old: Option<Arc<Value>>,
    options: &Options,
) -> Outcome<Answer> {
    let config: Value = serde_json::from_slice(&call.request.body)
        .map_err(|_| Refusal::not_modelled("a configuration that is YAML and no JSON"))?;
    let mut config = config;
    fits_apply(&mut config, key, resource)?;
    let config = fields::decode_partial(resource.kind, config, &world.profile)?;
    if old.is_none() && !call.attributes.subresource.is_empty() {
        return Err(Refusal::not_found(resource.full, &key.name));
    }
    let manager = Manager::apply(&options.manager, &call.attributes.subresource);
    let mut object =
        managed::applied(old.as_deref(), &config, resource, &manager, options.force, world.now(), &world.profile)?;
    let managers = object["metadata"]["managedFields"].clone();
    // Read anew, so that the result is as any other object is.
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    let (mut object, _) = fields::decode(resource.kind, object, Validation::Ignore, &world.profile)?;
    resource.strategy.default(&mut object, &create::write(world, call, &key.namespace));
    if !managers.is_null() {
        object["metadata"]["managedFields"] = managers;
    }
    let Some(old) = old else {
        create_is_allowed(world, call)?;
        // What it says of a version counts for what is there.
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
        }
        create::in_namespace(&mut object, &key.namespace)?;
        return Ok(Answer::new(201, create::admitted(world, call, resource, object, options.dry_run)?));
    };
    Ok(Answer::ok(update::put(world, call, resource, key, &old, object, options.dry_run)?))
}

/// Who applies what is not there has to be allowed to create it.
fn create_is_allowed(world: &World, call: &Call<'_>) -> Outcome<()> {
    let create = crate::request::Attributes { verb: "create".to_owned(), ..call.attributes.clone() };
    crate::authz::authorize(world, call.user, &create)
}

/// A configuration says what it is, and that is what the path is for.
fn fits_apply(config: &mut Value, key: &Key, resource: &Resource) -> Outcome<()> {
    let text = |config: &Value, field: &str| config[field].as_str().unwrap_or_default().to_owned();
    if !config.is_object() {
        return Err(Refusal::not_modelled("a configuration that is no object"));
    }
    let (kind, version) = (text(config, "kind"), text(config, "apiVersion"));
    if kind.is_empty() || version.is_empty() {
        return Err(Refusal::not_modelled("a configuration without apiVersion or kind"));
    }
    if !crate::resources::RESOURCES.iter().any(|known| known.kind == kind && known.api_version() == version) {
        let whole = if version.contains('/') { version } else { format!("/{version}") };
        return Err(Refusal::bad_request(format!("invalid object type: {whole}, Kind={kind}")));
    }
    if version != resource.api_version() {
        let message = format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {}",
            resource.api_version()
        );
        return Err(Refusal::bad_request(message));
    }
    if kind != resource.kind {
        return Err(Refusal::not_modelled("a configuration of another kind than the path's"));
    }
    if config["metadata"]["managedFields"].as_array().is_some() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    if !config["metadata"].is_object() {
        config["metadata"] = serde_json::json!({});
    }
    let (name, namespace) = (update::text(config, "name").to_owned(), update::text(config, "namespace").to_owned());
    if name.is_empty() {
        config["metadata"]["name"] = key.name.as_str().into();
    } else if name != key.name {
        let message = format!("the name of the object ({name}) does not match the name on the URL ({})", key.name);
        return Err(Refusal::bad_request(message));
    }
    if namespace.is_empty() && !key.namespace.is_empty() {
        config["metadata"]["namespace"] = key.namespace.as_str().into();
    } else if namespace != key.namespace && !namespace.is_empty() {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}
