//! The GitHub action: what it is made of is sound, and its steps do on a real control plane what its users are told. GitHub
//! itself is not there: its files are in a folder of the test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows test functions, not what they share"
)]

mod cluster_support;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use camino::Utf8Path;
use regex::Regex;
use serde_json::Value;
use support::{PROGRAM, Project, Ran};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const SCRIPTS: [&str; 2] = ["ci/action/run", "ci/action/setup"];

/// Two scenarios that need nothing but an API server, and are done at once.
const SCENARIO: &str = "scenario: A ConfigMap is read back\nnamespace: action\nsteps:\n  \
                        - create: {kind: ConfigMap, name: a}\n  - {name: read, get: {kind: ConfigMap, name: a}}\n";

fn read(path: &str) -> String {
    fs::read_to_string(Utf8Path::new(ROOT).join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap()
}

fn steps(action: &Value) -> &Vec<Value> {
    action["runs"]["steps"].as_array().unwrap()
}

/// Every text in a YAML document, with the key it stands under.
fn texts<'v>(key: &'v str, value: &'v Value, found: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(key, item, found)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| texts(key, value, found)),
        _ => {}
    }
}

#[test]
fn scripts_are_bash_and_nothing_is_pasted_into_them() {
    let mut files = vec!["action.yml".to_owned()];
    let workflows = fs::read_dir(Path::new(ROOT).join(".github/workflows")).unwrap();
    files.extend(workflows.map(|entry| format!(".github/workflows/{}", entry.unwrap().file_name().display())));
    for file in &files {
        let (document, mut found) = (yaml(file), Vec::new());
        texts("", &document, &mut found);
        for (key, text) in found {
            if key == "run" {
                assert!(!text.contains("${{"), "{file}: a value is pasted into a script: {text}");
                let checked = Command::new("bash").args(["-nc", text]).status().unwrap();
                assert!(checked.success(), "{file}: {text}");
            }
            let is_pinned =
                |uses: &str| uses == "./" || uses.rsplit_once("@v").is_some_and(|(_, version)| !version.is_empty());
            assert!(key != "uses" || is_pinned(text), "{file}: {text} may change from one day to the next");
        }
    }
    for script in SCRIPTS {
        assert!(Command::new("bash").arg("-n").arg(Path::new(ROOT).join(script)).status().unwrap().success());
        assert!(read(script).contains("\nset -euo pipefail\n"), "{script}");
    }
}

#[test]
fn every_input_is_used_and_every_one_used_is_there() {
    let action = yaml("action.yml");
    let declared: BTreeSet<&str> = action["inputs"].as_object().unwrap().keys().map(String::as_str).collect();
    let text = read("action.yml");
    let pattern = Regex::new(r"inputs\.([a-z-]+)").unwrap();
    let used: BTreeSet<&str> = pattern.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()).collect();
    assert_eq!(used, declared);
    // What callers write, here and on the page.
    let page = read("docs/gate-your-upgrade.md") + &read(".github/workflows/kind.yaml");
    let calls = page.split("- uses: ").filter(|call| call.starts_with("OWNER/rehearsal@") || call.starts_with("./\n"));
    let mut given = BTreeSet::new();
    for call in calls {
        let lines = call.lines().skip(2).take_while(|line| line.starts_with("          "));
        given.extend(lines.filter_map(|line| line.trim().split_once(':')).map(|(name, _)| name));
    }
    assert!(given.len() >= 6 && given.is_subset(&declared), "{given:?}");
    // What a step sets, a script reads.
    let scripts = SCRIPTS.map(read).concat();
    for name in steps(&action).iter().filter_map(|step| step["env"].as_object()).flat_map(|env| env.keys()) {
        assert!(scripts.contains(&format!("${{{name}:")), "no script reads {name}");
    }
}

#[test]
fn every_option_of_the_scripts_is_one_of_the_program() {
    let project = Project::new();
    let help = |args: &[&str]| project.run(&[args, &["--help"]].concat()).out;
    let known = [&["run"][..], &["diff"], &["report", "merge"], &["cluster", "install"]].map(help).concat();
    let script = read(SCRIPTS[0]);
    let code: String = script.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let options: BTreeSet<&str> =
        Regex::new("--[a-z][a-z-]+").unwrap().find_iter(&code).map(|found| found.as_str()).collect();
    assert!(options.len() >= 4, "{options:?}");
    for option in options {
        assert!(known.contains(&format!("{option} <")), "{option} is no option of the program");
    }
}

