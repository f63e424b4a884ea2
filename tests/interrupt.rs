//! Runs that end early, and runs beside each other: on a real control plane, nothing stays behind and nothing shifts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers fail by panicking, and clients answer on standard output"
)]

mod cluster_support;
#[path = "support/server.rs"]
mod server;
mod support;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use cluster_support::{OwnHome, QUICK, installed_assets, newest, quick_scenarios, runtime, send_signal, shared_state};
use http::Method;
use rehearsal::cluster::{Cluster, Facts, Identity, Origin, Request};
use rehearsal::run::{Emit, Event, ScenarioOutcome, Settings, Suite};
use rehearsal::scenario::{self, ScenarioFile};
use rehearsal::snapshot::Store;
use rehearsal::snapshot::diff;
use rustix::process::Signal;
use serde_json::Value;
use server::{SCENARIO, Server};
use support::{Project, Ran, Running, until};

/// A minute of waiting, with something to be removed inside and outside of the Namespace.
const LASTING: &str = "\
scenario: It lasts
namespace: lasting
unique: [lasting-role]
steps:
  - create: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: lasting-role}
  - create: {kind: ConfigMap, name: begun}
  - name: for a minute
    get: {kind: ConfigMap, name: begun}
    holds: code == 200
    for: 60s
  - name: never
    get: {kind: ConfigMap, name: begun}
";

/// A cluster with a client of its own, which sees it before, during and after a run.
struct Watcher {
    runtime: tokio::runtime::Runtime,
    cluster: Cluster,
    cache: PathBuf,
    state: PathBuf,
}

impl Watcher {
    fn shared() -> Self {
        Self::of(shared_state())
    }

    fn of(state: PathBuf) -> Self {
        let (runtime, cache) = (runtime(), installed_assets());
        let cluster = newest(&runtime, &cache, &state);
        Self { runtime, cluster, cache, state }
    }

    /// `rehearsal ARGS..` in a project, with the same clusters.
    fn command(&self, project: &Project, args: &[&str]) -> Command {
        let mut command = project.command(args);
        command.env("REHEARSAL_CACHE", &self.cache).env("REHEARSAL_STATE", &self.state);
        command
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let own = self.cluster.session(&Identity::Own).unwrap();
        let exchange = self.runtime.block_on(own.send(Request::new(Method::GET, path))).unwrap();
        (exchange.status, (*exchange.body).clone())
    }

    /// The names of what is there, is not being deleted, and begins so.
    fn names(&self, collection: &str, beginning: &str) -> Vec<String> {
        let (_, list) = self.get(collection);
        let alive = list["items"].as_array().unwrap().iter().map(|item| &item["metadata"]);
        let names = alive.filter(|meta| meta["deletionTimestamp"].is_null()).map(|meta| meta["name"].as_str().unwrap());
        names.filter(|name| name.starts_with(beginning)).map(str::to_owned).collect()
    }

    fn namespaces(&self, beginning: &str) -> Vec<String> {
        self.names("/api/v1/namespaces", &format!("{beginning}-rh"))
    }

    fn cluster_roles(&self, beginning: &str) -> Vec<String> {
        self.names("/apis/rbac.authorization.k8s.io/v1/clusterroles", &format!("{beginning}-role-rh"))
    }

    /// Waits until a run is in the middle of the scenario above.
    fn until_it_lasts(&self, namespace: &str) {
        until("the scenario is in the middle", || {
            let begun = |name: &String| self.get(&format!("/api/v1/namespaces/{name}/configmaps/begun")).0 == 200;
            self.namespaces(namespace).iter().any(begun)
        });
    }
}

/// A project whose scenario makes things that begin with `word`.
fn lasting(word: &str) -> Project {
    let project = Project::new();
    project.write("scenarios/a.yaml", &LASTING.replace("lasting", word));
    // With one job it is not the turn of this one.
    project.write("scenarios/b.yaml", &LASTING.replace("lasting", word));
    project
}

fn interrupted(word: &str, verb: &[&str], signal: Signal) -> Ran {
    // Nobody else's, on a cluster that others use.
    let word = &format!("{word}-{}", std::process::id());
    let (watcher, project) = (Watcher::shared(), lasting(word));
    let before = project.files("");
    let args = [verb, &["--cluster", "local", "--jobs", "1"]].concat();
    let running = Running::start(&mut watcher.command(&project, &args));
    watcher.until_it_lasts(word);
    assert_eq!(watcher.cluster_roles(word).len(), 1);
    let asked = Instant::now();
    send_signal(running.process.id(), signal);
    let ran = running.end();
    assert!(asked.elapsed() < Duration::from_secs(30), "not at once: {:?}", asked.elapsed());
    ran.exits(130).says(&["interrupted before it began"]);
    assert_eq!(watcher.namespaces(word), [""; 0], "its Namespace goes");
    assert_eq!(watcher.cluster_roles(word), [""; 0], "what is outside of it is gone");
    assert_eq!(project.files(""), before, "it wrote something");
    ran
}

