//! What shows in the place of values that a cluster made up.

use super::world::{World, http, list, refusal, review};
use super::{BODY, ENVELOPE, OBJECT, see};
use crate::observe::{Cut, Known, Observer, Path, Written};
use crate::reply::View;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

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
fn a_base_may_begin_with_a_generated_name() {
    let mut observer = World::new(1).observer();
    let account = json!({
        "kind": "ServiceAccount", "metadata": {"name": "made-7n656", "generateName": "made-"},
        "secrets": [{"name": "made-7n656-token-9jqcv"}],
    });
    let expected = "\
code: 200
body:
  kind: ServiceAccount
  metadata:
    generateName: made-
    name: made-<1>
  secrets:
  - name: made-<1>-token-<1>
";
    assert_eq!(see(&mut observer, "one", &http(200, account), Cut::Default(View::Body)), expected);
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
    let encode = |text: &[u8]| STANDARD.encode(text);
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
fn an_object_may_be_called_by_its_own_uid() {
    let w = World::new(1);
    let object = |uid: &str| json!({"kind": "Lease", "metadata": {"name": uid, "uid": uid, "generateName": "x"}});
    let items = http(200, list("LeaseList", vec![object(&w.uid("a")), object(&w.uid("b"))]));
    let names = "code: 200\nbody:\n- <uid:Lease/itself>\n- <uid:Lease/itself#2>\n";
    assert_eq!(see(&mut w.observer(), "list", &items, Cut::Default(View::Names)), names);
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
