//! What reports have in common: the words for a verdict, the difference it is about, and how to see more.

use std::fmt::{self, Write as _};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use rehearsal_model::NOT_MODELLED_PHRASE;

use crate::cluster::{ClusterSpec, Release};
use crate::run::{ScenarioOutcome, Status, StepOutcome, Unmet, Verdict};
use crate::snapshot::diff::unified;

/// What came of a step, in a few words.
pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done => "done".to_owned(),
        Verdict::Same { since, .. } => format!("same since {since}"),
        Verdict::Changed { since, .. } => format!("differs from the snapshot that holds since {since}"),
        Verdict::Unstable { first: (first, _), other: (other, _) } => {
            format!("unstable: runs {first} and {other} showed different answers")
        }
        Verdict::Unrecorded { .. } => "not recorded yet".to_owned(),
        Verdict::Unmet(_) => "not as expected".to_owned(),
        Verdict::LeftOut(reason) => format!("left out: {reason}"),
        Verdict::NotRun => "not run".to_owned(),
        Verdict::Stopped => "ended, because a step during it failed".to_owned(),
        Verdict::Broken(_) => "could not run".to_owned(),
    }
}

/// Whether a step is part of why its scenario did not pass. One that was ended may have had its own reason to end.
pub(super) fn is_wrong(step: &StepOutcome) -> bool {
    step.verdict.status() >= Status::Failed || matches!(step.verdict, Verdict::Stopped)
}

/// Whether the answer of a step that is not held by a snapshot says what is wrong.
pub(super) fn is_answer_wanted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unmet(_) | Verdict::Unrecorded { fails: true } | Verdict::Stopped)
}

/// What came of a scenario, in a few words.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Skipped => "skipped",
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Broken => "could not run",
    }
}

/// What was expected and what came, as a diff; empty where the verdict is about nothing of the kind.
pub(super) fn difference(step: &StepOutcome, coloured: bool) -> String {
    match &step.verdict {
        Verdict::Changed { recorded_on, expected, .. } => {
            let before = format!("recorded on {recorded_on}");
            unified((&before, expected), ("now", step.answer.as_deref().unwrap_or_default()), coloured)
        }
        Verdict::Unstable { first: (first, one), other: (second, another) } => {
            unified((&format!("run {first}"), one), (&format!("run {second}"), another), coloured)
        }
        Verdict::Unmet(unmet) => unmet.iter().map(|unmet| unmet_lines(unmet, coloured)).collect(),
        _ => String::new(),
    }
}

const EXPECTED: Style = AnsiColor::Red.on_default();
const CAME: Style = AnsiColor::Green.on_default();

fn unmet_lines(unmet: &Unmet, coloured: bool) -> String {
    let Unmet::Different { path, expected, came } = unmet else { return String::new() };
    let mut lines = String::new();
    for (sign, style, value) in [('-', EXPECTED, expected), ('+', CAME, came)] {
        let value = value.as_deref().unwrap_or("nothing");
        let style = if coloured { style } else { Style::new() };
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{style}{sign}{path}: {value}{style:#}");
    }
    lines
}

/// What was not met and is no difference of two values.
pub(super) fn said(step: &StepOutcome) -> impl Iterator<Item = &str> {
    let unmet = if let Verdict::Unmet(unmet) = &step.verdict { &unmet[..] } else { &[] };
    unmet.iter().filter_map(|unmet| if let Unmet::Said(text) = unmet { Some(text.as_str()) } else { None })
}

/// What to do about a step, where that does not depend on anything else.
pub(super) fn advice(verdict: &Verdict) -> Option<&'static str> {
    matches!(verdict, Verdict::Unstable { .. }).then_some(
        "an answer must depend on nothing but the cluster's version: wait for it with `until`, or show less of it with \
         `snapshot: {select: ..}` or `{drop: ..}`",
    )
}

/// A command that may help, and what for.
pub(super) struct Hint {
    pub(super) what: &'static str,
    pub(super) command: String,
    pub(super) remark: &'static str,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.what, self.command, self.remark)
    }
}

