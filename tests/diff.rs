//! What `rehearsal diff` promises: two versions compared from snapshots alone, an exit code to gate an upgrade on, and a
//! clear word where that cannot be done.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use server::recorded;
use support::{Project, run};

const TOKEN: &str = "snapshots/tokens/pod-bound/token@v1.30.snap";

/// One scenario of the project's own with its snapshots, as real control planes showed them.
fn project() -> Project {
    let project = Project::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in ["scenarios/tokens/pod-bound.yaml", "scenarios/tokens/pod-bound", "snapshots/tokens/pod-bound"] {
        let to = project.path(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        assert!(Command::new("cp").arg("-r").arg(here.join(path)).arg(to).status().unwrap().success());
    }
    project
}

#[test]
fn the_exit_code_says_whether_something_differs() {
    let project = project();
    let before = project.files("");
    let same = project.run(&["diff", "v1.24", "v1.29"]);
    assert_eq!(same.exits(0).out, "v1.24 to v1.29, 1 scenario: 1 the same\n");
    let differs = project.run(&["diff", "v1.29", "v1.30", "scenarios/tokens"]);
    differs.exits(1).says(&[
        "tokens/pod-bound  A token bound to a Pod dies with it\n",
        "  scenarios/tokens/pod-bound.yaml:22:5: token\n    token: {serviceAccount: demo-sa, boundTo: {kind: Pod, name: test-pod}}\n",
        "    differs from v1.30 on\n      --- seen on v1.29.0\n      +++ seen on v1.30.14\n",
        "      +    jti: <jti:token>\n",
        "v1.29 to v1.30, 1 scenario: 1 differ\n",
    ]);
    assert_eq!(differs.err, "");
    // Across several minors each change has its own.
    let far = project.run(&["diff", "1.22", "v1.37"]);
    far.exits(1).says(&["differs from v1.23 on", "differs from v1.30 on", "seen on v1.22.2"]);
    assert_eq!(project.files(""), before);
}

#[test]
fn every_format_says_the_same() {
    let project = project();
    let markdown = project.run(&["diff", "v1.29", "v1.30", "--output", "markdown"]);
    markdown
        .exits(1)
        .says(&["| `tokens/pod-bound` | token | differs from v1.30 on |", "```diff\n--- seen on v1.29.0\n"]);
    let json = project.run(&["diff", "v1.29", "v1.30", "--output", "json", "--color", "always"]);
    let document: Value = serde_json::from_str(&json.exits(1).out).unwrap();
    assert_eq!(document["summary"]["differ"], 1);
    let change = &document["scenarios"][0]["changes"][0];
    assert_eq!((&change["step"], &change["line"], &change["at"]), (&"token".into(), &22.into(), &"v1.30".into()));
    assert!(change["diff"].as_str().unwrap().contains("\n+    jti: <jti:token>\n"));
    project
        .run(&["diff", "v1.29", "v1.30", "--color", "always"])
        .exits(1)
        .says(&["\u{1b}[32m+    jti: <jti:token>\u{1b}[0m"]);
}

#[test]
fn what_cannot_be_compared_is_a_wrong_command_line() {
    let project = project();
    fs::create_dir(project.path("empty")).unwrap();
    let wrong: &[(&[&str], &[&str])] = &[
        (&["v1.23"], &["<TO>"]),
        (&["v1.23", "latest"], &["'latest'", "it is no Kubernetes version", "context:NAME"]),
        (&["local:v1.23", "v1.24"], &["no cluster is needed", "v1.23 names the version"]),
        (&["kind:v1.23", "v1.24"], &["it names no version"]),
        (&["v1.24", "v1.23"], &["v1.23 is older than v1.24", "v1.23 v1.24"]),
        (&["v1.24", "v1.24.17"], &["the same version"]),
        (&["v1.21", "v1.24"], &["recorded on v1.21", "recorded: v1.22 - v1.37"]),
        (&["v1.24", "v1.99"], &["recorded on v1.99", "rehearsal record --cluster local:v1.99"]),
        (&["v1.23", "v1.24", "--snapshots", "empty"], &["on any version", "--snapshots"]),
        (&["v1.23", "v1.24", "--snapshots", "nowhere"], &["on any version", "--snapshots"]),
        (&["v1.23", "v1.24", "--tag", "none"], &["has the tag `none`"]),
    ];
    for (args, says) in wrong {
        let ran = project.run(&[&["diff"], *args].concat());
        ran.exits(1).says(says);
        assert_eq!(ran.out, "", "{args:?}");
    }
}

#[test]
fn snapshots_that_were_not_recorded_are_not_compared() {
    let sound = fs::read_to_string(project().path(TOKEN)).unwrap();
    let mistakes: [(&str, Option<String>, &str); 4] = [
        (TOKEN, Some(sound.replace("alg: RS256", "alg: none")), "is not what was recorded on v1.30.14"),
        (TOKEN, None, "the file is gone"),
        ("snapshots/tokens/pod-bound/gone@v1.30.snap", Some(sound.clone()), "the scenario has no step `gone`"),
        ("snapshots/tokens/moved/token@v1.30.snap", Some(sound), "no scenario has this folder"),
    ];
    for (name, contents, says) in mistakes {
        let project = project();
        match contents {
            Some(contents) => project.write(name, &contents),
            None => fs::remove_file(project.path(name)).unwrap(),
        }
        let ran = project.run(&["diff", "v1.29", "v1.30"]);
        ran.exits(2).says(&[says, "error:"]);
        assert_eq!(ran.out, "", "{name}");
    }
}

#[test]
fn what_is_known_of_one_version_only_is_no_success() {
    let project = project();
    project.write("scenarios/new.yaml", "scenario: N\nsteps:\n  - {name: read, get: {kind: Pod, name: x}}\n");
    let never = project.run(&["diff", "v1.24", "v1.29"]);
    assert_eq!(never.exits(0).out, "never recorded: new\nv1.24 to v1.29, 2 scenarios: 1 never recorded, 1 the same\n");
    // The same behaviour again, recorded from v1.30 on.
    for path in ["scenarios/tokens/pod-bound.yaml", "scenarios/tokens/pod-bound", "snapshots/tokens/pod-bound"] {
        let (from, to) = (project.path(path), project.path(&path.replace("pod-bound", "later")));
        assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
    }
    let ledger = fs::read_to_string(project.path("snapshots/tokens/later/recorded.yaml")).unwrap();
    let is_later = |line: &&str| !line.starts_with("v1.2");
    let later: Vec<&str> = ledger.lines().filter(is_later).collect();
    project.write("snapshots/tokens/later/recorded.yaml", &(later.join("\n") + "\n"));
    project.run(&["prune"]).exits(0);
    let part = project.run(&["diff", "v1.29", "v1.30"]);
    part.exits(3).says(&[
        "not known: tokens/later is not recorded on v1.29.0: token, review, review after",
        "1 differ, 1 not known",
    ]);
}

#[test]
fn of_a_cluster_the_version_is_asked_and_nothing_else() {
    let (project, server) = recorded();
    server.take_requests();
    let kubeconfig = project.path("kubeconfig");
    let diff = |args: &[&str]| run(project.command(&[&["diff"], args].concat()).env("KUBECONFIG", &kubeconfig));
    diff(&["context:test", "v1.36"]).exits(1).says(&["context:test (v1.36.3) and v1.36 are the same version"]);
    assert_eq!(server.take_requests(), ["GET /version"]);
    diff(&["context:test", "v1.37"]).exits(1).says(&["recorded on v1.37"]);
    diff(&["context:nobody", "v1.37"]).exits(3).says(&["the kubeconfig has no context `nobody`"]);
    // A release of that minor that nobody recorded.
    let older = fs::read_to_string(project.path("snapshots/sa/recorded.yaml")).unwrap().replace("v1.36.3", "v1.36.1");
    project.write("snapshots/sa/recorded.yaml", &older);
    let ran = diff(&["v1.36.1", "context:test"]);
    ran.exits(0).says(&["assumed: not recorded on v1.36.3, assumed to be as on v1.36.1: sa\n", "1 the same"]);
    drop(server);
    diff(&["v1.36.1", "context:test"]).exits(3).says(&["context `test`", "cannot be reached"]);
}
