//! What came of a run, as data: a report needs nothing else, and nothing in here can hold a token.
//!
//! Every text has gone through the observer's `presentable`: names as written, identities as stable names.

use std::fmt;
use std::time::Duration;

use rehearsal_model::NOT_MODELLED_PHRASE;
use serde::{Deserialize, Serialize};

use super::recording::Recording;
use crate::cluster::Exchange;
use crate::scenario::{ScenarioFile, Step};
use crate::syntax::At;
use crate::version::Version;

/// What came of one scenario on one cluster.
#[derive(Debug, Clone)]
pub struct ScenarioOutcome {
    /// The scenario's id, such as `tokens/pod-bound`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its file as it was named.
    pub file: String,
    /// The cluster as it was named, such as `local:v1.36`.
    pub cluster: String,
    /// The version that answered.
    pub version: Version,
    /// How the cluster was set up otherwise than by default, in words.
    pub setup: Option<String>,
    /// From the first request to the last, clean-up included, in the time of the wall.
    pub took: Duration,
    /// How often it was run. The rest is what came of the first run, or of the first of the worst.
    pub runs: usize,
    /// In how many of these runs it did not hold.
    pub failed_runs: usize,
    /// Why it was not run, if it was not.
    pub skipped: Option<String>,
    /// Every step of the file in order, also those that did not run.
    pub steps: Vec<StepOutcome>,
    /// What went wrong before the first step or after the last, such as a clean-up that was refused.
    pub trouble: Vec<Trouble>,
    /// The paths of what was left on the cluster, by their real names: because that was asked for, or because it could
    /// not be removed.
    pub kept: Vec<String>,
    /// What it showed, for the store; none where it did not run to its end as expected.
    pub recording: Option<Recording>,
}

/// What came of one step.
#[derive(Debug, Clone)]
pub struct StepOutcome {
    /// Its name, or what it does: `create ServiceAccount/demo-sa`.
    pub label: String,
    /// The name in file names, for steps that are snapshotted.
    pub slug: Option<String>,
    /// Where it stands.
    pub at: At,
    /// The requests of the last attempt, such as `POST /api/v1/namespaces`.
    pub requests: Vec<String>,
    /// The body of the first of them as YAML, where [`Settings::bodies`](super::Settings::bodies) asks for it.
    pub body: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// From its first request to its verdict, in the time of its cluster: an embedded one waits for nothing.
    pub took: Duration,
    /// The observation as a snapshot holds it, where there was an answer.
    pub answer: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
}

/// What the answer of a step means.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It did what it had to and is not snapshotted.
    Done,
    /// The answer is the recorded one.
    Same {
        /// The change point that holds: `v1.24`, or `v1.34.2` for a change that came in a patch release.
        since: String,
        /// The recorded version this was assumed from, where this minor was not recorded itself.
        assumed_from: Option<Version>,
    },
    /// The answer is not the recorded one.
    Changed {
        /// The change point that holds.
        since: String,
        /// The recorded version the text was seen on, nearest to this one.
        recorded_on: Version,
        /// The recorded text.
        expected: String,
    },
    /// Two runs of the scenario showed different answers; each with the number of its run.
    Unstable {
        /// The first answer.
        first: (usize, String),
        /// The first that is another one.
        other: (usize, String),
    },
    /// Nobody recorded this step on any version.
    Unrecorded {
        /// Whether that fails the run, as in CI.
        fails: bool,
    },
    /// An `expect`, `until` or `holds` was not met.
    Unmet(Vec<Unmet>),
    /// Its `when` leaves this version out.
    LeftOut(String),
    /// A step before it failed.
    NotRun,
    /// A step that ran during it failed, and it was ended.
    Stopped,
    /// It could not be run.
    Broken(Trouble),
}

/// Something that was expected and is not so.
#[derive(Debug, Clone)]
pub enum Unmet {
    /// A condition, and why it is not met.
    Said(String),
    /// A part of the answer.
    Different {
        /// Which part, such as `body.status.authenticated`.
        path: String,
        /// What was expected, as JSON; none where there should be nothing.
        expected: Option<String>,
        /// What came, as JSON; none where nothing did.
        came: Option<String>,
    },
}

/// Something that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What was being done to which object and what came back.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The worst of what came of something, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was left out.
    Skipped,
    /// All of it held.
    Passed,
    /// An assertion failed.
    Failed,
    /// It could not be run to its end.
    Broken,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => f.write_str(text),
            Self::Different { path, expected, came } => {
                let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
                write!(f, "{path}: expected {}, {} came", value(expected), value(came))
            }
        }
    }
}

impl StepOutcome {
    /// A step that was not tried.
    pub(super) fn without_answer(step: &Step, verdict: Verdict) -> Self {
        Self {
            label: step.label(),
            slug: None,
            at: step.at.clone(),
            requests: Vec::new(),
            body: None,
            attempts: 0,
            took: Duration::ZERO,
            answer: None,
            verdict,
        }
    }
}

impl Trouble {
    /// Something that went wrong, where there is nothing to advise.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// An answer that refuses what had to be done.
    pub(super) fn refused(exchange: &Exchange) -> Self {
        Self { message: exchange.refusal(), help: exchange.advice().map(str::to_owned) }
    }

    /// No answer in time.
    pub(super) fn no_answer(request: &str, within: Duration) -> Self {
        Self {
            message: format!("{request}: no answer within {} s", within.as_secs_f64()),
            help: Some(
                "look at the server's health and at what is between; `timeout:` or --timeout gives it longer"
                    .to_owned(),
            ),
        }
    }

