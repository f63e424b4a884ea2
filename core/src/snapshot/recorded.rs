//! What is known of a scenario: its recordings, and how they become files.
//!
//! Nothing here touches a disk. Texts are kept by digest and the ledger's lines say which digest each version showed,
//! so it does not matter under which label a text was found: after a merge, or a write that was cut off, the same
//! recordings come back as long as their texts are in some file.

use std::collections::BTreeMap;

use super::format::{self, Header, Stored};
use super::label::Label;
use super::layout::{LEDGER, PENDING_LEDGER, Point, ScenarioId, Series};
use super::ledger::{Entry, Ledger, Line};
use super::text::{Digest, Text};
use crate::version::Version;

/// Names and contents of the files in a scenario's folder.
pub(super) type Files = BTreeMap<String, String>;

/// A scenario, as far as its snapshot files mention it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its folder.
    pub id: ScenarioId,
    /// Its file, relative to the project.
    pub source: String,
    /// Its title.
    pub title: String,
    /// The steps it has on any version.
    pub steps: BTreeMap<Series, StepName>,
}

/// A step as its author named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    /// The name as it is written in the scenario.
    pub name: String,
    /// The line it begins on.
    pub line: Option<u32>,
}

impl Subject {
    fn header(&self, step: &StepName) -> Header {
        let description = format::one_line(&format!("{}: {}", self.title, step.name));
        Header { source: format::one_line(&self.source), description, line: step.line }
    }
}

/// The recordings of one scenario.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    pub(super) ledger: Ledger,
    texts: BTreeMap<(Series, Digest), Text>,
    headers: BTreeMap<Series, Header>,
    found: BTreeMap<Point, Digest>,
}

/// What a step is expected to show on a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUp<'a> {
    /// Exactly this version was recorded.
    Seen {
        /// Where the text starts to hold.
        since: Label,
        /// What was shown.
        text: &'a Text,
    },
    /// This version was not recorded; another one speaks for it.
    Assumed {
        /// The version that was recorded: the nearest below, or the first recorded patch of the same minor.
        from: &'a Version,
        /// Where the text starts to hold.
        since: Label,
        /// What was shown there.
        text: &'a Text,
    },
    /// The file does not hold what the ledger says was recorded: it was edited by hand, or a recording was cut off.
    Edited {
        /// The version whose recording it replaces.
        from: &'a Version,
        /// The file's label.
        since: Label,
        /// What the file holds.
        text: &'a Text,
    },
    /// Nobody recorded the step at or below this version, or the recording that speaks for the version lacks it.
    Unrecorded,
}

/// A text that the ledger knows by its digest only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The version it was recorded on.
    pub version: Version,
    /// The file it should be in.
    pub point: Point,
}

impl Recorded {
    /// The recordings of `ledger`, with the texts and headers of the given files. Of several headers for one step the
    /// one of the latest label counts, and one that waits for review before that.
    pub(super) fn new(ledger: Ledger, snaps: &BTreeMap<Point, Stored>, pending: &BTreeMap<Point, Stored>) -> Self {
        let mut recorded = Self { ledger, ..Self::default() };
        for (point, stored) in snaps.iter().chain(pending) {
            recorded.texts.insert((point.series.clone(), stored.text.digest()), stored.text.clone());
            recorded.headers.insert(point.series.clone(), stored.header.clone());
        }
        recorded.found = snaps.iter().map(|(point, stored)| (point.clone(), stored.text.digest())).collect();
        recorded
    }

    /// The same recordings under the title and step names that the scenario has now.
    #[must_use]
    pub fn described(mut self, subject: &Subject) -> Self {
        self.headers.extend(subject.steps.iter().map(|(series, step)| (series.clone(), subject.header(step))));
        self
    }

    /// These recordings and that of `version`, which replaces an earlier one of the same release. A step that is not
    /// in `texts` did not run there.
    #[must_use]
    pub fn with(mut self, version: &Version, entry: Entry, texts: BTreeMap<Series, Text>) -> Self {
        let digests = texts.iter().map(|(series, text)| (series.clone(), text.digest())).collect();
        self.ledger.insert(Line { version: version.clone(), entry, texts: digests });
        self.texts.extend(texts.into_iter().map(|(series, text)| ((series, text.digest()), text)));
        self
    }

