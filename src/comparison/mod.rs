//! What changes for scenarios between two versions, from their recordings alone.

mod error;
mod human;
mod json;
mod markdown;

use std::collections::{BTreeMap, BTreeSet};

pub use error::ComparisonError;
pub use human::human;
pub use json::json;
pub use markdown::markdown;

use crate::snapshot::Label;
use crate::snapshot::diff::unified;
use crate::timeline::{Change, Kind, Shown, Sighting, Timeline, Track};
use crate::version::{Minor, Version};

/// One of the two versions, as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What to call it: `v1.24`, or `context:prod (v1.24.17)`.
    pub name: String,
    /// The minor.
    pub minor: Minor,
    /// The release, where one was named; else the newest of the minor that is recorded.
    pub release: Option<Version>,
}

/// What changes for some scenarios.
#[derive(Debug)]
pub struct Comparison<'t> {
    /// The older version.
    pub from: Side,
    /// The newer one.
    pub to: Side,
    /// What came of each scenario.
    pub scenarios: Vec<Compared<'t>>,
}

/// What changes for one scenario.
#[derive(Debug)]
pub struct Compared<'t> {
    /// The scenario.
    pub timeline: &'t Timeline<'t>,
    /// The releases that stand for the two versions.
    pub ends: [Version; 2],
    /// All changes, by step and version.
    pub changes: Vec<Change<'t>>,
    /// Whether any step runs on the one and on the other.
    pub runs: [bool; 2],
    /// How many steps show the same on both sides and in between.
    pub same: usize,
    /// Which of the two was not recorded, and the version that it is assumed from.
    pub assumed: BTreeMap<Version, Version>,
    /// The steps of which nothing is known on one of the two, and which that is.
    pub unknown: Vec<(&'t Track<'t>, Version)>,
}

/// What came of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is about neither version.
    Silent,
    /// It shows the same.
    Same,
    /// It was never recorded, on whichever version: it says nothing yet.
    Unrecorded,
    /// Something is not known of one of the two.
    Unknown,
    /// Something differs.
    Changes,
}

impl Side {
    /// A release, under the name that it was named by.
    pub fn of(name: String, release: Version) -> Self {
        Self { name, minor: release.minor, release: Some(release) }
    }

    /// The minor's newest release that a scenario was recorded on, or one that stands for it.
    fn on(&self, timeline: &Timeline<'_>, newest: &BTreeMap<Minor, Version>) -> Option<Version> {
        let recorded = self.release.as_ref().or(timeline.newest(self.minor));
        recorded.or(newest.get(&self.minor)).cloned()
    }
}

impl<'t> Comparison<'t> {
    /// Compares two versions. Of each, some scenario has to be recorded; another one may be assumed.
    ///
    /// # Errors
    /// When nothing is recorded of a version, or the two are no way up.
    pub fn new(timelines: &'t [Timeline<'t>], from: Side, to: Side) -> Result<Self, ComparisonError> {
        let mut newest: BTreeMap<Minor, Version> = BTreeMap::new();
        for version in timelines.iter().flat_map(Timeline::versions) {
            let known = newest.entry(version.minor).or_insert_with(|| version.clone());
            *known = version.clone().max(known.clone());
        }
        if newest.is_empty() {
            return Err(ComparisonError::NothingRecorded);
        }
        if let Some(Side { name, minor, .. }) = [&from, &to].into_iter().find(|side| !newest.contains_key(&side.minor))
        {
            let known = newest.into_keys().collect();
            return Err(ComparisonError::Unrecorded { name: name.clone(), minor: *minor, known });
        }
        let order = |side: &Side| side.release.as_ref().or(newest.get(&side.minor)).map(|at| (at.minor, at.patch));
        let names = || (from.name.clone(), to.name.clone());
        match order(&from).cmp(&order(&to)) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => {
                let (from, to) = names();
                return Err(ComparisonError::Same { from, to });
            }
            std::cmp::Ordering::Greater => {
                let (from, to) = names();
                return Err(ComparisonError::Backwards { from, to });
            }
        }
        let compared = timelines.iter().filter_map(|timeline| {
            Some(Compared::new(timeline, [from.on(timeline, &newest)?, to.on(timeline, &newest)?]))
        });
        Ok(Self { scenarios: compared.collect(), from, to })
    }

    /// The scenarios of which this came.
    pub fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Compared<'t>> {
        self.scenarios.iter().filter(move |compared| compared.verdict() == verdict)
    }

    /// Whether something differs.
    pub fn differs(&self) -> bool {
        self.of(Verdict::Changes).next().is_some()
    }

    /// Whether something is not known.
    pub fn is_incomplete(&self) -> bool {
        self.scenarios.iter().any(|compared| !compared.unknown.is_empty())
    }

    /// How many scenarios of each kind there are, in words.
    fn counts(&self) -> String {
        let kinds = [
            (Verdict::Changes, "differ"),
            (Verdict::Unknown, "not known"),
            (Verdict::Unrecorded, "never recorded"),
            (Verdict::Same, "the same"),
            (Verdict::Silent, "about neither"),
        ];
        let counts = kinds.into_iter().map(|(verdict, word)| (self.of(verdict).count(), word));
        let counts: Vec<String> =
            counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let (total, s) = (self.scenarios.len(), if self.scenarios.len() == 1 { "" } else { "s" });
        format!("{} to {}, {total} scenario{s}: {}", self.from.name, self.to.name, counts.join(", "))
    }
}

