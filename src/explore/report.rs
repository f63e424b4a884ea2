//! What an exploration found, and how that is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::call::Call;
use super::difference::Difference;
use super::error::ExploreError;
use crate::observe::yaml;
use crate::snapshot::diff::unified;

/// A difference that is certain, with the shortest sequence that shows it.
#[derive(Debug)]
pub struct Found {
    /// Where and how.
    pub difference: Difference,
    /// How often it was met.
    pub seen: usize,
    /// The number of the sequence it was first met in.
    pub sequence: usize,
    /// The shrunk sequence.
    pub calls: Vec<Call>,
    /// Which of its calls shows it.
    pub at: usize,
    /// The codes of the answers on both sides.
    pub codes: Vec<[Option<u64>; 2]>,
    /// The references that led nowhere.
    pub missing: BTreeSet<String>,
    /// What the left side showed.
    pub left: Value,
    /// What the right side showed.
    pub right: Value,
    /// The scenario that was written for it.
    pub file: Option<Utf8PathBuf>,
}

/// What came of an exploration.
#[derive(Debug, Default)]
pub struct Report {
    /// What everything was drawn from.
    pub seed: u64,
    /// Calls sent to each side, without those that were repeated to make sure.
    pub calls: usize,
    /// The sequences they were in.
    pub sequences: usize,
    /// What differs.
    pub found: Vec<Found>,
    /// What differed once and not again when time was taken; how often.
    pub unsteady: BTreeMap<String, usize>,
    /// What a model said it does not do; how often.
    pub not_modelled: BTreeMap<String, usize>,
    /// Why sequences broke off that had no answer; how often. The next ones had.
    pub broken: BTreeMap<String, usize>,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// Why it could not go on.
    pub failed: Option<ExploreError>,
    /// How long it took.
    pub took: Duration,
}

const TITLE: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
/// How many lines of what is only counted are shown.
const LINES: usize = 20;

/// An answer in the order in which one reads it.
pub(super) fn answer(seen: &Value) -> String {
    yaml::emit(seen, &[("code", &[]), ("warnings", &[]), ("body", &["apiVersion", "kind", "metadata"]), ("token", &[])])
}

impl Report {
    /// For people; `left` and `right` are the names of the clusters.
    pub fn human(&self, left: &str, right: &str) -> String {
        let mut out = String::new();
        for (number, found) in self.found.iter().enumerate() {
            found.human(&mut out, number + 1, left, right);
        }
        tallied(&mut out, "went away when time was taken (unsteady)", &self.unsteady);
        tallied(&mut out, "not modelled", &self.not_modelled);
        tallied(&mut out, "broke off without an answer", &self.broken);
        let (style, count) = match self.found.len() {
            0 => (GOOD, "no difference".to_owned()),
            1 => (BAD, "1 difference".to_owned()),
            count => (BAD, format!("{count} differences")),
        };
        let (calls, sequences, seed, took) = (self.calls, self.sequences, self.seed, self.took.as_secs_f64());
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{style}{count}{style:#}: {calls} calls to each side, in {sequences} sequences, seed {seed}, {took:.0} s"
        );
        if self.interrupted {
            let _ = writeln!(out, "interrupted: less was explored than was asked");
        }
        out
    }

    /// For programs.
    pub fn json(&self, left: &str, right: &str) -> Value {
        let found = self.found.iter().map(|found| {
            json!({
                "what": found.difference.what, "path": found.difference.path, "how": found.difference.how,
                "seen": found.seen, "sequence": found.sequence,
                "calls": found.calls.iter().map(ToString::to_string).collect::<Vec<_>>(), "at": found.at,
                "left": found.left, "right": found.right, "file": found.file,
            })
        });
        json!({
            "left": left, "right": right, "seed": self.seed, "calls": self.calls, "sequences": self.sequences,
            "differences": found.collect::<Vec<_>>(), "unsteady": self.unsteady, "notModelled": self.not_modelled,
            "brokeOff": self.broken,
            "interrupted": self.interrupted, "seconds": self.took.as_secs_f64(),
            "failed": self.failed.as_ref().map(ToString::to_string),
        })
    }
}

impl Found {
    fn human(&self, out: &mut String, number: usize, left: &str, right: &str) {
        let Difference { what, path, how } = &self.difference;
        let times = if self.seen == 1 { "once".to_owned() } else { format!("{} times", self.seen) };
        let _ = writeln!(out, "{TITLE}{number}. {what}: {path}{TITLE:#}: {how} (seen {times})");
        for (at, call) in self.calls.iter().enumerate() {
            let mark = if at == self.at { "->" } else { "  " };
            let _ = writeln!(out, "   {mark} c{}: {call}", call.id);
        }
        let diff = unified((left, &answer(&self.left)), (right, &answer(&self.right)), true);
        for line in diff.lines() {
            let _ = writeln!(out, "   {line}");
        }
        if let Some(file) = &self.file {
            let _ = writeln!(out, "   {DIM}{file}{DIM:#}");
        }
        out.push('\n');
    }
}

/// What is only counted, the most frequent first.
fn tallied(out: &mut String, title: &str, counted: &BTreeMap<String, usize>) {
    if counted.is_empty() {
        return;
    }
    let _ = writeln!(out, "{TITLE}{title}{TITLE:#}: {}", counted.values().sum::<usize>());
    let mut rows: Vec<(&String, &usize)> = counted.iter().collect();
    rows.sort_by_key(|(what, count)| (std::cmp::Reverse(**count), *what));
    for (what, count) in rows.iter().take(LINES) {
        let _ = writeln!(out, "{count:6} {what}");
    }
    if rows.len() > LINES {
        let _ = writeln!(out, "       and {} more", rows.len() - LINES);
    }
    out.push('\n');
}
