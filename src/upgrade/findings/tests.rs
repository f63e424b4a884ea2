use serde_json::{Value, json};

use super::*;
use crate::upgrade::look::Home;
use crate::upgrade::read;

/// A Deployment, a `CronJob` of a beta, a webhook configuration.
fn manifests() -> Vec<Manifest> {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {replicas: 2}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: report, namespace: shop}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: guard}
webhooks: [{name: guard.example.com}]
";
    read(&["-".into()], || Ok(text.as_bytes().to_vec())).unwrap().manifests
}

fn there(api_version: &str, object: Value) -> Home {
    Home { api_version: api_version.to_owned(), stored: Stored::There(object), fits: None }
}

fn seen(home: Home) -> Seen {
    Seen { served: true, homes: vec![home], tried: Some(Tried::default()), ..Seen::default() }
}

fn look(version: &str) -> Look {
    let spec = json!({"spec": {"replicas": 2}});
    let objects =
        vec![seen(there("apps/v1", spec)), seen(there("batch/v1beta1", json!({}))), seen(there("x", json!({})))];
    Look { version: version.parse().unwrap(), objects }
}

fn refusal(by: By, message: &str) -> Refusal {
    Refusal { by, message: message.to_owned() }
}

/// As a report has them.
fn told(found: &[Found]) -> Vec<String> {
    let line = |(index, finding): &Found| {
        let Finding { topic, severity, version, text, lines, advice } = finding;
        let sign = if *severity == Severity::NeedsAttention { "!" } else { " " };
        let lines: String = lines.iter().flat_map(|line| ["\n    ", line]).collect();
        let advice: String = advice.iter().flat_map(|advice| ["\n    = ", advice]).collect();
        format!("{sign} {index} {version} {}: {text}{lines}{advice}", topic.word())
    };
    found.iter().map(line).collect()
}

/// What is told when the object at `index` is changed before and after a step from v1.24.17 to v1.25.16.
fn step(index: usize, before: impl FnOnce(&mut Seen), after: impl FnOnce(&mut Seen)) -> Vec<String> {
    let (mut one, mut other) = (look("v1.24.17"), look("v1.25.16"));
    before(&mut one.objects[index]);
    after(&mut other.objects[index]);
    told(&next(&manifests(), &one, &other))
}

fn tried(seen: &mut Seen) -> &mut Tried {
    seen.tried.as_mut().unwrap()
}

#[test]
fn what_nothing_happens_to_is_not_spoken_of() {
    assert_eq!(step(0, |_| {}, |_| {}), [""; 0]);
    let refused = |seen: &mut Seen| tried(seen).create = Some(refusal(By::Validation, "no"));
    assert_eq!(step(0, refused, refused), [""; 0]);
    let applied = vec![Applied::default(); 3];
    assert_eq!(told(&first(&manifests(), &applied, &look("v1.24.17"))), [""; 0]);
}

#[test]
fn what_is_not_served_any_more_says_where_it_lives_on_and_what_to_write() {
    let elsewhere = |fits| {
        move |seen: &mut Seen| {
            let home = Home { fits: Some(fits), ..there("batch/v1", json!({})) };
            *seen = Seen { served: false, homes: vec![home], ..Seen::default() };
        }
    };
    let says =
        "! 1 v1.25.16 not-served: batch/v1beta1 CronJob is not served any more; v1.24.17 was the last to serve it";
    let lives = "\n    the object lives on as batch/v1\n    = write `apiVersion: batch/v1`; ";
    assert_eq!(
        step(1, |_| {}, elsewhere(Ok(()))),
        [format!("{says}{lives}nothing else in the manifest has to change")]
    );
    let more = refusal(By::Schema, "unknown field \"spec.x\"");
    let expected = format!("{says}{lives}more has to change, for v1.25.16 says: unknown field \"spec.x\"");
    assert_eq!(step(1, |_| {}, elsewhere(Err(more))), [expected]);
    let refused = refusal(By::Validation, "no time zone");
    assert_eq!(
        step(1, elsewhere(Ok(())), elsewhere(Err(refused))),
        ["! 1 v1.25.16 refused: written as batch/v1: no time zone"]
    );
    let nowhere = step(1, |_| {}, |seen| *seen = Seen::default());
    let lost = "\n    nothing serves this kind any more, and what is stored cannot be reached";
    assert_eq!(nowhere, [format!("{says}{lost}")]);
}

#[test]
fn what_is_gone_or_cannot_be_read_is_told_apart() {
    let gone = step(0, |_| {}, |seen| seen.homes[0].stored = Stored::Missing);
    assert_eq!(gone, ["! 0 v1.25.16 gone: it was there before the upgrade and is not any more"]);
    let refusal = refusal(By::SilentConversion, "nobody converts");
    let unreadable = step(0, |_| {}, |seen| seen.homes[0].stored = Stored::Unreadable(refusal));
    assert_eq!(unreadable, ["! 0 v1.25.16 unreadable: nobody converts"]);
}

