//! `ConfigMap`s.

use serde_json::{Value, json};

use super::json::{flag, nulls_read_back, pairs};
use super::{Strategy, Write, names};
use crate::meta::{self, NameRule, Rules};
use crate::status::Cause;

pub(crate) struct ConfigMap;

const RULES: Rules = Rules { name: NameRule::Subdomain, known_finalizers: true };

/// How much a `ConfigMap` or Secret holds.
pub(super) const LIMIT: usize = 1024 * 1024;

impl Strategy for ConfigMap {
    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let Some(old) = old {
            causes.extend(meta::mistakes_of_change(object, old, RULES, write.profile));
            causes.extend(sealed(object, old, &["data", "binaryData"]));
        }
        causes.extend(meta::mistakes(object, RULES, write.profile));
        let mut size = 0;
        for (key, value) in pairs(object, "data") {
            let path = format!("data[{key}]");
            let mistakes = names::key(key).into_iter();
            causes.extend(mistakes.map(|text| Cause::invalid(path.clone(), &json!(key), &text)));
            if object["binaryData"].get(key).is_some() {
                causes.push(Cause::invalid(path, &json!(key), "duplicate of key present in binaryData"));
            }
            size += value.as_str().map_or(0, str::len);
        }
        for (key, value) in pairs(object, "binaryData") {
            let mistakes = names::key(key).into_iter();
            causes.extend(mistakes.map(|text| Cause::invalid(format!("binaryData[{key}]"), &json!(key), &text)));
            size += decoded_length(value);
        }
        if size > LIMIT {
            causes.push(names::too_long("[]", LIMIT, write.profile));
        }
        causes
    }

    fn read_back(&self, object: &mut Value) -> bool {
        nulls_read_back(object, "binaryData")
    }
}

/// What may no longer be changed where the old object says so.
pub(super) fn sealed(object: &Value, old: &Value, fields: &[&str]) -> Vec<Cause> {
    if !flag(old, "immutable") {
        return Vec::new();
    }
    let changed = fields.iter().filter(|field| object[**field] != old[**field]);
    let opened = (!flag(object, "immutable")).then_some(&"immutable");
    let detail = "field is immutable when `immutable` is set";
    opened.into_iter().chain(changed).map(|field| Cause::forbidden(*field, detail)).collect()
}

/// How many bytes a value in base64 stands for.
pub(super) fn decoded_length(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count().min(text.len() / 4 * 3)
}
