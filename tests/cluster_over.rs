//! Promises about clusters behind a transport inside the process: what goes wrong there is told apart, and an answer that
//! is no answer is never taken for one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, Response};
use kube::client::Body;
use rehearsal::cluster::{Cluster, Facts, Identity, Origin, Request, SendError};
use serde_json::json;
use tower::service_fn;

/// A cluster that answers every request with what `answer` makes of its number and path.
fn cluster(answer: impl Fn(usize, &str) -> (u16, String) + Clone + Send + 'static) -> Cluster {
    let count = Arc::new(AtomicUsize::new(0));
    let service = service_fn(move |request: http::Request<Body>| {
        let (status, body) = answer(count.fetch_add(1, Ordering::Relaxed), request.uri().path());
        let response = Response::builder().status(status).body(Body::from(body.into_bytes())).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    let origin = Origin { kind: "test", etcd: None };
    Cluster::over(kube::Client::new(service, "default"), origin, "v1.36.3".parse().unwrap(), Facts::default())
}

fn pods() -> String {
    let pod = json!({"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get"]});
    let eviction = json!({"name": "pods/eviction", "kind": "Eviction", "namespaced": true, "verbs": ["create"]});
    json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [pod, eviction]}).to_string()
}

#[tokio::test]
async fn only_a_404_says_that_a_kind_is_not_served() {
    let gone = cluster(|_, _| (404, String::new()));
    assert_eq!(gone.resolve("apps/v9", "Deployment").await.unwrap(), None);
    for status in [401, 403, 429, 500, 503] {
        let refusing = cluster(move |_, _| (status, r#"{"message": "not now"}"#.into()));
        let error = refusing.resolve("v1", "Pod").await.unwrap_err();
        let SendError::Refused { exchange } = &error else { panic!("{error:?}") };
        assert_eq!((exchange.path.as_str(), exchange.status), ("/api/v1", status));
        assert!(error.to_string().contains("not now"), "{error}");
    }
}

#[tokio::test]
async fn what_was_found_is_not_asked_again_and_what_was_missing_is() {
    let late = cluster(|count, path| {
        assert_eq!(path, "/api/v1");
        if count == 0 { (404, String::new()) } else { (200, pods()) }
    });
    assert_eq!(late.resolve("v1", "Pod").await.unwrap(), None);
    let found = late.resolve("v1", "Pod").await.unwrap().unwrap();
    assert_eq!((found.plural.as_str(), found.namespaced), ("pods", true));
    assert_eq!(late.resolve("v1", "Eviction").await.unwrap(), None, "a subresource");

    let once = cluster(|count, _| (if count == 0 { 200 } else { 500 }, pods()));
    for _ in 0..3 {
        assert!(once.resolve("v1", "Pod").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn any_status_is_an_answer_and_no_json_is_a_text() {
    let busy = cluster(|count, _| (429, if count == 0 { "slow down".into() } else { String::new() }));
    let own = busy.session(&Identity::Own).unwrap();
    let first = own.send(Request::new(Method::GET, "/x")).await.unwrap();
    assert_eq!((first.status, &*first.body), (429, &json!("slow down")));
    assert_eq!(*own.send(Request::new(Method::GET, "/x")).await.unwrap().body, json!(null));
}

#[tokio::test]
async fn a_transport_that_fails_is_a_broken_connection() {
    let service = service_fn(|_: http::Request<Body>| async { Err::<Response<Body>, _>("the cable is cut") });
    let origin = Origin { kind: "test", etcd: None };
    let client = kube::Client::new(service, "default");
    let cluster = Cluster::over(client, origin, "v1.36.3".parse().unwrap(), Facts::default());
    let own = cluster.session(&Identity::Own).unwrap();
    let error = own.send(Request::new(Method::GET, "/x")).await.unwrap_err();
    assert_eq!(error.to_string(), "GET /x: no whole answer came: the cable is cut");
}
