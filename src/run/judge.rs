//! From how the attempts at a step ended to its verdict: expectations, the snapshot, and what is kept for later steps.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::attempt::Attempt;
use super::compare;
use super::outcome::{StepOutcome, Trouble, Unmet, Verdict};
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
            Ended::Stopped(attempt) => {
                let text = attempt.map(|attempt| self.observed(step, &attempt).observation.text);
                outcome.answer = text.filter(|text| guard::scan(text).is_none());
                outcome.verdict = Verdict::Stopped;
                return;
            }
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

        // What cannot be shown of an answer that is still being waited for says nothing.
        let unshown = unshown.filter(|_| why_unmet.is_none());
        let said = why_unmet.into_iter().chain(unshown).map(Unmet::Said);
        let unmet: Vec<Unmet> = said.chain(self.unexpected(step, &attempt)).collect();
        outcome.verdict = if !unmet.is_empty() {
            self.not_met(step, &attempt, unmet, &observation.value)
        } else if self.cannot_be_taken(step, &attempt) {
            Verdict::Broken(self.presentable(self.refused(&attempt.reply, &observation.value)))
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
            let (now, variable, value) = (Instant::now(), name.variable(), attempt.answer.variable());
            self.ended.insert(name.as_str().to_owned(), now);
            self.ended.insert(name.full().into_owned(), now);
            self.repeated.keep(step, &variable, &value);
            self.scope.set(variable, value);
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
        let now = self.cluster.now();
        if now != *self.cluster.version() {
            self.answered.insert(series.clone(), now);
        }
        self.texts.insert(series, text);
        verdict
    }

    /// What was expected of the answer and is not so.
    fn unexpected(&self, step: &Step, attempt: &Attempt) -> Vec<Unmet> {
        let (version, has) = (self.cluster.version(), self.cluster.capabilities());
        let mut unmet = Vec::new();
        for check in step.frame.expect.iter().filter(|check| check.when.applies(version, has)) {
            match check.mismatches(&attempt.answer, &attempt.scope) {
                Ok(mismatches) => {
                    unmet.extend(mismatches.into_iter().map(|mismatch| different(&self.shown_text(mismatch))));
                }
                Err(error) => unmet.push(Unmet::Said(format!("`expect` could not be evaluated: {error}"))),
            }
        }
        unmet
    }

    /// A difference between texts as they may be shown. Quoted later, their ends could no longer be told.
    fn shown_text(&self, mut mismatch: Mismatch) -> Mismatch {
        for value in std::iter::once(&mut mismatch.expected).chain(&mut mismatch.came) {
            if let Value::String(text) = value {
                *text = self.observer.presentable(text);
            }
        }
        mismatch
    }

    /// A condition that was not met: because the server is in trouble, or because it answers something else.
    fn not_met(&self, step: &Step, attempt: &Attempt, unmet: Vec<Unmet>, shown: &Value) -> Verdict {
        if self.is_no_answer(step, attempt, false) {
            return Verdict::Broken(self.presentable(self.refused(&attempt.reply, shown)));
        }
        let show = |text: String| self.observer.presentable(&text);
        let presentable = |unmet| match unmet {
            Unmet::Said(text) => Unmet::Said(show(text)),
            Unmet::Different { path, expected, came } => {
                Unmet::Different { path: show(path), expected: expected.map(show), came: came.map(show) }
            }
        };
        Verdict::Unmet(unmet.into_iter().map(presentable).collect())
    }

    /// What is to be said of an answer that is none.
    fn refused(&self, reply: &Reply, shown: &Value) -> Trouble {
        match reply {
            Reply::Process(_) => failed(shown),
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

/// How many lines of what a command wrote are shown where it fails.
const LAST_WORDS: usize = 10;

fn different(mismatch: &Mismatch) -> Unmet {
    let expected = Some(&mismatch.expected).filter(|expected| !expected.is_null());
    Unmet::Different {
        path: mismatch.path.clone(),
        expected: expected.map(ToString::to_string),
        came: mismatch.came.as_ref().map(ToString::to_string),
    }
}

/// A command that did not do what it had to; `shown` is what is seen of it.
fn failed(shown: &Value) -> Trouble {
    let end = |stream: &str| {
        let lines: Vec<&str> = shown[stream].as_str().unwrap_or_default().lines().collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
    };
    let said = [end("stderr"), end("stdout")].into_iter().find(|text| !text.is_empty());
    let exit = match &shown["exit"] {
        Value::String(signal) => format!("was ended by {signal}"),
        code => format!("exited with {code}"),
    };
    Trouble {
        message: said.map_or_else(|| format!("the command {exit}"), |said| format!("the command {exit}: {said}")),
        help: Some(
            "set-up has to exit with 0; name the step, or write `expect: {exit: ..}`: then it is an answer".to_owned(),
        ),
    }
}
