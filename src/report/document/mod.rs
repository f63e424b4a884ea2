//! The JSON report as a type: what `json` writes is what `read` reads, field by field.
//!
//! Whoever changes what stands here in a way that a reader of the old form would trip over raises [`FORMAT`].

mod outcome;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::run::{ScenarioOutcome, Status, StepOutcome, Summary, Trouble, Unmet, Verdict};
use crate::shard::{Partition, Shard};

/// The number of this form of the report.
pub(super) const FORMAT: u32 = 1;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Document {
    pub format: u32,
    /// The runs it tells of: one, or several that were merged.
    pub runs: Vec<Run>,
    /// The clusters, in the order in which they were named.
    pub clusters: Vec<Cluster>,
    pub scenarios: Vec<Scenario>,
    pub summary: Counts,
}

/// A run of the program: what it was meant to do, and whether it came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The clusters as they were named.
    pub clusters: Vec<String>,
    /// What part of the scenarios it took; none if it took all that were selected.
    pub shard: Option<ShardOf>,
    /// It was ended before its end.
    pub interrupted: bool,
    /// From the first cluster asked for to the last clean-up.
    pub seconds: f64,
}

/// A shard, and of which division.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardOf {
    /// Of how many it is one.
    pub of: u16,
    /// A digest of all shards: only shards of the same division have the same.
    pub partition: String,
    /// Which one, counted from 1.
    pub number: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cluster {
    #[serde(rename = "cluster")]
    pub name: String,
    /// What answered, once for each way in which it was set up.
    pub opened: Vec<Opened>,
    /// What could not be opened.
    pub failed: Vec<Failed>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Opened {
    pub what: String,
    /// The ids of the scenarios that were to run there.
    pub scenarios: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Failed {
    pub trouble: Trouble,
    /// The ids of the scenarios that could not run for it.
    pub scenarios: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scenario {
    pub id: String,
    title: String,
    file: String,
    pub cluster: String,
    version: String,
    setup: Option<String>,
    status: Status,
    skipped: Option<String>,
    seconds: f64,
    runs: usize,
    failed_runs: usize,
    trouble: Vec<Trouble>,
    /// Paths of what was left on the cluster.
    left: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Step {
    label: String,
    /// The name in the file names of its snapshots.
    snapshot: Option<String>,
    file: String,
    line: Option<usize>,
    column: Option<usize>,
    requests: Vec<String>,
    body: Option<String>,
    attempts: u32,
    seconds: f64,
    status: Status,
    verdict: Judged,
    answer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Judged {
    Done,
    Same { since: String, assumed_from: Option<String> },
    Changed { since: String, recorded_on: String, expected: String },
    Unrecorded { fails: bool },
    Unstable { answers: [Answer; 2] },
    Unmet { unmet: Vec<Missed> },
    LeftOut { reason: String },
    NotRun,
    Stopped,
    Broken { trouble: Trouble },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answer {
    run: usize,
    answer: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Missed {
    Said { message: String },
    Different { path: String, expected: Option<String>, came: Option<String> },
}

/// How many scenarios came to which end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    passed: usize,
    failed: usize,
    broken: usize,
    skipped: usize,
    unrecorded_steps: usize,
    seconds: f64,
}

impl ShardOf {
    /// A shard of a partition.
    pub fn new(shard: Shard, partition: &Partition) -> Self {
        Self { of: shard.of().get(), partition: partition.digest(), number: shard.number() }
    }

    pub(super) fn exists(&self) -> bool {
        Shard::new(self.number, self.of).is_some()
    }
}

impl Cluster {
    /// The scenarios that it was opened for, each with the cluster's name.
    pub(super) fn opened(&self) -> impl Iterator<Item = (&str, &str)> {
        let ids = self.opened.iter().flat_map(|opened| &opened.scenarios);
        ids.map(|id| (self.name.as_str(), id.as_str()))
    }
}

impl From<&Summary> for Counts {
    fn from(summary: &Summary) -> Self {
        let Summary { passed, failed, broken, skipped, unrecorded, took, interrupted: _ } = *summary;
        Self { passed, failed, broken, skipped, unrecorded_steps: unrecorded, seconds: seconds(took) }
    }
}

impl From<&ScenarioOutcome> for Scenario {
    fn from(outcome: &ScenarioOutcome) -> Self {
        Self {
            id: outcome.id.clone(),
            title: outcome.title.clone(),
            file: outcome.file.clone(),
            cluster: outcome.cluster.clone(),
            version: outcome.version.to_string(),
            setup: outcome.setup.clone(),
            status: outcome.status(),
            skipped: outcome.skipped.clone(),
            seconds: seconds(outcome.took),
            runs: outcome.runs,
            failed_runs: outcome.failed_runs,
            trouble: outcome.trouble.clone(),
            left: outcome.kept.clone(),
            steps: outcome.steps.iter().map(Step::from).collect(),
        }
    }
}

impl From<&StepOutcome> for Step {
    fn from(step: &StepOutcome) -> Self {
        Self {
            label: step.label.clone(),
            snapshot: step.slug.clone(),
            file: step.at.source().path().to_owned(),
            line: step.at.span().map(|span| span.line),
            column: step.at.span().map(|span| span.column),
            requests: step.requests.clone(),
            body: step.body.clone(),
            attempts: step.attempts,
            seconds: seconds(step.took),
            status: step.verdict.status(),
            verdict: Judged::from(&step.verdict),
            answer: step.answer.clone(),
        }
    }
}

impl From<&Verdict> for Judged {
    fn from(verdict: &Verdict) -> Self {
        match verdict.clone() {
            Verdict::Done => Self::Done,
            Verdict::Same { since, assumed_from } => {
                Self::Same { since, assumed_from: assumed_from.map(|version| version.to_string()) }
            }
            Verdict::Changed { since, recorded_on, expected } => {
                Self::Changed { since, recorded_on: recorded_on.to_string(), expected }
            }
            Verdict::Unrecorded { fails } => Self::Unrecorded { fails },
            Verdict::Unstable { first, other } => {
                Self::Unstable { answers: [first, other].map(|(run, answer)| Answer { run, answer }) }
            }
            Verdict::Unmet(unmet) => Self::Unmet { unmet: unmet.into_iter().map(Missed::from).collect() },
            Verdict::LeftOut(reason) => Self::LeftOut { reason },
            Verdict::NotRun => Self::NotRun,
            Verdict::Stopped => Self::Stopped,
            Verdict::Broken(trouble) => Self::Broken { trouble },
        }
    }
}

impl From<Unmet> for Missed {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::Said(message) => Self::Said { message },
            Unmet::Different { path, expected, came } => Self::Different { path, expected, came },
        }
    }
}

/// A time as a report has it: to the microsecond, so that reading and writing it again makes no other of it.
pub(super) fn seconds(took: Duration) -> f64 {
    rounded(took).as_secs_f64()
}

/// A time of a report.
pub(super) fn duration(seconds: f64) -> Result<Duration, String> {
    let read = Duration::try_from_secs_f64(seconds);
    read.map(rounded).map_err(|error| format!("{seconds} seconds are no time: {error}"))
}

fn rounded(took: Duration) -> Duration {
    let micros = took.saturating_add(Duration::from_nanos(500)).as_micros();
    Duration::from_micros(micros.try_into().unwrap_or(u64::MAX))
}
