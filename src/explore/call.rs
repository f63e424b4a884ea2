//! A call of a sequence, as data: nothing in it depends on a cluster, so that sequences can be drawn, shrunk and written
//! down before and after they run.
//!
//! In every text `~` stands for the run's suffix, and `${c3.metadata.uid}` for what the answer to the call 3 says there;
//! `${base64:c3.data.token}` decodes it.

use std::fmt;

use serde_json::Value;

use super::kinds::Kind;
use crate::path;

/// Where the suffix of a run goes in a name.
pub const SUFFIX: char = '~';

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Who {
    /// The cluster's own user.
    Own,
    /// Somebody else, by impersonation.
    User {
        /// The name.
        name: String,
        /// The groups.
        groups: Vec<String>,
    },
    /// Whoever a token says: a text with a reference to the answer that gave it.
    Bearer(String),
    /// Nobody.
    Anonymous,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads a collection.
    List,
    /// Adds an object, or asks for a review.
    Create,
    /// Puts an object in the place of another.
    Update,
    /// Changes a part of an object.
    Patch(Form),
    /// Deletes an object.
    Delete,
    /// Deletes the objects of a collection.
    DeleteCollection,
}

/// How the body of a patch is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 7386.
    Merge,
    /// RFC 6902.
    Json,
    /// Kubernetes' own.
    Strategic,
    /// Server-side apply.
    Apply,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// How others refer to its answer; it stays when calls before it are dropped.
    pub id: usize,
    /// Who asks.
    pub who: Who,
    /// What is done.
    pub verb: Verb,
    /// To what kind.
    pub kind: &'static Kind,
    /// In which Namespace.
    pub namespace: Option<String>,
    /// To which object; empty for a collection.
    pub name: String,
    /// To which part of the object.
    pub subresource: Option<&'static str>,
    /// The parameters.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
}

impl Form {
    /// As scenarios write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Json => "json",
            Self::Strategic => "strategic",
            Self::Apply => "apply",
        }
    }

    /// As requests write it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Merge => "application/merge-patch+json",
            Self::Json => "application/json-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

impl Verb {
    /// Whether asking again changes nothing.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }
}

impl Call {
    /// A call of the cluster's own user.
    pub fn new(id: usize, verb: Verb, kind: &'static Kind, namespace: Option<String>, name: &str) -> Self {
        let (name, query) = (name.to_owned(), Vec::new());
        Self { id, who: Who::Own, verb, kind, namespace, name, subresource: None, query, body: None }
    }

    /// What kind of call it is: `patch Pod (merge)`, `create ServiceAccount/token`.
    pub fn what(&self) -> String {
        let (verb, form) = match self.verb {
            Verb::Get => ("get", None),
            Verb::List => ("list", None),
            Verb::Create => ("create", None),
            Verb::Update => ("update", None),
            Verb::Patch(form) => ("patch", Some(form)),
            Verb::Delete => ("delete", None),
            Verb::DeleteCollection => ("delete all of", None),
        };
        let part = self.subresource.map(|part| format!("/{part}")).unwrap_or_default();
        let form = form.map(|form| format!(" ({})", form.word())).unwrap_or_default();
        format!("{verb} {}{part}{form}", self.kind.kind)
    }

    /// The path, names as they are in the call.
    pub fn path(&self) -> String {
        let collection = path::collection(self.kind.api_version, self.kind.plural, self.namespace.as_deref());
        if self.name.is_empty() { collection } else { path::object(&collection, &self.name, self.subresource) }
    }

    /// Whether it could change what is not this sequence's own: the objects outside of Namespaces are told apart by their
    /// names and by a label alone.
    pub fn is_loose(&self) -> bool {
        let names_own = |text: &str| text.contains(SUFFIX);
        let changes = !self.verb.is_read() && self.verb != Verb::Create;
        changes
            && !self.name.contains(SUFFIX)
            && !self.namespace.as_deref().is_some_and(names_own)
            && !self.query.iter().any(|(key, value)| key == "labelSelector" && names_own(value))
    }

    /// Every text in it.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = vec![self.name.as_str()];
        texts.extend(self.namespace.as_deref());
        texts.extend(self.query.iter().map(|(_, value)| value.as_str()));
        match &self.who {
            Who::Own | Who::Anonymous => {}
            Who::User { name, groups } => texts.extend(std::iter::once(name).chain(groups).map(String::as_str)),
            Who::Bearer(token) => texts.push(token),
        }
        let mut values: Vec<&Value> = self.body.iter().collect();
        while let Some(value) = values.pop() {
            match value {
                Value::String(text) => texts.push(text),
                Value::Array(items) => values.extend(items),
                Value::Object(map) => {
                    texts.extend(map.keys().map(String::as_str));
                    values.extend(map.values());
                }
                _ => {}
            }
        }
        texts
    }
}

/// In one line, as a report lists it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = self.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let object = format!("{within}{}", self.name);
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let who = match &self.who {
            Who::Own => String::new(),
            Who::User { name, .. } => format!("as {name}"),
            Who::Bearer(token) => format!("as the bearer of {token}"),
            Who::Anonymous => "as nobody".to_owned(),
        };
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let words: Vec<String> =
            [self.what(), object, query, who].into_iter().filter(|word| !word.is_empty()).collect();
        let body = self.body.as_ref().map(|body| format!(": {body}")).unwrap_or_default();
        let line = words.join(" ") + &body;
        f.write_str(&line.replace(SUFFIX, ""))
    }
}
