//! From how the attempts at a step ended to its verdict: expectations, the snapshot, and what is kept for later steps.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::attempt::Attempt;
use super::compare;
use super::outcome::{StepOutcome, Trouble, Verdict};
use super::step::{Ended, Stage};
use crate::action::Reply;
use crate::guard;
use crate::observe::{Cut, Draft, Observation};
use crate::scenario::{Identity, Mismatch, Selection, Step, StepName, reads_code};
use crate::snapshot::{Series, Text};
use crate::syntax::{Expression, Scope};

/// What is seen of an answer.
pub(super) struct Observed {
    /// The step in file names.
    slug: String,
    pub(super) observation: Observation,
    /// The identities that it shows.
    draft: Draft,
    /// Why there is nothing to be shown.
    unshown: Option<String>,
}

impl Stage<'_> {
    /// Fills in the verdict and the answer; what was learned from the last attempt is kept.
    pub(super) fn judge(&mut self, step: &Step, ended: Ended, outcome: &mut StepOutcome) {
        let (attempt, why_unmet) = match ended {
            Ended::Satisfied(attempt) => (attempt, None),
            Ended::Unmet(attempt, why) => (attempt, Some(why)),
            Ended::Broken(trouble) => {
                outcome.verdict = Verdict::Broken(self.presentable(trouble));
                return;
            }
        };
        let Observed { slug, observation, draft, unshown } = self.observed(step, &attempt);
        self.observer.commit(draft);
        self.keep(step, &attempt);
        // The last guard before anything is shown or written: an observation that still holds a credential is a defect.
        if let Some(leak) = guard::scan(&observation.text) {
            outcome.verdict = Verdict::Broken(Trouble {
                message: format!("the answer would show a credential ({:?}), so it is not shown", leak.kind),
                help: Some("leave that part out with `snapshot: {drop: [..]}`, and report this as a defect".to_owned()),
            });
            return;
        }
        outcome.answer = Some(observation.text.clone());

        let unmet: Vec<String> = why_unmet.into_iter().chain(unshown).chain(self.unexpected(step, &attempt)).collect();
        outcome.verdict = if !unmet.is_empty() {
            self.not_met(step, &attempt, &unmet)
        } else if self.cannot_be_taken(step, &attempt) {
            Verdict::Broken(self.presentable(self.refused(&attempt.reply)))
        } else if step.is_snapshotted() {
            let verdict = self.compared(&slug, &observation.text);
            outcome.slug = Some(slug);
            verdict
        } else {
            Verdict::Done
        };
    }

    /// What is seen of an answer, as long as nothing of it is kept.
    pub(super) fn observed(&self, step: &Step, attempt: &Attempt) -> Observed {
        let slug = step.name.as_ref().map(StepName::slug).unwrap_or_default();
        let shown = shown(&step.frame.snapshot, &attempt.scope);
        let view = step.action.view();
        let cut = match (&step.frame.snapshot, &shown) {
            (_, Ok(Some(values))) => Cut::Show(values),
            (Selection::Select(paths), _) => Cut::Select(paths),
            (Selection::Drop(paths), _) => Cut::Drop(view, paths),
            _ => Cut::Default(view),
        };
        let (observation, draft) = self.observer.observe(&slug, &attempt.reply, cut);
        Observed { slug, observation, draft, unshown: shown.err() }
    }

    /// What later steps may read: captures, and the answer under the step's name.
    fn keep(&mut self, step: &Step, attempt: &Attempt) {
        for capture in &step.frame.set {
            if let Some(value) = attempt.scope.get(&capture.name) {
                self.repeated.keep(step, &capture.name, value);
                self.scope.set(capture.name.as_str(), Arc::clone(value));
            }
        }
        if let Some(name) = &step.name {
            let (now, variable, body) = (Instant::now(), name.variable(), attempt.answer.body());
            self.ended.insert(name.as_str().to_owned(), now);
            self.ended.insert(name.full().into_owned(), now);
            self.repeated.keep(step, &variable, body);
            self.scope.set(variable, Arc::clone(body));
        }
    }

    fn compared(&mut self, slug: &str, text: &str) -> Verdict {
        let (series, text) = match (Series::of(slug), Text::new(text)) {
            (Ok(series), Ok(text)) => (series, text),
            (Err(error), _) => return Verdict::Broken(Trouble::new(error.to_string())),
            (_, Err(error)) => return Verdict::Broken(Trouble::new(error.to_string())),
        };
        let verdict =
            compare::verdict(self.recorded, &series, self.cluster.version(), &text, self.settings.unrecorded_fails);
        self.texts.insert(series, text);
        verdict
    }

    /// What was expected of the answer and is not so, a line each.
    fn unexpected(&self, step: &Step, attempt: &Attempt) -> Vec<String> {
        let (version, has) = (self.cluster.version(), self.cluster.capabilities());
        let mut lines = Vec::new();
        for check in step.frame.expect.iter().filter(|check| check.when.applies(version, has)) {
            match check.mismatches(&attempt.answer, &attempt.scope) {
                Ok(mismatches) => lines.extend(mismatches.iter().map(line)),
                Err(error) => lines.push(format!("`expect` could not be evaluated: {error}")),
            }
        }
        lines
    }

    /// A condition that was not met: because the server is in trouble, or because it answers something else.
    fn not_met(&self, step: &Step, attempt: &Attempt, unmet: &[String]) -> Verdict {
        if self.is_no_answer(step, attempt, false) {
            return Verdict::Broken(self.presentable(self.refused(&attempt.reply)));
        }
        Verdict::Unmet(unmet.iter().map(|line| self.observer.presentable(line)).collect())
    }

    /// What is to be said of an answer that is none.
    fn refused(&self, reply: &Reply) -> Trouble {
        match reply {
            Reply::Http(exchange) | Reply::Events(exchange) => Trouble::refused(exchange),
            Reply::NotServed { api_version, kind } => {
                let homes = self.cluster.homes(kind);
                let but = if homes.is_empty() { String::new() } else { format!(", but of {}", homes.join(" and ")) };
                Trouble {
                    message: format!("this server does not serve {kind} of {api_version}{but}"),
                    help: Some(
                        "write `when:` with the versions that do, or name the step: then it is an answer".to_owned(),
                    ),
                }
            }
        }
    }

    /// Whether this is no answer: set-up that was refused, or a server in trouble where nobody asked for that.
    fn cannot_be_taken(&self, step: &Step, attempt: &Attempt) -> bool {
        match &step.name {
            Some(_) => self.is_no_answer(step, attempt, true),
            None => !attempt.is_success() && step.frame.expect.is_empty() && step.until().is_none(),
        }
    }

    /// Whether this says nothing about behaviour, and nobody asked for it: a server in trouble, or one that does not let
    /// the cluster's own user do what the scenario needs. `met` says that all conditions were met.
    fn is_no_answer(&self, step: &Step, attempt: &Attempt, met: bool) -> bool {
        let is_own = matches!(step.frame.identity, Identity::Admin);
        let is_none = attempt.is_server_trouble() || is_own && attempt.is_refusal_of_the_user();
        is_none && !self.asks_for(step, attempt, met)
    }

    /// Whether the step is about this status code: it expects just this one, or a condition about it was met.
    fn asks_for(&self, step: &Step, attempt: &Attempt, met: bool) -> bool {
        let (version, has) = (self.cluster.version(), self.cluster.capabilities());
        let Reply::Http(exchange) = &attempt.reply else { return false };
        let holds = step.frame.holds.as_ref().map(|holds| &holds.condition);
        let mut checks = step.frame.expect.iter().filter(|check| check.when.applies(version, has));
        met && step.until().into_iter().chain(holds).any(reads_code)
            || checks.any(|check| check.expects_code(exchange.status, &attempt.scope) || met && check.reads_code())
    }
}

/// The values of `snapshot: {show: ..}`, if that is what the step says.
fn shown(snapshot: &Selection, own: &Scope) -> Result<Option<Map<String, Value>>, String> {
    let Selection::Show(expressions) = snapshot else { return Ok(None) };
    let value = |(label, expression): &(String, Expression)| match expression.evaluate(own) {
        Ok(value) => Ok((label.clone(), value)),
        Err(error) => Err(format!("`show: {label}` has no value: {error}")),
    };
    expressions.iter().map(value).collect::<Result<_, _>>().map(Some)
}

fn line(mismatch: &Mismatch) -> String {
    let came = mismatch.came.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    match &mismatch.expected {
        Value::Null => format!("{}: expected nothing, {came} came", mismatch.path),
        expected => format!("{}: expected {expected}, {came} came", mismatch.path),
    }
}