#[test]
fn defaults_are_told_apart_from_changes() {
    let after = json!({"spec": {"replicas": 3, "paused": false}});
    let shown = step(0, |_| {}, |seen| seen.homes[0].stored = Stored::There(after));
    let expected = [
        "! 0 v1.25.16 changed: one field has another value than on v1.24.17\n    ~ spec.replicas: 2 -> 3\n    = look whether \
         what depends on it still works",
        "  0 v1.25.16 defaulted: one field is not in the manifest and now set by default\n    + spec.paused: false\n    = a \
         GitOps tool may show a difference: write the fields into the manifest, or have them ignored",
    ];
    assert_eq!(shown, expected);
    let without =
        |seen: &mut Seen| seen.homes[0].stored = Stored::There(json!({"spec": {"replicas": 2, "paused": false}}));
    let [unset] = &step(0, without, |_| {})[..] else { panic!() };
    assert!(
        unset.starts_with("  0 v1.25.16 defaulted: one field is not in the manifest and not set by default any more")
    );
    // What applying it makes of it is told if it is more than that.
    let becomes = |spec: Value| move |seen: &mut Seen| tried(seen).becomes = Some(spec);
    let applied = step(0, becomes(json!({})), becomes(json!({"spec": {"replicas": 2}, "new": 1})));
    assert_eq!(applied.len(), 2, "{applied:?}");
    assert!(applied.iter().all(|line| line.contains("once the manifest is applied again")), "{applied:?}");
}

#[test]
fn who_bites_is_told_once_for_both_ways() {
    let bite = |seen: &mut Seen| {
        tried(seen).create = Some(refusal(By::Policy("few".into()), "no: few"));
        tried(seen).apply = Some(refusal(By::Policy("few".into()), "no: few"));
    };
    assert_eq!(step(0, |_| {}, bite), ["! 0 v1.25.16 bitten: when it is created anew: no: few"]);
    let pods = |seen: &mut Seen| tried(seen).pods = Some(refusal(By::PodSecurity, "no: root"));
    assert_eq!(step(0, |_| {}, pods), ["! 0 v1.25.16 bitten: when Pods are created for it: no: root"]);
    assert_eq!(
        step(0, |_| {}, |seen| tried(seen).apply = Some(refusal(By::Validation, "immutable"))),
        ["! 0 v1.25.16 refused: when it is applied again: immutable"]
    );
    assert_eq!(step(0, bite, |_| {}), ["  0 v1.25.16 accepted: it is not refused any more"]);
}

#[test]
fn warnings_are_told_when_they_are_new() {
    let warns = |seen: &mut Seen| tried(seen).warnings = vec!["old".to_owned()];
    let more = |seen: &mut Seen| tried(seen).warnings = vec!["old".to_owned(), "new".to_owned()];
    assert_eq!(step(0, warns, more), ["  0 v1.25.16 warned: new"]);
}

#[test]
fn a_rollout_is_seen_by_what_it_makes() {
    let revisions = |names: &[&str]| {
        let names: std::collections::BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        move |seen: &mut Seen| seen.revisions = names
    };
    let rolled = step(0, revisions(&["web-1"]), revisions(&["web-1", "web-2"]));
    assert_eq!(rolled.len(), 1);
    assert!(rolled[0].starts_with("! 0 v1.25.16 rolled-out: its Pods are replaced: web-2 is new"), "{rolled:?}");
    assert_eq!(step(0, revisions(&["web-1", "web-2"]), revisions(&["web-2"])), [""; 0]);
}

#[test]
fn webhooks_without_an_answer_are_told_of_their_configuration() {
    let silent = |seen: &mut Seen| tried(seen).silent = [String::from("guard.example.com")].into();
    let told = step(0, |_| {}, silent);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("! 2 v1.25.16 silent-webhook: guard.example.com is now asked about an object, and nobody")
    );
    assert!(told[0].contains("\n    Deployment shop/web\n"), "{told:?}");
    assert_eq!(step(0, silent, silent), [""; 0]);
}

#[test]
fn what_did_not_get_in_says_why_and_how_it_would() {
    let mut applied = vec![Applied::default(); 3];
    applied[1].refusal = Some(refusal(By::NotServed, "CronJob of batch/v1beta1 is not served"));
    applied[0].warnings = vec!["deprecated".to_owned()];
    let mut seen = look("v1.25.16");
    seen.objects[1] =
        Seen { homes: vec![Home { stored: Stored::Missing, ..there("batch/v1", json!({})) }], ..Seen::default() };
    let expected = [
        "  0 v1.25.16 warned: deprecated",
        "! 1 v1.25.16 refused-before: CronJob of batch/v1beta1 is not served\n    = write `apiVersion: batch/v1`",
    ];
    assert_eq!(told(&first(&manifests(), &applied, &seen)), expected);
}
