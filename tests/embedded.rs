//! Embedded control planes through the library: time that waits for nothing, and what they do not know.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

use std::time::Duration;

use camino::Utf8PathBuf;
use http::Method;
use rehearsal::cluster::{self, Clock, ClusterSpec, Home, Identity, OpenOptions, Release, Request};
use rehearsal::run::{Event, Runs, ScenarioOutcome, Settings, Status, Suite};
use rehearsal::scenario::{self, ScenarioFile};
use rehearsal::snapshot::Store;

const NEWEST: ClusterSpec = ClusterSpec::Embedded(Release::Newest);

/// Scenarios with these texts, below a folder of their own.
fn scenarios(texts: &[&str]) -> (tempfile::TempDir, Vec<ScenarioFile>) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().join("scenarios")).unwrap();
    std::fs::create_dir(&root).unwrap();
    for (index, text) in texts.iter().enumerate() {
        std::fs::write(root.join(format!("{index}.yaml")), text).unwrap();
    }
    let files = scenario::load(&[root]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    (folder, files)
}

/// Where nothing is recorded yet, beside their folder.
fn store_in(folder: &tempfile::TempDir) -> Store {
    Store::open(Utf8PathBuf::from_path_buf(folder.path().join("snapshots")).unwrap())
}

/// What comes of scenarios on clusters, in the order of clusters and files; and all events in a word.
fn rehearse(clusters: &[ClusterSpec], texts: &[&str]) -> (Vec<ScenarioOutcome>, Vec<String>) {
    let (folder, files) = scenarios(texts);
    let store = store_in(&folder);
    let suite = Suite { scenarios: files.iter().collect(), store: &store, settings: Settings::default() };
    let mut events = Vec::new();
    let finished = suite.run(clusters, &mut |event| {
        events.push(match event {
            Event::Queued { cluster } => format!("queued {cluster}"),
            Event::Opened { cluster, what, .. } => format!("opened {cluster} ({what})"),
            Event::Closed { cluster } => format!("closed {cluster}"),
            Event::Started { id, .. } => format!("started {id}"),
            _ => return Ok(()),
        });
        Ok(())
    });
    let mut outcomes = finished.unwrap().outcomes;
    outcomes.sort_by(|a, b| (&a.cluster, &a.id).cmp(&(&b.cluster, &b.id)));
    (outcomes, events)
}

fn passed(outcome: &ScenarioOutcome) {
    assert_eq!(outcome.status(), Status::Passed, "{outcome:#?}");
}

#[test]
fn a_scenario_that_runs_again_on_the_same_model_has_other_names() {
    let (folder, files) = scenarios(&["
scenario: twice
namespace: demo
unique: [demo-role]
steps:
  - create: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: demo-role}
"]);
    let store = store_in(&folder);
    let runs = Runs { times: 2, only_complete: false };
    let settings = Settings { runs, ..Settings::default() };
    let suite = Suite { scenarios: vec![&files[0], &files[0]], store: &store, settings };
    let finished = suite.run(&[NEWEST, NEWEST], &mut |_| Ok(())).unwrap();
    assert_eq!(finished.outcomes.iter().map(|outcome| outcome.runs).sum::<usize>(), 8);
    finished.outcomes.iter().for_each(passed);
}

#[test]
fn of_scenarios_that_run_commands_no_more_than_two_a_processor_run_at_once() {
    let most = 2 * std::thread::available_parallelism().unwrap().get();
    let seen = tempfile::tempdir().unwrap();
    for name in ["begun", "running", "most"] {
        std::fs::create_dir(seen.path().join(name)).unwrap();
    }
    // Each waits until so many have begun, and then looks for more of them beside itself.
    let text = format!(
        r#"
scenario: crowd
steps:
  - run:
      command: |
        touch "$SEEN/running/$$" "$SEEN/begun/$$"
        until [ "$(ls "$SEEN/begun" | wc -l)" -ge {most} ]; do :; done
        for look in 1 2 3 4 5 6 7 8 9 10; do ls "$SEEN/running" | wc -l; done | sort -n | tail -n 1 > "$SEEN/most/$$"
        rm "$SEEN/running/$$"
      env: {{SEEN: {}}}
"#,
        seen.path().display()
    );
    let (folder, files) = scenarios(&vec![text.as_str(); 3 * most]);
    let store = store_in(&folder);
    let settings = Settings { jobs: 3 * most, ..Settings::default() };
    let suite = Suite { scenarios: files.iter().collect(), store: &store, settings };
    let finished = suite.run(&[NEWEST], &mut |_| Ok(())).unwrap();
    finished.outcomes.iter().for_each(passed);
    let counts = std::fs::read_dir(seen.path().join("most")).unwrap();
    let counts: Vec<usize> =
        counts.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap().trim().parse().unwrap()).collect();
    assert_eq!((counts.len(), counts.iter().max()), (3 * most, Some(&most)));
}

/// Were time that of the wall, these tests would last for hours.
const HOUR: Duration = Duration::from_hours(1);

