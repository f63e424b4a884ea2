//! `--output json`: one document at the end of the run, for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Reporter;
use crate::run::{Event, ScenarioOutcome, StepOutcome, Summary, Trouble, Unmet, Verdict};

/// Collects outcomes and writes them as one JSON document.
pub struct Json<W> {
    out: W,
    clusters: Vec<Value>,
    scenarios: Vec<Value>,
}

impl<W: Write + Send> Json<W> {
    /// A report that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, clusters: Vec::new(), scenarios: Vec::new() }
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Queued { .. } | Event::Opening { .. } | Event::Started { .. } | Event::Closed { .. } => Ok(()),
            Event::Opened { cluster, what, .. } => {
                self.clusters.push(opened(cluster, what));
                Ok(())
            }
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                self.clusters.push(not_opened(cluster, trouble, scenarios));
                Ok(())
            }
            Event::Finished(outcome) => {
                self.scenarios.push(scenario(outcome));
                Ok(())
            }
            Event::Summary(summary) => {
                let document = json!({
                    "clusters": self.clusters,
                    "scenarios": self.scenarios,
                    "summary": self::summary(summary),
                });
                serde_json::to_writer_pretty(&mut self.out, &document)?;
                writeln!(self.out)
            }
        }
    }
}

pub(super) fn opened(cluster: &str, what: &str) -> Value {
    json!({"cluster": cluster, "what": what})
}

pub(super) fn not_opened(cluster: &str, trouble: &Trouble, scenarios: &[&str]) -> Value {
    json!({"cluster": cluster, "trouble": trouble, "scenarios": scenarios.len()})
}

pub(super) fn summary(summary: &Summary) -> Value {
    json!({
        "passed": summary.passed, "failed": summary.failed, "broken": summary.broken, "skipped": summary.skipped,
        "unrecordedSteps": summary.unrecorded, "seconds": summary.took.as_secs_f64(),
    })
}

pub(super) fn scenario(outcome: &ScenarioOutcome) -> Value {
    json!({
        "id": outcome.id,
        "title": outcome.title,
        "file": outcome.file,
        "cluster": outcome.cluster,
        "version": outcome.version.to_string(),
        "setup": outcome.setup,
        "status": outcome.status(),
        "skipped": outcome.skipped,
        "seconds": outcome.took.as_secs_f64(),
        "runs": outcome.runs,
        "failedRuns": outcome.failed_runs,
        "trouble": outcome.trouble,
        "left": outcome.kept,
        "steps": outcome.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(step: &StepOutcome) -> Value {
    json!({
        "label": step.label,
        "snapshot": step.slug,
        "file": step.at.source().path(),
        "line": step.at.span().map(|span| span.line),
        "column": step.at.span().map(|span| span.column),
        "requests": step.requests,
        "body": step.body,
        "attempts": step.attempts,
        "seconds": step.took.as_secs_f64(),
        "status": step.verdict.status(),
        "verdict": verdict(&step.verdict),
        "answer": step.answer,
    })
}

fn verdict(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Done => json!({"kind": "done"}),
        Verdict::Same { since, assumed_from } => {
            json!({"kind": "same", "since": since, "assumedFrom": assumed_from.as_ref().map(ToString::to_string)})
        }
        Verdict::Changed { since, recorded_on, expected } => {
            json!({"kind": "changed", "since": since, "recordedOn": recorded_on.to_string(), "expected": expected})
        }
        Verdict::Unrecorded { fails } => json!({"kind": "unrecorded", "fails": fails}),
        Verdict::Unstable { first: (run, answer), other: (other, another) } => json!({
            "kind": "unstable",
            "answers": [{"run": run, "answer": answer}, {"run": other, "answer": another}],
        }),
        Verdict::Unmet(unmet) => json!({"kind": "unmet", "unmet": unmet.iter().map(self::unmet).collect::<Vec<_>>()}),
        Verdict::LeftOut(reason) => json!({"kind": "left-out", "reason": reason}),
        Verdict::NotRun => json!({"kind": "not-run"}),
        Verdict::Stopped => json!({"kind": "stopped"}),
        Verdict::Broken(trouble) => json!({"kind": "broken", "trouble": trouble}),
    }
}

fn unmet(unmet: &Unmet) -> Value {
    match unmet {
        Unmet::Said(text) => json!({"message": text}),
        Unmet::Different { path, expected, came } => json!({"path": path, "expected": expected, "came": came}),
    }
}
