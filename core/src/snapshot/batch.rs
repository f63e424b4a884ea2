//! From the files that are there to the files that should be: the order of the writes, and each write whole.
//!
//! A batch may be cut off after any write. The order makes sure that no text which a line of the ledger needs is gone
//! by then: files with later labels come first, since a text that loses its file to another one can only move to a
//! later label; then the ledger; what nobody needs any more goes last. See `crash` in the tests for the proof by
//! exhaustion.

use std::cmp::Reverse;
use std::io::{self, Write as _};

use camino::Utf8Path;

use super::layout::{FileName, TEMPORARY};
use super::recorded::Files;

/// One change to a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Write { name: String, contents: String },
    Remove { name: String },
}

/// The changes that turn `before` into `after`, in the order that is safe.
pub(super) fn changes(before: &Files, after: &Files) -> Vec<Change> {
    let writes = after.iter().filter(|(name, contents)| before.get(*name) != Some(contents));
    let mut writes: Vec<_> = writes.map(|(name, contents)| (name.clone(), contents.clone())).collect();
    writes.sort_by_cached_key(|(name, _)| order(name));
    let mut removals: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
    removals.sort_by_cached_key(|name| order(name));
    let writes = writes.into_iter().map(|(name, contents)| Change::Write { name, contents });
    writes.chain(removals.into_iter().map(|name| Change::Remove { name })).collect()
}

fn order(name: &str) -> impl Ord + use<> {
    match FileName::of(name) {
        FileName::Snapshot(point) => (0, Some(Reverse(point.label))),
        FileName::Ledger => (1, None),
        FileName::PendingSnapshot(point) => (2, Some(Reverse(point.label))),
        // Last, both ways: it says that a proposal is complete, and until it is gone an acceptance is not.
        _ => (3, None),
    }
}

/// Makes one change in `folder`. A file is old or new at any moment, and complete.
pub(super) fn apply(folder: &Utf8Path, change: &Change) -> io::Result<()> {
    match change {
        Change::Write { name, contents } => {
            let mut file = new_file(folder)?;
            file.write_all(contents.as_bytes())?;
            file.as_file().sync_data()?;
            file.persist(folder.join(name)).map(drop).map_err(|error| error.error)
        }
        Change::Remove { name } => match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        },
    }
}

fn new_file(folder: &Utf8Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // tempfile's own default is for secrets; these are files of a working tree, and the umask applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[(&str, &str)]) -> Files {
        names.iter().map(|(name, contents)| ((*name).to_owned(), (*contents).to_owned())).collect()
    }

    #[test]
    fn later_labels_first_then_the_ledger_and_removals_last() {
        let before = files(&[
            ("a@v1.22.snap", "1"),
            ("b@v1.23.snap", "1"),
            ("c@v1.23.snap.new", "1"),
            ("recorded.yaml", "1"),
            ("recorded.yaml.new", "1"),
        ]);
        let after = files(&[
            ("a@v1.22.snap", "2"),
            ("a@v1.34.2.snap", "1"),
            ("a@v1.34.snap", "3"),
            ("d@v1.23.snap.new", "1"),
            ("recorded.yaml", "2"),
            ("recorded.yaml.new", "2"),
        ]);
        let name = |change| match change {
            Change::Write { name, .. } => name,
            Change::Remove { name } => format!("-{name}"),
        };
        let order: Vec<String> = changes(&before, &after).into_iter().map(name).collect();
        assert_eq!(
            order,
            [
                "a@v1.34.2.snap",
                "a@v1.34.snap",
                "a@v1.22.snap",
                "recorded.yaml",
                "d@v1.23.snap.new",
                "recorded.yaml.new",
                "-b@v1.23.snap",
                "-c@v1.23.snap.new"
            ]
        );
        let order: Vec<String> = changes(&before, &Files::new()).into_iter().map(name).collect();
        assert_eq!(order.last().map(String::as_str), Some("-recorded.yaml.new"));
        assert_eq!(changes(&after, &after), []);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        // A folder in the way fails the rename: the last moment at which a write can fail.
        std::fs::create_dir_all(folder.join("a@v1.22.snap/x")).unwrap();
        let change = Change::Write { name: "a@v1.22.snap".to_owned(), contents: "new".to_owned() };
        apply(folder, &change).unwrap_err();
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_the_mode_of_a_working_tree() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        apply(path, &Change::Write { name: "x".to_owned(), contents: String::new() }).unwrap();
        std::fs::write(path.join("y"), "").unwrap();
        let mode = |name: &str| path.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode("x"), mode("y"));
    }
}
