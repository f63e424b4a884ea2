//! A difference written down as a scenario, with the steps of the language where they say what was sent, and as requests
//! where only those do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};

use super::call::{Call, SUFFIX, Verb, Who};
use super::difference::is_question;
use super::error::ExploreError;
use super::fill::{references, stand_in};
use super::generate::{HOME, OWN};
use super::kinds::{SERVICE_ACCOUNT, TOKEN_REVIEW};
use super::report::Found;
use super::side::unmarked;
use crate::observe::yaml;
use crate::scenario::load;

/// What a scenario says about where it was found.
#[derive(Debug, Clone)]
pub struct Sides {
    /// What the left cluster is called on the command line.
    pub left: String,
    /// And the right one.
    pub right: String,
    /// Their versions.
    pub versions: [String; 2],
    /// The seed of the exploration.
    pub seed: u64,
}

/// How many scenarios of one name a folder takes.
const MOST: usize = 999;

/// The keys of a step in the order in which one reads them.
const ORDER: [(&str, &[&str]); 15] = [
    ("name", &[]),
    ("as", &[]),
    ("create", &["apiVersion", "kind", "metadata"]),
    ("get", &["apiVersion", "kind", "namespace", "name"]),
    ("list", &["apiVersion", "kind", "namespace"]),
    ("update", &["apiVersion", "kind", "metadata"]),
    ("patch", &["apiVersion", "kind", "namespace", "name", "type", "body"]),
    ("delete", &["apiVersion", "kind", "namespace", "name", "wait"]),
    ("token", &["serviceAccount", "namespace"]),
    ("review", &[]),
    ("request", &["get", "post", "put", "patch", "delete", "headers"]),
    ("query", &[]),
    ("until", &[]),
    ("within", &[]),
    ("settle", &[]),
];

/// Writes a scenario for a difference into a folder, under a name that is not taken, and makes sure that it is one.
pub fn write(found: &Found, sides: &Sides, folder: &Utf8Path) -> Result<Utf8PathBuf, ExploreError> {
    let file = |path: &Utf8Path| {
        let path = path.to_owned();
        move |cause| ExploreError::File { path, cause }
    };
    fs::create_dir_all(folder).map_err(file(folder))?;
    let slug = slug(found);
    let path = (1..=MOST)
        .map(|number| if number == 1 { slug.clone() } else { format!("{slug}-{number}") })
        .map(|name| folder.join(format!("{name}.yaml")))
        .find(|path| !path.exists())
        .ok_or_else(|| file(folder)(ErrorKind::AlreadyExists.into()))?;
    let mut mistakes = None;
    for style in [Style::Words, Style::Requests] {
        fs::write(&path, text(found, sides, style)).map_err(file(&path))?;
        match load(std::slice::from_ref(&path)) {
            Ok(_) => return Ok(path),
            Err(diagnostics) => mistakes = Some(diagnostics),
        }
    }
    fs::remove_file(&path).map_err(file(&path))?;
    Err(ExploreError::Unwritable(Box::new(mistakes.unwrap_or_default())))
}

/// How calls are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// By the kinds of steps, where they fit.
    Words,
    /// As they are sent.
    Requests,
}

fn slug(found: &Found) -> String {
    let text = format!("{} {}", found.difference.what, found.difference.path).to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "body");
    words.take(8).collect::<Vec<_>>().join("-")
}

fn text(found: &Found, sides: &Sides, style: Style) -> String {
    let calls = &found.calls[..=found.at];
    let writer = Writer::new(found, calls, style);
    let steps: String = calls.iter().enumerate().map(|(at, call)| indented(&writer.step(at, call))).collect();
    let difference = &found.difference;
    let about = format!(
        "Found by `rehearsal explore --left {} --right {} --seed {}` in sequence {}, on {} and {}: {}.\n",
        sides.left, sides.right, sides.seed, found.sequence, sides.versions[0], sides.versions[1], difference.how
    );
    let mut head = json!({
        "scenario": format!("Two versions differ: {}, {}", difference.what, difference.path),
        "about": about,
        "namespace": unmarked(HOME),
    });
    let unique: Vec<String> = unique(calls).into_iter().collect();
    if !unique.is_empty() {
        head["unique"] = unique.into();
    }
    let head = yaml::emit(&head, &[("scenario", &[]), ("about", &[]), ("namespace", &[]), ("unique", &[])]);
    format!("{head}steps:\n{steps}")
}

