//! One scenario run several times on one cluster: what came of all runs as one outcome.
//!
//! A step that shows one answer in one run and another in the next does not show a behaviour of the cluster, whatever was
//! recorded of it: it is unstable, and nothing of its scenario is recorded.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use super::outcome::{ScenarioOutcome, Status, StepOutcome, Verdict};

/// How often a scenario is run on a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Runs {
    /// So often; at least once.
    pub times: usize,
    /// Run again only what ran to its end: of anything else nothing can be recorded.
    pub only_complete: bool,
}

impl Runs {
    /// Just once.
    pub const ONCE: Self = Self { times: 1, only_complete: false };
}

/// Runs a scenario once, to see whether there is anything to repeat, and then again, all at once.
pub(super) async fn repeat(runs: Runs, once: impl AsyncFn() -> ScenarioOutcome) -> ScenarioOutcome {
    let first = once().await;
    // What it waited for its turn is no part of it.
    let (took, end) = (first.took, Instant::now());
    let mut seen = Seen::of(first);
    let is_over = seen.worst.skipped.is_some() || runs.only_complete && seen.worst.recording.is_none();
    if !is_over {
        let mut others: FuturesOrdered<_> = (1..runs.times).map(|_| once()).collect();
        while let Some(outcome) = others.next().await {
            seen.add(outcome);
        }
    }
    let runs = seen.runs;
    let mut outcome = seen.outcome();
    outcome.took = if runs > 1 { took + end.elapsed() } else { took };
    outcome
}

/// What was seen in all runs so far.
struct Seen {
    /// The worst outcome, of those the first.
    worst: ScenarioOutcome,
    runs: usize,
    failed: usize,
    steps: Vec<Answers>,
}

/// The answers of one step: the first, and the first that differs from it, each with the number of its run.
#[derive(Default)]
struct Answers {
    first: Option<(usize, String)>,
    other: Option<(usize, String)>,
}

impl Seen {
    fn of(first: ScenarioOutcome) -> Self {
        let failed = usize::from(first.status() >= Status::Failed);
        let steps = first.steps.iter().map(|step| Answers { first: snapshotted(step).map(|it| (1, it)), other: None });
        Self { runs: 1, failed, steps: steps.collect(), worst: first }
    }

    fn add(&mut self, mut outcome: ScenarioOutcome) {
        self.runs += 1;
        self.failed += usize::from(outcome.status() >= Status::Failed);
        for (step, answers) in outcome.steps.iter().zip(&mut self.steps) {
            let Some(answer) = snapshotted(step) else { continue };
            match &answers.first {
                None => answers.first = Some((self.runs, answer)),
                Some((_, first)) if *first != answer && answers.other.is_none() => {
                    answers.other = Some((self.runs, answer));
                }
                Some(_) => {}
            }
        }
        if outcome.status() > self.worst.status() {
            std::mem::swap(&mut self.worst, &mut outcome);
        }
        // Only what every run showed is recorded.
        if outcome.recording.is_none() {
            self.worst.recording = None;
        }
        self.worst.kept.append(&mut outcome.kept);
    }

    fn outcome(self) -> ScenarioOutcome {
        let mut outcome = self.worst;
        for (step, answers) in outcome.steps.iter_mut().zip(self.steps) {
            let (Some(first), Some(other)) = (answers.first, answers.other) else { continue };
            outcome.recording = None;
            if step.slug.is_some() {
                step.verdict = Verdict::Unstable { first, other };
            }
        }
        outcome.runs = self.runs;
        outcome.failed_runs = self.failed;
        outcome
    }
}

/// What a step showed that has to be the same each time.
fn snapshotted(step: &StepOutcome) -> Option<String> {
    step.answer.clone().filter(|_| step.slug.is_some())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_time_of_a_run_is_its_own_and_not_that_of_its_queue() {
        let took = Duration::from_hours(1);
        let once = async || {
            tokio::task::yield_now().await;
            ScenarioOutcome { took, ..ScenarioOutcome::blank("", "", "v1.36.3".parse().unwrap()) }
        };
        assert_eq!(repeat(Runs::ONCE, once).await.took, took);
        let thrice = repeat(Runs { times: 3, only_complete: false }, once).await;
        assert!(thrice.runs == 3 && thrice.took > took);
    }
}
