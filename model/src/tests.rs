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

/// What kubectl asks when it describes.
#[tokio::test(start_paused = true)]
async fn kinds_of_which_there_can_be_none_are_listed_and_made_by_nobody() {
    let model = model(36);
    let prefix = "/api/v1/namespaces/default";
    let about =
        |kind: &str| format!("{prefix}/events?fieldSelector=involvedObject.name%3Dx,involvedObject.kind%3D{kind}");
    for (path, kind) in [
        (format!("{prefix}/limitranges"), "LimitRangeList"),
        (format!("{prefix}/resourcequotas"), "ResourceQuotaList"),
        (about("ConfigMap"), "EventList"),
    ] {
        let (code, list) = send(&model, "GET", &path, "", None).await;
        assert_eq!((code, &list["kind"], &list["items"]), (200, &json!(kind), &json!([])), "{path}");
    }
    for path in [about("Pod"), format!("{prefix}/events"), format!("{prefix}/limitranges/x")] {
        assert_eq!(send(&model, "GET", &path, "", None).await.0, 501, "{path}");
    }
    assert_eq!(post(&model, &format!("{prefix}/resourcequotas"), &json!({})).await.0, 501);
}

#[test]
fn no_version_is_compared_outside_of_the_profile() {
    // What a comparison of versions looks like: the number of one, beside a sign or a list of minors.
    let compares = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        let words =
            ["minor <", "minor >", "minor =", "minor !", "minor as ", ".minor.", "minor.cmp", "match minor", ".minor)"];
        words.iter().any(|word| code.contains(word))
    };
    assert!(compares("if profile.release().minor >= 24 {") && compares("(24..).contains(&release.minor)"));
    assert!(!compares("// minor >= 24") && !compares("profile.has(Feature::TokenIds)"));
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let is_test = name == "tests" || name == "tests.rs" || name == "testing.rs";
            if is_test || name == "profile" || name == "profile.rs" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().filter(|line| compares(line));
            found.extend(lines.map(|line| format!("{name}: {}", line.trim())));
        }
    }
    assert_eq!(found, [""; 0]);
}

#[tokio::test]
async fn what_is_larger_than_an_object_can_be_is_refused() {
    let body = json!({"metadata": {"name": "x"}, "data": {"a": "x".repeat(3 * 1024 * 1024)}});
    let (code, refused) = post(&model(36), "/api/v1/namespaces/default/configmaps", &body).await;
    assert_eq!((code, &refused["reason"]), (413, &json!("RequestEntityTooLarge")));
}

/// The lines of a watch, as they come.
struct Lines {
    body: crate::Body,
    read: Vec<u8>,
}

impl Lines {
    async fn open(model: &Model, path: &str) -> Self {
        let request = http::Request::builder().uri(path).body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let body = model.service(Peer::administrator()).call(request).await.unwrap().into_body();
        Self { body, read: Vec::new() }
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return serde_json::from_slice(&line).unwrap();
            }
            let frame = self.body.frame().await.unwrap().unwrap();
            self.read.extend(frame.into_data().unwrap());
        }
    }
}

#[tokio::test]
async fn a_watch_that_lasts_longer_than_any_clock_is_one_without_end() {
    let path = format!("/api/v1/namespaces?watch=true&resourceVersion=0&timeoutSeconds={}", u64::MAX);
    assert_eq!(Lines::open(&model(36), &path).await.next().await["type"], "ADDED");
}