/// The names outside of any Namespace that the calls are about.
fn unique(calls: &[Call]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for text in calls.iter().flat_map(Call::texts) {
        for (at, _) in text.match_indices(SUFFIX) {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let word: String = text[..at].chars().rev().take_while(|c| is_part(*c)).collect();
            let word: String = word.chars().rev().collect();
            // What goes on after it is a beginning that the server makes a name of.
            let is_whole = !text[at + SUFFIX.len_utf8()..].starts_with(is_part);
            let is_name = word.starts_with(|c: char| c.is_ascii_lowercase()) && word.len() < 50;
            if is_whole && is_name && ![HOME, OWN].contains(&format!("{word}{SUFFIX}").as_str()) {
                words.insert(word);
            }
        }
    }
    words
}

fn indented(step: &str) -> String {
    let lines = step.lines().enumerate().map(|(number, line)| match (number, line) {
        (0, line) => format!("  - {line}\n"),
        (_, "") => "\n".to_owned(),
        (_, line) => format!("    {line}\n"),
    });
    lines.collect()
}

struct Writer<'f> {
    found: &'f Found,
    style: Style,
    /// The names of the steps whose answers count, by call.
    names: BTreeMap<usize, String>,
}

impl<'f> Writer<'f> {
    fn new(found: &'f Found, calls: &[Call], style: Style) -> Self {
        let read: BTreeSet<usize> = calls
            .iter()
            .flat_map(Call::texts)
            .flat_map(|text| {
                let kept =
                    references(text).into_iter().filter(|found_at| !found.missing.contains(&text[found_at.at.clone()]));
                kept.map(|reference| reference.call).collect::<Vec<_>>()
            })
            .collect();
        let mut names: BTreeMap<usize, String> = BTreeMap::new();
        for (at, call) in calls.iter().enumerate() {
            let is_done = found
                .codes
                .get(at)
                .is_some_and(|codes| codes.iter().all(|code| code.is_some_and(|code| (200..300).contains(&code))));
            if at == found.at || !is_done || read.contains(&call.id) {
                let what = call.what();
                let base = what.split(" (").next().unwrap_or_default().replace('/', " ");
                let taken = names.values().filter(|name| name.split(" no ").next() == Some(&base)).count();
                let name = if taken == 0 { base } else { format!("{base} no {}", taken + 1) };
                names.insert(call.id, name);
            }
        }
        Self { found, style, names }
    }

    fn step(&self, at: usize, call: &Call) -> String {
        let mut step = Map::new();
        if let Some(name) = self.names.get(&call.id) {
            step.insert("name".to_owned(), name.as_str().into());
        }
        match &call.who {
            Who::Own => {}
            Who::Anonymous => drop(step.insert("as".to_owned(), "anonymous".into())),
            Who::Bearer(token) => drop(step.insert("as".to_owned(), json!({"token": self.text(token)}))),
            Who::User { name, groups } => {
                let groups: Vec<String> = groups.iter().map(|group| self.text(group)).collect();
                step.insert("as".to_owned(), json!({"user": self.text(name), "groups": groups}));
            }
        }
        let words = if self.style == Style::Words { self.words(call) } else { None };
        let is_request = words.is_none();
        let (kind, action) = words.unwrap_or_else(|| ("request", self.request(call)));
        step.insert(kind.to_owned(), action);
        if !call.query.is_empty() {
            let query: Map<String, Value> =
                call.query.iter().map(|(key, value)| (key.clone(), self.text(value).into())).collect();
            step.insert("query".to_owned(), query.into());
        }
        if at == self.found.at && !is_request {
            step.extend(self.shown(call, kind).map(|shown| ("snapshot".to_owned(), shown)));
        }
        yaml::emit(&step.into(), &ORDER)
    }

    /// What a step of this kind would not show by itself.
    fn shown(&self, call: &Call, kind: &str) -> Option<Value> {
        let is_success = |seen: &Value| seen["code"].as_u64().is_some_and(|code| code < 300);
        if !(is_success(&self.found.left) && is_success(&self.found.right)) {
            return None;
        }
        let path = self.found.difference.path.strip_prefix("body.")?.replace("[]", "");
        let path = match path.as_str() {
            "items" => return None,
            _ if call.verb == Verb::List => format!("items.{path}"),
            _ => path,
        };
        let shows_it = matches!(kind, "token" | "review") && (path.starts_with("spec") || path.starts_with("status"));
        (!shows_it).then(|| json!({"select": [path]}))
    }

