//! The store: every way in and out of the folders, each under the folder's lock.
//!
//! Whoever comes next completes what `cargo insta review` left ([`super::pending`]), so each operation starts by
//! settling: an accepted proposal is put into the ledger, a rejected one dropped, one decided on in part is refused.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::batch::{Change, changes};
use super::error::StoreError;
use super::folder::{Contents, Folder, Lock, Written, is_pending};
use super::layout::{FileName, PENDING_LEDGER, Point, ScenarioId, Series};
use super::ledger::{Entry, Ledger};
use super::pending::{Proposal, Standing};
use super::recorded::{Files, Recorded, Subject, changed};
use super::text::Text;
use crate::version::Version;

/// The snapshots below a folder, one folder per scenario.
#[derive(Debug, Clone)]
pub struct Store {
    root: Utf8PathBuf,
}

/// Whether the accepted files are left as they were found or written anew.
#[derive(Debug, Clone, Copy)]
enum Base {
    AsFound,
    Written,
}

/// A folder after the outcome of a review was taken into account.
struct Settled {
    recorded: Recorded,
    /// The lines that still wait.
    undecided: Ledger,
    /// As found, unless the acceptance of a proposal has to be completed.
    base: Base,
}

impl Store {
    /// The store below `root`, which need not be there yet.
    pub fn open(root: impl Into<Utf8PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder it is in.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    pub(super) fn folder(&self, id: &ScenarioId) -> Folder {
        Folder { path: id.folder(&self.root) }
    }

    /// What was recorded of a scenario and accepted. Completes an acceptance or a rejection by `cargo insta` on the
    /// way; where the folder cannot be written, its outcome is given back all the same.
    ///
    /// # Errors
    /// When a file is there and cannot be used; a scenario nobody recorded is no error.
    pub fn scenario(&self, id: &ScenarioId) -> Result<Recorded, StoreError> {
        let folder = self.folder(id);
        let Some(lock) = folder.lock_shared()? else { return Ok(Recorded::default()) };
        let contents = folder.read(&lock)?;
        drop(lock);
        match Proposal::of(&contents).standing {
            Standing::Nothing | Standing::Waiting | Standing::Partial(_) => Ok(contents.recorded()),
            Standing::Accepted | Standing::Rejected => {
                match self.complete(id) {
                    Err(StoreError::Io { source, .. }) if is_read_only(&source) => {}
                    outcome => outcome?,
                }
                Ok(settle(id, &folder, &contents)?.recorded)
            }
        }
    }

    /// Writes down the outcome of a review by `cargo insta`, and nothing else.
    fn complete(&self, id: &ScenarioId) -> Result<(), StoreError> {
        let folder = self.folder(id);
        let Some(lock) = folder.lock()? else { return Ok(()) };
        let contents = folder.read(&lock)?;
        let Settled { recorded, undecided, base } = settle(id, &folder, &contents)?;
        install(&folder, &lock, &contents, &recorded, &undecided, base).map(drop)
    }

    /// The scenarios that have snapshots, or proposals for some, in order.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn scenarios(&self) -> Result<Vec<ScenarioId>, StoreError> {
        let mut found = Vec::new();
        self.collect(&self.root, &mut found)?;
        found.sort_unstable();
        Ok(found)
    }

