//! Whether a folder is what its recordings say, and whether the recordings are those of the scenario as it is now.
//!
//! Reads and never writes. Needs no cluster: what it finds is repaired by [`Store::update`] where all texts are there,
//! else by recording a version again, and the finding says which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

use camino::Utf8PathBuf;

use super::error::StoreError;
use super::folder::{Contents, Trouble};
use super::format::Refusal;
use super::layout::{FileName, LEDGER, PENDING_LEDGER, Point, ScenarioId};
use super::ledger::{LedgerError, line_of};
use super::pending::{Partial, Proposal, Standing};
use super::recorded::{Recorded, Subject};
use super::store::Store;
use super::text::Digest;
use crate::version::Version;

/// A scenario as it is now.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What its snapshots are called.
    pub subject: &'a Subject,
    /// The digest of its plan on a version; `None` where the scenario says nothing about that version.
    pub plan: &'a dyn Fn(&Version) -> Option<Digest>,
}

/// Something to look at.
#[derive(Debug)]
pub struct Finding {
    /// The file or folder.
    pub path: Utf8PathBuf,
    /// The line in it, counted from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a folder.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A file cannot be read at all.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// A snapshot cannot be read as one.
    #[error("this is no snapshot: {0}")]
    Snapshot(Refusal),
    /// A ledger cannot be read as one.
    #[error("this is no ledger: {0}")]
    Ledger(LedgerError),
    /// There are snapshots and no ledger.
    #[error("there are snapshots here, and no {LEDGER} that says where they were seen")]
    NoLedger,
    /// A name that ends like a snapshot's.
    #[error("the name is not STEP@vX.Y.snap, so nobody reads this file")]
    Misnamed,
    /// A file of a write that was cut off, or of a proposal that is gone.
    #[error("left over from a write that was cut off, or a proposal that is gone")]
    LeftOver,
    /// A proposal nobody decided on.
    #[error("waits for review")]
    Waiting,
    /// `cargo insta` decided on a proposal, and the ledger does not say so yet.
    #[error("the files were reviewed with cargo insta, and the ledger does not say so yet")]
    Unsettled,
    /// Some files of a proposal were accepted or rejected, or edited.
    #[error("decided on in part ({0}), while a recording is taken whole")]
    Partial(Partial),
    /// Another text than was recorded.
    #[error("the text is not what was recorded on {}", list(.0))]
    Edited(Vec<Version>),
    /// No file has the text.
    #[error("the file is gone, and with it the text that was recorded on {}", list(.0))]
    Missing(Vec<Version>),
    /// The text is in another file, as after a merge.
    #[error("the text that belongs here is in another file")]
    Displaced,
    /// The same text as in the file before, as after a merge.
    #[error("the same text as {0}, which holds until here anyway")]
    Repeats(Point),
    /// No recording leads to this file.
    #[error("no recording leads to this file")]
    Unexplained,
    /// Same text, other header; or a ledger with other spacing.
    #[error("not written as `rehearsal record` writes it: the title, a step's name or the file was changed since")]
    NotAsWritten,
    /// A step that the scenario does not have.
    #[error("the scenario has no step `{0}`")]
    UnknownStep(String),
    /// Other steps ran when this version was recorded.
    #[error("{version} was recorded with other steps: plan {recorded}, now {now}")]
    Stale {
        /// The version.
        version: Version,
        /// The plan it was recorded with.
        recorded: Digest,
        /// The plan it has now.
        now: Digest,
    },
    /// The scenario says nothing about a version that was recorded.
    #[error("the scenario is not for {0}")]
    OutOfRange(Version),
    /// There is no scenario for a folder.
    #[error("no scenario has this folder")]
    UnknownScenario,
}

impl Problem {
    /// Whether the snapshots can be relied on all the same.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Waiting)
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Snapshot(Refusal::Conflict { .. }) => "resolve the merge: take one side, then run `rehearsal prune`",
            Self::Unreadable(_) | Self::Snapshot(_) => "restore it from version control, or remove it and record again",
            Self::Ledger(_) => "mend it by hand: a line a recording, each release once; or restore it",
            Self::NoLedger => "restore the ledger from version control, or record again",
            Self::Misnamed => "rename or remove it",
            Self::LeftOver => "remove it; the next recording does as well",
            Self::Waiting => "`rehearsal review` shows it",
            Self::Unsettled => "run the scenario, or `rehearsal review`, before you commit",
            Self::Partial(_) => "`rehearsal review accept` takes the rest, `rehearsal review reject` drops it",
            Self::Edited(_) => {
                "restore the file, or record those versions again: only what a cluster showed is a snapshot"
            }
            Self::Missing(_) => "restore the file, or record those versions again",
            Self::Displaced | Self::Repeats(_) | Self::Unexplained | Self::NotAsWritten => {
                "`rehearsal prune` puts it right, without a cluster"
            }
            Self::UnknownStep(_) => "if the step was renamed, record again; the old files go when no version has them",
            Self::Stale { .. } => "record this version again",
            Self::OutOfRange(_) => "`rehearsal prune` drops it, or widen `kubernetes:`",
            Self::UnknownScenario => "remove the folder, or move it to where the scenario went",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

fn list(versions: &[Version]) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Folders that belong to none of `known`: scenarios that were removed or moved.
///
/// # Errors
/// When a folder cannot be listed.
pub fn orphans(store: &Store, known: &BTreeSet<ScenarioId>) -> Result<Vec<Finding>, StoreError> {
    let mut ids = store.scenarios()?;
    ids.retain(|id| !known.contains(id));
    let finding =
        |id: ScenarioId| Finding { path: store.folder(&id).path, line: None, problem: Problem::UnknownScenario };
    Ok(ids.into_iter().map(finding).collect())
}

/// What is wrong with the folder of one scenario, by file.
///
/// # Errors
/// When the folder cannot be listed; files that cannot be read are findings.
pub fn scenario(store: &Store, known: Known<'_>) -> Result<Vec<Finding>, StoreError> {
    let folder = store.folder(&known.subject.id);
    let Some(lock) = folder.lock_shared()? else { return Ok(Vec::new()) };
    let mut contents = folder.scan(&lock)?;
    drop(lock);
    let refused = std::mem::take(&mut contents.refused);
    let unusable = refused.keys().cloned().collect();
    let mut examination = Examination { folder: folder.path, contents: &contents, unusable, findings: Vec::new() };
    for (name, trouble) in refused {
        let (line, problem) = match trouble {
            Trouble::Unreadable(error) => (None, Problem::Unreadable(error)),
            Trouble::Snapshot(refusal) => (refusal.line(), Problem::Snapshot(refusal)),
            Trouble::Ledger(error) => (error.line, Problem::Ledger(error)),
        };
        examination.add(name, line, problem);
    }
    examination.rest(known);
    examination.findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(examination.findings)
}

struct Examination<'a> {
    folder: Utf8PathBuf,
    contents: &'a Contents,
    unusable: BTreeSet<String>,
    findings: Vec<Finding>,
}

