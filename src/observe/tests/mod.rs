//! Observations of whole answers. What each part does alone is tested beside it.

mod world;

use super::*;
use serde_json::json;
use world::{World, http, list, refusal};

#[test]
fn smoke() {
    let w = World::new(7);
    let mut o = w.observer();
    let mut go = |step: &str, reply: Reply, cut: Cut<'_>| {
        let (seen, draft) = o.observe(step, &reply, cut);
        o.commit(draft);
        println!("## {step}\n{}", seen.text);
    };
    let default = Cut::Default;
    go("pod", http(201, w.pod("test-pod", "pod1")), default(View::Envelope));
    go("get pod", http(200, w.pod("test-pod", "pod1")), default(View::Object));
    go("body", http(200, w.pod("test-pod", "pod1")), default(View::Body));
    let token = w.pod_token("pod1");
    go(
        "token",
        http(
            201,
            json!({"kind": "TokenRequest", "metadata": {"name": "demo-sa", "namespace": w.namespace(), "uid": w.uid("sa")},
        "spec": {"audiences": [w.issuer()], "expirationSeconds": 3607, "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "test-pod", "uid": w.uid("pod1")}},
        "status": {"token": token, "expirationTimestamp": w.time(3607)}}),
        ),
        default(View::Token),
    );
    go(
        "review",
        http(
            201,
            json!({"kind": "TokenReview", "metadata": {}, "spec": {"token": token}, "status": {"authenticated": true, "user": {
        "username": format!("system:serviceaccount:{}:demo-sa", w.namespace()), "uid": w.uid("sa"), "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{}", w.namespace())],
        "extra": {"authentication.kubernetes.io/credential-id": [format!("JTI={}", w.uid("jti of pod1"))],
            "authentication.kubernetes.io/node-name": [w.node()], "authentication.kubernetes.io/node-uid": [w.uid("node")],
            "authentication.kubernetes.io/pod-name": ["test-pod"], "authentication.kubernetes.io/pod-uid": [w.uid("pod1")]}}, "audiences": [w.issuer()]}}),
        ),
        default(View::Status),
    );
    go("pod2", http(201, w.pod("test-pod", "pod2")), default(View::Envelope));
    go(
        "again",
        http(
            201,
            json!({"kind": "TokenReview", "metadata": {}, "spec": {"token": token}, "status": {"user": {}, "error": format!("[invalid bearer token, pod UID ({}) does not match claim ({}) or {}]", w.uid("pod2"), w.uid("pod1"), w.uid("x"))}}),
        ),
        default(View::Body),
    );
    go(
        "refused",
        refusal(
            404,
            "NotFound",
            &format!("pods \"test-pod\" not found in {} at {} {}", w.namespace(), w.server(), w.time(0)),
        ),
        default(View::Object),
    );
    let secrets = list(
        "SecretList",
        vec![w.secret(&w.generated("demo-sa-token", "a")), w.secret(&w.generated("demo-sa-token", "b"))],
    );
    go("secrets", http(200, secrets.clone()), default(View::Names));
    go("secrets 2", http(200, secrets), default(View::Object));
}
