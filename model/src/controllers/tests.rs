//! Controllers of tokens, each alone with a store.

use serde_json::{Value, json};

use crate::store::Key;
use crate::token::tests::{error, gated, pass, put, status, world};
use crate::token::{INVALID_SINCE, LAST_USED, day, decoded, text};
use crate::world::World;

fn get(world: &World, resource: &'static str, name: &str) -> Option<Value> {
    world.store.find(resource, "demo", name).map(|object| Value::clone(object))
}

fn asking(account: &str) -> Value {
    let annotations = json!({"kubernetes.io/service-account.name": account});
    json!({"type": "kubernetes.io/service-account-token", "metadata": {"annotations": annotations}})
}

fn token_in(world: &World, secret: &str) -> String {
    let secret = get(world, "secrets", secret).unwrap();
    String::from_utf8(decoded(text(&secret, "/data/token"))).unwrap()
}

fn change(world: &mut World, resource: &'static str, name: &str, change: impl FnOnce(&mut Value)) {
    let mut object = get(world, resource, name).unwrap();
    change(&mut object);
    world.put(Key::new(resource, "demo", name), object);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_an_account_and_the_authority() {
    let mut world = world(36);
    pass(&mut world, 1).await;
    let first = get(&world, "serviceaccounts", "default").unwrap();
    world.remove(&Key::new("serviceaccounts", "demo", "default"));
    change(&mut world, "configmaps", "kube-root-ca.crt", |published| published["data"] = json!({"x": "y"}));
    pass(&mut world, 1).await;
    assert_ne!(get(&world, "serviceaccounts", "default").unwrap()["metadata"]["uid"], first["metadata"]["uid"]);
    assert_eq!(get(&world, "configmaps", "kube-root-ca.crt").unwrap()["data"], json!({"ca.crt": world.authority}));
    put(&mut world, "namespaces", "", "demo", json!({"status": {"phase": "Terminating"}}));
    world.remove(&Key::new("serviceaccounts", "demo", "default"));
    world.remove(&Key::new("configmaps", "demo", "kube-root-ca.crt"));
    pass(&mut world, 1).await;
    assert_eq!(get(&world, "serviceaccounts", "default").or(get(&world, "configmaps", "kube-root-ca.crt")), None);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_filled_and_the_same_again() {
    let mut world = world(36);
    put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
    pass(&mut world, 1).await;
    let secret = get(&world, "secrets", "sample").unwrap();
    let account = get(&world, "serviceaccounts", "demo-sa").unwrap();
    assert_eq!(secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"], account["metadata"]["uid"],);
    assert_eq!(decoded(text(&secret["data"], "/namespace")), b"demo");
    assert_eq!(decoded(text(&secret["data"], "/ca.crt")), world.authority.as_bytes());
    let token = token_in(&world, "sample");
    assert_eq!(error(&mut world, &token), "");

    change(&mut world, "secrets", "sample", |secret| secret["data"]["token"] = "c29tZXRoaW5nIGVsc2U=".into());
    pass(&mut world, 1).await;
    assert_eq!(error(&mut world, &token), "[invalid bearer token, Token does not match server's copy]");
    change(&mut world, "secrets", "sample", |secret| secret["data"] = json!({"ca.crt": "eA==", "token": ""}));
    pass(&mut world, 1).await;
    assert_eq!(token_in(&world, "sample"), token);
    assert_eq!(get(&world, "secrets", "sample").unwrap()["data"], secret["data"]);

    world.remove(&Key::new("secrets", "demo", "sample"));
    pass(&mut world, 1).await;
    assert_eq!(error(&mut world, &token), "[invalid bearer token, Token has been invalidated]");
    put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
    pass(&mut world, 1).await;
    assert_eq!(token_in(&world, "sample"), token);
    world.remove(&Key::new("serviceaccounts", "demo", "demo-sa"));
    pass(&mut world, 1).await;
    assert_eq!(get(&world, "secrets", "sample"), None);
}

#[tokio::test(start_paused = true)]
async fn a_secret_for_nobody_is_deleted() {
    let mut world = world(36);
    put(&mut world, "secrets", "demo", "nobodys", asking("nobody"));
    let mut other = asking("demo-sa");
    other["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = "another".into();
    put(&mut world, "secrets", "demo", "others", other);
    put(&mut world, "secrets", "demo", "turned", asking("demo-sa"));
    pass(&mut world, 1).await;
    assert_eq!(get(&world, "secrets", "nobodys").or(get(&world, "secrets", "others")), None);
    put(&mut world, "serviceaccounts", "demo", "other", json!({}));
    change(&mut world, "secrets", "turned", |secret| {
        secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] = "other".into();
    });
    pass(&mut world, 1).await;
    assert_eq!(get(&world, "secrets", "turned"), None);
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_deletion_is_not_deleted_with_it() {
    let mut world = world(36);
    put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
    pass(&mut world, 1).await;
    world.remove(&Key::new("serviceaccounts", "demo", "demo-sa"));
    world.remove(&Key::new("secrets", "demo", "sample"));
    put(&mut world, "serviceaccounts", "demo", "demo-sa", json!({}));
    put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
    pass(&mut world, 1).await;
    let token = token_in(&world, "sample");
    assert_eq!(error(&mut world, &token), "");
}

#[tokio::test(start_paused = true)]
async fn a_reference_goes_with_its_secret() {
    let mut world = world(36);
    change(&mut world, "serviceaccounts", "demo-sa", |account| {
        account["secrets"] = json!([{"name": "sample"}, {"name": "plain"}]);
    });
    put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
    put(&mut world, "secrets", "demo", "plain", json!({"type": "Opaque"}));
    pass(&mut world, 1).await;
    world.remove(&Key::new("secrets", "demo", "sample"));
    world.remove(&Key::new("secrets", "demo", "plain"));
    pass(&mut world, 1).await;
    assert_eq!(get(&world, "serviceaccounts", "demo-sa").unwrap()["secrets"], json!([{"name": "plain"}]));
}

#[tokio::test(start_paused = true)]
async fn secrets_come_by_themselves_up_to_v1_23_or_by_the_gate() {
    let listed = |world: &World| {
        get(world, "serviceaccounts", "demo-sa").unwrap()["secrets"][0]["name"].as_str().map(str::to_owned)
    };
    let gate = [("LegacyServiceAccountTokenNoAutoGeneration", false)];
    for mut world in [world(23), gated(24, &gate)] {
        pass(&mut world, 1).await;
        let first = listed(&world).unwrap();
        assert!(first.starts_with("demo-sa-token-"));
        let token = token_in(&world, &first);
        assert_eq!(error(&mut world, &token), "");
        world.remove(&Key::new("secrets", "demo", &first));
        pass(&mut world, 1).await;
        let second = listed(&world).unwrap();
        assert_ne!(second, first);
        assert_ne!(token_in(&world, &second), token);
        assert_eq!(get(&world, "serviceaccounts", "demo-sa").unwrap()["secrets"].as_array().unwrap().len(), 1);
    }
    let mut world = world(24);
    pass(&mut world, 1).await;
    assert_eq!((listed(&world), world.store.list("secrets", "demo").count()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn the_use_of_a_token_leaves_a_date_and_warns_where_it_is_listed() {
    for (mut world, tracked) in
        [(world(26), false), (gated(26, &[("LegacyServiceAccountTokenTracking", true)]), true), (world(27), true)]
    {
        change(&mut world, "serviceaccounts", "demo-sa", |account| account["secrets"] = json!([{"name": "sample"}]));
        put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
        pass(&mut world, 1).await;
        let note = world.store.get(&super::tokens_tracking::key()).map(|note| note["data"].clone());
        let today = day(world.now(), 0);
        assert_eq!(note, tracked.then(|| json!({"since": today})));
        let token = token_in(&world, "sample");
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        let warnings = |world: &mut World| crate::token::bearer(world, &headers).unwrap().unwrap().warnings.len();
        assert_eq!((warnings(&mut world), warnings(&mut world)), (usize::from(tracked), usize::from(tracked)));
        let labels = get(&world, "secrets", "sample").unwrap()["metadata"]["labels"].take();
        assert_eq!(labels, if tracked { json!({LAST_USED: today}) } else { Value::Null });
    }
}

#[tokio::test(start_paused = true)]
async fn a_label_has_a_token_refused_from_v1_29_on() {
    for minor in [28, 29] {
        let mut world = world(minor);
        put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
        pass(&mut world, 1).await;
        change(&mut world, "secrets", "sample", |secret| {
            secret["metadata"]["labels"] = json!({INVALID_SINCE: "2024-02-29"});
        });
        pass(&mut world, 1).await;
        let token = token_in(&world, "sample");
        let told = error(&mut world, &token);
        if minor == 28 {
            assert_eq!(told, "");
        } else {
            assert_eq!(
                told,
                "[invalid bearer token, the token in secret demo/sample for service account demo/demo-sa has been \
                marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the \
                'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token]"
            );
        }
        assert!(get(&world, "secrets", "sample").unwrap()["metadata"]["labels"][LAST_USED].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_in_a_secret_has_no_leeway() {
    let mut world = world(36);
    put(&mut world, "secrets", "demo", "sample", asking("demo-sa"));
    pass(&mut world, 1).await;
    let token = token_in(&world, "sample");
    let going = crate::clock::rfc3339(world.now());
    change(&mut world, "serviceaccounts", "demo-sa", |account| {
        account["metadata"]["deletionTimestamp"] = going.as_str().into();
    });
    pass(&mut world, 1).await;
    assert_eq!(error(&mut world, &token), "[invalid bearer token, ServiceAccount demo/demo-sa has been deleted]");
    change(&mut world, "secrets", "sample", |secret| secret["metadata"]["deletionTimestamp"] = going.as_str().into());
    pass(&mut world, 1).await;
    assert_eq!(error(&mut world, &token), "[invalid bearer token, Token has been invalidated]");
    assert_eq!(
        status(&mut world, &token, &["vault"])["error"],
        format!(
            "[invalid bearer token, token audiences [\"{}\"] is invalid for the target audiences [\"vault\"]]",
            crate::Model::ISSUER,
        )
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_used_for_a_year_is_marked_and_deleted_a_year_later() {
    const DAY: u64 = 24 * 60 * 60;
    let cleaned = [("LegacyServiceAccountTokenCleanUp", true)];
    for (minor, gates, marks) in [(28, &cleaned[..], false), (29, &[], true)] {
        let mut world = gated(minor, gates);
        let names = ["unused", "used", "mounted"].map(|name| json!({"name": name}));
        change(&mut world, "serviceaccounts", "demo-sa", |account| account["secrets"] = json!(names));
        for name in ["unused", "used", "mounted", "asked-for"] {
            put(&mut world, "secrets", "demo", name, asking("demo-sa"));
        }
        let volume = json!([{"secret": {"secretName": "mounted"}}]);
        put(&mut world, "pods", "demo", "p", json!({"spec": {"volumes": volume}}));
        pass(&mut world, 200 * DAY).await;
        let used = token_in(&world, "used");
        assert_eq!(error(&mut world, &used), "");
        let left =
            |world: &World| world.store.list("secrets", "demo").map(|(key, _)| key.name.clone()).collect::<Vec<_>>();
        pass(&mut world, 170 * DAY).await;
        if marks {
            assert_eq!(left(&world), ["asked-for", "mounted", "unused", "used"]);
            let labels = |name: &str| get(&world, "secrets", name).unwrap()["metadata"]["labels"].take();
            assert!(labels("unused")[INVALID_SINCE].is_string());
            assert_eq!(labels("used").get(INVALID_SINCE), None);
            assert_eq!(labels("asked-for"), Value::Null);
            pass(&mut world, 370 * DAY).await;
        }
        assert!(!left(&world).contains(&"unused".to_owned()));
        assert!(left(&world).contains(&"mounted".to_owned()));
        let listed = &get(&world, "serviceaccounts", "demo-sa").unwrap()["secrets"];
        assert!(!listed.as_array().unwrap().contains(&json!({"name": "unused"})));
    }
}

#[tokio::test(start_paused = true)]
async fn the_note_is_made_anew_once_in_half_an_hour() {
    let mut world = world(36);
    pass(&mut world, 1).await;
    let key = super::tokens_tracking::key();
    world.remove(&key);
    pass(&mut world, 29 * 60).await;
    assert!(world.store.get(&key).is_none());
    pass(&mut world, 60).await;
    assert!(world.store.get(&key).is_some());
    world.put(key.clone(), json!({"metadata": {}, "data": {"since": "some day"}}));
    pass(&mut world, 1).await;
    assert_eq!(world.store.get(&key).unwrap()["data"]["since"], day(world.now(), 0));
}

#[tokio::test(start_paused = true)]
async fn what_has_time_left_is_there_when_its_dependents_are_gone() {
    let mut world = world(36);
    for (name, grace) in [("slow", 30), ("quick", 0)] {
        let metadata = json!({
            "uid": name, "finalizers": ["foregroundDeletion"],
            "deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace,
        });
        put(&mut world, "configmaps", "demo", name, json!({"metadata": metadata}));
    }
    pass(&mut world, 1).await;
    assert_eq!(get(&world, "configmaps", "slow").unwrap()["metadata"]["finalizers"], Value::Null);
    assert_eq!(get(&world, "configmaps", "quick"), None);
}
