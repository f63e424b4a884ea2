//! A comparison for programs.

use serde_json::{Map, Value, json};

use super::{Compared, Comparison, Side, Verdict, lines, said};
use crate::scenario::Step;
use crate::snapshot::Text;
use crate::timeline::{Change, Kind, Shown, Sighting};

/// One document: what differs, what is assumed, what is not known.
pub fn json(comparison: &Comparison<'_>) -> Value {
    let count = |verdict| comparison.of(verdict).count();
    json!({
        "from": side(&comparison.from),
        "to": side(&comparison.to),
        "scenarios": comparison.scenarios.iter().map(scenario).collect::<Vec<_>>(),
        "summary": {
            "differ": count(Verdict::Changes), "same": count(Verdict::Same),
            "notKnown": count(Verdict::Unknown), "neverRecorded": count(Verdict::Unrecorded), "aboutNeither": count(Verdict::Silent),
        },
    })
}

fn side(Side { name, minor, release }: &Side) -> Value {
    json!({"name": name, "minor": minor.to_string(), "version": release.as_ref().map(ToString::to_string)})
}

fn scenario(compared: &Compared<'_>) -> Value {
    let (file, [from, to]) = (compared.timeline.file, &compared.ends);
    let assumed: Map<String, Value> =
        compared.assumed.iter().map(|(version, from)| (version.to_string(), from.to_string().into())).collect();
    let unknown: Map<String, Value> =
        compared.gaps().into_iter().map(|(version, names)| (version.to_string(), names.into())).collect();
    json!({
        "id": file.id(),
        "title": file.scenario.title,
        "about": file.scenario.about,
        "file": file.path,
        "verdict": verdict(compared.verdict()),
        "from": from.to_string(),
        "to": to.to_string(),
        "same": compared.same,
        "changes": compared.changes.iter().map(change).collect::<Vec<_>>(),
        "assumed": assumed,
        "notRecorded": unknown,
    })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Changes => "differs",
        Verdict::Same => "same",
        Verdict::Unknown => "not-known",
        Verdict::Unrecorded => "never-recorded",
        Verdict::Silent => "about-neither",
    }
}

fn change(change: &Change<'_>) -> Value {
    let kind = match change.kind() {
        Kind::Changes => "differs",
        Kind::Begins => "begins",
        Kind::Ends => "ends",
    };
    let step = change.step();
    json!({
        "step": change.track.name(),
        "snapshot": change.track.series.as_str(),
        "line": step.and_then(|step| step.at.span()).map(|span| span.line),
        "does": step.map(Step::written),
        "kind": kind,
        "at": change.at.to_string(),
        "vague": change.is_vague(),
        "said": said(change),
        "before": sighting(&change.before),
        "after": sighting(&change.after),
        "diff": lines(change, false),
    })
}

fn sighting(Sighting { version, shown }: &Sighting<'_>) -> Value {
    let assumed = if let Shown::Assumed { from, .. } = shown { Some(from.to_string()) } else { None };
    json!({
        "version": version.to_string(),
        "assumedFrom": assumed,
        "text": shown.text().map(Text::as_str),
    })
}
