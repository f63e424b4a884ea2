//! Where two answers differ, and which differences are one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::call::{Call, Verb};

/// One difference between what was seen of a call on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What it is about: a kind of object, wherever it is shown; or a kind of call, where that was refused.
    pub what: String,
    /// Where in the answer, as in `body.metadata.generation`; `[]` is any item of a list.
    pub path: String,
    /// How, without what depends on the names in the call.
    pub how: String,
}

/// What of two answers differs. One cause may show in many places, and each is told.
pub(super) fn differences(call: &Call, left: &Value, right: &Value) -> Vec<Difference> {
    let at = |path: &str, how: String| vec![Difference { what: call.what(), path: path.to_owned(), how }];
    // How a patch is written makes no difference to why it is refused.
    let what = call.what();
    let plain = what.split(" (").next().unwrap_or_default().to_owned();
    let refused = |path: &str, how: String| vec![Difference { what: plain.clone(), path: path.to_owned(), how }];
    if left == right {
        return Vec::new();
    }
    if left["code"] != right["code"] {
        return refused("code", format!("{} / {}", refusal(left), refusal(right)));
    }
    if is_refusal(left) {
        for path in ["reason", "message"] {
            let (one, other) = (&left["body"][path], &right["body"][path]);
            if one != other {
                return refused(&format!("body.{path}"), words(one, other));
            }
        }
    }
    let mut found = Vec::new();
    let (one, other) = (&left["warnings"], &right["warnings"]);
    if one != other {
        found.extend(at("warnings", words(&joined(one), &joined(other))));
    }
    let mut places = Vec::new();
    for part in ["body", "token"] {
        compare(part, &left[part], &right[part], &mut places);
    }
    let is_object = !is_refusal(left) && left["body"]["kind"] != "Status";
    for (path, how) in places {
        // An object is the same whichever call shows it.
        let (what, path) = match path.strip_prefix("body.items[].") {
            Some(rest) => (object(call), format!("body.{rest}")),
            None if is_object && call.verb != Verb::List => (object(call), path),
            None => (call.what(), path),
        };
        found.push(Difference { what, path, how });
    }
    let mut known = BTreeSet::new();
    found.retain(|difference| known.insert(difference.key()));
    found
}

/// Whether the two sides are no longer alike after this call, so that what follows says nothing new.
pub(super) fn parts(call: &Call, left: &Value, right: &Value) -> bool {
    let is_review = call.kind.plural.ends_with("reviews");
    is_success(left) != is_success(right) && !is_review
}

impl Difference {
    /// Equal for what is taken to have one cause.
    pub fn key(&self) -> String {
        format!("{}: {}: {}", self.what, self.path, self.how)
    }
}

fn object(call: &Call) -> String {
    let part = call.subresource.map(|part| format!("/{part}")).unwrap_or_default();
    format!("{}{part}", call.kind.kind)
}

fn is_success(seen: &Value) -> bool {
    seen["code"].as_u64().is_some_and(|code| (200..300).contains(&code))
}

fn is_refusal(seen: &Value) -> bool {
    seen["code"].as_u64().is_some_and(|code| code >= 400)
}

/// A code with the reason and the gist of the message, where it is a refusal.
fn refusal(seen: &Value) -> String {
    let code = &seen["code"];
    if is_refusal(seen) {
        let reason = seen["body"]["reason"].as_str().unwrap_or_default();
        let message = seen["body"].as_str().or_else(|| seen["body"]["message"].as_str()).unwrap_or_default();
        return format!("{code} {reason}: {}", gist(message.split_whitespace()));
    }
    code.to_string()
}

fn joined(warnings: &Value) -> Value {
    let texts: Vec<&str> = warnings.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.join("; ").into()
}

