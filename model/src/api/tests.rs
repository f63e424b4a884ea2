//! What real API servers said to the same requests, word for word.

use serde_json::{Value, json};

use crate::Model;
use crate::tests::{model, send};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const UID: &str = "11111111-1111-1111-1111-111111111111";

/// A model with a `ConfigMap` and a Pod.
async fn set_up(minor: u32) -> Model {
    let model = model(minor);
    let map = json!({
        "metadata": {"name": "a", "labels": {"l": "v"}, "finalizers": ["x/a", "x/b"]}, "data": {"k": "v"},
    });
    assert_eq!(send(&model, "POST", MAPS, "application/json", Some(&map)).await.0, 201);
    model
}

async fn patched(model: &Model, media: &str, query: &str, patch: Value) -> (u16, Value) {
    send(model, "PATCH", &format!("{MAPS}/a?dryRun=All&{query}"), media, Some(&patch)).await
}

async fn told(model: &Model, media: &str, query: &str, patch: Value) -> (u16, String) {
    let (code, answer) = patched(model, media, query, patch).await;
    (code, answer["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_configuration_of_wrong_types_is_told_of_as_its_schema_sees_it() {
    let model = set_up(34).await;
    let typed = "failed to create typed patch object (/a; /v1, Kind=ConfigMap): ";
    for (rest, message) in [
        (json!({"data": {"k": 1}}), ".data.k: expected string, got &value.valueUnstructured{Value:1}"),
        (
            json!({"data": {"k": {"a": "b", "l": [1, "x"], "n": null}}}),
            ".data.k: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"a\":\"b\", \
             \"l\":[]interface {}{1, \"x\"}, \"n\":interface {}(nil)}}",
        ),
        (json!({"data": "x"}), ".data: expected map, got &{x}"),
        (json!({"immutable": "yes"}), ".immutable: expected boolean, got &{yes}"),
        (json!({"nope": 1}), ".nope: field not declared in schema"),
        (
            json!({"metadata": {"name": "a", "finalizers": ["a/b", "a/b"]}}),
            ".metadata.finalizers: duplicate entries for key [=\"a/b\"]",
        ),
        (
            json!({"metadata": {"name": "a", "finalizers": [1, true]}}),
            "errors:\n  .metadata.finalizers[=1]: expected string, got &value.valueUnstructured{Value:1}\n  \
             .metadata.finalizers[=true]: expected string, got &value.valueUnstructured{Value:true}",
        ),
        (
            json!({"metadata": {"name": "a", "generation": "x"}}),
            ".metadata.generation: expected numeric (int or float), got string",
        ),
        (
            json!({"metadata": {"name": "a", "creationTimestamp": {}}}),
            ".metadata.creationTimestamp: expected any scalar, got &{map[]}",
        ),
    ] {
        let mut config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        for (field, value) in rest.as_object().unwrap() {
            config[field] = value.clone();
        }
        assert_eq!(told(&model, APPLY, "fieldManager=m", config).await, (500, format!("{typed}{message}")));
    }
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "generation": 1.5}});
    let why = "failed to convert new object (/a; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured \
               object to /v1, Kind=ConfigMap: cannot convert float64 to int64";
    assert_eq!(told(&model, APPLY, "fieldManager=m", config).await, (500, why.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_of_the_type_and_then_of_the_name_of_its_path() {
    let model = set_up(34).await;
    for (config, code, message) in [
        (json!({}), 400, "invalid object type: /, Kind="),
        (json!({"apiVersion": "v1"}), 400, "invalid object type: /v1, Kind="),
        (json!({"apiVersion": "v1", "kind": "Secret"}), 400, "invalid object type: /v1, Kind=Secret"),
        (json!({"apiVersion": "a/b/c", "kind": "X"}), 400, "invalid object type: /, Kind="),
        (
            json!([1]),
            400,
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value \
             of type map[string]interface {}",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "other"}}),
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}),
            400,
            "the name of the object (b) does not match the name on the URL (a)",
        ),
    ] {
        assert_eq!(told(&model, APPLY, "fieldManager=m", config).await, (code, message.to_owned()));
    }
    let old = set_up(27).await;
    let config = json!({"apiVersion": "v2", "kind": "ConfigMap"});
    let message = "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1";
    assert_eq!(told(&old, APPLY, "fieldManager=m", config).await, (400, message.to_owned()));

    let missing = format!("{MAPS}/n?fieldManager=m");
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let (code, answer) = send(&model, "PATCH", &missing, APPLY, Some(&config)).await;
    let message = "the name of the object (n based on URL) was undeterminable: name must be provided";
    assert_eq!((code, &answer["message"]), (400, &json!(message)));
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"uid": UID}});
    let (code, answer) = send(&model, "PATCH", &missing, APPLY, Some(&config)).await;
    let message = format!(
        "Operation cannot be fulfilled on configmaps \"n\": uid mismatch: the provided object specified uid {UID}, and no \
         existing object was found"
    );
    assert_eq!((code, &answer["message"]), (409, &json!(message)));
}

