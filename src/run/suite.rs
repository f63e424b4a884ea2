//! Many scenarios on some clusters: concurrency, Ctrl-C, and the stream of events.

use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, stream};
use tokio::sync::{Mutex, RwLock, Semaphore};

use super::event::{Event, Summary};
use super::instance::Instance;
use super::outcome::{ScenarioOutcome, Trouble};
use super::repeat::{Runs, repeat};
use super::setups::{Group, groups};
use crate::cluster::{self, Cluster, ClusterError, ClusterSpec, Images, Linger, OpenOptions, Setup};
use crate::scenario::ScenarioFile;
use crate::snapshot::Store;
use crate::stop::Stop;

/// How a suite is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scenarios at once on a cluster.
    pub jobs: usize,
    /// How often each scenario is run on a cluster.
    pub runs: Runs,
    /// How long a step may take that does not say itself.
    pub timeout: Duration,
    /// Leave what the scenarios made.
    pub keep: bool,
    /// Keep the bodies of requests, for a report that shows them.
    pub bodies: bool,
    /// Whether an answer that nobody recorded fails.
    pub unrecorded_fails: bool,
    /// How long a cluster that was started for this run waits for another user.
    pub linger: Linger,
    /// Of what clusters of kind are made.
    pub images: Images,
}

impl Default for Settings {
    /// Each scenario once, sixteen at a time, 30 s a step; nothing is left, and a cluster goes with its last user.
    fn default() -> Self {
        Self {
            jobs: 16,
            runs: Runs::ONCE,
            timeout: Duration::from_secs(30),
            keep: false,
            bodies: false,
            unrecorded_fails: false,
            linger: Linger::Gone,
            images: Images::default(),
        }
    }
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
    /// Runs everything on `clusters`, on as many at once as there is room for, and hands each event to `emit` as it
    /// happens. Ctrl-C ends the steps that are running, cleans up and returns; so does an `emit` that fails or panics.
    pub fn run(&self, clusters: &[ClusterSpec], emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let runtime = runtime()?;
        let finished = runtime.block_on(async {
            let running = Running::new(emit);
            for spec in clusters {
                running.tell(&Event::Queued { cluster: &spec.to_string() });
            }
            let each = stream::iter(clusters).map(|spec| self.run_on_each(spec, &running));
            each.buffer_unordered(cluster::room()).collect::<()>().await;
            running.end()
        });
        // A credential plug-in that waits for somebody must not be waited for.
        runtime.shutdown_background();
        finished
    }

    /// Runs everything on a cluster that is open already; what asks for another set-up is left out.
    pub async fn run_on(&self, cluster: &Cluster, label: &str, emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let running = Running::new(emit);
        self.scenarios(&self.scenarios, cluster, label, &running).await;
        running.end()
    }

    /// Runs everything on what a name means: a cluster for each set-up that is asked for, one after the other, since each
    /// takes half a gigabyte.
    async fn run_on_each(&self, spec: &ClusterSpec, running: &Running<'_, '_>) {
        let label = spec.to_string();
        match cluster::version(spec, &self.options()) {
            // Nothing is started, and nothing missed, for a shard that is empty.
            _ if self.scenarios.is_empty() => {}
            Err(error) => running.cluster_failed(&label, &error, &self.scenarios),
            Ok(version) => {
                let is_asked_for = self.scenarios.iter().any(|file| file.scenario.upgrades().next().is_some());
                let rungs = version.as_ref().filter(|_| is_asked_for);
                let rungs = rungs.map(|version| cluster::rungs(spec, version, &self.options())).unwrap_or_default();
                for group in groups(&self.scenarios, version.as_ref(), &rungs) {
                    if running.stop.is_asked() {
                        break;
                    }
                    match group {
                        Group::Shared(setup, scenarios) => {
                            Box::pin(self.open_and_run(spec, &label, setup, &scenarios, running)).await;
                        }
                        Group::Private(setup, file) => {
                            Box::pin(self.each_on_its_own(spec, &label, &setup, file, running)).await;
                        }
                    }
                }
            }
        }
        running.tell(&Event::Closed { cluster: &label });
    }

    async fn open_and_run(
        &self,
        spec: &ClusterSpec,
        label: &str,
        setup: Setup,
        scenarios: &[&ScenarioFile],
        running: &Running<'_, '_>,
    ) {
        match self.open(spec, label, OpenOptions { setup, ..self.options() }, running).await {
            Some(Ok(cluster)) => self.scenarios(scenarios, &cluster, label, running).await,
            Some(Err(error)) => running.cluster_failed(label, &error, scenarios),
            None => {}
        }
    }

