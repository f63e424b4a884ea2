//! How a run reads in each format: one run that comes to every kind of end, and the reports of it beside this file.
//!
//! `SNAPSHOTS=overwrite cargo test --test reports` writes them again; read each one as its user would. The server is one of
//! these tests' own; the program is the real one.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

#[path = "../support/browser.rs"]
mod browser;
mod page;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use server::{Fault, How, SCENARIO, Server, TOKEN, command, recorded, rehearse};
use snapbox::{Assert, Data};
use support::{Project, Running, masked};

const GET: &str = "GET /api/v1/namespaces/demo/serviceaccounts/demo-sa";

/// One scenario of each kind of end, but for the one that passes.
const SCENARIOS: &[(&str, &str)] = &[
    ("b/changed", "  - {name: read back, get: {kind: ServiceAccount, name: demo-sa}}\n"),
    (
        "b/unmet",
        "  - name: read back\n    get: {kind: ServiceAccount, name: demo-sa}\n    expect: {code: 201, body: {metadata: {labels: {colour: red}}}}\n  - {name: after it, get: {kind: ServiceAccount, name: demo-sa}}\n",
    ),
    ("c/broken", "  - get: {kind: ServiceAccount, name: nobody}\n"),
    ("c/new", "  - {name: read back, get: {kind: ServiceAccount, name: demo-sa}}\n"),
];

/// A project whose run comes to every kind of end.
fn project() -> (Project, Server) {
    let (project, server) = recorded();
    let write = |name: &str, steps: &str, labels: &str| {
        let text = format!(
            "scenario: It ends as `{name}` | <so>\nnamespace: demo\nsteps:\n  - create: {{kind: ServiceAccount, name: \
             demo-sa{labels}}}\n{steps}"
        );
        project.write(&format!("scenarios/{name}.yaml"), &text);
    };
    let (changed, steps) = SCENARIOS[0];
    write(changed, steps, "");
    rehearse(&project, &["record", "--accept", "scenarios/b"]).exits(0);
    for (name, steps) in SCENARIOS {
        write(name, steps, if *name == changed { ", labels: {colour: blue}" } else { "" });
    }
    project.write("scenarios/c/skipped.yaml", &SCENARIO.replace("namespace:", "kubernetes: \"<1.36\"\nnamespace:"));
    (project, server)
}

/// Times without a unit.
fn timeless(text: &str) -> String {
    let mut out = text.to_owned();
    for (before, after) in [("time=\"", "\""), ("\"seconds\": ", ",")] {
        let parts: Vec<String> = out.split(before).map(str::to_owned).collect();
        let rest = parts.iter().skip(1).map(|part| {
            let end = part.find(after).into_iter().chain(part.find('\n')).min().unwrap_or(part.len());
            format!("{before}N{}", &part[end..])
        });
        out = std::iter::once(parts[0].clone()).chain(rest).collect();
    }
    out
}

fn compare(name: &str, text: &str) {
    let expected = Data::read_from(format!("tests/reports/{name}").as_ref(), None);
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.eq(Data::text(text.to_owned()), expected.raw());
}

/// Runs on a cluster that is not there as well, with the reports in every format.
#[test]
fn every_kind_of_end_in_every_format() {
    let (project, server) = project();
    let shown = |text: &str| timeless(&masked(text, &server.address.to_string()));
    let formats = [("human", "human.txt"), ("json", "json.json"), ("junit", "junit.xml"), ("markdown", "markdown.md")];
    for (format, file) in formats {
        let args = ["run", "--cluster", "context:nowhere", "--output", format];
        let ran = support::run(command(&project, &args).env("CI", "true"));
        ran.exits(3).keeps_quiet_about(&[TOKEN]);
        assert_eq!(ran.err, "");
        compare(file, &shown(&ran.out));
    }
    // Of the page, what it knows; what it shows of that is seen in a browser.
    let ran =
        support::run(command(&project, &["run", "--cluster", "context:nowhere", "--output", "html"]).env("CI", "true"));
    ran.exits(3).keeps_quiet_about(&[TOKEN]);
    let mut data = page::data(&ran.out);
    let began: jiff::Timestamp = data["began"].take().as_str().unwrap().parse().unwrap();
    assert!(began <= jiff::Timestamp::now());
    compare("html.json", &shown(&format!("{data:#}\n")));
    // Read back from JSON, the run is shown as if it were this one.
    let args = ["run", "--cluster", "context:nowhere", "--report-json", "report.json"];
    support::run(command(&project, &args).env("CI", "true")).exits(3);
    for (format, file) in formats {
        let ran = project.run(&["report", "merge", "report.json", "--output", format]);
        ran.exits(3);
        assert_eq!(ran.err, "");
        compare(file, &shown(&ran.out));
    }
}

