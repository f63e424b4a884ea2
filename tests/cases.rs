//! Cases: steps that are repeated, scenarios that are several, and what becomes of those that ask for another cluster.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::fs;

use server::{Fault, How, recorded, rehearse};

const GET: &str = "GET /api/v1/namespaces/demo/serviceaccounts/demo-sa";

#[test]
fn each_case_of_a_foreach_has_its_snapshots_and_its_own_variables() {
    let (project, _server) = recorded();
    project.write(
        "scenarios/each.yaml",
        "scenario: Two ServiceAccounts are read back, and compared\n\
         namespace: demo\n\
         steps:\n\
         \x20 - foreach: {first: {name: demo-sa}, second: {name: other-sa, absent: {when: never}}, old: {when: '<1.20'}}\n\
         \x20   steps:\n\
         \x20     - create: {kind: ServiceAccount, name: '${case.name}', annotations: '${case.absent}'}\n\
         \x20     - {name: read back, get: {kind: ServiceAccount, name: '${case.name}'}, expect: {that: body.metadata.name == case.name}}\n\
         \x20     - {name: again, get: {kind: ServiceAccount, name: '${read_back.metadata.name}'}, from: read back, within: 20s}\n\
         \x20 - name: both\n\
         \x20   get: {kind: ServiceAccount, name: '${read_back.first.metadata.name}'}\n\
         \x20   expect: {that: 'size(read_back) == 2 && read_back[\"second\"].metadata.name == \"other-sa\"'}\n",
    );
    rehearse(&project, &["record", "--accept", "scenarios/each.yaml"]).exits(0);
    let mut files: Vec<String> = fs::read_dir(project.path("snapshots/each"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "again.first@v1.36.snap",
            "again.second@v1.36.snap",
            "both@v1.36.snap",
            "read-back.first@v1.36.snap",
            "read-back.second@v1.36.snap",
            "recorded.yaml",
        ]
    );
    let text = fs::read_to_string(project.path("snapshots/each/read-back.second@v1.36.snap")).unwrap();
    assert!(text.contains("compared: read back.second") && text.contains("name: other-sa"), "{text}");
    let ran = rehearse(&project, &["run", "--show", "scenarios/each.yaml"]);
    ran.exits(0).says(&["create ServiceAccount/'${case.name}' (old): left out", "read back.first: same since v1.36"]);
}

#[test]
fn cases_of_a_scenario_are_scenarios() {
    let (project, server) = recorded();
    project.write(
        "scenarios/sa.yaml",
        &(server::SCENARIO.to_owned()
            + "cases:\n  plain: {}\n  gated: {cluster: {gates: {SomeGate: true}}}\n  old: {when: '<1.20'}\ntags: [few]\n"),
    );
    project.write("scenarios/more.yaml", &server::SCENARIO.replace("demo", "more"));
    project.run(&["list", "--tag", "few"]).exits(0).says(&["sa.plain ", "sa.gated ", "sa.old ", "<1.20"]);
    let ran = rehearse(&project, &["record", "--accept", "--tag", "few"]);
    // Nobody can change how a cluster is set up that is not ours.
    ran.exits(0).says(&[
        "sa.gated  needs a cluster set up with SomeGate=true: only local ones and those of kind can be",
        "3 scenarios in",
    ]);
    assert!(project.path("snapshots/sa.plain/read-back@v1.36.snap").is_file());
    assert!(!project.path("snapshots/sa.gated").exists());
    server.take_requests();
    let ran = rehearse(&project, &["run", "scenarios/sa.plain"]);
    ran.exits(0).says(&["sa.plain  1 snapshot held", "1 scenario in"]);
    rehearse(&project, &["run", "scenarios/sa.odd"]).exits(2).says(&["it holds: sa.plain, sa.gated, sa.old"]);
    rehearse(&project, &["run", "--tag", "fwe"]).exits(1).says(&["no scenario has the tag `fwe`", "there are: few"]);
}

#[test]
fn an_answer_that_changes_once_more_is_not_taken_before_it_has_settled() {
    let (project, server) = recorded();
    let text = server::SCENARIO.to_owned() + "    until: code < 500\n    settle: 20ms\n    within: 10s\n";
    project.write("scenarios/sa.yaml", &text);
    server.misbehave(Fault {
        at: GET,
        how: How::Status(403, "serviceaccounts \"demo-sa\" is forbidden: not yet"),
        times: 1,
    });
    rehearse(&project, &["run", "--show"]).exits(0).says(&["read back: same since v1.36", "3 attempts"]);
    // One that never does is told.
    project.write("scenarios/sa.yaml", &text.replace("20ms", "9s").replace("10s", "9001ms"));
    let ran = rehearse(&project, &["run"]);
    ran.exits(4).says(&["`settle`: no two equal answers came 9000 ms apart"]);
}

#[test]
fn what_comes_too_late_after_another_step_tells_nothing() {
    let (project, _server) = recorded();
    project.write(
        "scenarios/sa.yaml",
        &(server::SCENARIO.to_owned()
            + "  - {get: {kind: ServiceAccount, name: demo-sa}, holds: code == 200, for: 30ms}\n\
               \x20 - {name: late, get: {kind: ServiceAccount, name: demo-sa}, from: read back, within: 10ms}\n"),
    );
    rehearse(&project, &["run"]).exits(3).says(&["late: could not run", "too late to tell"]);
}
