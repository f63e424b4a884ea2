//! Two runs of a scenario, on clusters that made up different values, give the same bytes.

use super::world::{World, http, list, refusal, review};
use crate::guard;
use crate::observe::{Cut, yaml};
use crate::reply::{Reply, View};
use crate::syntax::Path;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A scenario of everything that is made up somewhere. `again` is the incarnation of the Pod that the end is about.
fn run(w: &World, again: &str) -> String {
    let mut observer = w.observer();
    let mut texts = String::new();
    let mut step = |slug: &str, reply: Reply, cut: Cut<'_>| {
        let (seen, draft) = observer.observe(slug, &reply, cut);
        observer.commit(draft);
        assert_eq!(guard::scan(&seen.text), None, "{}", seen.text);
        assert_eq!(seen.text, yaml::emit(&seen.value, &crate::observe::answer::PARTS));
        texts.extend(["--- ", slug, "\n", &seen.text]);
    };
    let hidden = Cut::Default(View::Envelope);
    let (object, body) = (Cut::Default(View::Object), Cut::Default(View::Body));

    let token = w.pod_token("first");
    step("create", http(201, w.pod("test-pod", "first")), hidden);
    step("get", http(200, w.pod("test-pod", "first")), object);
    step("token", http(201, w.token_request("first")), Cut::Default(View::Token));
    step("review", http(201, review(&token, &w.authenticated("first"))), Cut::Default(View::Status));
    step("create-again", http(201, w.pod("test-pod", again)), hidden);
    let error = format!("[invalid bearer token, pod UID ({}) does not match claim ({})]", w.uid(again), w.uid("first"));
    step("review-again", http(201, review(&token, &json!({"user": {}, "error": error}))), body);

    let secrets: Vec<Value> = ["a", "b"].map(|which| w.secret(&w.generated("demo-sa-token", which))).into();
    let secrets = list("SecretList", secrets);
    step("secrets", http(200, secrets.clone()), Cut::Default(View::Names));
    let shown: Value = secrets["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| json!([s["metadata"]["name"], s["data"]["token"]]))
        .collect();
    let shown = json!({"secrets": shown});
    step("show", http(200, secrets.clone()), Cut::Show(shown.as_object().unwrap()));
    let data: Path = "items.data".parse().unwrap();
    step("data", http(200, secrets), Cut::Select(&[data]));

    // Two of a kind and one apart, so that their random order must not matter.
    let pods = [("web", "a", "Running"), ("web", "b", "Pending"), ("web", "c", "Running"), ("webbed", "a", "Running")];
    let pods = list("PodList", pods.map(|(of, which, phase)| w.replica(of, which, phase)).into());
    step("pods", http(200, pods.clone()), object);
    step("pods-whole", http(200, pods), body);
    let names = ["b", "a", "a-b"]
        .map(|name| json!({"metadata": {"name": format!("{name}{}", w.suffix), "uid": w.uid(name)}}))
        .into();
    step("namespaces", http(200, list("NamespaceList", names)), Cut::Default(View::Names));

    let message = format!(
        "pods \"{}\" not found at {} since {}, trace {}",
        w.generated("web", "z"),
        w.server(),
        w.time(5),
        w.uid("trace")
    );
    step("refused", refusal(404, "NotFound", &message.replace(&w.generated("web", "z"), "test-pod")), object);
    let log = format!("{}: {}.. and {}", w.node(), &token[..60], STANDARD.encode(&token));
    step(
        "log",
        http(200, json!({"log": log, "ip": w.ip(again), "jwks": {"kty": "RSA", "n": w.hash("n"), "e": "AQAB"}})),
        body,
    );
    texts += &observer.presentable(&format!("{log} {} {}", w.namespace(), w.uid("first")));
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_that_a_cluster_makes_up_shows(one: u64, other: u64) {
        let (one, other) = (World::new(one), World::new(other));
        // Line by line: the whole of both would hide what differs.
        let (one, other) = (run(&one, "second"), run(&other, "second"));
        for (one, other) in one.lines().zip(other.lines()) {
            prop_assert_eq!(one, other);
        }
        prop_assert_eq!(one.lines().count(), other.lines().count());
    }

    #[test]
    fn what_is_the_same_and_what_is_not_shows(seed: u64) {
        let w = World::new(seed);
        let (another, same) = (run(&w, "second"), run(&w, "first"));
        prop_assert!(another.contains("pod UID (<uid:Pod/test-pod#2>) does not match claim (<uid:Pod/test-pod>)"));
        prop_assert!(same.contains("pod UID (<uid:Pod/test-pod>) does not match claim (<uid:Pod/test-pod>)"));
    }

    #[test]
    fn a_token_gets_through_nowhere(seed: u64, place in 0usize..7, cut in 30usize..400, view in 0usize..6) {
        let w = World::new(seed);
        let token = w.pod_token("first");
        let token = &token[..cut.min(token.len())];
        let value: Value = match place {
            0 => token.into(),
            1 => format!("Bearer {token}, it said").into(),
            2 => STANDARD.encode(token).into(),
            3 => STANDARD.encode(format!("x{token}")).into(),
            4 => STANDARD.encode(format!("{{\"token\":\"{token}\"}}")).into(),
            5 => json!({token: 1}),
            _ => json!([[{"a": format!("%22{token}%22")}]]),
        };
        let views = [View::Envelope, View::Object, View::Token, View::Status, View::Body, View::Names];
        let body = json!({"kind": "Secret", "metadata": {"name": value, "labels": {"x": value}}, "status": value, "data": {"x": value}, "message": value});
        let observer = w.observer();
        for status in [200, 403] {
            let (seen, _) = observer.observe("step", &http(status, body.clone()), Cut::Default(views[view]));
            prop_assert_eq!(guard::scan(&seen.text), None, "{}", seen.text);
            let back: Value = serde_saphyr::from_str(&seen.text).unwrap();
            prop_assert_eq!(back, seen.value);
        }
        prop_assert_eq!(guard::scan(&observer.presentable_value(&body).to_string()), None);
        prop_assert_eq!(guard::scan(&observer.presentable(&body.to_string())), None);
    }

    #[test]
    fn any_text_gets_through(parts in prop::collection::vec(0usize..20, 0..12), apart: bool, noise in "(?s).{0,6}") {
        let w = World::new(1);
        let (token, uid, node) = (w.pod_token("first"), w.uid("first"), w.node());
        let (encoded, time) = (STANDARD.encode(&token), w.time(0));
        let known = [
            &token, &token[..40], &encoded, &encoded[..50], &uid, &uid[1..], &node, &w.suffix, &time, &time[..19], "web-x8k2p", "10.0.0.1",
            "-----BEGIN ", "-----END X-----", "LS0tLS1CRUdJTi", "é", "-", ".", "/+=", &noise,
        ];
        let text = parts.into_iter().map(|part| known[part]).collect::<Vec<_>>().join(if apart { " " } else { "" });
        let body = json!({"metadata": {"name": text, "uid": text}, "data": {"x": text}, &text: text, "ip": text, "kid": text, "kind": text});
        let mut observer = w.observer();
        for cut in [Cut::Default(View::Object), Cut::Default(View::Body), Cut::Show(body.as_object().unwrap())] {
            let (seen, draft) = observer.observe("step", &http(200, body.clone()), cut);
            observer.commit(draft);
            let back: Value = serde_saphyr::from_str(&seen.text).map_err(|error| TestCaseError::fail(format!("{error}: {}", seen.text)))?;
            prop_assert_eq!(back, seen.value);
            prop_assert_eq!(guard::scan(&seen.text), None);
            prop_assert!(!apart || !seen.text.contains(&uid), "{}", seen.text);
        }
        observer.presentable(&text);
    }
}
