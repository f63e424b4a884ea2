//! Scenarios with recordings for tests, without a disk but for the scenario.

use std::collections::BTreeMap;

use crate::scenario::{self, ScenarioFile};
use crate::snapshot::{Digest, Entry, Recorded, Text};
use crate::version::Version;

/// What was seen: on which version which step showed what.
pub(crate) type Seen<'a> = &'a [(&'a str, &'a [(&'a str, &'a str)])];

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// The scenarios of a file called `demo.yaml`.
pub(crate) fn scenarios(text: &str) -> Vec<ScenarioFile> {
    let folder = tempfile::tempdir().unwrap();
    let path = camino::Utf8Path::from_path(folder.path()).unwrap().join("demo.yaml");
    std::fs::write(&path, text).unwrap();
    scenario::load(&[path]).unwrap()
}

pub(crate) fn recorded(seen: Seen<'_>) -> Recorded {
    seen.iter().fold(Recorded::default(), |recorded, (at, texts)| {
        let entry =
            Entry { cluster: "local".to_owned(), etcd: None, plan: Digest::of("plan"), answered: BTreeMap::default() };
        let texts = texts.iter().map(|(step, text)| (step.parse().unwrap(), Text::new(text).unwrap()));
        recorded.with(&version(at), entry, texts.collect())
    })
}
