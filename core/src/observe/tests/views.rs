//! Which part of an answer shows.

use super::world::{World, events, http, list, refusal};
use super::{BODY, ENVELOPE, OBJECT, alone, see};
use crate::observe::{Cut, Path};
use crate::reply::{Reply, View};
use serde_json::{Value, json};

#[test]
fn seconds_between_two_looks_at_the_servers_clock_do_not_show() {
    let w = World::new(1);
    let same = [3592, 3606, 3607, 3608, 3622].map(|late| (late, "<iat+3607s>"));
    for (late, shown) in same.into_iter().chain([(3591, "<iat+3591s>"), (3623, "<iat+3623s>")]) {
        let mut request = w.token_request("first");
        request["status"]["expirationTimestamp"] = w.time(late).into();
        let text = see(&mut w.observer(), "token", &http(201, request), Cut::Default(View::Token));
        assert!(text.contains(&format!("expirationTimestamp: {shown}\n")), "{late}: {text}");
    }
}

#[test]
fn a_token_shows_what_it_claims() {
    let w = World::new(1);
    let text = see(&mut w.observer(), "token", &http(201, w.token_request("first")), Cut::Default(View::Token));
    let expected = "\
code: 201
body:
  spec:
    audiences:
    - <audience>
    boundObjectRef:
      apiVersion: v1
      kind: Pod
      name: test-pod
      uid: <uid:Pod/test-pod>
    expirationSeconds: 3607
  status:
    expirationTimestamp: <iat+3607s>
    token: <token:token>
token:
  header:
    alg: RS256
    kid: <kid>
  claims:
    aud:
    - <audience>
    exp: <iat+31536000s>
    iat: <iat>
    iss: <issuer>
    jti: <jti:token>
    kubernetes.io:
      namespace: demo
      node:
        name: <node>
        uid: <uid:Node/node>
      pod:
        name: test-pod
        uid: <uid:Pod/test-pod>
      serviceaccount:
        name: demo-sa
        uid: <uid:ServiceAccount/demo-sa>
      warnafter: <iat+3607s>
    nbf: <iat>
    sub: system:serviceaccount:demo:demo-sa
";
    assert_eq!(text, expected);
}

#[test]
fn an_object_shows_without_what_clocks_and_controllers_write() {
    let w = World::new(1);
    let expected = "\
code: 200
body:
  apiVersion: v1
  kind: Pod
  metadata:
    name: test-pod
    namespace: demo
  spec:
    containers:
    - image: nginx
      name: main
      volumeMounts:
      - name: kube-api-access-<Pod/test-pod>
        readOnly: true
    nodeName: <node>
    volumes:
    - name: kube-api-access-<Pod/test-pod>
      projected:
        sources:
        - configMap:
            name: kube-root-ca.crt
  status:
    conditions:
    - lastTransitionTime: <time>
      status: 'True'
      type: Ready
    hostIP: <ip:node>
    phase: Running
    podIP: <ip:Pod/test-pod>
    podIPs:
    - ip: <ip:Pod/test-pod>
";
    assert_eq!(alone(&http(200, w.pod("test-pod", "first")), OBJECT), expected);
    let metadata: Path = "metadata".parse().unwrap();
    let expected = "\
code: 200
body:
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: '{}'
    creationTimestamp: <time>
    generation: 1
    managedFields:
    - manager: rehearsal
      time: <time>
    name: test-pod
    namespace: demo
    resourceVersion: <resourceVersion>
    uid: <uid:Pod/test-pod>
";
    assert_eq!(alone(&http(200, w.pod("test-pod", "first")), Cut::Select(&[metadata])), expected, "what was asked for");
}

#[test]
fn parts_are_selected_and_dropped_by_path() {
    let path = |text: &str| text.parse::<Path>().unwrap();
    let body =
        json!({"kind": "X", "metadata": {"labels": {"a.b/c": "1", "d": "2"}}, "list": [{"a": 1, "b": 2}, {"b": 3}]});
    let reply = http(200, body);
    assert_eq!(
        alone(&reply, Cut::Select(&[path("metadata.labels[\"a.b/c\"]"), path("list.a")])),
        "code: 200\nbody:\n  list:\n  - a: 1\n  - {}\n  metadata:\n    labels:\n      a.b/c: '1'\n"
    );
    assert_eq!(alone(&reply, Cut::Select(&[path("status")])), "code: 200\nbody: {}\n");
    assert_eq!(
        alone(&reply, Cut::Drop(View::Object, &[path("metadata.labels.d"), path("list.b"), path("nowhere.at")])),
        "code: 200\nbody:\n  kind: X\n  list:\n  - a: 1\n  - {}\n  metadata:\n    labels:\n      a.b/c: '1'\n"
    );
}