    /// An error with its causes, and its help where it has one.
    pub fn from_error(error: &(impl miette::Diagnostic + ?Sized)) -> Self {
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        let message = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
        Self { message, help: error.help().map(|help| help.to_string()) }
    }

    /// Whether it is that the embedded model does not know something: every text that says so has this phrase.
    fn is_not_modelled(&self) -> bool {
        self.message.contains(NOT_MODELLED_PHRASE)
    }

    /// The same trouble, saying what was being done.
    pub(super) fn during(mut self, doing: &str) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl Verdict {
    /// What this verdict means for the scenario.
    pub fn status(&self) -> Status {
        match self {
            Self::Done | Self::Same { .. } | Self::Unrecorded { fails: false } => Status::Passed,
            Self::LeftOut(_) | Self::NotRun | Self::Stopped => Status::Skipped,
            Self::Changed { .. } | Self::Unstable { .. } | Self::Unrecorded { fails: true } | Self::Unmet(_) => {
                Status::Failed
            }
            Self::Broken(_) => Status::Broken,
        }
    }

    /// Whether the steps after this one make no sense any more. A snapshot that differs is no reason to stop:
    /// all differences of a scenario show in one go.
    pub fn stops(&self) -> bool {
        matches!(self, Self::Unmet(_) | Self::Broken(_) | Self::Stopped)
    }
}

impl ScenarioOutcome {
    /// A scenario of which nothing has been run.
    pub(super) fn not_run(file: &ScenarioFile, cluster: &str, version: Version) -> Self {
        let title = file.scenario.title.clone();
        Self { title, file: file.path.to_string(), ..Self::blank(file.id(), cluster, version) }
    }

    /// Nothing but what it is of.
    pub(crate) fn blank(id: &str, cluster: &str, version: Version) -> Self {
        Self {
            id: id.to_owned(),
            title: String::new(),
            file: String::new(),
            cluster: cluster.to_owned(),
            version,
            setup: None,
            took: Duration::ZERO,
            runs: 1,
            failed_runs: 0,
            skipped: None,
            steps: Vec::new(),
            trouble: Vec::new(),
            kept: Vec::new(),
            recording: None,
        }
    }

    /// Takes what a model does not know for a reason to skip the scenario: it says nothing about Kubernetes. What failed
    /// besides fails it all the same.
    pub(super) fn skip_what_is_not_modelled(&mut self) {
        let mut unknown: Vec<String> = Vec::new();
        for step in &mut self.steps {
            if let Verdict::Broken(trouble) = &step.verdict
                && trouble.is_not_modelled()
            {
                unknown.push(trouble.message.clone());
                step.verdict = Verdict::LeftOut(trouble.message.clone());
            }
        }
        unknown.extend(self.trouble.extract_if(.., |trouble| trouble.is_not_modelled()).map(|trouble| trouble.message));
        if self.status() < Status::Failed {
            self.skipped = unknown.into_iter().next();
        }
    }

    /// The worst of its steps and of what surrounds them.
    pub fn status(&self) -> Status {
        if !self.trouble.is_empty() {
            return Status::Broken;
        }
        match self.skipped {
            Some(_) => Status::Skipped,
            None => self.steps.iter().map(|step| step.verdict.status()).fold(Status::Passed, Status::max),
        }
    }

    /// Whether an `expect`, `until` or `holds` was not met: such a run is not recorded.
    pub fn is_unmet(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.verdict, Verdict::Unmet(_)))
    }

    /// Whether runs of it showed different answers: such a scenario is not recorded either.
    pub fn is_unstable(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.verdict, Verdict::Unstable { .. }))
    }

    /// Whether a step showed something else than was recorded.
    pub fn has_changed(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.verdict, Verdict::Changed { .. }))
    }

    /// Whether a step showed something that nobody recorded on any version.
    pub fn has_unrecorded(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.verdict, Verdict::Unrecorded { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_modelled_skips_a_scenario_unless_it_fails_anyway() {
        let refused = Trouble::new(format!("a Frob {NOT_MODELLED_PHRASE}"));
        let at = At::file(crate::syntax::Source::new("x.yaml", ""));
        let step = |verdict| StepOutcome {
            label: String::new(),
            slug: None,
            at: at.clone(),
            requests: Vec::new(),
            body: None,
            attempts: 1,
            took: Duration::ZERO,
            answer: None,
            verdict,
        };
        let outcome = |verdicts: Vec<Verdict>, trouble| {
            let blank = ScenarioOutcome::blank("", "", "v1.36.3".parse().unwrap());
            let mut outcome = ScenarioOutcome { steps: verdicts.into_iter().map(step).collect(), trouble, ..blank };
            outcome.skip_what_is_not_modelled();
            outcome
        };
        let skipped = Some(refused.message.clone());
        let broken = || Verdict::Broken(refused.clone());
        let other = Trouble::new("no answer");
        let skip = outcome(vec![Verdict::Done, broken(), Verdict::NotRun], vec![refused.clone()]);
        assert_eq!((skip.status(), &skip.skipped), (Status::Skipped, &skipped));
        assert!(matches!(&skip.steps[1].verdict, Verdict::LeftOut(why) if *why == refused.message));
        let failed = outcome(vec![Verdict::Unrecorded { fails: true }, broken()], Vec::new());
        assert_eq!((failed.status(), failed.skipped), (Status::Failed, None));
        let ill = outcome(vec![broken()], vec![other.clone()]);
        assert_eq!((ill.status(), ill.trouble), (Status::Broken, vec![other]));
        assert_eq!(outcome(vec![Verdict::Done], Vec::new()).status(), Status::Passed);
    }
}
