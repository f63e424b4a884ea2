//! Many scenarios on some clusters: concurrency, Ctrl-C, and the stream of events.

use std::collections::HashMap;
use std::io;
use std::sync::PoisonError;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, stream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, RwLock, Semaphore, mpsc};

use super::event::{Event, Summary};
use super::going::{Heard, Running};
use super::instance::Instance;
use super::outcome::{ScenarioOutcome, Trouble};
use super::remembered::Remembered;
use super::repeat::{Runs, repeat};
use super::setups::{Group, groups};
use crate::cluster::{
    self, Clock, Cluster, ClusterError, ClusterSpec, EmbeddedError, Images, Linger, OpenOptions, Setup,
};
use crate::scenario::ScenarioFile;
use crate::snapshot::Store;
use crate::stop::Stop;

/// How a suite is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scenarios at once on a cluster; of those that run commands never more than two for each processor of this machine.
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

/// Where events go, from whatever thread they come.
pub type Emit<'e> = dyn FnMut(&Event<'_>) -> io::Result<()> + Send + 'e;

impl Suite<'_> {
    /// Runs everything on `clusters`, on as many at once as there is room for, and hands each event to `emit` as it
    /// happens. Ctrl-C ends the steps that are running, cleans up and returns; so does an `emit` that fails or panics.
    ///
    /// Embedded clusters each have a thread while they run, and time of their own that waits for nothing.
    pub fn run(&self, clusters: &[ClusterSpec], emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let (embedded, others): (Vec<_>, Vec<_>) = clusters.iter().partition(|spec| spec.is_embedded());
        let threads = embedded.len().min(available_parallelism().map_or(1, usize::from));
        let runtime = runtime().enable_all().build().map_err(SuiteError::Runtime)?;
        let paused = (0..threads).map(|_| self::runtime().enable_all().start_paused(true).build());
        let paused: Vec<Runtime> = paused.collect::<Result<_, _>>().map_err(SuiteError::Runtime)?;

        let (heard, remembered, commands) = (Heard::new(emit), Remembered::default(), turns_of_commands());
        let stop = runtime.block_on(async { Stop::on_signals() });
        let running = Running::new(&heard, &remembered, &stop, &commands, Clock::default());
        for spec in clusters {
            running.tell(&Event::Queued { cluster: &spec.to_string() });
        }
        let next = std::sync::Mutex::new(embedded.into_iter());
        let next = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::thread::scope(|scope| {
            let (alive, mut gone) = mpsc::channel::<()>(1);
            for runtime in paused {
                let alive = alive.clone();
                let running = Running::new(&heard, &remembered, &stop, &commands, Clock::paused());
                scope.spawn(move || {
                    runtime.block_on(async {
                        while let Some(spec) = next() {
                            self.run_on_each(spec, &running).await;
                        }
                    });
                    drop(alive);
                });
            }
            drop(alive);
            runtime.block_on(async {
                let each = stream::iter(others).map(|spec| self.run_on_each(spec, &running));
                each.buffer_unordered(cluster::room()).collect::<()>().await;
                // Signals are heard here, for the threads too.
                gone.recv().await;
            });
        });
        // A credential plug-in that waits for somebody must not be waited for.
        runtime.shutdown_background();
        heard.end(stop.is_asked())
    }

    /// Runs everything on a cluster that is open already; what asks for another set-up is left out.
    pub async fn run_on(&self, cluster: &Cluster, label: &str, emit: &mut Emit<'_>) -> Result<Finished, SuiteError> {
        let (heard, remembered, stop) = (Heard::new(emit), Remembered::default(), Stop::on_signals());
        let commands = turns_of_commands();
        let running = Running::new(&heard, &remembered, &stop, &commands, cluster.clock().clone());
        self.scenarios(&self.scenarios, cluster, label, &running).await;
        heard.end(stop.is_asked())
    }

    /// Runs everything on what a name means: a cluster for each set-up that is asked for, one after the other, since each
    /// takes half a gigabyte.
    async fn run_on_each(&self, spec: &ClusterSpec, running: &Running<'_, '_, '_>) {
        let label = spec.to_string();
        match cluster::version(spec, &self.options(running)) {
            // Nothing is started, and nothing missed, for a shard that is empty.
            _ if self.scenarios.is_empty() => {}
            Err(error) => running.cluster_failed(&label, &error, &self.scenarios),
            Ok(version) => {
                let is_asked_for = self.scenarios.iter().any(|file| file.scenario.upgrades().next().is_some());
                let rungs = version.as_ref().filter(|_| is_asked_for);
                let rungs =
                    rungs.map(|version| cluster::rungs(spec, version, &self.options(running))).unwrap_or_default();
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
        running: &Running<'_, '_, '_>,
    ) {
        let words = setup.to_string();
        // A model ends with this, and what is in it too.
        let options = OpenOptions { setup, private: spec.is_embedded(), ..self.options(running) };
        match self.open(spec, label, options, running).await {
            Some(Ok(cluster)) => self.scenarios(scenarios, &cluster, label, running).await,
            Some(Err(ClusterError::Embedded(EmbeddedError::Setup { refused, version }))) => {
                let what = format!("{}, the embedded model, set up with {words}", version.minor);
                running.tell(&Event::Opened { cluster: label, what: &what, scenarios: &ids(scenarios) });
                for file in scenarios {
                    running.add(ScenarioOutcome {
                        setup: Some(words.clone()),
                        skipped: Some(refused.to_string()),
                        ..ScenarioOutcome::not_run(file, label, version.clone())
                    });
                }
            }
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
        running: &Running<'_, '_, '_>,
    ) {
        let open = async || {
            let options = OpenOptions { setup: setup.clone(), private: true, ..self.options(running) };
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
                    let instance = self.instance(file, &cluster, label, running, 0);
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
        running: &Running<'_, '_, '_>,
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

    fn instance<'a>(
        &'a self,
        file: &'a ScenarioFile,
        cluster: &'a Cluster,
        label: &'a str,
        running: &Running<'a, '_, '_>,
        before: usize,
    ) -> Instance<'a> {
        let (store, settings, remembered) = (self.store, &self.settings, running.remembered);
        Instance { file, cluster, label, store, remembered, settings, before }
    }

    /// How clusters are opened. With what is kept a cluster that is started for it is kept too.
    fn options(&self, running: &Running<'_, '_, '_>) -> OpenOptions {
        OpenOptions {
            clock: running.clock.clone(),
            stays_if_started: self.settings.keep,
            images: self.settings.images.clone(),
            ..OpenOptions::lingering(self.settings.linger)
        }
    }

    async fn scenarios<'s>(
        &self,
        scenarios: &[&'s ScenarioFile],
        cluster: &Cluster,
        label: &str,
        running: &Running<'_, '_, '_>,
    ) {
        running.tell(&Event::Opened { cluster: label, what: &cluster.describe(), scenarios: &ids(scenarios) });
        // A scenario that says `alone` waits for the others on its cluster to end, and they for it.
        let (alone, jobs) = (RwLock::new(()), Semaphore::new(self.settings.jobs));
        let (alone, jobs, stopped) = (&alone, &jobs, running.stop.heard());
        let seen = std::sync::Mutex::new(HashMap::<String, usize>::new());
        let before = |file: &ScenarioFile| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let runs = seen.entry(file.id().to_owned()).or_default();
            std::mem::replace(runs, *runs + 1)
        };
        let before = &before;
        let run = |file: &'s ScenarioFile| {
            let stopped = stopped.clone();
            repeat(self.settings.runs, async move || {
                // Never closed, either of them.
                let _turn = if file.scenario.runs_commands() { Some(running.commands.acquire().await) } else { None };
                let _job = jobs.acquire().await;
                let instance = self.instance(file, cluster, label, running, before(file));
                let begun = || running.tell(&Event::Started { id: file.id(), cluster: label });
                instance.run(alone, stopped.clone(), begun).await
            })
        };
        // While one of them runs a command, time is that of the wall for all on a model: those come last.
        let comes_last = |file: &ScenarioFile| cluster.is_embedded() && file.scenario.runs_commands();
        let (last, first): (Vec<&'s ScenarioFile>, _) = scenarios.iter().copied().partition(|file| comes_last(file));
        for turn in [first, last] {
            let mut outcomes: FuturesUnordered<_> = turn.into_iter().map(run).collect();
            while let Some(outcome) = outcomes.next().await {
                running.add(outcome);
            }
        }
    }
}

/// The turns of scenarios that run commands in one run, on all its clusters. A kubectl is half a second of processor time:
/// where too many of them share the processors, each waits longer than it gives an API server to answer.
fn turns_of_commands() -> Semaphore {
    const FOR_EACH_PROCESSOR: usize = 2;
    Semaphore::new(FOR_EACH_PROCESSOR * available_parallelism().map_or(1, usize::from))
}

fn ids<'s>(scenarios: &[&'s ScenarioFile]) -> Vec<&'s str> {
    scenarios.iter().map(|file| file.id()).collect()
}

/// One thread: what a run does is wait, and with more of them each answer would be handed from one to the next.
fn runtime() -> Builder {
    Builder::new_current_thread()
}
