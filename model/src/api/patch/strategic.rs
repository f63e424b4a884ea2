//! Strategic merge patch: a merge patch that knows how lists are merged.

use serde_json::{Map, Value};

use crate::fields::{self, List, Shape};
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::Outcome;

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

pub(super) fn apply(object: &Value, patch: &[u8], resource: &Resource, profile: &Profile) -> Outcome<Value> {
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a strategic merge patch that is no JSON"))?;
    let (Value::Object(fields), Value::Object(patch)) = (object, &patch) else {
        return Err(Refusal::not_modelled("a strategic merge patch that is no object"));
    };
    let shape = fields::shape(resource.kind, profile)
        .ok_or_else(|| Refusal::not_modelled(format!("the kind {}", resource.kind)))?;
    if !profile.has(Feature::DirectivesOfNothingAreDropped) && keeps_directives(fields, patch) {
        return Err(Refusal::not_modelled("in this version a directive for what is not there"));
    }
    merged(Some(shape), fields, patch).map(Value::Object)
}

/// Whether a directive stands where the object has nothing.
fn keeps_directives(object: &Map<String, Value>, patch: &Map<String, Value>) -> bool {
    let of_list = |name: &str| name.strip_prefix(DELETE_FROM).is_some_and(|name| !object.contains_key(name));
    patch.iter().any(|(name, value)| match (value, object.get(name)) {
        (Value::Object(below), Some(Value::Object(there))) => keeps_directives(there, below),
        (Value::Object(_), _) => value.to_string().contains("\"$"),
        _ => of_list(name),
    })
}

fn merged(
    shape: Option<Shape>,
    object: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Outcome<Map<String, Value>> {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => {
            let mut replaced = patch.clone();
            replaced.remove(DIRECTIVE);
            return Ok(replaced);
        }
        Some("delete") => return Ok(Map::new()),
        Some("merge") | None => {}
        Some(other) => return Err(Refusal::not_modelled(format!("the directive {other} of a strategic merge patch"))),
    }
    let mut fields = object.clone();
    if let Some(Value::Array(retained)) = patch.get(RETAIN) {
        fields.retain(|name, _| retained.iter().any(|kept| kept == name.as_str()));
    }
    for (name, value) in patch {
        if name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER) {
            continue;
        }
        if let Some(name) = name.strip_prefix(DELETE_FROM) {
            let gone = value.as_array().cloned().unwrap_or_default();
            if let Some(Value::Array(items)) = fields.get_mut(name) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if value.is_null() {
            fields.remove(name);
            continue;
        }
        if !fields.contains_key(name) && value.get(DIRECTIVE).is_some() {
            // A directive for what is not there is dropped, with all that stands beside it.
            continue;
        }
        let below = shape.and_then(|shape| shape.field(name));
        let order = patch.get(&format!("{ORDER}{name}")).and_then(Value::as_array);
        let value = one(below, fields.get(name), value, order.map(Vec::as_slice))?;
        fields.insert(name.clone(), value);
    }
    Ok(fields)
}

fn one(shape: Option<Shape>, before: Option<&Value>, patch: &Value, order: Option<&[Value]>) -> Outcome<Value> {
    match (shape, before, patch) {
        (_, before, Value::Object(patch)) => {
            let nothing = Map::new();
            merged(shape, before.and_then(Value::as_object).unwrap_or(&nothing), patch).map(Value::Object)
        }
        (Some(Shape::List(list)), before, Value::Array(patch)) if list.patch.merge => {
            let before = before.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            items(list, before, patch, order).map(Value::Array)
        }
        _ => Ok(patch.clone()),
    }
}

/// A list whose items are merged, by their key or by what they are.
fn items(list: List, before: &[Value], patch: &[Value], order: Option<&[Value]>) -> Outcome<Vec<Value>> {
    let Some(key) = list.patch.key else {
        let mut all = before.to_vec();
        all.extend(patch.iter().filter(|item| !before.contains(item)).cloned());
        return Ok(ordered(all, before, order.unwrap_or(patch), |one, other| one == other));
    };
    if patch.iter().any(|item| item[DIRECTIVE] == "replace") {
        return Ok(patch.iter().filter(|item| item[DIRECTIVE] != "replace").cloned().collect());
    }
    let mut all = before.to_vec();
    for item in patch {
        let Value::Object(fields) = item else {
            return Err(Refusal::not_modelled("an item of a list that is no object"));
        };
        let Some(value) = fields.get(key) else {
            return Err(Refusal::not_modelled(format!(
                "an item of a list without its key {key} in a strategic merge patch"
            )));
        };
        let at = all.iter().position(|known| known.get(key) == Some(value));
        if fields.get(DIRECTIVE).and_then(Value::as_str) == Some("delete") {
            all.retain(|known| known.get(key) != Some(value));
            continue;
        }
        match at {
            Some(at) => {
                let known = all[at].as_object().cloned().unwrap_or_default();
                all[at] = Value::Object(merged(Some(list.item()), &known, fields)?);
            }
            None => all.push(Value::Object(merged(Some(list.item()), &Map::new(), fields)?)),
        }
    }
    Ok(ordered(all, before, order.unwrap_or(patch), |one, other| one.get(key) == other.get(key)))
}

/// Items in the order of the patch, and among them those that it does not name: before the first that stood behind them.
fn ordered(all: Vec<Value>, before: &[Value], patch: &[Value], same: impl Fn(&Value, &Value) -> bool) -> Vec<Value> {
    let place = |among: &[Value], item: &Value| among.iter().position(|other| same(other, item));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        all.into_iter().partition(|item| place(patch, item).is_some());
    named.sort_by_key(|item| place(patch, item));
    others.sort_by_key(|item| place(before, item));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    let mut sorted = Vec::new();
    while let (Some(one), Some(other)) = (named.peek(), others.peek()) {
        let other_first = matches!((place(before, one), place(before, other)), (Some(one), Some(other)) if other < one);
        sorted.extend(if other_first { others.next() } else { named.next() });
    }
    sorted.extend(named);
    sorted.extend(others);
    sorted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_patch_names_stands_first_unless_it_stood_behind() {
        let order = |before: Value, patch: Value, all: Value| {
            let list = |value: Value| value.as_array().cloned().unwrap();
            Value::Array(ordered(list(all), &list(before), &list(patch), |one, other| one == other))
        };
        assert_eq!(order(json!(["a"]), json!(["b"]), json!(["a", "b"])), json!(["b", "a"]));
        assert_eq!(order(json!(["a", "b"]), json!(["b", "c"]), json!(["a", "b", "c"])), json!(["a", "b", "c"]));
        assert_eq!(order(json!(["a", "b", "c"]), json!(["c", "a"]), json!(["a", "b", "c"])), json!(["b", "c", "a"]));
    }
}
