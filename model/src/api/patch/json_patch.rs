//! JSON patch (RFC 6902).

use serde_json::Value;

use crate::fields;
use crate::status::Refusal;
use crate::world::Outcome;

/// How many operations a patch may have.
const LIMIT: usize = 10_000;
/// The fields of an operation that are texts.
const TEXTS: [&str; 3] = ["op", "path", "from"];

/// `is_checked`: whether unknown fields matter, as then the patch is read beforehand.
pub(super) fn apply(object: &Value, patch: &[u8], is_checked: bool) -> Outcome<Value> {
    if let Some(mistake) = fields::json_mistake(patch) {
        return Err(Refusal::bad_request(begin(is_checked) + &mistake));
    }
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Refusal::not_modelled("a JSON patch with such JSON"))?;
    let operations = operations(&patch, is_checked)?;
    if operations.len() > LIMIT {
        let message = format!("The allowed maximum operations in a JSON patch is {LIMIT}, got {}", operations.len());
        return Err(Refusal::new(413, "RequestEntityTooLarge", message));
    }
    let mut object = object.clone();
    for operation in operations {
        one(&mut object, operation)?;
    }
    Ok(object)
}

/// How a refusal begins.
fn begin(is_checked: bool) -> String {
    if is_checked { "error decoding patch: ".to_owned() } else { String::new() }
}

/// The operations of a patch. Whoever asks for fields to be validated has them read twice, and hears of the first time
/// (apiserver: `applyJSPatch` in pkg/endpoints/handlers/patch.go).
fn operations(patch: &Value, is_checked: bool) -> Outcome<&[Value]> {
    let [list, operation] = if is_checked {
        ["[]handlers.jsonPatchOp", "handlers.jsonPatchOp"]
    } else {
        ["jsonpatch.Patch", "jsonpatch.Operation"]
    };
    let refused = |value: &Value, target: &str| {
        let what = format!("json: cannot unmarshal {} into Go {target}", fields::sort(value));
        Refusal::bad_request(begin(is_checked) + &what)
    };
    let operations = match patch {
        Value::Array(operations) => operations.as_slice(),
        Value::Null => &[],
        other => return Err(refused(other, &format!("value of type {list}"))),
    };
    for one in operations {
        let Value::Object(fields) = one else {
            if one.is_null() {
                continue;
            }
            return Err(refused(one, &format!("value of type {operation}")));
        };
        for (name, value) in fields.iter().filter(|_| is_checked) {
            match TEXTS.iter().find(|text| *text == name) {
                Some(_) if value.is_string() || value.is_null() => {}
                Some(_) => return Err(refused(value, &format!("struct field jsonPatchOp.{name} of type string"))),
                None if name == "value" => {}
                None => return Err(Refusal::not_modelled("an unknown field in an operation of a JSON patch")),
            }
        }
    }
    Ok(operations)
}

/// An operation that cannot be done. Which one the server does not say.
fn fails() -> Refusal {
    Refusal::generic(422, "Invalid", "the server rejected our request due to an error in our request")
}

fn one(object: &mut Value, operation: &Value) -> Outcome<()> {
    let text = |field: &str| operation[field].as_str();
    let (Some(op), Some(path)) = (text("op"), text("path")) else {
        return Err(fails());
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
            let from = text("from").ok_or_else(fails)?;
            let value = if op == "move" { remove(object, from)? } else { copied(object, from)? };
            add(object, path, value)
        }
        _ => Err(fails()),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(patch: &Value, is_checked: bool) -> (u16, String) {
        let refusal = apply(&json!({"a": 1}), patch.to_string().as_bytes(), is_checked).unwrap_err();
        (refusal.code, refusal.message)
    }

    #[test]
    fn what_is_no_operation_is_told_of_by_whoever_reads_it_first() {
        let said = |patch: Value, strict: &str, plain: &str| {
            let strict = format!("error decoding patch: json: cannot unmarshal {strict}");
            assert_eq!(refusal(&patch, true), (400, strict));
            assert_eq!(refusal(&patch, false), (400, format!("json: cannot unmarshal {plain}")));
        };
        let add = json!({"op": "add", "path": "/b"});
        said(
            json!([add, "seven"]),
            "string into Go value of type handlers.jsonPatchOp",
            "string into Go value of type jsonpatch.Operation",
        );
        said(
            json!({}),
            "object into Go value of type []handlers.jsonPatchOp",
            "object into Go value of type jsonpatch.Patch",
        );
        let number = json!([{"op": 1, "path": "/b"}]);
        let told =
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string";
        assert_eq!(refusal(&number, true), (400, told.to_owned()));
    }

    #[test]
    fn what_cannot_be_done_is_refused_without_saying_what() {
        for patch in [
            json!([null]),
            json!([{"op": "twist", "path": "/a"}]),
            json!([{"op": "add"}]),
            json!([{"op": "move", "path": "/b"}]),
            json!([{"op": "remove", "path": "/b"}]),
        ] {
            assert_eq!(refusal(&patch, true), (422, fails().message), "{patch}");
        }
        assert_eq!(refusal(&json!([{"op": 1, "path": "/a"}]), false).0, 422);
        assert_eq!(apply(&json!({}), b"null", true).unwrap(), json!({}));
    }
}
