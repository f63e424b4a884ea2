//! What is seen of an answer: its reply as normalised text, in which what is equal reads equal.
//!
//! Pure: no clock, no randomness, no I/O. Two runs of a scenario give the same bytes, whatever uids, tokens, generated
//! names and times the cluster made up; and no credential ever gets through. Nothing here knows kinds of steps, only
//! replies, nor what an answer ought to be.
//!
//! An answer goes through in this order: `places` notes whose value is whose, `cut` picks what is shown, `normal` and
//! `text` put `names` in the place of values, `yaml` writes.

mod answer;
mod cut;
mod events;
mod jwt;
mod log;
mod names;
mod normal;
mod output;
mod places;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod written;
pub mod yaml;

pub use shape::generated_base;
pub use written::Written;

use crate::guard;
use crate::reply::{Reply, View};
use crate::syntax::Path;
use names::{Names, Shown};
use normal::Normaliser;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// What is known about a run before its first step.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What the run appended to the scenario's unique names, as in `-rhabcde`; removed everywhere. May be empty.
    pub suffix: String,
    /// The scenario's own Namespace as the scenario writes it: it is left out of the names of identities.
    pub namespace: Option<String>,
    /// The issuer of the cluster's tokens: `<issuer>`.
    pub issuer: Option<String>,
    /// The audience of the cluster's API server: `<audience>`, also where the issuer is spelt alike.
    pub audience: Option<String>,
    /// The URL of the API server: `<server>`.
    pub server: Option<String>,
    /// The private folder of the run's commands: `<folder>`.
    pub folder: Option<String>,
    /// The names of the cluster's own Nodes: `<node>`.
    pub nodes: Vec<String>,
    /// What the scenario wrote itself, which is never redacted.
    pub written: Written,
    /// The labels that the run put on objects; they are not shown.
    pub own_labels: Vec<String>,
}

impl Known {
    fn without_suffix<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &*self.suffix {
            "" => Cow::Borrowed(text),
            suffix if text.contains(suffix) => Cow::Owned(text.replace(suffix, "")),
            _ => Cow::Borrowed(text),
        }
    }
}

/// Which part of a reply a step shows.
#[derive(Debug, Clone, Copy)]
pub enum Cut<'a> {
    /// What the kind of step shows unless told otherwise.
    Default(View),
    /// Only these parts of the body.
    Select(&'a [Path]),
    /// What the kind of step shows, but for these parts of the body.
    Drop(View, &'a [Path]),
    /// These values, computed from the raw answer.
    Show(&'a Map<String, Value>),
}

/// What is seen of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// YAML for the snapshot; never empty, ends with one newline.
    pub text: String,
    /// The same as data.
    pub value: Value,
}

/// Observes the answers of one scenario instance, and remembers whose value is whose.
#[derive(Clone)]
pub struct Observer {
    known: Known,
    names: Names,
}

/// What one answer taught. Committed it counts; dropped, the answer was never seen.
#[must_use = "an answer that counts is committed"]
pub struct Draft(Names);

impl Observer {
    /// An observer that has seen nothing yet.
    pub fn new(known: Known) -> Self {
        let mut names = Names::default();
        let mut set = |value: &str, shown: &str| {
            if !value.is_empty() && names.get(value).is_none() && !known.written.holds(value) {
                names.set(value, Shown::As(shown.into()));
            }
        };
        for (value, shown) in [
            (&known.audience, "<audience>"),
            (&known.issuer, "<issuer>"),
            (&known.server, "<server>"),
            (&known.folder, "<folder>"),
        ] {
            set(value.as_deref().unwrap_or_default(), shown);
        }
        // Discovery tells the server's address without the scheme.
        if let Some((_, address)) = known.server.as_deref().and_then(|server| server.split_once("://"))
            && address.contains(':')
        {
            set(address, "<server>");
            // kubectl caches what a server serves in a folder of its name.
            set(&address.replace(':', "_"), "<server>");
        }
        for node in &known.nodes {
            set(node, "<node>");
        }
        Self { known, names }
    }

    /// Observes one answer of the step with this name (its slug: values of which no more is known are named after it).
    ///
    /// Of several attempts at a step, all are observed on the same ground and one draft is committed: attempts thrown
    /// away use up no identity.
    pub fn observe(&self, step: &str, reply: &Reply, cut: Cut<'_>) -> (Observation, Draft) {
        let mut normaliser = Normaliser::new(&self.known, &self.names, step);
        let value = Value::Object(normaliser.answer(reply, cut));
        (Observation { text: yaml::emit(&value, &answer::PARTS), value }, Draft(normaliser.finish()))
    }

    /// Remembers what an answer taught. The draft must come from this observer as it is now.
    pub fn commit(&mut self, draft: Draft) {
        self.names.absorb(draft.0);
    }

    /// Any text for a person (a message, a diff, a line of a transcript), in the words of the observations: without
    /// suffix, identities by name, no credentials. Values that no answer taught stay as they are.
    pub fn presentable(&self, text: &str) -> String {
        Normaliser::presenting(&self.known, &self.names).text(text).into_owned()
    }

    /// The same as YAML, with placeholders for credentials that nothing is known of.
    pub fn presentable_yaml(&self, value: &Value) -> String {
        guard::scrub(&yaml::emit(&self.presentable_value(value), &[])).into_owned()
    }

    /// Any value for a person, keys sorted, as [`presentable`](Self::presentable) does texts.
    pub fn presentable_value(&self, value: &Value) -> Value {
        Normaliser::presenting(&self.known, &self.names).presented(value)
    }
}

// By hand, because both hold tokens.
impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").field("known", &self.known).finish_non_exhaustive()
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}
