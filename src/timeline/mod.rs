//! What the steps of a scenario show, version by version: a function of the scenario and of its recordings, without any
//! cluster. What changes between two versions and the atlas are both read off it.

mod change;
#[cfg(test)]
pub(crate) mod fixture;

use std::collections::BTreeSet;

pub use change::{Change, Kind, Sighting};

use crate::scenario::{ScenarioFile, Step};
use crate::snapshot::{Label, LookUp, Recorded, Series, Text};
use crate::version::{Minor, Version};

/// A scenario and what was recorded of it.
#[derive(Debug)]
pub struct Timeline<'s> {
    /// The scenario.
    pub file: &'s ScenarioFile,
    /// The steps that snapshots hold, in the order of the file.
    pub tracks: Vec<Track<'s>>,
    recorded: Recorded,
}

/// A step over all versions.
#[derive(Debug)]
pub struct Track<'s> {
    /// What its snapshots are called.
    pub series: Series,
    /// The step; several of which one runs on each version share a name, and with it their snapshots.
    steps: Vec<&'s Step>,
}

/// What is known of a step on a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'t> {
    /// Exactly this version showed it.
    Seen {
        /// Where the text starts to hold.
        since: Label,
        /// What was shown.
        text: &'t Text,
    },
    /// This version was not recorded; one before it, or of the same minor, speaks for it.
    Assumed {
        /// The version that was recorded.
        from: &'t Version,
        /// Where the text starts to hold.
        since: Label,
        /// What was shown there.
        text: &'t Text,
    },
    /// The step does not run there: the scenario is not about that version, or asks this of others only.
    Silent,
    /// The step runs there, and nobody recorded what it shows.
    Unknown,
}

impl<'t> Shown<'t> {
    /// The text, where there is one.
    pub fn text(&self) -> Option<&'t Text> {
        match self {
            Self::Seen { text, .. } | Self::Assumed { text, .. } => Some(text),
            Self::Silent | Self::Unknown => None,
        }
    }

    /// Where the text starts to hold.
    pub fn since(&self) -> Option<Label> {
        match self {
            Self::Seen { since, .. } | Self::Assumed { since, .. } => Some(*since),
            Self::Silent | Self::Unknown => None,
        }
    }
}

impl<'s> Track<'s> {
    /// The step as its author named it.
    pub fn name(&self) -> String {
        self.steps.first().map(|step| step.label()).unwrap_or_default()
    }

    /// The step that runs on a version; where none does, the first of the name.
    pub fn step(&self, version: &Version) -> Option<&'s Step> {
        let running = self.steps.iter().find(|step| step.when.kubernetes.contains(version));
        running.or(self.steps.first()).copied()
    }

    /// The steps of the name, in the order of the file.
    pub fn steps(&self) -> &[&'s Step] {
        &self.steps
    }
}

impl<'s> Timeline<'s> {
    /// What was recorded of a scenario.
    pub fn new(file: &'s ScenarioFile, recorded: Recorded) -> Self {
        let mut tracks: Vec<Track<'s>> = Vec::new();
        for step in file.scenario.steps.iter().filter(|step| step.is_snapshotted()) {
            let series = step.name.as_ref().and_then(|name| Series::of(&name.slug()).ok());
            let Some(series) = series else { continue };
            match tracks.iter_mut().find(|track| track.series == series) {
                Some(track) => track.steps.push(step),
                None => tracks.push(Track { series, steps: vec![step] }),
            }
        }
        Self { file, tracks, recorded }
    }

    /// Whether anything was ever recorded.
    pub fn is_recorded(&self) -> bool {
        self.versions().next().is_some()
    }

    /// The recorded versions, oldest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.recorded.versions()
    }

    /// The minors that were recorded.
    pub fn minors(&self) -> BTreeSet<Minor> {
        self.versions().map(|version| version.minor).collect()
    }

    /// The newest recorded release of a minor.
    pub fn newest(&self, minor: Minor) -> Option<&Version> {
        self.versions().rfind(|version| version.minor == minor)
    }

    /// The change points of a step: where each of its texts starts to hold, oldest first.
    pub fn points(&self, track: &Track<'_>) -> Vec<Label> {
        self.recorded.change_points().remove(&track.series).unwrap_or_default()
    }

    /// The version that answered a step where the scenario began with `start`: another one after an upgrade.
    pub fn answered<'t>(&'t self, track: &Track<'_>, start: &'t Version) -> &'t Version {
        self.recorded.entry(start).and_then(|entry| entry.answered.get(&track.series)).unwrap_or(start)
    }

    /// What a step shows on a version.
    pub fn shown(&self, track: &Track<'_>, version: &Version) -> Shown<'_> {
        let is_recorded = self.recorded.entry(version).is_some();
        match self.recorded.look_up(&track.series, version) {
            LookUp::Seen { since, text } => Shown::Seen { since, text },
            _ if is_recorded || !self.runs(track, version) => Shown::Silent,
            LookUp::Assumed { from, since, text } => Shown::Assumed { from, since, text },
            // A capability that no recorded cluster had keeps a step from running on any version.
            LookUp::Unrecorded if self.recorded.speaks_for(version).is_some_and(|from| self.runs(track, from)) => {
                Shown::Silent
            }
            LookUp::Unrecorded | LookUp::Edited { .. } => Shown::Unknown,
        }
    }

    /// Whether a step runs on a version, as far as ranges say.
    fn runs(&self, track: &Track<'_>, version: &Version) -> bool {
        let is_about = self.file.scenario.kubernetes.contains(version);
        is_about && track.steps.iter().any(|step| step.when.kubernetes.contains(version))
    }
}

#[cfg(test)]
mod tests;
