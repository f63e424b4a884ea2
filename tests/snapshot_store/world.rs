//! A store in a folder of its own, with one scenario of three steps.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use rehearsal::snapshot::{
    Digest, Entry, LookUp, ScenarioId, Series, StepName, Store, StoreError, Subject, Text, Written,
};
use rehearsal::version::Version;

/// What a cluster of some version showed: step and text.
pub(crate) type Shown<'a> = &'a [(&'a str, &'a str)];

pub(crate) struct World {
    _root: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) subject: Subject,
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub(crate) fn series(step: &str) -> Series {
    step.parse().unwrap()
}

pub(crate) fn id() -> ScenarioId {
    "tokens/pod-bound".parse().unwrap()
}

pub(crate) fn subject() -> Subject {
    let steps = [("list", 9), ("review", 14), ("token", 20)];
    let step = |(name, line): (&str, u32)| (series(name), StepName { name: name.to_owned(), line: Some(line) });
    Subject {
        id: id(),
        source: "scenarios/tokens/pod-bound.yaml".to_owned(),
        title: "A token bound to a Pod".to_owned(),
        steps: steps.map(step).into(),
    }
}

pub(crate) fn plan() -> Digest {
    Digest::of("the plan")
}

pub(crate) fn entry() -> Entry {
    Entry { cluster: "local".to_owned(), etcd: Some("3.5.24".to_owned()), plan: plan(), answered: BTreeMap::new() }
}

pub(crate) fn texts(shown: Shown<'_>) -> BTreeMap<Series, Text> {
    shown.iter().map(|(step, text)| (series(step), Text::new(text).unwrap())).collect()
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(Utf8PathBuf::from_path_buf(root.path().to_owned()).unwrap());
        Self { _root: root, store, subject: subject() }
    }

    /// A store that was recorded on some versions.
    pub(crate) fn recorded(recordings: &[(&str, Shown<'_>)]) -> Self {
        let world = Self::new();
        for (at, shown) in recordings {
            world.record(at, shown).unwrap();
        }
        world
    }

    pub(crate) fn record(&self, at: &str, shown: Shown<'_>) -> Result<Written, StoreError> {
        self.store.record(&self.subject, &version(at), entry(), texts(shown))
    }

    pub(crate) fn propose(&self, at: &str, shown: Shown<'_>) -> Result<Written, StoreError> {
        self.store.propose(&self.subject, &version(at), entry(), texts(shown))
    }

    pub(crate) fn folder(&self) -> Utf8PathBuf {
        self.store.root().join("tokens/pod-bound")
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder().join(name)
    }

    /// Names and contents of all files.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        files(&self.folder())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    /// `cargo insta accept` of one file: insta reads it, saves it under its name, and removes the `.new`.
    pub(crate) fn insta_accept(&self, name: &str) {
        let new = self.path(&format!("{name}.new"));
        insta::Snapshot::from_file(new.as_std_path()).unwrap().save(self.path(name).as_std_path()).unwrap();
        fs::remove_file(new).unwrap();
    }

    /// `cargo insta reject` of one file.
    pub(crate) fn insta_reject(&self, name: &str) {
        fs::remove_file(self.path(&format!("{name}.new"))).unwrap();
    }

    /// What a look-up finds, in words.
    pub(crate) fn look_up(&self, step: &str, at: &str) -> String {
        let recorded = self.store.scenario(&id()).unwrap();
        match recorded.look_up(&series(step), &version(at)) {
            LookUp::Seen { since, text } => format!("{text} seen, since {since}"),
            LookUp::Assumed { from, since, text } => format!("{text} assumed from {from}, since {since}"),
            LookUp::Edited { from, since, text } => format!("{text} edited, {from}, since {since}"),
            LookUp::Unrecorded => "unrecorded".to_owned(),
        }
    }
}

pub(crate) fn files(folder: &Utf8Path) -> BTreeMap<String, String> {
    let Ok(entries) = folder.read_dir_utf8() else { return BTreeMap::new() };
    let read = |entry: camino::Utf8DirEntry| (entry.file_name().to_owned(), fs::read_to_string(entry.path()).unwrap());
    entries.map(|entry| read(entry.unwrap())).collect()
}
