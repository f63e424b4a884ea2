//! What an action gives back. `observe`, `compare` and `report` know replies and never which action gave one.

use crate::cluster::Exchange;

/// The answer to one attempt at a step.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An HTTP exchange with the API server.
    Http(Exchange),
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
