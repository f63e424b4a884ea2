//! The laws of reports that are read back and merged, over random outcomes.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::document::{Run, Scenario, ShardOf};
use super::*;
use crate::run::{ScenarioOutcome, StepOutcome, Summary, Trouble, Unmet, Verdict};
use crate::syntax::{At, Source, Span};
use crate::version::Version;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", Just("two\nlines \"quoted\" \u{1b}[1m\u{0}".to_owned())]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (text(), option::of(text())).prop_map(|(message, help)| Trouble { message, help })
}

fn version() -> impl Strategy<Value = Version> {
    select(vec!["v1.22.17", "v1.36.3", "v1.33.5-gke.1200", "v1.32.1+k3s1"]).prop_map(|text| text.parse().unwrap())
}

/// A time, as exact as a report keeps it.
fn time() -> impl Strategy<Value = Duration> {
    (0u64..100_000_000).prop_map(Duration::from_micros)
}

fn unmet() -> impl Strategy<Value = Unmet> {
    let different = (text(), option::of(text()), option::of(text()));
    prop_oneof![
        text().prop_map(Unmet::Said),
        different.prop_map(|(path, expected, came)| Unmet::Different { path, expected, came }),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        select(vec![Verdict::Done, Verdict::NotRun, Verdict::Stopped]),
        (text(), option::of(version())).prop_map(|(since, assumed_from)| Verdict::Same { since, assumed_from }),
        (text(), version(), text()).prop_map(|(since, recorded_on, expected)| Verdict::Changed {
            since,
            recorded_on,
            expected
        }),
        (1usize..9, text(), 1usize..9, text())
            .prop_map(|(a, one, b, other)| Verdict::Unstable { first: (a, one), other: (b, other) }),
        any::<bool>().prop_map(|fails| Verdict::Unrecorded { fails }),
        vec(unmet(), 0..3).prop_map(Verdict::Unmet),
        text().prop_map(Verdict::LeftOut),
        trouble().prop_map(Verdict::Broken),
    ]
}

fn step() -> impl Strategy<Value = StepOutcome> {
    let place = option::of((1usize..99, 1usize..99));
    let texts = (text(), option::of(text()), vec(text(), 0..3), option::of(text()), option::of(text()));
    (texts, place, 0u32..9, time(), verdict()).prop_map(
        |((label, slug, requests, body, answer), place, attempts, took, verdict)| {
            let source = Source::new("scenarios/x.yaml", "");
            let at = place
                .map_or(At::file(source.clone()), |(line, column)| At::new(&source, Span { line, column, length: 1 }));
            StepOutcome { label, slug, at, requests, body, attempts, took, answer, verdict }
        },
    )
}

/// An outcome without a place yet.
fn outcome() -> impl Strategy<Value = ScenarioOutcome> {
    let texts = (text(), text(), option::of(text()), option::weighted(0.2, text()), vec(text(), 0..2));
    (texts, version(), time(), 1usize..4, vec(step(), 0..4), vec(trouble(), 0..2)).prop_map(
        |((title, file, setup, skipped, kept), version, took, runs, steps, trouble)| ScenarioOutcome {
            id: String::new(),
            title,
            file,
            cluster: String::new(),
            version,
            setup,
            took,
            runs,
            failed_runs: runs / 2,
            skipped,
            steps,
            trouble,
            kept,
            recording: None,
        },
    )
}

