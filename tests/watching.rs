//! Promises about `watch` where a server does not do as one would like: it refuses, ends early, breaks off, says nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::convert::Infallible;
use std::time::Duration;

use camino::Utf8PathBuf;
use http::Response;
use kube::client::Body;
use rehearsal::cluster::{Cluster, Facts, Origin};
use rehearsal::run::{Settings, StepOutcome, Suite, Verdict};
use rehearsal::scenario;
use rehearsal::snapshot::Store;
use serde_json::json;
use tower::service_fn;

const ADDED: &str = r#"{"type": "ADDED", "object": {"kind": "Pod", "metadata": {"name": "p"}}}"#;

/// What becomes of one step, `watch: {kind: Pod}` with these fields, where a watch is answered with this.
async fn step(fields: &str, status: u16, watched: &str) -> StepOutcome {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let file = root.join("scenarios/x.yaml");
    std::fs::create_dir(root.join("scenarios")).unwrap();
    std::fs::write(
        &file,
        format!("scenario: x\nnamespace: some-demo\nsteps:\n  - {{watch: {{kind: Pod}}, {fields}}}\n"),
    )
    .unwrap();
    let files = scenario::load(&[file]).unwrap();
    let store = Store::open(root.join("snapshots"));
    let settings = Settings { timeout: Duration::from_secs(20), ..Settings::default() };
    let suite = Suite { scenarios: files.iter().collect(), store: &store, settings };
    let watched = watched.to_owned();
    let service = service_fn(move |request: http::Request<Body>| {
        let (status, body) = match (request.uri().path(), request.uri().query().unwrap_or_default()) {
            ("/api/v1", _) => {
                (200, json!({"resources": [{"name": "pods", "kind": "Pod", "namespaced": true}]}).to_string())
            }
            (_, query) if query.contains("watch=true") => (status, watched.clone()),
            _ => (200, json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": []}).to_string()),
        };
        let response = Response::builder().status(status).body(Body::from(body.into_bytes())).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    let origin = Origin { kind: "test", etcd: None };
    let client = kube::Client::new(service, "default");
    let cluster = Cluster::over(client, origin, "v1.36.3".parse().unwrap(), Facts::default());
    let finished = suite.run_on(&cluster, "test", &mut |_| Ok(())).await.unwrap();
    finished.outcomes.into_iter().next().unwrap().steps.into_iter().next().unwrap()
}

/// What was not met, in words.
fn unmet(outcome: &StepOutcome) -> Vec<String> {
    let Verdict::Unmet(unmet) = &outcome.verdict else { panic!("{outcome:?}") };
    unmet.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_waited_for_ends_it() {
    let outcome = step("name: x, until: size(events) == 1", 200, &format!("{ADDED}\n{ADDED}\n")).await;
    assert!(matches!(outcome.verdict, Verdict::Unrecorded { .. }), "{outcome:?}");
    assert_eq!(outcome.answer.unwrap(), "code: 200\nevents:\n- ADDED p\n");
}

#[tokio::test]
async fn a_refusal_is_the_answer_of_a_step_with_a_name_or_an_expectation() {
    let refusal = r#"{"kind": "Status", "reason": "Forbidden", "message": "no"}"#;
    let named = step("name: x, until: size(events) == 1", 422, refusal).await;
    assert!(matches!(named.verdict, Verdict::Unrecorded { .. }), "{named:?}");
    let expected = step("until: size(events) == 1, expect: {code: 422}", 422, refusal).await;
    assert!(matches!(expected.verdict, Verdict::Done), "{expected:?}");
    let set_up = step("until: size(events) == 1", 422, refusal).await;
    let lines = unmet(&set_up);
    assert_eq!(lines[..], ["it was refused, and a step without a name must succeed"]);
}

#[tokio::test]
async fn a_watch_that_the_server_ends_is_not_begun_again() {
    let outcome = step("name: x, until: size(events) == 2", 200, &format!("{ADDED}\n")).await;
    let lines = unmet(&outcome);
    assert_eq!(lines[..], ["`until: size(events) == 2` was not reached"]);
    assert_eq!(outcome.attempts, 1);
    assert!(outcome.took < Duration::from_secs(10), "{outcome:?}");
}

#[tokio::test]
async fn what_must_hold_is_broken_by_the_first_event() {
    let outcome = step("name: x, holds: size(events) == 0, for: 15s", 200, &format!("{ADDED}\n")).await;
    let lines = unmet(&outcome);
    assert!(lines[0].starts_with("`holds: size(events) == 0` ceased to hold after"), "{lines:?}");
}

#[tokio::test]
async fn what_holds_has_to_be_looked_at_to_the_end() {
    let outcome = step("name: x, holds: size(events) == 1, for: 15s", 200, &format!("{ADDED}\n")).await;
    let lines = unmet(&outcome);
    assert!(lines[0].starts_with("`holds"), "before the event it did not hold: {lines:?}");
    let outcome = step("name: x, holds: size(events) < 2, for: 15s", 200, &format!("{ADDED}\n")).await;
    let lines = unmet(&outcome);
    assert_eq!(lines[..], ["it ended before the time of `holds` was over"]);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_no_answer() {
    for event in ["{\n", "{\"type\": \"NEW\"}\n"] {
        let outcome = step("name: x, until: size(events) == 1", 200, event).await;
        let Verdict::Broken(trouble) = &outcome.verdict else { panic!("{outcome:?}") };
        assert!(trouble.message.contains("no whole answer came"), "{trouble:?}");
    }
}
