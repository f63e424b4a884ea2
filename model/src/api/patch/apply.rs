//! Server-side apply.

use std::sync::Arc;

use serde_json::Value;

use super::super::call::Call;
use super::super::options::Options;
use super::super::{create, update};
use crate::answer::Answer;
use crate::fields::{self, Validation};
use crate::managed::{self, Manager};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::Refusal;
use crate::store::Key;
use crate::world::{Outcome, World};

pub(super) fn apply(
    world: &mut World,
    call: &Call<'_>,
    resource: &'static Resource,
    key: &Key,
    old: Option<Arc<Value>>,
    options: &Options,
) -> Outcome<Answer> {
    if old.is_none() && !call.attributes.subresource.is_empty() {
        return Err(Refusal::not_found(resource.full, &key.name));
    }
    let config = configuration(call, &world.profile)?;
    is_of_type(&config, resource, &world.profile)?;
    let mistake = fields::check_configuration(resource.kind, &config, &world.profile)?;
    let manager = Manager::apply(&options.manager, &call.attributes.subresource);
    let (now, profile) = (world.now(), &world.profile);
    let mut object = managed::applied(old.as_deref(), &config, resource, &manager, options.force, now, profile)?;
    if let Some(mistake) = mistake {
        return Err(mistake);
    }
    let managers = object["metadata"]["managedFields"].clone();
    // Read anew, so that the result is as any other object is.
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    let (mut object, _) = fields::decode(resource.kind, object, Validation::Ignore, &world.profile)?;
    fields::normalize(resource.kind, &mut object, &world.profile);
    resource.strategy.default(&mut object, &create::write(world, call, &key.namespace));
    if !managers.is_null() {
        object["metadata"]["managedFields"] = managers;
    }
    let uid = update::text(&object, "uid");
    if old.is_none() && !uid.is_empty() {
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(Refusal::conflict(resource.full, &key.name, &why));
    }
    update::fits_path(&object, call, resource, &world.profile)?;
    create::in_namespace(&mut object, &key.namespace)?;
    let Some(old) = old else {
        create_is_allowed(world, call)?;
        return Ok(Answer::new(201, create::admitted(world, call, resource, object, options.dry_run, true)?));
    };
    Ok(Answer::ok(update::put(world, call, resource, key, &old, object, options.dry_run)?))
}

/// Who applies what is not there has to be allowed to create it.
fn create_is_allowed(world: &World, call: &Call<'_>) -> Outcome<()> {
    let create = crate::request::Attributes { verb: "create".to_owned(), ..call.attributes.clone() };
    crate::authz::authorize(world, call.user, &create)
}

/// What is to be applied.
fn configuration(call: &Call<'_>, profile: &Profile) -> Outcome<Value> {
    // JSON is YAML too, but read faster; and a key that stands twice is one, the last.
    let bytes = &call.request.body;
    let config = serde_json::from_slice::<Value>(bytes).ok();
    let config = match config {
        Some(config) => config,
        None => serde_json::from_slice(&super::super::body::yaml(bytes)?)
            .map_err(|_| Refusal::not_modelled("a configuration with such YAML"))?,
    };
    if matches!(config, Value::Null | Value::Object(_)) {
        return Ok(config);
    }
    let sort = fields::sort(&config);
    let what = if profile.has(Feature::PatchesAreJsonFirst) { "patch" } else { "YAML" };
    Err(Refusal::bad_request(format!(
        "error decoding {what}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {sort} into Go value of type map[string]interface {{}}"
    )))
}

/// A configuration says what it is, and that is what the path is for.
fn is_of_type(config: &Value, resource: &Resource, profile: &Profile) -> Outcome<()> {
    let text = |field: &str| config[field].as_str().unwrap_or_default();
    let (kind, version) = (text("kind"), text("apiVersion"));
    // What says no kind, or a version that is none, is of no version either.
    let (kind, version) = if version.matches('/').count() > 1 { ("", "") } else { (kind, version) };
    let whole = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
    let is_expected = version == resource.api_version() && kind == resource.kind;
    if profile.has(Feature::AppliedTypesAreChecked) {
        if !is_expected {
            return Err(Refusal::bad_request(format!("invalid object type: {whole}, Kind={kind}")));
        }
    } else if version != resource.api_version() {
        let message = format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {}",
            resource.api_version()
        );
        return Err(Refusal::bad_request(message));
    }
    if config["metadata"]["managedFields"].is_array() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    if is_expected { Ok(()) } else { Err(Refusal::not_modelled("a configuration of another kind than the path's")) }
}