/// Not a test: what other processes of these tests are.
#[test]
#[ignore = "is started by other tests"]
fn is_a_client() {
    cluster_support::be_a_client();
}

#[test]
fn ctrl_c_in_the_middle_takes_away_what_was_made() {
    let ran = interrupted("by-ctrl-c", &["run"], Signal::INT);
    ran.says(&["for a minute: could not run", "error: interrupted\n", "1 step not run", "2 could not run"]);
    ran.keeps_quiet_about(&["left on the cluster"]);
}

#[test]
fn sigterm_in_the_middle_takes_away_what_was_made() {
    let ran = interrupted("by-sigterm", &["run", "--output", "json"], Signal::TERM);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["scenarios"][0]["steps"][2]["verdict"]["trouble"]["message"], "interrupted");
    assert_eq!(report["scenarios"][0]["steps"][3]["verdict"]["kind"], "not-run");
}

#[test]
fn an_interrupted_recording_records_nothing() {
    let ran = interrupted("by-record", &["record", "--accept"], Signal::INT);
    ran.says(&["nothing is recorded: the run was interrupted"]);
}

#[test]
fn ctrl_c_while_the_cluster_starts_leaves_no_cluster() {
    let (home, project) = (OwnHome::new(), lasting("by-start"));
    let mut command = project.command(&["run", "--cluster", "local"]);
    command.env("REHEARSAL_CACHE", installed_assets()).env("REHEARSAL_STATE", home.state());
    let running = Running::start(&mut command);
    until("a component runs", || !home.components().is_empty());
    send_signal(running.process.id(), Signal::INT);
    running.end().exits(130);
    home.wait_until_nothing_is_left();
}

#[test]
fn what_a_killed_run_has_left_is_found_by_gc() {
    // A cluster of its own: `gc` takes from runs that are going on, too.
    let home = OwnHome::new();
    let (watcher, project) = (Watcher::of(home.state().to_owned()), lasting("by-kill"));
    let mut running =
        Running::start(&mut watcher.command(&project, &["run", "--cluster", "local", "scenarios/a.yaml"]));
    watcher.until_it_lasts("by-kill");
    running.process.kill().unwrap();
    assert_eq!(running.end().code, None);
    let left = watcher.namespaces("by-kill");
    assert_eq!(left.len(), 1, "nobody was there to take it away");
    let gc = || support::run(&mut watcher.command(&project, &["cluster", "gc", "--cluster", "local"]));
    let roles = watcher.cluster_roles("by-kill");
    assert_eq!(roles.len(), 1, "nor this");
    gc().exits(0).says(&[
        &format!("local: deleted /api/v1/namespaces/{}\n", left[0]),
        &format!("local: deleted /apis/rbac.authorization.k8s.io/v1/clusterroles/{}\n", roles[0]),
    ]);
    assert_eq!((watcher.namespaces("by-kill"), watcher.cluster_roles("by-kill")), (Vec::new(), Vec::new()));
    gc().exits(0).says(&["nothing was left"]);
    drop(watcher);
    home.wait_until_nothing_is_left();
}

/// Quick scenarios of this project, and what was recorded of them.
fn own_scenarios() -> (Vec<ScenarioFile>, Store) {
    let root = Utf8PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    (quick_scenarios(&root), Store::open(root.join("snapshots")))
}

fn settings() -> Settings {
    Settings { jobs: 20, timeout: Duration::from_mins(2), ..Settings::default() }
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let (watcher, project) = (Watcher::shared(), Project::new());
    let start = || {
        let mut command = watcher.command(&project, &["run", "--cluster", "local", "--timeout", "2m"]);
        command.args(QUICK);
        Running::start(command.current_dir(env!("CARGO_MANIFEST_DIR")))
    };
    let (first, second) = (start(), start());
    for running in [first, second] {
        running.end().exits(0).keeps_quiet_about(&["FAIL", "BROKEN"]);
    }
}

