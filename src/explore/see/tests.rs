//! Relations survive, values do not.

use proptest::prelude::*;
use serde_json::json;

use super::super::call::Verb;
use super::super::kinds::CONFIG_MAP;
use super::*;
use crate::cluster::{Facts, Origin};

fn eye(suffix: &str) -> Eye {
    let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(kube::client::Body::empty()))
    });
    let client = kube::Client::new(service, "default");
    let origin = Origin { kind: "test", etcd: None };
    let cluster = Cluster::over(client, origin, "v1.36.3".parse().unwrap(), Facts::default());
    Eye::new(&cluster, suffix, &[])
}

fn seen(eye: &mut Eye, body: Value) -> Value {
    let call = Call::new(0, Verb::Get, &CONFIG_MAP, None, "a");
    let (method, path, warnings) = (Method::GET, String::new(), Vec::new());
    let exchange = Exchange { method, path, status: 200, warnings, body: body.into() };
    let glance = eye.look(&call, &exchange);
    eye.keep(glance)
}

fn object(name: &str, version: u32, uid: u32) -> Value {
    let uid = format!("12345678-1234-1234-1234-{uid:012}");
    let metadata = json!({"name": name, "resourceVersion": version.to_string(), "uid": uid});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Two sides whose values are others, but equal where those of the other side are, look alike; and only then.
    #[test]
    fn what_is_compared_are_relations(
        versions in prop::collection::vec((0u32..4, 0u32..3), 1..8),
        by in 100u32..5000,
        odd in 0usize..8,
    ) {
        let side = |offset: u32, suffix: &'static str, odd: Option<usize>| -> Vec<Value> {
            let mut eye = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { eye(suffix) });
            let object = |(index, (version, uid)): (usize, &(u32, u32))| {
                let version = if odd == Some(index) { 77 } else { *version };
                object(&format!("a{uid}{suffix}"), offset + version, offset + uid)
            };
            let objects: Vec<Value> = versions.iter().enumerate().map(object).collect();
            objects.into_iter().map(|object| seen(&mut eye, object)).collect()
        };
        let left = side(1000, "-rhbcdfg", None);
        prop_assert_eq!(&left, &side(1000 + by, "-rhxxxxx", None));
        let repeats = |at: usize| versions.iter().filter(|seen| **seen == versions[at]).count() > 1;
        if odd < versions.len() && repeats(odd) {
            prop_assert_ne!(&left, &side(1000 + by, "-rhxxxxx", Some(odd)));
        }
    }
}

#[tokio::test]
async fn lists_keep_their_order_and_their_own_version_is_nobodys() {
    let list = |items: [Value; 2], version: &str| json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items});
    let mut eye = eye("-rhbcdfg");
    let one = seen(&mut eye, list([object("b", 1001, 1), object("a", 1002, 2)], "1009"));
    assert_eq!(one["body"]["items"][0]["metadata"]["name"], "b");
    assert_eq!(one["body"]["items"][0]["metadata"]["uid"], "<uid:ConfigMap/b>");
    assert_eq!(one["body"]["items"][1]["metadata"]["resourceVersion"], "<version 1>");
    assert_eq!(one, seen(&mut eye, list([object("b", 1001, 1), object("a", 1002, 2)], "2044")));
}

#[tokio::test]
async fn conflicts_come_in_any_order_and_versions_in_texts_are_nobodys() {
    let cause = |field: &str| json!({"reason": "FieldManagerConflict", "field": field, "message": field});
    let status = |fields: [&str; 2], version: u32| {
        let lines = fields.map(|field| format!("- {field}")).join("\n");
        let message = format!("Precondition failed: ResourceVersion in object meta: {version}\n{lines}");
        json!({"kind": "Status", "message": message, "details": {"causes": fields.map(cause)}})
    };
    let mut eye = eye("-rhbcdfg");
    let one = seen(&mut eye, status([".a", ".b"], 1001));
    assert!(one["body"]["message"].as_str().unwrap().contains("object meta: <version>"), "{one}");
    assert_eq!(one, seen(&mut eye, status([".b", ".a"], 2002)));
}

#[tokio::test]
async fn what_was_made_up_within_a_dump_is_nobodys() {
    let status = |suffix: &str, made: &str, last: u8| {
        let namespace = STANDARD.encode(format!("{}{suffix}", unmarked(HOME)));
        let dump = format!(r#"{{\"namespace\":\"{namespace}\",\"secrets\":[{{\"name\":\"a-token-{made}\"}}]}}"#);
        json!({"kind": "Status", "message": format!("Invalid value: \"{dump}\": of a-token-asked at 198.18.0.{last}")})
    };
    let seen = |suffix: &str, made: &str, last: u8| seen(&mut eye(suffix), status(suffix, made, last));
    let one = seen("-rhbcdfg", "cb25w", 3);
    assert_eq!(one, seen("-rhxxxxx", "g58vd", 172));
    assert_ne!(one, seen("-rhxxxxx", "asked-for", 3));
}

#[tokio::test]
async fn what_bindings_refer_to_in_vain_comes_in_any_order() {
    let status = |roles: [&str; 2]| {
        let mistakes = roles.map(|role| format!("role \"{role}\" not found")).join(", ");
        json!({"kind": "Status", "message": format!("jane cannot: RBAC: [{mistakes}]")})
    };
    let mut eye = eye("-rhbcdfg");
    assert_eq!(seen(&mut eye, status(["a", "b"])), seen(&mut eye, status(["b", "a"])));
}
