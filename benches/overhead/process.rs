//! `rehearsal run` of `tokens/pod-bound` as a process, from its start to its end, against the same calls on one fresh
//! connection of a program that is warm.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use http::Method;
use kube::config::{KubeConfigOptions, Kubeconfig};
use rehearsal::cluster::{self, Assets, OpenOptions};
use serde_json::{Value, json};

use super::bare::{Answer, client, send};
use super::figures::{Pairs, Verdict};
use super::{Outcome, home, spec};

const LIMIT_MS: f64 = 15.0;
const SCENARIO: &str = "scenarios/tokens/pod-bound.yaml";
/// Between two looks of the bare side at something that another component does.
const PAUSE: Duration = Duration::from_millis(1);
/// After each run: a Namespace that goes keeps the control plane busy, which would be in the figures of the next.
const REST: Duration = Duration::from_millis(500);

pub(crate) fn measure(assets: &Assets, pairs: usize, out: &mut impl Write) -> Outcome<Verdict> {
    let (version, spec) = (&assets.version, spec(assets));
    writeln!(out, "\nwhole process: {SCENARIO} on {spec}, against its calls sent bare ({pairs} pairs)")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let state = tempfile::tempdir()?;
    let options = OpenOptions {
        home: Some(home(assets, state.path())?),
        keeper: Some(PathBuf::from(env!("CARGO_BIN_EXE_rehearsal"))),
        ..OpenOptions::default()
    };
    let running = runtime.block_on(cluster::open(&spec, &options))?;
    let kubeconfig = Kubeconfig::read_from(running.kubeconfig().ok_or("the cluster has no kubeconfig")?)?;
    let context = KubeConfigOptions::default();
    let config = runtime.block_on(kube::Config::from_custom_kubeconfig(kubeconfig, &context))?;
    let audience = running.audience().ok_or("the cluster has no audience")?.to_owned();
    let pod: Value = serde_saphyr::from_str(&std::fs::read_to_string(project("scenarios/tokens/pod-bound/pod.yaml"))?)?;

    let ours = |_| {
        let start = Instant::now();
        let run = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--cluster", &format!("local:{version}"), SCENARIO])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("REHEARSAL_STATE", state.path())
            .output()?;
        let took = start.elapsed();
        if !run.status.success() {
            let said = [run.stdout, run.stderr].concat();
            return Err(format!("{}: {}", run.status, String::from_utf8_lossy(&said)).into());
        }
        std::thread::sleep(REST);
        Ok(took)
    };
    let bare = |index| {
        // Its connection is made by the first request: within the time.
        let client = runtime.block_on(async { client(config.clone()) })?;
        let calls = Calls { client, namespace: format!("token-demo-bare-{index}"), audience: &audience, pod: &pod };
        let start = Instant::now();
        runtime.block_on(calls.pod_bound())?;
        let took = start.elapsed();
        std::thread::sleep(REST);
        Ok(took)
    };
    let taken = Pairs::take(pairs, ours, bare)?;
    taken.show(out)?;
    taken.differences(1.0).judge("difference", "ms", LIMIT_MS, out)
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The calls of `tokens/pod-bound`.
struct Calls<'a> {
    client: kube::Client,
    namespace: String,
    audience: &'a str,
    pod: &'a Value,
}

impl Calls<'_> {
    async fn pod_bound(&self) -> Outcome<()> {
        let space = format!("/api/v1/namespaces/{}", self.namespace);
        let (pods, accounts) = (format!("{space}/pods"), format!("{space}/serviceaccounts"));
        let (pod, token) = (format!("{pods}/test-pod"), format!("{accounts}/demo-sa/token"));

        self.post("/api/v1/namespaces", &object("v1", "Namespace", &self.namespace)).await?.done()?;
        self.post(&accounts, &object("v1", "ServiceAccount", "demo-sa")).await?.done()?;
        self.until(async || Ok(self.post(&pods, self.pod).await?.status == 201)).await?;
        self.until(async || Ok(is_scheduled(&self.get(&pod).await?.done()?))).await?;
        let bound = json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "test-pod"}});
        let token = self.post(&token, &authentication("TokenRequest", &bound)).await?.done()?;
        let token = &token["status"]["token"];
        let reviewed = self.review(&json!({"token": token})).await?;
        if reviewed["status"]["authenticated"] != true {
            return Err("the token was not authenticated".into());
        }
        self.delete(&pod).await?.done()?;
        self.until(async || Ok(self.get(&pod).await?.status == 404)).await?;
        let mut attempt = 0;
        self.until(async || {
            attempt += 1;
            let unused = format!("uncached-{}-{attempt}", self.namespace);
            let reviewed = self.review(&json!({"token": token, "audiences": [self.audience, unused]})).await?;
            Ok(reviewed["status"]["authenticated"] != true)
        })
        .await?;
        self.delete(&space).await?.done()?;
        Ok(())
    }

    async fn review(&self, spec: &Value) -> Outcome<Value> {
        let path = "/apis/authentication.k8s.io/v1/tokenreviews";
        self.post(path, &authentication("TokenReview", spec)).await?.done()
    }

    async fn get(&self, path: &str) -> Outcome<Answer> {
        send(&self.client, Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        send(&self.client, Method::POST, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Outcome<Answer> {
        send(&self.client, Method::DELETE, path, None).await
    }

    async fn until(&self, mut is_so: impl AsyncFnMut() -> Outcome<bool>) -> Outcome<()> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_so().await? {
            if Instant::now() > deadline {
                return Err("the bare calls waited for 10 s in vain".into());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

fn object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})
}

fn authentication(kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": kind, "spec": spec})
}

fn is_scheduled(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "PodScheduled" && condition["status"] == "True")
}
