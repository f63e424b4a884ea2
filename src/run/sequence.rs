//! The steps of a scenario in order, and within a step those that run during it.

use std::ops::Range;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use super::outcome::{StepOutcome, Trouble, Verdict};
use super::step::{Ended, Stage};
use crate::scenario::Step;

/// What becomes of a step besides its answer.
#[derive(Default)]
pub(super) struct Tried {
    pub(super) attempts: u32,
    /// The requests of its own, where other steps sent some after them, and the body of the first.
    pub(super) requests: Option<(Vec<String>, Option<Value>)>,
    /// What came of the steps that ran during it.
    pub(super) inside: Vec<StepOutcome>,
}

impl Stage<'_> {
    /// Runs steps of the scenario in order, those that stand in a `during` within their step, and adds what came of each in
    /// the order of the file. Says whether all of them ran; none does unless all before them did.
    pub(super) fn steps<'s>(
        &'s mut self,
        steps: Range<usize>,
        mut goes_on: bool,
        outcomes: &'s mut Vec<StepOutcome>,
    ) -> BoxFuture<'s, bool> {
        let plan = self.plan;
        Box::pin(async move {
            let mut next = steps.start;
            while next < steps.end {
                let (step, inside) = (&plan.scenario.steps[next], plan.scenario.during(next));
                let verdict = match &plan.left_out[next] {
                    Some(reason) => Verdict::LeftOut(reason.clone()),
                    None if !goes_on => Verdict::NotRun,
                    None => {
                        next = inside.end;
                        let (outcome, inside) = self.step(step, inside).await;
                        goes_on = !outcome.verdict.stops();
                        outcomes.push(outcome);
                        outcomes.extend(inside);
                        continue;
                    }
                };
                outcomes.push(StepOutcome::without_answer(step, verdict));
                next += 1;
            }
            goes_on
        })
    }

    /// Runs one step to its verdict, and with it the steps that stand in its `during`.
    async fn step(&mut self, step: &Step, inside: Range<usize>) -> (StepOutcome, Vec<StepOutcome>) {
        let start = Instant::now();
        let mut tried = Tried::default();
        let ended = match self.repeated.enter(step, &mut self.scope) {
            Ok(()) => self.attempts(step, start, inside.clone(), &mut tried).await,
            Err(error) => Ended::Broken(Trouble::new(format!("its case: {error}"))),
        };
        let left = inside.start + tried.inside.len()..inside.end;
        self.steps(left, false, &mut tried.inside).await;
        let mut outcome = StepOutcome::without_answer(step, Verdict::Done);
        self.judge(step, ended, &mut outcome);
        outcome.label = self.observer.presentable(&outcome.label);
        let (requests, body) = tried.requests.unwrap_or_else(|| self.sent.take_requests());
        outcome.requests = requests.iter().map(|text| self.observer.presentable(text)).collect();
        outcome.body = body.map(|body| self.observer.presentable_yaml(&body));
        outcome.attempts = tried.attempts;
        outcome.took = start.elapsed();
        (outcome, tried.inside)
    }
}
