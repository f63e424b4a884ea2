//! Reports of several runs: made one, and asked how long scenarios take.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::fs;

use serde_json::Value;
use server::{Fault, How, SCENARIO, Server, recorded, rehearse};
use support::{Project, Ran};

const GET: &str = "GET /api/v1/namespaces/demo/serviceaccounts/demo-sa";

/// Four scenarios, in two shards: `b` and `sa` in the first.
fn project() -> (Project, Server) {
    let (project, server) = recorded();
    for name in ["b", "c", "d"] {
        project.write(&format!("scenarios/{name}.yaml"), SCENARIO);
    }
    project.write("snapshots/durations.yaml", "b: 9s\nc: 8s\nd: 7s\nsa: 6s\n");
    rehearse(&project, &["record", "--accept"]).exits(0);
    (project, server)
}

/// Runs a shard, and writes its report.
fn shard(project: &Project, shard: &str, file: &str) -> Ran {
    rehearse(project, &["run", "--shard", shard, "--report-json", file])
}

/// The next scenario is answered with something else than was recorded.
fn change(server: &Server) {
    server.misbehave(Fault { at: GET, how: How::Status(403, "serviceaccounts \"demo-sa\" is forbidden"), times: 1 });
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn shards_become_one_report_in_every_format() {
    let (project, _server) = project();
    shard(&project, "1/2", "1.json").exits(0);
    shard(&project, "2/2", "2.json").exits(0);
    let reports = ["--report-junit", "junit.xml", "--report-markdown", "summary.md", "--report-json", "all.json"];
    let reports = [&reports[..], &["--report", "page.html"]].concat();
    let ran = project.run(&[&["report", "merge", "2.json", "1.json"], &reports[..]].concat());
    ran.exits(0).says(&["rehearsing 4 scenarios on context:test (v1.36.3, context)\n", "4 scenarios in", "4 passed"]);
    assert_eq!(ran.err, "");
    let read = |name: &str| fs::read_to_string(project.path(name)).unwrap();
    assert!(read("junit.xml").contains("<testsuite name=\"context:test\" tests=\"4\""), "{}", read("junit.xml"));
    assert!(read("summary.md").contains("4 scenarios in "), "{}", read("summary.md"));
    assert!(read("page.html").contains("\"id\":\"sa\""));
    let all = json(&read("all.json"));
    assert_eq!((&all["summary"]["passed"], all["runs"].as_array().unwrap().len()), (&4.into(), 2));
    let ids: Vec<&Value> = all["scenarios"].as_array().unwrap().iter().map(|scenario| &scenario["id"]).collect();
    assert_eq!(ids, ["b", "c", "d", "sa"]);
    // What was merged is a report like any other.
    project.run(&["report", "merge", "all.json"]).exits(0).says(&["4 passed"]);
}

#[test]
fn a_shard_that_is_missing_is_missed() {
    let (project, _server) = project();
    shard(&project, "1/2", "1.json").exits(0);
    project
        .run(&["report", "merge", "1.json"])
        .exits(3)
        .says(&["not all of it was run: context:test: no report of shard 2/2\n", "2 passed"]);
    // Who has other durations has other shards.
    project.write("other.yaml", "c: 9s\n");
    rehearse(&project, &["run", "--shard", "2/2", "--durations", "other.yaml", "--report-json", "2.json"]).exits(0);
    project.run(&["report", "merge", "1.json", "2.json"]).exits(3).says(&["its shards are of several divisions"]);
    // One with nothing in it is there.
    for (name, file) in [("1/2", "a.json"), ("2/2", "b.json")] {
        let args = ["run", "--shard", name, "--report-json", file, "scenarios/sa.yaml"];
        rehearse(&project, &args).exits(0);
    }
    project.run(&["report", "merge", "a.json", "b.json"]).exits(0).says(&["1 passed"]).keeps_quiet_about(&["not all"]);
}

#[test]
fn the_exit_code_is_that_of_the_run_and_what_ran_again_counts() {
    let (project, server) = project();
    change(&server);
    shard(&project, "1/2", "1.json").exits(4);
    shard(&project, "2/2", "2.json").exits(0);
    let merge = |files: &[&str]| project.run(&[&["report", "merge"], files].concat());
    merge(&["1.json", "2.json"]).exits(4).says(&["differs from the snapshot", "3 passed", "1 failed"]);
    shard(&project, "1/2", "again.json").exits(0);
    let ran = merge(&["1.json", "2.json", "again.json"]);
    ran.exits(0).says(&["on context:test: failed in 1.json, passed in again.json, which counts\n", "4 passed"]);
    merge(&["again.json", "1.json", "2.json"]).exits(4).says(&["passed in again.json, failed in 1.json, which counts"]);
    drop(server);
    shard(&project, "2/2", "gone.json").exits(3);
    let ran = merge(&["1.json", "2.json", "gone.json", "again.json"]);
    ran.exits(3).says(&["c on context:test: passed in 2.json, could not run in gone.json", "cannot be reached"]);
}

#[test]
fn what_is_no_report_is_named() {
    let (project, _server) = project();
    shard(&project, "1/2", "1.json").exits(0);
    let report = fs::read_to_string(project.path("1.json")).unwrap();
    let broken = json(&report);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = broken.clone();
        change(&mut changed);
        changed.to_string()
    };
    let cases: &[(&str, &str, &[&str])] = &[
        ("empty", "", &["there is nothing in it", "--report-json"]),
        ("cut", &report[..report.len() / 2], &["it ends in the middle, in line", "run that part again"]),
        ("words", "PASS sa\n", &["it is no JSON report: it is no JSON object"]),
        ("twice", &report.repeat(2), &["it is no JSON report: trailing characters"]),
        ("list", "[]", &["it is no JSON report: it is no JSON object"]),
        ("other", "{\"scenarios\": []}", &["it does not say its `format`"]),
        ("next", "{\"format\": 2, \"parts\": []}", &["format 2, and this version of rehearsal reads format 1"]),
        ("half", "{\"format\": 1}", &["it is no JSON report: missing field"]),
        ("version", &with(&|it| it["scenarios"][0]["version"] = "new".into()), &["it is no JSON report: b: `new`"]),
        ("time", &with(&|it| it["scenarios"][0]["seconds"] = (-1).into()), &["b: -1 seconds are no time"]),
        ("shard", &with(&|it| it["runs"][0]["shard"]["number"] = 9.into()), &["there is no shard 9/2"]),
        (
            "lost",
            &with(&|it| it["clusters"] = Value::Array(vec![])),
            &["b on context:test has an end and no beginning"],
        ),
    ];
    for (name, text, says) in cases {
        project.write(name, text);
        for command in ["merge", "durations"] {
            let ran = project.run(&["report", command, "1.json", name]);
            ran.exits(2).says(&[&format!("error: {name} cannot be used: "), "help: "]).says(says);
            assert_eq!(ran.out, "");
        }
    }
    fs::write(project.path("bytes"), b"\xff\xfe").unwrap();
    project.run(&["report", "merge", "bytes"]).exits(2).says(&["bytes cannot be used: it is no text"]);
    project.run(&["report", "merge", "nowhere.json"]).exits(3).says(&["reading nowhere.json failed: No such file"]);
    project.run(&["report", "merge", "."]).exits(3).says(&["reading . failed: Is a directory"]);
    let twice = ["report", "merge", "1.json", "./1.json"];
    project.run(&twice).exits(1).says(&["./1.json is named twice", "name each report once"]);
    project.run(&["report", "merge"]).exits(1).says(&["<REPORT>"]);
    project.run(&["report"]).exits(1).says(&["merge", "durations"]);
}

