//! Renders the one stream of events of a run. A report knows outcomes and nothing of clusters, plans or files.

mod html;
mod human;
mod json;
mod junit;
mod markdown;
mod ordered;
mod progress;
mod words;

use std::io;

pub use html::Html;
pub use human::Human;
pub use json::Json;
pub use junit::Junit;
pub use markdown::Markdown;
pub use ordered::Ordered;
pub use progress::Progress;

use crate::run::Event;

/// Something that shows a run.
pub trait Reporter: Send {
    /// Shows one event.
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// Several reports of one run.
impl Reporter for Vec<Box<dyn Reporter + '_>> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.iter_mut().try_for_each(|report| report.event(event))
    }
}