    fn collect(&self, folder: &Utf8Path, found: &mut Vec<ScenarioId>) -> Result<(), StoreError> {
        let listing = |source| StoreError::Io { doing: "list", path: folder.to_owned(), source };
        let entries = match folder.read_dir_utf8() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(listing)?,
        };
        let mut is_scenario = false;
        for entry in entries {
            let entry = entry.map_err(listing)?;
            if entry.file_type().map_err(listing)?.is_dir() {
                self.collect(entry.path(), found)?;
            } else {
                is_scenario |= FileName::of(entry.file_name()) != FileName::Other;
            }
        }
        let id = folder.strip_prefix(&self.root).ok().and_then(|id| id.as_str().parse().ok());
        found.extend(id.filter(|_| is_scenario));
        Ok(())
    }

    /// Records what the steps of a scenario showed on `version`. A step that is not in `texts` did not run there.
    /// Proposals for other versions go on waiting; one for this version is superseded.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or holds a proposal that was decided on in part.
    pub fn record(
        &self,
        subject: &Subject,
        version: &Version,
        entry: Entry,
        texts: BTreeMap<Series, Text>,
    ) -> Result<Written, StoreError> {
        self.update(&subject.id, |recorded| recorded.described(subject).with(version, entry, texts))
    }

    /// Changes what is recorded, and writes the files anew. `|recorded| recorded` repairs a folder after a merge;
    /// with [`Recorded::retain`] versions are dropped.
    ///
    /// # Errors
    /// As for [`Store::record`].
    pub fn update(&self, id: &ScenarioId, change: impl FnOnce(Recorded) -> Recorded) -> Result<Written, StoreError> {
        let folder = self.folder(id);
        let lock = folder.create()?;
        let contents = folder.read(&lock)?;
        let Settled { recorded, mut undecided, .. } = settle(id, &folder, &contents)?;
        let before = recorded.ledger.clone();
        let recorded = change(recorded);
        // What was recorded just now was seen later than what was proposed for the same version.
        undecided.retain(|line| recorded.ledger.get(&line.version) == before.get(&line.version));
        install(&folder, &lock, &contents, &recorded, &undecided, Base::Written)
    }

    /// Proposes a recording for review: the whole set of files it would write, on top of what waits already.
    /// The accepted snapshots and the ledger stay as they are.
    ///
    /// # Errors
    /// As for [`Store::record`].
    pub fn propose(
        &self,
        subject: &Subject,
        version: &Version,
        entry: Entry,
        texts: BTreeMap<Series, Text>,
    ) -> Result<Written, StoreError> {
        let folder = self.folder(&subject.id);
        let lock = folder.create()?;
        let contents = folder.read(&lock)?;
        let Settled { recorded, undecided, base } = settle(&subject.id, &folder, &contents)?;
        let accepted = recorded.ledger.clone();
        let proposed = recorded.ledger.with(&undecided);
        let recorded = recorded.under(proposed).described(subject).with(version, entry, texts);
        let mut undecided = recorded.ledger.clone();
        undecided.retain(|line| accepted.get(&line.version) != Some(line));
        install(&folder, &lock, &contents, &recorded.under(accepted), &undecided, base)
    }

    /// Accepts what waits for review, of all versions or of one: writes its files and puts its lines into the ledger.
    ///
    /// # Errors
    /// When nothing waits, when a text was deleted in the meantime, or the folder cannot be read or written.
    pub fn accept(&self, id: &ScenarioId, version: Option<&Version>) -> Result<Written, StoreError> {
        let folder = self.folder(id);
        let lock = folder.lock()?.ok_or_else(|| nothing(id, version))?;
        let contents = folder.read(&lock)?;
        let proposal = decidable(id, &folder, &contents, version)?;
        let (mut taken, mut left) = (proposal.lines.clone(), proposal.lines);
        taken.retain(|line| version.is_none_or(|version| line.version == *version));
        left.retain(|line| taken.get(&line.version).is_none());
        let recorded = contents.recorded();
        let ledger = recorded.ledger.with(&taken);
        let recorded = recorded.under(ledger);
        let gone = |(point, digest): (Point, _)| recorded.text(&point.series, digest).is_none().then_some(point);
        let points: Vec<Point> = changed(&contents.ledger, &taken).into_iter().filter_map(gone).collect();
        if !points.is_empty() {
            return Err(StoreError::Incomplete { id: id.clone(), points });
        }
        install(&folder, &lock, &contents, &recorded, &left, Base::Written)
    }

    /// Drops what waits for review, of all versions or of one. The ledger and the accepted snapshots are not touched.
    ///
    /// # Errors
    /// When nothing waits, or the folder cannot be read or written.
    pub fn reject(&self, id: &ScenarioId, version: Option<&Version>) -> Result<Written, StoreError> {
        let folder = self.folder(id);
        let lock = folder.lock()?.ok_or_else(|| nothing(id, version))?;
        if version.is_none() {
            // By name and unread: this is the way out when the files of a proposal are broken.
            let mut names = folder.names(&lock)?;
            names.retain(|name| is_pending(name));
            // The lines first: if this is cut off, what is left is no proposal any more, and swept by the next write.
            names.sort_by_key(|name| name != PENDING_LEDGER);
            let removals: Vec<Change> = names.into_iter().map(|name| Change::Remove { name }).collect();
            if removals.is_empty() {
                return Err(nothing(id, None));
            }
            return folder.apply(&lock, &removals);
        }
        let contents = folder.read(&lock)?;
        let mut left = decidable(id, &folder, &contents, version)?.lines;
        left.retain(|line| version.is_some_and(|version| line.version != *version));
        install(&folder, &lock, &contents, &contents.recorded(), &left, Base::AsFound)
    }

    /// Tells `cargo insta test --unreferenced=delete` that all snapshots of a scenario are in use, of every version:
    /// appends them to the file that `INSTA_SNAPSHOT_REFERENCES_FILE` names.
    ///
    /// # Errors
    /// When the folder cannot be listed or the file not be written.
    pub fn reference(&self, ids: &[ScenarioId], file: &Utf8Path) -> Result<(), StoreError> {
        let mut paths = String::new();
        for id in ids {
            let folder = self.folder(id);
            let Some(lock) = folder.lock_shared()? else { continue };
            for name in folder.names(&lock)? {
                if matches!(FileName::of(&name), FileName::Snapshot(_)) {
                    let path = folder.path.join(name);
                    // cargo-insta reads the paths from another working folder than ours.
                    let path = camino::absolute_utf8(&path).unwrap_or(path);
                    paths.push_str(path.as_str());
                    paths.push('\n');
                }
            }
        }
        // One write, so that lines of test processes that run at once do not mix.
        let append = || std::fs::OpenOptions::new().append(true).create(true).open(file)?.write_all(paths.as_bytes());
        append().map_err(|source| StoreError::Io { doing: "append to", path: file.to_owned(), source })
    }
}

