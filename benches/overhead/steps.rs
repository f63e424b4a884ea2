//! Our own work per step, by kind of step: scenarios through the engine over a transport inside the process, against the
//! very same requests sent to it directly. One thread, no socket: what is left is decoding, filling in, reading,
//! observing and comparing. Nothing waits, so it is the thread's processor time that is taken: what other processes do
//! meanwhile is not in it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use camino::{Utf8Path, Utf8PathBuf};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use rehearsal::cluster::{Cluster, Facts, Origin};
use rehearsal::report::{Human, Reporter};
use rehearsal::run::{Event, Finished, Settings, Suite};
use rehearsal::scenario::{self, ScenarioFile};
use rehearsal::snapshot::Store;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::service_fn;

use super::Outcome;
use super::figures::Verdict;
use super::pairs::Pairs;

const LIMIT_MS: f64 = 0.2;
/// Steps of a scenario: what it costs once, its Namespace included, is shared out over them.
const STEPS: usize = 20;
/// A Pod as v1.36 answers it, 5.4 kB.
const POD: &str = include_str!("pod.json");
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Each kind of step; `#` is the step's number.
const KINDS: [(&str, &str); 9] = [
    ("create", "- {name: 'created #', create: {file: pod.yaml}, expect: {code: 201}}"),
    ("apply", "- {name: 'applied #', apply: {file: pod.yaml}, expect: {code: 200}}"),
    ("get", "- {name: 'got #', get: {kind: Pod, name: test-pod}, expect: {body: {status: {phase: Running}}}}"),
    ("list", "- {name: 'listed #', list: {kind: Pod}, snapshot: {select: [items.status.phase]}}"),
    ("wait", "- {wait: {kind: Pod, name: test-pod, condition: PodScheduled}}"),
    ("delete", "- {delete: {kind: Pod, name: test-pod}}"),
    (
        "token",
        "- {name: 'token #', token: {serviceAccount: demo-sa, boundTo: {kind: Pod, name: test-pod}}, expect: {code: 201}}",
    ),
    (
        "review",
        "- {name: 'review #', review: {token: '${token.status.token}'}, expect: {body: {status: {authenticated: true}}}}",
    ),
    (
        "request",
        "- {name: 'asked #', request: {get: /api/v1/namespaces/bench-demo/pods/test-pod}, until: 'code == 200'}",
    ),
];

const HEAD: &str = "scenario: Steps of one kind\nnamespace: bench-demo\nsteps:\n";
/// For the steps that read a token.
const TOKEN: &str = "- {name: token, token: {serviceAccount: demo-sa}}\n";
const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: test-pod}
spec:
  serviceAccountName: demo-sa
  containers:
  - {name: demo-container, image: 'nginx:stable-alpine3.21-perl', command: [sleep, '3600']}
";

pub(crate) fn measure(only: Option<&str>, pairs: usize, out: &mut impl Write) -> Outcome<Vec<Verdict>> {
    writeln!(
        out,
        "\nper step: {STEPS} steps in process, minus their requests sent directly, processor time ({pairs} pairs)"
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("the temporary folder is not UTF-8")?;
    let mut verdicts = Vec::new();
    for (kind, step) in KINDS.into_iter().filter(|(kind, _)| only.is_none_or(|only| only == *kind)) {
        let bench = Bench::new(&runtime, folder, kind, step)?;
        let taken = Pairs::take(pairs, |_| bench.ours(), |_| bench.direct())?;
        #[expect(clippy::cast_precision_loss, reason = "twenty")]
        verdicts.push(taken.differences(STEPS as f64).judge(kind, "ms", LIMIT_MS, out)?);
    }
    Ok(verdicts)
}

/// A scenario of one kind of step, what it shows recorded, and the requests it sends.
struct Bench<'a> {
    runtime: &'a Runtime,
    file: ScenarioFile,
    store: Store,
    cluster: Cluster,
    client: kube::Client,
    requests: Vec<(Parts, Vec<u8>)>,
}