#[test]
fn an_hour_takes_no_time_and_other_programs_live_in_time_of_their_own() {
    let held = "
scenario: held
namespace: demo
steps:
  - create: {kind: ConfigMap, name: x}
  - get: {kind: ConfigMap, name: x}
    holds: metadata.name != ''
    for: 60m
    timeout: 120m
  - run: 'true'
  - get: {kind: ConfigMap, name: x}
    holds: metadata.name != ''
    for: 60m
    timeout: 120m
";
    let held = held.replace("metadata.name", "body.metadata.name");
    let (outcomes, _) = rehearse(&[NEWEST], &[&held, &held]);
    for outcome in &outcomes {
        passed(outcome);
        for step in [1, 3] {
            assert!(outcome.steps[step].took >= HOUR, "{:?}", outcome.steps[step]);
        }
        assert!(outcome.steps[2].took < HOUR, "no step waits for the other scenario's");
        assert!(outcome.recording.is_none(), "nothing is recorded of a model");
    }
    assert_eq!(outcomes.len(), 2);
}

#[test]
fn commands_come_last_since_time_is_that_of_the_wall_while_they_run() {
    let command = "scenario: a command\nsteps: [{run: 'true'}]\n";
    let plain = "scenario: plain\nsteps: [{request: {get: /version}}]\n";
    let (_, events) = rehearse(&[NEWEST], &[command, plain, command, plain]);
    let started: Vec<&str> = events.iter().filter_map(|event| event.strip_prefix("started ")).collect();
    assert_eq!(started, ["1", "3", "0", "2"]);
}

#[test]
fn each_cluster_that_is_named_answers_for_itself() {
    let clusters: Vec<ClusterSpec> =
        ["embedded:v1.22", "embedded:v1.30", "embedded:v1.36"].map(|name| name.parse().unwrap()).into();
    let text = "scenario: x\nsteps: [{request: {get: /version}, expect: {body: {minor: '30'}}}]\n";
    let (outcomes, events) = rehearse(&clusters, &[text]);
    let came: Vec<Status> = outcomes.iter().map(ScenarioOutcome::status).collect();
    assert_eq!(came, [Status::Failed, Status::Passed, Status::Failed], "{outcomes:#?}");
    assert_eq!(events[..3], ["queued embedded:v1.22", "queued embedded:v1.30", "queued embedded:v1.36"]);
    for cluster in &clusters {
        assert!(events.contains(&format!("closed {cluster}")), "{events:?}");
    }
}

#[test]
fn what_a_model_does_not_know_skips_the_scenario_that_asks_for_it() {
    let kind = "
scenario: a kind
namespace: demo
steps:
  - create: {apiVersion: apps/v1, kind: Deployment, name: x}
  - name: never
    get: {kind: ConfigMap, name: x}
";
    let command = "
scenario: a command
steps:
  - name: said
    run: |
      echo 'Error from server (NotModelled): a Frob is not modelled by the embedded control plane' >&2
      exit 1
";
    let gate = "
scenario: a gate
cluster: {gates: {NoSuchGate: true}}
steps: [{request: {get: /version}}]
";
    let (outcomes, events) = rehearse(&[NEWEST], &[kind, command, gate]);
    let reasons: Vec<&str> = outcomes.iter().map(|outcome| outcome.skipped.as_deref().unwrap_or_default()).collect();
    assert_eq!(reasons[1], "a Frob is not modelled by the embedded control plane", "{outcomes:#?}");
    assert!(reasons[0].ends_with("is not modelled by the embedded control plane"), "{outcomes:#?}");
    assert!(reasons[2].starts_with("the feature gate NoSuchGate in v1.37"), "{outcomes:#?}");
    assert!(events.contains(&"opened embedded (v1.37, the embedded model, set up with NoSuchGate=true)".to_owned()));
}

#[test]
fn what_a_scenario_made_goes_with_it_also_where_it_is_skipped() {
    let text = "
scenario: x
namespace: demo
steps:
  - create: {kind: ConfigMap, name: x}
  - create: {apiVersion: apps/v1, kind: Deployment, name: x}
";
    let (folder, files) = scenarios(&[text]);
    let store = store_in(&folder);
    let suite = Suite { scenarios: files.iter().collect(), store: &store, settings: Settings::default() };
    let home = Some(Home::new(folder.path(), folder.path()));
    let how = OpenOptions { home, clock: Clock::paused(), ..OpenOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let cluster = cluster::open(&NEWEST, &how).await.unwrap();
        let finished = suite.run_on(&cluster, "embedded", &mut |_| Ok(())).await.unwrap();
        assert_eq!(finished.summary.skipped, 1, "{finished:#?}");
        // It is asked for and not waited for.
        tokio::time::sleep(HOUR).await;
        let session = cluster.session(&Identity::Own).unwrap();
        let namespaces = session.send(Request::new(Method::GET, "/api/v1/namespaces")).await.unwrap();
        let names: Vec<_> =
            namespaces.body["items"].as_array().unwrap().iter().map(|it| &it["metadata"]["name"]).collect();
        assert!(!names.is_empty() && names.iter().all(|name| !name.as_str().unwrap().starts_with("demo")), "{names:?}");
    });
}
