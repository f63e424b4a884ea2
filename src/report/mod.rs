//! Renders the one stream of events of a run. A report knows outcomes and nothing of clusters, plans or files.

mod human;
mod json;
mod progress;

use std::io;

pub use human::Human;
pub use json::Json;
pub use progress::Progress;

use crate::run::Event;

/// Something that shows a run.
pub trait Reporter: Send {
    /// Shows one event.
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;
}
