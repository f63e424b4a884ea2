//! The laws of the store, over random recordings: minors with several patches, steps that are absent on some versions.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::sample::select;

use super::batch::{Change, changes};
use super::format::{Header, Stored};
use super::layout::FileName;
use super::ledger::{Entry, Ledger};
use super::recorded::Files;
use super::*;
use crate::version::{Minor, Version};

/// What was seen: exact version -> step -> text.
type Seen = BTreeMap<(u16, u16), BTreeMap<&'static str, &'static str>>;

fn seen(versions: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Seen> {
    let texts = btree_map(select(vec!["list", "review", "token"]), select(vec!["A", "B", "C"]), 0..=3);
    btree_map((22u16..27, 0u16..3), texts, versions)
}

fn version((minor, patch): (u16, u16)) -> Version {
    Version { minor: Minor { major: 1, minor }, patch, suffix: String::new() }
}

fn series(step: &str) -> Series {
    step.parse().unwrap()
}

fn subject() -> Subject {
    let steps = ["list", "review", "token"].map(|step| (series(step), StepName { name: step.to_owned(), line: None }));
    Subject {
        id: "tokens/pod-bound".parse().unwrap(),
        source: "scenarios/tokens/pod-bound.yaml".to_owned(),
        title: "A token".to_owned(),
        steps: steps.into(),
    }
}

fn put(recorded: Recorded, at: (u16, u16), texts: &BTreeMap<&str, &str>) -> Recorded {
    let entry = Entry { cluster: "local".to_owned(), etcd: None, plan: Digest::of("plan"), answered: BTreeMap::new() };
    let texts = texts.iter().map(|(step, text)| (series(step), Text::new(text).unwrap())).collect();
    recorded.with(&version(at), entry, texts)
}

fn record(recorded: Recorded, seen: &Seen) -> Recorded {
    seen.iter().fold(recorded, |recorded, (at, texts)| put(recorded, *at, texts))
}

fn recorded(seen: &Seen) -> Recorded {
    record(Recorded::default().described(&subject()), seen)
}

/// Reads a folder back. That insta reads the same is tested where files are rendered.
fn reread(files: &Files) -> Recorded {
    let ledger = files.get("recorded.yaml").map_or(Ledger::default(), |ledger| Ledger::parse(ledger).unwrap());
    let stored = files.iter().filter_map(|(name, contents)| {
        let FileName::Snapshot(point) = FileName::of(name) else { return None };
        let (_, text) = contents.split_once("\n---\n").unwrap();
        Some((point, Stored { header: Header::default(), text: Text::new(text).unwrap(), markers: None }))
    });
    Recorded::new(ledger, &stored.collect(), &BTreeMap::new()).described(&subject())
}

fn do_change(files: &mut Files, change: &Change) {
    match change {
        Change::Write { name, contents } => files.insert(name.clone(), contents.clone()),
        Change::Remove { name } => files.remove(name),
    };
}

/// The recording that speaks for a version: of its own minor the nearest patch below, or else the first; of the minors
/// below the nearest.
fn speaker(seen: &Seen, (minor, patch): (u16, u16)) -> Option<(u16, u16)> {
    let of_minor: Vec<_> = seen.keys().copied().filter(|at| at.0 == minor).collect();
    let below = of_minor.iter().rev().find(|at| at.1 <= patch);
    below.or(of_minor.first()).copied().or_else(|| seen.keys().copied().rfind(|at| at.0 < minor))
}

/// Where the text starts that a step shows on a recorded version.
fn since(seen: &Seen, at: (u16, u16), step: &str) -> String {
    let mut first = at;
    for (earlier, texts) in seen.iter().rev().filter(|(earlier, _)| **earlier < at) {
        if texts.get(step) != seen[&at].get(step) {
            break;
        }
        first = *earlier;
    }
    label(seen, first)
}

/// A recorded version as files are labelled: by its minor, where it is the first of that.
fn label(seen: &Seen, (minor, patch): (u16, u16)) -> String {
    let is_first = !seen.keys().any(|at| at.0 == minor && at.1 < patch);
    if is_first { format!("v1.{minor}") } else { format!("v1.{minor}.{patch}") }
}

/// As git does it, file by file, and the ledgers by keeping the lines of both sides. `None` is a conflict.
fn merge(base: &Files, ours: &Files, theirs: &Files) -> Option<Files> {
    let names: BTreeSet<&String> = [base, ours, theirs].into_iter().flat_map(BTreeMap::keys).collect();
    let mut merged = Files::new();
    for name in names {
        let (base, ours, theirs) = (base.get(name), ours.get(name), theirs.get(name));
        let contents = match () {
            () if name == "recorded.yaml" => {
                let ours = Ledger::parse(ours?).unwrap();
                Some(ours.with(&Ledger::parse(theirs?).unwrap()).to_string())
            }
            () if ours == base || ours == theirs => theirs.cloned(),
            () if theirs == base => ours.cloned(),
            () => return None,
        };
        merged.extend(contents.map(|contents| (name.clone(), contents)));
    }
    Some(merged)
}

proptest! {
    #[test]
    fn recording_in_any_order_gives_the_same_bytes(
        (seen, order) in seen(0..9).prop_flat_map(|seen| {
            let order = Just(seen.keys().copied().collect::<Vec<_>>()).prop_shuffle();
            (Just(seen), order)
        }),
        earlier in seen(0..9),
    ) {
        // What is recorded again leaves no trace of the first time.
        let earlier: Seen = earlier.into_iter().filter(|(at, _)| seen.contains_key(at)).collect();
        let start = recorded(&earlier);
        let end = order.iter().fold(start, |recorded, at| put(recorded, *at, &seen[at]));
        prop_assert_eq!(end.files(), recorded(&seen).files());
    }

    #[test]
    fn reading_a_folder_and_writing_it_changes_nothing(seen in seen(0..9)) {
        let files = recorded(&seen).files();
        let again = reread(&files);
        prop_assert_eq!(again.files(), files);
        prop_assert_eq!(again.missing(), []);
        for (at, texts) in &seen {
            for step in ["list", "review", "token"] {
                let found = match again.look_up(&series(step), &version(*at)) {
                    LookUp::Seen { text, .. } => Some(text.as_str()),
                    LookUp::Unrecorded => None,
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                };
                prop_assert_eq!(found, texts.get(step).copied());
            }
        }
    }

    /// Any version is spoken for as the model below says, whoever built it.
    #[test]
    fn a_look_up_agrees_with_a_naive_model(
        seen in seen(0..9), minor in 21u16..28, patch in 0u16..4, suffix in select(vec!["", "+k3s1", "-gke.1200"]),
    ) {
        let recorded = recorded(&seen);
        let asked = Version { suffix: suffix.to_owned(), ..version((minor, patch)) };
        for step in ["list", "review", "token"] {
            let series = series(step);
            let found = match recorded.look_up(&series, &asked) {
                LookUp::Seen { since, text } => Some((true, asked.clone(), since.to_string(), text.as_str())),
                LookUp::Assumed { from, since, text } => Some((false, from.clone(), since.to_string(), text.as_str())),
                LookUp::Unrecorded => None,
                LookUp::Edited { .. } => return Err(TestCaseError::fail("nobody edited it")),
            };
            let expected = speaker(&seen, (minor, patch)).and_then(|at| {
                let text = *seen[&at].get(step)?;
                Some((at == (minor, patch) && suffix.is_empty(), version(at), since(&seen, at, step), text))
            });
            prop_assert_eq!(found, expected, "{}", step);
        }
    }

    /// The change points are where a text differs from that of the recording before.
    #[test]
    fn change_points_agree_with_a_naive_model(seen in seen(0..9)) {
        let points = recorded(&seen).change_points();
        for step in ["list", "review", "token"] {
            let mut expected = Vec::new();
            let mut before = None;
            for (at, texts) in &seen {
                let text = texts.get(step);
                if text.is_some() && text != before {
                    expected.push(label(&seen, *at));
                }
                before = text;
            }
            let found = points.get(&series(step)).into_iter().flatten().map(ToString::to_string);
            prop_assert_eq!(found.collect::<Vec<_>>(), expected, "{}", step);
        }
    }

    /// Somebody who looks at the folder alone, and knows which steps a version has, finds the same.
    #[test]
    fn the_nearest_file_below_holds_what_was_seen(seen in seen(0..9)) {
        let files = recorded(&seen).files();
        let labels: BTreeSet<Point> = files.keys().filter_map(|name| match FileName::of(name) {
            FileName::Snapshot(point) => Some(point),
            _ => None,
        }).collect();
        for (at, texts) in &seen {
            for (step, text) in texts {
                let here = Point { series: series(step), label: version(*at).to_string().parse().unwrap() };
                let nearest = labels.range(..=here).next_back().unwrap();
                prop_assert_eq!(nearest.series.as_str(), *step);
                let end = format!("\n---\n{text}\n");
                prop_assert!(files[&nearest.to_string()].ends_with(&end));
            }
        }
    }

    /// Wherever a batch is cut off: what was recorded and is still meant to be is there, and recording again repairs.
    #[test]
    fn a_batch_that_is_cut_off_loses_nothing(before in seen(0..7), later in seen(1..4), drop in btree_set(0usize..7, 0..2)) {
        let mut files = recorded(&before).files();
        let dropped: Vec<_> = before.keys().enumerate().filter(|(n, _)| drop.contains(n)).map(|(_, at)| version(*at)).collect();
        let goal = record(recorded(&before).retain(|version| !dropped.contains(version)), &later);
        let kept = |missing: &Missing| {
            let at = (missing.version.minor.minor, missing.version.patch);
            before.contains_key(&at) && !later.contains_key(&at) && !dropped.contains(&missing.version)
        };
        let batch = changes(&files, &goal.files());
        for change in &batch {
            do_change(&mut files, change);
            let found = reread(&files);
            prop_assert!(!found.missing().iter().any(kept), "{:?} after {change:?}", found.missing());
            let again = record(found.retain(|version| !dropped.contains(version)), &later);
            prop_assert_eq!(again.files(), goal.files());
        }
        prop_assert_eq!(files, goal.files());
    }

    /// Branches that added versions merge to what recording all of them gives, in whatever order they are merged.
    #[test]
    fn merges_commute(base in seen(1..5), ours in seen(1..4), theirs in seen(1..4)) {
        let ours: Seen = ours.into_iter().filter(|(at, _)| !base.contains_key(at)).collect();
        let theirs: Seen = theirs.into_iter().filter(|(at, _)| !base.contains_key(at) && !ours.contains_key(at)).collect();
        let start = recorded(&base);
        let (left, right) = (record(start.clone(), &ours).files(), record(start.clone(), &theirs).files());
        let one = merge(&start.files(), &left, &right);
        let other = merge(&start.files(), &right, &left);
        prop_assert_eq!(&one, &other);
        if let Some(merged) = one {
            let all = record(record(start, &theirs), &ours).files();
            prop_assert_eq!(reread(&merged).missing(), []);
            prop_assert_eq!(reread(&merged).files(), all);
        }
    }
}
