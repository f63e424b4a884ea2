//! The reference of the language is true: the page is what the code says, and its examples do what they show on a real
//! control plane.
//!
//! `SNAPSHOTS=overwrite cargo test --test reference` writes the page again.

use std::fs;
use std::process::Command;

use rehearsal::cluster::{Home, installed};
use rehearsal::reference;
use snapbox::{Assert, Data};

/// What the examples find there, unless one of them makes it itself.
const THERE: [(&str, &str); 4] = [
    ("ServiceAccount", "name: demo-sa"),
    ("ConfigMap", "name: settings, data: {colour: blue}"),
    ("Secret", "name: sample, labels: {app: demo}, data: {password: c2VjcmV0}"),
    ("Pod", "name: test-pod, spec: {serviceAccountName: demo-sa, containers: [{name: main, image: pause}]}"),
];

#[test]
fn the_page_is_what_the_code_says() {
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.eq(Data::text(reference::page()), Data::read_from("docs/reference.md".as_ref(), None));
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn every_example_runs() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = folder.path().join("scenarios");
    fs::create_dir(&scenarios).unwrap();
    let topics = reference::sections().into_iter().flat_map(|section| section.topics);
    for (index, topic) in topics.filter(|topic| !topic.example.is_empty()).enumerate() {
        let text = reference::as_scenario(topic.example, topic.name);
        let (head, steps) = text.split_once("steps:\n").unwrap();
        fs::write(scenarios.join(format!("{index}.yaml")), format!("{head}steps:\n{}{steps}", there(topic.example)))
            .unwrap();
    }
    let versions = installed(&Home::from_env().unwrap()).unwrap();
    let newest = versions.iter().map(|assets| &assets.version).max();
    let newest = newest.expect("no control plane is installed; build one: ci/control-plane/build v1.36");
    let mut run = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    run.args(["run", "--cluster", &format!("local:{newest}")]).arg(&scenarios).current_dir(folder.path());
    let output = run.env_remove("CI").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// The step that makes what is there before an example.
fn there(example: &str) -> String {
    let makes = |kind: &str, fields: &str| {
        let name = fields.split(',').next().unwrap_or_default();
        ["create", "apply"].iter().any(|key| example.contains(&format!("{key}: {{kind: {kind}, {name}")))
    };
    let there =
        THERE.iter().filter(|(kind, fields)| !makes(kind, fields) && (*kind != "Pod" || example.contains("test-pod")));
    let objects: Vec<String> = there.map(|(kind, fields)| format!("{{kind: {kind}, {fields}}}")).collect();
    format!("  - create: [{}]\n", objects.join(", "))
}

#[test]
fn explain_prints_what_the_page_says() {
    let explain = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_rehearsal")).arg("explain").args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, all, _) = explain(&[]);
    assert_eq!(code, Some(0));
    let page = reference::page();
    for topic in reference::sections().into_iter().flat_map(|section| section.topics) {
        assert!(all.lines().any(|line| line.starts_with(&format!("  {} ", topic.name))), "{}", topic.name);
        let (code, text, _) = explain(&[topic.name]);
        assert_eq!(code, Some(0), "{}", topic.name);
        assert!(topic.example.lines().all(|line| text.contains(line) && page.contains(line)), "{text}");
    }
    let (code, _, mistake) = explain(&["ptach"]);
    assert_eq!(code, Some(1));
    assert!(mistake.contains("did you mean `patch`?"), "{mistake}");
}