#[test]
fn files_hold_what_would_be_printed_and_a_summary_is_added_to() {
    let (project, _server) = project();
    project.write("summary.md", "what another step of the job said\n");
    let text = ["--report-junit", "junit.xml", "--report-markdown", "summary.md", "--report-json", "report.json"];
    let ran = rehearse(&project, &[&["run", "scenarios/sa.yaml", "--report", "report.html"], &text[..]].concat());
    ran.exits(0).says(&["PASS", "1 passed"]);
    let read = |name: &str| fs::read_to_string(project.path(name)).unwrap();
    assert!(read("junit.xml").contains("<testcase name=\"sa\" classname=\"context:test\""), "{}", read("junit.xml"));
    assert!(read("summary.md").starts_with("what another step of the job said\n## 1 scenario in "));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&read("report.json")).unwrap()["summary"]["passed"], 1);
    let data = page::data(&read("report.html"));
    assert_eq!(data["summary"]["passed"], 1);
    assert!(data["scenarios"][0]["steps"][0]["body"].as_str().unwrap().contains("name: demo-sa"), "{data}");
    // Before anything is run.
    let ran = rehearse(&project, &["run", "--report-junit", "nowhere/junit.xml"]);
    ran.exits(3).says(&["the report nowhere/junit.xml cannot be written", "No such file"]);
    assert_eq!(ran.out, "");
}

#[test]
fn bodies_of_requests_are_shown_on_demand() {
    let (project, server) = recorded();
    let ran = rehearse(&project, &["run", "--show"]);
    let shown = masked(&ran.exits(0).out, &server.address.to_string());
    compare("show.txt", &shown);
}

#[test]
fn an_answer_that_differs_from_run_to_run_is_unstable_and_not_recorded() {
    const OTHER: How = How::Status(403, "serviceaccounts \"demo-sa\" is forbidden: exceeded quota: few");
    let (project, server) = recorded();
    let before = project.files("snapshots");
    let flap = || server.misbehave(Fault { at: GET, how: OTHER, times: 1 });
    flap();
    let ran = rehearse(&project, &["record", "--accept"]);
    ran.exits(4).says(&["UNSTABLE", "nothing is recorded"]);
    compare("unstable.txt", &masked(&ran.out, &server.address.to_string()));
    assert_eq!(project.files("snapshots"), before);

    // One that nobody recorded is held to itself.
    project.write("new/new.yaml", SCENARIO);
    flap();
    rehearse(&project, &["run", "new", "--repeat", "3", "--jobs", "1"]).exits(4).says(&["UNSTABLE", "+code: 200"]);
    rehearse(&project, &["run", "new", "--repeat", "3"]).exits(0).says(&["PASS", "held in 3 runs"]);
    flap();
    let ran = rehearse(&project, &["run", "--repeat", "5", "--jobs", "5"]);
    ran.exits(4).says(&["failed in 1 of 5 runs"]);
    flap();
    let ran = rehearse(&project, &["run", "--repeat", "5", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.exits(4).out).unwrap();
    let scenario = &report["scenarios"][0];
    assert_eq!((&scenario["runs"], &scenario["failedRuns"]), (&5.into(), &1.into()));
    assert_eq!(scenario["steps"][2]["verdict"]["kind"], "unstable");

    // Once is enough for whoever says so.
    flap();
    rehearse(&project, &["record", "--runs", "1", "--accept"]).exits(0).says(&["recorded: 1"]);
    assert_eq!(server.left(), [""; 0]);
}

/// What is written beside a run is a whole page, or nothing: also of one that somebody ends.
#[test]
fn an_interrupted_run_leaves_a_whole_page() {
    let (project, server) = recorded();
    project.write("scenarios/later.yaml", SCENARIO);
    server.misbehave(Fault { at: GET, how: How::Hang, times: 2 });
    let running = Running::start(&mut command(&project, &["run", "--jobs", "1", "--report", "report.html"]));
    let page = || fs::read_to_string(project.path("report.html")).unwrap_or_default();
    support::until("it waits for an answer", || server.take_requests().iter().any(|request| request == GET));
    assert_eq!(page(), "");
    kill_process(Pid::from_child(&running.process), Signal::INT).unwrap();
    running.end().exits(130);
    assert!(page().ends_with("</html>\n"));
    let data = page::data(&page());
    assert_eq!(data["summary"]["broken"], 2);
    assert_eq!(data["scenarios"][1]["trouble"][0]["message"], "interrupted before it began");
}

/// A first run that did not come to its end leaves nothing to compare.
#[test]
fn what_did_not_run_to_its_end_is_not_recorded_again() {
    let (project, server) = recorded();
    server.misbehave(Fault { at: GET, how: How::Empty(503), times: 1 });
    rehearse(&project, &["record"]).exits(3).says(&["BROKEN"]);
    let gets = server.take_requests().into_iter().filter(|line| line == GET).count();
    assert_eq!(gets, 1);
}
