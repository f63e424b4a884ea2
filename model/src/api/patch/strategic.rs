//! Strategic merge patch: a merge patch that knows how lists are merged, and directives that say otherwise. Done in the steps
//! that the API machinery has, as what it says of a mistake shows how far it came.

mod lists;
mod order;

use serde_json::{Map, Value};

use crate::fields::{self, List, Shape};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::Outcome;

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ORDER: &str = "$setElementOrder";

type Object = Map<String, Value>;

/// The object patched, and the patch as merging leaves it.
pub(super) fn apply(object: &Value, patch: &[u8], resource: &Resource, profile: &Profile) -> Outcome<(Value, Value)> {
    if let Some(mistake) = fields::object_mistake(patch) {
        return Err(Refusal::bad_request(mistake));
    }
    let patch = serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a patch with such JSON"))?;
    let (mut patched, mut patch) = match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => (object.clone(), patch),
        (Value::Object(object), _) => (object.clone(), Map::new()),
        _ => return Err(Refusal::not_modelled("a patch of what is no object")),
    };
    let shape = fields::shape(resource.kind, profile)
        .ok_or_else(|| Refusal::not_modelled(format!("the kind {}", resource.kind)))?;
    Merging { profile }.objects(&mut patched, &mut patch, shape)?;
    // The kind is that of the path, whatever is said.
    for (field, value) in [("kind", resource.kind.to_owned()), ("apiVersion", resource.api_version())] {
        if patched.get(field).is_none_or(Value::is_string) {
            patched.insert(field.to_owned(), value.into());
        }
    }
    Ok((Value::Object(patched), Value::Object(patch)))
}

/// A mistake that the server has no code for.
fn unexpected(text: impl Into<String>) -> Refusal {
    Refusal::new(500, "", text)
}

fn bad_format(of: &str) -> Refusal {
    Refusal::bad_request(format!("invalid patch format of {of}"))
}

fn bad_directive(directive: &Value, object: &Object) -> Refusal {
    let (directive, object) = (fields::text(directive), fields::plain(&Value::Object(object.clone())));
    unexpected(format!("unknown patch type: {directive} in map: {object}"))
}

fn no_key(object: &Object, key: &str) -> Refusal {
    let object = fields::plain(&Value::Object(object.clone()));
    unexpected(format!("map: {object} does not contain declared merge key: {key}"))
}

fn bad_type(wanted: &str, found: &Value) -> Refusal {
    unexpected(format!("expected a {wanted}, but received a {}", fields::type_name(found)))
}

struct Merging<'p> {
    profile: &'p Profile,
}

