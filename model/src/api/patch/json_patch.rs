//! JSON patch (RFC 6902).

use serde_json::Value;

use crate::status::Refusal;
use crate::world::Outcome;

pub(super) fn apply(object: &Value, patch: &[u8]) -> Outcome<Value> {
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a JSON patch that is no JSON"))?;
    let Value::Array(operations) = patch else { return Err(Refusal::not_modelled("a JSON patch that is no list")) };
    if operations.len() > 10_000 {
        let message = format!("The allowed maximum operations in a JSON patch is 10000, got {}", operations.len());
        return Err(Refusal::new(413, "RequestEntityTooLarge", message));
    }
    let mut object = object.clone();
    for operation in &operations {
        one(&mut object, operation)?;
    }
    Ok(object)
}

/// An operation that cannot be done. Which one the server does not say.
fn fails() -> Refusal {
    Refusal::generic(422, "Invalid", "the server rejected our request due to an error in our request")
}

fn one(object: &mut Value, operation: &Value) -> Outcome<()> {
    let text = |field: &str| operation[field].as_str();
    let (Some(op), Some(path)) = (text("op"), text("path")) else {
        return Err(Refusal::not_modelled("an operation of a JSON patch without op or path"));
    };
    match op {
        "add" => add(object, path, operation["value"].clone()),
        "remove" => remove(object, path).map(drop),
        "replace" => {
            let place = object.pointer_mut(path).ok_or_else(fails)?;
            *place = operation["value"].clone();
            Ok(())
        }
        "test" => {
            let is = object.pointer(path).unwrap_or(&Value::Null);
            if *is == operation["value"] { Ok(()) } else { Err(fails()) }
        }
        "move" | "copy" => {
            let Some(from) = text("from") else { return Err(Refusal::not_modelled("a move or copy without from")) };
            let value = if op == "move" { remove(object, from)? } else { copied(object, from)? };
            add(object, path, value)
        }
        _ => Err(Refusal::not_modelled(format!("the operation {op} of a JSON patch"))),
    }
}

/// A field that is not there is copied as null.
fn copied(object: &Value, from: &str) -> Outcome<Value> {
    if let Some(value) = object.pointer(from) {
        return Ok(value.clone());
    }
    let above = from.rsplit_once('/').and_then(|(above, _)| object.pointer(above));
    if above.is_some_and(Value::is_object) { Ok(Value::Null) } else { Err(fails()) }
}

fn parent<'v>(object: &'v mut Value, path: &str) -> Option<(&'v mut Value, String)> {
    let (above, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Some((object.pointer_mut(above)?, last))
}

fn add(object: &mut Value, path: &str, value: Value) -> Outcome<()> {
    match parent(object, path) {
        Some((Value::Object(fields), name)) => {
            fields.insert(name, value);
            Ok(())
        }
        Some((Value::Array(items), at)) => {
            let at = if at == "-" { Some(items.len()) } else { at.parse().ok().filter(|at| *at <= items.len()) };
            items.insert(at.ok_or_else(fails)?, value);
            Ok(())
        }
        _ => Err(fails()),
    }
}

fn remove(object: &mut Value, path: &str) -> Outcome<Value> {
    let removed = match parent(object, path) {
        Some((Value::Object(fields), name)) => fields.remove(&name),
        Some((Value::Array(items), at)) => {
            at.parse().ok().filter(|at| *at < items.len()).map(|at: usize| items.remove(at))
        }
        _ => None,
    };
    removed.ok_or_else(fails)
}
