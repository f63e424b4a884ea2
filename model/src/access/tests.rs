use super::*;
use crate::answer::Content;
use crate::authz::tests::{user, world};
use crate::store::Key;

fn attributes(resource: &str) -> Attributes {
    Attributes {
        verb: "create".to_owned(),
        group: GROUP.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        namespace: if resource.starts_with("local") { "demo".to_owned() } else { String::new() },
        is_resource: true,
        ..Attributes::default()
    }
}

fn asked(world: &World, who: &User, resource: &str, body: &Value) -> Value {
    match review(world, who, &attributes(resource), body) {
        Ok(answer) => match answer.content {
            Content::Json(value) => Value::clone(&value),
            other => panic!("{other:?}"),
        },
        Err(refusal) => format!("{} {}", refusal.code, refusal.message).into(),
    }
}

fn with_view(minor: u32) -> World {
    let mut world = world(minor, &[]);
    let binding = json!({
        "metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "jane"}],
        "roleRef": {"kind": "ClusterRole", "name": "view"},
    });
    let at = world.seen_until();
    world.store.put(Key::new("clusterrolebindings.rbac.authorization.k8s.io", "", "b"), binding, at);
    world
}

const PODS: &str = r#"{"namespace":"demo","verb":"get","resource":"pods"}"#;

fn pods() -> Value {
    serde_json::from_str(PODS).unwrap()
}

#[test]
fn a_review_says_whether_and_why() {
    let world = with_view(36);
    let admin = user("admin", &[authz::MASTERS]);
    let body = json!({"spec": {"user": "jane", "resourceAttributes": pods()}});
    assert_eq!(
        asked(&world, &admin, "subjectaccessreviews", &body),
        json!({
            "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {},
            "spec": {"user": "jane", "resourceAttributes": pods()},
            "status": {"allowed": true, "reason": "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"view\" to User \"jane\""},
        })
    );
    let status = |resource: &str, who: &User, spec: Value| {
        asked(&world, who, resource, &json!({"spec": spec}))["status"].clone()
    };
    let denied = json!({"allowed": false});
    let resource = json!({"verb": "delete", "resource": "nodes", "name": "x"});
    assert_eq!(status("subjectaccessreviews", &admin, json!({"user": "jane", "resourceAttributes": resource})), denied);
    let path = json!({"path": "/metrics", "verb": "get"});
    assert_eq!(status("subjectaccessreviews", &admin, json!({"groups": ["x"], "nonResourceAttributes": path})), denied);
    assert_eq!(
        status("selfsubjectaccessreviews", &admin, json!({"nonResourceAttributes": path})),
        json!({"allowed": true})
    );
    let node = json!({"user": "system:node:n", "groups": ["system:nodes"], "resourceAttributes": {"verb": "list", "resource": "pods", "fieldSelector": {"rawSelector": "spec.nodeName=n"}}});
    assert_eq!(status("subjectaccessreviews", &admin, node), json!({"allowed": true}));
    let managed = json!([{"manager": "tests"}]);
    let body = json!({"metadata": {"managedFields": managed}, "spec": {"nonResourceAttributes": path}});
    let review = asked(&world, &admin, "selfsubjectaccessreviews", &body);
    assert_eq!(review["metadata"], json!({"managedFields": managed}));
    let unreadable =
        json!({"resourceAttributes": {"verb": "list", "resource": "pods", "fieldSelector": {"rawSelector": "x"}}});
    assert_eq!(
        status("selfsubjectaccessreviews", &admin, unreadable)["evaluationError"],
        "spec.resourceAttributes.fieldSelector ignored due to parse error"
    );
}

