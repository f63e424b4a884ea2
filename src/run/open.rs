//! A step whose action waits itself: one attempt, and while it is open the steps of its `during`.
//!
//! These have deadlines of their own. What the action is waited for, and its time, count from their end on.

use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::attempt::Attempt;
use super::outcome::Trouble;
use super::sequence::Tried;
use super::step::{Ended, Stage, Times, Waiting, is_late, too_late, waits};
use crate::action::{During, Reply};
use crate::scenario::Step;
use crate::syntax::Scope;

/// What an action goes on with after the steps during it.
struct After {
    /// Whether all of them ran.
    ran: bool,
    /// Since when it is waited for.
    start: Instant,
    /// The variables, theirs among them.
    scope: Scope,
}

impl Stage<'_> {
    /// Tries a step once; `inside` are the steps during it.
    pub(super) async fn open(&mut self, step: &Step, times: &Times, inside: Range<usize>, tried: &mut Tried) -> Ended {
        tried.attempts = 1;
        let after = OnceLock::new();
        let reply = self.opened(step, times, inside.clone(), tried, &after).await;
        let attempt = reply.and_then(|reply| self.answered(reply));
        let (ran, start) = match (after.into_inner(), &attempt) {
            (Some(After { ran, start, .. }), _) => (ran, start),
            // It was refused. Where that is an answer, it changes nothing for the steps that would have run during it.
            (None, Ok(attempt)) if may_be(step, attempt) => {
                tried.requests = Some(self.sent.take_requests());
                (self.steps(inside, true, &mut tried.inside).await, times.start)
            }
            (None, _) => (true, times.start),
        };
        match attempt {
            attempt if !ran => Ended::Stopped(attempt.ok()),
            Err(trouble) => Ended::Broken(trouble),
            Ok(attempt) if !may_be(step, &attempt) => {
                Ended::Unmet(attempt, "it was refused, and a step without a name must succeed".to_owned())
            }
            Ok(attempt) if is_refusal(&attempt) => Ended::Satisfied(attempt),
            Ok(mut attempt) => match waits(step, &mut attempt.scope, start) {
                Waiting::Over if is_late(step, times) => Ended::Broken(too_late(times)),
                Waiting::Over => Ended::Satisfied(attempt),
                Waiting::Goes(why) => Ended::Unmet(attempt, ended_early(why)),
                Waiting::Failed(why) => Ended::Unmet(attempt, why),
            },
        }
    }

    /// The action's reply; `after` is set once the steps during it have ended.
    async fn opened(
        &mut self,
        step: &Step,
        times: &Times,
        inside: Range<usize>,
        tried: &mut Tried,
        after: &OnceLock<After>,
    ) -> Result<Reply, Trouble> {
        let timeout = self.timeout(step);
        let limit = Limit::new(Instant::now() + timeout, self.interrupted.clone());
        let prepared = limit.keep(self.prepared(step)).await.map_err(|passed| self.passed(step, &passed))??;
        let (plan, scope) = (self.plan, self.scope.clone());
        let enough = |reply: &Reply| {
            let After { start, scope, .. } = after.get()?;
            let mut attempt = Attempt::new(reply.clone(), scope);
            (!matches!(waits(step, &mut attempt.scope, *start), Waiting::Goes(_))).then_some(())
        };
        let enough = |reply: &Reply| enough(reply).is_some();
        let reply = {
            let stage = &mut *self;
            let steps = async {
                tried.requests = Some(stage.sent.take_requests());
                limit.lift();
                let is_alone = inside.is_empty();
                let ran = stage.steps(inside, true, &mut tried.inside).await;
                // They may have had cases of their own; what its own columns read has not changed.
                let ran = ran && stage.repeated.enter(step, &mut stage.scope).is_ok();
                let start = if is_alone { times.start } else { Instant::now() };
                let latest = times.latest(step, start);
                limit.set(latest + timeout);
                // The only call: nothing is there yet.
                let _ = after.set(After { ran, start, scope: stage.scope.clone() });
                let is_waited_for = step.until().is_some() || step.frame.holds.is_some();
                (ran && is_waited_for).then(|| latest.saturating_duration_since(Instant::now()))
            };
            let during = Inside(Mutex::new(Some(Box::pin(steps))));
            let mut cx = prepared.cx(plan, &scope, timeout);
            (cx.during, cx.enough) = (&during, &enough);
            limit.keep(step.action.run(&cx)).await
        };
        let reply = reply.map_err(|passed| self.passed(step, &passed))?;
        reply.map_err(|error| Trouble::from_error(&error))
    }

    fn passed(&self, step: &Step, passed: &Passed) -> Trouble {
        match passed {
            Passed::Time => self.timed_out(step),
            Passed::Interrupted => Trouble::new("interrupted"),
        }
    }
}

/// The steps during an action, as it sees them.
struct Inside<'s>(Mutex<Option<BoxFuture<'s, Option<Duration>>>>);

impl During for Inside<'_> {
    fn run(&self) -> BoxFuture<'_, Option<Duration>> {
        // Nothing panics while it is locked.
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        steps.unwrap_or_else(|| Box::pin(std::future::ready(None)))
    }
}

/// How long something may take, unless it is interrupted before. Lifted, neither counts.
struct Limit {
    deadline: watch::Sender<Option<Instant>>,
    interrupted: watch::Receiver<bool>,
}

/// Why something was not waited for any longer.
enum Passed {
    Time,
    Interrupted,
}

impl Limit {
    fn new(deadline: Instant, interrupted: watch::Receiver<bool>) -> Self {
        Self { deadline: watch::Sender::new(Some(deadline)), interrupted }
    }

    fn lift(&self) {
        self.deadline.send_replace(None);
    }

    fn set(&self, deadline: Instant) {
        self.deadline.send_replace(Some(deadline));
    }

    async fn keep<T>(&self, doing: impl Future<Output = T>) -> Result<T, Passed> {
        tokio::select! {
            done = doing => Ok(done),
            passed = self.passed() => Err(passed),
        }
    }

    async fn passed(&self) -> Passed {
        let (mut deadline, mut interrupted) = (self.deadline.subscribe(), self.interrupted.clone());
        loop {
            let until = *deadline.borrow_and_update();
            let passed = async {
                match until {
                    None => std::future::pending().await,
                    Some(until) => tokio::select! {
                        () = sleep_until(until) => Passed::Time,
                        _ = interrupted.wait_for(|is| *is) => Passed::Interrupted,
                    },
                }
            };
            tokio::select! {
                biased;
                _ = deadline.changed() => {}
                passed = passed => return passed,
            }
        }
    }
}

/// Whether a reply refuses what would be waited for.
fn is_refusal(attempt: &Attempt) -> bool {
    matches!(attempt.reply, Reply::Http(_) | Reply::NotServed { .. })
}

/// Whether a reply can be the answer: a refusal only where somebody asks for one.
fn may_be(step: &Step, attempt: &Attempt) -> bool {
    !is_refusal(attempt) || step.name.is_some() || !step.frame.expect.is_empty()
}

/// Why waiting came to nothing. Of what held until then there is nothing to say but that the time was not over.
fn ended_early(why: String) -> String {
    if why.is_empty() { "it ended before the time of `holds` was over".to_owned() } else { why }
}
