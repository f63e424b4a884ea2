//! The whole of it, by requests.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower_service::Service as _;

use crate::{Model, Options, Peer, SigningKey, releases};

/// A key for all tests of a process.
pub(crate) fn key() -> Arc<SigningKey> {
    static KEY: OnceLock<Arc<SigningKey>> = OnceLock::new();
    Arc::clone(KEY.get_or_init(|| Arc::new(SigningKey::make().unwrap())))
}

pub(crate) fn model(minor: u32) -> Model {
    let release = *releases().iter().find(|release| release.minor == minor).unwrap();
    Model::start(Options {
        release,
        gates: BTreeMap::new(),
        apiserver: BTreeMap::new(),
        controller_manager: BTreeMap::new(),
        key: key(),
        authority: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_owned(),
    })
    .unwrap()
}

/// The code and the body that a request is answered with.
pub(crate) async fn send(
    model: &Model,
    method: &str,
    path: &str,
    content_type: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut request = http::Request::builder().method(method).uri(path);
    if body.is_some() {
        request = request.header("content-type", content_type);
    }
    let body = body.map_or_else(String::new, Value::to_string);
    let request =
        request.header("user-agent", "tests/1").body(http_body_util::Full::<bytes::Bytes>::from(body)).unwrap();
    let response = model.service(Peer::administrator()).call(request).await.unwrap();
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into()))
}

async fn post(model: &Model, path: &str, body: &Value) -> (u16, Value) {
    send(model, "POST", path, "application/json", Some(body)).await
}

#[tokio::test(start_paused = true)]
async fn a_namespace_and_what_is_in_it_live_and_go() {
    for release in releases() {
        let model = model(release.minor);
        let (code, made) = post(&model, "/api/v1/namespaces", &json!({"metadata": {"name": "demo"}})).await;
        assert_eq!(code, 201, "{made}");
        let (code, made) =
            post(&model, "/api/v1/namespaces/demo/configmaps", &json!({"metadata": {"name": "x"}, "data": {"a": "1"}}))
                .await;
        assert_eq!(code, 201, "{made}");
        let path = "/api/v1/namespaces/demo/configmaps/x";
        let (code, patched) =
            send(&model, "PATCH", path, "application/merge-patch+json", Some(&json!({"data": {"b": "2"}}))).await;
        assert_eq!((code, &patched["data"]), (200, &json!({"a": "1", "b": "2"})), "{patched}");
        let apply = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"c": "3"}});
        let (code, applied) =
            send(&model, "PATCH", &format!("{path}?fieldManager=me"), "application/apply-patch+yaml", Some(&apply))
                .await;
        assert_eq!((code, &applied["data"]), (200, &json!({"a": "1", "b": "2", "c": "3"})), "{applied}");
        let apply = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        let (_, applied) =
            send(&model, "PATCH", &format!("{path}?fieldManager=me"), "application/apply-patch+yaml", Some(&apply))
                .await;
        assert_eq!(applied["data"], json!({"a": "1", "b": "2"}), "{applied}");
        let (code, _) = send(&model, "DELETE", "/api/v1/namespaces/demo", "", None).await;
        assert_eq!(code, 200);
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        let (code, gone) = send(&model, "GET", "/api/v1/namespaces/demo", "", None).await;
        assert_eq!(code, 404, "{gone}");
    }
}
