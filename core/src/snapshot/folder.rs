//! The folder of one scenario: its lock, and all of its files at one moment.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use camino::Utf8PathBuf;

use super::batch::{self, Change};
use super::error::StoreError;
use super::format::{self, Refusal, Stored};
use super::layout::{FileName, PENDING_LEDGER, Point};
use super::ledger::{Ledger, LedgerError};
use super::recorded::{Files, Recorded};

/// A scenario's folder, which need not be there.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) path: Utf8PathBuf,
}

/// The lock on a folder, held until it is dropped; the kernel frees it if we are killed.
#[derive(Debug)]
#[must_use]
pub(super) struct Lock {
    _handle: File,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) ledger: Ledger,
    pub(super) pending: Ledger,
    pub(super) snaps: BTreeMap<Point, Stored>,
    pub(super) news: BTreeMap<Point, Stored>,
    /// Names that end like snapshots and are none.
    pub(super) misnamed: Vec<String>,
    /// What cannot be used, by name.
    pub(super) refused: BTreeMap<String, Trouble>,
    /// All files above as they are on disk, and writes that were cut off: what a batch starts from.
    pub(super) files: Files,
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It cannot be read, or is no UTF-8.
    Unreadable(io::Error),
    Snapshot(Refusal),
    Ledger(LedgerError),
}

impl Contents {
    /// The recordings, and beside them the texts that wait for review.
    pub(super) fn recorded(&self) -> Recorded {
        Recorded::new(self.ledger.clone(), &self.snaps, &self.news)
    }
}

impl Folder {
    /// Keeps writers out while the folder is read; `None` where there is no folder.
    pub(super) fn lock_shared(&self) -> Result<Option<Lock>, StoreError> {
        self.lock_by(File::lock_shared)
    }

    /// Keeps everybody out while the folder is read and written; `None` where there is no folder.
    ///
    /// The folder itself is what is locked: a lock file would be one more thing in the user's working tree. So folders
    /// are never removed, or somebody could hold the lock of one that is gone.
    pub(super) fn lock(&self) -> Result<Option<Lock>, StoreError> {
        self.lock_by(File::lock)
    }

    /// As [`Folder::lock`], making the folder where there is none.
    pub(super) fn create(&self) -> Result<Lock, StoreError> {
        std::fs::create_dir_all(&self.path).map_err(self.error("create"))?;
        self.lock()?.ok_or_else(|| self.error("lock")(io::ErrorKind::NotFound.into()))
    }

    fn lock_by(&self, lock: fn(&File) -> io::Result<()>) -> Result<Option<Lock>, StoreError> {
        match File::open(&self.path) {
            Ok(handle) => {
                lock(&handle).map_err(self.error("lock"))?;
                Ok(Some(Lock { _handle: handle }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error("open")(error)),
        }
    }

    /// Reads all files; the first that cannot be used is an error.
    pub(super) fn read(&self, lock: &Lock) -> Result<Contents, StoreError> {
        let mut contents = self.scan(lock)?;
        let Some((name, trouble)) = contents.refused.pop_first() else { return Ok(contents) };
        let path = self.path.join(name);
        Err(match trouble {
            Trouble::Unreadable(source) => StoreError::Io { doing: "read", path, source },
            Trouble::Snapshot(refusal) => StoreError::Snapshot { path, refusal },
            Trouble::Ledger(error) => StoreError::Ledger { path, error },
        })
    }

    /// Reads all files, setting aside those that cannot be used.
    pub(super) fn scan(&self, lock: &Lock) -> Result<Contents, StoreError> {
        let mut contents = Contents::default();
        for name in self.names(lock)? {
            match FileName::of(&name) {
                FileName::Other => {}
                FileName::Misnamed => contents.misnamed.push(name),
                FileName::Temporary => drop(contents.files.insert(name, String::new())),
                kind => match std::fs::read_to_string(self.path.join(&name)) {
                    Ok(text) => contents.take(name, kind, text),
                    Err(error) => drop(contents.refused.insert(name, Trouble::Unreadable(error))),
                },
            }
        }
        contents.refuse_merges();
        Ok(contents)
    }

    /// The names of the files in it.
    pub(super) fn names(&self, _: &Lock) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in self.path.read_dir_utf8().map_err(self.error("list"))? {
            let entry = entry.map_err(self.error("list"))?;
            // A scenario `tokens` may stand beside the folder `tokens/` of others.
            if !entry.file_type().map_err(self.error("list"))?.is_dir() {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Makes the changes in their order and gives back the paths that were written and removed.
    pub(super) fn apply(&self, _: &Lock, changes: &[Change]) -> Result<Written, StoreError> {
        let mut written = Written::default();
        for change in changes {
            let (doing, name, list) = match change {
                Change::Write { name, .. } => ("write", name, &mut written.written),
                Change::Remove { name } => ("remove", name, &mut written.removed),
            };
            let path = self.path.join(name);
            match batch::apply(&self.path, change) {
                Ok(()) => list.push(path),
                Err(source) => return Err(StoreError::Io { doing, path, source }),
            }
        }
        written.written.sort_unstable();
        written.removed.sort_unstable();
        Ok(written)
    }

    fn error(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |source| StoreError::Io { doing, path, source }
    }
}

impl Contents {
    fn take(&mut self, name: String, kind: FileName, text: String) {
        let snapshot = |text: &str| format::read(text).map_err(Trouble::Snapshot);
        let ledger = |text: &str| Ledger::parse(text).map_err(Trouble::Ledger);
        let taken = match kind {
            FileName::Ledger => ledger(&text).map(|ledger| self.ledger = ledger),
            FileName::PendingLedger => ledger(&text).map(|ledger| self.pending = ledger),
            FileName::Snapshot(point) => snapshot(&text).map(|stored| drop(self.snaps.insert(point, stored))),
            FileName::PendingSnapshot(point) => snapshot(&text).map(|stored| drop(self.news.insert(point, stored))),
            FileName::Temporary | FileName::Misnamed | FileName::Other => return,
        };
        match taken {
            Ok(()) => drop(self.files.insert(name, text)),
            Err(trouble) => drop(self.refused.insert(name, trouble)),
        }
    }

    /// Refuses what looks like an unresolved merge, unless it is what a step showed: the digest tells.
    fn refuse_merges(&mut self) {
        let known = |point: &Point, stored: &Stored| {
            let digest = stored.text.digest();
            self.ledger.knows(&point.series, digest) || self.pending.knows(&point.series, digest)
        };
        for (point, stored) in self.snaps.iter().chain(&self.news) {
            if let Some(line) = stored.markers.filter(|_| !known(point, stored)) {
                let trouble = Trouble::Snapshot(Refusal::Conflict { line });
                self.refused.insert(point.to_string(), trouble);
            }
        }
    }
}

/// What a write did to the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The files that are new or have other contents than before.
    pub written: Vec<Utf8PathBuf>,
    /// The files that are gone.
    pub removed: Vec<Utf8PathBuf>,
}

/// The names that only a proposal uses.
pub(super) fn is_pending(name: &str) -> bool {
    name == PENDING_LEDGER || matches!(FileName::of(name), FileName::PendingSnapshot(_))
}
