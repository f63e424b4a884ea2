//! What is answered to who asks for a token.

use serde_json::{Value, json};

use super::super::request;
use super::{administrator, asked, body, bound, claims, error, gated, pass, put, set_up, status, token, world};
use crate::user::User;
use crate::world::World;

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
        let given = answer["status"]["token"].as_str().unwrap();
        let claims = claims(given);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert_eq!(claims["sub"], "system:serviceaccount:demo:demo-sa");
        assert_eq!(claims.get("jti").is_some(), minor == 30);
        let same = token(&mut world, json!({})) == given;
        assert_eq!(same, minor == 29, "without an id the same second gives the same token");
        let user = &status(&mut world, given, &[])["user"];
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
        let mut world = set_up(minor, &[], &[("service-account-max-token-expiration", "2h")]);
        let asked = json!({"metadata": {}, "spec": {"expirationSeconds": 7201}});
        let answer = request(&mut world, &administrator(), "demo", "demo-sa", &asked).unwrap();
        assert_eq!(answer.warnings, told);
        assert_eq!(body(answer)["spec"]["expirationSeconds"], 7200);
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
