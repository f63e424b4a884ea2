//! JSON patch (RFC 6902).

use serde_json::Value;

use super::document::{Node, place};
use crate::fields;
use crate::profile::{Feature, Profile};
use crate::status::Refusal;
use crate::world::Outcome;

/// How many operations a patch may have.
const LIMIT: usize = 10_000;
/// The fields of an operation that are texts.
const TEXTS: [&str; 3] = ["op", "path", "from"];

/// `is_checked`: whether unknown fields matter, as then the patch is read beforehand.
pub(super) fn apply(document: &mut Node, patch: &[u8], is_checked: bool, profile: &Profile) -> Outcome<()> {
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
    operations.iter().try_for_each(|operation| one(document, operation, profile))
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

/// Whether any key of a path may count from the end of a list.
fn is_from_the_end(path: &str) -> bool {
    path.split('/').any(|key| key.parse::<i64>().is_ok_and(|at| at < 0))
}

/// An operation that cannot be done. Which one the server does not say.
fn fails() -> Refusal {
    Refusal::generic(422, "Invalid", "the server rejected our request due to an error in our request")
}

fn one(document: &mut Node, operation: &Value, profile: &Profile) -> Outcome<()> {
    let text = |field: &str| operation[field].as_str();
    let (Some(op), Some(path)) = (text("op"), text("path")) else {
        return Err(fails());
    };
    if !profile.has(Feature::PatchesOfTheWhole)
        && [path, text("from").unwrap_or_default()].into_iter().any(is_from_the_end)
    {
        // That API server breaks off without an answer, but for some of them.
        return Err(Refusal::not_modelled("a place from the end of a list in a JSON patch"));
    }
    match op {
        "replace" if path.is_empty() => replace_all(document, &operation["value"], profile),
        "add" => add(document, path, Node::sent(&operation["value"])),
        "remove" => remove(document, path).map(drop),
        "replace" => replace(document, path, &operation["value"]),
        "test" => test(document, path, operation.get("value"), profile),
        "move" | "copy" => {
            let from = text("from").ok_or_else(fails)?;
            let value = if op == "move" { remove(document, from)? } else { copied(document, from)? };
            add(document, path, value)
        }
        _ => Err(fails()),
    }
}

/// What holds the last key of a path, and that key. What stands before the first slash does not matter.
fn above<'d>(document: &'d mut Node, path: &str) -> Outcome<(&'d mut Node, String)> {
    let (above, last) = path.rsplit_once('/').ok_or_else(fails)?;
    let key = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let mut node = document;
    for part in above.split('/').skip(1) {
        node = node.get(&key(part)).ok_or_else(fails)?;
    }
    Ok((node.open(), key(last)))
}

fn add(document: &mut Node, path: &str, value: Node) -> Outcome<()> {
    match above(document, path)? {
        (Node::Object(fields), name) => drop(fields.insert(name, value)),
        (Node::List(items), at) if at == "-" => items.push(value),
        (Node::List(items), at) => items.insert(place(&at, items.len() + 1).ok_or_else(fails)?, value),
        (Node::Text(..), _) => return Err(fails()),
    }
    Ok(())
}

fn remove(document: &mut Node, path: &str) -> Outcome<Node> {
    let removed = match above(document, path)? {
        (Node::Object(fields), name) => fields.remove(&name),
        (Node::List(items), at) => place(&at, items.len()).map(|at| items.remove(at)),
        (Node::Text(..), _) => None,
    };
    removed.ok_or_else(fails)
}

fn replace_all(document: &mut Node, value: &Value, profile: &Profile) -> Outcome<()> {
    let fits = value.is_object() || value.is_array();
    if !profile.has(Feature::PatchesOfTheWhole) || (!fits && profile.has(Feature::WholeIsChecked)) {
        return Err(fails());
    }
    if fits {
        *document = Node::sent(value);
        document.open();
    }
    Ok(())
}

/// A field that is not there is replaced too, though the RFC has that be an error.
fn replace(document: &mut Node, path: &str, value: &Value) -> Outcome<()> {
    match above(document, path)? {
        (Node::Object(fields), name) => drop(fields.insert(name, Node::sent(value))),
        (list, at) => *list.get(&at).ok_or_else(fails)? = Node::sent(value),
    }
    Ok(())
}

