//! What the command line promises to people and to scripts: exit codes, help, colours, JSON, and which files it writes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;
use server::{Fault, How, SCENARIO, Server, TOKEN, command, recorded, rehearse};
use support::{Project, Ran, Running, run};

const GET: &str = "GET /api/v1/namespaces/demo/serviceaccounts/demo-sa";
const SNAPSHOT: &str = "snapshots/sa/read-back@v1.36.snap";

/// From now on the ServiceAccount is answered for with something that was not recorded.
fn change(server: &Server) {
    let how = How::Status(403, "serviceaccounts \"demo-sa\" is forbidden: exceeded quota: few");
    server.misbehave(Fault { at: GET, how, times: usize::MAX });
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

#[test]
fn usage_errors_say_what_would_be_right_and_exit_with_1() {
    let project = Project::new();
    project.write("scenarios/sa.yaml", SCENARIO);
    let wrong: &[(&[&str], &[&str])] = &[
        (&["run", "--clutser", "local"], &["unexpected argument '--clutser'", "'--cluster'"]),
        (&["recrod"], &["unrecognized subcommand 'recrod'", "'record'"]),
        (&["record"], &["no cluster is named", "--cluster local:v1.36", "--cluster context:NAME"]),
        (
            &["record", "--cluster", "embedded:v1.30"],
            &["snapshots come from real control planes", "--cluster local:v1.36"],
        ),
        (&["record", "--accept", "--cluster", "context:x,embedded:all"], &["nothing is recorded on embedded:v1.22"]),
        (&["run", "--keep"], &["there is nothing to keep", "--cluster local:v1.36"]),
        (&["run", "--cluster", "embedded:v1.36.1"], &["stands for v1.36.3, and for no other patch"]),
        (&["run", "--cluster", ""], &["names no cluster", "context:NAME"]),
        (&["run", "--cluster", "prod"], &["`prod` names no cluster", "context:NAME"]),
        (&["run", "--cluster", "context:"], &["names no context"]),
        (&["run", "--cluster", "local:latest"], &["local:v1.36"]),
        (&["run", "--cluster", "local:v1.37..v1.22"], &["goes nowhere", "the older minor first", "local:v1.22..v1.37"]),
        (&["run", "--cluster", "local:v1.22..newest"], &["`newest` is no Kubernetes version", "local:all"]),
        (&["run", "--cluster", "local", "--repeat", "0"], &["--repeat", "not in 1.."]),
        (&["record", "--cluster", "local", "--runs", "none"], &["--runs", "'none'"]),
        (&["run", "--cluster", "local", "--report-junit"], &["a value is required", "<FILE>"]),
        (&["run", "--cluster", "local", "--timeout", "5"], &["--timeout", "500ms, 12s or 1m"]),
        (&["run", "--cluster", "local", "--timeout", "0s"], &["--timeout", "500ms, 12s or 1m"]),
        (&["run", "--cluster", "local", "--jobs", "0"], &["--jobs", "not in 1.."]),
        (&["run", "--cluster", "local", "--output", "xml"], &["human, json, junit, markdown, html"]),
        (&["run", "--cluster", "local", "--shard", "0/5"], &["--shard", "they are counted from 1/5 to 5/5"]),
        (&["run", "--cluster", "local", "--shard", "6/5"], &["--shard", "they are counted from 1/5 to 5/5"]),
        (&["run", "--cluster", "local", "--shard", "2/0"], &["--shard", "as in 1/1"]),
        (&["list", "--shard", "a/b"], &["--shard", "`a/b` is no shard", "as in 2/5"]),
        (&["lint", "--color", "sometimes"], &["auto, always, never"]),
        (&["completions", "csh"], &["bash"]),
        (&["review", "accept"], &["required"]),
        (&["cluster", "up"], &["required"]),
        (&["cluster", "down", "local", "--all"], &["cannot be used with"]),
    ];
    for (args, says) in wrong {
        let ran = project.run(args);
        ran.exits(1).says(says);
        assert_eq!(ran.out, "", "{args:?}");
    }
    run(project.command(&["run"]).env("REHEARSAL_CLUSTER", "prod")).exits(1).says(&["REHEARSAL_CLUSTER", "`prod`"]);
    let mut sharded = project.command(&["run", "--cluster", "context:test"]);
    run(sharded.env("REHEARSAL_SHARD", "6/5")).exits(1).says(&["REHEARSAL_SHARD: there is no shard `6/5`", "--shard"]);
    run(project.command(&["record"]).env("REHEARSAL_CLUSTER", " ")).exits(1).says(&["no cluster is named"]);
    // No command at all is no mistake that has to be told apart from others.
    project.run(&[]).exits(1).says(&["Usage: rehearsal", "Examples:"]);
}

#[test]
fn without_a_cluster_the_model_of_the_newest_release_answers() {
    let project = Project::new();
    project.write("scenarios/sa.yaml", SCENARIO);
    let ran = project.run(&["run", "--show"]);
    ran.exits(0).says(&["on embedded (v1.37, the embedded model)", "sa  1 not recorded yet", "1 passed"]);
    let key = fs::metadata(project.path("home/.cache/rehearsal/embedded/sa.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let named = project.command(&["run"]).env("REHEARSAL_CLUSTER", "embedded:v1.22..v1.24").output().unwrap();
    assert!(named.status.success());
    let said = String::from_utf8(named.stdout).unwrap();
    let rehearsing: Vec<&str> = said.lines().filter(|line| line.starts_with("rehearsing")).collect();
    assert!(rehearsing.len() == 3 && rehearsing[2].contains("embedded:v1.24 (v1.24, the"), "{said}");
    assert!(project.files("snapshots").is_empty());
    project.run(&["explain", "embedded"]).exits(0).says(&["ServiceAccount (v1)"]);
}

#[test]
fn mistakes_in_scenarios_exit_with_2_and_nothing_is_asked_of_any_cluster() {
    let (project, server) = recorded();
    fs::create_dir(project.path("empty")).unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["nowhere.yaml"], &["there is no such file or folder", "nowhere.yaml"]),
        (&["empty"], &["there is no scenario in this folder", "--> empty"]),
        (&["kubeconfig"], &["this is no scenario"]),
    ];
    for (paths, says) in cases {
        rehearse(&project, &[&["run"], *paths].concat()).exits(2).says(says);
        rehearse(&project, &[&["record"], *paths].concat()).exits(2).says(says);
        project.run(&[&["lint"], *paths].concat()).exits(2).says(says);
        project.run(&[&["list"], *paths].concat()).exits(2).says(says);
    }
    // One file with mistakes among good ones: all of them are told, and the good one is not run.
    project
        .write("scenarios/wrong.yaml", "scenario: S\nsteps:\n  - craete: {kind: Pod}\n  - get: {kind: pod, name: x}\n");
    for verb in ["run", "record"] {
        let ran = rehearse(&project, &[verb]);
        ran.exits(2).says(&[
            "--> scenarios/wrong.yaml:3:5",
            "3 |   - craete: {kind: Pod}",
            "`create`",
            "wrong.yaml:4:17",
        ]);
        assert_eq!(ran.out, "");
    }
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn no_cluster_is_touched_that_was_not_named() {
    let (project, server) = recorded();
    let kubeconfig = fs::read_to_string(project.path("kubeconfig")).unwrap();
    let mut config = json(&kubeconfig);
    config["current-context"] = "test".into();
    project.write("kubeconfig", &config.to_string());
    // The current context is where kubectl goes; no command here does.
    let commands: &[(&[&str], i32)] = &[
        // The model inside this program answers, and not as that server.
        (&["run"], 4),
        (&["record", "--accept"], 1),
        (&["lint"], 0),
        (&["list"], 0),
        (&["review"], 0),
        (&["prune"], 0),
        (&["cluster", "list"], 0),
        (&["cluster", "gc"], 0),
        // There is no control plane in this home.
        (&["run", "--cluster", "local"], 3),
        (&["run", "--cluster", "local:all"], 3),
        (&["run", "--cluster", "context:test,local:v1.22..v1.24"], 3),
        (&["run", "--cluster", "context:other"], 3),
    ];
    for (args, code) in commands {
        run(project.command(args).env("KUBECONFIG", project.path("kubeconfig"))).exits(*code);
    }
    assert_eq!(server.take_requests(), [""; 0]);
    run(command(&project, &["run"]).env("REHEARSAL_CLUSTER", "context:other")).exits(0);
    assert!(!server.take_requests().is_empty(), "what is named on the command line comes first");
}

/// All commands, by what their help lists.
fn commands(project: &Project, of: &[String], found: &mut Vec<Vec<String>>) {
    found.push(of.to_vec());
    let args: Vec<&str> = of.iter().map(String::as_str).chain(["--help"]).collect();
    let ran = project.run(&args);
    let listed = ran.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in listed.take_while(|line| !line.is_empty()) {
        // What wraps is further in.
        match line.strip_prefix("  ").and_then(|line| line.split(' ').next()) {
            Some("" | "help") | None => {}
            Some(name) => commands(project, &[of, &[name.to_owned()]].concat(), found),
        }
    }
}

#[test]
fn every_help_has_examples_of_itself_that_parse() {
    let project = Project::new();
    let mut all = Vec::new();
    commands(&project, &[], &mut all);
    assert!(all.len() > 15, "{all:?}");
    for command in all {
        let args: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = project.run(&args);
        ran.exits(0).says(&["Usage: rehearsal", "Examples:\n"]);
        assert_eq!(ran.err, "");
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
        }
        let examples = ran.out.split("Examples:\n").nth(1).unwrap();
        let own = format!("  rehearsal {}", command.join(" "));
        assert!(examples.lines().any(|line| line.starts_with(own.trim_end())), "{command:?}: {examples}");
    }
    project.run(&["--version"]).exits(0).says(&["rehearsal 0."]);
}

#[test]
fn completions_are_scripts() {
    let project = Project::new();
    for (shell, says) in [
        ("bash", "complete -F _rehearsal"),
        ("zsh", "#compdef rehearsal"),
        ("fish", "complete -c rehearsal"),
        ("elvish", "edit:completion:arg-completer[rehearsal]"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let ran = project.run(&["completions", shell]);
        ran.exits(0).says(&[says, "record"]);
        assert_eq!(ran.err, "");
    }
    // What bash has is bash.
    let script = project.run(&["completions", "bash"]).out;
    project.write("completions.bash", &script);
    let checked = std::process::Command::new("bash").arg("-n").arg(project.path("completions.bash")).status().unwrap();
    assert!(checked.success());
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let (project, server) = recorded();
    change(&server);
    project.write("wrong/wrong.yaml", "scenario: 1\n");
    let failing = |colour: &[&str]| -> Vec<Ran> {
        let lint = [&["lint", "wrong"], colour].concat();
        vec![
            rehearse(&project, &[&["run", "--show"], colour].concat()),
            project.run(&lint),
            project.run(&[&["cluster", "down", "local"], colour].concat()),
        ]
    };
    let escape = "\u{1b}[";
    for ran in failing(&[]).iter().chain(&failing(&["--color", "never"])) {
        ran.keeps_quiet_about(&["\u{1b}"]);
    }
    for ran in failing(&["--color", "always"]) {
        ran.says(&[escape]);
        // And nothing but colours differs.
        let plain = anstream::adapter::strip_str(&ran.all()).to_string();
        assert!(!plain.contains('\u{1b}'), "{plain}");
    }
    run(command(&project, &["run", "--color", "auto"]).env("NO_COLOR", "1")).keeps_quiet_about(&["\u{1b}"]);
    run(command(&project, &["run", "--color", "auto"]).env("CLICOLOR_FORCE", "1")).says(&[escape]);
    // JSON is never coloured.
    json(&rehearse(&project, &["run", "--output", "json", "--color", "always"]).out);
}

#[test]
fn json_has_what_a_program_needs() {
    let (project, server) = recorded();
    project.write("scenarios/new.yaml", SCENARIO);
    let ran = rehearse(&project, &["run", "--output", "json"]);
    ran.exits(0);
    assert_eq!(ran.err, "");
    let run = json(&ran.out);
    assert_eq!(run["clusters"][0]["cluster"], "context:test");
    assert_eq!(run["summary"]["passed"], 2);
    assert_eq!(run["summary"]["unrecordedSteps"], 1);
    assert!(run["summary"]["seconds"].is_f64());
    let scenario = |run: &Value, id: &str| {
        run["scenarios"].as_array().unwrap().iter().find(|scenario| scenario["id"] == id).unwrap().clone()
    };
    let sa = scenario(&run, "sa");
    for (field, value) in [
        ("title", "A ServiceAccount is read back"),
        ("file", "scenarios/sa.yaml"),
        ("cluster", "context:test"),
        ("version", "v1.36.3"),
        ("status", "passed"),
    ] {
        assert_eq!(sa[field], value);
    }
    let step = &sa["steps"][2];
    assert_eq!(step["label"], "read back");
    assert_eq!(step["snapshot"], "read-back");
    assert_eq!((&step["line"], &step["column"]), (&7.into(), &5.into()));
    assert_eq!(step["verdict"]["kind"], "same");
    assert_eq!(step["requests"][0], GET);
    assert!(step["answer"].as_str().unwrap().starts_with("code: 200\n"));
    assert_eq!(sa["steps"][0]["label"], "create ServiceAccount/demo-sa");
    assert_eq!(scenario(&run, "new")["steps"][2]["verdict"]["kind"], "unrecorded");

    change(&server);
    let ran = rehearse(&project, &["run", "--output", "json", "scenarios/sa.yaml"]);
    let failed = json(&ran.exits(4).out);
    assert_eq!(failed["summary"]["failed"], 1);
    let step = &failed["scenarios"][0]["steps"][2];
    assert_eq!((&step["status"], &step["verdict"]["kind"]), (&"failed".into(), &"changed".into()));
    assert_eq!(step["verdict"]["since"], "v1.36");
    assert!(step["verdict"]["expected"].as_str().unwrap().starts_with("code: 200\n"));
    assert!(step["answer"].as_str().unwrap().starts_with("code: 403\n"));

    drop(server);
    let broken = json(&rehearse(&project, &["run", "--output", "json"]).exits(3).out);
    assert_eq!(broken["summary"]["broken"], 2);
    let trouble = &broken["clusters"][0]["failed"][0]["trouble"];
    assert!(trouble["message"].as_str().unwrap().contains("cannot be reached"), "{broken}");
    assert!(trouble["help"].is_string());
}

#[test]
fn what_lists_also_lists_for_programs() {
    let (project, _server) = recorded();
    let list = json(&project.run(&["list", "--output", "json"]).exits(0).out);
    assert_eq!(list[0]["id"], "sa");
    assert_eq!(list[0]["recorded"][0], "v1.36.3");
    assert_eq!(list[0]["changePoints"]["read-back"], json(r#"["v1.36"]"#));
    let linted = json(&project.run(&["lint", "--output", "json"]).exits(0).out);
    assert_eq!((&linted["mistakes"], &linted["snapshots"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    project.write("wrong/wrong.yaml", "scenario: 1\n");
    let mistaken = json(&project.run(&["lint", "wrong", "--output", "json"]).exits(2).out);
    assert_eq!(mistaken["mistakes"][0]["file"], "wrong/wrong.yaml");
    assert_eq!(mistaken["mistakes"][0]["line"], 1);
    assert!(mistaken["mistakes"][0]["message"].is_string());
    let review = json(&project.run(&["review", "--output", "json"]).exits(0).out);
    assert_eq!(review["pending"], Value::Array(vec![]));
    let clusters = json(&project.run(&["cluster", "list", "--output", "json"]).exits(0).out);
    assert_eq!(clusters["running"], Value::Array(vec![]));
}

#[test]
fn run_writes_no_file_whatever_comes() {
    let (project, server) = recorded();
    project.write("scenarios/new.yaml", SCENARIO);
    let before = project.files("");
    for args in [&["run"][..], &["run", "--show"], &["run", "--output", "json"], &["run", "--keep"]] {
        rehearse(&project, args).exits(0);
    }
    change(&server);
    run(command(&project, &["run"]).env("INSTA_UPDATE", "always")).exits(4);
    drop(server);
    rehearse(&project, &["run"]).exits(3);
    assert_eq!(project.files(""), before);
}

#[test]
fn what_nobody_recorded_passes_and_fails_in_ci() {
    let (project, _server) = recorded();
    project.write("scenarios/new.yaml", SCENARIO);
    rehearse(&project, &["run"]).exits(0).says(&["new  1 not recorded yet", "1 answer is not recorded yet"]);
    for (ci, code) in [("true", 4), ("1", 4), ("false", 0), ("0", 0), ("", 0)] {
        run(command(&project, &["run"]).env("CI", ci)).exits(code);
    }
    let ran = run(command(&project, &["run"]).env("CI", "true"));
    ran.says(&[
        "FAIL",
        "read back: not recorded yet",
        "code: 200",
        "rehearsal record --cluster context:test scenarios/new.yaml",
    ]);
    // Recording is what makes it known, in CI too.
    run(command(&project, &["record", "--accept"]).env("CI", "true")).exits(0);
    run(command(&project, &["run"]).env("CI", "true")).exits(0);
}

#[test]
fn another_answer_than_the_recorded_one_is_shown_as_a_difference() {
    let (project, server) = recorded();
    change(&server);
    let ran = rehearse(&project, &["run"]);
    ran.exits(4).says(&["read back: differs from the snapshot that holds since v1.36", "-code: 200", "+code: 403"]);
    ran.says(&["if the new answer is right: rehearsal record --cluster context:test scenarios/sa.yaml"]);
    // Proposed, looked at, accepted: then it is the recorded one.
    rehearse(&project, &["record"]).exits(0).says(&["CHANGED", "proposed for 1", "rehearsal review"]);
    rehearse(&project, &["run"]).exits(4);
    project.run(&["review"]).exits(0).says(&["sa on v1.36.3", "-code: 200", "+code: 403"]);
    project.run(&["review", "accept", "sa"]).exits(0).says(&["accepted sa"]);
    rehearse(&project, &["run"]).exits(0);
}

#[test]
fn an_edited_snapshot_is_told_by_lint_and_never_compared_with() {
    let (project, server) = recorded();
    let text = fs::read_to_string(project.path(SNAPSHOT)).unwrap();
    project.write(SNAPSHOT, &text.replace("code: 200", "code: 201"));
    project.run(&["lint"]).exits(2).says(&["error:", "read-back@v1.36.snap", "1 mistakes"]);
    let found = json(&project.run(&["lint", "--output", "json"]).exits(2).out);
    assert!(found["snapshots"][0]["file"].as_str().unwrap().ends_with("read-back@v1.36.snap"), "{found}");
    rehearse(&project, &["run"]).exits(3).says(&["it was edited or cut off", "restore the file"]);
    assert_eq!(server.left(), [""; 0]);
}

#[test]
fn a_snapshot_folder_that_cannot_be_read_is_named_and_nothing_is_created() {
    let (project, server) = recorded();
    fs::remove_dir_all(project.path("snapshots")).unwrap();
    project.write("snapshots", "a file, where a folder belongs");
    for ran in [project.run(&["list"]), project.run(&["lint"]), project.run(&["prune"])] {
        ran.exits(3).says(&["error: cannot", "snapshots"]);
    }
    server.take_requests();
    for verb in ["run", "record"] {
        rehearse(&project, &[verb]).exits(3).says(&["BROKEN", "cannot", "snapshots/sa"]);
    }
    let written: Vec<String> = server.take_requests().into_iter().filter(|line| line.contains("namespaces ")).collect();
    assert_eq!(written, [""; 0]);
    assert_eq!(server.left(), [""; 0]);
    // Something else than a ledger in its place.
    fs::remove_file(project.path("snapshots")).unwrap();
    project.write("snapshots/sa/recorded.yaml", "]");
    rehearse(&project, &["run"]).exits(3).says(&["cannot use the ledger snapshots/sa/recorded.yaml"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (project, server) = recorded();
    for index in 0..20 {
        project.write(&format!("scenarios/more/{index}.yaml"), SCENARIO);
    }
    for args in
        [&["list"][..], &["--help"], &["completions", "bash"], &["cluster", "list"], &["lint", "scenarios/sa.yaml"]]
    {
        let ran = unread(&mut project.command(args));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args:?}");
    }
    // The verdict is in the exit code, and what was made is gone.
    let ran = unread(&mut command(&project, &["run"]));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    change(&server);
    assert_eq!(unread(&mut command(&project, &["run", "--output", "json"])).code, Some(4));
    assert_eq!(server.left(), [""; 0]);
}

/// Runs a command whose standard output nobody reads.
fn unread(command: &mut std::process::Command) -> Ran {
    let mut running = Running::start_with(command, Stdio::piped());
    drop(running.process.stdout.take());
    running.end()
}

#[test]
fn a_report_that_cannot_be_written_ends_the_run_and_leaves_nothing() {
    let (project, server) = recorded();
    for index in 0..20 {
        project.write(&format!("scenarios/more/{index}.yaml"), SCENARIO);
    }
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let ran = Running::start_with(&mut command(&project, &["run", "--jobs", "4"]), full()).end();
    ran.exits(3).says(&["writing the report failed", "No space left"]);
    assert_eq!(server.left(), [""; 0]);
    Running::start_with(&mut project.command(&["list"]), full()).end().exits(3).says(&["No space left"]);
}

#[test]
fn what_is_kept_is_named() {
    let (project, server) = recorded();
    let ran = rehearse(&project, &["run", "--keep"]);
    let left: BTreeSet<String> = server.left().into_iter().filter(|path| !path.ends_with("/demo-sa")).collect();
    assert_eq!(left.len(), 2);
    for path in &left {
        ran.exits(0).says(&[&format!("left on the cluster: {path}\n")]);
    }
    ran.says(&["rehearsal cluster gc --cluster context:test"]);
    let kept = json(&rehearse(&project, &["run", "--keep", "--output", "json"]).out);
    assert_eq!(kept["scenarios"][0]["left"].as_array().unwrap().len(), 2);
}

#[test]
fn a_cluster_that_fails_keeps_no_other_from_its_turn() {
    let (project, _server) = recorded();
    let ran = rehearse(&project, &["run", "--cluster", "context:nowhere"]);
    ran.exits(3).says(&["no context `nowhere`", "it has: test", "PASS", "1 passed, 1 could not run"]);
    ran.keeps_quiet_about(&[TOKEN]);
}

#[test]
fn all_that_is_missing_of_a_range_is_named_before_anything_starts() {
    let (project, server) = recorded();
    let mut range = command(&project, &["run", "--cluster", "local:v1.22..v1.24"]);
    let ran = run(&mut range);
    ran.exits(3).says(&["no control plane of v1.22, v1.23, v1.24 is installed"]);
    ran.says(&["help: install them: rehearsal cluster install v1.22 v1.23 v1.24"]);
    assert_eq!(ran.out, "");
    run(project.command(&["run"]).env("REHEARSAL_CLUSTER", "local:v1.24..v1.24"))
        .exits(3)
        .says(&["install one", "v1.24"]);
    project.run(&["cluster", "up", "local:v1.22..v1.23"]).exits(3).says(&["install them"]);
    project.run(&["cluster", "down", "local:v1.22..v1.23"]).exits(3).says(&["`local:v1.22..v1.23` does not run"]);
    assert_eq!(server.take_requests(), [""; 0]);
}

#[test]
fn several_clusters_are_reported_in_the_order_they_were_named_in() {
    let (project, _server) = recorded();
    project.write("scenarios/another.yaml", SCENARIO);
    let mut config = json(&fs::read_to_string(project.path("kubeconfig")).unwrap());
    let contexts = config["contexts"].as_array_mut().unwrap();
    for name in ["b", "a"] {
        let mut context = contexts[0].clone();
        context["name"] = name.into();
        contexts.push(context);
    }
    project.write("kubeconfig", &config.to_string());
    let ran = run(command(&project, &["run", "--cluster", "context:b,context:a"]).env("CI", "true"));
    let lines = ran.exits(4).out.lines().filter(|line| line.starts_with("rehearsing") || line.contains("] context:"));
    let heads: Vec<String> = lines.map(|line| line.split(['[', '(']).next().unwrap().trim().to_owned()).collect();
    let one = |name: &str| [format!("rehearsing 2 scenarios on context:{name}"), "FAIL".to_owned(), "PASS".to_owned()];
    assert_eq!(heads, ["b", "a", "test"].map(one).concat());
}
