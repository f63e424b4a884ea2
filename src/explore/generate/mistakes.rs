//! What people get wrong: one mistake in a call that was right.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use super::super::call::{Call, Verb};
use super::Draft;

impl Draft {
    /// Puts one mistake into the body, or beside it.
    pub(super) fn spoil(&mut self, call: &mut Call) {
        let is_wide = !call.kind.namespaced;
        let choice = self.rng.random_range(0..14);
        let Some(body) = call.body.as_mut() else { return };
        if !body.is_object() {
            return self.wrong_type(body);
        }
        match choice {
            2 => self.missing_field(body),
            3 | 4 => {
                self.unknown_field(body);
                let validation = self.one(&["", "Strict", "Strict", "Warn", "Ignore"]);
                call.query.retain(|(key, _)| key != "fieldValidation");
                if !validation.is_empty() {
                    call.query.push(("fieldValidation".to_owned(), validation.to_owned()));
                }
            }
            5 | 6 if body["metadata"]["name"].is_string() && !matches!(call.verb, Verb::Patch(_)) => {
                let name = match self.rng.random_range(0..5) {
                    0 => "Not_A_Name".to_owned(),
                    1 => "dots..here".to_owned(),
                    2 => "x".repeat(self.one(&[60, 64, 260])),
                    3 => "-a".to_owned(),
                    _ => String::new(),
                };
                // Some kinds take any name, and it must be this sequence's own all the same.
                body["metadata"]["name"] = if is_wide { format!("{name}~").into() } else { name.into() };
            }
            7 => body["apiVersion"] = self.one(&["v2", "apps/v1", "v1beta1", ""]).into(),
            8 => body["kind"] = self.one(&["Secret", "Gadget", ""]).into(),
            9 if body["metadata"].is_object() => {
                body["metadata"]["resourceVersion"] = self.one(&["7", "0", "none", "-1"]).into();
            }
            10 if body["metadata"].is_object() => {
                let value = self.one(&["not valid!", "-", "x y"]);
                body["metadata"]["labels"]["app"] = value.into();
            }
            11 if body["metadata"].is_object() => body["metadata"]["annotations"] = json!({"bad key/x/y": "z"}),
            12 if body["metadata"].is_object() && call.namespace.is_some() => {
                body["metadata"]["namespace"] = self.one(&["default", "beside~"]).into();
            }
            13 => {
                call.body = Some(match self.rng.random_range(0..3) {
                    0 => json!([]),
                    1 => json!("text"),
                    _ => json!({}),
                });
            }
            _ => self.wrong_type(body),
        }
    }

    /// Something else in the place of any value.
    fn wrong_type(&mut self, body: &mut Value) {
        let paths = places(body);
        let Some(path) = paths.choose(&mut self.rng) else { return };
        let wrong = match self.rng.random_range(0..6) {
            0 => json!(7),
            // What becomes the name of an object is the sequence's own.
            1 if path.ends_with("/metadata/name") => json!("wide-seven~"),
            1 => json!("seven"),
            2 => json!(true),
            3 => json!([]),
            4 => Value::Null,
            _ => json!({"a": "b"}),
        };
        if let Some(place) = body.pointer_mut(path) {
            *place = wrong;
        }
    }

    fn missing_field(&mut self, body: &mut Value) {
        let paths = places(body);
        let Some((parent, key)) = paths.choose(&mut self.rng).and_then(|path| path.rsplit_once('/')) else { return };
        if let Some(Value::Object(map)) = body.pointer_mut(parent) {
            map.remove(&unescaped(key));
        }
    }

    fn unknown_field(&mut self, body: &mut Value) {
        let paths: Vec<String> = std::iter::once(String::new())
            .chain(places(body))
            .filter(|path| body.pointer(path).is_some_and(Value::is_object))
            .collect();
        if let Some(path) = paths.choose(&mut self.rng)
            && let Some(Value::Object(map)) = body.pointer_mut(path)
        {
            map.insert("unheardOf".to_owned(), json!("x"));
        }
    }
}

/// The places of all values of a body, as JSON pointers, but for those by which an object is known to be the sequence's own.
pub(in crate::explore) fn places(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), body)];
    while let Some((at, value)) = open.pop() {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(map) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                map.iter().map(|(key, value)| (format!("{at}/{}", escaped(key)), value)).collect()
            }
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| (format!("{at}/{index}"), item)).collect()
            }
            _ => Vec::new(),
        };
        for (at, value) in below {
            if !at.ends_with("rehearsal.dev~1own") {
                found.push(at.clone());
            }
            open.push((at, value));
        }
    }
    found.sort();
    found
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}
