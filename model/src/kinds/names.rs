//! What names, labels and keys may be, in the words of each version; and values as texts of mistakes show them.

use serde_json::Value;

use super::json::text;
use crate::fields::quoted;
use crate::profile::{Feature, Profile};
use crate::status::Cause;

pub(crate) const NEGATIVE: &str = "must be greater than or equal to 0";
pub(crate) const IMMUTABLE: &str = "field is immutable";

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

fn regex(what: &str, regex: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}'")).collect();
    format!("{what} (e.g. {}, regex used for validation is '{regex}')", examples.join(",  or "))
}

fn too_many(length: usize, unit: &str) -> String {
    format!("must be no more than {length} {unit}")
}

/// Letters, digits and what else is said, beginning and ending with a letter or digit.
fn is_word(text: &str, within: impl Fn(u8) -> bool, edge: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| edge(*byte));
    is_edge(bytes.first()) && is_edge(bytes.last()) && bytes.iter().all(|byte| within(*byte))
}

fn is_small(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    is_word(text, |byte| is_small(byte) || byte == b'-', is_small)
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_qualified(text: &str) -> bool {
    let within = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    is_word(text, within, |byte| byte.is_ascii_alphanumeric())
}

/// A name that may have dots.
pub(crate) fn subdomain(name: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    if name.len() > 253 {
        mistakes.push(too_many(253, "characters"));
    }
    if !is_subdomain(name) {
        let what = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
        mistakes.push(regex(what, SUBDOMAIN, &["example.com"]));
    }
    mistakes
}

/// A name without dots.
pub(crate) fn label(name: &str, profile: &Profile) -> Vec<String> {
    let mut mistakes = Vec::new();
    if name.len() > 63 {
        mistakes.push(too_many(63, "characters"));
    }
    if !is_label(name) {
        if is_subdomain(name) && profile.has(Feature::DotsAreTold) {
            mistakes.push("must not contain dots".to_owned());
        } else {
            let what = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
            mistakes.push(regex(what, LABEL, &["my-name", "123-abc"]));
        }
    }
    mistakes
}

/// Anything that can stand in a path.
pub(crate) fn path_segment(name: &str) -> Vec<String> {
    if matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%']
        .iter()
        .filter(|letter| name.contains(**letter))
        .map(|letter| format!("may not contain '{letter}'"))
        .collect()
}

/// A key of labels and annotations, a finalizer.
pub(crate) fn qualified(name: &str, profile: &Profile) -> Vec<String> {
    let what = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let told = |what: String| regex(&what, QUALIFIED, &["MyName", "my.name", "123-abc"]);
    let late = profile.has(Feature::LabelKeysInMistakes);
    let mut mistakes = Vec::new();
    let parts: Vec<&str> = name.split('/').collect();
    let plain = match parts.as_slice() {
        [plain] => *plain,
        [prefix, plain] => {
            if prefix.is_empty() {
                mistakes.push("prefix part must be non-empty".to_owned());
            } else {
                mistakes.extend(subdomain(prefix).into_iter().map(|text| format!("prefix part {}", bytes(text, late))));
            }
            *plain
        }
        _ => {
            let noun = if late { "a valid label key" } else { "a qualified name" };
            let text = told(format!("{noun} {what}"));
            return vec![format!("{text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")];
        }
    };
    if plain.is_empty() {
        mistakes.push("name part must be non-empty".to_owned());
    } else if plain.len() > 63 {
        mistakes.push(format!("name part {}", bytes(too_many(63, "characters"), late)));
    }
    if !is_qualified(plain) {
        mistakes.push(told(format!("name part {what}")));
    }
    mistakes
}

/// Late versions count bytes where others count characters.
fn bytes(text: String, late: bool) -> String {
    if late {
        text.replace("characters", "bytes").replace("alphanumeric bytes", "alphanumeric characters")
    } else {
        text
    }
}

pub(crate) fn label_value(value: &str, profile: &Profile) -> Vec<String> {
    let mut mistakes = Vec::new();
    if value.len() > 63 {
        mistakes.push(bytes(too_many(63, "characters"), profile.has(Feature::LabelKeysInMistakes)));
    }
    if !value.is_empty() && !is_qualified(value) {
        let what = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
        mistakes.push(regex(what, &format!("({QUALIFIED})?"), &["MyValue", "my_value", "12345"]));
    }
    mistakes
}

/// A key of a `ConfigMap` or Secret.
pub(crate) fn key(name: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    if name.len() > 253 {
        mistakes.push(too_many(253, "characters"));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(fits) {
        let what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        mistakes.push(regex(what, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    mistakes.extend(dots(name));
    mistakes
}

/// What would go up in a file system.
fn dots(name: &str) -> Option<String> {
    match name {
        "." | ".." => Some(format!("must not be '{name}'")),
        name if name.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// The name of a variable.
pub(crate) fn variable(name: &str, profile: &Profile) -> Vec<String> {
    if profile.has(Feature::RelaxedVariables) {
        let mut mistakes = Vec::new();
        if name.is_empty() {
            mistakes.push("environment variable name must be non-empty".to_owned());
        }
        if !name.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=') {
            let text =
                "a valid environment variable name must consist only of printable ASCII characters other than '='";
            mistakes.push(text.to_owned());
        }
        return mistakes;
    }
    let mut mistakes = Vec::new();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(fits) || name.starts_with(|first: char| first.is_ascii_digit()) {
        let what = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
        let examples = ["my.env-name", "MY_ENV.NAME", "MyEnvName1"];
        mistakes.push(regex(what, "[-._a-zA-Z][-._a-zA-Z0-9]*", &examples));
    }
    mistakes.extend(dots(name));
    mistakes
}

/// The name of a port.
pub(crate) fn port(name: &str, profile: &Profile) -> Vec<String> {
    let mut mistakes = Vec::new();
    if name.len() > 15 {
        mistakes.push(too_many(15, "characters"));
    }
    if name.is_empty() || !name.bytes().all(|byte| is_small(byte) || byte == b'-') {
        mistakes.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let what =
            if profile.has(Feature::PortNamesNeedLetters) { "letter (a-z)" } else { "letter or number (a-z, 0-9)" };
        mistakes.push(format!("must contain at least one {what}"));
    }
    if name.contains("--") {
        mistakes.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        mistakes.push("must not begin or end with a hyphen".to_owned());
    }
    mistakes
}

/// Something longer than so many bytes.
pub(crate) fn too_long(field: &str, limit: usize, profile: &Profile) -> Cause {
    let text = if profile.has(Feature::TooLongIsToldInBytes) {
        format!("may not be more than {limit} bytes")
    } else {
        format!("must have at most {limit} bytes")
    };
    Cause::too_long(field, format!("Too long: {text}"))
}

/// A list of texts, as late versions show it: JSON; and as others do: Go's syntax, of that type.
pub(crate) fn shown_texts(list: &[Value], go: &str, profile: &Profile) -> String {
    if profile.has(Feature::ValuesInMistakesAreJson) {
        return Value::from(list).to_string();
    }
    let texts: Vec<String> = list.iter().map(|text| quoted(text.as_str().unwrap_or_default())).collect();
    format!("{go}{{{}}}", texts.join(", "))
}

/// A list of owners.
pub(crate) fn shown_owners(references: &[Value], profile: &Profile) -> String {
    let named = |owner: &Value| ["apiVersion", "kind", "name", "uid"].map(|field| quoted(text(owner, field)));
    let flags = |owner: &Value| ["controller", "blockOwnerDeletion"].map(|field| owner[field].as_bool());
    let owner = |owner: &Value| {
        let ([version, kind, name, uid], [controller, block]) = (named(owner), flags(owner));
        if profile.has(Feature::ValuesInMistakesAreJson) {
            let flag = |name, flag: Option<bool>| flag.map(|flag| format!(",\"{name}\":{flag}")).unwrap_or_default();
            let (controller, block) = (flag("controller", controller), flag("blockOwnerDeletion", block));
            return format!(
                "{{\"apiVersion\":{version},\"kind\":{kind},\"name\":{name},\"uid\":{uid}{controller}{block}}}"
            );
        }
        // Go shows where the value is, which is another place each time.
        let pointer =
            |flag: Option<bool>| flag.map_or("nil", |flag| if flag { "0xc000000001" } else { "0xc000000000" });
        let (controller, block) = (pointer(controller), pointer(block));
        format!(
            "v1.OwnerReference{{APIVersion:{version}, Kind:{kind}, Name:{name}, UID:{uid}, Controller:(*bool)({controller}), \
             BlockOwnerDeletion:(*bool)({block})}}"
        )
    };
    let owners: Vec<String> = references.iter().map(owner).collect();
    if profile.has(Feature::ValuesInMistakesAreJson) {
        return format!("[{}]", owners.join(","));
    }
    format!("[]v1.OwnerReference{{{}}}", owners.join(", "))
}
