//! Running what was selected, in the background of the tests that wait for it.

use std::collections::VecDeque;
use std::iter;
use std::ops::ControlFlow;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use super::skipped::Skipped;
use super::targets::Case;
use super::text;
use crate::cluster::{self, ClusterSpec, Images, Linger};
use crate::report::{Human, Reporter};
use crate::run::{Event, ScenarioOutcome, Settings, Status, Suite};
use crate::snapshot::{Difference, Store, Update, UpdatePolicy};

/// How long a cluster waits for the next test process before it stops: nextest starts one a test.
const LINGER: Duration = Duration::from_secs(20);

/// What a test waits for.
pub(super) type Verdict = Result<(), String>;

/// A test that was selected, and where its verdict is waited for.
pub(super) struct Wanted<'a> {
    pub(super) case: Case<'a>,
    pub(super) verdict: Sender<Verdict>,
}

impl Wanted<'_> {
    fn tell(&self, verdict: Verdict) {
        // A test that gave up waiting needs no verdict.
        let _ = self.verdict.send(verdict);
    }
}

/// Runs what is wanted, on as many clusters at once as there is room for, and tells each test its verdict. A test whose
/// sender is dropped fails.
pub(super) fn rehearse(
    wanted: Vec<Wanted<'_>>,
    store: &Store,
    policy: UpdatePolicy,
    ci: bool,
    images: Images,
    skipped: &Skipped,
) {
    let (embedded, others) = wanted.into_iter().partition(|wanted| wanted.case.target.spec.is_embedded());
    let (embedded, others) = (by_cluster(embedded), by_cluster(others));
    let room = cluster::room().min(others.len());
    // A cluster that lingers would take the room of one that is still to start.
    let linger = if others.len() > room { Linger::Gone } else { Linger::For(LINGER) };
    let settings = Settings { unrecorded_fails: ci, linger, images, ..Settings::default() };
    let processors = available_parallelism().map_or(1, usize::from);
    let models = processors.min(embedded.len());
    let (embedded, others) = (Mutex::new(embedded), Mutex::new(others));
    let work = |queue: &Mutex<Queue<'_>>| {
        while let Some((spec, here)) = next(queue) {
            let mut settings = settings.clone();
            if spec.is_embedded() {
                // Nothing is waited for there but commands, which keep processors busy.
                settings.jobs = processors;
            }
            let suite = Suite { scenarios: here.iter().map(|wanted| wanted.case.file).collect(), store, settings };
            if on(spec, &here, &suite, policy, skipped).is_break() {
                // Whoever interrupts means the other clusters too; their tests fail as not run.
                while [&embedded, &others].into_iter().any(|queue| next(queue).is_some()) {}
            }
        }
    };
    std::thread::scope(|scope| {
        for queue in iter::repeat_n(&embedded, models).chain(iter::repeat_n(&others, room)) {
            scope.spawn(|| work(queue));
        }
    });
}

/// Clusters, each with the tests on it.
type Queue<'a> = VecDeque<(ClusterSpec, Vec<Wanted<'a>>)>;

fn next<'a>(queue: &Mutex<Queue<'a>>) -> Option<(ClusterSpec, Vec<Wanted<'a>>)> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

fn by_cluster(mut wanted: Vec<Wanted<'_>>) -> Queue<'_> {
    let mut clusters = VecDeque::new();
    while let Some(spec) = wanted.first().map(|wanted| wanted.case.target.spec.clone()) {
        let here: Vec<Wanted<'_>> = wanted.extract_if(.., |wanted| wanted.case.target.spec == spec).collect();
        clusters.push_back((spec, here));
    }
    clusters
}

/// Runs what is wanted on one cluster. Breaks if that was interrupted.
fn on(
    spec: ClusterSpec,
    here: &[Wanted<'_>],
    suite: &Suite<'_>,
    policy: UpdatePolicy,
    skipped: &Skipped,
) -> ControlFlow<()> {
    let is_embedded = spec.is_embedded();
    let finished = suite.run(&[spec], &mut |event| {
        match event {
            Event::Finished(outcome) => {
                if is_embedded {
                    skipped.ran(outcome);
                }
                if let Some(wanted) = here.iter().find(|wanted| wanted.case.file.id() == outcome.id) {
                    wanted.tell(verdict(outcome, suite.store, policy));
                }
            }
            Event::ClusterFailed { trouble, scenarios, .. } => {
                for wanted in here.iter().filter(|wanted| scenarios.contains(&wanted.case.file.id())) {
                    wanted.tell(Err(text(trouble)));
                }
            }
            _ => {}
        }
        Ok(())
    });
    match finished {
        Ok(finished) if finished.summary.interrupted => return ControlFlow::Break(()),
        Ok(_) => {}
        Err(error) => here.iter().for_each(|wanted| wanted.tell(Err(error.to_string()))),
    }
    ControlFlow::Continue(())
}

/// Passed or not; an answer that is not the recorded one is proposed for review, as insta's own assertions do.
fn verdict(outcome: &ScenarioOutcome, store: &Store, policy: UpdatePolicy) -> Verdict {
    let difference = match (outcome.has_changed(), outcome.has_unrecorded()) {
        (true, _) => Difference::Changed,
        (false, true) => Difference::Unseen,
        (false, false) => Difference::None,
    };
    let kept = match (policy.on(difference), &outcome.recording) {
        (Update::Nothing, _) | (_, None) => None,
        (Update::Propose, Some(recording)) => {
            recording.propose(store).map_err(|error| error.to_string())?;
            Some("proposed for review: rehearsal review, or cargo insta review\n")
        }
        (Update::Accept, Some(recording)) => {
            recording.record(store).map_err(|error| error.to_string())?;
            Some("recorded, as INSTA_UPDATE says\n")
        }
    };
    if matches!(outcome.status(), Status::Passed | Status::Skipped) {
        return Ok(());
    }
    let mut shown = Vec::new();
    // Writing to memory does not fail.
    let _ = Human::new(&mut shown, false).event(&Event::Finished(outcome));
    let shown = anstream::adapter::strip_bytes(&shown).into_vec();
    Err(String::from_utf8_lossy(&shown).into_owned() + kept.unwrap_or_default())
}
