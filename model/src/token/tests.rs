//! Requests, reviews and bearers against a store that is written by hand, on the versions around each change.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{bearer, discovery, request, review};
use crate::answer::{Answer, Content};
use crate::clock::{Clock, rfc3339};
use crate::key::SigningKey;
use crate::profile::{Profile, releases};
use crate::status::Refusal;
use crate::store::Key;
use crate::user::User;
use crate::world::World;

static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| Arc::new(SigningKey::make().unwrap()));

struct Setup {
    gates: BTreeMap<String, bool>,
    apiserver: BTreeMap<String, String>,
}

pub(crate) fn world(minor: u32) -> World {
    gated(minor, &[])
}

pub(crate) fn gated(minor: u32, gates: &[(&str, bool)]) -> World {
    set_up(
        minor,
        &Setup {
            gates: gates.iter().map(|(gate, on)| ((*gate).to_owned(), *on)).collect(),
            apiserver: BTreeMap::new(),
        },
    )
}

fn set_up(minor: u32, setup: &Setup) -> World {
    let release = *releases().iter().find(|release| release.minor == minor).unwrap();
    let profile = Profile::new(release, &setup.gates, &setup.apiserver, &BTreeMap::new()).unwrap();
    let mut world = World::new(profile, Clock::start(), KEY.clone(), "-----BEGIN CERTIFICATE-----".to_owned());
    world.address = "192.0.2.1:6443".to_owned();
    for namespace in ["kube-system", "demo"] {
        put(&mut world, "namespaces", "", namespace, json!({"status": {"phase": "Active"}}));
    }
    put(&mut world, "serviceaccounts", "demo", "demo-sa", json!({}));
    world
}

/// Writes an object with a new uid, which is given back.
pub(crate) fn put(world: &mut World, resource: &'static str, namespace: &str, name: &str, rest: Value) -> String {
    let uid = World::uid();
    let mut object = rest;
    let metadata = &mut object["metadata"];
    metadata["name"] = name.into();
    metadata["namespace"] = namespace.into();
    metadata["uid"] = uid.as_str().into();
    metadata["creationTimestamp"] = rfc3339(world.now()).into();
    world.put(Key::new(resource, namespace, name), object);
    uid
}

pub(crate) async fn pass(world: &mut World, seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
    world.catch_up();
}

fn body(answer: Answer) -> Value {
    match answer.content {
        Content::Json(body) => Value::clone(&body),
        other => panic!("no JSON: {other:?}"),
    }
}

fn administrator() -> User {
    User { name: "admin".to_owned(), groups: vec!["system:masters".to_owned()], ..User::default() }
}

fn asked(world: &mut World, spec: Value) -> Result<Value, Refusal> {
    let mut asked = json!({"metadata": {}});
    asked["spec"] = spec;
    request(world, &administrator(), "demo", "demo-sa", &asked).map(body)
}

fn token(world: &mut World, spec: Value) -> String {
    asked(world, spec).unwrap()["status"]["token"].as_str().unwrap().to_owned()
}

