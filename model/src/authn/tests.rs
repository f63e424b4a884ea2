//! Who a request is by: certificates, tokens, and whom they act as.

use http::{HeaderMap, Method};
use serde_json::json;

use super::authenticate;
use crate::request::{Query, Request};
use crate::service::Peer;
use crate::store::Key;
use crate::token::tests::{gated, pass, world};
use crate::user::User;
use crate::world::World;

fn request(peer: Peer, headers: &[(&str, &str)]) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    Request {
        method: Method::GET,
        path: "/api/v1/namespaces/demo/pods".to_owned(),
        query: Query::default(),
        headers: map,
        body: bytes::Bytes::new(),
        peer,
    }
}

fn user(world: &mut World, peer: Peer, headers: &[(&str, &str)]) -> Result<User, String> {
    authenticate(world, &request(peer, headers)).map(|found| found.user).map_err(|refusal| refusal.message)
}

fn as_administrator(world: &mut World, headers: &[(&str, &str)]) -> User {
    user(world, Peer::administrator(), headers).unwrap()
}

/// Gives jane a right.
async fn allow(world: &mut World, rights: serde_json::Value) {
    let role = json!({"metadata": {"name": "r"}, "rules": [rights]});
    world.put(Key::new("clusterroles.rbac.authorization.k8s.io", "", "r"), role);
    let binding = json!({
        "metadata": {"name": "r"}, "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
    });
    world.put(Key::new("clusterrolebindings.rbac.authorization.k8s.io", "", "r"), binding);
    pass(world, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_wins_over_a_token_and_nothing_is_nobody() {
    let mut world = world(36);
    let found = as_administrator(&mut world, &[("authorization", "Bearer garbage")]);
    assert_eq!(
        (&*found.name, found.groups),
        ("kubernetes-admin", vec!["system:masters".to_owned(), "system:authenticated".to_owned()])
    );
    assert_eq!(user(&mut world, Peer::nobody(), &[]).unwrap(), User::anonymous());
    assert_eq!(user(&mut world, Peer::nobody(), &[("authorization", "Bearer garbage")]).unwrap_err(), "Unauthorized");
}

#[tokio::test(start_paused = true)]
async fn groups_that_go_without_saying_are_added() {
    for minor in [22, 36] {
        let mut world = world(minor);
        let mut groups = |headers: &[(&str, &str)]| as_administrator(&mut world, headers).groups.join(" ");
        assert_eq!(groups(&[("impersonate-user", "jane")]), "system:authenticated");
        assert_eq!(
            groups(&[("impersonate-user", "jane"), ("impersonate-group", "a"), ("impersonate-group", "b")]),
            "a b system:authenticated"
        );
        assert_eq!(
            groups(&[("impersonate-user", "jane"), ("impersonate-group", "system:unauthenticated")]),
            "system:unauthenticated"
        );
        assert_eq!(groups(&[("impersonate-user", "system:anonymous")]), "system:unauthenticated");
        assert_eq!(
            groups(&[("impersonate-user", "system:serviceaccount:demo:x")]),
            "system:serviceaccounts system:serviceaccounts:demo system:authenticated",
        );
        assert_eq!(
            groups(&[("impersonate-user", "system:serviceaccount:demo:x"), ("impersonate-group", "g")]),
            "g system:authenticated"
        );
        let found = as_administrator(
            &mut world,
            &[
                ("impersonate-user", "jane"),
                ("impersonate-uid", "7"),
                ("impersonate-extra-Example.com%2Fscope", "one"),
                ("impersonate-extra-example.com%2fscope", "two"),
                ("impersonate-extra-100%", "x"),
            ],
        );
        assert_eq!(found.uid, "7");
        assert_eq!(json!(found.extra), json!({"example.com/scope": ["one", "two"], "100%": ["x"]}));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_has_its_group_only_where_impersonation_is_constrained() {
    for (minor, groups) in [(35, "system:authenticated"), (36, "system:nodes system:authenticated")] {
        let found = as_administrator(&mut world(minor), &[("impersonate-user", "system:node:n")]);
        assert_eq!(found.groups.join(" "), groups);
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_is_told_what_is_missing_first() {
    let jane = || Peer::certified("jane", []);
    let asked = [("impersonate-user", "bob"), ("impersonate-group", "g"), ("impersonate-uid", "7")];
    let told = |world: &mut World| user(world, jane(), &asked).map_or_else(|message| message, |user| user.name);
    let users = json!({"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"]});
    for (minor, gates, nothing, with_user) in [
        (
            35,
            &[][..],
            "users \"bob\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            "groups \"g\" is forbidden: User \"jane\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope",
        ),
        (
            35,
            &[("ConstrainedImpersonation", true)],
            "pods is forbidden: User \"jane\" cannot impersonate-on:user-info:list resource \"pods\" in API group \"\" in the namespace \"demo\"",
            "pods is forbidden: User \"jane\" cannot impersonate-on:user-info:list resource \"pods\" in API group \"\" in the namespace \"demo\"",
        ),
    ] {
        let mut world = gated(minor, gates);
        assert_eq!(told(&mut world), nothing);
        allow(&mut world, users.clone()).await;
        assert_eq!(told(&mut world), with_user);
        assert_eq!(user(&mut world, jane(), &asked[..1]).unwrap().name, "bob");
    }
    // Whoever had success in the old way is told of that way from then on.
    let mut world = world(36);
    allow(&mut world, users).await;
    assert_eq!(user(&mut world, jane(), &asked[..1]).unwrap().name, "bob");
    let uid = "uids.authentication.k8s.io \"7\" is forbidden: User \"jane\" cannot impersonate resource \"uids\" in API group \
        \"authentication.k8s.io\" at the cluster scope";
    assert_eq!(told(&mut world), uid);
}

#[tokio::test(start_paused = true)]
async fn constrained_impersonation_is_for_a_verb_and_not_for_masters() {
    let mut world = world(36);
    allow(
        &mut world,
        json!({
            "verbs": ["impersonate-on:user-info:list", "impersonate:user-info"], "apiGroups": ["*"], "resources": ["*"],
        }),
    )
    .await;
    let jane = || Peer::certified("jane", []);
    assert_eq!(user(&mut world, jane(), &[("impersonate-user", "bob")]).unwrap().name, "bob");
    let masters = [("impersonate-user", "bob"), ("impersonate-group", "system:masters")];
    assert_eq!(
        user(&mut world, jane(), &masters).unwrap_err(),
        "groups.authentication.k8s.io \"system:masters\" is forbidden: User \"jane\" cannot impersonate:user-info resource \
         \"groups\" in API group \"authentication.k8s.io\" at the cluster scope: impersonating the system:masters group is not allowed",
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_without_a_user_is_no_impersonation() {
    let told = |minor: u32| user(&mut world(minor), Peer::administrator(), &[("impersonate-group", "g")]).unwrap_err();
    assert!(told(34).contains(crate::NOT_MODELLED_PHRASE));
    assert_eq!(told(35), "requested [{Group  g    }] without impersonating a user");
    assert_eq!(
        told(36),
        "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"g\"}, Extra:map[string][]string(nil)} without \
         impersonating a user name",
    );
}