#[test]
fn refusals_say_why() {
    let body = json!({"kind": "Status", "status": "Failure", "reason": "Invalid", "message": "spec: bad\nworse", "code": 422,
        "details": {"name": "x", "causes": [{"reason": "FieldValueInvalid", "message": "bad", "field": "spec"}]}});
    let mut reply = http(422, body);
    if let Reply::Http(exchange) = &mut reply {
        exchange.warnings = vec!["unknown field \"spec.foo\"".to_owned()];
    }
    let expected = "\
code: 422
warnings:
- unknown field \"spec.foo\"
error:
  reason: Invalid
  message: |-
    spec: bad
    worse
  causes:
  - field: spec
    message: bad
    reason: FieldValueInvalid
";
    for view in [View::Envelope, View::Object, View::Names, View::Token, View::Status] {
        assert_eq!(alone(&reply, Cut::Default(view)), expected);
    }
    assert_eq!(alone(&reply, Cut::Select(&["spec".parse().unwrap()])), expected);
    assert_eq!(alone(&reply, Cut::Default(View::Nothing)), "code: 422\n");
    assert!(alone(&reply, BODY).ends_with("  reason: Invalid\n  status: Failure\n"), "a request shows the body itself");
    assert_eq!(
        alone(&http(404, "404 page not found\n".into()), OBJECT),
        "code: 404\nerror:\n  message: 404 page not found\n"
    );
    assert_eq!(alone(&http(502, json!({"x": 1})), ENVELOPE), "code: 502\nbody:\n  x: 1\n");
}

#[test]
fn an_observation_is_never_empty() {
    let not_served = Reply::NotServed { api_version: "batch/v1beta1".to_owned(), kind: "CronJob".to_owned() };
    assert_eq!(alone(&not_served, BODY), "served: false\napiVersion: batch/v1beta1\nkind: CronJob\n");
    assert_eq!(alone(&http(200, Value::Null), Cut::Default(View::Nothing)), "code: 200\n");
    assert_eq!(alone(&http(200, Value::Null), BODY), "code: 200\nbody: null\n");
    assert_eq!(alone(&http(200, "ok".into()), BODY), "code: 200\nbody: ok\n");
    assert_eq!(alone(&http(200, json!([])), OBJECT), "code: 200\nbody: []\n");
}

#[test]
fn lists_are_sorted_as_if_nothing_were_made_up() {
    let w = World::new(1);
    let item = |namespace: &str, name: &str| json!({"metadata": {"namespace": namespace, "name": name}});
    let own = w.namespace();
    let items = vec![
        item(&own, &format!("a-b{}", w.suffix)),
        item(&own, &format!("a{}", w.suffix)),
        item(&own, "sauser-token-x8k2p"),
        item(&own, "sauser-token-b7xzr"),
        item(&own, "web-bcdfg"),
        item("kube-system", "z"),
    ];
    let expected =
        "code: 200\nbody:\n- a\n- a-b\n- sauser-token-<1>\n- sauser-token-<2>\n- web-bcdfg\n- kube-system/z\n";
    assert_eq!(alone(&http(200, list("SecretList", items)), Cut::Default(View::Names)), expected);
    assert_eq!(alone(&http(200, list("SecretList", vec![])), Cut::Default(View::Names)), "code: 200\nbody: []\n");
}

#[test]
fn conflicts_of_an_apply_have_an_order() {
    let cause =
        |field: &str| json!({"reason": "FieldManagerConflict", "message": "conflict with \"x\"", "field": field});
    let shown = |causes: [Value; 2]| {
        let body = json!({"kind": "Status", "reason": "Conflict", "details": {"causes": causes}});
        alone(&http(409, body), ENVELOPE)
    };
    assert_eq!(shown([cause(".b"), cause(".a")]), shown([cause(".a"), cause(".b")]));
}

#[test]
fn versions_in_refusals_count_the_clusters_writes() {
    let shown = |message: &str| alone(&refusal(410, "Expired", message), ENVELOPE);
    assert!(shown("too old resource version: 1 (551)").contains("version: <resourceVersion> (<resourceVersion>)"));
    assert!(
        shown("Too large resource version: 9, current: 5").contains("<resourceVersion>, current: <resourceVersion>")
    );
    assert!(shown("at most 63 characters").contains("at most 63 characters\n"));
}

#[test]
fn events_that_show_alike_are_one() {
    let w = World::new(1);
    let pod = |phase: &str| json!({"kind": "Pod", "metadata": {"name": "p", "namespace": w.namespace(), "uid": w.uid("pod")}, "status": {"phase": phase}});
    let told = events(vec![
        json!({"type": "ADDED", "object": pod("Pending")}),
        json!({"type": "MODIFIED", "object": pod("Pending")}),
        json!({"type": "MODIFIED", "object": pod("Running")}),
        json!({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "7"}}}),
        json!({"type": "ERROR", "object": {"kind": "Status", "reason": "Expired", "message": "old", "code": 410}}),
    ]);
    let expected = "\
code: 200
events:
- ADDED p
- MODIFIED p
- BOOKMARK
- error:
    message: old
    reason: Expired
  type: ERROR
";
    assert_eq!(see(&mut w.observer(), "life", &told, Cut::Default(View::Events)), expected);
    let paths = ["type", "object.status.phase"].map(|path| path.parse().unwrap());
    let selected = see(&mut w.observer(), "life", &told, Cut::Select(&paths));
    assert_eq!(selected.matches("type: MODIFIED").count(), 2, "{selected}");
    let dropped = see(&mut w.observer(), "life", &told, Cut::Drop(View::Events, &["object.status".parse().unwrap()]));
    assert_eq!((dropped.matches("type: MODIFIED").count(), dropped.contains("uid")), (1, false), "{dropped}");
    assert_eq!(alone(&events(vec![]), Cut::Default(View::Events)), "code: 200\nevents: []\n");
}
