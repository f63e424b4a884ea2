//! What can go wrong between the store and the disk.

use std::io;

use camino::Utf8PathBuf;

use super::format::Refusal;
use super::layout::{Point, ScenarioId};
use super::ledger::LedgerError;
use super::pending::Partial;
use crate::version::Version;

/// Why the store could not do what it was asked. Nothing that was recorded before is lost by any of these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("cannot {doing} {path}: {source}{}", advice(doing, source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file or folder.
        path: Utf8PathBuf,
        /// What came back.
        source: io::Error,
    },
    /// A snapshot file cannot be taken for one.
    #[error(
        "cannot use the snapshot {path}: {refusal}; restore it from version control, or remove it and record again"
    )]
    Snapshot {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// A ledger cannot be read.
    #[error("cannot use the ledger {path}{}: {error}; {}", at(error.line), if error.line.is_some() {
        "mend that line, or remove it and record that version again"
    } else {
        "restore it from version control, or remove it and record again"
    })]
    Ledger {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        error: LedgerError,
    },
    /// Some files of a proposal were accepted and others were not.
    #[error(
        "the snapshots that wait for review in {path} were decided on in part ({partial}): a recording is taken whole; \
         run `rehearsal review accept {id}` for the rest of it, or `rehearsal review reject {id}` and restore {path} \
         from version control"
    )]
    Partial {
        /// The scenario.
        id: ScenarioId,
        /// Its folder.
        path: Utf8PathBuf,
        /// Which files are where.
        partial: Box<Partial>,
    },
    /// A proposal cannot be accepted any more.
    #[error(
        "cannot accept the snapshots of {id}: the text of {} is gone; \
         run `rehearsal review reject {id}` and the scenario again", points.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Incomplete {
        /// The scenario.
        id: ScenarioId,
        /// The files whose text is in no file.
        points: Vec<Point>,
    },
    /// There is nothing to accept or to reject.
    #[error("nothing of {id}{} waits for review; `rehearsal review` lists what does", of(version.as_ref()))]
    NothingPending {
        /// The scenario.
        id: ScenarioId,
        /// The version that was asked for, if one was.
        version: Option<Version>,
    },
}

fn advice(doing: &str, source: &io::Error) -> &'static str {
    let reads = matches!(doing, "open" | "read" | "list" | "lock");
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem if !reads => {
            "; make the folder writable, or run with INSTA_UPDATE=no, which only reads"
        }
        io::ErrorKind::Unsupported if doing == "lock" => {
            "; its file system has no locks, keep snapshots on one that has"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; make room and do it again, what was recorded before is still there"
        }
        _ => "",
    }
}

fn at(line: Option<usize>) -> String {
    line.map_or(String::new(), |line| format!(":{line}"))
}

fn of(version: Option<&Version>) -> String {
    version.map_or(String::new(), |version| format!(" on {version}"))
}
