//! Promises about contexts of a kubeconfig: one that works is asked what it can do, one that does not says which it was
//! and what to do, and `gc` takes only what runs have left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cluster_support::{Client, OwnHome, PROGRAM};
use http::Method;
use rcgen::{CertificateParams, KeyPair};
use rehearsal::cluster::{self, ClusterSpec, Identity, Linger, RUN_LABEL, Release, Request};
use serde_json::{Value, json};

/// Not a test: what other processes of these tests are.
#[test]
#[ignore = "is started by other tests"]
fn is_a_client() {
    cluster_support::be_a_client();
}

/// A kubeconfig with one context `demo`.
fn write_kubeconfig(folder: &Path, cluster: &Value, user: &Value) -> PathBuf {
    let path = folder.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "demo", "context": {"cluster": "c", "user": "u"}}],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// What `gc` says about a context, without any local cluster around it.
fn gc(kubeconfig: &Path, context: &str) -> Output {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.env("KUBECONFIG", kubeconfig).env("REHEARSAL_STATE", state.path());
    command.env_remove("HTTPS_PROXY").env_remove("https_proxy");
    command.args(["cluster", "gc", "--cluster", &format!("context:{context}")]).output().unwrap()
}

#[track_caller]
fn fails(output: &Output, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{output:?}");
    for part in parts {
        assert!(said.contains(part), "no `{part}` in: {said}");
    }
}

/// A certificate that nobody knows, as data for a kubeconfig, and its key. Of X.509 v1 where that is asked for.
fn certificate(is_v1: bool) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut der = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
    if is_v1 {
        let version = der.windows(5).position(|bytes| bytes == [0xa0, 3, 2, 1, 2]).unwrap();
        der[version + 4] = 0;
    }
    let body = BASE64_STANDARD.encode(der);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    (BASE64_STANDARD.encode(pem), BASE64_STANDARD.encode(key.serialize_pem()))
}

#[test]
fn a_context_that_is_not_there_is_told_which_are() {
    let folder = tempfile::tempdir().unwrap();
    fails(&gc(&folder.path().join("none"), "demo"), &["the kubeconfig cannot be read", "none", "KUBECONFIG"]);
    let kubeconfig = write_kubeconfig(folder.path(), &json!({"server": "https://127.0.0.1:1"}), &json!({}));
    fails(&gc(&kubeconfig, "prod"), &["no context `prod`", "it has: demo"]);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = write_kubeconfig(folder.path(), &json!({"server": "https://127.0.0.1:1"}), &json!({}));
    fails(&gc(&kubeconfig, "demo"), &["`demo`", "https://127.0.0.1:1", "cannot be reached", "refused", "help:"]);
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = write_kubeconfig(folder.path(), &json!({"server": server}), &json!({}));
    fails(&gc(&kubeconfig, "demo"), &["`demo`", &server, "did not answer GET /version within 10 s"]);
}

#[test]
fn a_certificate_of_the_first_version_is_named_as_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(true);
    let user = json!({"client-certificate-data": certificate, "client-key-data": key});
    let kubeconfig = write_kubeconfig(folder.path(), &json!({"server": "https://127.0.0.1:1"}), &user);
    fails(&gc(&kubeconfig, "demo"), &["`demo` cannot be used", "X.509 v1", "as v3"]);
}

#[test]
fn a_credential_plug_in_that_fails_does_not_show_what_it_printed() {
    let folder = tempfile::tempdir().unwrap();
    let plug_in = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": "sh", "args": ["-c", "echo very-secret; exit 3"],
    });
    let kubeconfig =
        write_kubeconfig(folder.path(), &json!({"server": "https://127.0.0.1:1"}), &json!({"exec": plug_in}));
    let output = gc(&kubeconfig, "demo");
    fails(&output, &["`demo` cannot be used", "plug-in", "exit status: 3"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("very-secret"), "{output:?}");
}

#[test]
#[cfg_attr(not(feature = "control-planes"), ignore = "needs real control planes: --features control-planes")]
fn a_context_of_a_real_cluster_knows_what_it_can_do_and_what_runs_have_left() {
    let home = OwnHome::new();
    let runtime = cluster_support::runtime();
    let local =
        runtime.block_on(cluster::open(&ClusterSpec::Local(Release::Newest), &home.options(Linger::Gone))).unwrap();
    let kubeconfig = local.kubeconfig().unwrap();

    // The administrator's context.
    let client = Client::start(
        Command::new(std::env::current_exe().unwrap())
            .env("KUBECONFIG", kubeconfig)
            .env("TEST_CLIENT", "context:rehearsal"),
    );
    assert_eq!(client.cluster["kind"], "context");
    assert_eq!(client.cluster["version"], local.version().to_string());
    assert_eq!(client.cluster["issuer"], "https://kubernetes.default.svc.cluster.local");
    assert_eq!(client.cluster["audience"], "https://kubernetes.default.svc.cluster.local");
    let capabilities = json!(["node", "scheduler", "kubectl", "one-apiserver", "plain-authentication", "admin"]);
    assert_eq!(client.cluster["capabilities"], capabilities);
    client.end();

    // The same server, for somebody without the right authority, and for somebody it does not know.
    let server = local.server().unwrap();
    let (foreign, key) = certificate(false);
    let folder = tempfile::tempdir().unwrap();
    let untrusted = json!({"server": server, "certificate-authority-data": foreign});
    let wrong = write_kubeconfig(folder.path(), &untrusted, &json!({}));
    fails(&gc(&wrong, "demo"), &["`demo`", server, "no TLS connection", "UnknownIssuer"]);
    let read: Value = serde_json::from_slice(&std::fs::read(kubeconfig).unwrap()).unwrap();
    let unknown = json!({"client-certificate-data": foreign, "client-key-data": key});
    let wrong = write_kubeconfig(folder.path(), &read["clusters"][0]["cluster"], &unknown);
    fails(&gc(&wrong, "demo"), &["`demo`", "does not accept its credentials", "log in again"]);

    // What runs have left, beside what only looks like it.
    let own = local.session(&Identity::Own).unwrap();
    let namespaces = [("demo-rh4k2qx", true), ("demo-rhaaaaa", false), ("demo", true)];
    for (name, is_labelled) in namespaces {
        let labels = if is_labelled { json!({RUN_LABEL: "x"}) } else { json!({}) };
        let body = json!({"metadata": {"name": name, "labels": labels}});
        let made = runtime.block_on(own.send(Request::new(Method::POST, "/api/v1/namespaces").body(body))).unwrap();
        assert!(made.is_success(), "{made:?}");
    }
    let output = gc(kubeconfig, "rehearsal");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "context:rehearsal: deleted /api/v1/namespaces/demo-rh4k2qx\n", "{output:?}");
    drop(local);
    home.wait_until_nothing_is_left();
}
