//! Promises about sessions on a real control plane: who a request is sent as, what an answer holds, what a watch tells,
//! and that Pods run on the hollow Node. All tests share one cluster, which lingers for the next test process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cluster_support::{PROGRAM, installed_assets};
use http::Method;
use rehearsal::cluster::{
    self, Cluster, ClusterSpec, EventKind, Exchange, Home, Identity, Linger, OpenOptions, Release, Request, SendError,
    Session,
};
use serde_json::{Value, json};

const NAMESPACES: &str = "/api/v1/namespaces";

/// Runs a test with the cluster of all of them and a Namespace of its own, which is deleted afterwards.
fn with_cluster(test: impl AsyncFnOnce(&Cluster, &str)) {
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster-sessions");
    let options = OpenOptions {
        home: Some(Home::new(installed_assets(), state)),
        keeper: Some(PROGRAM.into()),
        ..OpenOptions::lingering(Linger::For(Duration::from_secs(20)))
    };
    cluster_support::runtime().block_on(async {
        let cluster = cluster::open(&ClusterSpec::Local(Release::Newest), &options).await.unwrap();
        let own = cluster.session(&Identity::Own).unwrap();
        let made = post(&own, NAMESPACES, json!({"metadata": {"generateName": "test-"}})).await;
        let name = made["metadata"]["name"].as_str().unwrap();
        // The default ServiceAccount comes a moment after its Namespace, and Pods need it.
        found(&own, &format!("{NAMESPACES}/{name}/serviceaccounts/default")).await;
        test(&cluster, name).await;
        assert!(send(&own, Method::DELETE, &format!("{NAMESPACES}/{name}"), None).await.is_success());
    });
}

async fn send(session: &Session, method: Method, path: &str, body: Option<Value>) -> Exchange {
    let request = Request { body, ..Request::new(method, path) };
    session.send(request).await.unwrap()
}

async fn post(session: &Session, path: &str, body: Value) -> Value {
    let exchange = send(session, Method::POST, path, Some(body)).await;
    assert!(exchange.is_success(), "{exchange:?}");
    std::sync::Arc::unwrap_or_clone(exchange.body)
}