/// How two values differ: where both are texts, the words in which they do, and those only that no name or number is in.
fn words(left: &Value, right: &Value) -> String {
    let (Some(left), Some(right)) = (left.as_str(), right.as_str()) else {
        return match (left, right) {
            (Value::Null, _) => "only on the right".to_owned(),
            (_, Value::Null) => "only on the left".to_owned(),
            (Value::Bool(left), Value::Bool(right)) => format!("{left} / {right}"),
            _ => "differs".to_owned(),
        };
    };
    let (one, other): (Vec<&str>, Vec<&str>) = (left.split_whitespace().collect(), right.split_whitespace().collect());
    let alike = |(a, b): &(&&str, &&str)| a == b;
    let before = one.iter().zip(&other).take_while(alike).count();
    let after = one[before..].iter().rev().zip(other[before..].iter().rev()).take_while(alike).count();
    let middle = |words: &[&str]| gist(words[before..words.len() - after].iter().copied());
    match (middle(&one), middle(&other)) {
        (one, other) if one == other => "differs".to_owned(),
        (one, other) => format!("{one} / {other}"),
    }
}

/// How many words tell a message.
const GIST: usize = 9;

fn gist<'t>(words: impl Iterator<Item = &'t str>) -> String {
    let is_plain =
        |word: &&str| !word.contains(['"', '\'', '`', '/', '{', '<']) && !word.contains(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = words.filter(is_plain).take(GIST).collect();
    words.join(" ")
}

/// The places in which two values differ.
fn compare(path: &str, left: &Value, right: &Value, found: &mut Vec<(String, String)>) {
    match (left, right) {
        (left, right) if left == right => {}
        (Value::Object(one), Value::Object(other)) => maps(path, one, other, found),
        (Value::Array(one), Value::Array(other)) => lists(path, one, other, found),
        _ => found.push((path.to_owned(), words(left, right))),
    }
}

fn maps(path: &str, one: &Map<String, Value>, other: &Map<String, Value>, found: &mut Vec<(String, String)>) {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    for key in keys {
        let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let path = if is_plain { format!("{path}.{key}") } else { format!("{path}[\"{key}\"]") };
        match (one.get(key), other.get(key)) {
            (Some(left), Some(right)) => compare(&path, left, right, found),
            (Some(_), None) => found.push((path, "only on the left".to_owned())),
            _ => found.push((path, "only on the right".to_owned())),
        }
    }
}

/// Lists item by item: objects by their names, so that one more does not make all of those behind it differ.
fn lists(path: &str, one: &[Value], other: &[Value], found: &mut Vec<(String, String)>) {
    let path = format!("{path}[]");
    let named = |items: &[Value]| -> Option<Vec<String>> { items.iter().map(name).collect() };
    let (Some(left), Some(right)) = (named(one), named(other)) else {
        for (left, right) in one.iter().zip(other) {
            compare(&path, left, right, found);
        }
        if one.len() != other.len() {
            let side = if one.len() > other.len() { "left" } else { "right" };
            found.push((path, format!("more on the {side}")));
        }
        return;
    };
    for (item, name) in one.iter().zip(&left) {
        match right.iter().position(|other| other == name) {
            Some(at) => compare(&path, item, &other[at], found),
            None => found.push((path.clone(), "only on the left".to_owned())),
        }
    }
    if right.iter().any(|name| !left.contains(name)) {
        found.push((path.clone(), "only on the right".to_owned()));
    }
    // Names that a server made up come in the order of their random ends.
    let is_made_up = |name: &&String| name.contains('<');
    let both = |names: &[String], others: &[String]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name) && !is_made_up(name)).cloned().collect()
    };
    if both(&left, &right) != both(&right, &left) {
        found.push((path, "in another order".to_owned()));
    }
}

/// What an item of a list is known by.
fn name(item: &Value) -> Option<String> {
    if let Some(manager) = item["manager"].as_str() {
        return Some(format!("{manager} {}", item["operation"]));
    }
    let name = item["metadata"]["name"].as_str().or_else(|| item["name"].as_str()).or_else(|| item["type"].as_str())?;
    let namespace = item["metadata"]["namespace"].as_str().unwrap_or_default();
    Some(format!("{namespace}/{name}"))
}

