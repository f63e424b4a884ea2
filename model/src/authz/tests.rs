use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::key::SigningKey;
use crate::profile::{Profile, releases};
use crate::store::Key;

/// A control plane as it starts, without anything around it.
pub(crate) fn world(minor: u32, gates: &[(&str, bool)]) -> World {
    static KEY: OnceLock<Arc<SigningKey>> = OnceLock::new();
    let key = KEY.get_or_init(|| Arc::new(SigningKey::make().unwrap()));
    let release = *releases().iter().find(|release| release.minor == minor).unwrap();
    let gates = gates.iter().map(|(gate, on)| ((*gate).to_owned(), *on)).collect();
    let profile = Profile::new(release, &gates, &BTreeMap::new(), &BTreeMap::new()).unwrap();
    World::new(profile, Clock::start(), Arc::clone(key), "authority".to_owned())
}

pub(crate) fn user(name: &str, groups: &[&str]) -> User {
    User { name: name.to_owned(), groups: groups.iter().map(|group| (*group).to_owned()).collect(), ..User::default() }
}

/// As `list secrets.example.org/status demo/name`, or `get /metrics`.
pub(crate) fn attributes(text: &str) -> Attributes {
    let words: Vec<&str> = text.split(' ').collect();
    let (verb, what) = (words[0].to_owned(), words[1]);
    if what.starts_with('/') {
        return Attributes { verb, path: what.to_owned(), ..Attributes::default() };
    }
    let (full, subresource) = what.split_once('/').unwrap_or((what, ""));
    let (resource, group) = full.split_once('.').unwrap_or((full, ""));
    let (namespace, name) = words.get(2).and_then(|place| place.split_once('/')).unwrap_or_default();
    Attributes {
        verb,
        group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        is_resource: true,
        field_selector: words.get(3).copied().unwrap_or_default().to_owned(),
        ..Attributes::default()
    }
}

/// Writes an object of RBAC, or a Pod, that everybody has seen.
fn write(world: &mut World, resource: &'static str, place: &str, mut object: Value) {
    let (namespace, name) = place.split_once('/').unwrap();
    object["metadata"]["name"] = name.into();
    let at = world.seen_until();
    world.store.put(Key::new(resource, namespace, name), object, at);
}

const ROLES: &str = "roles.rbac.authorization.k8s.io";
const BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const CLUSTER_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";

fn bind(world: &mut World, resource: &'static str, place: &str, role: (&str, &str), subjects: &Value) {
    write(world, resource, place, json!({"roleRef": {"kind": role.0, "name": role.1}, "subjects": subjects}));
}

fn decided(world: &World, who: &User, what: &str) -> String {
    let Decision { is_allowed, reason } = decide(world, who, &attributes(what)).unwrap();
    format!("{} {reason}", if is_allowed { "yes" } else { "no" }).trim().to_owned()
}

