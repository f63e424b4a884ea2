use http::{HeaderMap, HeaderValue, Method};

use super::*;
use crate::authz::tests::world;
use crate::request::Query;
use crate::resources;
use crate::service::Peer;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

fn asked(accept: &str, query: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_str(accept).unwrap());
    let (method, path) = (Method::GET, "/api/v1/pods".to_owned());
    Request { method, path, query: Query::parse(query), headers, body: bytes::Bytes::new(), peer: Peer::nobody() }
}

fn answer(world: &World, full: &str, object: &Value, accept: &str, query: &str) -> Outcome<Value> {
    let resource = resources::named(full).unwrap();
    let answer = shown(world, &asked(accept, query), resource, Answer::ok(object.clone()))?;
    match answer.content {
        Content::Json(value) => Ok(Value::clone(&value)),
        other => panic!("{other:?}"),
    }
}

/// The cells of one object, by the names of their columns.
fn cells(minor: u32, full: &str, object: &Value) -> Vec<(String, Value)> {
    let table = answer(&world(minor, &[]), full, object, TABLE, "").unwrap();
    let names =
        table["columnDefinitions"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap().to_owned());
    names.zip(table["rows"][0]["cells"].as_array().unwrap().iter().cloned()).collect()
}

/// The cells without the names.
fn row(minor: u32, full: &str, object: &Value) -> Value {
    cells(minor, full, object).into_iter().map(|(_, cell)| cell).collect()
}

#[test]
fn every_column_of_every_version_is_filled_in() {
    for release in crate::profile::releases() {
        for resource in &resources::RESOURCES {
            let object =
                json!({"kind": resource.kind, "metadata": {"name": "x", "creationTimestamp": "2020-01-01T00:00:00Z"}});
            let cells = cells(release.minor, resource.full, &object);
            assert!(cells.len() > 1, "{} of v1.{}", resource.full, release.minor);
            let empty = cells.iter().find(|(_, cell)| cell.is_null());
            assert_eq!(empty, None, "{} of v1.{}", resource.full, release.minor);
        }
    }
}

#[test]
fn columns_come_and_go_with_the_version() {
    let account = json!({"metadata": {"name": "sa"}, "secrets": [{"name": "a"}, {"name": "b"}]});
    assert_eq!(row(34, "serviceaccounts", &account), json!(["sa", 2, "<unknown>"]));
    assert_eq!(row(35, "serviceaccounts", &account), json!(["sa", "<unknown>"]));
    let node = json!({"metadata": {"name": "n", "labels": {"node-role.kubernetes.io/b": "", "node-role.kubernetes.io/a": ""}}, "spec": {"unschedulable": true}, "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}],
        "nodeInfo": {"kubeletVersion": "v1.36.3", "osImage": "hollow", "architecture": "amd64", "kernelVersion": ""},
    }});
    let of = |kernel: &str| {
        json!([
            "n",
            "Ready,SchedulingDisabled",
            "a,b",
            "<unknown>",
            "v1.36.3",
            "192.0.2.1",
            "<none>",
            "hollow",
            kernel,
            "<unknown>"
        ])
    };
    assert_eq!(row(35, "nodes", &node), of("<unknown>"));
    assert_eq!(row(36, "nodes", &node), of("<unknown> (amd64)"));
}

#[test]
fn data_and_subjects_are_counted_and_named() {
    let map = json!({"metadata": {"name": "cm"}, "data": {"a": "", "b": ""}, "binaryData": {"c": ""}});
    assert_eq!(row(30, "configmaps", &map), json!(["cm", 3, "<unknown>"]));
    let secret = json!({"metadata": {"name": "s"}, "type": "Opaque", "data": {"a": ""}});
    assert_eq!(row(30, "secrets", &secret), json!(["s", "Opaque", 1, "<unknown>"]));
    let subject = |kind: &str, name: &str| json!({"kind": kind, "name": name, "namespace": "demo"});
    let binding = json!({
        "metadata": {"name": "rb"}, "roleRef": {"kind": "Role", "name": "role"},
        "subjects": [subject("User", "jane"), subject("Group", "g1"), subject("Group", "g2"), subject("ServiceAccount", "sa")],
    });
    let wanted = json!(["rb", "Role/role", "<unknown>", "jane", "g1, g2", "demo/sa"]);
    assert_eq!(row(30, "rolebindings.rbac.authorization.k8s.io", &binding), wanted);
    let role = json!({"metadata": {"name": "r", "creationTimestamp": "2020-01-01T00:00:00Z"}});
    assert_eq!(row(30, "roles.rbac.authorization.k8s.io", &role), json!(["r", "2020-01-01T00:00:00Z"]));
}

