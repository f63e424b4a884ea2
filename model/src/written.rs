//! Objects as Go writes them: fields in the order of their struct; for people with blanks and line ends.

use std::fmt::Write;

use serde_json::Value;

use crate::fields::{self, Shape};
use crate::profile::Profile;
use crate::request::Request;

/// A body of an answer that is JSON.
pub(crate) fn body(value: &Value, request: &Request, profile: &Profile) -> String {
    let is_pretty = is_pretty(request);
    let mut text = String::new();
    let kind = value["kind"].as_str().unwrap_or_default();
    let shape = fields::shape(kind, profile).or_else(|| of_list(kind, profile));
    write(&mut text, value, shape, is_pretty.then_some(0));
    if !is_pretty {
        text.push('\n');
    }
    text
}

/// A value on one line, its fields by name.
pub(crate) fn plain(value: &Value) -> String {
    let mut text = String::new();
    // What is escaped stands in texts alone.
    escaped(&mut text, &value.to_string());
    text
}

/// A value of a shape on one line.
pub(crate) fn line(value: &Value, shape: Option<Shape>) -> String {
    let mut text = String::new();
    write(&mut text, value, shape, None);
    text
}

/// Whether it is for a person: as asked, else by the program.
fn is_pretty(request: &Request) -> bool {
    if request.query.get("pretty").is_some() {
        return request.query.flag("pretty");
    }
    let agent = request.header("user-agent");
    ["curl", "Wget", "Mozilla/5.0"].iter().any(|program| agent.starts_with(program))
}

/// The shape of the items of a list by its kind.
fn of_list(kind: &str, profile: &Profile) -> Option<Shape> {
    fields::shape(kind.strip_suffix("List")?, profile)
}

/// Where a field stands: what an object says of itself first, where that is no field of the struct, then as the struct has it.
fn place(shape: Option<Shape>, name: &str) -> (usize, usize) {
    let first = ["kind", "apiVersion", "metadata"].iter().position(|known| *known == name);
    let own = match shape {
        Some(Shape::Struct(of)) => of.field(name).map(|field| field.place),
        _ => None,
    };
    match (own, first) {
        (Some(place), _) => (1, place),
        (None, Some(first)) => (0, first),
        (None, None) => (2, 0),
    }
}

fn write(text: &mut String, value: &Value, shape: Option<Shape>, indent: Option<usize>) {
    let line = |text: &mut String, depth: Option<usize>| {
        if let Some(depth) = depth {
            text.push('\n');
            text.extend(std::iter::repeat_n("  ", depth));
        }
    };
    let deeper = indent.map(|depth| depth + 1);
    match value {
        Value::Object(object) if !object.is_empty() => {
            let mut all: Vec<(&String, &Value)> = object.iter().collect();
            all.sort_by_cached_key(|(name, _)| place(shape, name));
            text.push('{');
            for (at, (name, value)) in all.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                line(text, deeper);
                string(text, name);
                text.push_str(if indent.is_some() { ": " } else { ":" });
                // The items of a list are of the kind that it is of.
                let below = shape.and_then(|shape| shape.field(name)).or(shape.filter(|_| name == "items"));
                write(text, value, below, deeper);
            }
            line(text, indent);
            text.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                line(text, deeper);
                let below = match shape {
                    Some(Shape::List(list)) => Some(list.item()),
                    other => other,
                };
                write(text, item, below, deeper);
            }
            line(text, indent);
            text.push(']');
        }
        Value::String(said) => string(text, said),
        other => {
            // Writing into a String does not fail.
            let _ = write!(text, "{other}");
        }
    }
}

/// A text as Go writes it: what HTML reads as its own is escaped.
fn string(text: &mut String, said: &str) {
    // Nearly every text is as it will be.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
    if said.bytes().all(is_plain) {
        text.push('"');
        text.push_str(said);
        text.push('"');
        return;
    }
    escaped(text, &Value::from(said).to_string());
}

/// JSON with what HTML reads as its own escaped.
fn escaped(text: &mut String, json: &str) {
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing into a String does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
}
