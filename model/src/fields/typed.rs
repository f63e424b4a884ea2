//! What is wrong with a configuration before it is applied: the schema of its kind, as structured-merge-diff holds it against
//! what it is given.

use serde_json::{Map, Value};

use super::go::quoted;
use super::shape::{List, Shape};
use super::shown;
use super::table::{ListKey, ListKind, Scalar};
use crate::profile::{Feature, Profile};

/// A mistake: where it is, as `.spec.containers[name="a"].image`, and what.
type Mistakes = Vec<(String, String)>;

/// All mistakes in one text; none where there are none. In fields that stand beside each other the server finds them in any
/// order, here in that of their names.
pub(super) fn mistakes(value: &Value, shape: Shape, profile: &Profile) -> Option<String> {
    let checked = check(value, shape, profile);
    let texts: Vec<String> = checked
        .into_iter()
        .map(|(path, text)| if path.is_empty() { text } else { format!("{path}: {text}") })
        .collect();
    match texts.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("errors:\n  {}", several.join("\n  "))),
    }
}

fn one(text: String) -> Mistakes {
    vec![(String::new(), text)]
}

fn below(step: &str, mistakes: Mistakes) -> impl Iterator<Item = (String, String)> {
    mistakes.into_iter().map(move |(path, text)| (format!("{step}{path}"), text))
}

fn check(value: &Value, shape: Shape, profile: &Profile) -> Mistakes {
    let pointed = || format!("&{{{}}}", of_floats(value));
    match (shape, value) {
        (_, Value::Null) => Vec::new(),
        (Shape::Scalar(scalar), value) => check_scalar(value, scalar, profile),
        (Shape::Struct(_) | Shape::Map(_), Value::Object(fields)) => check_fields(fields, shape, profile),
        (Shape::Struct(_) | Shape::Map(_), _) => one(format!("expected map, got {}", pointed())),
        (Shape::List(list), Value::Array(items)) => check_items(items, list, profile),
        (Shape::List(_), _) => one(format!("expected list, got {}", pointed())),
    }
}

/// As `%v` shows a value whose numbers are floats.
fn of_floats(value: &Value) -> String {
    match value {
        Value::Number(number) => shown::float(number.as_f64()),
        other => shown::plain(other),
    }
}

fn check_scalar(value: &Value, scalar: Scalar, profile: &Profile) -> Mistakes {
    let is_scalar = !(value.is_array() || value.is_object());
    match scalar {
        Scalar::String | Scalar::Bytes if !value.is_string() => {
            one(format!("expected string, got &value.valueUnstructured{{Value:{}}}", shown::sharp(value)))
        }
        Scalar::Bool if !value.is_boolean() => one(format!("expected boolean, got &{{{}}}", of_floats(value))),
        Scalar::Int32 | Scalar::Int64 if !value.is_number() => {
            one(format!("expected numeric (int or float), got {}", shown::type_name(value)))
        }
        Scalar::Quantity | Scalar::Time | Scalar::MicroTime if !is_scalar && profile.has(Feature::AnyScalarIsNoMap) => {
            one(format!("expected any scalar, got &{{{}}}", of_floats(value)))
        }
        _ => Vec::new(),
    }
}

fn check_fields(fields: &Map<String, Value>, shape: Shape, profile: &Profile) -> Mistakes {
    let mut found = Vec::new();
    for (name, value) in fields {
        let step = format!(".{name}");
        let Some(inner) = shape.field(name) else {
            // It looks at nothing beside it any more.
            found.push((step, "field not declared in schema".to_owned()));
            break;
        };
        found.extend(below(&step, check(value, inner, profile)));
    }
    found
}

fn check_items(items: &[Value], list: List, profile: &Profile) -> Mistakes {
    let mut found = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let step = match step(at, item, list, profile) {
            Ok(step) => step,
            Err(text) => {
                found.extend(one(format!("element {at}: {text}")));
                return found;
            }
        };
        if seen.contains(&step) {
            found.extend(one(format!("duplicate entries for key {step}")));
        }
        found.extend(below(&step, check(item, list.item(), profile)));
        seen.push(step);
    }
    found
}

/// Whether all items of lists can be told apart.
pub(super) fn has_keys(value: &Value, shape: Shape, profile: &Profile) -> bool {
    match (shape, value) {
        (Shape::Struct(of), Value::Object(fields)) => fields.iter().all(|(name, value)| {
            !(value.is_object() || value.is_array())
                || of.field(name).is_none_or(|field| has_keys(value, of.shape(field), profile))
        }),
        (Shape::List(list), Value::Array(items)) => {
            let steps = match list.kind {
                ListKind::Atomic => Ok(Vec::new()),
                _ => items.iter().enumerate().map(|(at, item)| step(at, item, list, profile)).collect(),
            };
            let may_stand_twice = profile.has(Feature::DoublesAreManaged);
            let is_told = |steps: Vec<String>| {
                may_stand_twice || steps.iter().enumerate().all(|(at, step)| !steps[..at].contains(step))
            };
            steps.is_ok_and(is_told) && items.iter().all(|item| has_keys(item, list.item(), profile))
        }
        _ => true,
    }
}

/// How an item of a list is known, as `[name="a"]`.
fn step(at: usize, item: &Value, list: List, profile: &Profile) -> Result<String, String> {
    match list.kind {
        ListKind::Atomic => Ok(format!("[{at}]")),
        ListKind::Set => match item {
            Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
            Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
            Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
            item => Ok(format!("[={}]", key(item))),
        },
        ListKind::Map(keys) => match item {
            Value::Null => Err("associative list with keys may not have a null element".to_owned()),
            Value::Object(fields) => step_by(fields, keys, list, profile),
            _ => Err("associative list with keys may not have non-map elements".to_owned()),
        },
    }
}

/// What stands for a field that is always written, where it is not said.
fn zero(list: List, name: &str) -> Option<Value> {
    let Shape::Struct(of) = list.item() else { return None };
    let field = of.field(name).filter(|field| !field.omitempty && !field.pointer)?;
    match of.shape(field) {
        Shape::Scalar(Scalar::String) => Some("".into()),
        Shape::Scalar(Scalar::Int32 | Scalar::Int64) => Some(0.into()),
        _ => None,
    }
}

fn step_by(fields: &Map<String, Value>, keys: &[ListKey], list: List, profile: &Profile) -> Result<String, String> {
    let mut found: Vec<(&str, Value)> = Vec::new();
    for each in keys {
        match fields.get(each.name).or(each.default.as_ref()).cloned().or_else(|| zero(list, each.name)) {
            Some(value) => found.push((each.name, value)),
            None if profile.has(Feature::SomeKeysMayBeMissing) => {}
            None => {
                let name = quoted(each.name);
                return Err(format!(
                    "associative list with keys has an element that omits key field {name} (and doesn't have default value)"
                ));
            }
        }
    }
    if found.is_empty() {
        let names: Vec<String> = keys.iter().map(|key| quoted(key.name)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            names.join(" ")
        ));
    }
    found.sort_by_key(|(name, _)| *name);
    let found: Vec<String> = found.into_iter().map(|(name, value)| format!("{name}={}", key(&value))).collect();
    Ok(format!("[{}]", found.join(",")))
}

/// A value that something is known by.
fn key(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Null => "null".to_owned(),
        other => of_floats(other),
    }
}
