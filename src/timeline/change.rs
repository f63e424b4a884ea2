//! Where a step shows something else than on the version before.

use super::{Shown, Timeline, Track};
use crate::scenario::Step;
use crate::snapshot::Label;
use crate::version::{Minor, Version};

/// What a step shows on a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting<'t> {
    /// The version.
    pub version: Version,
    /// What is known of it there.
    pub shown: Shown<'t>,
}

/// A difference between two neighbours of the versions that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'t> {
    /// The step.
    pub track: &'t Track<'t>,
    /// The version it comes with.
    pub at: Label,
    /// The last that is known before it.
    pub before: Sighting<'t>,
    /// The first that is known after it.
    pub after: Sighting<'t>,
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The step shows something else.
    Changes,
    /// The step did not run before.
    Begins,
    /// The step does not run any more.
    Ends,
}

impl PartialEq for Track<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.series == other.series
    }
}

impl Eq for Track<'_> {}

impl<'t> Change<'t> {
    /// The step as it runs on the newer version, or else on the older one.
    pub fn step(&self) -> Option<&'t Step> {
        let runs = [&self.after, &self.before].into_iter().find(|sighting| sighting.shown.text().is_some());
        self.track.step(&runs?.version)
    }

    /// What kind of difference it is.
    pub fn kind(&self) -> Kind {
        match (self.before.shown.text(), self.after.shown.text()) {
            (None, _) => Kind::Begins,
            (_, None) => Kind::Ends,
            _ => Kind::Changes,
        }
    }

    /// Whether minors between the last sight of the old and the first of the new were not recorded, so that it may have
    /// come with one of them. When a step runs is written in the scenario.
    pub fn is_vague(&self) -> bool {
        self.kind() == Kind::Changes && self.before.version.minor.after() < self.at.minor()
    }
}

impl<'s> Timeline<'s> {
    /// The changes of a step from one version to another, oldest first: each that comes on the way, also where a later one
    /// takes it back.
    pub fn changes<'t>(&'t self, track: &'t Track<'s>, from: &Version, to: &Version) -> Vec<Change<'t>> {
        let between = self.versions().filter(|version| from < *version && *version < to);
        let versions = std::iter::once(from).chain(between).chain([to]);
        let known = versions.map(|version| Sighting { version: version.clone(), shown: self.shown(track, version) });
        let known: Vec<Sighting<'t>> = known.filter(|sighting| sighting.shown != Shown::Unknown).collect();
        let pairs = known.windows(2).filter_map(|pair| match pair {
            [before, after] if before.shown.text() != after.shown.text() => Some((before, after)),
            _ => None,
        });
        let change = |(before, after): (&Sighting<'t>, &Sighting<'t>)| {
            let at = self.begin(track, before, after);
            Change { track, at, before: before.clone(), after: after.clone() }
        };
        pairs.map(change).collect()
    }

    /// The version that a difference comes with: of two texts the ledger's, else where the ranges say that a step begins
    /// or ends to run.
    fn begin(&self, track: &Track<'_>, before: &Sighting<'_>, after: &Sighting<'_>) -> Label {
        if let (Some(_), Some(since)) = (before.shown.text(), after.shown.since()) {
            return since;
        }
        let last = after.version.minor;
        let minors = std::iter::successors(Some(before.version.minor.after()), |minor| Some(minor.after()));
        let is_so = |minor: &Minor| {
            let version = Version { minor: *minor, patch: 0, suffix: String::new() };
            self.runs(track, &version) == after.shown.text().is_some()
        };
        minors.take_while(|minor| *minor < last).find(is_so).unwrap_or(last).into()
    }
}
