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
use serde_json::Value;

/// The documents of a text, without their places.
fn documents(name: &str, text: &str) -> Result<Vec<Value>, Diagnostics> {
    Ok(parse(&Source::new(name, text))?.iter().map(rehearsal::syntax::Node::to_json).collect())
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
    takes(&schema, "init", include_str!("../src/cli/init/first.yaml"));
    let topics = reference::sections().into_iter().flat_map(|section| section.topics);
    for topic in topics.filter(|topic| !topic.example.is_empty()) {
        takes(&schema, topic.name, &reference::as_scenario(topic.example, "an example"));
    }
    let readme = include_str!("../README.md").split("```yaml\n").skip(1);
    for block in readme.map(|rest| rest.split("```").next().unwrap()) {
        takes(&schema, "README.md", block);
    }
}

/// Mistakes that no schema sees, by what would have to be known. All others it refuses.
const UNSEEN: &[(&str, &[&str])] = &[
    (
        "what YAML is: the file is no tree of values",
        &[
            "empty-file",
            "folder-all-mistakes/a",
            "utf8-invalid",
            "utf8-utf16",
            "yaml-alias-bomb",
            "yaml-deep-nesting",
            "yaml-deeper-key",
            "yaml-duplicate-key",
            "yaml-indentation",
            "yaml-missing-colon",
            "yaml-octal",
            "yaml-open-brace",
            "yaml-open-quote",
            "yaml-second-colon",
            "yaml-tab",
            "yaml-two-mistakes",
            "yaml-unknown-anchor",
            "yaml-unquoted-expression",
            "yaml-unquoted-template",
        ],
    ),
    (
        "what a text says: CEL, `${...}`, a shell, a range of versions, a name",
        &[
            "expression-assignment",
            "expression-function",
            "expression-in-expression",
            "expression-too-long",
            "expression-unclosed",
            "expression-words",
            "foreach-columns",
            "foreach-keys",
            "kind-not-in-v1",
            "run-is-not-filled-in",
            "step-name-is-a-word",
            "template-in-key",
            "template-open",
            "template-syntax",
            "unique-unusable",
            "version-words",
        ],
    ),
    (
        "another place of the file: what is set, named or declared there",
        &[
            "cluster-wide-undeclared",
            "during-names",
            "during-variables",
            "foreach-case-outside",
            "foreach-names-in-one-file",
            "foreach-variable-before-set",
            "foreach-variable-of-some-versions",
            "from-wrong",
            "scenario-ids-missing",
            "scenario-ids-twice",
            "step-duplicate-name",
            "step-name-overlaps-in-versions",
            "step-names-in-one-file",
            "unique-means-more",
            "upgrade-without-start",
            "upgrade-wrong",
            "variable-before-set",
            "variable-none",
            "variable-of-some-versions",
            "variable-own-answer",
            "variable-set-twice",
            "variable-unknown",
        ],
    ),
    (
        "what goes together: fields of one step, or of one manifest, that each are right",
        &[
            "apply-without-name",
            "cases-and-foreach",
            "foreach-nested",
            "holds-without-for",
            "manifest-name-twice",
            "named-step-with-several-objects",
            "snapshot-without-name",
            "until-and-holds",
            "until-on-create",
            "until-on-wait",
            "update-without-name",
            "within-without-until",
        ],
    ),
    ("versions: what never runs", &["cases-never-run", "foreach-never-runs", "step-never-runs", "version-impossible"]),
    ("nothing: others of its folder are wrong", &["folder-all-mistakes/d"]),
    ("other files", &["fixture-folder-missing", "fixture-missing", "fixture-outside", "fixture-wrong-and-used-twice"]),
];

#[test]
fn what_is_wrong_in_its_shape_is_refused() {
    let schema = schema::schema();
    let unseen: BTreeSet<&str> = UNSEEN.iter().flat_map(|(_, names)| *names).copied().collect();
    let all = bad();
    let stale: Vec<_> = unseen.iter().filter(|name| !all.contains(**name)).collect();
    assert!(stale.is_empty(), "there is no {stale:?}");
    for name in &all {
        match (refusal(&schema, name), unseen.contains(name.as_str())) {
            (Some(_), false) | (None, true) => {}
            (None, false) => {
                panic!("{name} is taken: give its shape to the schema, or say in UNSEEN why that cannot be")
            }
            (Some(mistake), true) => panic!("{name} is refused, and in UNSEEN: {mistake}"),
        }
    }
}