    /// The recordings of the versions that `keep` names, for a scenario whose range was narrowed.
    #[must_use]
    pub fn retain(mut self, mut keep: impl FnMut(&Version) -> bool) -> Self {
        self.ledger.retain(|line| keep(&line.version));
        self
    }

    /// The same texts under another ledger.
    pub(super) fn under(self, ledger: Ledger) -> Self {
        Self { ledger, ..self }
    }

    /// The recorded versions, oldest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.ledger.lines().map(|line| &line.version)
    }

    /// The recorded version that speaks for another one: the nearest below, or the first recorded patch of the same minor.
    pub fn speaks_for(&self, version: &Version) -> Option<&Version> {
        self.ledger.governing(version).map(|line| &line.version)
    }

    /// The change points of each step: where the text starts to hold that is shown from there on, oldest first.
    pub fn change_points(&self) -> BTreeMap<Series, Vec<Label>> {
        let mut points: BTreeMap<Series, Vec<Label>> = BTreeMap::new();
        for point in self.ledger.points().into_keys() {
            points.entry(point.series).or_default().push(point.label);
        }
        points
    }

    /// What was said about the recording of exactly this version.
    pub fn entry(&self, version: &Version) -> Option<&Entry> {
        self.ledger.get(version).map(|line| &line.entry)
    }

    /// Whether `version` was recorded with other steps than those of `plan`.
    pub fn stale(&self, version: &Version, plan: Digest) -> bool {
        self.entry(version).is_some_and(|entry| entry.plan != plan)
    }

    /// What `step` should show on `version`. Ask only for steps that the plan has there.
    pub fn look_up(&self, step: &Series, version: &Version) -> LookUp<'_> {
        let Some(line) = self.ledger.governing(version) else { return LookUp::Unrecorded };
        let Some(digest) = line.texts.get(step) else { return LookUp::Unrecorded };
        let (from, since) = (&line.version, self.ledger.since(line, step));
        let text = |digest: &Digest| self.text(step, *digest);
        match text(digest) {
            Some(text) if from == version => LookUp::Seen { since, text },
            Some(text) => LookUp::Assumed { from, since, text },
            None => match self.found.get(&Point { series: step.clone(), label: since }).and_then(text) {
                Some(text) => LookUp::Edited { from, since, text },
                None => LookUp::Unrecorded,
            },
        }
    }

    /// The folder's files, by name: a pure function of the recordings and of what the scenario is called. Texts that
    /// are [missing](Self::missing) have no file.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files: Files = self
            .ledger
            .points()
            .iter()
            .filter_map(|(point, digest)| Some((point.to_string(), self.render(point, *digest, false)?)))
            .collect();
        if !self.ledger.is_empty() {
            files.insert(LEDGER.to_owned(), self.ledger.to_string());
        }
        files
    }

    /// The files that propose `lines` for review: what they would change, and the lines.
    pub(super) fn pending_files(&self, lines: &Ledger) -> Files {
        let mut files: Files = changed(&self.ledger, lines)
            .iter()
            .filter_map(|(point, digest)| Some((point.pending(), self.render(point, *digest, true)?)))
            .collect();
        if !lines.is_empty() {
            files.insert(PENDING_LEDGER.to_owned(), lines.to_string());
        }
        files
    }

    fn render(&self, point: &Point, digest: Digest, pending: bool) -> Option<String> {
        let text = self.text(&point.series, digest)?;
        let header = self.headers.get(&point.series).cloned().unwrap_or_default();
        Some(format::render(&header, point.label, text, pending))
    }

    /// The text that `series` has under `digest`, if it is in any file.
    pub(super) fn text(&self, series: &Series, digest: Digest) -> Option<&Text> {
        self.texts.get(&(series.clone(), digest))
    }

    /// The recordings whose text is in none of the files.
    pub fn missing(&self) -> Vec<Missing> {
        let mut missing = Vec::new();
        for line in self.ledger.lines() {
            for (series, digest) in &line.texts {
                if self.text(series, *digest).is_none() {
                    let point = Point { series: series.clone(), label: self.ledger.since(line, series) };
                    missing.push(Missing { version: line.version.clone(), point });
                }
            }
        }
        missing
    }
}

/// The points that come or change when `lines` are put into `base`.
pub(super) fn changed(base: &Ledger, lines: &Ledger) -> BTreeMap<Point, Digest> {
    let before = base.points();
    let mut after = base.with(lines).points();
    after.retain(|point, digest| before.get(point) != Some(digest));
    after
}