#[test]
fn a_pod_is_summed_up_in_a_word() {
    let running =
        |name: &str, ready: bool| json!({"name": name, "ready": ready, "restartCount": 0, "state": {"running": {}}});
    let ended = |code: i64, reason: &str| json!({"name": "c", "restartCount": 2, "state": {"terminated": {"exitCode": code, "reason": reason}}});
    let waiting = json!({"name": "c", "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}});
    let ready = json!([{"type": "Ready", "status": "True"}]);
    let spec = json!({"containers": [{"name": "c"}, {"name": "d"}]});
    for (status, ready, word, restarts) in [
        (json!({"phase": "Pending"}), "0/2", "Pending", "0"),
        (
            json!({"phase": "Running", "containerStatuses": [running("c", true), running("d", true)]}),
            "2/2",
            "Running",
            "0",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running("c", false), running("d", true)]}),
            "1/2",
            "Running",
            "0",
        ),
        (json!({"phase": "Pending", "containerStatuses": [waiting]}), "0/2", "ImagePullBackOff", "0"),
        (json!({"phase": "Failed", "reason": "Evicted"}), "0/2", "Evicted", "0"),
        (
            json!({"phase": "Running", "conditions": ready, "containerStatuses": [ended(0, "Completed"), running("d", true)]}),
            "1/2",
            "Running",
            "2",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [ended(0, "Completed"), running("d", true)]}),
            "1/2",
            "NotReady",
            "2",
        ),
        (json!({"phase": "Running", "containerStatuses": [ended(3, "")]}), "0/2", "ExitCode:3", "2"),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {}}}]}),
            "0/2",
            "Init:0/0",
            "0",
        ),
    ] {
        let pod = json!({"metadata": {"name": "p"}, "spec": spec, "status": status});
        let cells = row(30, "pods", &pod);
        assert_eq!((&cells[1], &cells[2], &cells[3]), (&ready.into(), &word.into(), &restarts.into()), "{status}");
    }
    let going = json!({"metadata": {"name": "p", "deletionTimestamp": "2020-01-01T00:00:00Z"}, "spec": spec, "status": {"phase": "Succeeded"}});
    assert_eq!([30, 31].map(|minor| row(minor, "pods", &going)[2].clone()), ["Terminating", "Succeeded"]);
}

#[test]
fn ages_are_less_and_less_exact() {
    for (seconds, text) in [
        (-2, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (120, "2m"),
        (599, "9m59s"),
        (600, "10m"),
        (179 * 60, "179m"),
        (180 * 60, "3h"),
        (7 * 3600 + 60, "7h1m"),
        (47 * 3600, "47h"),
        (49 * 3600, "2d1h"),
        (9 * 86400, "9d"),
        (731 * 86400, "2y1d"),
        (3000 * 86400, "8y"),
    ] {
        assert_eq!(age::text(seconds), text, "{seconds}");
    }
}

#[test]
fn the_first_that_can_be_had_counts() {
    let form = |accept: &str| wanted(accept).map(|shown| (shown.form, shown.version));
    assert_eq!(form(TABLE), Some((Form::Table, "meta.k8s.io/v1")));
    assert_eq!(form("application/json"), None);
    assert_eq!(form(&format!("application/json,{TABLE}")), None);
    let new = format!("application/json;as=Table;v=v2;g=meta.k8s.io,{TABLE},application/json");
    assert_eq!(form(&new), Some((Form::Table, "meta.k8s.io/v1")));
    let beta = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1";
    assert_eq!(form(beta), Some((Form::Partial, "meta.k8s.io/v1beta1")));
}

#[test]
fn lists_become_rows_and_metadata() {
    let world = world(30, &[]);
    let meta = json!({"name": "a", "uid": "1"});
    let list = json!({
        "kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": "x"},
        "items": [{"metadata": meta, "data": {"k": "v"}}],
    });
    let of = |accept: &str, query: &str| answer(&world, "configmaps", &list, accept, query);
    let partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta});
    let table = of(TABLE, "").unwrap();
    assert_eq!((&table["kind"], &table["metadata"]), (&"Table".into(), &list["metadata"]));
    assert_eq!(table["rows"], json!([{"cells": ["a", 1, "<unknown>"], "object": partial}]));
    assert_eq!(of(TABLE, "includeObject=None").unwrap()["rows"][0]["object"], Value::Null);
    let whole = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": {"k": "v"}});
    assert_eq!(of(TABLE, "includeObject=Object").unwrap()["rows"][0]["object"], whole);
    let refused = of(TABLE, "includeObject=Wrong").unwrap_err();
    assert_eq!(refused.code, 400);
    assert!(refused.message.ends_with("Invalid value: \"Wrong\": must be 'Metadata', 'Object', 'None', or empty"));
    let partials = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    assert_eq!(of(partials, "").unwrap()["items"], json!([partial]));
    let refused = of("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "").unwrap_err();
    let message = "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)";
    assert_eq!((refused.code, refused.message.as_str()), (406, message));
    let refused = answer(&world, "configmaps", &whole, partials, "").unwrap_err();
    let message = "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)";
    assert_eq!((refused.code, refused.message.as_str()), (406, message));
    assert_eq!(of("application/json;as=Table;v=v2;g=meta.k8s.io", "").unwrap_err().code, 406);
    assert_eq!(of("application/json, */*", "").unwrap(), list);
}
