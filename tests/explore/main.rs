//! The promise of `explore`: what two clusters do differently is found, told from what only looks so, made short and
//! written down; and nothing is left behind. The clusters are fakes in the process of the test.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

mod fake;

use std::cell::Cell;
use std::time::Duration;

use camino::Utf8Path;
use fake::{Asked, Fault, World, cluster, refusal};
use http::Method;
use rehearsal::explore::{Report, Settings, Sides, explore, write};
use rehearsal::scenario::load;
use serde_json::Value;

fn settings() -> Settings {
    Settings {
        seed: 5,
        calls: usize::MAX,
        sequences: 16,
        length: 25,
        jobs: 4,
        max_differences: 10,
        // Fakes do nothing by themselves.
        settling: Duration::ZERO,
    }
}

fn keys(report: &Report) -> Vec<String> {
    report.found.iter().map(|found| found.difference.key()).collect()
}

fn nothing(_: &mut World, _: &Asked) -> Option<(u16, Value)> {
    None
}

/// A red `ConfigMap` cannot be deleted.
fn keeps_red(world: &mut World, asked: &Asked) -> Option<(u16, Value)> {
    let is_delete = asked.method == Method::DELETE && asked.path.contains("/configmaps/");
    let is_red = world.objects.get(&asked.path).is_some_and(|object| object["data"]["colour"] == "red");
    (is_delete && is_red).then(|| refusal(403, "Forbidden", "red stays"))
}

/// Whoever comes first waits: seen once, and never again.
fn stumbles_once(world: &mut World, asked: &Asked) -> Option<(u16, Value)> {
    let is_it =
        asked.method == Method::POST && asked.path.ends_with("/secrets") && world.objects.remove("late").is_none();
    if is_it && !world.objects.contains_key("stumbled") {
        world.objects.insert("stumbled".to_owned(), Value::Null);
        return Some(refusal(500, "InternalError", "not yet"));
    }
    None
}

/// A model that has no Leases.
fn has_no_leases(_: &mut World, asked: &Asked) -> Option<(u16, Value)> {
    asked.path.contains("/leases").then(|| refusal(501, "NotModelled", "the kind Lease"))
}

/// A transport that says another word than everybody, in each object that is shown: one cause in many answers.
fn counts_generations(world: &mut World, asked: &Asked) -> Option<(u16, Value)> {
    let object = world.objects.get(&asked.path).filter(|_| asked.method == Method::GET)?;
    let mut object = object.clone();
    object["metadata"]["generation"] = 1.into();
    (object["kind"] == "ConfigMap").then_some((200, object))
}

async fn explored(left: Fault, right: Fault, settings: &Settings) -> Report {
    let ((left, one), (right, other)) = (cluster(left), cluster(right));
    let report = explore((&left, &right), settings, &|| false, &|_| {}).await;
    for world in [one, other] {
        let world = world.lock().unwrap();
        let namespaces = |path: &&&String| path.starts_with("/api/v1/namespaces/") && path.split('/').count() == 5;
        assert_eq!(world.left().iter().filter(namespaces).count(), 0, "Namespaces are taken away");
        assert!(
            world.left().iter().all(|path| path.contains("/namespaces/")),
            "and what is in none: {:?}",
            world.left()
        );
    }
    assert!(report.failed.is_none(), "{:?}", report.failed);
    report
}

#[tokio::test]
async fn fakes_that_are_alike_show_no_difference() {
    let report = explored(nothing, nothing, &settings()).await;
    assert_eq!((report.found.len(), report.unsteady.len(), report.sequences), (0, 0, 16));
    assert_eq!(report.calls, 400);
}

