//! Many scenarios on some clusters: concurrency, Ctrl-C, and the stream of events.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{RwLock, mpsc, watch};

use super::event::{Event, Summary};
use super::instance::Instance;
use super::outcome::{ScenarioOutcome, Trouble};
use super::setups::by_setup;
use crate::cluster::{self, Cluster, ClusterError, ClusterSpec, Linger, OpenOptions, Setup};
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
    /// steps that are running, cleans up and returns; so does an `emit` that fails or panics.
    pub fn run(&self, clusters: &[ClusterSpec], emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let runtime = runtime()?;
        let finished = runtime.block_on(async {
            let mut running = Running::new(emit);
            for spec in clusters {
                if running.stop.is_asked() {
                    break;
                }
                self.run_on_each(spec, &mut running).await;
            }
            running.end()
        });
        // A credential plug-in that waits for somebody must not be waited for.
        runtime.shutdown_background();
        finished
    }

    /// Runs everything on a cluster that is open already; what asks for another set-up is left out.
    pub async fn run_on(&self, cluster: &Cluster, label: &str, emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let mut running = Running::new(emit);
        self.scenarios(&self.scenarios, cluster, label, &mut running).await;
        running.end()
    }

    /// Runs everything on what a name means: a cluster for each set-up that is asked for, one after the other, since each
    /// takes half a gigabyte.
    async fn run_on_each(&self, spec: &ClusterSpec, running: &mut Running<'_, '_>) {
        let version = match cluster::version(spec, &OpenOptions::default()) {
            Ok(version) => version,
            Err(error) => return running.cluster_failed(&spec.to_string(), &error, &self.scenarios),
        };
        for (setup, scenarios) in by_setup(&self.scenarios, version.as_ref()) {
            if running.stop.is_asked() {
                return;
            }
            Box::pin(self.open_and_run(spec, setup, &scenarios, running)).await;
        }
    }

    async fn open_and_run(
        &self,
        spec: &ClusterSpec,
        setup: Setup,
        scenarios: &[&ScenarioFile],
        running: &mut Running<'_, '_>,
    ) {
        let label = spec.to_string();
        let (progress, mut doings) = mpsc::unbounded_channel();
        let hear = move |doing: &cluster::Progress| drop(progress.send(doing.to_string()));
        let progress = Some(Arc::new(hear) as cluster::Hear);
        let options = OpenOptions { setup, progress, ..OpenOptions::lingering(self.settings.linger) };
        let mut stopped = running.stop.heard();
        let opening = cluster::open(spec, &options);
        tokio::pin!(opening);
        let opened = loop {
            tokio::select! {
                opened = &mut opening => break opened,
                Some(doing) = doings.recv() => running.tell(&Event::Opening { cluster: &label, doing: &doing }),
                _ = stopped.wait_for(|is| *is) => return,
            }
        };
        match opened {
            Ok(cluster) => self.scenarios(scenarios, &cluster, &label, running).await,
            Err(error) => running.cluster_failed(&label, &error, scenarios),
        }
    }

    async fn scenarios(
        &self,
        scenarios: &[&ScenarioFile],
        cluster: &Cluster,
        label: &str,
        running: &mut Running<'_, '_>,
    ) {
        running.tell(&Event::Opened { cluster: label, what: &cluster.describe(), scenarios: scenarios.len() });
        // A scenario that says `alone` waits for the others on its cluster to end, and they for it.
        let alone = RwLock::new(());
        let stopped = running.stop.heard();
        let (started, mut starts) = mpsc::unbounded_channel();
        let outcomes = stream::iter(scenarios).map(|file| {
            let (started, alone, stopped) = (started.clone(), &alone, stopped.clone());
            async move {
                let instance = Instance { file, cluster, label, store: self.store, settings: &self.settings };
                let begun = || {
                    // The receiver lives until all outcomes are in.
                    let _ = started.send(file.id());
                };
                instance.run(alone, stopped, begun).await
            }
        });
        let mut outcomes = outcomes.buffer_unordered(self.settings.jobs);
        loop {
            tokio::select! {
                biased;
                Some(id) = starts.recv() => running.tell(&Event::Started { id, cluster: label }),
                outcome = outcomes.next() => match outcome {
                    None => return,
                    Some(outcome) => running.add(outcome),
                },
            }
        }
    }
}

/// A run that is going on: what came of it so far, and whether it is to end.
struct Running<'r, 'e> {
    start: Instant,
    stop: Stop,
    finished: Finished,
    emit: &'r mut Emit<'e>,
    unheard: Option<Unheard>,
}

/// Why nobody hears events any more.
enum Unheard {
    Failed(io::Error),
    Panicked(Box<dyn Any + Send>),
}

impl<'r, 'e> Running<'r, 'e> {
    fn new(emit: &'r mut Emit<'e>) -> Self {
        let (start, stop, finished) = (Instant::now(), Stop::on_signals(), Finished::default());
        Self { start, stop, finished, emit, unheard: None }
    }

    /// Hands an event on. Where that fails the run is to end: not here and now, since that would leave behind what
    /// scenarios have made.
    fn tell(&mut self, event: &Event<'_>) {
        if self.unheard.is_some() {
            return;
        }
        self.unheard = match catch_unwind(AssertUnwindSafe(|| (self.emit)(event))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Some(Unheard::Failed(error)),
            Err(panic) => Some(Unheard::Panicked(panic)),
        };
        self.stop.ask();
    }

    fn cluster_failed(&mut self, label: &str, error: &ClusterError, scenarios: &[&ScenarioFile]) {
        let ids: Vec<&str> = scenarios.iter().map(|file| file.id()).collect();
        self.finished.summary.broken += ids.len();
        let trouble = Trouble::from_error(error);
        self.tell(&Event::ClusterFailed { cluster: label, trouble: &trouble, scenarios: &ids });
    }

    fn add(&mut self, outcome: ScenarioOutcome) {
        self.finished.summary.add(&outcome);
        self.tell(&Event::Finished(&outcome));
        self.finished.outcomes.push(outcome);
    }

    fn end(mut self) -> Result<Finished, SuiteError> {
        self.finished.summary.took = self.start.elapsed();
        self.finished.interrupted = self.stop.is_asked();
        let summary = self.finished.summary;
        self.tell(&Event::Summary(&summary));
        match self.unheard {
            None => Ok(self.finished),
            Some(Unheard::Failed(error)) => Err(SuiteError::Report(error)),
            Some(Unheard::Panicked(panic)) => resume_unwind(panic),
        }
    }
}

/// One thread: what a run does is wait, and with more of them each answer would be handed from one to the next.
fn runtime() -> Result<tokio::runtime::Runtime, SuiteError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(SuiteError::Runtime)
}

/// Whether a run is to end early, clean-up included.
struct Stop {
    asked: Arc<watch::Sender<bool>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Stop {
    /// Asked for with the first Ctrl-C or SIGTERM. The second ends the process at once: whoever asks twice means it, and
    /// what is left behind is found by `cluster gc`.
    fn on_signals() -> Self {
        let asked = Arc::new(watch::Sender::new(false));
        let ask = Arc::clone(&asked);
        let listening = tokio::spawn(async move {
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            loop {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                if ask.send_replace(true) {
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
                        .unwrap_or(());
                }
            }
        });
        Self { asked, listening }
    }

    fn ask(&self) {
        self.asked.send_replace(true);
    }

    fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    fn heard(&self) -> watch::Receiver<bool> {
        self.asked.subscribe()
    }
}