/// Whether a call can only be told apart by its answer: it changes nothing.
pub(super) fn is_question(call: &Call) -> bool {
    call.verb.is_read() || (call.verb == Verb::Create && call.kind.plural.ends_with("reviews"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::kinds::{CONFIG_MAP, SERVICE_ACCOUNT};
    use super::*;

    fn keys(verb: Verb, left: &Value, right: &Value) -> Vec<String> {
        let call = Call::new(0, verb, &CONFIG_MAP, None, "a");
        differences(&call, left, right).iter().map(Difference::key).collect()
    }

    #[test]
    fn an_object_differs_alike_whichever_call_shows_it() {
        let one = json!({"code": 200, "body": {"metadata": {"name": "a"}, "data": {"a.b": "x"}}});
        let other = json!({"code": 200, "body": {"metadata": {"name": "a", "generation": 1}, "data": {}}});
        let found = [
            "ConfigMap: body.data[\"a.b\"]: only on the left",
            "ConfigMap: body.metadata.generation: only on the right",
        ];
        assert_eq!(keys(Verb::Get, &one, &other), found);
        assert_eq!(keys(Verb::Update, &one, &other), found);
        let list =
            |object: &Value| json!({"code": 200, "body": {"items": [object["body"], {"metadata": {"name": "b"}}]}});
        assert_eq!(keys(Verb::List, &list(&one), &list(&other)), found);
        assert_eq!(keys(Verb::List, &list(&one), &list(&one)), [""; 0]);
    }

    #[test]
    fn items_are_matched_by_name_and_their_order_counts() {
        let list = |names: &[&str]| -> Value {
            let items: Vec<Value> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
            json!({"code": 200, "body": {"items": items}})
        };
        let of = |left: &[&str], right: &[&str]| keys(Verb::List, &list(left), &list(right));
        assert_eq!(of(&["a", "b"], &["b"]), ["list ConfigMap: body.items[]: only on the left"]);
        assert_eq!(of(&["b"], &["a", "b", "c"]), ["list ConfigMap: body.items[]: only on the right"]);
        assert_eq!(of(&["a", "b"], &["b", "a"]), ["list ConfigMap: body.items[]: in another order"]);
        assert_eq!(of(&["made-<1>", "made-<2>"], &["made-<2>", "made-<1>"]), [""; 0]);
    }

    #[test]
    fn refusals_are_told_apart_by_their_words_and_not_by_names() {
        let refused = |code: u16, message: &str| json!({"code": code, "body": {"kind": "Status", "reason": "Invalid", "message": message, "details": {"name": message}}});
        let first = keys(Verb::Create, &refused(422, "\"a\" must be small"), &refused(422, "\"a\" must be tiny"));
        assert_eq!(first, ["create ConfigMap: body.message: small / tiny"]);
        assert_eq!(
            first,
            keys(Verb::Create, &refused(422, "\"b\" must be small"), &refused(422, "\"b\" must be tiny"))
        );
        let codes = keys(Verb::Create, &refused(422, "no \"x\" here"), &json!({"code": 201, "body": {}}));
        assert_eq!(codes, ["create ConfigMap: code: 422 Invalid: no here / 201"]);
    }

    #[test]
    fn sides_part_where_only_one_did_it() {
        let (done, not) = (json!({"code": 201}), json!({"code": 409}));
        let create = Call::new(0, Verb::Create, &SERVICE_ACCOUNT, None, "");
        assert!(parts(&create, &done, &not) && !parts(&create, &done, &done));
        assert!(!parts(&create, &json!({"code": 400}), &not), "neither did it");
        let review = Call::new(0, Verb::Create, &super::super::kinds::TOKEN_REVIEW, None, "");
        assert!(!parts(&review, &done, &not));
        assert!(is_question(&review) && !is_question(&create));
    }
}
