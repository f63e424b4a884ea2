//! Recording is a function of what was seen: two clusters of one version, and twice on one cluster, give the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers fail by panicking, and clients answer on standard output"
)]

mod cluster_support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use camino::Utf8Path;
use cluster_support::quick_scenarios;
use rehearsal::cluster::{Assets, Home, installed};

/// Held by each test: one of them alone gives the machine all it can do.
fn whole_machine() -> MutexGuard<'static, ()> {
    static WHOLE_MACHINE: Mutex<()> = Mutex::new(());
    WHOLE_MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
        }
    }
    found
}

/// The same, by path below the folder.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let prefix = folder.display().to_string();
    files(folder).into_iter().map(|(path, text)| (path.replacen(&prefix, "", 1), text)).collect()
}

/// The newest and the oldest control plane that is installed; the same one where there are no two.
fn versions() -> [String; 2] {
    let assets = installed(&Home::from_env().unwrap()).unwrap();
    let local = |assets: Option<&Assets>| {
        let assets = assets.expect("no control plane is installed; build one: ci/control-plane/build v1.36");
        format!("local:{}", assets.version)
    };
    [local(assets.last()), local(assets.first())]
}

fn record_on(clusters: &str, state: &Path, snapshots: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.args(["record", "--accept", "--cluster", clusters]).args(args).arg("--snapshots").arg(snapshots);
    command.env("REHEARSAL_STATE", state).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

fn record(clusters: &str, state: &Path, snapshots: &Path, args: &[&str]) -> String {
    let scenarios = quick_scenarios(Utf8Path::new(""));
    // A file may hold several.
    let paths: BTreeSet<&str> = scenarios.iter().map(|file| file.path.as_str()).collect();
    let args: Vec<&str> = args.iter().copied().chain(paths).collect();
    let output = record_on(clusters, state, snapshots, &args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn two_clusters_of_one_version_give_the_same_bytes_and_recording_again_changes_nothing() {
    let _alone = whole_machine();
    let place = tempfile::tempdir().unwrap();
    let [first, second, one, other] = ["first", "second", "one", "other"].map(|name| place.path().join(name));
    let [newest, _] = &versions();
    // As few and as many at once as there can be: what is beside a scenario does not show in it.
    std::thread::scope(|scope| {
        scope.spawn(|| record(newest, &first, &one, &["--jobs", "1"]));
        scope.spawn(|| record(newest, &second, &other, &["--jobs", "64"]));
    });
    let seen = contents(&one);
    assert_eq!(seen, contents(&other));
    assert!(seen.keys().any(|path| path.ends_with("recorded.yaml")));

    let text = record(newest, &first, &one, &[]);
    assert!(text.contains("nothing changed"), "{text}");
    assert_eq!(seen, contents(&one));
}

#[test]
fn versions_at_once_and_one_by_one_in_any_order_give_the_same_bytes() {
    let _alone = whole_machine();
    let place = tempfile::tempdir().unwrap();
    let [state, at_once, one_by_one] = ["state", "at-once", "one-by-one"].map(|name| place.path().join(name));
    let [newest, oldest] = &versions();
    record(&format!("{newest},{oldest}"), &state, &at_once, &[]);
    record(newest, &state, &one_by_one, &["--runs", "1"]);
    record(oldest, &state, &one_by_one, &["--runs", "1"]);
    assert_eq!(contents(&at_once), contents(&one_by_one));
}

/// What a control plane counts is no behaviour of its version.
const COUNTS: &str = "\
scenario: It shows a counter of the cluster
namespace: counting
steps:
  - name: how often something was written
    list: {kind: Namespace}
    snapshot: {show: {writes: int(body.metadata.resourceVersion)}}
";

#[test]
fn what_differs_from_run_to_run_is_told_and_not_recorded() {
    let _alone = whole_machine();
    let place = tempfile::tempdir().unwrap();
    let [state, snapshots, scenario] = ["state", "snapshots", "counts.yaml"].map(|name| place.path().join(name));
    fs::write(&scenario, COUNTS).unwrap();
    let [newest, _] = &versions();
    let output = record_on(newest, &state, &snapshots, &[scenario.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for part in ["UNSTABLE", "unstable: runs 1 and 2 showed different answers", "-  writes: ", "+  writes: "] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(!snapshots.exists(), "something was written");
}
