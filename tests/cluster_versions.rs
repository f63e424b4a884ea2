//! Promises that hold on every version that is installed: it starts with our flags, Pods run on its hollow Node and end at
//! once, its tokens are good, and it can be reached from this machine only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::collections::BTreeSet;
use std::time::Duration;

use cluster_support::{OwnHome, PATIENCE, installed_assets};
use http::Method;
use rehearsal::cluster::{self, Cluster, ClusterSpec, Home, Identity, Linger, Release, Request, Session};
use serde_json::{Value, json};

#[test]
fn every_installed_version_runs_pods_and_is_open_to_this_machine_only() {
    for assets in cluster::installed(&Home::new(installed_assets(), "/nonexistent")).unwrap() {
        let home = OwnHome::new();
        let spec = ClusterSpec::Local(Release::Exact(assets.version.clone()));
        cluster_support::runtime().block_on(async {
            let cluster = cluster::open(&spec, &home.options(Linger::Gone)).await.unwrap();
            let own = cluster.session(&Identity::Own).unwrap();
            let version = own.send(Request::new(Method::GET, "/version")).await.unwrap();
            assert_eq!(version.body["gitVersion"], assets.version.to_string());

            let pods = async {
                tokio::join!(a_token_is_good(&cluster, &own), a_pod_runs_and_ends(&own));
            };
            tokio::time::timeout(PATIENCE, pods).await.expect("a Pod runs and ends");
            let port = cluster.server().unwrap().rsplit(':').next().unwrap();
            assert_eq!(listening(&home), BTreeSet::from([format!("127.0.0.1:{port}")]), "{}", assets.version);
        });
        home.wait_until_nothing_is_left();
    }
}

async fn send(session: &Session, method: Method, path: &str, body: Option<Value>) -> Value {
    let exchange = session.send(Request { body, ..Request::new(method, path) }).await.unwrap();
    assert!(exchange.is_success() || exchange.status == 404, "{exchange:?}");
    std::sync::Arc::unwrap_or_clone(exchange.body)
}

async fn a_token_is_good(cluster: &Cluster, own: &Session) {
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token = send(own, Method::POST, path, Some(request)).await["status"]["token"].as_str().unwrap().to_owned();
    let bearer = cluster.session(&Identity::Bearer(token)).unwrap();
    let refused = bearer.send(Request::new(Method::GET, "/api/v1/namespaces")).await.unwrap();
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.contains(r#"User "system:serviceaccount:default:default""#), "{message}");
}

async fn a_pod_runs_and_ends(own: &Session) {
    let pods = "/api/v1/namespaces/default/pods";
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let made = send(own, Method::POST, pods, Some(pod)).await;
    let path = format!("{pods}/p");
    loop {
        let pod = send(own, Method::GET, &path, None).await;
        let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True") {
            assert_eq!((&pod["status"]["phase"], &pod["spec"]["nodeName"]), (&json!("Running"), &json!("hollow-node")));
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    send(own, Method::DELETE, &path, Some(json!({"gracePeriodSeconds": 600}))).await;
    while send(own, Method::GET, &path, None).await["metadata"]["uid"] == made["metadata"]["uid"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The addresses that components of a home listen on.
fn listening(home: &OwnHome) -> BTreeSet<String> {
    let sockets: BTreeSet<String> = home
        .components()
        .iter()
        .flat_map(|(pid, _)| std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap())
        .filter_map(|fd| {
            std::fs::read_link(fd.ok()?.path()).ok()?.to_str()?.strip_prefix("socket:[").map(str::to_owned)
        })
        .map(|socket| socket.trim_end_matches(']').to_owned())
        .collect();
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words[3] == "0A" && sockets.contains(words[9]))
        .map(|words| {
            let (address, port) = words[1].split_once(':').unwrap();
            let port = u16::from_str_radix(port, 16).unwrap();
            let is_loopback = address == "0100007F";
            format!("{}:{port}", if is_loopback { "127.0.0.1" } else { address })
        })
        .collect()
}
