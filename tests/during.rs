//! Promises about steps that run during a watch: nothing of what comes meanwhile is lost, what is shown of it does not depend
//! on how long they take, and one that fails ends it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use futures_util::stream;
use http::{Method, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use rehearsal::cluster::{Cluster, Facts, Origin};
use rehearsal::run::{Settings, StepOutcome, Suite, Verdict};
use rehearsal::scenario;
use rehearsal::snapshot::Store;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};
use tower::service_fn;

/// A server of Pods that tells its one watch of each write, and does not answer the write before that is taken.
#[derive(Clone, Default)]
struct Server {
    watch: Arc<Mutex<Option<mpsc::Sender<String>>>>,
    refuses: bool,
}

impl Server {
    /// The status of an answer, and its body as it comes.
    async fn answer(self, request: http::Request<Body>) -> (u16, mpsc::Receiver<String>) {
        let (parts, body) = request.into_parts();
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let name = path.rsplit_once("/pods/").map(|(_, name)| name.to_owned());
        match parts.method {
            Method::GET if query.contains("watch=true") => return self.open().await,
            Method::POST if path.ends_with("/pods") => {
                let sent: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
                self.tell("ADDED", sent["metadata"]["name"].as_str().unwrap()).await;
            }
            Method::DELETE if name.is_some() => self.tell("DELETED", &name.unwrap_or_default()).await,
            Method::GET if name.is_some() => return response(404, &json!({"kind": "Status", "reason": "NotFound"})),
            _ => {}
        }
        let resources = [json!({"name": "pods", "kind": "Pod", "namespaced": true})];
        response(200, &json!({"metadata": {"resourceVersion": "7"}, "resources": resources, "items": []}))
    }

    async fn open(&self) -> (u16, mpsc::Receiver<String>) {
        if self.refuses {
            return response(403, &json!({"kind": "Status", "reason": "Forbidden", "message": "no"}));
        }
        let (tell, told) = mpsc::channel(1);
        *self.watch.lock().await = Some(tell);
        (200, told)
    }

    /// Tells of a Pod, many times of one that is called so.
    async fn tell(&self, kind: &str, name: &str) {
        let event = json!({"type": kind, "object": {"kind": "Pod", "metadata": {"name": name}}}).to_string() + "\n";
        if let Some(watch) = &*self.watch.lock().await {
            for _ in 0..if name == "many" { 500 } else { 1 } {
                // One that has seen enough has gone.
                let _ = watch.send(event.clone()).await;
            }
        }
    }
}

fn response(status: u16, body: &Value) -> (u16, mpsc::Receiver<String>) {
    let (tell, told) = mpsc::channel(1);
    tell.try_send(body.to_string()).unwrap();
    (status, told)
}

