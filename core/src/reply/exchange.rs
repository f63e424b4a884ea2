//! One HTTP request as it was sent and the answer as it came, untouched.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

/// A finished exchange: any status is an answer, also 401 and 500.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The HTTP method that was sent.
    pub method: Method,
    /// The path and query that were sent.
    pub path: String,
    /// The HTTP status code.
    pub status: u16,
    /// The texts of the `Warning` headers, in order, without their code and agent.
    pub warnings: Vec<String>,
    /// The body as JSON; a body that is no JSON is a string, no body is null. Shared: it is also a variable of the steps
    /// that follow.
    pub body: Arc<Value>,
}

impl Exchange {
    /// Whether the server did what it was asked: any 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether this is a server in trouble, or a proxy before one that is gone, and not one that answers.
    pub fn is_trouble(&self) -> bool {
        matches!(self.status, 429 | 500..=599)
    }

    /// What was asked and what the server says instead of doing it: the message of its Status, or how its text begins.
    pub fn refusal(&self) -> String {
        let line = |text: &'_ str| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        let said = match &*self.body {
            Value::String(text) if !text.trim_start().starts_with('<') => line(text),
            body => body["message"].as_str().and_then(line),
        };
        let said = match (said, http::StatusCode::from_u16(self.status).ok().and_then(|code| code.canonical_reason())) {
            (Some(said), _) => format!(": {}", said.chars().take(300).collect::<String>()),
            (None, Some(reason)) => format!(" {reason}"),
            (None, None) => String::new(),
        };
        format!("{} {}: the server answered {}{said}", self.method, self.path, self.status)
    }

    /// What to do about a refusal of something that the cluster's own user asked for.
    pub fn advice(&self) -> Option<&'static str> {
        match self.status {
            401 => Some("the server does not know these credentials: log in again, or check the user of this context"),
            403 => Some("grant the verb to the user of this context, or use another one"),
            429 => Some("the server asks for patience: run again later, or fewer scenarios at once with --jobs"),
            500..=599 => {
                Some("the server is ill or not ready, or a proxy before it is: look at its health, then run again")
            }
            _ => None,
        }
    }
}