impl<'a> Bench<'a> {
    fn new(runtime: &'a Runtime, folder: &Utf8Path, kind: &str, step: &str) -> Outcome<Self> {
        let file = write(folder, kind, step)?;
        let seen: Seen = Arc::default();
        let client = {
            let _within = runtime.enter();
            in_process(Arc::clone(&seen))
        };
        let facts = Facts {
            issuer: Some(ISSUER.to_owned()),
            audience: Some(ISSUER.to_owned()),
            server: Some("https://127.0.0.1:6443".to_owned()),
            nodes: vec!["hollow-node".to_owned()],
        };
        let origin = Origin { kind: "local", etcd: None };
        let cluster = Cluster::over(client.clone(), origin, "v1.36.3".parse()?, facts);
        let store = Store::open(folder.join("snapshots"));
        let mut bench = Self { runtime, file, store, cluster, client, requests: Vec::new() };
        let first = bench.run()?;
        let recording = first.outcomes.iter().find_map(|outcome| outcome.recording.as_ref());
        let record = recording.ok_or_else(|| format!("{kind} does not run: {:#?}", first.outcomes))?;
        if !record.texts.is_empty() {
            record.record(&bench.store)?;
        }
        bench.requests = std::mem::take(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
        let summary = bench.run()?.summary;
        if summary.passed != 1 || summary.unrecorded != 0 {
            return Err(format!("{kind} does not hold: {summary:?}").into());
        }
        Ok(bench)
    }

    /// From the scenario to the report.
    fn run(&self) -> Outcome<Finished> {
        let suite = Suite { scenarios: vec![&self.file], store: &self.store, settings: Settings::default() };
        let mut report = Human::new(io::sink(), true);
        let mut emit = |event: &Event<'_>| report.event(event);
        Ok(self.runtime.block_on(suite.run_on(&self.cluster, "in process", &mut emit))?)
    }

    fn ours(&self) -> Outcome<Duration> {
        let start = worked();
        self.run()?;
        Ok(worked().saturating_sub(start))
    }

    /// The same requests, their answers collected and not looked at.
    fn direct(&self) -> Outcome<Duration> {
        let requests: Vec<_> = self.requests.iter().map(rebuilt).collect();
        let start = worked();
        self.runtime.block_on(async {
            for request in requests {
                self.client.send(request).await?.into_body().collect().await?;
            }
            Outcome::Ok(())
        })?;
        Ok(worked().saturating_sub(start))
    }
}

/// How long this thread has been working since it began.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn rebuilt((parts, body): &(Parts, Vec<u8>)) -> Request<Body> {
    Request::from_parts(parts.clone(), Body::from(body.clone()))
}

/// Writes the scenario of a kind and reads it as any other.
fn write(folder: &Utf8Path, kind: &str, step: &str) -> Outcome<ScenarioFile> {
    let steps = (0..STEPS).map(|index| step.replace('#', &index.to_string())).collect::<Vec<_>>().join("\n");
    let scenarios: Utf8PathBuf = folder.join("scenarios");
    let file = scenarios.join(format!("{kind}.yaml"));
    std::fs::create_dir_all(scenarios.join(kind))?;
    std::fs::write(scenarios.join(kind).join("pod.yaml"), MANIFEST)?;
    let token = if kind == "review" { TOKEN } else { "" };
    std::fs::write(&file, format!("{HEAD}{token}{steps}\n"))?;
    let mut read = scenario::load(&[file]).map_err(|mistakes| mistakes.render(false))?;
    read.pop().ok_or_else(|| "the scenario was not read".into())
}

/// The requests that came since they were last taken, as they came.
type Seen = Arc<Mutex<Vec<(Parts, Vec<u8>)>>>;

/// A client to an API server that has one answer for each request.
fn in_process(seen: Seen) -> kube::Client {
    let answers = Arc::new(Answers::new());
    let service = service_fn(move |request: Request<Body>| {
        let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes().to_vec();
            let (status, answer) = answers.to(&parts.method, parts.uri.path());
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((parts, body));
            let response = Response::builder().status(status).header("content-type", "application/json");
            Outcome::Ok(response.body(Body::from(answer.as_bytes().to_vec()))?)
        }
    });
    kube::Client::new(service, "default")
}

