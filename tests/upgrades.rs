//! What a user sees of an upgrade: what lives on, what is said when the newer release does not start, and that nothing is left
//! running. The newer release is the newest installed one under another number, so that one is enough to see all this; what
//! real ones change is held by `scenarios/upgrades`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;
mod ladder;
mod support;

use std::fs;

use cluster_support::send_signal;
use ladder::Ladder;
use rustix::process::Signal;
use serde_json::Value;
use support::{Ran, Running, run, until};

impl Ladder {
    /// A ladder with a scenario, in which `NEWER` stands for the minor above.
    fn with(scenario: &str) -> Self {
        let ladder = Self::new();
        let newer = ladder.newer.trim_start_matches('v').rsplit_once('.').unwrap().0.to_owned();
        ladder.project.write("scenarios/a.yaml", &scenario.replace("NEWER", &newer));
        ladder
    }

    /// `rehearsal run` on the older release.
    fn run(&self, more: &[&str]) -> Ran {
        run(&mut self.command(&[&["run", "--cluster", &format!("local:{}", self.older)], more].concat()))
    }
}

const LIVES_ON: &str = r#"
scenario: What is stored lives on
namespace: living-demo
steps:
  - create: {kind: ConfigMap, name: settings, data: {age: before}}
  - name: settings
    get: {kind: ConfigMap, name: settings}
  - name: told
    watch:
      kind: ConfigMap
      name: settings
      during:
        - upgrade: next
        - patch: {kind: ConfigMap, name: settings, type: merge, body: {data: {age: after}}}
    until: events.exists(e, e.object.data.age == "after")
    within: 30s
  - get: {kind: ConfigMap, name: settings}
    expect: {body: {metadata: {uid: "${settings.metadata.uid}"}, data: {age: after}}}
  - run: kubectl get configmap settings
  - get: {kind: Node, name: hollow-node}
    until: body.status.nodeInfo.kubeletVersion.startsWith("vNEWER.")
    within: 30s
"#;

#[test]
fn what_was_there_lives_on() {
    let ladder = Ladder::with(LIVES_ON);
    ladder.run(&["--show"]).exits(0).says(&["1 passed"]);
    ladder.nothing_is_left();
    // What it showed after the upgrade belongs to the version that answered, and to no other cluster.
    let cluster = format!("local:{}", ladder.older);
    run(&mut ladder.command(&["record", "--accept", "--cluster", &cluster])).exits(0);
    let minor = |version: &str| version.rsplit_once('.').unwrap().0.to_owned();
    assert!(ladder.project.path(&format!("snapshots/a/settings@{}.snap", minor(&ladder.older))).exists());
    assert!(ladder.project.path(&format!("snapshots/a/told@{}.snap", minor(&ladder.newer))).exists());
    run(&mut ladder.command(&["lint"])).exits(0);
    ladder.run(&[]).exits(0);
    ladder.nothing_is_left();
}

#[test]
fn where_the_newer_release_is_not_installed_it_is_skipped() {
    let ladder = Ladder::with(LIVES_ON);
    fs::remove_dir_all(ladder.assets().join(&ladder.newer)).unwrap();
    let minor = ladder.newer.rsplit_once('.').unwrap().0;
    ladder.run(&[]).exits(0).says(&[
        "1 skipped",
        &format!("upgrades to {minor}, which is not installed: rehearsal cluster install {minor}"),
    ]);
    ladder.nothing_is_left();
}

#[test]
fn a_release_that_does_not_start_is_told_with_its_last_words() {
    let ladder = Ladder::with(
        r#"
scenario: It does not start
cluster: {apiserver: {no-such-flag: {value: "1", when: ">=NEWER"}}}
namespace: failing-demo
steps:
  - create: {kind: ConfigMap, name: settings}
  - upgrade: next
  - name: never
    get: {kind: ConfigMap, name: settings}
"#,
    );
    let ran = ladder.run(&[]);
    let says =
        format!("{} did not start in place of {}: kube-apiserver ended with exit code", ladder.newer, ladder.older);
    ran.exits(3).says(&[&says, "no-such-flag", &format!("until then {} answered", ladder.older), "not run"]);
    // The log that it names is there.
    let log = ran.all().split("its log: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert!(fs::read_to_string(log.trim()).unwrap().contains("no-such-flag"), "{log}");
    ladder.nothing_is_left();
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing() {
    let ladder = Ladder::with(LIVES_ON);
    let cluster = format!("local:{}", ladder.older);
    let running = Running::start(&mut ladder.command(&["run", "--cluster", &cluster]));
    until("it upgrades", || ladder.cluster().is_some_and(|folder| folder.join("wanted.json").exists()));
    send_signal(running.process.id(), Signal::INT);
    running.end().says(&["interrupted"]);
    ladder.nothing_is_left();
}

#[test]
fn a_cluster_that_is_kept_is_the_newer_one() {
    let ladder = Ladder::with(LIVES_ON);
    ladder.run(&["--keep"]).exits(0);
    let listed = run(&mut ladder.command(&["cluster", "list", "--output", "json"]));
    let listed: Value = serde_json::from_str(&listed.exits(0).out).unwrap();
    assert_eq!(listed["running"][0]["version"], ladder.newer, "{listed}");
    run(&mut ladder.command(&["cluster", "down", &format!("local:{}", ladder.newer)])).exits(0);
    ladder.nothing_is_left();
}