/// What becomes of these steps.
async fn steps(server: Server, steps: &str) -> Vec<StepOutcome> {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let file = root.join("scenarios/x.yaml");
    std::fs::create_dir(root.join("scenarios")).unwrap();
    std::fs::write(&file, format!("scenario: x\nnamespace: some-demo\nsteps:\n{steps}")).unwrap();
    let files = scenario::load(&[file]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let store = Store::open(root.join("snapshots"));
    let settings = Settings { timeout: Duration::from_secs(20), ..Settings::default() };
    let suite = Suite { scenarios: files.iter().collect(), store: &store, settings };
    let service = service_fn(move |request| {
        let server = server.clone();
        async move {
            let (status, told) = server.answer(request).await;
            let frames = stream::unfold(told, async |mut told| {
                let frame = Full::from(told.recv().await?).frame().await?;
                Some((frame, told))
            });
            let body = StreamBody::new(Box::pin(frames));
            Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
        }
    });
    let origin = Origin { kind: "test", etcd: None };
    let client = kube::Client::new(service, "default");
    let cluster = Cluster::over(client, origin, "v1.36.3".parse().unwrap(), Facts::default());
    let finished = suite.run_on(&cluster, "test", &mut |_| Ok(())).await.unwrap();
    finished.outcomes.into_iter().next().unwrap().steps
}

/// What each step is called, and what came of it in a word.
fn verdicts(steps: &[StepOutcome]) -> Vec<String> {
    let verdict = |step: &StepOutcome| match &step.verdict {
        Verdict::Done => "done",
        Verdict::Unrecorded { .. } => "new",
        Verdict::Unmet(_) => "unmet",
        Verdict::NotRun => "not run",
        Verdict::Stopped => "stopped",
        Verdict::LeftOut(_) => "left out",
        other => panic!("{other:?}"),
    };
    steps.iter().map(|step| format!("{}: {}", step.label, verdict(step))).collect()
}

fn answer(step: &StepOutcome) -> &str {
    step.answer.as_deref().unwrap_or_default()
}

const LIFE: &str = "  - name: life
    watch:
      kind: Pod
      during:
        - create: {kind: Pod, name: a}
        - name: second
          create: {kind: Pod, name: b}
        - delete: {kind: Pod, name: a, wait: false}
    until: UNTIL
  - name: after
    list: {kind: Pod}
    expect: {that: 'size(life) > 0 && second.kind == \"\"'}
";

#[tokio::test]
async fn what_comes_meanwhile_is_shown_in_its_order() {
    let outcomes = steps(Server::default(), &LIFE.replace("UNTIL", "size(events) == 3 && !has(second.kind)")).await;
    let labels = verdicts(&outcomes);
    assert_eq!(labels[..4], ["life: new", "create Pod/a: done", "second: new", "delete Pod/a: done"]);
    assert_eq!(answer(&outcomes[0]), "code: 200\nevents:\n- ADDED a\n- ADDED b\n- DELETED a\n");
    assert_eq!(outcomes[0].requests.len(), 2, "{:?}", outcomes[0].requests);
    assert!(outcomes[0].requests[1].contains("watch=true"));
}

#[tokio::test]
async fn what_is_shown_ends_with_what_is_waited_for_however_much_came() {
    let outcomes = steps(Server::default(), &LIFE.replace("UNTIL", "events.exists(e, e.type == 'ADDED')")).await;
    assert_eq!(answer(&outcomes[0]), "code: 200\nevents:\n- ADDED a\n");
}

#[tokio::test]
async fn the_watch_is_read_while_the_steps_run() {
    let many =
        "  - {name: x, watch: {kind: Pod, during: [{create: {kind: Pod, name: many}}]}, until: size(events) == 500}\n";
    assert_eq!(verdicts(&steps(Server::default(), many).await), ["x: new", "create Pod/many: done"]);
}

#[tokio::test]
async fn its_time_counts_from_their_end() {
    let slow = "{get: {kind: Pod, name: p}, holds: code == 404, for: 60ms, expect: {code: 404}}, {create: {kind: Pod, name: a}}";
    let step = format!(
        "  - {{name: x, timeout: 2s, watch: {{kind: Pod, during: [{slow}]}}, until: size(events) == 1, within: 50ms}}\n"
    );
    assert_eq!(verdicts(&steps(Server::default(), &step).await)[0], "x: new");
    let step = "  - {name: x, watch: {kind: Pod, during: [{create: {kind: Pod, name: a}}]}, holds: size(events) < 2, for: 50ms}\n";
    assert_eq!(verdicts(&steps(Server::default(), step).await)[0], "x: new");
}

#[tokio::test]
async fn a_step_that_fails_ends_it() {
    let text =
        LIFE.replace("UNTIL", "size(events) == 3").replace("name: b}", "name: b}\n          expect: {code: 403}");
    let outcomes = steps(Server::default(), &text).await;
    let labels = ["life: stopped", "create Pod/a: done", "second: unmet", "delete Pod/a: not run", "after: not run"];
    assert_eq!(verdicts(&outcomes), labels);
    assert_eq!(answer(&outcomes[0]), "code: 200\nevents:\n- ADDED a\n- ADDED b\n", "what had come");
}

#[tokio::test]
async fn a_step_within_two_ends_both() {
    let text = "  - name: outer\n    watch:\n      kind: Pod\n      during:\n        - name: inner\n          watch: {kind: Pod, \
                during: [{get: {kind: Pod, name: p}}]}\n          until: size(events) == 9\n    until: size(events) == 9\n";
    let outcomes = steps(Server::default(), text).await;
    assert_eq!(outcomes.iter().map(|step| step.verdict.stops()).collect::<Vec<_>>(), [true, true, true]);
    assert!(matches!(outcomes[2].verdict, Verdict::Broken(_)), "{outcomes:?}");
}

#[tokio::test]
async fn a_refusal_that_is_an_answer_changes_nothing_for_them() {
    let refusing = || Server { refuses: true, ..Server::default() };
    let outcomes = steps(refusing(), &LIFE.replace("UNTIL", "size(events) == 3")).await;
    assert_eq!(verdicts(&outcomes)[..4], ["life: new", "create Pod/a: done", "second: new", "delete Pod/a: done"]);
    assert!(answer(&outcomes[0]).starts_with("code: 403\n"), "{}", answer(&outcomes[0]));
    let unnamed = LIFE.replace("UNTIL", "size(events) == 3").replace("- name: life\n    watch", "- watch");
    let outcomes = steps(refusing(), &unnamed.replace("size(life) > 0 && ", "")).await;
    assert_eq!(verdicts(&outcomes)[..2], ["watch Pod: unmet", "create Pod/a: not run"]);
}

#[tokio::test]
async fn they_are_left_out_with_it() {
    let text = "  - {name: x, when: \"<1.30\", watch: {kind: Pod, during: [{create: {kind: Pod, name: a}}]}, until: size(events) == 1}\n  \
                - {get: {kind: Pod, name: p}, expect: {code: 404}}\n";
    let outcomes = steps(Server::default(), text).await;
    assert_eq!(verdicts(&outcomes), ["x: left out", "create Pod/a: left out", "get Pod/p: done"]);
}