/// Takes the outcome of a review into account. Nothing is written yet.
fn settle(id: &ScenarioId, folder: &Folder, contents: &Contents) -> Result<Settled, StoreError> {
    let recorded = contents.recorded();
    let Proposal { lines, standing, .. } = Proposal::of(contents);
    match standing {
        Standing::Nothing | Standing::Rejected => {
            Ok(Settled { recorded, undecided: Ledger::default(), base: Base::AsFound })
        }
        Standing::Waiting => Ok(Settled { recorded, undecided: lines, base: Base::AsFound }),
        Standing::Accepted => {
            let ledger = recorded.ledger.with(&lines);
            Ok(Settled { recorded: recorded.under(ledger), undecided: Ledger::default(), base: Base::Written })
        }
        Standing::Partial(partial) => {
            Err(StoreError::Partial { id: id.clone(), path: folder.path.clone(), partial: partial.into() })
        }
    }
}

/// The proposal, if it can be decided on: whole, or the part of `version`.
fn decidable(
    id: &ScenarioId,
    folder: &Folder,
    contents: &Contents,
    version: Option<&Version>,
) -> Result<Proposal, StoreError> {
    let proposal = Proposal::of(contents);
    let none = match version {
        None => proposal.lines.is_empty(),
        Some(version) => proposal.lines.get(version).is_none(),
    };
    match &proposal.standing {
        Standing::Partial(partial) if version.is_some() => {
            Err(StoreError::Partial { id: id.clone(), path: folder.path.clone(), partial: partial.clone().into() })
        }
        _ if none => Err(nothing(id, version)),
        _ => Ok(proposal),
    }
}

fn nothing(id: &ScenarioId, version: Option<&Version>) -> StoreError {
    StoreError::NothingPending { id: id.clone(), version: version.cloned() }
}

/// Brings the folder to `recorded`, with `lines` waiting for review.
fn install(
    folder: &Folder,
    lock: &Lock,
    contents: &Contents,
    recorded: &Recorded,
    lines: &Ledger,
    base: Base,
) -> Result<Written, StoreError> {
    let accepted = |name: &str| matches!(FileName::of(name), FileName::Snapshot(_) | FileName::Ledger);
    let mut after: Files = match base {
        Base::AsFound => contents.files.iter().filter(|(name, _)| accepted(name)).map(own).collect(),
        Base::Written => recorded.files(),
    };
    // While the text of a step is missing, a file of that step which nobody explains may be the one that was edited.
    let missing = recorded.missing();
    for point in contents.snaps.keys() {
        let name = point.to_string();
        if missing.iter().any(|missing| missing.point.series == point.series) && !after.contains_key(&name) {
            after.extend(contents.files.get_key_value(&name).map(own));
        }
    }
    after.extend(recorded.pending_files(lines));
    folder.apply(lock, &changes(&contents.files, &after))
}

fn own((name, contents): (&String, &String)) -> (String, String) {
    (name.clone(), contents.clone())
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}
