//! The JSON Schema for editors is true: it takes every scenario that there is, refuses what is wrong in its shape, and knows the
//! fields that the program knows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

#[path = "support/json_schema.rs"]
mod json_schema;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use json_schema::Schema;
use rehearsal::action::KINDS;
use rehearsal::syntax::{Diagnostics, Source, parse};
use rehearsal::{reference, scenario, schema};
use serde_json::{Value, json};

/// The documents of a text, without their places.
fn documents(name: &str, text: &str) -> Result<Vec<Value>, Diagnostics> {
    Ok(parse(&Source::new(name, text))?.iter().map(|document| document.to_json()).collect())
}

#[track_caller]
fn takes(schema: &Value, name: &str, text: &str) {
    for document in documents(name, text).unwrap() {
        if let Err(mistake) = Schema(schema).check(&document) {
            panic!("{name}: {mistake}");
        }
    }
}

#[test]
fn every_scenario_and_example_is_taken() {
    let schema = schema::schema();
    let paths: BTreeSet<Utf8PathBuf> =
        scenario::load(&["scenarios".into()]).unwrap().into_iter().map(|file| file.path).collect();
    assert!(!paths.is_empty());
    for path in paths {
        takes(&schema, path.as_str(), &std::fs::read_to_string(&path).unwrap());
    }
    let topics = reference::sections().into_iter().flat_map(|section| section.topics);
    for topic in topics.filter(|topic| !topic.example.is_empty()) {
        takes(&schema, topic.name, &reference::as_scenario(topic.example, "an example"));
    }
    let readme = include_str!("../README.md").split("```yaml\n").skip(1);
    for block in readme.map(|rest| rest.split("```").next().unwrap()) {
        takes(&schema, "README.md", block);
    }
}

#[test]
fn classify() {
    let schema = schema::schema();
    for name in bad() {
        println!("{name}: {:?}", refusal(&schema, &name));
    }
}

/// The files of mistakes, by their paths below `tests/bad`.
fn bad() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let top = Utf8Path::new("tests/bad");
    for entry in top.read_dir_utf8().unwrap().map(Result::unwrap) {
        // Other folders hold the manifests of the file beside them.
        let is_case = entry.file_type().unwrap().is_dir() && !top.join(format!("{}.yaml", entry.file_name())).exists();
        let below = is_case.then(|| entry.path().read_dir_utf8().unwrap().map(|below| below.unwrap().into_path()));
        let paths = below.into_iter().flatten().chain([entry.path().to_owned()]);
        let files = paths.filter(|path| path.extension() == Some("yaml"));
        found.extend(files.map(|path| path.strip_prefix(top).unwrap().with_extension("").into_string()));
    }
    found
}

/// Why the schema refuses a file of mistakes.
fn refusal(schema: &Value, name: &str) -> Option<String> {
    let text = std::fs::read(format!("tests/bad/{name}.yaml")).unwrap();
    let documents = documents(name, &String::from_utf8_lossy(&text)).ok()?;
    documents.iter().find_map(|document| Schema(schema).check(document).err())
}
