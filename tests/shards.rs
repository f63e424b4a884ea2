//! A suite that is run in parts on several machines.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::fs;

use serde_json::Value;
use server::{SCENARIO, Server, command, recorded, rehearse};
use support::{Project, run};

/// Five more scenarios than the one, and how long some of them take.
fn project() -> (Project, Server) {
    let (project, server) = recorded();
    for name in ["a", "b", "c", "d", "e"] {
        project.write(&format!("scenarios/more/{name}.yaml"), SCENARIO);
    }
    project.write("snapshots/durations.yaml", "more/a: 80s\nmore/b: 20s\nmore/c: 20s\nmore/d: 20s\nsa: 3s\n");
    (project, server)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The scenarios that were run, as `CLUSTER ID`.
fn ran(report: &Value) -> Vec<String> {
    let text = |scenario: &Value, field: &str| scenario[field].as_str().unwrap().to_owned();
    let scenarios = report["scenarios"].as_array().unwrap();
    scenarios.iter().map(|scenario| text(scenario, "cluster") + " " + &text(scenario, "id")).collect()
}

#[test]
fn each_scenario_runs_in_one_shard_and_in_the_same_on_every_cluster() {
    let (project, _server) = project();
    let mut config = json(&fs::read_to_string(project.path("kubeconfig")).unwrap());
    let mut other = config["contexts"][0].clone();
    other["name"] = "other".into();
    config["contexts"].as_array_mut().unwrap().push(other);
    project.write("kubeconfig", &config.to_string());
    let shard = |shard| {
        let ran = rehearse(&project, &["run", "--output", "json", "--cluster", "context:other", "--shard", shard]);
        ran.exits(0);
        (self::ran(&json(&ran.out)).join(", "), ran.err)
    };
    let both = |ids: &[&str]| {
        let on = |cluster: &'static str| ids.iter().map(move |id| format!("context:{cluster} {id}"));
        on("other").chain(on("test")).collect::<Vec<_>>().join(", ")
    };
    let (first, said) = shard("1/2");
    assert_eq!(first, both(&["more/a", "sa"]));
    let assumed = "one after the other; 1 of all were never measured and count as 20 s\n";
    assert_eq!(said, format!("shard 1/2: 2 of 6 scenarios, 83 s of 163 s {assumed}"));
    assert_eq!(shard("2/2").0, both(&["more/b", "more/c", "more/d", "more/e"]));
}

#[test]
fn a_shard_with_nothing_in_it_says_so_and_asks_no_cluster() {
    let (project, server) = project();
    let ran = rehearse(&project, &["run", "--shard", "7/7", "--report-junit", "junit.xml"]);
    ran.exits(0).says(&["shard 7/7: nothing to run, 6 scenarios are in the others\n", "0 scenarios in"]);
    assert!(fs::read_to_string(project.path("junit.xml")).unwrap().contains("tests=\"0\""));
    // Not even one that is not there.
    project.run(&["run", "--shard", "7/7", "--cluster", "context:nowhere"]).exits(0);
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn the_environment_names_a_shard_and_the_command_line_comes_first() {
    let (project, _server) = project();
    let ids = |args: &[&str]| {
        let args = [&["run", "--output", "json"], args].concat();
        ran(&json(&run(command(&project, &args).env("REHEARSAL_SHARD", "1/2")).exits(0).out)).len()
    };
    assert_eq!((ids(&[]), ids(&["--shard", "2/2"])), (2, 4));
    // What is selected is divided, not what there is.
    assert_eq!(ids(&["scenarios/sa.yaml"]), 1);
}

#[test]
fn list_shows_what_a_shard_takes_and_how_long() {
    let (project, _server) = project();
    let list = |args: &[&str]| project.run(&[&["list", "--shard", "1/2"], args].concat());
    list(&[]).exits(0).says(&[
        "recorded: not yet; takes 80 s\n",
        "v1.36; takes 3 s\n",
        "\nshard 1/2: 2 of 6 scenarios, ",
    ]);
    let rows = json(&list(&["--output", "json"]).exits(0).out);
    assert_eq!((&rows[1]["id"], &rows[1]["expectedSeconds"]), (&"sa".into(), &3.0.into()));
    project.run(&["list"]).exits(0).keeps_quiet_about(&["takes", "shard"]);
    // Other durations, other shards.
    project.write("other.yaml", "sa: 200s\n");
    list(&["--durations", "other.yaml"]).exits(0).says(&["shard 1/2: 3 of 6 scenarios, 600 s of 1200 s", "5 of all"]);
}

#[test]
fn durations_that_cannot_be_used_are_named() {
    let (project, server) = project();
    let with = |file| rehearse(&project, &["run", "--shard", "1/2", "--durations", file]);
    with("nowhere.yaml").exits(3).says(&["reading the durations in nowhere.yaml failed: No such file", "help: "]);
    project.write("wrong.yaml", "sa: 3\n");
    with("wrong.yaml").exits(2).says(&["the durations in wrong.yaml have a mistake: `3` of sa is no duration", "3s"]);
    project.write("snapshots/durations.yaml", "<<<<<<< ours\nsa: 3s\n");
    rehearse(&project, &["run", "--shard", "1/2"]).exits(2).says(&["the durations in snapshots/durations.yaml"]);
    assert_eq!(server.take_requests(), [""; 0]);
    // Who divides nothing needs none; and it is no snapshot.
    rehearse(&project, &["run"]).exits(0);
    project.run(&["lint"]).exits(0);
}