/// What a run shows of a scenario. How long it took and how often it had to ask are not part of that, nor are the answers of
/// steps that say `snapshot: off`: whether a token names the Node is then left to chance.
fn shown(outcome: &ScenarioOutcome) -> String {
    let step = |step: &rehearsal::run::StepOutcome| {
        let answer = step.slug.as_ref().and(step.answer.as_deref()).unwrap_or_default();
        format!("{}: {:?}\n{answer}", step.label, step.verdict.status())
    };
    let troubles = outcome.trouble.iter().map(|trouble| trouble.message.clone());
    outcome.steps.iter().map(step).chain(troubles).collect::<Vec<_>>().join("\n")
}

/// Runs every scenario so often, all at once, and gives back what each showed; it is the same each time.
fn rehearse(watcher: &Watcher, files: &[ScenarioFile], store: &Store, times: usize) -> Vec<(String, String)> {
    let scenarios = files.iter().flat_map(|file| std::iter::repeat_n(file, times)).collect();
    let suite = Suite { scenarios, store, settings: settings() };
    let finished = watcher.runtime.block_on(suite.run_on(&watcher.cluster, "it", &mut |_| Ok(()))).unwrap();
    assert_eq!(finished.outcomes.len(), files.len() * times);
    let all = files.iter().map(|file| {
        let of_file = |outcome: &&ScenarioOutcome| outcome.id == file.id();
        let mut texts = finished.outcomes.iter().filter(of_file).map(shown);
        let first = texts.next().unwrap();
        for other in texts {
            assert!(
                other == first,
                "{} shows something else beside itself: {}",
                file.id(),
                diff::unified(("one", &first), ("another", &other), false)
            );
        }
        (file.id().to_owned(), first)
    });
    all.collect()
}

#[test]
fn the_same_scenarios_three_times_at_once_again_and_on_another_cluster_show_the_same() {
    let (files, store) = own_scenarios();
    assert!(!files.is_empty());
    let watcher = Watcher::shared();
    let beside_itself = rehearse(&watcher, &files, &store, 3);
    assert_eq!(rehearse(&watcher, &files, &store, 1), beside_itself, "run again");
    let home = OwnHome::new();
    let other = Watcher::of(home.state().to_owned());
    assert_eq!(other.cluster.version(), watcher.cluster.version());
    assert_eq!(rehearse(&other, &files, &store, 1), beside_itself, "on another cluster of this version");
    drop(other);
    home.wait_until_nothing_is_left();
}

/// Runs scenarios through the library on a server of these tests' own, and hands events to `emit`.
fn emitting(server: &Server, emit: &mut Emit<'_>) -> String {
    let project = Project::new();
    for index in 0..5 {
        project.write(&format!("scenarios/{index}.yaml"), SCENARIO);
    }
    let folder = Utf8PathBuf::from_path_buf(project.folder().to_owned()).unwrap();
    let files = scenario::load(&[folder.join("scenarios")]).unwrap();
    let store = Store::open(folder.join("snapshots"));
    let settings = Settings { jobs: 2, ..settings() };
    let suite = Suite { scenarios: files.iter().collect(), store: &store, settings };
    runtime().block_on(async {
        let url = format!("http://{}", server.address).parse().unwrap();
        let client = kube::Client::try_from(kube::Config::new(url)).unwrap();
        let origin = Origin { kind: "test", etcd: None };
        let cluster = Cluster::over(client, origin, "v1.36.3".parse().unwrap(), Facts::default());
        suite.run_on(&cluster, "test", emit).await.unwrap_err().to_string()
    })
}

#[test]
fn a_report_that_fails_or_panics_leaves_nothing_behind() {
    let server = Server::start();
    let error = emitting(&server, &mut |event| match event {
        Event::Finished(_) => Err(io::Error::other("no paper")),
        _ => Ok(()),
    });
    assert_eq!(error, "writing the report failed: no paper");
    assert_eq!(server.left(), [""; 0]);
    let made = server.take_requests().iter().filter(|line| *line == "POST /api/v1/namespaces").count();
    assert!((1..5).contains(&made), "those that had not begun did not begin: {made}");

    let panicking = catch_unwind(AssertUnwindSafe(|| {
        emitting(&server, &mut |event| match event {
            Event::Finished(_) => panic!("a mistake in the report"),
            _ => Ok(()),
        })
    }));
    assert_eq!(panicking.unwrap_err().downcast_ref::<&str>(), Some(&"a mistake in the report"));
    assert_eq!(server.left(), [""; 0]);
}