/// A field that nothing knows, in every mapping whose fields the schema lists, and where that mapping is in the schema.
const STEPS: &[(&str, &str)] = &[
    ("/$defs/step", "zz: 1"),
    ("/$defs/expectation", "{get: {kind: Pod, name: p}, expect: {zz: 1}}"),
    ("/$defs/object/anyOf/1", "create: {file: a.yaml, zz: 1}"),
    ("/$defs/step/properties/as/anyOf/1", "{get: {kind: Pod, name: p}, as: {zz: 1}}"),
    (
        "/$defs/step/properties/as/anyOf/1/properties/certificate",
        "{get: {kind: Pod, name: p}, as: {certificate: {zz: 1}}}",
    ),
    ("/$defs/step/properties/run/anyOf/2", "run: {zz: 1}"),
    ("/$defs/step/properties/snapshot/anyOf/1", "{name: n, get: {kind: Pod, name: p}, snapshot: {zz: 1}}"),
    ("/$defs/step/properties/token/properties/boundTo", "token: {serviceAccount: a, boundTo: {zz: 1}}"),
    ("/$defs/step/properties/upgrade/anyOf/1", "upgrade: {zz: 1}"),
    ("/$defs/when/anyOf/1", "{get: {kind: Pod, name: p}, when: {zz: 1}}"),
];

/// The same of the scenario itself.
const FIELDS: &[(&str, &str)] = &[
    ("", "zz: 1"),
    ("/$defs/cluster", "cluster: {zz: 1}"),
    ("/$defs/cluster/properties/gates/additionalProperties/anyOf/1", "cluster: {gates: {Gate: {zz: 1}}}"),
    ("/$defs/cluster/properties/apiserver/additionalProperties/anyOf/1", "cluster: {apiserver: {flag: {zz: 1}}}"),
    (
        "/$defs/cluster/properties/controllerManager/additionalProperties/anyOf/1",
        "cluster: {controllerManager: {flag: {zz: 1}}}",
    ),
    ("/$defs/cluster/properties/scheduler/additionalProperties/anyOf/1", "cluster: {scheduler: {flag: {zz: 1}}}"),
];

#[test]
fn it_knows_the_fields_that_the_program_knows() {
    let schema = schema::schema();
    let mut probes: BTreeMap<String, String> = BTreeMap::new();
    let of_step = |step: &str| format!("scenario: S\nsteps:\n  - {step}\n");
    probes.extend(STEPS.iter().map(|(pointer, step)| ((*pointer).to_owned(), of_step(step))));
    let of_scenario = |field: &str| format!("{}{field}\n", of_step("get: {kind: Pod, name: p}"));
    probes.extend(FIELDS.iter().map(|(pointer, field)| ((*pointer).to_owned(), of_scenario(field))));
    let mut closed = Vec::new();
    find_closed(&schema, "", &mut closed);
    for kind in KINDS {
        let pointer = format!("/$defs/step/properties/{}", kind.key);
        if closed.contains(&pointer) {
            probes.insert(pointer, of_step(&format!("{}: {{zz: 1}}", kind.key)));
        }
    }
    assert_eq!(closed, probes.keys().cloned().collect::<Vec<_>>(), "a mapping of the schema is not looked at here");
    for (pointer, text) in probes {
        let properties = schema.pointer(&pointer).unwrap()["properties"].as_object().unwrap();
        assert_eq!(properties.keys().cloned().collect::<BTreeSet<_>>(), known(&text), "{pointer}: {text}");
    }
    let group = schema.pointer("/$defs/step/allOf/0/then/propertyNames/enum").unwrap();
    let group: BTreeSet<String> = serde_json::from_value(group.clone()).unwrap();
    assert_eq!(group, known(&of_step("{steps: [{get: {kind: Pod, name: p}}], zz: 1}")));
}

/// The places of all mappings that have no other fields than those listed.
fn find_closed(schema: &Value, at: &str, found: &mut Vec<String>) {
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        found.push(at.to_owned());
    }
    let below: Vec<(String, &Value)> = match schema {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in below {
        find_closed(value, &format!("{at}/{key}"), found);
    }
}

/// The fields that the program says it knows where it finds `zz`.
#[track_caller]
fn known(text: &str) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("probe.yaml")).unwrap();
    std::fs::write(&path, text).unwrap();
    let mistakes = scenario::load(&[path]).unwrap_err();
    let mut unknown = mistakes.iter().filter(|mistake| mistake.message == "unknown field `zz`");
    let help = unknown.next().and_then(|mistake| mistake.help.as_deref()).unwrap_or_else(|| panic!("{text}"));
    let (_, known) = help.lines().next().unwrap().split_once(" knows: ").unwrap();
    known.split(", ").map(str::to_owned).collect()
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
    let source = Source::read(&Utf8PathBuf::from(format!("tests/bad/{name}.yaml"))).ok()?;
    let documents = documents(name, source.text()).ok()?;
    documents.iter().find_map(|document| Schema(schema).check(document).err())
}
