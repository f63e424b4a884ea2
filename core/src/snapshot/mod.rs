//! What the steps of a scenario showed, and since which version.
//!
//! The input is what was seen: for an exact version the text of each step that ran there. The files below
//! `snapshots/SCENARIO/` are a pure function of all that was seen, never a log of how it came about:
//!
//! - `recorded.yaml`, the ledger: a line a recording, with the digest of each step's text;
//! - `STEP@vX.Y.snap`: the text that the step shows from vX.Y on, until the next file of that step. There is a file
//!   wherever a recording shows something else than the one before it. Before vX.Y, and wherever a line of the ledger
//!   lacks the step, nothing is claimed.
//!
//! Two laws follow, and are tested: recording in any order gives the same bytes, and reading a folder and writing it
//! again changes nothing. A step that does not run on a version (its `when` says so) is *absent*: its line lacks it.
//! Absence needs no file and no plan to be read back, it ends the text of the version before, and a line depends on no
//! other line. The digests make the rest robust: a text is found under whatever label a merge left it, and a file that
//! was edited, lost or half merged is told from one that was recorded.
//!
//! `text`, `label` and `layout` are the words, `format` is one file, `ledger` and `recorded` are the pure function,
//! `batch` and `folder` the disk, `pending` and `changes` what waits for review, `store` the operations, [`lint`] the
//! examination. Nothing outside knows the name or the format of a file.

mod batch;
mod changes;
pub mod diff;
mod error;
mod folder;
mod format;
mod label;
#[cfg(test)]
mod laws;
mod layout;
mod ledger;
pub mod lint;
mod pending;
mod policy;
mod recorded;
mod store;
mod text;

pub use changes::{ChangeSet, FileChange, Meaning, Recording};
pub use error::StoreError;
pub use folder::Written;
pub use format::Refusal;
pub use label::{Label, LabelError};
pub use layout::{NameError, Point, ScenarioId, Series};
pub use ledger::{Entry, LedgerError};
pub use pending::{Partial, Standing};
pub use policy::{Difference, UnknownPolicy, Update, UpdatePolicy};
pub use recorded::{LookUp, Missing, Recorded, StepName, Subject};
pub use store::Store;
pub use text::{Digest, DigestError, EmptyText, Text};