impl Examination<'_> {
    fn add(&mut self, name: impl fmt::Display, line: Option<usize>, problem: Problem) {
        self.findings.push(Finding { path: self.folder.join(name.to_string()), line, problem });
    }

    fn rest(&mut self, known: Known<'_>) {
        let contents = self.contents;
        for name in &contents.misnamed {
            self.add(name, None, Problem::Misnamed);
        }
        for name in contents.files.keys().filter(|name| FileName::of(name) == FileName::Temporary) {
            self.add(name, None, Problem::LeftOver);
        }
        // Nothing can be said of files whose ledger is not known.
        if self.unusable.contains(LEDGER) || self.unusable.contains(PENDING_LEDGER) {
            return;
        }
        if self.proposal() {
            let recorded = contents.recorded().described(known.subject);
            self.files(&recorded);
            self.recordings(&recorded, known);
        }
    }

    /// Whether the accepted files can be examined by the ledger beside them.
    fn proposal(&mut self) -> bool {
        let Proposal { changed, standing, .. } = Proposal::of(self.contents);
        for point in self.contents.news.keys().filter(|point| !changed.contains_key(*point)) {
            self.add(point.pending(), None, Problem::LeftOver);
        }
        let problem = match standing {
            Standing::Nothing => return true,
            Standing::Waiting => Problem::Waiting,
            Standing::Accepted | Standing::Rejected => Problem::Unsettled,
            Standing::Partial(partial) => Problem::Partial(partial),
        };
        let examinable = matches!(problem, Problem::Waiting);
        self.add(PENDING_LEDGER, None, problem);
        examinable
    }

    fn files(&mut self, recorded: &Recorded) {
        let contents = self.contents;
        if !contents.files.contains_key(LEDGER) {
            if !contents.snaps.is_empty() {
                self.add("", None, Problem::NoLedger);
            }
            return;
        }
        let (points, files) = (recorded.ledger.points(), recorded.files());
        let mut lost: BTreeMap<Point, Vec<Version>> = BTreeMap::new();
        for missing in recorded.missing() {
            lost.entry(missing.point).or_default().push(missing.version);
        }
        for (point, digest) in &points {
            let name = point.to_string();
            let here = contents.snaps.get(point).map(|stored| stored.text.digest());
            match lost.remove(point) {
                _ if self.unusable.contains(&name) => {}
                Some(versions) if here.is_some() => self.add(name, None, Problem::Edited(versions)),
                Some(versions) => self.add(name, None, Problem::Missing(versions)),
                None if here != Some(*digest) => self.add(name, None, Problem::Displaced),
                None if contents.files.get(&name) != files.get(&name) => self.add(name, None, Problem::NotAsWritten),
                None => {}
            }
        }
        if contents.files.get(LEDGER) != files.get(LEDGER) {
            self.add(LEDGER, None, Problem::NotAsWritten);
        }
        for (point, stored) in contents.snaps.iter().filter(|(point, _)| !points.contains_key(*point)) {
            let below = contents.snaps.range(..point).next_back();
            let same = below.filter(|(below, other)| below.series == point.series && other.text == stored.text);
            let problem = same.map_or(Problem::Unexplained, |(below, _)| Problem::Repeats(below.clone()));
            self.add(point, None, problem);
        }
    }

    fn recordings(&mut self, recorded: &Recorded, known: Known<'_>) {
        let contents = self.contents;
        for point in contents.snaps.keys().filter(|point| !known.subject.steps.contains_key(&point.series)) {
            self.add(point, None, Problem::UnknownStep(point.series.to_string()));
        }
        let text = contents.files.get(LEDGER).map_or("", String::as_str);
        for line in recorded.ledger.lines() {
            let version = line.version.clone();
            let problem = match (known.plan)(&version) {
                None => Problem::OutOfRange(version),
                Some(now) if now != line.entry.plan => Problem::Stale { version, recorded: line.entry.plan, now },
                Some(_) => continue,
            };
            self.add(LEDGER, line_of(text, &line.version.to_string()), problem);
        }
    }
}
