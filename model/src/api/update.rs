//! Replacing an object, and what replacing and patching have in common.

use std::sync::Arc;

use serde_json::Value;

use super::call::Call;
use super::options::{Kind, Options};
use super::{body, create, escalation, read};
use crate::answer::Answer;
use crate::managed::{self, Manager};
use crate::meta;
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::{Cause, Refusal};
use crate::store::Key;
use crate::world::{Outcome, World};

pub(super) fn replace(world: &mut World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    let options = Options::of(call, Kind::Update, &world.profile)?;
    let mut object = body::read(call, resource.expected(), options.validation, &world.profile)?;
    let subresource = call.attributes.subresource.as_str();
    fits_path(&object, call, resource, &world.profile)?;
    let key = read::key(call, resource);
    create::in_namespace(&mut object, &key.namespace)?;
    let manager = Manager::update(&options.manager, subresource);
    let Some(old) = world.store.get(&key).cloned() else {
        if resource.create_on_update || world.profile.has(Feature::UidOfNothingIsCompared) {
            let meant = object["metadata"]["uid"].as_str().unwrap_or_default();
            same_uid(meant, "", &key, resource, options.dry_run)?;
        }
        if !resource.create_on_update || !subresource.is_empty() {
            return Err(Refusal::not_found(resource.full, &key.name));
        }
        return Ok(Answer::new(201, create::new(world, call, resource, object, &manager, options.dry_run, true)?));
    };
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    same_uid(&uid, old["metadata"]["uid"].as_str().unwrap_or_default(), &key, resource, options.dry_run)?;
    resource.strategy.default(&mut object, &create::write(world, call, &key.namespace));
    let noted = managed::updated(Some(&old), object, resource, &manager, world.now(), &world.profile)?;
    Ok(Answer::ok(put(world, call, resource, &key, &old, noted, options.dry_run)?))
}

/// The name in the body is that of the path.
pub(super) fn fits_path(object: &Value, call: &Call<'_>, resource: &Resource, profile: &Profile) -> Outcome<()> {
    let metadata = &object["metadata"];
    let (name, namespace) = (call.attributes.name.as_str(), call.attributes.namespace.as_str());
    if profile.has(Feature::NamespacesAreComparedFirst) {
        let namespace = if resource.namespaced { namespace } else { "" };
        create::in_namespace(&mut object.clone(), namespace)?;
    }
    let (said, path) = (metadata["name"].as_str().unwrap_or_default(), name);
    if said.is_empty() {
        let message = format!("the name of the object ({path} based on URL) was undeterminable: name must be provided");
        return Err(Refusal::bad_request(message));
    }
    if said != path {
        let message = format!("the name of the object ({said}) does not match the name on the URL ({path})");
        return Err(Refusal::bad_request(message));
    }
    let (said, path) = (metadata["namespace"].as_str().unwrap_or_default(), namespace);
    if resource.namespaced && !said.is_empty() && said != path {
        let message =
            format!("the namespace of the object ({said}) does not match the namespace on the request ({path})");
        return Err(Refusal::bad_request(message));
    }
    Ok(())
}

/// A uid that is named is one that is meant. A dry run does not get to where keys are given their prefix.
pub(super) fn same_uid(meant: &str, is: &str, key: &Key, resource: &Resource, dry_run: bool) -> Outcome<()> {
    if meant.is_empty() || meant == is {
        return Ok(());
    }
    let prefix = if dry_run { "" } else { "/registry" };
    let path = [resource.registry(), key.namespace.as_str(), key.name.as_str()];
    let path: Vec<&str> = path.into_iter().filter(|part| !part.is_empty()).collect();
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {prefix}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {meant}, UID in object meta: {is}",
        path.join("/")
    );
    Err(Refusal::conflict(resource.full, &key.name, &why))
}

/// A version is a number, or there is none.
pub(super) fn numeric(version: &str) -> Outcome<()> {
    if version.is_empty() || version.parse::<u64>().is_ok() {
        return Ok(());
    }
    Err(Refusal::new(500, "", format!("strconv.ParseUint: parsing {version:?}: invalid syntax")))
}

