//! The README is true: its commands run, its scenario holds, what it prints is what is printed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use camino::Utf8PathBuf;
use rehearsal::cluster::{self, Cluster, ClusterSpec, Home, OpenOptions, Release, installed};
use rehearsal::scenario;
use rehearsal::snapshot::diff;
use rehearsal::version::Minor;

const README: &str = include_str!("../README.md");
/// Its commands are of the program itself, its files begin with their names.
const GATE: &str = include_str!("../docs/gate-your-upgrade.md");
const MINOR: &str = "v1.36";

/// The minor before, in commands that need two of them.
const BEFORE: &str = "v1.35";

/// Stands in for cargo: the program is built already, and `cargo test` would be this very run.
const CARGO: &str = r#"#!/usr/bin/env bash
set -euo pipefail
command=$1; shift
case $command in
  run) while [ "$1" != -- ]; do shift; done; shift; exec "$REHEARSAL_BIN" "$@" ;;
  test) [ $# = 0 ] || [ "$*" = "--features control-planes" ] || [ -f "$REHEARSAL_PROJECT/tests/$2.rs" ] ;;
  *) echo "the README calls cargo $command" >&2; exit 1 ;;
esac
"#;

/// The code blocks of one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```" => inside = false,
            line if line == fence => {
                inside = true;
                found.push(Vec::new());
            }
            line if inside => found.last_mut().unwrap().push(line),
            _ => {}
        }
    }
    found.iter().map(|lines| lines.join("\n") + "\n").collect()
}

/// The newest control plane that is installed: the README's may not be.
fn newest() -> Minor {
    let assets = installed(&Home::from_env().unwrap()).unwrap();
    let newest = assets.iter().map(|assets| assets.version.minor).max();
    newest.expect("no control plane is installed; build one: ci/control-plane/build v1.36")
}

/// The newest that can be upgraded to the next.
fn older() -> Option<Minor> {
    let assets = installed(&Home::from_env().unwrap()).unwrap();
    let minors: BTreeSet<Minor> = assets.iter().map(|assets| assets.version.minor).collect();
    let has_next = |older: &&Minor| minors.contains(&Minor { minor: older.minor + 1, ..**older });
    minors.iter().rfind(has_next).copied()
}

/// Keeps the cluster running, so that not every command has to start it again.
async fn held(minor: Minor) -> Cluster {
    let keeper = Some(PathBuf::from(env!("CARGO_BIN_EXE_rehearsal")));
    let how = OpenOptions { keeper, ..OpenOptions::default() };
    cluster::open(&ClusterSpec::Local(Release::Minor(minor)), &how).await.unwrap()
}

/// A copy of the project as far as commands of users read or write it.
fn project() -> tempfile::TempDir {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("examples")).unwrap();
    for folder in ["examples/upgrade", "scenarios", "snapshots"] {
        let copied =
            Command::new("cp").arg("-r").arg(here.join(folder)).arg(copy.path().join(folder)).status().unwrap();
        assert!(copied.success());
    }
    symlink(here.join("ci"), copy.path().join("ci")).unwrap();
    fs::create_dir(copy.path().join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_rehearsal"), copy.path().join("bin/rehearsal")).unwrap();
    let cargo = copy.path().join("bin/cargo");
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

fn sh(project: &Path, script: &str) -> Output {
    let path = format!("{}:{}", project.join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(project).env("PATH", path).env_remove("CI");
    // What the README says holds where nothing is set.
    command.env_remove("REHEARSAL_CLUSTER");
    command.env("REHEARSAL_BIN", env!("CARGO_BIN_EXE_rehearsal")).env("REHEARSAL_PROJECT", env!("CARGO_MANIFEST_DIR"));
    command.output().unwrap()
}

#[tokio::test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
async fn every_command_runs() {
    let _held = held(newest()).await;
    let (project, minor) = (project(), newest().to_string());
    let mut printed = String::new();
    for block in blocks(README, "sh") {
        let block = match (block.contains(BEFORE), older()) {
            (true, None) => continue,
            (true, Some(older)) => {
                let newer = Minor { minor: older.minor + 1, ..older };
                block.replace(MINOR, &newer.to_string()).replace(BEFORE, &older.to_string())
            }
            (false, _) => block.replace(MINOR, &minor),
        };
        let output = sh(project.path(), &block);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{block}{text}{}", String::from_utf8_lossy(&output.stderr));
        printed.push_str(&text);
    }
    // Commands print what the README says they print, but for times; the README leaves some of it out.
    let passes = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("PASS"));
        lines.filter_map(|line| Some(line.split_once(']')?.1.replace(MINOR, &minor))).collect()
    };
    let (shown, printed) = (passes(&blocks(README, "text").concat()), passes(&printed));
    let missing: Vec<&String> = shown.difference(&printed).collect();
    assert!(!shown.is_empty() && missing.is_empty(), "not printed: {missing:?}, but {printed:?}");
}

/// From the question to the pipeline, in the order of the page, with what is installed in place of its two versions.
#[tokio::test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
async fn the_page_about_ci_is_true() {
    let _held = held(newest()).await;
    let (project, minor) = (project(), newest().to_string());
    let scenario = blocks(GATE, "yaml").into_iter().find(|block| block.starts_with("# scenarios/")).unwrap();
    let path = scenario.lines().next().unwrap().trim_start_matches("# ");
    fs::create_dir_all(project.path().join(path).parent().unwrap()).unwrap();
    fs::write(project.path().join(path), &scenario).unwrap();
    for block in blocks(GATE, "sh") {
        let here = ["v1.32", "v1.33"]
            .iter()
            .fold(block.clone(), |block, other| block.replace(&format!("local:{other}"), &format!("local:{minor}")));
        let output = sh(project.path(), &here);
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}{said}");
    }
    assert!(project.path().join("reports/report.json").is_file() && project.path().join("summary.md").is_file());
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn the_scenario_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("scenarios")).unwrap();
    fs::create_dir(&path).unwrap();
    for block in blocks(README, "yaml") {
        fs::write(path.join("readme.yaml"), &block).unwrap();
        scenario::load(std::slice::from_ref(&path)).unwrap();
        let minor = if block.contains("- upgrade:") { older() } else { Some(newest()) };
        let Some(minor) = minor else {
            assert!(
                std::env::var_os("CI").is_none(),
                "no two minors in a row are installed, for the scenario that upgrades"
            );
            continue;
        };
        let mut run = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        run.args(["run", "--cluster", &format!("local:{minor}")]).arg(&path).current_dir(folder.path());
        let output = run.env_remove("CI").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.contains("skipped"), "{said}");
    }
}

#[test]
fn the_difference_is_the_recorded_one() {
    let snapshot = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/tokens/pod-bound").join(name);
        let snapshot = insta::Snapshot::from_file(&path).unwrap();
        snapshot.as_text().unwrap().to_string() + "\n"
    };
    let (before, after) = (snapshot("token@v1.22.snap"), snapshot("token@v1.30.snap"));
    let recorded = diff::unified(("recorded on v1.24.17", &before), ("now", &after), false);
    let shown = blocks(README, "diff").concat();
    let (_, shown) = shown.split_once("@@\n").unwrap();
    for line in shown.lines() {
        let line = line.strip_prefix("    ").unwrap_or(line);
        assert!(recorded.lines().any(|known| known == line), "`{line}` is not in\n{recorded}");
    }
}

#[test]
fn ci_calls_the_commands_of_the_readme() {
    let script = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run")).unwrap();
    assert!(script.contains("ci/control-plane/build") && script.contains("cargo test"));
}
