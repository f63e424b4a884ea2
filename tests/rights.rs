//! The rights that the documentation asks for are enough: somebody who has nothing else rehearses with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::path::Path;
use std::process::Command;

use camino::Utf8Path;
use cluster_support::{PROGRAM, installed_assets, newest, shared_state};
use http::Method;
use rehearsal::cluster::{Cluster, Exchange, Identity, Request};
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Of this test on a cluster that others share.
const NAME: &str = "rehearsal-rights";

async fn send(cluster: &Cluster, method: Method, path: &str, body: Option<Value>) -> Exchange {
    let own = cluster.session(&Identity::Own).unwrap();
    let request = Request::new(method, path);
    own.send(body.into_iter().fold(request, Request::body)).await.unwrap()
}

async fn create(cluster: &Cluster, collection: &str, object: Value) -> Value {
    let exchange = send(cluster, Method::POST, collection, Some(object)).await;
    assert!(exchange.is_success(), "{collection}: {} {}", exchange.status, exchange.body);
    (*exchange.body).clone()
}

/// A ServiceAccount with these rights, and a token of it.
async fn limited(cluster: &Cluster, mut role: Value) -> String {
    role["metadata"]["name"] = NAME.into();
    create(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterroles", role).await;
    create(cluster, "/api/v1/namespaces", json!({"metadata": {"name": NAME}})).await;
    let accounts = format!("/api/v1/namespaces/{NAME}/serviceaccounts");
    create(cluster, &accounts, json!({"metadata": {"name": NAME}})).await;
    let binding = json!({
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAME}],
    });
    create(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding).await;
    let asked = json!({"spec": {"expirationSeconds": 3600}});
    let answer = create(cluster, &format!("{accounts}/{NAME}/token"), asked).await;
    answer["status"]["token"].as_str().unwrap().to_owned()
}

async fn remove(cluster: &Cluster) {
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    for path in [
        format!("{rbac}/clusterrolebindings/{NAME}"),
        format!("{rbac}/clusterroles/{NAME}"),
        format!("/api/v1/namespaces/{NAME}"),
    ] {
        send(cluster, Method::DELETE, &path, None).await;
    }
}

/// The cluster's kubeconfig, with the token in place of the administrator's certificate.
fn kubeconfig(cluster: &Cluster, token: &str, folder: &Path) -> std::path::PathBuf {
    let text = std::fs::read_to_string(cluster.kubeconfig().unwrap()).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["users"][0]["user"] = json!({"token": token});
    config["contexts"][0]["name"] = "limited".into();
    let path = folder.join("kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn the_rights_for_the_scenarios_about_tokens_are_enough() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (cache, state) = (installed_assets(), shared_state());
    let cluster = newest(&runtime, &cache, &state);
    let rights = std::fs::read_to_string(Utf8Path::new(ROOT).join("docs/rights/tokens.yaml")).unwrap();
    let role: Value = serde_saphyr::from_str(&rights).unwrap();
    runtime.block_on(remove(&cluster));
    let token = runtime.block_on(limited(&cluster, role));

    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.current_dir(ROOT).env("KUBECONFIG", kubeconfig(&cluster, &token, folder.path()));
    command.env("REHEARSAL_CACHE", &cache).env("REHEARSAL_STATE", &state).env_remove("CI");
    command.env_remove("HTTPS_PROXY").env_remove("https_proxy");
    let paths = ["scenarios/tokens", "scenarios/posts"];
    let output = command.args(["run", "--cluster", "context:limited"]).args(paths).output().unwrap();
    runtime.block_on(remove(&cluster));

    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    // What needs more than these rights would be left out, not refused.
    for part in ["needs admin", "needs node", "needs one-apiserver", "needs plain-authentication"] {
        assert!(!said.contains(part), "{said}");
    }
}