impl<'t> Compared<'t> {
    fn new(timeline: &'t Timeline<'t>, ends: [Version; 2]) -> Self {
        let (mut changes, mut unknown) = (Vec::new(), Vec::new());
        let (mut assumed, mut same, mut runs) = (BTreeMap::new(), 0, [false; 2]);
        for track in &timeline.tracks {
            let shown = [0, 1].map(|end| timeline.shown(track, &ends[end]));
            for (version, shown) in ends.iter().zip(&shown) {
                match shown {
                    Shown::Assumed { from, .. } => drop(assumed.insert(version.clone(), (*from).clone())),
                    Shown::Unknown if timeline.is_recorded() => unknown.push((track, version.clone())),
                    Shown::Seen { .. } | Shown::Silent | Shown::Unknown => {}
                }
            }
            for (runs, shown) in runs.iter_mut().zip(&shown) {
                *runs |= *shown != Shown::Silent;
            }
            let of_step = timeline.changes(track, &ends[0], &ends[1]);
            same += usize::from(of_step.is_empty() && shown.iter().all(|shown| shown.text().is_some()));
            changes.extend(of_step);
        }
        Self { timeline, ends, changes, runs, same, assumed, unknown }
    }

    /// What came of it.
    pub fn verdict(&self) -> Verdict {
        match self {
            _ if !self.changes.is_empty() => Verdict::Changes,
            _ if !self.unknown.is_empty() => Verdict::Unknown,
            _ if self.same > 0 => Verdict::Same,
            _ if !self.timeline.is_recorded() && self.runs.contains(&true) => Verdict::Unrecorded,
            _ => Verdict::Silent,
        }
    }

    /// Whether a change is that the whole scenario begins or ends to run. Of these what each step shows is no news.
    fn is_of_all(&self, change: &Change<'_>) -> bool {
        match change.kind() {
            Kind::Changes => false,
            Kind::Begins => !self.runs[0],
            Kind::Ends => !self.runs[1],
        }
    }

    /// What is said of the scenario as a whole.
    fn whole(&self) -> Vec<String> {
        let mut found: BTreeMap<(Label, Kind), Vec<&Change<'_>>> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| self.is_of_all(change)) {
            found.entry((change.at, change.kind())).or_default().push(change);
        }
        let line = |changes: Vec<&Change<'_>>| {
            let s = if changes.len() == 1 { "" } else { "s" };
            changes.first().map(|first| format!("{}: {} step{s}", said(first), changes.len()))
        };
        found.into_values().filter_map(line).collect()
    }

    /// The steps that differ one by one, each with its changes.
    fn steps<'c>(&'c self) -> impl Iterator<Item = Vec<&'c Change<'t>>> {
        let changes: Vec<&Change<'t>> = self.changes.iter().filter(|change| !self.is_of_all(change)).collect();
        let steps: Vec<Vec<&Change<'t>>> =
            changes.chunk_by(|one, next| one.track == next.track).map(<[_]>::to_vec).collect();
        steps.into_iter()
    }

    /// The steps that nothing is known of, by the version that was not recorded.
    fn gaps(&self) -> BTreeMap<&Version, Vec<String>> {
        let mut gaps: BTreeMap<&Version, Vec<String>> = BTreeMap::new();
        for (track, version) in &self.unknown {
            gaps.entry(version).or_default().push(track.name());
        }
        gaps
    }
}

/// What a difference is, in a few words.
fn said(change: &Change<'_>) -> String {
    let (at, last) = (change.at, &change.before.version);
    match change.kind() {
        Kind::Changes if change.is_vague() => {
            format!("differs from {at} on, or from one after {last} that is not recorded")
        }
        Kind::Changes => format!("differs from {at} on"),
        Kind::Begins => format!("runs from {at} on, not before"),
        Kind::Ends => format!("does not run any more from {at} on"),
    }
}

/// What a difference is, line by line.
fn lines(change: &Change<'_>, coloured: bool) -> String {
    let text = |sighting: &Sighting<'_>| sighting.shown.text().map_or("", |text| text.as_str()).to_owned();
    let (before, after) = (label(&change.before), label(&change.after));
    unified((&before, &text(&change.before)), (&after, &text(&change.after)), coloured)
}

/// Whether a text was seen on a version.
fn label(Sighting { version, shown }: &Sighting<'_>) -> String {
    match shown {
        Shown::Seen { .. } => format!("seen on {version}"),
        Shown::Assumed { from, .. } => format!("{version}, assumed: seen on {from}"),
        Shown::Silent => format!("does not run on {version}"),
        Shown::Unknown => format!("not known of {version}"),
    }
}

/// The scenarios that were never recorded.
fn unrecorded<'c>(comparison: &'c Comparison<'_>) -> Vec<&'c str> {
    comparison.of(Verdict::Unrecorded).map(|compared| compared.timeline.file.id()).collect()
}

/// What is named once for all scenarios: those of which a version was assumed.
fn assumed<'c>(comparison: &'c Comparison<'_>) -> BTreeMap<String, BTreeSet<&'c str>> {
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for compared in &comparison.scenarios {
        for (version, from) in &compared.assumed {
            let said = format!("not recorded on {version}, assumed to be as on {from}");
            found.entry(said).or_default().insert(compared.timeline.file.id());
        }
    }
    found
}

#[cfg(test)]
mod tests;
