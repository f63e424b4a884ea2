//! From the document back to the outcome it was made of.

use super::{Judged, Missed, Scenario, Step, duration};
use crate::run::{ScenarioOutcome, StepOutcome, Unmet, Verdict};
use crate::syntax::{At, Source, Span};
use crate::version::Version;

impl Scenario {
    /// The outcome that it was made of, but for what only a store needs; else what no outcome can be.
    pub(in crate::report) fn outcome(self) -> Result<ScenarioOutcome, String> {
        Ok(ScenarioOutcome {
            version: version(&self.version)?,
            took: duration(self.seconds)?,
            steps: self.steps.into_iter().map(Step::outcome).collect::<Result<_, _>>()?,
            id: self.id,
            title: self.title,
            file: self.file,
            cluster: self.cluster,
            setup: self.setup,
            runs: self.runs,
            failed_runs: self.failed_runs,
            skipped: self.skipped,
            trouble: self.trouble,
            kept: self.left,
            recording: None,
        })
    }
}

impl Step {
    fn outcome(self) -> Result<StepOutcome, String> {
        let source = Source::new(self.file, "");
        let at = match (self.line, self.column) {
            (Some(line), Some(column)) => At::new(&source, Span { line, column, length: 1 }),
            _ => At::file(source),
        };
        Ok(StepOutcome {
            at,
            took: duration(self.seconds)?,
            verdict: self.verdict.verdict()?,
            label: self.label,
            slug: self.snapshot,
            requests: self.requests,
            body: self.body,
            attempts: self.attempts,
            answer: self.answer,
        })
    }
}

impl Judged {
    fn verdict(self) -> Result<Verdict, String> {
        Ok(match self {
            Self::Done => Verdict::Done,
            Self::Same { since, assumed_from } => {
                Verdict::Same { since, assumed_from: assumed_from.as_deref().map(version).transpose()? }
            }
            Self::Changed { since, recorded_on, expected } => {
                Verdict::Changed { since, recorded_on: version(&recorded_on)?, expected }
            }
            Self::Unrecorded { fails } => Verdict::Unrecorded { fails },
            Self::Unstable { answers } => {
                let [first, other] = answers.map(|answer| (answer.run, answer.answer));
                Verdict::Unstable { first, other }
            }
            Self::Unmet { unmet } => Verdict::Unmet(unmet.into_iter().map(Missed::unmet).collect()),
            Self::LeftOut { reason } => Verdict::LeftOut(reason),
            Self::NotRun => Verdict::NotRun,
            Self::Stopped => Verdict::Stopped,
            Self::Broken { trouble } => Verdict::Broken(trouble),
        })
    }
}

impl Missed {
    fn unmet(self) -> Unmet {
        match self {
            Self::Said { message } => Unmet::Said(message),
            Self::Different { path, expected, came } => Unmet::Different { path, expected, came },
        }
    }
}

fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error| format!("{error}"))
}