#[test]
fn durations_are_learned_from_what_passed() {
    let (project, _server) = project();
    rehearse(&project, &["run", "--report-json", "1.json"]).exits(0);
    let report = json(&fs::read_to_string(project.path("1.json")).unwrap());
    // On one cluster it took so long, on another as long as this.
    let took = |name: &str, seconds: [f64; 4]| {
        let mut report = report.clone();
        for (scenario, seconds) in report["scenarios"].as_array_mut().unwrap().iter_mut().zip(seconds) {
            scenario["seconds"] = seconds.into();
        }
        // One that did not pass may have waited for nothing; of several runs the time of one is not known.
        report["scenarios"][0]["trouble"] = json(r#"[{"message": "no", "help": null}]"#);
        report["scenarios"][1]["runs"] = 2.into();
        project.write(name, &report.to_string());
    };
    took("1.json", [60.0, 60.0, 0.04, 12.3]);
    took("2.json", [60.0, 60.0, 0.05, 12.2]);
    let learn = |args: &[&str]| project.run(&[&["report", "durations"], args].concat());
    let read = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(project.path(name)).unwrap();
        assert!(text.starts_with("# How long each scenario takes"), "{text}");
        text.lines().skip(1).map(str::to_owned).collect()
    };
    let new = ["--into", "new/durations.yaml"];
    learn(&[&["1.json", "2.json"], &new[..]].concat()).exits(0).says(&["wrote new/durations.yaml: 2 scenarios"]);
    assert_eq!(read("new/durations.yaml"), ["d: 1s", "sa: 13s"]);
    let again = learn(&[&["2.json", "1.json"], &new[..]].concat());
    again.exits(0).says(&["new/durations.yaml is up to date: 2 scenarios"]);
    // What is there and was not measured stays.
    learn(&["1.json"]).exits(0).says(&["wrote snapshots/durations.yaml: 4 scenarios"]);
    assert_eq!(read("snapshots/durations.yaml"), ["b: 9s", "c: 8s", "d: 1s", "sa: 13s"]);
    project.write("snapshots/durations.yaml", "b: soon\n");
    learn(&["1.json"]).exits(2).says(&["`soon` of b is no duration"]);
    assert_eq!(fs::read_to_string(project.path("snapshots/durations.yaml")).unwrap(), "b: soon\n");
}
