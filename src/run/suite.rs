//! Many scenarios on some clusters: concurrency, Ctrl-C, and the stream of events.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{RwLock, mpsc, watch};

use super::event::{Event, Summary};
use super::instance::Instance;
use super::outcome::{ScenarioOutcome, Trouble};
use crate::cluster::{self, Cluster, ClusterSpec, Linger, OpenOptions};
use crate::scenario::ScenarioFile;
use crate::snapshot::Store;

/// How a suite is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scenarios at once on a cluster.
    pub jobs: usize,
    /// How long a step may take that does not say itself.
    pub timeout: Duration,
    /// Leave what the scenarios made.
    pub keep: bool,
    /// Whether an answer that nobody recorded fails.
    pub unrecorded_fails: bool,
    /// How long a cluster that was started for this run waits for another user.
    pub linger: Linger,
}

/// Scenarios and the snapshots their answers are held against.
#[derive(Debug)]
pub struct Suite<'a> {
    /// The scenarios.
    pub scenarios: Vec<&'a ScenarioFile>,
    /// What the answers are held against.
    pub store: &'a Store,
    /// How.
    pub settings: Settings,
}

/// What came of a suite.
#[derive(Debug, Default)]
pub struct Finished {
    /// What came of each scenario on each cluster, in the order they ended.
    pub outcomes: Vec<ScenarioOutcome>,
    /// How many came to which end.
    pub summary: Summary,
    /// Ctrl-C or SIGTERM ended it early; what was made has been cleaned up.
    pub interrupted: bool,
}

/// A run that could not go on at all.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SuiteError {
    /// No threads or no event loop to be had.
    #[error("starting the run failed: {0}")]
    Runtime(io::Error),
    /// The report could not be written.
    #[error("writing the report failed: {0}")]
    Report(#[from] io::Error),
}

/// Where events go.
pub type Emit<'e> = dyn FnMut(&Event<'_>) -> io::Result<()> + 'e;

impl Suite<'_> {
    /// Runs everything on `clusters`, one after the other, and hands each event to `emit` as it happens. Ctrl-C ends the
    /// steps that are running, cleans up and returns.
    pub fn run(&self, clusters: &[ClusterSpec], emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        runtime()?.block_on(async {
            let interrupted = interruption();
            let start = Instant::now();
            let mut finished = Finished::default();
            for spec in clusters {
                if *interrupted.borrow() {
                    break;
                }
                self.open_and_run(spec, &interrupted, &mut finished, emit).await?;
            }
            finished.end(start, &interrupted, emit)
        })
    }

    /// Runs everything on a cluster that is open already.
    pub async fn run_on(&self, cluster: &Cluster, label: &str, emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let interrupted = interruption();
        let start = Instant::now();
        let mut finished = Finished::default();
        self.scenarios(cluster, label, &interrupted, &mut finished, emit).await?;
        finished.end(start, &interrupted, emit)
    }

    async fn open_and_run(
        &self,
        spec: &ClusterSpec,
        interrupted: &watch::Receiver<bool>,
        finished: &mut Finished,
        emit: &mut Emit<'_>,
    ) -> Result<(), SuiteError> {
        let label = spec.to_string();
        let (progress, mut doings) = mpsc::unbounded_channel();
        let hear = move |doing: &cluster::Progress| drop(progress.send(doing.to_string()));
        let options = OpenOptions { progress: Some(Arc::new(hear)), ..OpenOptions::lingering(self.settings.linger) };
        let mut interrupted_while_opening = interrupted.clone();
        let opening = cluster::open(spec, &options);
        tokio::pin!(opening);
        let opened = loop {
            tokio::select! {
                opened = &mut opening => break opened,
                Some(doing) = doings.recv() => emit(&Event::Opening { cluster: &label, doing: &doing })?,
                _ = interrupted_while_opening.wait_for(|is| *is) => return Ok(()),
            }
        };
        match opened {
            Ok(cluster) => self.scenarios(&cluster, &label, interrupted, finished, emit).await,
            Err(error) => {
                let trouble = Trouble::from_error(&error);
                let scenarios = self.scenarios.len();
                finished.summary.broken += scenarios;
                Ok(emit(&Event::ClusterFailed { cluster: &label, trouble: &trouble, scenarios })?)
            }
        }
    }

    async fn scenarios(
        &self,
        cluster: &Cluster,
        label: &str,
        interrupted: &watch::Receiver<bool>,
        finished: &mut Finished,
        emit: &mut Emit<'_>,
    ) -> Result<(), SuiteError> {
        emit(&Event::Opened { cluster: label, what: &cluster.describe(), scenarios: self.scenarios.len() })?;
        // A scenario that says `alone` waits for the others on its cluster to end, and they for it.
        let alone = RwLock::new(());
        let (started, mut starts) = mpsc::unbounded_channel();
        let outcomes = stream::iter(&self.scenarios).map(|file| {
            let (started, alone) = (started.clone(), &alone);
            async move {
                let instance = Instance { file, cluster, label, store: self.store, settings: &self.settings };
                let begun = || {
                    // The receiver lives until all outcomes are in.
                    let _ = started.send(file.id());
                };
                instance.run(alone, interrupted.clone(), begun).await
            }
        });
        let mut outcomes = outcomes.buffer_unordered(self.settings.jobs);
        loop {
            tokio::select! {
                biased;
                Some(id) = starts.recv() => emit(&Event::Started { id, cluster: label })?,
                outcome = outcomes.next() => match outcome {
                    None => return Ok(()),
                    Some(outcome) => {
                        finished.summary.add(&outcome);
                        emit(&Event::Finished(&outcome))?;
                        finished.outcomes.push(outcome);
                    }
                },
            }
        }
    }
}

impl Finished {
    fn end(
        mut self,
        start: Instant,
        interrupted: &watch::Receiver<bool>,
        emit: &mut Emit<'_>,
    ) -> Result<Self, SuiteError> {
        self.summary.took = start.elapsed();
        self.interrupted = *interrupted.borrow();
        emit(&Event::Summary(&self.summary))?;
        Ok(self)
    }
}

/// One thread: what a run does is wait, and with more of them each answer would be handed from one to the next.
fn runtime() -> Result<tokio::runtime::Runtime, SuiteError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(SuiteError::Runtime)
}

/// Becomes true with the first Ctrl-C or SIGTERM. The second ends the process at once: whoever asks twice means it, and
/// what is left behind is found by `cluster gc`.
fn interruption() -> watch::Receiver<bool> {
    let (interrupt, interrupted) = watch::channel(false);
    tokio::spawn(async move {
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            if interrupt.send_replace(true) {
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap_or(());
            }
        }
    });
    interrupted
}