/// A field that is not there is null.
fn test(document: &mut Node, path: &str, value: Option<&Value>, profile: &Profile) -> Outcome<()> {
    let value = value.unwrap_or(&Value::Null);
    let is = if path.is_empty() {
        profile.has(Feature::PatchesOfTheWhole) && document.is(value)
    } else {
        match above(document, path)? {
            (Node::Object(fields), name) => fields.get_mut(&name).map_or(value.is_null(), |found| found.is(value)),
            (list, at) => list.get(&at).ok_or_else(fails)?.is(value),
        }
    };
    if is { Ok(()) } else { Err(fails()) }
}

/// A field that is not there is copied as null.
fn copied(document: &mut Node, from: &str) -> Outcome<Node> {
    Ok(match above(document, from)? {
        (Node::Object(fields), name) => fields.get(&name).cloned().unwrap_or_else(|| Node::sent(&Value::Null)),
        (list, at) => list.get(&at).ok_or_else(fails)?.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::testing::profile;

    fn refusal(patch: &Value, is_checked: bool) -> (u16, String) {
        let mut document = Node::stored(&json!({"a": 1}), None);
        let refusal = apply(&mut document, patch.to_string().as_bytes(), is_checked, &profile(36)).unwrap_err();
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
        assert_eq!(patched(36, &json!({}), "null"), Ok(json!({})));
    }

    fn patched(minor: u32, object: &Value, patch: &str) -> Result<Value, u16> {
        let mut document = Node::stored(object, None);
        apply(&mut document, patch.as_bytes(), true, &profile(minor)).map_err(|refusal| refusal.code)?;
        Ok(document.value())
    }

    /// What the RFC forbids and the library of the API server does.
    #[test]
    fn much_is_done_that_the_rfc_forbids() {
        let object = json!({"a": {"b": 1}, "l": [1, 2, 3]});
        for (patch, made) in [
            (
                json!([{"op": "replace", "path": "/a/new", "value": 2}]),
                json!({"a": {"b": 1, "new": 2}, "l": [1, 2, 3]}),
            ),
            (json!([{"op": "replace", "path": "/l/-1", "value": 7}]), json!({"a": {"b": 1}, "l": [1, 2, 7]})),
            (json!([{"op": "remove", "path": "/l/-3"}]), json!({"a": {"b": 1}, "l": [2, 3]})),
            (json!([{"op": "add", "path": "/l/-1", "value": 7}]), json!({"a": {"b": 1}, "l": [1, 2, 3, 7]})),
            (json!([{"op": "remove", "path": "x/a"}]), json!({"l": [1, 2, 3]})),
            (json!([{"op": "replace", "path": "", "value": {"c": 1}}]), json!({"c": 1})),
            (json!([{"op": "test", "path": "/new"}, {"op": "remove", "path": "/l"}]), json!({"a": {"b": 1}})),
        ] {
            assert_eq!(patched(36, &object, &patch.to_string()), Ok(made), "{patch}");
        }
        for patch in [
            json!([{"op": "replace", "path": "/l/3", "value": 7}]),
            json!([{"op": "replace", "path": "/a/b/c", "value": 7}]),
            json!([{"op": "test", "path": "/l/-4"}]),
            json!([{"op": "test", "path": "/a", "value": {"b": 2}}]),
            json!([{"op": "remove", "path": "a"}]),
            json!([{"op": "replace", "path": "", "value": "x"}]),
        ] {
            assert_eq!(patched(36, &object, &patch.to_string()), Err(422), "{patch}");
        }
        let text_for_all = r#"[{"op": "replace", "path": "", "value": "x"}]"#;
        assert_eq!(patched(34, &object, text_for_all), Ok(object.clone()));
        assert_eq!(patched(22, &object, r#"[{"op": "replace", "path": "", "value": {}}]"#), Err(422));
        assert_eq!(patched(22, &object, r#"[{"op": "test", "path": "/l/-1", "value": 3}]"#), Err(501));
    }
}
