//! Recording is a function of what was seen: two clusters of one version, and twice on one cluster, give the same bytes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use rehearsal::cluster::{Home, installed};

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

fn record(state: &Path, snapshots: &Path) -> String {
    let assets = installed(&Home::from_env().unwrap()).unwrap();
    let newest = assets.iter().map(|assets| &assets.version).max();
    let newest = newest.expect("no control plane is installed; build one: ci/control-plane/build v1.36");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.args(["record", "--accept", "--cluster", &format!("local:{newest}"), "--snapshots"]).arg(snapshots);
    let output = command.env("REHEARSAL_STATE", state).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn two_clusters_of_one_version_give_the_same_bytes_and_recording_again_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let [first, second, one, other] = ["first", "second", "one", "other"].map(|name| place.path().join(name));
    std::thread::scope(|scope| {
        scope.spawn(|| record(&first, &one));
        scope.spawn(|| record(&second, &other));
    });
    let seen = contents(&one);
    assert_eq!(seen, contents(&other));
    assert!(seen.keys().any(|path| path.ends_with("recorded.yaml")));

    let text = record(&first, &one);
    assert!(text.contains("nothing changed"), "{text}");
    assert_eq!(seen, contents(&one));
}
