//! Objects as server-side apply sees them: what is in one, what differs between two, one merged into another.

use serde_json::{Map, Value};

use super::set::{Set, Step, field, item};
use crate::fields::{List, ListKind, Shape};

/// All places of an object.
pub(super) fn fields_of(shape: Shape, value: &Value) -> Set {
    let mut set = Set::default();
    let mut path = Vec::new();
    collect(shape, value, &mut path, &mut set);
    set
}

fn collect(shape: Shape, value: &Value, path: &mut Vec<Step>, set: &mut Set) {
    match (shape, value) {
        (Shape::List(list), Value::Array(items)) if !matches!(list.kind, ListKind::Atomic) => {
            for each in items {
                let Some(step) = item(list, each) else { continue };
                path.push(step);
                collect(list.item(), each, path, set);
                set.insert(path);
                path.pop();
            }
        }
        (Shape::Struct(_) | Shape::Map(_), Value::Object(fields)) if !is_atomic(shape) => {
            for (name, value) in fields {
                let is_known = matches!(shape, Shape::Struct(of) if of.field(name).is_some());
                let Some(below) = shape.field(name) else { continue };
                path.push(field(name));
                collect(below, value, path, set);
                if is_empty_object(value) || !is_known {
                    set.insert(path);
                }
                path.pop();
            }
        }
        _ => set.insert(path),
    }
}

fn is_atomic(shape: Shape) -> bool {
    match shape {
        Shape::Struct(of) => of.atomic,
        Shape::Map(map) => map.atomic,
        Shape::List(list) => matches!(list.kind, ListKind::Atomic),
        Shape::Scalar(_) => true,
    }
}

fn is_empty_object(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// What became different.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: Set,
    pub(super) modified: Set,
    pub(super) removed: Set,
}

pub(super) fn compare(shape: Shape, before: Option<&Value>, after: &Value) -> Comparison {
    let mut comparison = Comparison::default();
    differ(shape, before, Some(after), &mut Vec::new(), &mut comparison);
    comparison
}

fn differ(shape: Shape, before: Option<&Value>, after: Option<&Value>, path: &mut Vec<Step>, found: &mut Comparison) {
    let is_leaf = is_atomic(shape) || (is_nothing(before) && is_nothing(after));
    match (before, after) {
        (None, None) => return,
        (None, _) => found.added.insert(path),
        (_, None) => found.removed.insert(path),
        (Some(before), Some(after)) if is_leaf && before != after => found.modified.insert(path),
        _ => {}
    }
    if is_leaf {
        return;
    }
    for (step, below, before, after) in children(shape, before, after) {
        path.push(step);
        differ(below, before, after, path, found);
        path.pop();
    }
}

fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}

type Child<'v> = (Step, Shape, Option<&'v Value>, Option<&'v Value>);

/// What is below two values, each once.
fn children<'v>(shape: Shape, before: Option<&'v Value>, after: Option<&'v Value>) -> Vec<Child<'v>> {
    if let Shape::List(list) = shape {
        let items = |value: Option<&'v Value>| value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let find = |items: &'v [Value], step: &str| items.iter().find(|each| item(list, each).as_deref() == Some(step));
        let mut steps: Vec<Step> = Vec::new();
        for step in items(before).iter().chain(items(after)).filter_map(|each| item(list, each)) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        let child = |step: Step| {
            let (before, after) = (find(items(before), &step), find(items(after), &step));
            (step, list.item(), before, after)
        };
        return steps.into_iter().map(child).collect();
    }
    let fields = |value: Option<&'v Value>| value.and_then(Value::as_object);
    let names = fields(before).into_iter().flatten().chain(fields(after).into_iter().flatten());
    let mut names: Vec<&String> = names.map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let child = |name: &String| {
        let of = |value: Option<&'v Value>| fields(value).and_then(|fields| fields.get(name));
        Some((field(name), shape.field(name)?, of(before), of(after)))
    };
    names.into_iter().filter_map(child).collect()
}

/// One object with what another says.
pub(super) fn merged(shape: Shape, live: &Value, config: &Value) -> Value {
    match (shape, live, config) {
        // What is nothing takes the place of what has one owner as a whole, and adds nothing to the rest.
        (_, _, Value::Null) if !is_atomic(shape) => live.clone(),
        (Shape::Struct(_) | Shape::Map(_), Value::Object(live), Value::Object(config)) if !is_atomic(shape) => {
            let mut fields = live.clone();
            for (name, value) in config {
                let Some(below) = shape.field(name) else { continue };
                let value = match live.get(name) {
                    Some(live) => merged(below, live, value),
                    None => value.clone(),
                };
                fields.insert(name.clone(), value);
            }
            Value::Object(fields)
        }
        (Shape::List(list), Value::Array(live), Value::Array(config)) if !is_atomic(shape) => {
            Value::Array(merged_items(list, live, config))
        }
        _ => config.clone(),
    }
}

fn merged_items(list: List, live: &[Value], config: &[Value]) -> Vec<Value> {
    let find = |items: &[Value], each: &Value| {
        let step = item(list, each);
        items.iter().position(|other| item(list, other) == step)
    };
    let mut items: Vec<Value> = live
        .iter()
        .map(|each| find(config, each).map_or_else(|| each.clone(), |at| merged(list.item(), each, &config[at])))
        .collect();
    items.extend(config.iter().filter(|each| find(live, each).is_none()).cloned());
    items
}

/// An object without the places of a set; none if nothing is left.
pub(super) fn without(shape: Shape, value: &Value, places: &Set) -> Option<Value> {
    match (shape, value) {
        (Shape::List(list), Value::Array(items)) if !items.is_empty() && !is_atomic(shape) => {
            let kept: Vec<Value> = items
                .iter()
                .filter_map(|each| {
                    let Some(step) = item(list, each) else { return Some(each.clone()) };
                    match places.at(&step) {
                        (true, _) => None,
                        (false, Some(below)) => without(list.item(), each, below),
                        (false, None) => Some(each.clone()),
                    }
                })
                .collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        (Shape::Struct(_) | Shape::Map(_), Value::Object(fields)) if !fields.is_empty() && !is_atomic(shape) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let below = shape.field(name);
                match (places.at(&field(name)), below) {
                    ((true, _), _) => {}
                    ((false, Some(places)), Some(below)) => {
                        // Of what is nothing now it is still known that it was there.
                        kept.insert(name.clone(), without(below, value, places).unwrap_or_default());
                    }
                    _ => drop(kept.insert(name.clone(), value.clone())),
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        (Shape::Scalar(_), value) => Some(value.clone()),
        (_, value) if is_empty_object(value) => Some(value.clone()),
        // What has one owner as a whole goes as a whole.
        _ => None,
    }
}