fn bound(kind: &str, name: &str) -> Value {
    json!({"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name}})
}

fn claims(token: &str) -> Value {
    super::jwt::Jwt::parse(token).unwrap().claims
}

pub(crate) fn status(world: &mut World, token: &str, audiences: &[&str]) -> Value {
    let asked = json!({"metadata": {}, "spec": {"token": token, "audiences": audiences}});
    body(review(world, &asked).unwrap())["status"].take()
}

/// Why a review refuses a token; a nonce among the audiences goes round what is remembered.
pub(crate) fn error(world: &mut World, token: &str) -> String {
    let nonce = World::uid();
    let status = status(world, token, &[crate::Model::ISSUER, &nonce]);
    assert_eq!(status.get("authenticated"), status.get("error").is_none().then_some(&json!(true)));
    status["error"].as_str().unwrap_or_default().to_owned()
}

fn as_bearer(world: &mut World, header: &str) -> Result<Option<(User, Vec<String>)>, u16> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", header.parse().unwrap());
    bearer(world, &headers).map(|found| found.map(|found| (found.user, found.warnings))).map_err(|refusal| refusal.code)
}

#[tokio::test(start_paused = true)]
async fn a_token_without_wishes_is_for_an_hour_and_has_an_id_from_v1_30_on() {
    for minor in [29, 30] {
        let mut world = world(minor);
        let answer = asked(&mut world, json!({})).unwrap();
        assert_eq!(
            answer["spec"],
            json!({
                "audiences": [crate::Model::ISSUER], "expirationSeconds": 3600, "boundObjectRef": null,
            })
        );
        let token = answer["status"]["token"].as_str().unwrap();
        let claims = claims(token);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert_eq!(claims["sub"], "system:serviceaccount:demo:demo-sa");
        assert_eq!(claims.get("jti").is_some(), minor == 30);
        let same = super::tests::token(&mut world, json!({})) == token;
        assert_eq!(same, minor == 29, "without an id the same second gives the same token");
        let user = &status(&mut world, token, &[])["user"];
        assert_eq!(
            user["groups"],
            json!(["system:serviceaccounts", "system:serviceaccounts:demo", "system:authenticated"])
        );
        let id = user["extra"]["authentication.kubernetes.io/credential-id"][0].as_str();
        assert_eq!(id.map(str::to_owned), claims["jti"].as_str().map(|id| format!("JTI={id}")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_validated_before_or_after_its_account_is_looked_up() {
    for (minor, code) in [(23, 422), (24, 404)] {
        let mut world = world(minor);
        let wrong = json!({"metadata": {}, "spec": {"expirationSeconds": 1}});
        assert_eq!(request(&mut world, &administrator(), "demo", "nobody", &wrong).unwrap_err().code, code);
    }
    let mut world = world(36);
    let text =
        |world: &mut World, seconds: i64| asked(world, json!({"expirationSeconds": seconds})).map_err(|e| e.message);
    assert_eq!(
        text(&mut world, 599).unwrap_err(),
        "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a \
         duration less than 10 minutes"
    );
    assert!(text(&mut world, 600).is_ok() && text(&mut world, 4_294_967_296).is_ok());
    assert!(text(&mut world, 4_294_967_297).unwrap_err().ends_with("duration larger than 2^32 seconds"));
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_a_request_counts_more_and_more() {
    let ask = |minor: u32, metadata: Value| {
        let mut world = world(minor);
        let uid = world.store.find("serviceaccounts", "demo", "demo-sa").unwrap()["metadata"]["uid"].clone();
        let asked =
            request(&mut world, &administrator(), "demo", "demo-sa", &json!({"metadata": metadata, "spec": {}}));
        (asked.map(|answer| body(answer)["metadata"].take()).map_err(|refusal| (refusal.code, refusal.message)), uid)
    };
    assert_eq!(ask(23, json!({})).0.unwrap(), json!({"creationTimestamp": null}));
    assert_eq!(ask(23, json!({"name": "other"})).0.unwrap()["name"], "other");
    let (filled, _) = ask(24, json!({"uid": "u"}));
    let filled = filled.unwrap();
    assert_eq!(
        (&filled["name"], &filled["namespace"], &filled["uid"]),
        (&json!("demo-sa"), &json!("demo"), &json!("u"))
    );
    assert!(filled["creationTimestamp"].is_string());
    assert_eq!(ask(25, json!({"uid": "u"})).0.unwrap().get("uid"), None);
    let (filled, uid) = ask(34, json!({}));
    assert_eq!(filled.unwrap()["uid"], uid);
    let (refused, uid) = ask(34, json!({"uid": "u"}));
    assert_eq!(
        refused.unwrap_err(),
        (
            409,
            format!(
                "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"demo-sa\": the UID in the token request (u) \
         does not match the UID of the service account ({})",
                uid.as_str().unwrap(),
            )
        )
    );
    assert_eq!(
        ask(24, json!({"name": "x"})).0.unwrap_err(),
        (
            422,
            "TokenRequest.authentication.k8s.io \"demo-sa\" is invalid: \
        metadata.name: Invalid value: \"x\": must match the service account name if specified"
                .to_owned()
        )
    );
    assert_eq!(
        ask(24, json!({"namespace": "x"})).0.unwrap_err(),
        (400, "the namespace of the provided object does not match the namespace sent on the request".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_token_cannot_be_bound_to_is_told() {
    let mut world = world(36);
    put(&mut world, "pods", "demo", "mine", json!({"spec": {"serviceAccountName": "demo-sa"}}));
    put(&mut world, "pods", "demo", "other", json!({"spec": {"serviceAccountName": "other-sa"}}));
    let mut refused = |reference: Value| {
        asked(&mut world, json!({"boundObjectRef": reference}))
            .map(|_| ())
            .map_err(|refusal| (refusal.code, refusal.message))
    };
    let told = |code, text: &str| Err((code, text.to_owned()));
    assert_eq!(
        refused(json!({"apiVersion": "v1", "kind": "Pod", "name": "nothing"})),
        told(404, "pods \"nothing\" not found")
    );
    assert_eq!(
        refused(json!({"apiVersion": "v1", "kind": "Pod", "name": "other"})),
        told(
            400,
            "cannot bind token for serviceaccount \"demo-sa\" to pod running with different serviceaccount name."
        ),
    );
    assert_eq!(
        refused(json!({"apiVersion": "v1", "kind": "Pod", "name": "mine", "uid": "u"})),
        told(
            409,
            "Operation cannot be fulfilled on Pod \"mine\": the UID in the bound object reference (u) does not match the \
            UID in record. The object might have been deleted and then recreated"
        ),
    );
    assert_eq!(
        refused(json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "x"})),
        told(400, "cannot bind token to object of type /v1, Kind=ConfigMap"),
    );
    assert_eq!(
        refused(json!({"apiVersion": "apps/v1", "kind": "Pod", "name": "mine"})),
        told(400, "cannot bind token to object of type apps/v1, Kind=Pod"),
    );
    assert_eq!(refused(json!({"apiVersion": "v99", "kind": "Pod", "name": "mine"})), Ok(()));
    assert_eq!(refused(json!({"kind": "Pod", "name": "mine"})), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn nodes_are_bound_to_and_believed_by_gates() {
    let gate = "ServiceAccountTokenNodeBinding";
    let told = |minor, gates: &[(&str, bool)]| {
        let mut world = gated(minor, gates);
        put(&mut world, "nodes", "", "n", json!({}));
        match asked(&mut world, bound("Node", "n")) {
            Err(refusal) => refusal.message,
            Ok(answer) => error(&mut world, answer["status"]["token"].as_str().unwrap()),
        }
    };
    assert_eq!(told(28, &[]), "cannot bind token to object of type /v1, Kind=Node");
    assert_eq!(told(29, &[]), format!("cannot bind token to a Node object as the \"{gate}\" feature-gate is disabled"));
    let disabled = format!(
        "[invalid bearer token, token is bound to a Node object but the {gate}Validation feature gate is disabled]"
    );
    assert_eq!(told(29, &[(gate, true)]), disabled);
    assert_eq!(told(30, &[(gate, true)]), "");
    assert_eq!(told(31, &[]), "");
}

#[tokio::test(start_paused = true)]
async fn a_token_of_a_pod_names_its_node() {
    let pod = json!({"spec": {"serviceAccountName": "demo-sa", "nodeName": "lost"}});
    let mut old = world(29);
    put(&mut old, "pods", "demo", "p", pod.clone());
    let given = token(&mut old, bound("Pod", "p"));
    assert_eq!(claims(&given)["kubernetes.io"].get("node"), None);
    let mut new = world(30);
    put(&mut new, "pods", "demo", "p", pod);
    let given = token(&mut new, bound("Pod", "p"));
    assert_eq!(claims(&given)["kubernetes.io"]["node"], json!({"name": "lost"}));
    let user = status(&mut new, &given, &[])["user"].take();
    assert_eq!(user["extra"]["authentication.kubernetes.io/node-name"], json!(["lost"]));
    assert_eq!(user["extra"].get("authentication.kubernetes.io/node-uid"), None);
    assert_eq!(user["extra"]["authentication.kubernetes.io/pod-name"], json!(["p"]));
}

#[tokio::test(start_paused = true)]
async fn the_token_of_a_volume_lives_for_a_year() {
    for (minor, for_others) in [(23, true), (24, false)] {
        let mut world = world(minor);
        put(&mut world, "pods", "demo", "p", json!({"spec": {"serviceAccountName": "demo-sa"}}));
        let lives = |world: &mut World, seconds: i64, audience: &str| {
            let mut spec = bound("Pod", "p");
            spec["expirationSeconds"] = seconds.into();
            spec["audiences"] = json!([audience]);
            let claims = claims(&token(world, spec));
            let after = |at: &Value| at.as_i64().map(|at| at - claims["iat"].as_i64().unwrap());
            (after(&claims["exp"]).unwrap(), after(&claims["kubernetes.io"]["warnafter"]))
        };
        assert_eq!(lives(&mut world, 3607, crate::Model::ISSUER), (31_536_000, Some(3607)));
        assert_eq!(lives(&mut world, 3606, crate::Model::ISSUER), (3606, None));
        assert_eq!(lives(&mut world, 3607, "vault").1.is_some(), for_others);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_shortens_tokens_and_is_told_of_from_v1_24_on() {
    for (minor, told) in [(23, vec![]), (24, vec!["requested expiration of 7201 seconds shortened to 7200 seconds"])] {
        let flag = ("service-account-max-token-expiration".to_owned(), "2h".to_owned());
        let mut world = set_up(minor, &Setup { gates: BTreeMap::new(), apiserver: BTreeMap::from([flag]) });
        let asked = json!({"metadata": {}, "spec": {"expirationSeconds": 7201}});
        let answer = request(&mut world, &administrator(), "demo", "demo-sa", &asked).unwrap();
        assert_eq!(answer.warnings, told);
        assert_eq!(body(answer)["spec"]["expirationSeconds"], 7200);
    }
}

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
        let old = super::text(world.store.get(&key).unwrap(), "/metadata/uid").to_owned();
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
async fn a_node_asks_only_for_its_pods_and_their_audiences() {
    let node = User { name: "system:node:n".to_owned(), groups: vec!["system:nodes".to_owned()], ..User::default() };
    let mut world = gated(32, &[("ServiceAccountNodeAudienceRestriction", true)]);
    let volumes = json!([{"projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}}]);
    let spec = json!({"spec": {"serviceAccountName": "demo-sa", "nodeName": "n", "volumes": volumes}});
    let uid = put(&mut world, "pods", "demo", "here", spec);
    let there =
        put(&mut world, "pods", "demo", "there", json!({"spec": {"serviceAccountName": "demo-sa", "nodeName": "m"}}));
    pass(&mut world, 1).await;
    let mut told = |spec: Value| {
        let answer = request(&mut world, &node, "demo", "demo-sa", &json!({"metadata": {}, "spec": spec}));
        answer.map_or_else(|refusal| refusal.message, |_| String::new())
    };
    let pod = |name: &str, uid: &str, audience: &str| json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}, "audiences": [audience]});
    let forbidden = |why: &str| format!("serviceaccounts \"demo-sa\" is forbidden: {why}");
    assert_eq!(told(json!({})), forbidden("node requested token not bound to a pod"));
    assert_eq!(told(bound("Pod", "here")), forbidden("node requested token with a pod binding without a uid"));
    assert_eq!(
        told(pod("there", &there, "vault")),
        forbidden("node requested token bound to a pod scheduled on a different node")
    );
    assert_eq!(told(pod("here", &uid, "vault")), "");
    assert_eq!(told(pod("here", &uid, "else")), forbidden("audience \"else\" not found in pod spec volume"));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_goes_takes_no_requests() {
    let mut world = world(36);
    put(&mut world, "namespaces", "", "demo", json!({"status": {"phase": "Terminating"}}));
    let refused = asked(&mut world, json!({})).unwrap_err();
    assert_eq!(
        refused.message,
        "serviceaccounts \"demo-sa\" is forbidden: unable to create new content in namespace demo because it is being terminated"
    );
    let nowhere =
        request(&mut world, &administrator(), "nowhere", "x", &json!({"metadata": {}, "spec": {}})).unwrap_err();
    assert_eq!((nowhere.code, &*nowhere.message), (404, "namespaces \"nowhere\" not found"));
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
        let text = |path: &str, accept: &str| match discovery(&world, path, accept).unwrap().unwrap().content {
            Content::Text { content_type, text } => (content_type, serde_json::from_str::<Value>(&text).unwrap()),
            other => panic!("no text: {other:?}"),
        };
        let (content_type, keys) = text("/openid/v1/jwks", "text/html, application/jwk-set+json;q=0.9");
        assert_eq!(content_type, "application/jwk-set+json");
        assert_eq!((&keys["keys"][0]["kid"], &keys["keys"][0]["e"]), (&json!(world.key.id()), &json!("AQAB")));
        let (_, issuer) = text("/.well-known/openid-configuration", "");
        assert_eq!(issuer["jwks_uri"], "https://192.0.2.1:6443/openid/v1/jwks");
        assert!(discovery(&world, "/version", "").is_none());
    }
}
