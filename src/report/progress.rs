//! What is going on right now, on standard error and only on a terminal: booting a cluster and long steps take seconds
//! in which a person wonders.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Event;

/// A line that is redrawn below what a report prints.
pub struct Progress {
    line: ProgressBar,
    running: BTreeSet<String>,
    left: usize,
}

impl Progress {
    /// Draws on standard error if that is a terminal, else nowhere.
    pub fn on_terminal() -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let line = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_msg}") {
            line.set_style(style);
        }
        if is_terminal {
            line.enable_steady_tick(Duration::from_millis(100));
        }
        Self { line, running: BTreeSet::new(), left: 0 }
    }

    /// Takes in one event and lets `report` print what it has to say of it above the line.
    pub fn around<T>(&mut self, event: &Event<'_>, report: impl FnOnce() -> T) -> T {
        match event {
            Event::Opening { cluster, doing } => self.line.set_message(format!("{cluster}: {doing}")),
            Event::Opened { scenarios, .. } => self.left = *scenarios,
            Event::Started { id, .. } => {
                self.running.insert((*id).to_owned());
            }
            Event::Finished(outcome) => {
                self.running.remove(&outcome.id);
                self.left = self.left.saturating_sub(1);
            }
            Event::ClusterFailed { .. } => {}
            Event::Summary(_) => self.line.finish_and_clear(),
        }
        if let Some(first) = self.running.first() {
            self.line.set_message(format!("{first} ({} running, {} left)", self.running.len(), self.left));
        }
        self.line.suspend(report)
    }
}