#[tokio::test(start_paused = true)]
async fn directives_that_are_none_are_told_of() {
    let model = set_up(34).await;
    for (patch, code, message) in [
        (json!({"$patch": null}), 500, "unknown patch type: %!s(<nil>) in map: map[$patch:<nil>]"),
        (json!({"$patch": "foo", "data": {}}), 500, "unknown patch type: foo in map: map[$patch:foo data:map[]]"),
        (
            json!({"metadata": {"labels": {"$patch": true}}}),
            500,
            "unknown patch type: %!s(bool=true) in map: map[$patch:true]",
        ),
        (json!({"$retainKeys": "x"}), 400, "invalid patch format of retainKeys"),
        (
            json!({"metadata": {"$setElementOrder/finalizers": "x"}}),
            500,
            "expected a []interface {}, but received a string",
        ),
        (
            json!({"$setElementOrder/foo": ["a"]}),
            500,
            "unable to find api field in struct ConfigMap for the json field \"foo\"",
        ),
        (json!({"metadata": {"$deleteFromPrimitiveList": ["a"]}}), 400, "invalid patch format of primitive list"),
        (json!([1]), 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ] {
        assert_eq!(told(&model, STRATEGIC, "", patch).await, (code, message.to_owned()));
    }
    let (_, answer) =
        patched(&model, STRATEGIC, "", json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}})).await;
    assert_eq!(answer["metadata"]["finalizers"], json!(["x/b"]));
    let (_, answer) = patched(&model, STRATEGIC, "", json!({"metadata": {"annotations": {"$patch": "delete"}}})).await;
    assert_eq!(answer["metadata"].get("annotations"), None);
}

#[tokio::test(start_paused = true)]
async fn a_strategic_patch_of_wrong_types_is_told_of_in_the_words_of_the_converter() {
    let model = set_up(34).await;
    for (patch, shown, message) in [
        (json!({"data": {"k": 1}}), "map[data:map[k:1]]", "cannot convert int64 to string"),
        (json!({"data": {"k": true}}), "map[data:map[k:true]]", "unrecognized type: string"),
        (json!({"data": "x"}), "map[data:x]", "cannot restore map from string"),
        (json!({"metadata": ["x"]}), "map[metadata:[x]]", "cannot restore struct from: slice"),
    ] {
        let message = format!(" \"\" is invalid: patch: Invalid value: {shown:?}: {message}");
        assert_eq!(told(&model, STRATEGIC, "", patch).await, (422, message));
    }
}

