use serde_json::json;

use crate::authz::tests::world;
use crate::profile::releases;

const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";

#[test]
fn every_version_has_its_own_roles() {
    // As counted on real control planes.
    let counts = [(22, 62, 43), (24, 62, 43), (30, 64, 45), (36, 69, 50), (37, 73, 54)];
    for (minor, roles, bindings) in counts {
        let world = world(minor, &[]);
        let count = |resource| world.store.list(resource, "").count();
        assert_eq!(count(CLUSTER_ROLES), roles, "v1.{minor}");
        assert_eq!(count("clusterrolebindings.rbac.authorization.k8s.io"), bindings, "v1.{minor}");
        assert_eq!(count("roles.rbac.authorization.k8s.io"), 7);
        assert_eq!(count("rolebindings.rbac.authorization.k8s.io"), 7);
    }
}

#[test]
fn no_line_of_the_facts_is_lost() {
    for release in releases() {
        let world = world(release.minor, &[]);
        for (key, role) in world.store.list(CLUSTER_ROLES, "") {
            assert_ne!(role["rules"], json!([]), "{} of v1.{}", key.name, release.minor);
            assert_eq!(role["kind"], "ClusterRole");
            assert!(role["metadata"]["uid"].is_string());
        }
        for (key, binding) in world.store.list("clusterrolebindings.rbac.authorization.k8s.io", "") {
            assert_eq!(binding["subjects"].is_array(), key.name != "system:node", "{}", key.name);
        }
    }
}

#[test]
fn who_may_ask_who_they_are_depends_on_a_gate() {
    let rule =
        json!({"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]});
    let gate = "APISelfSubjectReview";
    for (minor, gates, is_granted) in [
        (25, &[][..], false),
        (26, &[], false),
        (26, &[(gate, true)], true),
        (27, &[], true),
        (27, &[(gate, false)], false),
        (37, &[], true),
    ] {
        let world = world(minor, gates);
        let basic = world.store.find(CLUSTER_ROLES, "", "system:basic-user").unwrap();
        assert_eq!(basic["rules"].as_array().unwrap().contains(&rule), is_granted, "v1.{minor} {gates:?}");
    }
}

#[test]
fn the_lease_of_the_api_server_has_the_name_of_its_version() {
    for (minor, name) in [(25, None), (26, Some("kube-apiserver-")), (27, Some("apiserver-")), (37, Some("apiserver-"))]
    {
        let world = world(minor, &[]);
        let lease = world.store.list("leases.coordination.k8s.io", "kube-system").next();
        assert_eq!(lease.map(|(key, _)| key.name.starts_with(name.unwrap())), name.map(|_| true), "v1.{minor}");
    }
}