#[tokio::test]
async fn a_planted_difference_is_found_made_short_and_written() {
    let report = explored(nothing, keeps_red, &settings()).await;
    let [found] = &report.found[..] else { panic!("{:#?}", keys(&report)) };
    assert_eq!(found.difference.key(), "delete ConfigMap: code: 200 / 403 Forbidden: red stays");
    assert_eq!(found.left["code"], 200);
    let calls: Vec<String> = found.calls.iter().map(ToString::to_string).collect();
    let [create, delete] = &calls[..] else { panic!("{calls:#?}") };
    assert!(create.contains(r#""data":{"colour":"red"}"#) && !create.contains("labels"), "{create}");
    assert!(delete.starts_with("delete ConfigMap explored/"), "{delete}");

    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let versions = ["v1.1.0", "v1.2.0"].map(str::to_owned);
    let sides = Sides { left: "local:v1.1".to_owned(), right: "local:v1.2".to_owned(), versions, seed: 5 };
    let file = write(found, &sides, folder).unwrap();
    let scenarios = load(&[file]).unwrap();
    assert_eq!(scenarios[0].scenario.steps.len(), 2);
}

#[tokio::test]
async fn a_seed_shows_the_same_again() {
    // One sequence at a time: of several at once any may be the first to show a difference.
    let settings = Settings { jobs: 1, ..settings() };
    let (one, other) = (explored(nothing, keeps_red, &settings).await, explored(nothing, keeps_red, &settings).await);
    assert_eq!(keys(&one), keys(&other));
    assert_eq!((one.found[0].sequence, &one.found[0].calls), (other.found[0].sequence, &other.found[0].calls));
}

#[tokio::test]
async fn one_cause_is_told_once_and_hides_nothing_else() {
    let report = explored(counts_generations, keeps_red, &Settings { sequences: 40, ..settings() }).await;
    let keys = keys(&report);
    assert_eq!(keys.len(), 2, "{keys:#?}");
    assert!(keys.contains(&"ConfigMap: body.metadata.generation: only on the left".to_owned()), "{keys:#?}");
    let generation = report.found.iter().find(|found| found.difference.path == "body.metadata.generation").unwrap();
    assert!(generation.seen > 1, "it is counted");
    assert_eq!(
        explored(counts_generations, keeps_red, &Settings { max_differences: 1, ..settings() }).await.found.len(),
        1
    );
}

#[tokio::test]
async fn what_goes_away_is_no_difference() {
    let report = explored(nothing, stumbles_once, &settings()).await;
    assert!(report.found.is_empty(), "{:#?}", keys(&report));
    assert_eq!(report.unsteady.values().sum::<usize>(), 1, "{:?}", report.unsteady);
}

#[tokio::test]
async fn what_a_model_does_not_do_is_counted_and_not_sent_to_the_other() {
    let ((left, _), (right, other)) = (cluster(has_no_leases), cluster(nothing));
    let report = explore((&left, &right), &settings(), &|| false, &|_| {}).await;
    assert!(report.found.is_empty(), "{:#?}", keys(&report));
    assert!(report.not_modelled["the kind Lease"] > 0);
    assert!(!other.lock().unwrap().objects.keys().any(|path| path.contains("/leases")));
    let swapped = explored(nothing, has_no_leases, &settings()).await;
    assert!(swapped.found.is_empty() && !swapped.not_modelled.is_empty());
}

#[tokio::test]
async fn an_exploration_ends_when_it_is_asked_to() {
    let ((left, _), (right, world)) = (cluster(nothing), cluster(keeps_red));
    let looked = Cell::new(0);
    let stop = || {
        looked.set(looked.get() + 1);
        looked.get() > 100
    };
    let report = explore((&left, &right), &settings(), &stop, &|_| {}).await;
    assert!(report.interrupted && report.sequences < 16 && report.calls > 0);
    assert!(world.lock().unwrap().asked < 600);
}

#[tokio::test]
async fn a_cluster_that_fails_ends_it() {
    let refuses: Fault = |_, asked| {
        let is_it = asked.method == Method::POST && asked.path == "/api/v1/namespaces";
        is_it.then(|| refusal(403, "Forbidden", "not you"))
    };
    let ((left, _), (right, world)) = (cluster(nothing), cluster(refuses));
    let report = explore((&left, &right), &settings(), &|| false, &|_| {}).await;
    assert!(report.failed.unwrap().to_string().contains("not you"));
    assert!(world.lock().unwrap().asked <= 4, "no more sequences are begun");
}

#[tokio::test]
async fn a_connection_that_breaks_once_ends_nothing_and_is_told() {
    let breaks: Fault = |world, asked| {
        let is_lease = asked.method == Method::POST && asked.path.contains("/leases");
        let is_first = is_lease && world.objects.insert("broken".to_owned(), Value::Null).is_none();
        is_first.then_some((0, Value::Null))
    };
    let report = explored(nothing, breaks, &settings()).await;
    assert_eq!(report.broken.values().sum::<usize>(), 1, "{:?}", report.broken);
    assert_eq!(report.sequences, 15, "all the others are through");
    assert!(report.human("left", "right").contains("broke off without an answer"));
}

#[tokio::test]
async fn a_cluster_that_is_gone_ends_it() {
    let gone: Fault = |world, _| (world.asked > 100).then_some((0, Value::Null));
    let ((left, _), (right, world)) = (cluster(nothing), cluster(gone));
    let report = explore((&left, &right), &settings(), &|| false, &|_| {}).await;
    assert!(report.failed.is_some() && report.sequences < 16, "{:?}", report.failed);
    assert!(world.lock().unwrap().asked < 200, "it is not asked for ever");
}