    /// The call as a step of its own kind, if there is one that sends just this.
    fn words(&self, call: &Call) -> Option<(&'static str, Value)> {
        let body = call.body.as_ref();
        let mut object = json!({"kind": call.kind.kind});
        if call.kind.api_version != "v1" {
            object["apiVersion"] = call.kind.api_version.into();
        }
        if let Some(namespace) = call.namespace.as_deref().filter(|namespace| *namespace != HOME) {
            object["namespace"] = self.text(namespace).into();
        }
        if call.subresource.is_some() {
            let is_token = call.kind == &SERVICE_ACCOUNT && call.verb == Verb::Create;
            let mut token = json!({"serviceAccount": self.text(&call.name), "body": self.value(body?)});
            if let Some(namespace) = object.get("namespace") {
                token["namespace"] = namespace.clone();
            }
            return is_token.then_some(("token", token));
        }
        if !call.name.is_empty() {
            object["name"] = self.text(&call.name).into();
        }
        let manifest = || body.filter(|body| is_manifest(call, body)).map(|body| self.value(body));
        match call.verb {
            Verb::Get => Some(("get", object)),
            Verb::List => Some(("list", object)),
            Verb::Create if call.kind == &TOKEN_REVIEW => {
                let spec = body?["spec"].as_object()?;
                let is_plain = spec.contains_key("token") && is_manifest(call, body?);
                is_plain.then(|| ("review", self.value(&body.map_or(Value::Null, |body| body["spec"].clone()))))
            }
            Verb::Create => Some(("create", manifest()?)),
            Verb::Update => (body?["metadata"]["name"] == call.name.as_str()).then_some(("update", manifest()?)),
            Verb::Patch(form) => {
                object["type"] = form.word().into();
                object["body"] = self.value(body?);
                Some(("patch", object))
            }
            Verb::Delete if body.is_none() => {
                object["wait"] = false.into();
                Some(("delete", object))
            }
            Verb::Delete | Verb::DeleteCollection => None,
        }
    }

    fn request(&self, call: &Call) -> Value {
        let method = match call.verb {
            Verb::Get | Verb::List => "get",
            Verb::Create => "post",
            Verb::Update => "put",
            Verb::Patch(_) => "patch",
            Verb::Delete | Verb::DeleteCollection => "delete",
        };
        let mut request = json!({method: unmarked(&call.path())});
        if let Verb::Patch(form) = call.verb {
            request["headers"] = json!({"Content-Type": form.content_type()});
        }
        if let Some(body) = &call.body {
            request["body"] = self.value(body);
        }
        request
    }

    /// A text as the language has it: without the mark of the suffix, references by the names of steps.
    fn text(&self, text: &str) -> String {
        let mut written = String::new();
        let mut copied = 0;
        for reference in references(text) {
            written += &unmarked(&text[copied..reference.at.start]);
            copied = reference.at.end;
            let name =
                self.names.get(&reference.call).filter(|_| !self.found.missing.contains(&text[reference.at.clone()]));
            let variable = name.map(|name| name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
            let path = reference.path;
            let value = match variable {
                Some(variable) if reference.decoded => format!("${{string(base64.decode({variable}.{path}))}}"),
                Some(variable) => format!("${{{variable}.{path}}}"),
                None => stand_in(path).to_owned(),
            };
            written += &value;
        }
        written + &unmarked(&text[copied..])
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (unmarked(key), self.value(value))).collect(),
            other => other.clone(),
        }
    }
}

/// Whether a body says by itself where it is sent, as the steps with manifests do.
fn is_manifest(call: &Call, body: &Value) -> bool {
    let is_text = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| !text.is_empty());
    let within = body["metadata"]["namespace"].as_str().or(call.kind.namespaced.then_some(HOME));
    body["apiVersion"] == call.kind.api_version
        && body["kind"] == call.kind.kind
        && within == call.namespace.as_deref()
        && (body["metadata"].is_object() || is_question(call))
        && is_text(&body["metadata"]["name"])
}

#[cfg(test)]
mod tests;