/// Asks for an object until it is there.
async fn found(session: &Session, path: &str) -> Value {
    loop {
        let exchange = send(session, Method::GET, path, None).await;
        if exchange.is_success() {
            return std::sync::Arc::unwrap_or_clone(exchange.body);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Who the API server says is asking.
async fn who(cluster: &Cluster, identity: &Identity) -> Value {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let session = cluster.session(identity).unwrap();
    post(&session, "/apis/authentication.k8s.io/v1/selfsubjectreviews", review).await["status"]["userInfo"].clone()
}

async fn token(own: &Session, namespace: &str, account: &str) -> String {
    let path = format!("{NAMESPACES}/{namespace}/serviceaccounts/{account}/token");
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"});
    post(own, &path, asked).await["status"]["token"].as_str().unwrap().to_owned()
}

#[test]
fn own_is_the_administrator() {
    with_cluster(async |cluster, _| {
        let user = who(cluster, &Identity::Own).await;
        assert_eq!(user["username"], "admin");
        assert_eq!(user["groups"], json!(["system:masters", "system:authenticated"]));
    });
}

#[test]
fn a_bearer_is_who_its_token_says_and_no_certificate_wins_over_it() {
    with_cluster(async |cluster, namespace| {
        let own = cluster.session(&Identity::Own).unwrap();
        let token = token(&own, namespace, "default").await;
        let bearer = Identity::Bearer(token);
        let user = who(cluster, &bearer).await;
        assert_eq!(user["username"], format!("system:serviceaccount:{namespace}:default"));

        let nonsense = cluster.session(&Identity::Bearer("no.such.token".into())).unwrap();
        assert_eq!(send(&nonsense, Method::GET, "/api/v1/namespaces", None).await.status, 401);
        // The connection is shared; the next identity on it is another one all the same.
        assert_eq!(who(cluster, &bearer).await["username"], user["username"]);
    });
}

#[test]
fn an_impersonated_user_is_that_user_with_all_it_has() {
    with_cluster(async |cluster, _| {
        let identity = Identity::Impersonated {
            user: "jane".into(),
            groups: vec!["dev".into(), "ops".into()],
            uid: Some("42".into()),
            extra: BTreeMap::from([("example.com/scopes".to_owned(), vec!["a".to_owned(), "b".to_owned()])]),
        };
        let user = who(cluster, &identity).await;
        assert_eq!((&user["username"], &user["uid"]), (&json!("jane"), &json!("42")));
        assert_eq!(user["groups"], json!(["dev", "ops", "system:authenticated"]));
        assert_eq!(user["extra"], json!({"example.com/scopes": ["a", "b"]}));
    });
}

#[test]
fn a_certificate_says_who_it_is_for_and_only_that_one() {
    with_cluster(async |cluster, namespace| {
        let jane = Identity::Certified { user: "jane".into(), group: Some("dev".into()) };
        let user = who(cluster, &jane).await;
        assert_eq!((&user["username"], &user["groups"]), (&json!("jane"), &json!(["dev", "system:authenticated"])));
        let joe = Identity::Certified { user: "joe".into(), group: None };
        assert_eq!(who(cluster, &joe).await["groups"], json!(["system:authenticated"]));
        let path = format!("{NAMESPACES}/{namespace}/pods");
        let refused = send(&cluster.session(&joe).unwrap(), Method::GET, &path, None).await;
        assert!(refused.body["message"].as_str().unwrap().contains("User \"joe\" cannot list"), "{refused:?}");
        assert_eq!(who(cluster, &jane).await["username"], "jane", "each has a connection of its own");
        // Nor does it show in a kubeconfig of anybody else.
        let kubeconfig = String::from_utf8(cluster.kubeconfig_of(&Identity::Bearer("x.y.z".into()), None).unwrap());
        assert!(!kubeconfig.unwrap().contains("client-key-data"));
    });
}

#[test]
fn anonymous_is_nobody() {
    with_cluster(async |cluster, _| {
        // Nobody may not ask who it is; being refused says so.
        let nobody = cluster.session(&Identity::Anonymous).unwrap();
        let refused = send(&nobody, Method::GET, "/api/v1/namespaces", None).await;
        assert_eq!(refused.status, 403);
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains(r#"User "system:anonymous""#), "{message}");
    });
}

#[test]
fn warnings_come_as_texts_and_the_manager_of_fields_is_us() {
    with_cluster(async |cluster, namespace| {
        let own = cluster.session(&Identity::Own).unwrap();
        let path = format!("{NAMESPACES}/{namespace}/configmaps?fieldValidation=Warn");
        let body = json!({"metadata": {"name": "a"}, "data": {"k": "v"}, "no\"such": 1});
        let made = send(&own, Method::POST, &path, Some(body)).await;
        assert_eq!(made.warnings, [r#"unknown field "no\"such""#]);
        assert_eq!(made.body["metadata"]["managedFields"][0]["manager"], "rehearsal");
    });
}

#[test]
fn kinds_resolve_as_the_server_serves_them() {
    with_cluster(async |cluster, _| {
        let pod = cluster.resolve("v1", "Pod").await.unwrap().unwrap();
        assert_eq!((pod.plural.as_str(), pod.namespaced), ("pods", true));
        let role = cluster.resolve("rbac.authorization.k8s.io/v1", "ClusterRole").await.unwrap().unwrap();
        assert_eq!((role.plural.as_str(), role.namespaced), ("clusterroles", false));
        for (api_version, kind) in
            [("v1", "NoSuch"), ("v1", "TokenRequest"), ("no.such.group/v1", "Pod"), ("v9", "Pod")]
        {
            assert_eq!(cluster.resolve(api_version, kind).await.unwrap(), None, "{api_version} {kind}");
        }
    });
}

#[test]
fn a_watch_tells_what_happens_after_its_resource_version() {
    with_cluster(async |cluster, namespace| {
        let own = cluster.session(&Identity::Own).unwrap();
        let path = format!("{NAMESPACES}/{namespace}/configmaps");
        let before = send(&own, Method::GET, &path, None).await;
        let version = before.body["metadata"]["resourceVersion"].as_str().unwrap();
        let mut watch = own.watch(&path, "metadata.name=seen", version).await.unwrap();
        post(&own, &path, json!({"metadata": {"name": "unseen"}})).await;
        post(&own, &path, json!({"metadata": {"name": "seen"}})).await;
        send(&own, Method::DELETE, &format!("{path}/seen"), None).await;
        let mut kinds = Vec::new();
        while kinds.len() < 2 {
            let event = watch.next().await.unwrap().unwrap();
            assert_eq!(event.object["metadata"]["name"], "seen");
            kinds.push(event.kind);
        }
        assert_eq!(kinds, [EventKind::Added, EventKind::Deleted]);

        let mut refused = own.watch(&path, "no-such-field=x", version).await.unwrap();
        let event = refused.next().await.unwrap().unwrap();
        assert_eq!((event.kind, &event.object["code"]), (EventKind::Error, &json!(400)));
        assert!(refused.next().await.is_none());
    });
}

#[test]
fn a_pod_runs_on_the_hollow_node_and_ends_as_soon_as_it_is_deleted() {
    with_cluster(async |cluster, namespace| {
        let own = cluster.session(&Identity::Own).unwrap();
        let pods = format!("{NAMESPACES}/{namespace}/pods");
        let spec = json!({
            "initContainers": [{"name": "init", "image": "i"}],
            "containers": [{"name": "main", "image": "m"}],
            "readinessGates": [{"conditionType": "example.com/open"}],
        });
        let made = post(&own, &pods, json!({"metadata": {"name": "p"}, "spec": spec})).await;
        let path = format!("{pods}/p");
        let is = |pod: &Value, condition: &str, status: &str| {
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|it| it["type"] == condition && it["status"] == status)
        };
        let until = async |is_so: &dyn Fn(&Value) -> bool| loop {
            let pod = found(&own, &path).await;
            if is_so(&pod) {
                return pod;
            }
        };
        let pod = until(&|pod| pod["status"]["phase"] == "Running").await;
        assert!(is(&pod, "PodScheduled", "True") && is(&pod, "ContainersReady", "True"), "{pod:#}");
        assert!(is(&pod, "Ready", "False"), "its gate is not open: {pod:#}");
        assert_eq!(pod["spec"]["nodeName"], "hollow-node");
        assert!(pod["status"]["podIP"].as_str().unwrap().starts_with("198.18."));
        assert_eq!(pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"], 0);
        assert!(pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"].is_string());

        let mut open = Request::new(Method::PATCH, format!("{path}/status"))
            .body(json!({"status": {"conditions": [{"type": "example.com/open", "status": "True"}]}}));
        open.content_type = "application/strategic-merge-patch+json";
        assert!(own.send(open).await.unwrap().is_success());
        until(&|pod| is(pod, "Ready", "True")).await;

        let grace = Some(json!({"gracePeriodSeconds": 600}));
        assert!(send(&own, Method::DELETE, &path, grace).await.is_success());
        while send(&own, Method::GET, &path, None).await.body["metadata"]["uid"] == made["metadata"]["uid"] {}
    });
}

#[test]
fn a_hollow_node_that_was_taken_for_dead_says_that_it_is_not() {
    with_cluster(async |cluster, _| {
        let own = cluster.session(&Identity::Own).unwrap();
        let path = "/api/v1/nodes/hollow-node";
        let lost = json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}});
        let mut lost = Request::new(Method::PATCH, format!("{path}/status")).body(lost);
        lost.content_type = "application/strategic-merge-patch+json";
        assert!(own.send(lost).await.unwrap().is_success());
        let is_ready = async || {
            let node = found(&own, path).await;
            let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True")
        };
        while !is_ready().await {}
    });
}

#[test]
fn what_cannot_be_sent_says_so_without_the_value() {
    with_cluster(async |cluster, _| {
        let own = cluster.session(&Identity::Own).unwrap();
        for path in ["api/v1", "/api/ v1", ""] {
            let error = own.send(Request::new(Method::GET, path)).await.unwrap_err();
            assert!(matches!(error, SendError::NoPath { .. }), "{error:?}");
        }
        let Err(error) = cluster.session(&Identity::Bearer("secret\nsecret".into())) else { panic!("taken") };
        assert!(!format!("{error:?} {error}").contains("secret"));
        assert!(!format!("{:?}", Identity::Bearer("secret".into())).contains("secret"));
    });
}
