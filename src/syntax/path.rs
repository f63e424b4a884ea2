//! Paths into JSON, as `snapshot:` selects and drops by them: `metadata.labels`, `spec.containers.image`,
//! `metadata.annotations["a.b/c"]`. The elements of a list are gone into without being named.

use std::fmt;

use serde_json::{Map, Value};

use super::{At, Diagnostic};

/// A path of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<String>);

impl Path {
    /// Reads a path that is written at `at`.
    pub fn parse(text: &str, at: &At) -> Result<Self, Diagnostic> {
        split(text).map(Self).ok_or_else(|| {
            Diagnostic::new(at.clone(), format!("`{text}` is no path")).help(
                "write the keys with dots: metadata.labels; a key with dots in it: metadata.annotations[\"a.b/c\"]",
            )
        })
    }

    /// The keys from the outside in.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// What is left of `value` where only these paths are kept; mappings and lists around them stay. Nothing, if none
    /// of them leads anywhere.
    pub fn select(paths: &[Self], value: &Value) -> Option<Value> {
        let paths: Vec<&[String]> = paths.iter().map(Self::keys).collect();
        select(&paths, value)
    }

    /// Takes what this path leads to out of `value`.
    pub fn remove(&self, value: &mut Value) {
        remove(&self.0, value);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            match key.contains(['.', '[', '"']) {
                true => write!(f, "[{key:?}]")?,
                false if index == 0 => f.write_str(key)?,
                false => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

fn split(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        if let Some(bracket) = rest.strip_prefix('[') {
            let quote = bracket.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (key, after) = bracket[1..].split_once(quote)?;
            keys.push(key.to_owned());
            rest = after.strip_prefix(']')?;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            keys.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        match rest.strip_prefix('.') {
            _ if rest.is_empty() => break,
            Some(after) if !after.starts_with('[') => rest = after,
            None if rest.starts_with('[') => {}
            _ => return None,
        }
    }
    let well_formed = |key: &String| !key.is_empty() && !key.contains([']', '"', '\'', ' ']);
    keys.iter().all(well_formed).then_some(keys)
}

fn select(paths: &[&[String]], value: &Value) -> Option<Value> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value.clone());
    }
    match value {
        Value::Array(elements) => {
            let kept: Vec<Value> = elements.iter().filter_map(|element| select(paths, element)).collect();
            (!kept.is_empty() || elements.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (key, field) in fields {
                let below: Vec<&[String]> =
                    paths.iter().filter(|path| path[0] == *key).map(|path| &path[1..]).collect();
                if !below.is_empty()
                    && let Some(field) = select(&below, field)
                {
                    kept.insert(key.clone(), field);
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        _ => None,
    }
}

fn remove(path: &[String], value: &mut Value) {
    match (path, value) {
        (path, Value::Array(elements)) => elements.iter_mut().for_each(|element| remove(path, element)),
        ([key], Value::Object(fields)) => {
            fields.shift_remove(key);
        }
        ([key, below @ ..], Value::Object(fields)) => {
            if let Some(field) = fields.get_mut(key) {
                remove(below, field);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Result<Path, Diagnostic> {
        Path::parse(text, &At::file(Source::new("x", "")))
    }

    #[test]
    fn a_path_is_keys_with_dots_or_in_brackets() {
        assert_eq!(path("type").unwrap().keys(), ["type"]);
        assert_eq!(path("metadata.labels").unwrap().keys(), ["metadata", "labels"]);
        let annotation = path("metadata.annotations[\"a.b/c\"].x").unwrap();
        assert_eq!(annotation.keys(), ["metadata", "annotations", "a.b/c", "x"]);
        assert_eq!(annotation.to_string(), "metadata.annotations[\"a.b/c\"].x");
        for text in ["", ".", "a.", ".a", "a..b", "a[0]", "a[\"b\"", "a[\"b\"]c", "a b", "a.[\"b\"]"] {
            assert!(path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_are_gone_into() {
        let value = json!({"items": [{"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4}}], "kind": "List"});
        let paths = [path("items.b.c").unwrap(), path("kind").unwrap()];
        let expected = json!({"items": [{"b": {"c": 2}}, {"b": {"c": 4}}], "kind": "List"});
        assert_eq!(Path::select(&paths, &value), Some(expected));
        assert_eq!(Path::select(&[path("nowhere.at.all").unwrap()], &value), None);
        let mut rest = value;
        path("items.b.c").unwrap().remove(&mut rest);
        assert_eq!(rest, json!({"items": [{"a": 1, "b": {"d": 3}}, {"b": {}}], "kind": "List"}));
    }
}
