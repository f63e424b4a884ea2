//! Why an exploration ended early.

use std::time::Duration;

use crate::cluster::{Exchange, SendError};
use crate::syntax::Diagnostics;

/// Why an exploration could not go on. What was found before counts.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ExploreError {
    /// A call had no answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Send(#[from] SendError),
    /// A call was never answered.
    #[error("{request}: no answer came in {} s", Duration::from_secs(30).as_secs())]
    #[diagnostic(help("look at the cluster's health, or explore with fewer sequences at once: --jobs 2"))]
    NoAnswer {
        /// What was sent.
        request: String,
    },
    /// A sequence could not be given its Namespace.
    #[error("{}", _0.refusal())]
    #[diagnostic(help("the user must have all rights: sequences create Namespaces, Nodes and roles"))]
    Refused(Box<Exchange>),
    /// What was found could not be written down as a scenario.
    #[error("a scenario that was written for a difference has mistakes: {}", _0.render(false))]
    Unwritable(Box<Diagnostics>),
    /// A file could not be written.
    #[error("writing {path} failed: {cause}")]
    #[diagnostic(help("choose another folder with --into"))]
    File {
        /// Which.
        path: camino::Utf8PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

impl ExploreError {
    pub(super) fn refused(exchange: &Exchange) -> Self {
        Self::Refused(Box::new(exchange.clone()))
    }

    /// Whether the next sequence may well be answered.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Send(_) | Self::NoAnswer { .. })
    }
}