    /// Runs a scenario that upgrades its cluster, each time on one of its own, one after the other.
    async fn each_on_its_own(
        &self,
        spec: &ClusterSpec,
        label: &str,
        setup: &Setup,
        file: &ScenarioFile,
        running: &Running<'_, '_>,
    ) {
        let open = async || {
            let options = OpenOptions { setup: setup.clone(), private: true, ..self.options() };
            self.open(spec, label, options, running).await
        };
        let first = match open().await {
            Some(Ok(cluster)) => cluster,
            Some(Err(error)) => return running.cluster_failed(label, &error, &[file]),
            None => return,
        };
        running.tell(&Event::Opened { cluster: label, what: &first.describe(), scenarios: &[file.id()] });
        let version = first.version().clone();
        let (first, turn) = (Mutex::new(Some(first)), Semaphore::new(1));
        let outcome = repeat(self.settings.runs, async || {
            // Never closed.
            let _turn = turn.acquire().await;
            let opened = match first.lock().await.take() {
                Some(cluster) => Some(Ok(cluster)),
                None => open().await,
            };
            let trouble = match opened {
                Some(Ok(cluster)) => {
                    let instance =
                        Instance { file, cluster: &cluster, label, store: self.store, settings: &self.settings };
                    let begun = || running.tell(&Event::Started { id: file.id(), cluster: label });
                    return instance.run(&RwLock::new(()), running.stop.heard(), begun).await;
                }
                Some(Err(error)) => Trouble::from_error(&error),
                None => Trouble::new("interrupted before it began"),
            };
            ScenarioOutcome { trouble: vec![trouble], ..ScenarioOutcome::not_run(file, label, version.clone()) }
        });
        running.add(outcome.await);
    }

    /// Opens a cluster, and tells what takes time; none if the run is to end meanwhile.
    async fn open(
        &self,
        spec: &ClusterSpec,
        label: &str,
        options: OpenOptions,
        running: &Running<'_, '_>,
    ) -> Option<Result<Cluster, ClusterError>> {
        let opening = cluster::open_telling(spec, options, |doing| {
            running.tell(&Event::Opening { cluster: label, doing: &doing.to_string() });
            Ok(())
        });
        let mut stopped = running.stop.heard();
        tokio::select! {
            opened = opening => Some(opened),
            _ = stopped.wait_for(|is| *is) => None,
        }
    }

    /// How clusters are opened. With what is kept a cluster that is started for it is kept too.
    fn options(&self) -> OpenOptions {
        OpenOptions {
            stays_if_started: self.settings.keep,
            images: self.settings.images.clone(),
            ..OpenOptions::lingering(self.settings.linger)
        }
    }

    async fn scenarios(&self, scenarios: &[&ScenarioFile], cluster: &Cluster, label: &str, running: &Running<'_, '_>) {
        running.tell(&Event::Opened { cluster: label, what: &cluster.describe(), scenarios: &ids(scenarios) });
        // A scenario that says `alone` waits for the others on its cluster to end, and they for it.
        let (alone, jobs) = (RwLock::new(()), Semaphore::new(self.settings.jobs));
        let (alone, jobs, stopped) = (&alone, &jobs, running.stop.heard());
        let each = scenarios.iter().map(|file| {
            let stopped = stopped.clone();
            repeat(self.settings.runs, async move || {
                // Never closed.
                let _job = jobs.acquire().await;
                let instance = Instance { file, cluster, label, store: self.store, settings: &self.settings };
                let begun = || running.tell(&Event::Started { id: file.id(), cluster: label });
                instance.run(alone, stopped.clone(), begun).await
            })
        });
        let mut outcomes: FuturesUnordered<_> = each.collect();
        while let Some(outcome) = outcomes.next().await {
            running.add(outcome);
        }
    }
}

fn ids<'s>(scenarios: &[&'s ScenarioFile]) -> Vec<&'s str> {
    scenarios.iter().map(|file| file.id()).collect()
}

/// A run that is going on: what came of it so far, and whether it is to end.
struct Running<'r, 'e> {
    start: Instant,
    stop: Stop,
    /// Borrowed for as long as one event takes: everything runs on one thread, and no event waits for anything.
    heard: RefCell<Heard<'r, 'e>>,
}

/// What was heard of a run, and who hears it.
struct Heard<'r, 'e> {
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
        let heard = RefCell::new(Heard { finished: Finished::default(), emit, unheard: None });
        Self { start: Instant::now(), stop: Stop::on_signals(), heard }
    }

    /// Hands an event on. Where that fails the run is to end: not here and now, since that would leave behind what
    /// scenarios have made.
    fn tell(&self, event: &Event<'_>) {
        let Heard { emit, unheard, .. } = &mut *self.heard.borrow_mut();
        if unheard.is_some() {
            return;
        }
        *unheard = match catch_unwind(AssertUnwindSafe(|| emit(event))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Some(Unheard::Failed(error)),
            Err(panic) => Some(Unheard::Panicked(panic)),
        };
        self.stop.ask();
    }

    fn cluster_failed(&self, label: &str, error: &ClusterError, scenarios: &[&ScenarioFile]) {
        let (trouble, scenarios) = (Trouble::from_error(error), ids(scenarios));
        self.heard.borrow_mut().finished.summary.broken += scenarios.len();
        self.tell(&Event::ClusterFailed { cluster: label, trouble: &trouble, scenarios: &scenarios });
    }

    fn add(&self, outcome: ScenarioOutcome) {
        self.tell(&Event::Finished(&outcome));
        let finished = &mut self.heard.borrow_mut().finished;
        finished.summary.add(&outcome);
        finished.outcomes.push(outcome);
    }

    fn end(self) -> Result<Finished, SuiteError> {
        let summary = {
            let finished = &mut self.heard.borrow_mut().finished;
            finished.summary.took = self.start.elapsed();
            finished.summary.interrupted = self.stop.is_asked();
            finished.summary
        };
        self.tell(&Event::Summary(&summary));
        let Heard { finished, unheard, .. } = self.heard.into_inner();
        match unheard {
            None => Ok(finished),
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
