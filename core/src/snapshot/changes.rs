//! A proposal as a reviewer sees it: what was recorded where, and what would become of each file.

use super::error::StoreError;
use super::folder::Contents;
use super::label::Label;
use super::layout::{Point, ScenarioId, Series};
use super::ledger::Entry;
use super::pending::{Proposal, Standing};
use super::store::Store;
use super::text::Text;
use crate::version::Version;

/// What waits for review of one scenario.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// The scenario.
    pub id: ScenarioId,
    /// [`Standing::Waiting`] or [`Standing::Partial`].
    pub standing: Standing,
    /// The recordings it is made of, oldest version first.
    pub recordings: Vec<Recording>,
    /// The files that would come or change.
    pub files: Vec<FileChange>,
    /// The files that no version would show any more.
    pub dropped: Vec<Point>,
}

/// One proposed line of the ledger.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The version that answered.
    pub version: Version,
    /// What the line says beside the texts.
    pub entry: Entry,
    /// Steps that are recorded for this version and did not run this time.
    pub gone: Vec<Series>,
}

/// One file that would come or change.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The file.
    pub point: Point,
    /// What the step shows from there on as things are, and since when.
    pub before: Option<(Label, Text)>,
    /// What it would show; `None` if the text was deleted.
    pub after: Option<Text>,
}

/// What a file's change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The step was not recorded at or below this version.
    New,
    /// It shows something else.
    Changed,
    /// What it shows stays as it was; the file is needed because it is different just below.
    AsBefore,
}

impl FileChange {
    /// What it means.
    pub fn meaning(&self) -> Meaning {
        match (&self.before, &self.after) {
            (None, _) => Meaning::New,
            (Some((_, before)), Some(after)) if before == after => Meaning::AsBefore,
            _ => Meaning::Changed,
        }
    }
}

impl Store {
    /// Everything that waits for review, by scenario. Outcomes of `cargo insta review` are completed first.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn pending(&self) -> Result<Vec<ChangeSet>, StoreError> {
        let mut sets = Vec::new();
        for id in self.scenarios()? {
            self.scenario(&id)?;
            let folder = self.folder(&id);
            if let Some(lock) = folder.lock_shared()? {
                sets.extend(ChangeSet::of(id, &folder.read(&lock)?));
            }
        }
        Ok(sets)
    }
}

impl ChangeSet {
    fn of(id: ScenarioId, contents: &Contents) -> Option<Self> {
        let Proposal { lines, changed, standing } = Proposal::of(contents);
        if !matches!(standing, Standing::Waiting | Standing::Partial(_)) {
            return None;
        }
        let recorded = contents.recorded();
        let (before, after) = (recorded.ledger.points(), recorded.ledger.with(&lines).points());
        let recordings = lines.lines().map(|line| {
            let governing = recorded.ledger.governing(&line.version).into_iter();
            let steps = governing.flat_map(|governing| governing.texts.keys());
            let gone = steps.filter(|step| !line.texts.contains_key(step)).cloned().collect();
            Recording { version: line.version.clone(), entry: line.entry.clone(), gone }
        });
        let files = changed.into_iter().map(|(point, digest)| {
            let below = before.range(..=&point).next_back().filter(|(below, _)| below.series == point.series);
            let text = |digest| recorded.text(&point.series, digest).cloned();
            let held = below.and_then(|(below, digest)| Some((below.label, text(*digest)?)));
            FileChange { after: text(digest), before: held, point }
        });
        let dropped = before.keys().filter(|point| !after.contains_key(*point)).cloned().collect();
        Some(Self { recordings: recordings.collect(), files: files.collect(), dropped, id, standing })
    }
}
