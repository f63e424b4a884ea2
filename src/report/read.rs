//! A JSON report read back.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::error::Category;

use super::document::{Cluster, Document, FORMAT, Run, Scenario, ShardOf, duration};
use crate::run::ScenarioOutcome;

/// What a JSON report tells.
#[derive(Debug, Clone)]
pub struct Report {
    /// The runs it tells of.
    pub runs: Vec<Run>,
    pub(super) clusters: Vec<Cluster>,
    /// What came of each scenario on each cluster.
    pub outcomes: Vec<ScenarioOutcome>,
}

/// A text that is no JSON report that this version can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ReadError {
    /// It stops before its end.
    #[error("it ends in the middle, {at}")]
    #[diagnostic(help("whoever wrote it was ended, or it was not copied whole: run that part again"))]
    CutOff {
        /// Where.
        at: String,
    },
    /// Something else.
    #[error("it is no JSON report: {reason}")]
    #[diagnostic(help("name files that `rehearsal run --report-json FILE` or `--output json` wrote"))]
    NoReport {
        /// How that shows.
        reason: String,
    },
    /// A report of a release with another form of it.
    #[error("it is a report of format {found}, and this version of rehearsal reads format {FORMAT}")]
    #[diagnostic(help("merge with the version of rehearsal that ran the scenarios"))]
    OtherFormat {
        /// The number that stands in it.
        found: u32,
    },
}

/// What is looked at first: the rest may be of another form.
#[derive(Deserialize)]
struct Head {
    format: Option<u32>,
}

impl Report {
    /// Reads what [`Json`](super::Json) wrote.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        let no_report = |reason: &str| Err(ReadError::NoReport { reason: reason.to_owned() });
        match text.trim_start().chars().next() {
            None => return no_report("there is nothing in it"),
            Some('{') => {}
            Some(_) => return no_report("it is no JSON object"),
        }
        match serde_json::from_str::<Head>(text).map_err(|error| unread(&error))?.format {
            Some(FORMAT) => {}
            Some(found) => return Err(ReadError::OtherFormat { found }),
            None => return no_report("it does not say its `format`"),
        }
        let document: Document = serde_json::from_str(text).map_err(|error| unread(&error))?;
        Self::of(document).map_err(|reason| ReadError::NoReport { reason })
    }

    fn of(document: Document) -> Result<Self, String> {
        let Document { runs, clusters, scenarios, .. } = document;
        for run in &runs {
            duration(run.seconds)?;
            if let Some(ShardOf { number, of, .. }) = run.shard.as_ref().filter(|shard| !shard.exists()) {
                return Err(format!("there is no shard {number}/{of}"));
            }
        }
        // What no cluster was opened for would be lost.
        let opened: BTreeSet<(&str, &str)> = clusters.iter().flat_map(Cluster::opened).collect();
        if let Some(lost) = scenarios.iter().find(|it| !opened.contains(&(it.cluster.as_str(), it.id.as_str()))) {
            return Err(format!("{} on {} has an end and no beginning", lost.id, lost.cluster));
        }
        let outcome = |scenario: Scenario| {
            let id = scenario.id.clone();
            scenario.outcome().map_err(|reason| format!("{id}: {reason}"))
        };
        let outcomes = scenarios.into_iter().map(outcome).collect::<Result<_, _>>()?;
        Ok(Self { runs, clusters, outcomes })
    }

    /// How long the longest of the runs took: shards run side by side.
    pub(super) fn took(&self) -> Duration {
        self.runs.iter().filter_map(|run| duration(run.seconds).ok()).max().unwrap_or_default()
    }
}

fn unread(error: &serde_json::Error) -> ReadError {
    match error.classify() {
        Category::Eof => ReadError::CutOff { at: format!("in line {}", error.line()) },
        _ => ReadError::NoReport { reason: error.to_string() },
    }
}
