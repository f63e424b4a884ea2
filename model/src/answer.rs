//! Answers, before they become bytes.

use std::sync::Arc;

use serde_json::Value;

/// What is answered when nothing is refused.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) content: Content,
    /// Texts of `Warning` headers.
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// An object or a list that ends here: sent as JSON.
    Json(Arc<Value>),
    /// Something of another kind.
    Text {
        content_type: &'static str,
        text: String,
    },
    Bytes {
        content_type: &'static str,
        bytes: Vec<u8>,
    },
}

impl Answer {
    pub(crate) fn new(code: u16, body: impl Into<Arc<Value>>) -> Self {
        Self { code, content: Content::Json(body.into()), warnings: Vec::new() }
    }

    pub(crate) fn ok(body: impl Into<Arc<Value>>) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn text(content_type: &'static str, text: impl Into<String>) -> Self {
        Self { code: 200, content: Content::Text { content_type, text: text.into() }, warnings: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with_warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}