/// A project that was recorded on what is installed, and the folder of the files of a job.
struct Job {
    project: Project,
    cluster: String,
}

impl Job {
    fn new() -> Self {
        let job = Self { project: Project::new(), cluster: "local".to_owned() };
        for name in ["one", "two"] {
            job.project.write(&format!("scenarios/{name}.yaml"), SCENARIO);
        }
        support::run(&mut job.installed(job.project.command(&["record", "--accept", "--cluster", &job.cluster])))
            .exits(0);
        job
    }

    fn installed(&self, mut command: Command) -> Command {
        command.env("REHEARSAL_CACHE", cluster_support::installed_assets());
        command.env("REHEARSAL_STATE", cluster_support::shared_state()).current_dir(self.project.folder());
        command
    }

    /// Runs the steps that have a script, with these inputs, until one fails; gives how the last of them ended, and the
    /// outputs of all.
    fn run(&self, given: &[(&str, &str)]) -> (Ran, BTreeMap<String, String>) {
        let action = yaml("action.yml");
        let mut inputs: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            inputs.insert(format!("inputs.{name}"), input["default"].as_str().unwrap().to_owned());
        }
        inputs.insert("inputs.program".to_owned(), PROGRAM.to_owned());
        inputs.extend(given.iter().map(|(name, value)| (format!("inputs.{name}"), (*value).to_owned())));
        let mut ran = None;
        for step in steps(&action).iter().filter(|step| step["run"].is_string()) {
            let mut command = self.installed(Command::new("bash"));
            // As GitHub runs a step whose shell is bash.
            command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
            command.env("CI", "true").env("GITHUB_ACTION_PATH", ROOT);
            for (name, file) in [("GITHUB_STEP_SUMMARY", "summary.md"), ("GITHUB_OUTPUT", "output")] {
                command.env(name, self.project.path(file));
            }
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                let wanted = value.as_str().unwrap().trim_start_matches("${{ ").trim_end_matches(" }}");
                let value = inputs.get(wanted).unwrap_or_else(|| panic!("nothing is known of {wanted}"));
                command.env(name, value);
            }
            self.project.write("output", "");
            let done = support::run(&mut command);
            let outputs = fs::read_to_string(self.project.path("output")).unwrap();
            for (name, value) in outputs.lines().map(|line| line.split_once('=').unwrap()) {
                inputs.insert(format!("steps.{}.outputs.{name}", step["id"].as_str().unwrap()), value.to_owned());
            }
            let is_over = done.code != Some(0);
            ran = Some(done);
            if is_over {
                break;
            }
        }
        (ran.unwrap(), inputs)
    }

    fn summary(&self) -> String {
        let summary = fs::read_to_string(self.project.path("summary.md")).unwrap();
        fs::remove_file(self.project.path("summary.md")).unwrap();
        summary
    }
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn a_job_runs_reports_and_compares() {
    let job = Job::new();
    let cluster = ("cluster", job.cluster.as_str());
    let (ran, outputs) = job.run(&[cluster]);
    ran.exits(0).says(&["2 passed"]);
    assert!(job.summary().starts_with("## 2 scenarios in "));
    let output = |name: &str| outputs[&format!("steps.run.outputs.{name}")].as_str();
    assert_eq!(
        [output("exit-code"), output("reports"), output("name")],
        ["0", "rehearsal-reports", "rehearsal-local-all"]
    );
    for file in ["report.html", "report.json", "junit.xml"] {
        assert!(job.project.path("rehearsal-reports").join(file).is_file(), "{file}");
    }

    // Two shards, made one.
    for (shard, name) in [("1/2", "reports/one"), ("2/2", "reports/two")] {
        let (ran, outputs) = job.run(&[cluster, ("shard", shard), ("reports", name)]);
        ran.exits(0).says(&[&format!("shard {shard}: 1 of 2 scenarios"), "1 passed"]);
        assert_eq!(outputs["steps.run.outputs.name"], format!("rehearsal-local-{}", shard.replace('/', "-")));
    }
    job.summary();
    let (ran, _) = job.run(&[("merge", "reports")]);
    ran.exits(0).says(&["2 passed"]);
    assert!(job.summary().starts_with("## 2 scenarios in "));
    fs::remove_dir_all(job.project.path("reports/one")).unwrap();
    job.run(&[("merge", "reports")]).0.exits(3).says(&["no report of shard 1/2"]);

    // What fails, fails the job, and is in the summary.
    job.summary();
    job.project.write("scenarios/two.yaml", &SCENARIO.replace("name: a}\n", "name: a, data: {b: c}}\n"));
    let (ran, outputs) =
        job.run(&[cluster, ("scenarios", "scenarios/one.yaml\nscenarios/two.yaml\n"), ("args", "--repeat\n2")]);
    ran.exits(4).says(&["1 passed, 1 failed", "held in 2 runs"]);
    assert_eq!(outputs["steps.run.outputs.exit-code"], "4");
    assert!(job.summary().contains("**failed**"));
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn a_job_is_gated_on_a_difference_only_if_it_is_asked_to_be() {
    let job = Job::new();
    let scenarios = format!("{ROOT}/scenarios/warnings/endpoints.yaml");
    let snapshots = format!("{ROOT}/snapshots");
    let diff = |gate: &str, versions: &str| {
        let given =
            [("scenarios", scenarios.as_str()), ("snapshots", &snapshots), ("diff", versions), ("fail-on-diff", gate)];
        let (ran, outputs) = job.run(&given);
        (ran.code, job.summary(), outputs["steps.run.outputs.name"].clone())
    };
    job.project.write("snapshots/warnings", "");
    fs::remove_file(job.project.path("snapshots/warnings")).unwrap();
    let (code, summary, name) = diff("false", "v1.32..v1.33");
    assert_eq!((code, name.as_str()), (Some(0), "rehearsal-v1.32..v1.33-all"));
    assert!(summary.contains("## v1.32 to v1.33, 1 scenario"), "{summary}");
    assert_eq!(diff("true", "v1.32..v1.33").0, Some(1));
    assert_eq!(diff("true", "v1.33..v1.34").0, Some(0));
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn what_is_given_is_never_run_and_what_is_wrong_is_said() {
    let job = Job::new();
    let cluster = ("cluster", job.cluster.as_str());
    let nasty = "scenarios/$(touch pwned)`touch pwned`;touch pwned";
    for input in ["scenarios", "snapshots", "args", "shard", "diff", "merge", "cluster", "fail-on-diff", "reports"] {
        let given =
            if input == "cluster" || input == "merge" { vec![(input, nasty)] } else { vec![cluster, (input, nasty)] };
        job.run(&given);
        assert!(!job.project.path("pwned").exists(), "{input} was run");
    }
    for (given, code, says) in [
        (&[][..], 1, "nothing to do: name a cluster"),
        (&[("diff", "v1.32")], 1, "`v1.32` names no two versions"),
        (&[cluster, ("fail-on-diff", "yes")], 1, "fail-on-diff is true or false, not `yes`"),
        (&[cluster, ("merge", "reports")], 1, "a job of its own"),
        (&[("merge", "snapshots")], 1, "there is no report.json below snapshots"),
        (&[cluster, ("shard", "3/2")], 1, "REHEARSAL_SHARD: there is no shard `3/2`"),
        (&[cluster, ("scenarios", "nowhere.yaml")], 2, "there is no such file or folder"),
    ] {
        let ran = job.run(given).0;
        assert_eq!(ran.code, Some(code), "{given:?}: {ran:?}");
        ran.says(&[says]);
    }
}

#[test]
fn a_cache_is_of_what_the_program_is_built_from() {
    let key = |root: &Path| {
        let ran =
            support::run(Command::new("bash").arg(root.join("ci/action/setup")).arg("key").env_remove("GITHUB_OUTPUT"));
        ran.exits(0).out.trim().to_owned()
    };
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let members = manifest.split_once("\nmembers = [").unwrap().1.split_once(']').unwrap().0;
    let members: Vec<&str> = members.split(',').map(|member| member.trim().trim_matches('"')).collect();
    assert!(members.contains(&"model"), "{members:?}");
    let copy = tempfile::tempdir().unwrap();
    for part in ["Cargo.toml", "Cargo.lock", "src", "ci/action"].iter().chain(&members) {
        let to = copy.path().join(part);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        assert!(Command::new("cp").arg("-r").arg(Path::new(ROOT).join(part)).arg(to).status().unwrap().success());
    }
    let here = key(Path::new(ROOT));
    assert!(here.starts_with("key=") && here.len() == 20, "{here}");
    let mut last = key(copy.path());
    assert_eq!(last, here);
    for package in [""].iter().chain(&members) {
        fs::write(copy.path().join(package).join("src/new.rs"), "").unwrap();
        let changed = key(copy.path());
        assert_ne!(changed, last, "what is new in `{package}` is not built");
        last = changed;
    }
}
