//! What is going on right now, on standard error and only on a terminal: booting a cluster and long steps take seconds
//! in which a person wonders.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Event;

/// A line for each cluster that is being opened or used, redrawn below what a report prints.
pub struct Progress {
    lines: MultiProgress,
    is_terminal: bool,
    clusters: Vec<Cluster>,
}

struct Cluster {
    name: String,
    line: ProgressBar,
    running: BTreeSet<String>,
    left: usize,
}

impl Progress {
    /// Draws on standard error if that is a terminal, else nowhere.
    pub fn on_terminal() -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { lines: MultiProgress::with_draw_target(target), is_terminal, clusters: Vec::new() }
    }

    /// Takes in one event and lets `report` print what it has to say of it above the lines.
    pub fn around<T>(&mut self, event: &Event<'_>, report: impl FnOnce() -> T) -> T {
        match event {
            Event::Queued { .. } | Event::ClusterFailed { .. } => {}
            Event::Opening { cluster, doing } => self.cluster(cluster).line.set_message(format!("{cluster}: {doing}")),
            Event::Opened { cluster, scenarios, .. } => self.cluster(cluster).left = scenarios.len(),
            Event::Started { id, cluster } => {
                let cluster = self.cluster(cluster);
                cluster.running.insert((*id).to_owned());
                cluster.show();
            }
            Event::Finished(outcome) => {
                let cluster = self.cluster(&outcome.cluster);
                cluster.running.remove(&outcome.id);
                cluster.left = cluster.left.saturating_sub(1);
                cluster.show();
            }
            Event::Closed { cluster } => {
                for over in self.clusters.extract_if(.., |known| known.name == *cluster) {
                    over.line.finish_and_clear();
                    self.lines.remove(&over.line);
                }
            }
            // Of a cluster that was open already nobody says that it is closed.
            Event::Summary(_) => self.clusters.iter().for_each(|cluster| cluster.line.finish_and_clear()),
        }
        self.lines.suspend(report)
    }

    fn cluster(&mut self, name: &str) -> &mut Cluster {
        let known = self.clusters.iter().position(|cluster| cluster.name == name);
        let index = known.unwrap_or_else(|| {
            let line = self.lines.add(line(self.is_terminal));
            self.clusters.push(Cluster { name: name.to_owned(), line, running: BTreeSet::new(), left: 0 });
            self.clusters.len() - 1
        });
        &mut self.clusters[index]
    }
}

impl Cluster {
    fn show(&self) {
        if let Some(first) = self.running.first() {
            let (name, running, left) = (&self.name, self.running.len(), self.left);
            self.line.set_message(format!("{name}: {first} ({running} running, {left} left)"));
        }
    }
}

fn line(is_terminal: bool) -> ProgressBar {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_msg}") {
        line.set_style(style);
    }
    if is_terminal {
        line.enable_steady_tick(Duration::from_millis(100));
    }
    line
}
