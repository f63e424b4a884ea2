//! What other people's projects get: the program begins one, and `harness!` runs its scenarios in their `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows test functions, not what they share"
)]

mod cluster_support;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Project, Ran, run};

const SCENARIO: &str = "scenarios/first.yaml";
const SCHEMA: &str = "scenarios/schema.json";
const HARNESS: &str = "tests/scenarios.rs";

#[test]
fn init_writes_what_a_project_lacks_and_says_what_its_own_files_need() {
    let project = Project::new();
    project.write("Cargo.toml", "[package]\nname = \"operator\"\n");
    project.write(".gitignore", "*.snap.new\n");
    let before = project.files(".");
    let dry = project.run(&["init", "--dry-run"]);
    dry.exits(0).says(&[&format!("would write {SCENARIO}\n"), &format!("would write {HARNESS}\n")]);
    assert_eq!(project.files("."), before, "it only says so");

    let ran = project.run(&["init"]);
    ran.exits(0).says(&[&format!("wrote {SCENARIO}\nwrote {SCHEMA}\nwrote {HARNESS}\n")]);
    let needs =
        ["    [[test]]\n    name = \"scenarios\"\n    harness = false\n", "    rehearsal = \"", "\n    .rehearsal-*\n"];
    ran.says(&needs).keeps_quiet_about(&["*.snap.new"]);
    assert_eq!(fs::read_to_string(project.path("Cargo.toml")).unwrap(), "[package]\nname = \"operator\"\n");
    // The one file that a schema line leads to.
    let scenario = fs::read_to_string(project.path(SCENARIO)).unwrap();
    assert!(scenario.starts_with("# yaml-language-server: $schema=./schema.json\n"), "{scenario}");
    assert_eq!(fs::read_to_string(project.path(SCHEMA)).unwrap(), project.run(&["schema"]).out);
    project.run(&["lint"]).exits(0).says(&["1 scenarios read; 0 mistakes"]);

    let written = project.files(".");
    let again = project.run(&["init"]);
    again.exits(0).says(&[&format!("kept {SCENARIO}, which was there already"), &format!("kept {SCHEMA}, which was")]);
    assert_eq!(project.files("."), written);
}

#[test]
fn init_keeps_what_is_there_and_names_what_it_cannot_write() {
    let project = Project::new();
    project.write(SCENARIO, "mine");
    project.write(SCHEMA, "{}");
    let ran = project.run(&["init"]);
    ran.exits(0)
        .says(&["kept scenarios/schema.json, which is another version's: rehearsal schema > scenarios/schema.json"]);
    ran.keeps_quiet_about(&["Cargo.toml", "tests/scenarios.rs", "wrote"]);
    assert_eq!(fs::read_to_string(project.path(SCENARIO)).unwrap(), "mine");
    // A folder that is not there is made; nothing is needed of a Cargo.toml that has all of it.
    project
        .run(&["init", "new/operator"])
        .exits(0)
        .says(&["wrote new/operator/scenarios/first.yaml", "    cd new/operator"]);
    project.write("new/operator/Cargo.toml", include_str!("../examples/operator/Cargo.toml"));
    project.run(&["init", "new/operator"]).exits(0).keeps_quiet_about(&["Cargo.toml needs"]);
    project.write("file", "");
    project.run(&["init", "file"]).exits(3).says(&["writing file/scenarios/first.yaml failed", "help: "]);
}

/// What a run needs that finds the control planes which are installed, in a project of its own.
fn installed(command: &mut Command) -> Ran {
    let (cache, state) = (cluster_support::installed_assets(), cluster_support::shared_state());
    run(command.env("REHEARSAL_CACHE", cache).env("REHEARSAL_STATE", state).env("REHEARSAL_CLUSTER", "local"))
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn what_init_writes_runs() {
    let project = Project::new();
    project.run(&["init"]).exits(0);
    installed(&mut project.command(&["run"])).exits(0).says(&["first  2 not recorded yet", "1 passed"]);
}

#[test]
fn a_manual_page_is_written_for_each_command() {
    let project = Project::new();
    let page = project.run(&["man"]);
    page.exits(0).says(&[".TH rehearsal 1", ".SH EXAMPLES\n.nf\nrehearsal run", "Exit codes: 0"]);
    project.run(&["man", "man1"]).exits(0).says(&["wrote man1/rehearsal.1\n", "wrote man1/rehearsal-cluster-gc.1\n"]);
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(project.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names("man1").len() > 15, "{:?}", names("man1"));
    assert_eq!(fs::read_to_string(project.path("man1/rehearsal.1")).unwrap(), page.out);
    project.run(&["man", "home/.."]).exits(0);
    project.write("file", "");
    project.run(&["man", "file"]).exits(3).says(&["writing file failed"]);
}

/// The example is built against the published interface, in its own workspace, and with what is built already.
fn example(args: &[&str]) -> Command {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.join("examples/operator");
    // The versions that are locked here: nothing has to be looked up.
    fs::copy(here.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--offline", "--quiet", "--test", "scenarios"]).args(args).current_dir(folder);
    // What cargo tells this test about its package: build scripts that look at it would run again, and all that rests on them.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        command.env_remove(name);
    }
    // One level up from where tests may write is where cargo builds.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    command.env("CARGO_TARGET_DIR", target).env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only").env_remove("CI");
    command
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn the_example_rehearses_in_cargo_test() {
    let ran = installed(&mut example(&[]));
    ran.exits(0).says(&["1 passed"]);
}

#[test]
fn the_readme_shows_what_init_says() {
    let project = Project::new();
    project.write("Cargo.toml", "");
    let shown = project.run(&["init"]).out.replace("\n    ", "\n");
    let harness = fs::read_to_string(project.path(HARNESS)).unwrap();
    let readme = include_str!("../README.md");
    let block = |fence: &str| readme.split(fence).nth(1).unwrap().split("```").next().unwrap();
    assert!(shown.contains(block("```toml\n")), "{shown}");
    assert!(harness.ends_with(block("```rust\n")), "{harness}");
    assert_eq!(harness, include_str!("../examples/operator/tests/scenarios.rs"));
}
