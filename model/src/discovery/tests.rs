use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};

use super::*;
use crate::authz::tests::{attributes, world};
use crate::profile::releases;
use crate::request::Query;
use crate::service::Peer;

fn request(method: Method, url: &str, accept: &str) -> Request {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_str(accept).unwrap());
    let (path, query) = (path.to_owned(), Query::parse(query));
    Request { method, path, query, headers, body: bytes::Bytes::new(), peer: Peer::administrator() }
}

/// Code, content type and body; a refusal's message as the body.
fn got(world: &World, method: Method, url: &str, accept: &str) -> (u16, String, String) {
    match answer(world, &request(method, url, accept)).unwrap() {
        Ok(answer) => {
            let (content_type, text) = match answer.content {
                Content::Json(value) => (JSON, value.to_string()),
                Content::Text { content_type, text } => (content_type, text),
                Content::Bytes { content_type, bytes } => (content_type, String::from_utf8_lossy(&bytes).into_owned()),
            };
            (answer.code, content_type.to_owned(), text)
        }
        Err(refusal) => (refusal.code, JSON.to_owned(), refusal.message),
    }
}

fn json_of(world: &World, url: &str) -> Value {
    let (code, _, text) = got(world, Method::GET, url, JSON);
    assert_eq!(code, 200, "{url}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_version_serves_its_own_groups() {
    for (minor, wanted, unwanted) in [
        (22, &["policy/v1beta1", "autoscaling/v2beta1"][..], &["autoscaling/v2"][..]),
        (25, &["autoscaling/v2"], &["policy/v1beta1"]),
        (34, &["resource.k8s.io/v1"], &["flowcontrol.apiserver.k8s.io/v1beta3"]),
    ] {
        let world = world(minor, &[]);
        let groups = json_of(&world, "/apis")["groups"].clone();
        let all: Vec<&Value> =
            groups.as_array().unwrap().iter().flat_map(|g| g["versions"].as_array().unwrap()).collect();
        let has = |name: &str| all.iter().any(|version| version["groupVersion"] == name);
        assert!(wanted.iter().all(|name| has(name)) && !unwanted.iter().any(|name| has(name)), "v1.{minor}");
        assert!(all.iter().all(|version| {
            json_of(&world, &format!("/apis/{}", version["groupVersion"].as_str().unwrap()))["resources"].is_array()
        }));
    }
}

#[test]
fn a_group_and_its_resources_are_shown_as_the_server_does() {
    let world = world(24, &[]);
    assert_eq!(
        json_of(&world, "/apis/policy/"),
        json!({
            "kind": "APIGroup", "apiVersion": "v1", "name": "policy",
            "versions": [
                {"groupVersion": "policy/v1", "version": "v1"}, {"groupVersion": "policy/v1beta1", "version": "v1beta1"},
            ],
            "preferredVersion": {"groupVersion": "policy/v1", "version": "v1"},
        })
    );
    let core = json_of(&world, "/api/v1");
    assert_eq!(
        (&core["kind"], core.get("apiVersion"), &core["groupVersion"]),
        (&"APIResourceList".into(), None, &"v1".into())
    );
    assert_eq!(json_of(&world, "/apis/apps/v1")["apiVersion"], "v1");
    assert_eq!(json_of(&world, "/version")["gitVersion"], "v1.24.17");
}

#[test]
fn paths_that_are_not_there_are_told_as_by_the_version() {
    let not_found = "the server could not find the requested resource";
    let page = (404, PLAIN.to_owned(), "404 page not found\n".to_owned());
    for release in releases() {
        let world = world(release.minor, &[]);
        let answer = |url: &str| got(&world, Method::GET, url, JSON);
        assert_eq!(answer("/apis/apps/v9"), (404, JSON.to_owned(), not_found.to_owned()));
        assert_eq!(answer("/api/v2"), (404, JSON.to_owned(), not_found.to_owned()));
        let missing = answer("/nope");
        if release.minor == 22 {
            assert!(missing.2.starts_with("{\n  \"paths\": [\n    \"/apis\",\n"), "{missing:?}");
        } else {
            assert_eq!(missing, page);
        }
        assert_eq!(answer("/healthz/nope"), missing);
        let not_allowed = "the server does not allow this method on the requested resource";
        assert_eq!(got(&world, Method::POST, "/version", JSON), (405, JSON.to_owned(), not_allowed.to_owned()));
        assert_eq!(got(&world, Method::POST, "/apis", JSON).0, 200);
    }
}

#[test]
fn what_is_served_and_not_modelled_is_not_called_missing() {
    let profile = world(30, &[]).profile;
    let refused = |what: &str| missing(&profile, &Attributes { version: "v1".to_owned(), ..attributes(what) });
    let of = |what: &str| refused(what).map(|answer| answer.code).map_err(|refusal| (refusal.code, refusal.message));
    let end = crate::NOT_MODELLED_PHRASE;
    assert_eq!(of("list deployments.apps"), Err((501, format!("the resource deployments.apps {end}"))));
    assert_eq!(of("get deployments.apps/scale a/b"), Err((501, format!("the resource deployments.apps/scale {end}"))));
    assert_eq!(of("get pods/log a/b"), Err((501, format!("the resource pods/log {end}"))));
    let not_found = "the server could not find the requested resource".to_owned();
    assert_eq!(of("get pods/nope a/b"), Err((404, not_found.clone())));
    assert_eq!(of("list nothings"), Err((404, not_found)));
    assert_eq!(of("list things.nope.io"), Ok(404));
}

#[test]
fn early_reviews_are_served_where_they_are_turned_on() {
    let with = |minor: u32, gate: bool, config: &str| {
        let release = *releases().iter().find(|release| release.minor == minor).unwrap();
        let gates = if gate { BTreeMap::from([("APISelfSubjectReview".to_owned(), true)]) } else { BTreeMap::new() };
        let flags = BTreeMap::from([("runtime-config".to_owned(), config.to_owned())]);
        Profile::new(release, &gates, &flags, &BTreeMap::new())
    };
    let knows =
        |profile: &Profile, version: &str| knows(profile, "authentication.k8s.io", version, "selfsubjectreviews");
    let alpha = with(26, true, "authentication.k8s.io/v1alpha1=true").unwrap();
    assert!(knows(&alpha, "v1alpha1") && !knows(&alpha, "v1"));
    let beta = with(27, false, "authentication.k8s.io/v1beta1=true").unwrap();
    assert!(knows(&beta, "v1beta1") && !knows(&beta, "v1alpha1"));
    assert!(knows(&world(28, &[]).profile, "v1") && !knows(&world(28, &[]).profile, "v1beta1"));
    let refused = with(26, false, "authentication.k8s.io/v1alpha1=true").unwrap_err();
    assert!(refused.what.starts_with("--runtime-config=authentication.k8s.io/v1alpha1 of kube-apiserver"), "{refused}");
    assert!(with(30, false, "api/all=true").is_err() && with(33, false, "authentication.k8s.io/v1alpha1").is_err());
}

#[test]
fn health_is_told_check_by_check() {
    let world = world(36, &[]);
    let text = |url: &str| got(&world, Method::GET, url, "*/*").2;
    assert_eq!(text("/livez"), "ok");
    assert_eq!(text("/readyz/poststarthook/rbac/bootstrap-roles"), "ok");
    let verbose = text("/readyz?verbose&exclude=ping&exclude=nope");
    assert!(verbose.starts_with("[+]ping excluded: ok\n[+]log ok\n[+]etcd ok\n"), "{verbose}");
    let end =
        "[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for \"nope\"\nreadyz check passed\n";
    assert!(verbose.ends_with(end), "{verbose}");
}

#[test]
fn everything_is_told_at_once_to_who_asks_for_it() {
    let beta = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    let stable = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let both = format!("{stable},{beta},application/json");
    for (minor, content_type) in [(26, JSON), (27, beta), (29, beta), (30, stable), (37, stable)] {
        let world = world(minor, &[]);
        let (code, shown, text) = got(&world, Method::GET, "/apis", &both);
        assert_eq!((code, shown.as_str()), (200, content_type), "v1.{minor}");
        let all: Value = serde_json::from_str(&text).unwrap();
        if content_type != JSON {
            let apps =
                all["items"].as_array().unwrap().iter().find(|group| group["metadata"]["name"] == "apps").unwrap();
            let resources = apps["versions"][0]["resources"].as_array().unwrap();
            let deployment = resources.iter().find(|resource| resource["resource"] == "deployments").unwrap();
            assert_eq!(deployment["subresources"][0]["responseKind"]["kind"], "Scale");
        }
        assert_eq!(got(&world, Method::GET, "/apis", stable).0, if minor < 30 { 406 } else { 200 });
    }
}
