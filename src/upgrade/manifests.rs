//! The manifests of a user, read: files, folders and what kubectl writes into a pipe.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::clean;
use super::discreet::{Mask, discreet, without_text};
use crate::syntax::{At, Diagnostic, Diagnostics, Node, Source, Yaml, parse_manifests};

/// What stands for standard input among the paths.
const PIPE: &str = "-";

/// One object of a user, as it can be created.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Where it is written.
    pub at: At,
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its Namespace, where it names one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// All of it, without what only a server writes.
    pub body: Value,
    /// The finalizers that hold an object which was being deleted when it was read.
    pub dying: Option<Vec<String>>,
}

/// An object that is not rehearsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Kind and name.
    pub object: String,
    /// Where it is written.
    pub at: String,
    /// Why it is left out.
    pub why: String,
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Input {
    /// In the order of the files, and within them of the text.
    pub manifests: Vec<Manifest>,
    /// What is not rehearsed.
    pub left_out: Vec<LeftOut>,
    /// What must not be shown of it.
    pub(super) mask: Mask,
}

impl Manifest {
    /// The group of its `apiVersion`; empty for the core.
    pub fn group(&self) -> &str {
        group(&self.api_version)
    }

    /// Whether it holds something that must not be shown.
    pub(super) fn is_secret(&self) -> bool {
        self.kind == "Secret" && self.group().is_empty()
    }
}

/// Kind and name, as in `Deployment shop/web`.
impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// The group of an `apiVersion`; empty for the core.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Reads everything that is named. Mistakes are all told at once, and never show a line of a file with a Secret in it.
pub fn read(paths: &[Utf8PathBuf], pipe: impl FnOnce() -> io::Result<Vec<u8>>) -> Result<Input, Diagnostics> {
    let mut reading = Reading::default();
    let mut pipe = Some(pipe);
    for path in paths {
        if path == PIPE {
            let Some(pipe) = pipe.take() else { continue };
            let source = pipe().map_err(|error| nowhere("standard input", format!("cannot be read: {error}")));
            reading.source(source.and_then(|bytes| Source::of_bytes("standard input", bytes)));
        } else {
            reading.path(path);
        }
    }
    reading.mistakes.or(reading.input)
}

fn nowhere(path: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(At::file(Source::new(path, "")), message)
}

#[derive(Default)]
struct Reading {
    input: Input,
    mistakes: Diagnostics,
    /// Where each object is written that was read so far.
    known: HashMap<(String, String, Option<String>, String), At>,
}

impl Reading {
    fn path(&mut self, path: &Utf8Path) {
        if !path.is_dir() {
            return self.source(Source::read(path));
        }
        let (mut files, before) = (Vec::new(), self.input.manifests.len() + self.input.left_out.len());
        if let Err(error) = walk(path, &mut files) {
            self.mistakes.push(nowhere(path.as_str(), format!("cannot be read: {error}")));
        }
        let found = files.len();
        for file in files {
            self.source(Source::read(&file));
        }
        if found == 0 {
            let help = "manifests are in files that end in .yaml, .yml or .json";
            self.mistakes.push(nowhere(path.as_str(), "there is no manifest in this folder").help(help));
        } else if self.mistakes.is_empty() && before == self.input.manifests.len() + self.input.left_out.len() {
            self.mistakes.push(nowhere(path.as_str(), "there is no object in the files of this folder"));
        }
    }

    fn source(&mut self, source: Result<Arc<Source>, Diagnostic>) {
        let Some(source) = self.mistakes.keep(source) else { return };
        let documents = parse_manifests(&source).map_err(|mistakes| discreet(&source, mistakes));
        for document in self.mistakes.keep(documents).unwrap_or_default() {
            self.document(&document, None);
        }
    }