struct Answers {
    resources: String,
    pods: String,
    token: String,
    review: String,
    not_found: String,
    /// Between the DELETE of a Pod and the GET that finds it gone.
    gone: AtomicBool,
}

impl Answers {
    fn new() -> Self {
        let pod = json!({"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": ["get"]});
        let claims = json!({
            "aud": [ISSUER], "exp": 1_767_229_200, "iat": 1_767_225_600, "iss": ISSUER, "nbf": 1_767_225_600,
            "jti": "0f3c9a52-94fd-4a5c-8f43-3c1f2a4ab0f1",
            "kubernetes.io": {
                "namespace": "bench-demo",
                "node": {"name": "hollow-node", "uid": "b7c5b2b2-6f3f-4a0e-9a3c-7d2c7f1f5e11"},
                "pod": {"name": "test-pod", "uid": "638a1e49-1629-4316-84e1-29ae9034e796"},
                "serviceaccount": {"name": "demo-sa", "uid": "2f1d7a35-52a6-4a5b-8a0f-0d3f5c1f7a77"},
            },
            "sub": "system:serviceaccount:bench-demo:demo-sa",
        });
        let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let header = encode(json!({"alg": "RS256", "kid": "wUKa1nyP1dsVtQbeGNi7VpH9ZFCxTmW4"}).to_string().as_bytes());
        let token = [header, encode(claims.to_string().as_bytes()), encode(&[0x5a; 256])].join(".");
        let extra = json!({
            "authentication.kubernetes.io/credential-id": ["JTI=0f3c9a52-94fd-4a5c-8f43-3c1f2a4ab0f1"],
            "authentication.kubernetes.io/pod-name": ["test-pod"],
            "authentication.kubernetes.io/pod-uid": ["638a1e49-1629-4316-84e1-29ae9034e796"],
        });
        let user = json!({
            "username": "system:serviceaccount:bench-demo:demo-sa", "uid": "2f1d7a35-52a6-4a5b-8a0f-0d3f5c1f7a77",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:bench-demo", "system:authenticated"],
            "extra": extra,
        });
        let authentication = |kind: &str, spec: Value, status: Value| {
            json!({"kind": kind, "apiVersion": "authentication.k8s.io/v1",
                   "metadata": {"creationTimestamp": null}, "spec": spec, "status": status})
            .to_string()
        };
        let asked = json!({"audiences": [ISSUER], "expirationSeconds": 3600,
                           "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "test-pod", "uid": ""}});
        let given = json!({"token": token, "expirationTimestamp": "2026-01-01T01:00:00Z"});
        let found = json!({"authenticated": true, "user": user, "audiences": [ISSUER]});
        Self {
            resources: json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [pod]}).to_string(),
            pods: format!(
                r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"245"}},"items":[{}]}}"#,
                ["first-pod", "second-pod", "third-pod"].map(|name| POD.replace("test-pod", name)).join(",")
            ),
            review: authentication("TokenReview", json!({"token": token, "audiences": [ISSUER]}), found),
            token: authentication("TokenRequest", asked, given),
            not_found: json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                              "message": "pods \"test-pod\" not found", "reason": "NotFound", "code": 404})
            .to_string(),
            gone: AtomicBool::new(false),
        }
    }

    fn to(&self, method: &Method, path: &str) -> (u16, &str) {
        let (_, last) = path.rsplit_once('/').unwrap_or_default();
        match (method, last) {
            (&Method::GET, "v1") => (200, &self.resources),
            (&Method::GET, "pods") => (200, &self.pods),
            (&Method::POST, "token") => (201, &self.token),
            (&Method::POST, "tokenreviews") => (201, &self.review),
            (&Method::GET, "test-pod") if self.gone.swap(false, Ordering::Relaxed) => (404, &self.not_found),
            (&Method::DELETE, "test-pod") => {
                self.gone.store(true, Ordering::Relaxed);
                (200, POD)
            }
            (&Method::POST, _) => (201, POD),
            _ => (200, POD),
        }
    }
}
