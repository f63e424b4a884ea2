//! What the site knows: scenarios, steps and texts as JSON, a line a scenario, each text once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::address;
use super::index::theme;
use super::page::setups;
use crate::timeline::{Shown, Timeline, Track};
use crate::version::{Minor, Version};

/// What stands for a text where there is none.
const SILENT: i64 = -1;
const UNKNOWN: i64 = -2;

/// Texts by the order in which they are first shown.
#[derive(Default)]
struct Texts<'t> {
    numbers: BTreeMap<&'t str, i64>,
    texts: Vec<&'t str>,
}

impl<'t> Texts<'t> {
    fn number(&mut self, text: &'t str) -> i64 {
        *self.numbers.entry(text).or_insert_with(|| {
            self.texts.push(text);
            i64::try_from(self.texts.len() - 1).unwrap_or(UNKNOWN)
        })
    }
}

/// The document. Every release that was recorded is a column.
pub(super) fn data(timelines: &[Timeline<'_>], project: Option<&str>) -> String {
    let releases: BTreeSet<&Version> = timelines.iter().flat_map(Timeline::versions).collect();
    let mut texts = Texts::default();
    let scenarios: Vec<Value> =
        timelines.iter().map(|timeline| scenario(timeline, &releases, &mut texts, project)).collect();
    let columns: Vec<Value> = releases.iter().map(|release| column(release, &releases)).collect();
    let texts: Vec<Value> = texts.texts.into_iter().map(Value::from).collect();
    format!(
        "{{\"columns\":{},\n\"scenarios\":[\n{}\n],\n\"texts\":[\n{}\n]}}",
        Value::from(columns),
        lines(&scenarios),
        lines(&texts)
    )
}

fn lines(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n")
}

/// A release is called by its minor, unless another one of that minor was recorded too.
fn column(release: &Version, all: &BTreeSet<&Version>) -> Value {
    let same = |minor: Minor| all.iter().filter(|other| other.minor == minor).count();
    let label = if same(release.minor) == 1 { release.minor.to_string() } else { release.to_string() };
    json!({"label": label, "release": release.to_string()})
}

fn scenario<'t>(
    timeline: &'t Timeline<'_>,
    releases: &BTreeSet<&Version>,
    texts: &mut Texts<'t>,
    project: Option<&str>,
) -> Value {
    let (file, scenario) = (timeline.file, &timeline.file.scenario);
    let seen: BTreeSet<&Version> = timeline.versions().collect();
    let steps: Vec<Value> = timeline.tracks.iter().map(|track| step(timeline, track, releases, texts)).collect();
    let sources = scenario.source.as_deref().unwrap_or_default().split(", ").filter(|source| !source.is_empty());
    let path = file.project_path();
    json!({
        "id": file.id(),
        "theme": theme(timeline),
        "title": scenario.title,
        "case": scenario.case.as_ref().map(|case| &case.key),
        "about": scenario.about.as_deref().map(str::trim_end),
        "sources": sources.map(|source| json!([source, address(source)])).collect::<Vec<_>>(),
        "kubernetes": scenario.kubernetes.to_string(),
        "setups": setups(timeline),
        "file": path,
        "link": project.map(|project| format!("{project}{path}")),
        "seen": releases.iter().map(|release| u8::from(seen.contains(release))).collect::<Vec<_>>(),
        "steps": steps,
    })
}

fn step<'t>(
    timeline: &'t Timeline<'_>,
    track: &'t Track<'_>,
    releases: &BTreeSet<&Version>,
    texts: &mut Texts<'t>,
) -> Value {
    let cells = releases.iter().map(|release| match timeline.shown(track, release) {
        Shown::Seen { text, .. } | Shown::Assumed { text, .. } => texts.number(text.as_str()),
        Shown::Silent => SILENT,
        Shown::Unknown => UNKNOWN,
    });
    let cells: Vec<i64> = cells.collect();
    let written: Vec<String> = track.steps().iter().map(|step| step.written()).collect();
    json!({"name": track.name(), "key": track.series.as_str(), "does": written, "cells": cells})
}