/// A thousand clients, each of which counts up one number of all and watches it from the beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_clients_lose_no_update_and_see_each_once() {
    const CLIENTS: u64 = 1000;
    let model = model(36);
    let path = "/api/v1/namespaces/default/configmaps";
    let (code, made) = post(&model, path, &json!({"metadata": {"name": "counter"}, "data": {"n": "0"}})).await;
    assert_eq!(code, 201, "{made}");
    let version = made["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let client = |number: u64| {
        let (model, version) = (model.clone(), version.clone());
        async move {
            let watch = format!("{path}?watch=true&resourceVersion={version}&fieldSelector=metadata.name=counter");
            let mut lines = Lines::open(&model, &watch).await;
            let own = json!({"metadata": {"name": format!("own-{number}")}, "data": {"n": number.to_string()}});
            assert_eq!(post(&model, path, &own).await.0, 201);
            loop {
                let (_, mut counter) = send(&model, "GET", &format!("{path}/counter"), "", None).await;
                let n: u64 = counter["data"]["n"].as_str().unwrap().parse().unwrap();
                counter["data"]["n"] = (n + 1).to_string().into();
                let (code, _) =
                    send(&model, "PUT", &format!("{path}/counter"), "application/json", Some(&counter)).await;
                match code {
                    200 => break,
                    409 => tokio::task::yield_now().await,
                    code => panic!("{code}"),
                }
            }
            let mut before = 0;
            while before < CLIENTS {
                let event = lines.next().await;
                let n: u64 = event["object"]["data"]["n"].as_str().unwrap().parse().unwrap();
                assert_eq!((event["type"].as_str(), n), (Some("MODIFIED"), before + 1));
                before = n;
            }
        }
    };
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(client(number))).collect();
    for client in clients {
        client.await.unwrap();
    }
    let (_, counter) = send(&model, "GET", &format!("{path}/counter"), "", None).await;
    assert_eq!(counter["data"]["n"], CLIENTS.to_string());
    let (_, all) = send(&model, "GET", path, "", None).await;
    // The authority's ConfigMap is there too.
    assert_eq!(all["items"].as_array().unwrap().len(), usize::try_from(CLIENTS).unwrap() + 2);
}

/// What stands where in a request: near enough to something good that it gets far.
fn near() -> impl proptest::strategy::Strategy<Value = (String, String, String, Vec<u8>)> {
    use proptest::prelude::*;
    let methods = prop_oneof!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "[A-Z]{1,5}"];
    let plurals = prop_oneof![
        "pods",
        "secrets",
        "configmaps",
        "serviceaccounts",
        "serviceaccounts/a/token",
        "nodes",
        "[a-z]{1,6}"
    ];
    let place = prop_oneof![
        "/api/v1/namespaces/default/",
        "/api/v1/",
        "/apis/rbac.authorization.k8s.io/v1/",
        "/apis/",
        "/[ -~]{0,12}"
    ];
    let query = prop_oneof![
        "",
        "\\?(dryRun|fieldManager|fieldValidation|limit|continue|labelSelector|fieldSelector|resourceVersion|force)=[ -~]{0,8}",
        "\\?labelSelector=[a-z!=,() ]{0,12}",
    ];
    let path = (place, plurals, prop_oneof!["", "/a", "/[ -~]{0,4}"], query)
        .prop_map(|(place, plural, name, query)| place + &plural + &name + &query);
    let media = prop_oneof![
        "application/json",
        "application/json-patch\\+json",
        "application/merge-patch\\+json",
        "application/strategic-merge-patch\\+json",
        "application/apply-patch\\+yaml",
        "application/vnd.kubernetes.protobuf",
        "[ -~]{0,10}",
    ];
    let field = prop_oneof![
        "metadata",
        "name",
        "labels",
        "spec",
        "containers",
        "data",
        "type",
        "rules",
        "finalizers",
        "\\$patch",
        "op",
        "path",
        "[a-z]{1,5}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
        let items = proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let fields = proptest::collection::btree_map(field.clone(), inner, 0..4);
        prop_oneof![items, fields.prop_map(|fields| Value::Object(fields.into_iter().collect()))]
    });
    let body = prop_oneof![
        tree.prop_map(|tree| tree.to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..64),
        proptest::collection::vec(any::<u8>(), 0..64).prop_map(|bytes| [&b"k8s\0"[..], &bytes].concat()),
    ];
    (methods, path, media, body)
}

proptest::proptest! {
    /// Whatever comes, there is an answer.
    #[test]
    fn every_request_is_answered((method, path, media, body) in near(), minor in 22_u32..=37) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let model = model(minor);
            let request = http::Request::builder().method(method.as_str()).uri(path.as_str());
            let request = request.header("content-type", media).body(http_body_util::Full::<bytes::Bytes>::from(body));
            // What is no request for hyper is none that comes.
            if let Ok(request) = request {
                let response = model.service(Peer::administrator()).call(request).await.unwrap();
                assert!(response.status().as_u16() >= 200);
            }
        });
    }
}