#[test]
fn mistakes_are_told_in_the_words_of_the_version() {
    let invalid = |what: &str| format!("422 .authorization.k8s.io \"\" is invalid: {what}");
    let one = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    let nobody = "spec.user: Invalid value: \"\": at least one of user or group must be specified";
    let go = "authorization.NonResourceAttributes{Path:\"/api\", Verb:\"get\"}";
    let plain = "{\"Path\":\"/api\",\"Verb\":\"get\"}";
    let path = json!({"path": "/api", "verb": "get"});
    for (minor, empty, both, local) in [
        (
            33,
            format!("[spec.resourceAttributes: Invalid value: \"null\": {one}, {nobody}]"),
            format!(
                "spec.nonResourceAttributes: Invalid value: {go}: cannot be specified in combination with resourceAttributes"
            ),
            format!("spec.nonResourceAttributes: Invalid value: {go}: disallowed on this kind of request"),
        ),
        (
            34,
            format!("[spec.resourceAttributes: Invalid value: null: {one}, {nobody}]"),
            format!(
                "spec.nonResourceAttributes: Invalid value: {plain}: cannot be specified in combination with resourceAttributes"
            ),
            format!("spec.nonResourceAttributes: Invalid value: {plain}: disallowed on this kind of request"),
        ),
        (
            37,
            format!("[spec: Invalid value: null: {one}, {nobody}]"),
            format!("spec: Invalid value: {plain}: {one}"),
            format!("spec.nonResourceAttributes: Invalid value: {plain}: disallowed on this kind of request"),
        ),
    ] {
        let world = world(minor, &[]);
        let answer = |resource: &str, spec: Value| asked(&world, &user("x", &[]), resource, &json!({"spec": spec}));
        assert_eq!(answer("subjectaccessreviews", json!({})), invalid(&empty));
        let spec = json!({"user": "jane", "resourceAttributes": pods(), "nonResourceAttributes": path});
        assert_eq!(answer("subjectaccessreviews", spec.clone()), invalid(&both));
        assert_eq!(answer("selfsubjectaccessreviews", spec), invalid(&both));
        assert_eq!(
            answer("localsubjectaccessreviews", json!({"user": "jane", "nonResourceAttributes": path})),
            invalid(&local)
        );
    }
}

#[test]
fn the_namespace_of_a_local_review_comes_from_the_path_since_v1_24() {
    let spec = json!({"user": "jane", "resourceAttributes": pods()});
    let other = "422 .authorization.k8s.io \"\" is invalid: spec.resourceAttributes.namespace: Invalid value: \"demo\": must match metadata.namespace";
    let mismatch = "400 the namespace of the provided object does not match the namespace sent on the request";
    for (minor, unset, wrong) in [(23, Some(other), other), (24, None, mismatch)] {
        let world = world(minor, &[]);
        let answer = |metadata: Value| {
            asked(&world, &user("x", &[]), "localsubjectaccessreviews", &json!({"metadata": metadata, "spec": spec}))
        };
        let allowed = json!({"allowed": false});
        assert_eq!(answer(json!({"namespace": "demo"}))["status"], allowed);
        match unset {
            Some(error) => assert_eq!(answer(json!({})), error),
            None => assert_eq!(answer(json!({}))["status"], allowed),
        }
        assert_eq!(answer(json!({"namespace": "elsewhere"})), wrong);
    }
}

#[test]
fn rules_are_listed_for_who_asks() {
    let world = with_view(36);
    let answer = |who: &User, spec: Value| asked(&world, who, "selfsubjectrulesreviews", &json!({"spec": spec}));
    let everybody = ["system:authenticated"];
    assert_eq!(answer(&user("x", &[]), json!({})), "400 no namespace on request");
    let status = &answer(&user("admin", &[authz::MASTERS, everybody[0]]), json!({"namespace": "demo"}))["status"];
    let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    assert!(status["resourceRules"].as_array().unwrap().contains(&all), "{status}");
    assert_eq!(status["nonResourceRules"][0], json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    let node = &answer(&user("system:node:n", &["system:nodes"]), json!({"namespace": "demo"}))["status"];
    assert_eq!(
        *node,
        json!({
            "resourceRules": [], "nonResourceRules": [], "incomplete": true,
            "evaluationError": "node authorizer does not support user rule resolution",
        })
    );
}

#[test]
fn who_asks_is_told_who_that_is() {
    let world = world(28, &[]);
    let asked = Attributes { group: "authentication.k8s.io".to_owned(), ..attributes("selfsubjectreviews") };
    let answer = review(&world, &user("jane", &["a"]), &asked, &json!({})).unwrap();
    let Content::Json(body) = answer.content else { panic!("no JSON") };
    assert_eq!(body["status"]["userInfo"], json!({"username": "jane", "groups": ["a"]}));
    assert!(body["metadata"]["creationTimestamp"].is_string());
}

#[test]
fn a_local_review_without_attributes_of_a_namespace_is_held_against_the_path() {
    let spec = json!({"user": "jane", "resourceAttributes": {}});
    let answer =
        |minor| asked(&world(minor, &[]), &user("x", &[]), "localsubjectaccessreviews", &json!({"spec": spec}));
    assert_eq!(answer(23), "400 spec.resourceAttributes.namespace must match namespace: demo");
}

#[test]
fn what_is_not_asked_for_is_not_shown() {
    let body = json!({"spec": {"user": "jane", "nonResourceAttributes": {}}});
    let review = asked(&world(22, &[]), &user("x", &[authz::MASTERS]), "subjectaccessreviews", &body);
    assert_eq!(review["spec"], body["spec"]);
}
