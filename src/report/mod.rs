//! Renders the one stream of events of a run. A report knows outcomes and nothing of clusters, plans or files.

mod document;
mod html;
mod human;
mod json;
mod junit;
#[cfg(test)]
mod laws;
mod markdown;
mod merge;
mod ordered;
mod progress;
mod read;
mod words;

use std::io;

pub use document::{Run, ShardOf};
pub use html::Html;
pub use human::Human;
pub use json::{Json, Origin};
pub use junit::Junit;
pub use markdown::Markdown;
pub use merge::{Merged, merge};
pub use ordered::Ordered;
pub use progress::Progress;
pub use read::{ReadError, Report};

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