const CHANGED: &str = "the object has been modified; please apply your changes to the latest version and try again";

/// Writes a new state over an old one, with what every kind keeps of the old.
pub(super) fn put(
    world: &mut World,
    call: &Call<'_>,
    resource: &'static Resource,
    key: &Key,
    old: &Arc<Value>,
    mut object: Value,
    dry_run: bool,
) -> Outcome<Arc<Value>> {
    let write = create::write(world, call, &key.namespace);
    meta::namespace_takes_update(&write, resource)?;
    resource.strategy.admit(&mut object, Some(old), &write)?;
    escalation::confirm(world, call, resource, &object, Some(old))?;
    let (said, is) = (text(&object, "resourceVersion"), text(old, "resourceVersion"));
    if said.is_empty() || said == "0" {
        if !resource.unconditional {
            let cause = Cause {
                reason: "FieldValueInvalid",
                field: "metadata.resourceVersion".to_owned(),
                message: format!(
                    "Invalid value: {}: must be specified for an update",
                    if write.profile.has(Feature::ValuesInMistakesAreJson) { "0" } else { "0x0" }
                ),
            };
            return Err(Refusal::invalid(resource.full, &key.name, &[cause]));
        }
    } else if said != is {
        numeric(said)?;
        return Err(Refusal::conflict(resource.full, &key.name, CHANGED));
    }
    kept(&mut object, old);
    resource.strategy.prepare(&mut object, Some(old), &write);
    let causes =
        meta::validated(resource, &object, Some(old), resource.strategy.validate(&object, Some(old), &write), &write);
    if !causes.is_empty() {
        return Err(Refusal::invalid(resource.full_kind, &key.name, &causes));
    }
    call.warn(resource.strategy.warnings(&object, Some(old), &write));
    object["metadata"]["resourceVersion"] = is.into();
    if goes(&object, old, resource) {
        if dry_run {
            return Ok(Arc::new(object));
        }
        world.remove(key);
        return Ok(Arc::new(object));
    }
    let is_short = resource.strategy.read_back(&mut object);
    managed::forget_times(&mut object, old);
    if object == **old && !is_short && !world.store.is_short(key) {
        return Ok(Arc::clone(old));
    }
    if dry_run {
        return Ok(Arc::new(object));
    }
    Ok(world.put_short(key.clone(), object, is_short))
}

/// What nobody changes by writing an object.
fn kept(object: &mut Value, old: &Value) {
    let metadata = &mut object["metadata"];
    let was = &old["metadata"];
    let keep = |metadata: &mut Value, field: &str| {
        if let Some(fields) = metadata.as_object_mut() {
            match was.get(field) {
                Some(value) => drop(fields.insert(field.to_owned(), value.clone())),
                None => drop(fields.remove(field)),
            }
        }
    };
    keep(metadata, "generation");
    keep(metadata, "creationTimestamp");
    if metadata["uid"].as_str().unwrap_or_default().is_empty() {
        keep(metadata, "uid");
    }
    if !was["deletionTimestamp"].is_null() {
        keep(metadata, "deletionTimestamp");
    }
    if !was["deletionGracePeriodSeconds"].is_null() && metadata["deletionGracePeriodSeconds"].is_null() {
        keep(metadata, "deletionGracePeriodSeconds");
    }
    if let Some(fields) = metadata.as_object_mut() {
        fields.remove("selfLink");
    }
}

/// An object that is being deleted goes with its last finalizer.
fn goes(object: &Value, old: &Value, resource: &Resource) -> bool {
    let has_finalizers = object["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty());
    let (was, grace) = (&old["metadata"], &old["metadata"]["deletionGracePeriodSeconds"]);
    let is_over = !was["deletionTimestamp"].is_null() && (grace.is_null() || grace == 0);
    let has_finalizers = has_finalizers
        || (resource.full == "namespaces"
            && object["spec"]["finalizers"].as_array().is_some_and(|all| !all.is_empty()));
    !has_finalizers && is_over
}

pub(super) fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object["metadata"][field].as_str().unwrap_or_default()
}