#[test]
fn a_rule_allows_what_it_names_and_nothing_else() {
    let rule = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let all = rule(r#"{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}"#);
    let pods = rule(r#"{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}"#);
    let scale = rule(r#"{"verbs":["get"],"apiGroups":["apps"],"resources":["*/scale","pods/log"]}"#);
    let named = rule(r#"{"verbs":["get"],"apiGroups":[""],"resources":["secrets"],"resourceNames":["a","b"]}"#);
    let paths = rule(r#"{"verbs":["get"],"nonResourceURLs":["/healthz","/logs/*"]}"#);
    for (rule, what, is_allowed) in [
        (&all, "delete deployments.apps/scale a/b", true),
        (&all, "get /metrics", false),
        (&pods, "list pods a/", true),
        (&pods, "watch pods a/", false),
        (&pods, "get pods/log a/b", false),
        (&pods, "get pods.example.org a/b", false),
        (&scale, "get deployments.apps/scale a/b", true),
        (&scale, "get pods.apps/log a/b", true),
        (&scale, "get deployments.apps/status a/b", false),
        (&scale, "get deployments.apps a/b", false),
        (&named, "get secrets x/b", true),
        (&named, "get secrets x/c", false),
        (&named, "get secrets x/", false),
        (&paths, "get /healthz", true),
        (&paths, "get /healthz/ping", false),
        (&paths, "get /logs/x/y", true),
        (&paths, "get /logs", false),
        (&paths, "post /healthz", false),
    ] {
        assert_eq!(rbac::allows(rule, &attributes(what)), is_allowed, "{what} by {rule}");
    }
}

#[test]
fn rights_come_from_bindings_and_the_reason_says_which() {
    let mut world = world(36, &[]);
    let rules = json!({"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]});
    write(&mut world, ROLES, "demo/role", rules);
    let subjects = json!([
        {"kind": "User", "name": "jane"}, {"kind": "Group", "name": "g2"}, {"kind": "ServiceAccount", "name": "sa"},
    ]);
    bind(&mut world, BINDINGS, "demo/rb", ("Role", "role"), &subjects);
    let subjects = json!([{"kind": "ServiceAccount", "name": "sa", "namespace": "demo"}]);
    bind(&mut world, CLUSTER_BINDINGS, "/crb", ("ClusterRole", "view"), &subjects);
    let sa = user("system:serviceaccount:demo:sa", &[]);
    for (who, what, decision) in [
        (
            &user("jane", &[]),
            "get pods demo/x",
            "yes RBAC: allowed by RoleBinding \"rb/demo\" of Role \"role\" to User \"jane\"",
        ),
        (
            &user("x", &["g2"]),
            "get pods demo/x",
            "yes RBAC: allowed by RoleBinding \"rb/demo\" of Role \"role\" to Group \"g2\"",
        ),
        (&user("jane", &[]), "get pods other/x", "no"),
        (&user("jane", &[]), "get pods", "no"),
        (
            &sa,
            "get pods demo/x",
            "yes RBAC: allowed by ClusterRoleBinding \"crb\" of ClusterRole \"view\" to ServiceAccount \"sa/demo\"",
        ),
        (
            &sa,
            "list configmaps",
            "yes RBAC: allowed by ClusterRoleBinding \"crb\" of ClusterRole \"view\" to ServiceAccount \"sa/demo\"",
        ),
        (&sa, "list secrets demo/", "no"),
        (&user("root", &[MASTERS]), "delete nodes /x", "yes"),
        (
            &user("x", &["system:authenticated"]),
            "get /api",
            "yes RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\"",
        ),
        (&User::anonymous(), "get /api", "no"),
        (
            &User::anonymous(),
            "get /healthz",
            "yes RBAC: allowed by ClusterRoleBinding \"system:public-info-viewer\" of ClusterRole \"system:public-info-viewer\" to Group \"system:unauthenticated\"",
        ),
    ] {
        assert_eq!(decided(&world, who, what), decision, "{} {what}", who.name);
    }
}

#[test]
fn a_role_that_is_not_there_is_told_in_the_refusal() {
    for (minor, name) in [(22, ""), (36, ""), (37, "rbac: ")] {
        let mut world = world(minor, &[]);
        let dang = json!([{"kind": "User", "name": "dang"}]);
        bind(&mut world, BINDINGS, "demo/a", ("Role", "norole"), &dang);
        bind(&mut world, BINDINGS, "demo/b", ("ClusterRole", "nocrole"), &dang);
        bind(&mut world, CLUSTER_BINDINGS, "/c", ("ClusterRole", "nocrole3"), &dang);
        let message = |what: &str| authorize(&world, &user("dang", &[]), &attributes(what)).unwrap_err().message;
        assert_eq!(
            message("list secrets demo/"),
            format!(
                "secrets is forbidden: User \"dang\" cannot list resource \"secrets\" in API group \"\" in the namespace \
                 \"demo\": {name}RBAC: [clusterrole.rbac.authorization.k8s.io \"nocrole3\" not found, \
                 role.rbac.authorization.k8s.io \"norole\" not found, clusterrole.rbac.authorization.k8s.io \"nocrole\" \
                 not found]"
            )
        );
        assert_eq!(
            message("get /metrics"),
            format!(
                "forbidden: User \"dang\" cannot get path \"/metrics\": {name}RBAC: \
                 clusterrole.rbac.authorization.k8s.io \"nocrole3\" not found"
            )
        );
    }
}

#[test]
fn a_refusal_names_what_was_asked_for() {
    let world = world(30, &[]);
    let refusal = |what: &str| authorize(&world, &user("jane", &[]), &attributes(what)).unwrap_err();
    let status = refusal("get /x/<y>&").status();
    assert_eq!(status["message"], "forbidden: User \"jane\" cannot get path \"/x/&lt;y&gt;&amp;\"");
    assert_eq!((&status["code"], &status["details"]), (&403.into(), &json!({})));
    let status = refusal("create serviceaccounts/token demo/sa").status();
    assert_eq!(
        status["message"],
        "serviceaccounts \"sa\" is forbidden: User \"jane\" cannot create resource \"serviceaccounts/token\" in API group \
         \"\" in the namespace \"demo\""
    );
    assert_eq!(status["details"], json!({"kind": "serviceaccounts", "name": "sa"}));
    let status = refusal("list things.nope.io").status();
    assert_eq!(
        status["message"],
        "things.nope.io is forbidden: User \"jane\" cannot list resource \"things\" in API group \"nope.io\" at the \
         cluster scope"
    );
    assert_eq!(status["details"], json!({"kind": "things", "group": "nope.io"}));
}

#[test]
fn a_node_may_do_what_its_pods_need() {
    let node = user("system:node:n1", &["system:nodes"]);
    let with_pods = |minor| {
        let mut world = world(minor, &[]);
        let spec = |node: &str| {
            json!({"spec": {
                "nodeName": node, "serviceAccountName": "sa",
                "volumes": [{"secret": {"secretName": "s1"}}, {"projected": {"sources": [{"configMap": {"name": "c1"}}]}}],
                "containers": [{"envFrom": [{"secretRef": {"name": "s2"}}]}],
            }})
        };
        write(&mut world, "pods", "demo/mine", spec("n1"));
        write(&mut world, "pods", "other/theirs", spec("n2"));
        world
    };
    for (minor, name, own) in [(22, "", false), (31, "", false), (32, "", true), (36, "", true), (37, "node: ", true)] {
        let world = with_pods(minor);
        let gets_accounts =
            if minor < 34 { "no can only create tokens for individual service accounts" } else { "yes" };
        let unrelated = "no no relationship found between node 'n1' and this object";
        for (what, decision) in [
            ("get secrets demo/s1", "yes"),
            ("watch secrets demo/s2", "yes"),
            ("get secrets demo/s3", unrelated),
            ("get secrets other/s1", unrelated),
            ("delete secrets demo/s1", "no can only read resources of this type"),
            ("list secrets demo/", "no No Object name found"),
            ("get configmaps demo/c1", "yes"),
            ("create serviceaccounts/token demo/sa", "yes"),
            ("create serviceaccounts/token other/sa", unrelated),
            ("get serviceaccounts demo/sa", gets_accounts),
            ("get leases.coordination.k8s.io kube-node-lease/n1", "yes"),
            (
                "get leases.coordination.k8s.io kube-node-lease/n2",
                "no can only access node lease with the same name as the requesting node",
            ),
            ("get nodes /n1", "yes"),
            ("get nodes /n2", if own { "no node 'n1' cannot read 'n2', only its own Node object" } else { "yes" }),
            ("list nodes /", if own { "no node 'n1' cannot read all nodes, only its own Node object" } else { "yes" }),
            ("patch nodes/status /n2", "yes"),
            ("get pods demo/mine", "yes"),
            ("get pods other/theirs", if own { unrelated } else { "yes" }),
            ("list pods /", if own { "no can only list/watch pods with spec.nodeName field selector" } else { "yes" }),
            ("list pods / spec.nodeName=n1", "yes"),
            ("list services /", "yes"),
            ("list namespaces /", "no"),
        ] {
            let decision = decision.replacen("no ", &format!("no {name}"), 1);
            assert_eq!(decided(&world, &node, what), decision, "v1.{minor} {what}");
        }
        assert_eq!(decided(&world, &user("system:node:n1", &[]), "get secrets demo/s1"), "no");
        let refused = decide(&world, &node, &attributes("get csinodes.storage.k8s.io /n1")).unwrap_err();
        assert_eq!(refused.code, 501);
    }
}

#[tokio::test(start_paused = true)]
async fn a_binding_takes_effect_when_it_was_seen() {
    let mut world = world(36, &[]);
    let jane = user("jane", &[]);
    assert_eq!(decided(&world, &jane, "list nodes /"), "no");
    let key = Key::new(CLUSTER_BINDINGS, "", "b");
    let binding = json!({
        "metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "jane"}],
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
    });
    world.put(key.clone(), binding);
    assert_eq!(decided(&world, &jane, "list nodes /"), "no");
    tokio::time::advance(Duration::from_millis(5)).await;
    world.catch_up();
    assert!(decided(&world, &jane, "list nodes /").starts_with("yes RBAC"));
    world.remove(&key);
    assert!(decided(&world, &jane, "list nodes /").starts_with("yes RBAC"));
    tokio::time::advance(Duration::from_millis(5)).await;
    world.catch_up();
    assert_eq!(decided(&world, &jane, "list nodes /"), "no");
}

#[tokio::test(start_paused = true)]
async fn an_aggregated_role_follows_its_parts() {
    let mut world = world(30, &[]);
    let rule = json!({"verbs": ["get"], "apiGroups": ["example.org"], "resources": ["things"]});
    let part = Key::new(CLUSTER_ROLES, "", "part");
    let has = |world: &World, name: &str| {
        world.store.find(CLUSTER_ROLES, "", name).unwrap()["rules"].as_array().unwrap().contains(&rule)
    };
    let label = "rbac.authorization.k8s.io/aggregate-to-view";
    world.put(part.clone(), json!({"metadata": {"name": "part", "labels": {label: "true"}}, "rules": [rule]}));
    let later = async |world: &mut World| {
        tokio::time::advance(Duration::from_secs(1)).await;
        world.catch_up();
    };
    later(&mut world).await;
    assert_eq!(["view", "edit", "admin", "cluster-admin"].map(|name| has(&world, name)), [true, true, true, false]);
    world.remove(&part);
    later(&mut world).await;
    assert_eq!(["view", "edit", "admin"].map(|name| has(&world, name)), [false; 3]);
}