/// How to see more of a scenario.
pub(super) fn more(outcome: &ScenarioOutcome) -> Hint {
    let command = format!("rehearsal run --show --cluster {} {}", outcome.cluster, outcome.file);
    // A model ends with its run, and leaves nothing.
    let remark = if is_embedded(outcome) { "" } else { " (--keep leaves what it made)" };
    Hint { what: "every step and answer", command, remark }
}

/// How to record what came instead of what was expected, where that may be right.
pub(super) fn to_record(outcome: &ScenarioOutcome) -> Option<Hint> {
    let is_unrecorded = |step: &StepOutcome| matches!(step.verdict, Verdict::Unrecorded { fails: true });
    let what = match outcome {
        outcome if outcome.has_changed() => "if the new answer is right",
        outcome if outcome.steps.iter().any(is_unrecorded) => "to record it",
        _ => return None,
    };
    // Of a model nothing is recorded; what it is held against comes from the real one.
    let cluster = if is_embedded(outcome) {
        ClusterSpec::Local(Release::Minor(outcome.version.minor)).to_string()
    } else {
        outcome.cluster.clone()
    };
    let command = format!("rehearsal record --cluster {cluster} {}", outcome.file);
    Some(Hint { what, command, remark: "" })
}

fn is_embedded(outcome: &ScenarioOutcome) -> bool {
    outcome.cluster.parse().is_ok_and(|spec: ClusterSpec| spec.is_embedded())
}

/// Whether a scenario was skipped because the embedded model does not know something.
pub(super) fn is_not_modelled(outcome: &ScenarioOutcome) -> bool {
    outcome.skipped.as_ref().is_some_and(|reason| reason.contains(NOT_MODELLED_PHRASE))
}

/// How often a scenario was run, where that was more than once, and how often it failed.
pub(super) fn runs(outcome: &ScenarioOutcome) -> Option<String> {
    match (outcome.runs, outcome.failed_runs) {
        (0 | 1, _) => None,
        (runs, 0) => Some(format!("held in {runs} runs")),
        (runs, failed) => Some(format!("failed in {failed} of {runs} runs")),
    }
}

/// Something about a scenario that fits on its line.
pub(super) struct Remark {
    pub(super) text: String,
    /// Whether it is something to look at.
    pub(super) is_odd: bool,
}

/// What the snapshots of a scenario say of it.
pub(super) fn remarks(outcome: &ScenarioOutcome) -> Vec<Remark> {
    let mut held = 0;
    let mut assumed = None;
    let mut unrecorded = 0;
    for step in &outcome.steps {
        match &step.verdict {
            Verdict::Same { assumed_from, .. } => {
                held += 1;
                assumed = assumed.or(assumed_from.as_ref());
            }
            Verdict::Unrecorded { .. } => unrecorded += 1,
            _ => {}
        }
    }
    let held = (held > 0).then(|| Remark { text: format!("{held} {} held", plural(held, "snapshot")), is_odd: false });
    let assumed = assumed.map(|version| Remark { text: format!("assumed from {version}"), is_odd: true });
    let new = (unrecorded > 0).then(|| Remark { text: format!("{unrecorded} not recorded yet"), is_odd: true });
    [held, assumed, new].into_iter().flatten().collect()
}

/// How to be rid of what is still on the cluster, where anything is.
pub(super) fn to_remove(outcome: &ScenarioOutcome) -> Option<String> {
    let is_namespace = |path: &String| path.starts_with("/api/v1/namespaces/");
    let gc = format!("rehearsal cluster gc --cluster {}", outcome.cluster);
    let raw = "kubectl delete --raw PATH";
    let how = match (outcome.kept.iter().any(is_namespace), outcome.kept.iter().all(is_namespace)) {
        (true, true) => gc,
        (true, false) => format!("{gc}, for the Namespace; {raw}, for anything else"),
        (false, false) => raw.to_owned(),
        (false, true) => return None,
    };
    Some(format!("to remove it: {how}"))
}

pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

pub(super) fn seconds(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{:.1} ms", took.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", took.as_secs_f64())
    }
}
