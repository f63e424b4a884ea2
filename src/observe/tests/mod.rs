//! Observations of whole answers. What each part does alone is tested beside it.

mod runs;
mod world;

use super::*;
use serde_json::json;
use world::{World, http, list, refusal, review};

const OBJECT: Cut<'static> = Cut::Default(View::Object);
const ENVELOPE: Cut<'static> = Cut::Default(View::Envelope);
const BODY: Cut<'static> = Cut::Default(View::Body);

/// Observes an answer that counts.
fn see(observer: &mut Observer, step: &str, reply: &Reply, cut: Cut<'_>) -> String {
    let (seen, draft) = observer.observe(step, reply, cut);
    observer.commit(draft);
    seen.text
}

/// Observes one answer of a fresh world.
fn alone(reply: &Reply, cut: Cut<'_>) -> String {
    see(&mut World::new(1).observer(), "step", reply, cut)
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
fn an_identity_is_recognised_wherever_it_shows() {
    let w = World::new(1);
    let mut observer = w.observer();
    // Hidden in the answers of writes, and known all the same.
    assert_eq!(see(&mut observer, "create", &http(201, w.pod("test-pod", "first")), ENVELOPE), "code: 201\n");
    see(&mut observer, "token", &http(201, w.token_request("first")), ENVELOPE);
    let review = review(&w.pod_token("first"), &w.authenticated("first"));
    let expected = "\
code: 201
body:
  apiVersion: authentication.k8s.io/v1
  kind: TokenReview
  metadata: {}
  spec:
    token: <token:token>
  status:
    audiences:
    - <audience>
    authenticated: true
    user:
      extra:
        authentication.kubernetes.io/credential-id:
        - JTI=<jti:token>
        authentication.kubernetes.io/node-name:
        - <node>
        authentication.kubernetes.io/node-uid:
        - <uid:Node/node>
        authentication.kubernetes.io/pod-name:
        - test-pod
        authentication.kubernetes.io/pod-uid:
        - <uid:Pod/test-pod>
      groups:
      - system:serviceaccounts
      - system:serviceaccounts:demo
      uid: <uid:ServiceAccount/demo-sa>
      username: system:serviceaccount:demo:demo-sa
";
    assert_eq!(see(&mut observer, "review", &http(201, review), BODY), expected);

    see(&mut observer, "create-again", &http(201, w.pod("test-pod", "second")), ENVELOPE);
    let uids = |a, b| format!("pod UID ({}) does not match claim ({})", w.uid(a), w.uid(b));
    assert_eq!(
        see(&mut observer, "refused", &refusal(409, "Conflict", &uids("second", "first")), OBJECT),
        "code: 409\nerror:\n  reason: Conflict\n  message: pod UID (<uid:Pod/test-pod#2>) does not match claim (<uid:Pod/test-pod>)\n"
    );
    // Of these nothing is known but where they showed.
    let strays = format!("{}, {}, pvc-{}", uids("x", "y"), w.uid("first"), w.uid("x"));
    assert_eq!(
        see(&mut observer, "strays", &refusal(409, "Conflict", &strays), OBJECT),
        "code: 409\nerror:\n  reason: Conflict\n  message: pod UID (<uid:strays>) does not match claim (<uid:strays#2>), \
         <uid:Pod/test-pod>, pvc-<uid:strays>\n"
    );
    let later = format!("{} {} {}", w.uid("y"), w.namespace(), w.pod_token("first"));
    assert_eq!(observer.presentable(&later), "<uid:strays#2> demo <token:token>");
    assert_eq!(
        observer.presentable_value(&json!({"b": [later], "a": 1})),
        json!({"a": 1, "b": ["<uid:strays#2> demo <token:token>"]})
    );
}

#[test]
fn attempts_thrown_away_use_up_no_identity() {
    let w = World::new(1);
    let mut observer = w.observer();
    let answer = |pod: &str| http(201, w.token_request(pod));
    let select: Path = "status.token".parse().unwrap();
    let cut = Cut::Select(std::slice::from_ref(&select));
    for _ in 0..3 {
        let (seen, _thrown_away) = observer.observe("token", &answer("first"), cut);
        assert_eq!(seen.text, "code: 201\nbody:\n  status:\n    token: <token:token>\n");
    }
    assert!(
        see(&mut observer, "token", &answer("second"), cut).contains(" <token:token>\n"),
        "another token, the first that counts"
    );
    assert!(see(&mut observer, "again", &answer("second"), cut).contains(" <token:token>\n"), "the same token");
    assert!(see(&mut observer, "other", &answer("first"), cut).contains(" <token:other>\n"), "another token");
    assert_eq!(observer.presentable(&w.uid("second")), "<uid:Pod/test-pod>");
    assert_eq!(observer.presentable(&w.uid("first")), "<uid:Pod/test-pod#2>");
    assert_eq!(observer.presentable(&w.uid("nobody")), w.uid("nobody"), "nothing is known of it");
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
fn generated_names_are_numbered_by_base_and_hashes_named_by_owner() {
    let w = World::new(1);
    let mut observer = w.observer();
    let names = |which: &[&str]| {
        http(200, list("PodList", which.iter().map(|which| w.replica("web", which, "Running")).collect()))
    };
    let cut = Cut::Default(View::Names);
    assert_eq!(see(&mut observer, "one", &names(&["a"]), cut), "code: 200\nbody:\n- web-<hash:web>-<1>\n");
    assert_eq!(
        see(&mut observer, "two", &names(&["b", "a"]), cut),
        "code: 200\nbody:\n- web-<hash:web>-<1>\n- web-<hash:web>-<2>\n"
    );
    let pod = w.replica("web", "b", "Running");
    let event = json!({"kind": "Event", "metadata": {"name": format!("{}.17a9b8c7d6e5f4a3", pod["metadata"]["name"].as_str().unwrap())},
        "involvedObject": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": w.namespace(), "uid": pod["metadata"]["uid"]},
        "message": format!("Scaled up replica set web-{} to 1", w.hash("web"))});
    let expected = "\
code: 200
body:
  involvedObject:
    kind: Pod
    name: web-<hash:web>-<2>
    namespace: demo
    uid: <uid:Pod/web-hash-2>
  kind: Event
  message: Scaled up replica set web-<hash:web> to 1
  metadata:
    name: web-<hash:web>-<2>.<1>
";
    assert_eq!(see(&mut observer, "event", &http(200, event), OBJECT), expected);
}

#[test]
fn secrets_show_their_namespace_their_token_and_what_the_scenario_wrote() {
    let mut w = World::new(1).known();
    w.written = ["demo", "hunter2", "bXkgb3duIGRhdGE="].into_iter().collect();
    let (world, mut observer) = (World::new(1), Observer::new(w));
    let mut secret = world.secret("mine");
    let encode = |text: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    for (key, bytes) in [
        ("made-up", b"s3cret".as_slice()),
        ("binary", &[0xff, 0xfe]),
        ("own", b"my own data"),
        ("password", b"hunter2"),
        ("slash", &[0xff; 9]),
    ] {
        secret["data"][key] = encode(bytes).into();
    }
    secret["data"]["empty"] = "".into();
    let data: Path = "data".parse().unwrap();
    let expected = "\
code: 200
body:
  data:
    binary: <secret>
    ca.crt: <secret>
    empty: ''
    made-up: <secret>
    namespace: demo
    own: my own data
    password: hunter2
    slash: <secret>
    token: <token:filled>
";
    assert_eq!(see(&mut observer, "filled", &http(200, secret.clone()), Cut::Select(&[data])), expected);
    let values = json!({"token": [secret["data"]["token"]], "text": format!("is {} or {}", secret["data"]["made-up"].as_str().unwrap(), secret["data"]["slash"].as_str().unwrap())});
    assert_eq!(
        see(&mut observer, "show", &http(200, Value::Null), Cut::Show(values.as_object().unwrap())),
        "code: 200\nshow:\n  text: is <secret> or <secret>\n  token:\n  - <token:filled>\n"
    );
    let unseen = json!({"kind": "Secret", "metadata": {"name": "other"}, "data": {"x": encode(b"never seen"), "token": encode(world.legacy_token("other").as_bytes())}});
    assert_eq!(observer.presentable_value(&unseen)["data"], json!({"token": "<token>", "x": "<secret>"}));
}

#[test]
fn what_the_scenario_wrote_is_never_redacted() {
    let w = World::new(1);
    let uid = w.uid("wrong");
    let mut known = w.known();
    let written = ["010.0.0.5", "10.1.2.3", "2024-01-31T08:09:10Z", "2024-01-31", "web-bcdfg", "30080", &uid];
    known.written = written.into_iter().collect();
    let body = json!({"kind": "Service", "metadata": {"name": "web-bcdfg", "annotations": {"kubernetes.io/legacy-token-last-used": "2024-01-31"}},
        "spec": {"clusterIP": "10.1.2.3", "externalIPs": ["010.0.0.5"], "nodePort": 30080, "uid": uid, "since": "2024-01-31T08:09:10Z"}});
    let text = see(&mut Observer::new(known), "step", &http(200, body.clone()), BODY);
    assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap()["body"], body);
    let expected = "\
code: 200
body:
  kind: Service
  metadata:
    annotations:
      kubernetes.io/legacy-token-last-used: <date>
    name: web-<1>
  spec:
    clusterIP: <ip:Service/web-1>
    externalIPs:
    - '010.0.0.5'
    nodePort: <port>
    since: <time>
    uid: <uid:step>
";
    let mut known = w.known();
    known.written = Written::default();
    assert_eq!(see(&mut Observer::new(known), "step", &http(200, body), BODY), expected);
}

#[test]
fn identities_outside_the_own_namespace_say_so() {
    let w = World::new(1);
    let account = |namespace: &str| json!({"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace, "uid": w.uid(namespace)}});
    let mut observer = w.observer();
    for namespace in [&w.namespace(), "kube-system"] {
        see(&mut observer, "create", &http(201, account(namespace)), ENVELOPE);
    }
    assert_eq!(observer.presentable(&w.uid(&w.namespace())), "<uid:ServiceAccount/default>");
    assert_eq!(observer.presentable(&w.uid("kube-system")), "<uid:ServiceAccount/kube-system/default>");
}

#[test]
fn the_cluster_s_own_addresses_have_names() {
    let known = Known {
        issuer: Some("https://issuer.example".to_owned()),
        audience: Some("https://api.example".to_owned()),
        server: Some("https://127.0.0.1:6443".to_owned()),
        ..Known::default()
    };
    let observer = Observer::new(known);
    let text = "https://issuer.example/openid for https://api.example at 127.0.0.1:6443, https://127.0.0.1:6443/api not https://api.example.org";
    assert_eq!(
        observer.presentable(text),
        "<issuer>/openid for <audience> at <server>, <server>/api not https://api.example.org"
    );
}