#[tokio::test(start_paused = true)]
async fn another_uid_is_a_conflict_in_an_update_and_a_mistake_in_a_patch() {
    let model = set_up(34).await;
    let map = json!({"metadata": {"name": "a", "uid": UID}});
    for (query, key) in [("", "/registry/configmaps/default/a"), ("?dryRun=All", "/configmaps/default/a")] {
        let (code, answer) = send(&model, "PUT", &format!("{MAPS}/a{query}"), "application/json", Some(&map)).await;
        assert_eq!(code, 409);
        assert!(answer["message"].as_str().unwrap().contains(&format!("Key: {key}, ResourceVersion: 0")), "{answer}");
    }
    for media in [MERGE, STRATEGIC] {
        let message = format!("ConfigMap \"a\" is invalid: metadata.uid: Invalid value: {UID:?}: field is immutable");
        assert_eq!(told(&model, media, "", json!({"metadata": {"uid": UID}})).await, (422, message));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_what_is_not_there_shows_the_version_that_was_said() {
    let model = model(34);
    let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
    let lease = json!({"metadata": {"name": "l", "resourceVersion": "7"}});
    let (code, answer) = send(&model, "PUT", &format!("{path}?dryRun=All"), "application/json", Some(&lease)).await;
    assert_eq!((code, &answer["metadata"]["resourceVersion"]), (201, &json!("7")));
    let (code, answer) = send(&model, "PUT", path, "application/json", Some(&lease)).await;
    assert_eq!(code, 201);
    assert_ne!(answer["metadata"]["resourceVersion"], "7");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_name_does_not_go_on() {
    let model = set_up(34).await;
    let map = json!({"metadata": {"name": "b"}});
    send(&model, "POST", MAPS, "application/json", Some(&map)).await;
    for (query, goes_on) in [("limit=1", true), ("limit=1&fieldSelector=metadata.name%3Da", false)] {
        let (_, list) = send(&model, "GET", &format!("{MAPS}?{query}"), "", None).await;
        assert_eq!(list["metadata"].get("continue").is_some(), goes_on, "{list}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_no_other_fields_left_their_time_until_it_was_noted() {
    for (minor, is_noted) in [(24, false), (25, true)] {
        let model = set_up(minor).await;
        let time = |answer: &Value| answer["metadata"]["managedFields"][0]["time"].clone();
        let (_, before) = send(&model, "GET", &format!("{MAPS}/a"), "", None).await;
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let (_, after) = patched(&model, MERGE, "", json!({"data": {"k": "other"}})).await;
        assert_eq!(time(&before) != time(&after), is_noted, "v1.{minor}");
        let (_, after) = patched(&model, MERGE, "", json!({"data": {"z": "new"}})).await;
        assert_ne!(time(&before), time(&after), "v1.{minor}");
    }
}

/// As [`send`], of somebody else.
async fn send_as(model: &Model, user: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    use http_body_util::BodyExt;
    use tower_service::Service as _;

    let request = http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.body(http_body_util::Full::<bytes::Bytes>::from(body.to_string())).unwrap();
    let mut service = model.service(crate::Peer::certified(user, ["devs"]));
    let response = service.call(request).await.unwrap();
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap())
}

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
const GROUP: &str = "rbac.authorization.k8s.io";

fn bound(name: &str, kind: &str, role: &str, user: &str) -> Value {
    json!({
        "metadata": {"name": name}, "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": user}],
    })
}

/// A model in which `bob` may write roles and bindings, and see Pods.
async fn with_bob() -> Model {
    let model = model(34);
    let rules = json!([
        {"apiGroups": [GROUP], "resources": ["*"], "verbs": ["create", "update", "patch", "get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"nonResourceURLs": ["/x/*"], "verbs": ["get"]},
    ]);
    let role = json!({"metadata": {"name": "writer"}, "rules": rules});
    let to_bob = bound("writer", "ClusterRole", "writer", "bob");
    for (path, body) in [("clusterroles", role), ("clusterrolebindings", to_bob)] {
        let (code, answer) = send(&model, "POST", &format!("{RBAC}/{path}"), "application/json", Some(&body)).await;
        assert_eq!(code, 201, "{answer}");
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    model
}

#[tokio::test(start_paused = true)]
async fn nobody_grants_what_he_does_not_have() {
    let model = with_bob().await;
    let role = |name: &str, rules: Value| json!({"metadata": {"name": name}, "rules": rules});
    let begin = "user \"bob\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not \
                 currently held:\n";
    let pods = role("ok", json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]));
    assert_eq!(send_as(&model, "bob", "POST", ROLES, &pods).await.0, 201);
    let more =
        role("no", json!([{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "delete", "list"]}]));
    let (code, answer) = send_as(&model, "bob", "POST", ROLES, &more).await;
    let message = format!(
        "roles.rbac.authorization.k8s.io \"no\" is forbidden: {begin}\
         {{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}}\n\
         {{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"delete\" \"list\"]}}"
    );
    assert_eq!((code, &answer["message"]), (403, &json!(message)));
    let urls = role("no", json!([{"nonResourceURLs": ["/x/y", "/z"], "verbs": ["get"]}]));
    let (code, answer) = send_as(&model, "bob", "POST", &format!("{RBAC}/clusterroles"), &urls).await;
    let message = format!(
        "clusterroles.rbac.authorization.k8s.io \"no\" is forbidden: {begin}{{NonResourceURLs:[\"/z\"], Verbs:[\"get\"]}}"
    );
    assert_eq!((code, &answer["message"]), (403, &json!(message)));
    let aggregated = json!({
        "metadata": {"name": "no"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]},
    });
    let (code, answer) = send_as(&model, "bob", "POST", &format!("{RBAC}/clusterroles"), &aggregated).await;
    let message = "clusterroles.rbac.authorization.k8s.io \"no\" is forbidden: must have cluster-admin privileges to use \
                   the aggregationRule";
    assert_eq!((code, &answer["message"]), (403, &json!(message)));
}

#[tokio::test(start_paused = true)]
async fn nobody_binds_what_he_does_not_have() {
    let model = with_bob().await;
    let (code, answer) = send_as(&model, "bob", "POST", BINDINGS, &bound("a", "ClusterRole", "view", "x")).await;
    assert_eq!((code, &answer["reason"]), (403, &json!("Forbidden")));
    let (code, _) = send_as(&model, "bob", "POST", BINDINGS, &bound("b", "ClusterRole", "writer", "x")).await;
    assert_eq!(code, 201);
    let (code, answer) = send_as(&model, "bob", "POST", BINDINGS, &bound("c", "Role", "missing", "x")).await;
    let message = "rolebindings.rbac.authorization.k8s.io \"missing\" not found";
    assert_eq!((code, &answer["message"]), (404, &json!(message)));
    let of_cluster = format!("{RBAC}/clusterrolebindings");
    let (code, answer) = send_as(&model, "bob", "POST", &of_cluster, &bound("d", "Role", "missing", "x")).await;
    assert_eq!((code, &answer["message"]), (400, &json!("Namespace parameter required.")));
}

#[tokio::test(start_paused = true)]
async fn a_controller_gives_aggregated_roles_their_rules() {
    let model = model(34);
    let roles = format!("{RBAC}/clusterroles");
    let rule = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    let whole = json!({
        "metadata": {"name": "whole"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"part": "of"}}]},
        "rules": [{"apiGroups": [""], "resources": ["a"], "verbs": ["get"]}],
    });
    let part = json!({"metadata": {"name": "part", "labels": {"part": "of"}}, "rules": rule});
    for body in [&whole, &part] {
        assert_eq!(send(&model, "POST", &roles, "application/json", Some(body)).await.0, 201);
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let (_, found) = send(&model, "GET", &format!("{roles}/whole"), "", None).await;
    assert_eq!(found["rules"], rule);
    let managers = found["metadata"]["managedFields"].as_array().unwrap();
    let fields: Vec<(&Value, &Value)> = managers.iter().map(|entry| (&entry["manager"], &entry["fieldsV1"])).collect();
    assert_eq!(
        fields,
        [
            (&json!("clusterrole-aggregation-controller"), &json!({"f:rules": {}})),
            (&json!("tests"), &json!({"f:aggregationRule": {".": {}, "f:clusterRoleSelectors": {}}})),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn kubectl_takes_over_what_it_applied_by_itself_before() {
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    for minor in [22, 34] {
        let model = model(minor);
        let last = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"c\",\
                    \"namespace\":\"default\"},\"data\":{\"a\":\"1\",\"b\":\"2\"}}\n";
        let map = json!({"metadata": {"name": "c", "annotations": {annotation: last}}, "data": {"a": "1", "b": "2"}});
        let path = format!("{MAPS}?fieldManager=kubectl-client-side-apply");
        assert_eq!(send(&model, "POST", &path, "application/json", Some(&map)).await.0, 201);
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "2"}});
        let apply = |manager: &str| format!("{MAPS}/c?fieldManager={manager}");
        assert_eq!(send(&model, "PATCH", &apply("other"), APPLY, Some(&config)).await.0, 409);
        let (code, answer) = send(&model, "PATCH", &apply("kubectl"), APPLY, Some(&config)).await;
        assert_eq!((code, &answer["data"]), (200, &json!({"a": "2", "b": "2"})), "{answer}");
        let noted =
            "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"}}\n";
        assert_eq!(answer["metadata"]["annotations"][annotation], noted);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_managed_of_what_does_not_fit_its_schema() {
    let model = model(34);
    let path = "/api/v1/namespaces/default/serviceaccounts";
    for (name, secrets, is_managed) in
        [("a", json!([{}]), false), ("b", json!([{"name": "x"}, {}]), false), ("c", json!([{"name": "x"}]), true)]
    {
        let account = json!({"metadata": {"name": name}, "secrets": secrets});
        let (code, answer) = send(&model, "POST", path, "application/json", Some(&account)).await;
        assert_eq!((code, answer["metadata"].get("managedFields").is_some()), (201, is_managed), "{answer}");
    }
    let request = json!({"spec": {"audiences": []}});
    let (code, answer) = send(&model, "POST", &format!("{path}/a/token"), "application/json", Some(&request)).await;
    let fields = json!({"f:spec": {"f:audiences": {}, "f:expirationSeconds": {}}});
    assert_eq!((code, &answer["metadata"]["managedFields"][0]["fieldsV1"]), (201, &fields));
}
