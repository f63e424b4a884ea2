//! A run that is going on: what came of it so far, who hears of it, and whether it is to end.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::event::Event;
use super::outcome::{ScenarioOutcome, Trouble};
use super::remembered::Remembered;
use super::suite::{Emit, Finished, SuiteError};
use crate::cluster::{Clock, ClusterError};
use crate::scenario::ScenarioFile;
use crate::stop::Stop;

/// What was heard of a run, and who hears it.
pub(super) struct Heard<'r, 'e> {
    start: Instant,
    /// Locked for as long as one event takes, and no event waits for anything.
    so_far: Mutex<SoFar<'r, 'e>>,
}

struct SoFar<'r, 'e> {
    finished: Finished,
    emit: &'r mut Emit<'e>,
    unheard: Option<Unheard>,
}

/// Why nobody hears events any more.
enum Unheard {
    Failed(io::Error),
    Panicked(Box<dyn Any + Send>),
}

/// A run, on one of its threads.
pub(super) struct Running<'h, 'r, 'e> {
    heard: &'h Heard<'r, 'e>,
    pub(super) remembered: &'h Remembered,
    pub(super) stop: &'h Stop,
    /// The turns of scenarios that run commands, on whatever cluster.
    pub(super) commands: &'h Semaphore,
    /// The time of this thread's runtime.
    pub(super) clock: Clock,
}

impl<'r, 'e> Heard<'r, 'e> {
    pub(super) fn new(emit: &'r mut Emit<'e>) -> Self {
        let so_far = SoFar { finished: Finished::default(), emit, unheard: None };
        Self { start: Instant::now(), so_far: Mutex::new(so_far) }
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar<'r, 'e>> {
        // What could panic in there is caught in there.
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an event on; whether that failed for the first time.
    fn tell(&self, event: &Event<'_>) -> bool {
        let SoFar { emit, unheard, .. } = &mut *self.so_far();
        if unheard.is_some() {
            return false;
        }
        *unheard = match catch_unwind(AssertUnwindSafe(|| emit(event))) {
            Ok(Ok(())) => return false,
            Ok(Err(error)) => Some(Unheard::Failed(error)),
            Err(panic) => Some(Unheard::Panicked(panic)),
        };
        true
    }

    /// What came of it all.
    pub(super) fn end(self, interrupted: bool) -> Result<Finished, SuiteError> {
        let summary = {
            let summary = &mut self.so_far().finished.summary;
            (summary.took, summary.interrupted) = (self.start.elapsed(), interrupted);
            *summary
        };
        self.tell(&Event::Summary(&summary));
        let SoFar { finished, unheard, .. } = self.so_far.into_inner().unwrap_or_else(PoisonError::into_inner);
        match unheard {
            None => Ok(finished),
            Some(Unheard::Failed(error)) => Err(SuiteError::Report(error)),
            Some(Unheard::Panicked(panic)) => resume_unwind(panic),
        }
    }
}

impl<'h, 'r, 'e> Running<'h, 'r, 'e> {
    pub(super) fn new(
        heard: &'h Heard<'r, 'e>,
        remembered: &'h Remembered,
        stop: &'h Stop,
        commands: &'h Semaphore,
        clock: Clock,
    ) -> Self {
        Self { heard, remembered, stop, commands, clock }
    }

    /// Hands an event on. Where that fails the run is to end: not here and now, since that would leave behind what
    /// scenarios have made.
    pub(super) fn tell(&self, event: &Event<'_>) {
        if self.heard.tell(event) {
            self.stop.ask();
        }
    }

    pub(super) fn cluster_failed(&self, label: &str, error: &ClusterError, scenarios: &[&ScenarioFile]) {
        let trouble = Trouble::from_error(error);
        let scenarios: Vec<&str> = scenarios.iter().map(|file| file.id()).collect();
        self.heard.so_far().finished.summary.broken += scenarios.len();
        self.tell(&Event::ClusterFailed { cluster: label, trouble: &trouble, scenarios: &scenarios });
    }

    pub(super) fn add(&self, outcome: ScenarioOutcome) {
        self.tell(&Event::Finished(&outcome));
        let finished = &mut self.heard.so_far().finished;
        finished.summary.add(&outcome);
        finished.outcomes.push(outcome);
    }
}
