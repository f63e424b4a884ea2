//! The Indexed Job that runs shards on a cluster: a real API server takes it, and its script does what it is there for, with the
//! rights that it gives itself and two shards at the same time. Only the kubelet is played by the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use camino::Utf8Path;
use cluster_support::{PROGRAM, installed_assets, newest, runtime, shared_state, until};
use http::Method;
use rehearsal::cluster::{Cluster, Exchange, Identity, Request};
use rehearsal::scenario;
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const NAMESPACE: &str = "/api/v1/namespaces/rehearsal";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn documents(path: &str) -> Vec<Value> {
    let text = fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

async fn send(cluster: &Cluster, method: Method, path: &str, body: Option<&Value>) -> Exchange {
    let own = cluster.session(&Identity::Own).unwrap();
    let request = Request::new(method, path);
    own.send(body.cloned().into_iter().fold(request, Request::body)).await.unwrap()
}

async fn create(cluster: &Cluster, collection: &str, object: &Value) -> Value {
    let exchange = send(cluster, Method::POST, collection, Some(object)).await;
    assert!(exchange.is_success(), "{collection}: {} {}", exchange.status, exchange.body);
    assert_eq!(exchange.warnings, [""; 0], "{collection}");
    (*exchange.body).clone()
}

/// Takes away what an earlier run of this test may have left, or this one made.
fn remove(runtime: &tokio::runtime::Runtime, cluster: &Cluster) {
    let roles = ["clusterrolebindings/rehearsal-suite", "clusterroles/rehearsal-tokens"];
    for path in roles.map(|role| format!("{RBAC}/{role}")).iter().map(String::as_str).chain([NAMESPACE]) {
        runtime.block_on(send(cluster, Method::DELETE, path, None));
    }
    let is_gone = || runtime.block_on(send(cluster, Method::GET, NAMESPACE, None)).status == 404;
    until("the Namespace is gone", is_gone);
}

/// Creates everything but the Job, which is only tried; gives a token of its ServiceAccount, and the Job as the server would
/// have it.
async fn applied(cluster: &Cluster) -> (String, Value) {
    let documents = documents("docs/shards/job.yaml");
    let [namespace, account, binding, job] = documents.as_slice() else { panic!("{documents:?}") };
    create(cluster, &format!("{RBAC}/clusterroles"), &self::documents("docs/rights/tokens.yaml")[0]).await;
    create(cluster, "/api/v1/namespaces", namespace).await;
    create(cluster, &format!("{NAMESPACE}/serviceaccounts"), account).await;
    create(cluster, &format!("{RBAC}/clusterrolebindings"), binding).await;
    let jobs = "/apis/batch/v1/namespaces/rehearsal/jobs?dryRun=All&fieldValidation=Strict";
    let job = create(cluster, jobs, job).await;
    let token = format!("{NAMESPACE}/serviceaccounts/suite/token");
    let token = create(cluster, &token, &json!({"spec": {"expirationSeconds": 3600}})).await;
    (token["status"]["token"].as_str().unwrap().to_owned(), job)
}

/// What the kubelet gives a Pod: the token and certificate authority of its ServiceAccount, and where the API server is.
struct Pod {
    folder: tempfile::TempDir,
    host: String,
    port: String,
}

impl Pod {
    fn new(cluster: &Cluster, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(cluster.kubeconfig().unwrap()).unwrap();
        let config: Value = serde_json::from_str(&text).unwrap();
        let authority = config["clusters"][0]["cluster"]["certificate-authority-data"].as_str().unwrap();
        fs::write(folder.path().join("ca.crt"), BASE64_STANDARD.decode(authority).unwrap()).unwrap();
        fs::write(folder.path().join("token"), token).unwrap();
        symlink(PROGRAM, folder.path().join("rehearsal")).unwrap();
        let (host, port) =
            cluster.server().unwrap().trim_start_matches("https://").trim_end_matches('/').split_once(':').unwrap();
        Self { host: host.to_owned(), port: port.to_owned(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The Job's container with this index, of two.
    fn start(&self, container: &Value, index: usize) -> Child {
        let mut words = container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        let mut script = container["args"][0].as_str().unwrap().to_owned();
        let places = [
            ("/var/run/secrets/kubernetes.io/serviceaccount", self.path("")),
            ("/dev/termination-log", self.path(&format!("said-{index}"))),
            ("/tmp/kubeconfig", self.path(&format!("kubeconfig-{index}"))),
        ];
        for (place, here) in places {
            assert!(script.contains(place), "{script}");
            script = script.replace(place, here.to_str().unwrap().trim_end_matches('/'));
        }
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg(script).current_dir(ROOT).env_clear().env("CI", "true").env("SHARDS", "2");
        command.env("JOB_COMPLETION_INDEX", index.to_string());
        command.env("KUBERNETES_SERVICE_HOST", &self.host).env("KUBERNETES_SERVICE_PORT", &self.port);
        // The programs of the image, and the control planes whose kubectl it has.
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        command.env("PATH", path).env("REHEARSAL_CACHE", installed_assets()).env("REHEARSAL_STATE", shared_state());
        command.stdout(Stdio::from(fs::File::create(self.path(&format!("{index}.json"))).unwrap())).spawn().unwrap()
    }
}

#[test]
fn the_shards_of_the_job_make_one_report_of_the_suite() {
    let (runtime, cache, state) = (runtime(), installed_assets(), shared_state());
    let cluster = newest(&runtime, &cache, &state);
    remove(&runtime, &cluster);
    let (token, job) = runtime.block_on(applied(&cluster));
    // Each index runs to its own end, and there are as many as the script is told.
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let shards = container["env"].as_array().unwrap().iter().find(|variable| variable["name"] == "SHARDS").unwrap();
    assert_eq!(shards["value"], job["spec"]["completions"].to_string());
    assert_eq!(
        (&job["spec"]["backoffLimitPerIndex"], &job["spec"]["maxFailedIndexes"]),
        (&0.into(), &job["spec"]["completions"])
    );

    let pod = Pod::new(&cluster, &token);
    let both = [0, 1].map(|index| pod.start(container, index));
    let ends = both.map(|mut shard| shard.wait().unwrap().code());
    remove(&runtime, &cluster);
    let said = |index: usize| fs::read_to_string(pod.path(&format!("said-{index}"))).unwrap();
    assert_eq!(ends, [Some(0), Some(0)], "{}{}", said(0), said(1));
    assert!(said(1).starts_with("shard 2/2: "), "{}", said(1));

    let mut merge = Command::new(PROGRAM);
    merge.args(["report", "merge", "0.json", "1.json", "--output", "json"]).current_dir(pod.folder.path());
    let merged = merge.output().unwrap();
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    let report: Value = serde_json::from_slice(&merged.stdout).unwrap();
    let ran: Vec<&str> = report["scenarios"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    let folders = ["scenarios/tokens", "scenarios/posts"].map(|folder| Utf8Path::new(ROOT).join(folder));
    let all = scenario::load(&folders).unwrap();
    assert_eq!(ran, all.iter().map(scenario::ScenarioFile::id).collect::<Vec<_>>());
    // Nothing is wrong with the token's way: it is in no report.
    assert!(!String::from_utf8_lossy(&merged.stdout).contains(&token));
}