/// What came of each scenario on each cluster; none where the cluster could not be opened.
type Ends = BTreeMap<(&'static str, String), Option<ScenarioOutcome>>;

fn ends() -> impl Strategy<Value = Ends> {
    let place = (select(vec!["local:v1.22", "local:v1.36"]), "[a-c]/[a-f]");
    btree_map(place, option::weighted(0.9, outcome()), 0..6).prop_map(|mut ends| {
        for ((cluster, id), outcome) in &mut ends {
            if let Some(outcome) = outcome {
                (outcome.cluster, outcome.id) = ((*cluster).to_owned(), id.clone());
            }
        }
        ends
    })
}

/// The report of a run that came to these ends.
fn json(ends: &Ends, shard: Option<ShardOf>) -> String {
    let mut out = Vec::new();
    {
        let mut report = Json::new(&mut out, Origin::Run(shard));
        told(ends, &mut report);
    }
    String::from_utf8(out).unwrap()
}

/// Tells a report of a run that came to these ends.
fn told(ends: &Ends, report: &mut impl Reporter) {
    let mut summary = Summary { took: Duration::from_secs(7), ..Summary::default() };
    let clusters = ["local:v1.36", "local:v1.22"];
    for cluster in clusters {
        report.event(&Event::Queued { cluster }).unwrap();
    }
    for cluster in clusters {
        let here = || ends.iter().filter(|((other, _), _)| *other == cluster);
        let (ended, lost): (Vec<_>, Vec<_>) = here().partition(|(_, outcome)| outcome.is_some());
        let ids = |of: &[(&(&str, String), &Option<ScenarioOutcome>)]| -> Vec<String> {
            of.iter().map(|((_, id), _)| id.clone()).collect()
        };
        let (ended_ids, lost_ids) = (ids(&ended), ids(&lost));
        if !ended.is_empty() {
            let scenarios: Vec<&str> = ended_ids.iter().map(String::as_str).collect();
            report.event(&Event::Opened { cluster, what: "a real one", scenarios: &scenarios }).unwrap();
        }
        for outcome in ended.iter().filter_map(|(_, outcome)| outcome.as_ref()) {
            summary.add(outcome);
            report.event(&Event::Finished(outcome)).unwrap();
        }
        if !lost.is_empty() {
            summary.broken += lost.len();
            let (trouble, scenarios) = (Trouble { message: "no".to_owned(), help: None }, lost_ids);
            let scenarios: Vec<&str> = scenarios.iter().map(String::as_str).collect();
            report.event(&Event::ClusterFailed { cluster, trouble: &trouble, scenarios: &scenarios }).unwrap();
        }
        report.event(&Event::Closed { cluster }).unwrap();
    }
    report.event(&Event::Summary(&summary)).unwrap();
}

fn merged(texts: &[String]) -> Merged {
    merge(texts.iter().map(|text| (String::new(), Report::parse(text).unwrap())).collect())
}

/// A merged report as JSON.
fn again(merged: &Merged) -> String {
    let mut out = Vec::new();
    merged.play(&mut Json::new(&mut out, Origin::Merged(merged.runs.clone()))).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a merged report tells, but for the runs it is of.
fn tells(merged: &Merged) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(&again(merged)).unwrap();
    value["runs"].take();
    value
}

/// The formats for people and servers, as one text.
fn shown(tell: impl Fn(&mut Vec<Box<dyn Reporter + '_>>)) -> String {
    let (mut human, mut junit, mut markdown) = (Vec::new(), Vec::new(), Vec::new());
    {
        let mut reports: Vec<Box<dyn Reporter + '_>> = vec![
            Box::new(Human::new(&mut human, true)),
            Box::new(Junit::new(&mut junit, false)),
            Box::new(Markdown::new(&mut markdown, true)),
        ];
        tell(&mut reports);
    }
    [human, junit, markdown].map(|text| String::from_utf8(text).unwrap()).concat()
}

proptest! {
    #[test]
    fn an_outcome_is_read_as_it_was_written(outcome in outcome()) {
        let written = serde_json::to_string(&Scenario::from(&outcome)).unwrap();
        let read: Scenario = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(serde_json::to_string(&Scenario::from(&read.outcome().unwrap())).unwrap(), written);
    }

    /// Of one report a merge makes that report, in every format.
    #[test]
    fn a_report_alone_is_shown_as_its_run_was(ends in ends()) {
        let text = json(&ends, None);
        let merged = merged(std::slice::from_ref(&text));
        prop_assert_eq!(again(&merged), text);
        prop_assert_eq!(shown(|reports| merged.play(reports).unwrap()), shown(|reports| told(&ends, reports)));
        prop_assert_eq!((&merged.again, &merged.missing), (&Vec::new(), &Vec::new()));
    }

    /// Shards are told as the whole would have been, in whatever order they come.
    #[test]
    fn shards_together_are_the_whole(ends in ends(), of in 1u16..5, turn in 0usize..5) {
        let shard = |number: u16| {
            let mine = ends.iter().enumerate().filter(|(index, _)| index % usize::from(of) == usize::from(number - 1));
            let mine: Ends = mine.map(|(_, (place, end))| (place.clone(), end.clone())).collect();
            json(&mine, Some(ShardOf { number, of, partition: "p".to_owned() }))
        };
        let mut texts: Vec<String> = (1..=of).map(shard).collect();
        texts.rotate_left(turn % usize::from(of));
        let all = merged(&texts);
        prop_assert_eq!((&all.again, &all.missing), (&Vec::new(), &Vec::new()));
        let mut whole = merged(&[json(&ends, None)]);
        whole.runs.clone_from(&all.runs);
        // A cluster that failed first in one shard comes first there: the order within a cluster is that of the reports.
        let sorted = |merged: &Merged| {
            let mut value = tells(merged);
            value["scenarios"].as_array_mut().unwrap().sort_by_key(|it| it["cluster"].to_string() + &it["id"].to_string());
            value
        };
        prop_assert_eq!(sorted(&all), sorted(&whole));
        // And one that is lost is missed.
        texts.pop();
        if of > 1 {
            prop_assert_eq!(merged(&texts).missing.len(), 2);
        }
    }

    /// What was merged can be merged again.
    #[test]
    fn merging_is_associative(one in ends(), two in ends(), three in ends(), of in 2u16..4) {
        let shard = |number| Some(ShardOf { number, of, partition: "p".to_owned() });
        let texts = [json(&one, shard(1)), json(&two, None), json(&three, shard(2))];
        let all = merged(&texts);
        let [first, second, third] = texts;
        let left = merged(&[again(&merged(&[first.clone(), second.clone()])), third.clone()]);
        let right = merged(&[first, again(&merged(&[second, third]))]);
        for other in [left, right] {
            prop_assert_eq!(tells(&other)["summary"].clone(), tells(&all)["summary"].clone());
            prop_assert_eq!(tells(&other)["scenarios"].clone(), tells(&all)["scenarios"].clone());
            prop_assert_eq!(&other.runs, &all.runs);
            prop_assert_eq!(&other.missing, &all.missing);
        }
    }

    /// Nothing that is read ends the program.
    #[test]
    fn a_report_that_is_cut_off_or_bent_is_refused(ends in ends(), cut in any::<Index>()) {
        let text = json(&ends, None);
        let text: Vec<char> = text.trim_end().chars().collect();
        let cut = cut.index(text.len());
        let short: String = text[..cut].iter().collect();
        prop_assert!(Report::parse(&short).is_err());
        let without: String = text[..cut].iter().chain(&text[cut + 1..]).collect();
        let _ = Report::parse(&without);
    }
}

fn run(cluster: &str, shard: Option<(u16, u16, &str)>, interrupted: bool) -> Run {
    let shard = shard.map(|(number, of, partition)| ShardOf { number, of, partition: partition.to_owned() });
    Run { clusters: vec![cluster.to_owned()], shard, interrupted, seconds: 1.0 }
}

#[test]
fn what_is_missing_is_told_until_it_was_run_again() {
    let missing = |runs: Vec<Run>| merge::missing(&runs).join("; ");
    let (a, b) = ("local:v1.22", "local:v1.36");
    let of = |number| Some((number, 3, "p"));
    assert_eq!(
        missing(vec![run(a, None, false), run(b, of(1), false), run(b, of(3), false)]),
        "local:v1.36: no report of shard 2/3"
    );
    let all = || vec![run(b, of(1), false), run(b, of(3), true), run(b, of(2), false)];
    assert_eq!(missing(all()), "local:v1.36: interrupted: shard 3/3");
    assert_eq!(missing([all(), vec![run(b, of(3), false)]].concat()), "");
    assert_eq!(missing([all(), vec![run(a, of(3), false)]].concat()).matches(';').count(), 1);
    assert_eq!(missing(vec![run(a, None, true), run(a, None, false)]), "local:v1.22: a run was interrupted");
    let divisions = missing(vec![run(a, Some((1, 2, "p")), false), run(a, Some((2, 2, "q")), false)]);
    assert!(divisions.contains("its shards are of several divisions"), "{divisions}");
    assert!(
        divisions.contains("no report of shard 1/2") && divisions.contains("no report of shard 2/2"),
        "{divisions}"
    );
}