impl Merging<'_> {
    fn objects(&self, original: &mut Object, patch: &mut Object, shape: Shape) -> Outcome<()> {
        if let Some(directive) = patch.get(DIRECTIVE).cloned() {
            match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    original.clone_from(patch);
                }
                Some("delete") => original.clear(),
                _ => return Err(bad_directive(&directive, patch)),
            }
            return Ok(());
        }
        retain(original, patch)?;
        self.ordered_lists(original, patch, shape)?;
        for (key, mut value) in patch.clone() {
            let deleted_from = match key.strip_prefix(DELETE_FROM) {
                None => None,
                Some(rest) => Some(rest.strip_prefix('/').ok_or_else(|| bad_format("primitive list"))?),
            };
            let name = deleted_from.filter(|name| !name.is_empty()).unwrap_or(&key);
            if value.is_null() {
                original.remove(name);
                continue;
            }
            let before = original.get_mut(name);
            let is_same_type =
                before.as_deref().is_some_and(|before| fields::kind_name(before) == fields::kind_name(&value));
            match before {
                Some(Value::Object(before)) if is_same_type => {
                    let below = field(shape, name)?;
                    if let Value::Object(value) = &mut value {
                        self.objects(before, value, below)?;
                    }
                }
                Some(Value::Array(before)) if is_same_type => {
                    let Shape::List(list) = field(shape, name)? else { return Err(no_list()) };
                    let items = value.as_array().cloned().unwrap_or_default();
                    *before = self.lists(std::mem::take(before), items, list, deleted_from.is_some())?;
                }
                Some(before) if is_same_type => *before = value.clone(),
                Some(_) | None if self.passes_over(deleted_from) => {}
                _ => {
                    if self.profile.has(Feature::NullsOfNothingAreDropped) {
                        discard_nulls(&mut value);
                    }
                    self.put(original, name, value.clone());
                }
            }
            // What was merged has changed, as texts of mistakes show.
            patch.insert(key, value);
        }
        Ok(())
    }

    fn passes_over(&self, deleted_from: Option<&str>) -> bool {
        deleted_from.is_some() && self.profile.has(Feature::DeletionsOfNothingAreDropped)
    }

    /// Puts what is new, without what only says how to patch.
    fn put(&self, original: &mut Object, name: &str, value: Value) {
        let kept = if self.profile.has(Feature::DirectivesOfNothingAreDropped) {
            without_directives(value)
        } else {
            Some(value)
        };
        match kept {
            Some(value) => drop(original.insert(name.to_owned(), value)),
            None => drop(original.remove(name)),
        }
    }

    /// Lists whose order is said, which are merged before anything else.
    fn ordered_lists(&self, original: &mut Object, patch: &mut Object, shape: Shape) -> Outcome<()> {
        let keys: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER)).cloned().collect();
        for key in keys {
            let Some(said) = patch.remove(&key) else { continue };
            let Value::Array(order) = said else { return Err(bad_type("[]interface {}", &said)) };
            let name = key.strip_prefix(ORDER).and_then(|rest| rest.strip_prefix('/'));
            let name = name.ok_or_else(|| bad_format("setElementOrder list"))?;
            let items = |value: Option<&Value>| match value {
                None => Ok(None),
                Some(Value::Array(items)) => Ok(Some(items.clone())),
                Some(other) => Err(bad_type("[]interface {}", other)),
            };
            let (before, patched) = (items(original.get(name))?, items(patch.get(name))?);
            let Shape::List(list) = field(shape, name)? else { return Err(no_list()) };
            order::fits(patched.as_deref().unwrap_or_default(), &order, list.patch.key)?;
            let merged = match (before.clone(), patched.clone()) {
                (None, None) => continue,
                (Some(before), None) => before,
                (None, Some(patched)) if self.profile.has(Feature::DirectivesOfNothingAreDropped) => {
                    patched.into_iter().filter_map(without_directives).collect()
                }
                (None, Some(patched)) => patched,
                (Some(before), Some(patched)) => self.lists(before, patched, list, false)?,
            };
            let (before, patched) = (before.unwrap_or_default(), patched.unwrap_or_default());
            let kind = lists::kind_of_items(&before, &patched)?;
            let sorted = order::sorted(merged, &order, &before, list.patch.key, kind)?;
            original.insert(name.to_owned(), sorted.into());
            patch.remove(name);
        }
        Ok(())
    }

    fn lists(&self, before: Vec<Value>, patch: Vec<Value>, list: List, is_deletion: bool) -> Outcome<Vec<Value>> {
        let merges = list.patch.merge || (is_deletion && self.profile.has(Feature::DeletionsAreOfAnyList));
        if merges { lists::merged(self, before, patch, list, is_deletion) } else { Ok(patch) }
    }
}

/// How a field is built; that there is none is a mistake.
fn field(shape: Shape, name: &str) -> Outcome<Shape> {
    match shape {
        Shape::Struct(of) => shape.field(name).ok_or_else(|| {
            unexpected(format!("unable to find api field in struct {} for the json field {name:?}", of.name()))
        }),
        Shape::Map(_) => Err(unexpected("merging an object in json but data type is not struct, instead is: map")),
        Shape::List(_) => Err(unexpected("merging an object in json but data type is not struct, instead is: slice")),
        Shape::Scalar(_) => Err(Refusal::not_modelled("a strategic merge patch of a part of a scalar")),
    }
}

fn no_list() -> Refusal {
    unexpected("expected slice or array type, but got: struct")
}

/// Of the fields only those that are named stay.
fn retain(original: &mut Object, patch: &mut Object) -> Outcome<()> {
    let Some(said) = patch.remove(RETAIN) else { return Ok(()) };
    let Value::Array(names) = said else { return Err(bad_format("retainKeys")) };
    let is_named = |name: &str| names.iter().any(|known| known == name);
    let is_directive = |name: &str| name.starts_with(DELETE_FROM) || name.starts_with(ORDER);
    if patch.iter().any(|(name, value)| !value.is_null() && !is_directive(name) && !is_named(name)) {
        return Err(bad_format("retainKeys"));
    }
    original.retain(|name, _| is_named(name));
    Ok(())
}

fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// Without all that has a directive in it.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let kept = fields.into_iter().filter_map(|(name, value)| Some((name, without_directives(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        other => Some(other),
    }
}
