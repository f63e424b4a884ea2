//! What a token is worth, in reviews and as bearer.

use serde_json::{Value, json};

use super::super::{discovery, review, text};
use super::{as_bearer, bound, claims, error, pass, put, status, token, world};
use crate::answer::Content;
use crate::clock::rfc3339;
use crate::store::Key;
use crate::user::User;

#[tokio::test(start_paused = true)]
async fn a_token_dies_with_what_it_is_about() {
    for (minor, gone, pod, account) in [
        (
            22,
            "Token has been invalidated",
            "Pod UID (N) does not match claim (O)",
            "ServiceAccount UID (N) does not match claim (O)",
        ),
        (
            23,
            "service account token has been invalidated",
            "pod UID (N) does not match service account pod ref claim (O)",
            "service account UID (N) does not match claim (O)",
        ),
    ] {
        let mut world = world(minor);
        let spec = json!({"spec": {"serviceAccountName": "demo-sa"}});
        let old = put(&mut world, "pods", "demo", "p", spec.clone());
        let given = token(&mut world, bound("Pod", "p"));
        assert_eq!(error(&mut world, &given), "");
        let key = Key::new("pods", "demo", "p");
        pass(&mut world, 1).await;
        world.remove(&key);
        assert_eq!(error(&mut world, &given), "", "the informer is behind");
        pass(&mut world, 1).await;
        assert_eq!(error(&mut world, &given), format!("[invalid bearer token, {gone}]"));
        let new = put(&mut world, "pods", "demo", "p", spec);
        assert_eq!(
            error(&mut world, &given),
            format!("[invalid bearer token, {}]", pod.replace('N', &new).replace('O', &old))
        );

        let key = Key::new("serviceaccounts", "demo", "demo-sa");
        let old = text(world.store.get(&key).unwrap(), "/metadata/uid").to_owned();
        let given = token(&mut world, json!({}));
        pass(&mut world, 1).await;
        world.remove(&key);
        pass(&mut world, 1).await;
        assert_eq!(error(&mut world, &given), "[invalid bearer token, serviceaccounts \"demo-sa\" not found]");
        let new = put(&mut world, "serviceaccounts", "demo", "demo-sa", json!({}));
        assert_eq!(
            error(&mut world, &given),
            format!(
                "[invalid bearer token, {}]",
                account.replace("(N)", &format!("({new})")).replace("(O)", &format!("({old})"))
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_outlive_deletion_and_their_date_by_a_minute() {
    let mut world = world(36);
    put(&mut world, "secrets", "demo", "anchor", json!({}));
    let given = token(&mut world, bound("Secret", "anchor"));
    let deleted = json!({"metadata": {"deletionTimestamp": rfc3339(world.now()), "finalizers": ["x/y"]}});
    let uid = claims(&given)["kubernetes.io"]["secret"]["uid"].clone();
    put(&mut world, "secrets", "demo", "anchor", deleted);
    let mut object = Value::clone(world.store.find("secrets", "demo", "anchor").unwrap());
    object["metadata"]["uid"] = uid;
    world.put(Key::new("secrets", "demo", "anchor"), object);
    pass(&mut world, 59).await;
    assert_eq!(error(&mut world, &given), "");
    pass(&mut world, 3).await;
    assert_eq!(error(&mut world, &given), "[invalid bearer token, service account token has been invalidated]");

    let given = token(&mut world, json!({"expirationSeconds": 600}));
    pass(&mut world, 658).await;
    assert_eq!(error(&mut world, &given), "");
    pass(&mut world, 4).await;
    assert_eq!(error(&mut world, &given), "[invalid bearer token, service account token has expired]");
}

#[tokio::test(start_paused = true)]
async fn what_was_found_good_is_believed_for_ten_seconds_by_requests_too() {
    let mut world = world(36);
    put(&mut world, "pods", "demo", "p", json!({"spec": {"serviceAccountName": "demo-sa"}}));
    let given = token(&mut world, bound("Pod", "p"));
    let first = status(&mut world, &given, &[]);
    assert_eq!(first["audiences"], json!([crate::Model::ISSUER]));
    world.remove(&Key::new("pods", "demo", "p"));
    pass(&mut world, 9).await;
    assert_ne!(error(&mut world, &given), "");
    assert_eq!(status(&mut world, &given, &[])["authenticated"], true);
    assert!(as_bearer(&mut world, &format!("Bearer {given}")).unwrap().is_some());
    pass(&mut world, 2).await;
    assert_eq!(status(&mut world, &given, &[]).get("authenticated"), None);
    assert_eq!(as_bearer(&mut world, &format!("Bearer {given}")), Err(401));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_for_its_audiences_in_the_order_that_is_asked() {
    let mut world = world(36);
    let given = token(&mut world, json!({"audiences": ["vault", "safe"]}));
    assert_eq!(status(&mut world, &given, &["safe", "else", "vault"])["audiences"], json!(["safe", "vault"]));
    assert_eq!(
        status(&mut world, &given, &[])["error"],
        format!(
            "[invalid bearer token, token audiences [\"vault\" \"safe\"] is invalid for the target audiences [\"{}\"]]",
            crate::Model::ISSUER
        ),
    );
    assert_eq!(as_bearer(&mut world, &format!("Bearer {given}")), Err(401));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_token_is_refused_for_its_signature_at_most() {
    // {"alg":"RS256","kid":"a-key-nobody-knows"}, {"alg":"none"}, {"iss":ISSUER,"exp":1}
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let claims = encoded(&json!({"iss": crate::Model::ISSUER, "exp": 1}).to_string());
    let unknown = format!("{}.{claims}.c2lnbmF0dXJl", encoded(r#"{"alg":"RS256","kid":"a-key-nobody-knows"}"#));
    let unsigned = format!("{}.{claims}.", encoded(r#"{"alg":"none"}"#));
    for (minor, library, no_key) in [
        (30, "square/go-jose: error in cryptographic primitive", false),
        (31, "square/go-jose: error in cryptographic primitive", true),
        (33, "go-jose/go-jose: error in cryptographic primitive", true),
    ] {
        let mut world = world(minor);
        let wrong = format!("[invalid bearer token, {library}]");
        let given = token(&mut world, json!({}));
        assert_eq!(error(&mut world, &format!("{given}AA")), wrong);
        assert_eq!(error(&mut world, &unsigned), wrong);
        let unknown_key = "[invalid bearer token, invalid signature, no keys found]";
        assert_eq!(error(&mut world, &unknown), if no_key { unknown_key } else { &wrong });
        for text in [
            "this is not a token",
            "not.a.token",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2Vsc2V3aGVyZS5leGFtcGxlIn0.c2lnbmF0dXJl",
        ] {
            assert_eq!(error(&mut world, text), "invalid bearer token");
        }
        let empty = review(&mut world, &json!({"metadata": {}, "spec": {"token": ""}})).unwrap_err();
        assert_eq!((empty.code, &*empty.message), (400, "token is required for TokenReview in authentication"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_of_another_spelling_is_the_same() {
    let mut world = world(36);
    let given = token(&mut world, json!({}));
    // The last letter of 256 bytes has four bits that say nothing.
    let last = given.chars().last().unwrap();
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = letters.find(last).unwrap();
    let other = letters.chars().nth(index ^ 1).unwrap();
    let spelled = format!("{}{other}", &given[..given.len() - 1]);
    assert_eq!(error(&mut world, &spelled), "");
    let another = letters.chars().nth(index ^ 32).unwrap();
    assert_ne!(error(&mut world, &format!("{}{another}", &given[..given.len() - 1])), "");
}

#[tokio::test(start_paused = true)]
async fn a_token_after_a_blank_is_nobodys() {
    for (minor, warned) in [(24, false), (25, true)] {
        let mut world = world(minor);
        let given = token(&mut world, json!({}));
        let found = as_bearer(&mut world, &format!("Bearer  {given}")).unwrap();
        assert_eq!(found.is_some(), warned);
        if let Some((user, warnings)) = found {
            assert_eq!(user, User::anonymous());
            assert_eq!(
                warnings,
                ["the provided Authorization header contains extra space before the bearer token, and is ignored"]
            );
        }
        assert!(as_bearer(&mut world, &format!("bearer {given}")).unwrap().is_some());
        assert!(as_bearer(&mut world, "Bearer ").unwrap().is_none());
        assert!(as_bearer(&mut world, "Basic eDp5").unwrap().is_none());
        let blank = status(&mut world, " whatever", &["a"]);
        assert_eq!(
            blank,
            json!({
                "authenticated": true, "audiences": ["a"],
                "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]},
            })
        );
        assert_eq!(error(&mut world, &format!("{given}\n")), "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_keys_come_in_one_form_only() {
    for (minor, message) in [
        (24, "406: Not Acceptable"),
        (25, "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json"),
    ] {
        let world = world(minor);
        let refused = discovery(&world, "/openid/v1/jwks", "application/json").unwrap().unwrap_err();
        assert_eq!((refused.code, &*refused.message), (406, message));
        let read = |path: &str, accept: &str| match discovery(&world, path, accept).unwrap().unwrap().content {
            Content::Text { content_type, text } => (content_type, serde_json::from_str::<Value>(&text).unwrap()),
            other => panic!("no text: {other:?}"),
        };
        let (content_type, keys) = read("/openid/v1/jwks", "text/html, application/jwk-set+json;q=0.9");
        assert_eq!(content_type, "application/jwk-set+json");
        assert_eq!((&keys["keys"][0]["kid"], &keys["keys"][0]["e"]), (&json!(world.key.id()), &json!("AQAB")));
        let (_, issuer) = read("/.well-known/openid-configuration", "");
        assert_eq!(issuer["jwks_uri"], "https://192.0.2.1:6443/openid/v1/jwks");
        assert!(discovery(&world, "/version", "").is_none());
    }
}
