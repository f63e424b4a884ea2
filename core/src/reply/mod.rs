//! What an action gives back. `observe`, `compare` and `report` know replies and never which action gave one.

mod exchange;
mod view;

pub use exchange::Exchange;
pub use view::View;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// The answer to one attempt at a step.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An HTTP exchange with the API server.
    Http(Exchange),
    /// What a command wrote, and how it ended.
    Process(Output),
    /// What a watch told until it was enough; the body is a list of `{type, object}`.
    Events(Exchange),
    /// Discovery of this server does not serve the kind; nothing was sent. On a range of versions that is an answer.
    NotServed {
        /// The group and version that was asked for.
        api_version: String,
        /// The kind that was asked for.
        kind: String,
    },
}

/// A command that ended. What it wrote may hold tokens.
#[derive(Clone, PartialEq)]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// The API object that its standard output is, as JSON or YAML; null where it is something else.
    pub object: Arc<Value>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself.
    Code(i32),
    /// It was killed.
    Signal(i32),
    /// It had not ended: what it had written was enough, and it was ended.
    Running,
}

impl Output {
    /// What a command wrote and how it ended.
    pub fn new(exit: Exit, stdout: String, stderr: String) -> Self {
        let object = object(&stdout).unwrap_or_default().into();
        Self { exit, stdout, stderr, object }
    }

    /// Whether it says of itself that it did what it had to, or says nothing yet.
    pub fn is_success(&self) -> bool {
        matches!(self.exit, Exit::Code(0) | Exit::Running)
    }
}

/// The one API object that a text is.
fn object(text: &str) -> Option<Value> {
    let is_json = text.trim_start().starts_with('{');
    let is_yaml = ["apiVersion:", "kind:", "---"].iter().any(|beginning| text.starts_with(beginning));
    let value: Value = match (is_json, is_yaml) {
        (true, _) => serde_json::from_str(text).ok()?,
        (_, true) => serde_saphyr::from_str(text).ok()?,
        _ => return None,
    };
    (value["apiVersion"].is_string() && value["kind"].is_string()).then_some(value)
}

impl Exit {
    /// As scenarios write it: the code, `signal 9`, or `running`.
    pub fn to_value(self) -> Value {
        match self {
            Self::Code(code) => code.into(),
            Self::Signal(signal) => format!("signal {signal}").into(),
            Self::Running => "running".into(),
        }
    }
}

/// What it wrote is not shown.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("exit", &self.exit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_from_json_and_yaml() {
        let output = |text: &str| Output::new(Exit::Code(0), text.to_owned(), String::new()).object["kind"].clone();
        for text in
            ["{\"apiVersion\": \"v1\", \"kind\": \"A\"}", "apiVersion: v1\nkind: A\n", "---\napiVersion: v1\nkind: A\n"]
        {
            assert_eq!(output(text), "A", "{text}");
        }
        for text in ["", "{}", "kind: A", "apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\n", "{", "NAME AGE\n"]
        {
            assert!(output(text).is_null(), "{text}");
        }
    }
}