    /// A document, or an item of a list, which may leave out what the list says of all of them.
    fn document(&mut self, node: &Node, item_of: Option<(&str, &str)>) {
        if !matches!(node.value, Yaml::Map(_)) {
            return self.mistake(node, format!("an object is a mapping, this is {}", node.what()));
        }
        let (api_version, kind) = (text(node, "apiVersion"), text(node, "kind"));
        let Some((api_version, kind)) = api_version.zip(kind).or(item_of) else {
            let help = "every object has `apiVersion` and `kind`; templates are rendered first, as in `helm template`";
            let missing = if api_version.is_none() { "apiVersion" } else { "kind" };
            let message = format!("this is no Kubernetes object: it has no `{missing}`");
            self.mistakes.push(Diagnostic::new(without_text(&node.at), message).help(help));
            return;
        };
        if let Some(items) = kind.strip_suffix("List").and_then(|_| node.get("items")) {
            let of = kind.strip_suffix("List").filter(|kind| !kind.is_empty()).map(|kind| (api_version, kind));
            for item in list(items) {
                self.document(item, of);
            }
            return;
        }
        let metadata = node.get("metadata");
        let Some(name) = metadata.and_then(|metadata| text(metadata, "name")) else {
            if clean::is_no_object(api_version) {
                return self.leave_out(node, kind.to_owned(), "it is written for another program than the API server");
            }
            return self.mistake(node, format!("this {kind} has no `metadata.name`, which must be a text"));
        };
        let namespace = metadata.and_then(|metadata| text(metadata, "namespace")).filter(|name| !name.is_empty());
        let mut body = match node.to_json() {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        body.insert("apiVersion".to_owned(), api_version.into());
        body.insert("kind".to_owned(), kind.into());
        let dying = dying(&body);
        let mut manifest = Manifest {
            at: node.at.clone(),
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            body: Value::Object(body),
            dying,
        };
        if manifest.is_secret() {
            self.input.mask.learn(&secrets(&manifest.body));
        }
        if let Some(why) = clean::reason_to_leave_out(&manifest) {
            return self.leave_out(node, manifest.to_string(), why);
        }
        clean::clean(&mut manifest);
        self.add(manifest);
    }

    fn add(&mut self, manifest: Manifest) {
        let Manifest { kind, namespace, name, .. } = &manifest;
        let key = (manifest.group().to_owned(), kind.clone(), namespace.clone(), name.clone());
        if let Some(earlier) = self.known.get(&key) {
            let message = format!("{manifest} is already given at {earlier}");
            let help = "rehearse one state at a time: name one of the two files, or the folder of one environment";
            self.mistakes.push(Diagnostic::new(without_text(&manifest.at), message).help(help));
            return;
        }
        self.known.insert(key, manifest.at.clone());
        self.input.manifests.push(manifest);
    }

    fn leave_out(&mut self, node: &Node, object: String, why: impl Into<String>) {
        self.input.left_out.push(LeftOut { object, at: node.at.to_string(), why: why.into() });
    }

    fn mistake(&mut self, node: &Node, message: String) {
        self.mistakes.push(Diagnostic::new(without_text(&node.at), message));
    }
}

fn list(node: &Node) -> &[Node] {
    match &node.value {
        Yaml::List(items) => items,
        _ => &[],
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str)
}

fn dying(body: &Map<String, Value>) -> Option<Vec<String>> {
    let metadata = body.get("metadata")?;
    metadata.get("deletionTimestamp").filter(|at| !at.is_null())?;
    let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
    Some(finalizers.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The values of a Secret, as they are and in base64.
fn secrets(body: &Value) -> Vec<String> {
    let values = |field: &str| {
        let entries = body[field].as_object().into_iter().flatten();
        entries.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let decode = |value: &String| String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok();
    let (data, plain) = (values("data"), values("stringData"));
    let decoded: Vec<String> = data.iter().filter_map(decode).collect();
    let encoded: Vec<String> = plain.iter().map(|value| BASE64_STANDARD.encode(value)).collect();
    [data, plain, decoded, encoded].concat()
}

/// The files of a folder that may hold manifests, by name; not behind links to folders, which may lead back.
fn walk(folder: &Utf8Path, files: &mut Vec<Utf8PathBuf>) -> io::Result<()> {
    let mut entries = folder.read_dir_utf8()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|a, b| a.file_name().cmp(b.file_name()));
    for entry in entries {
        if entry.file_name().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(entry.path(), files)?;
        } else if matches!(entry.path().extension(), Some("yaml" | "yml" | "json")) {
            files.push(entry.into_path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
