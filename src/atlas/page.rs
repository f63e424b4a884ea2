//! The page of one scenario: its story, what changed when, and each step with its answer and every change of it.

use std::collections::BTreeMap;

use super::address;
use crate::markdown::{code, escaped, fenced};
use crate::scenario::{Scenario, Step};
use crate::snapshot::Label;
use crate::snapshot::diff::unified;
use crate::timeline::{Change, Kind, Timeline, Track};
use crate::version::{Version, spans};

/// The page; `project` is the way from its folder to the one that holds `scenarios/`.
pub(super) fn page(timeline: &Timeline<'_>, project: Option<&str>) -> String {
    let scenario = &timeline.file.scenario;
    let mut parts = vec![format!("# {}", escaped(&scenario.title)), facts(timeline, project)];
    parts.extend(scenario.about.as_deref().map(|about| about.trim_end().to_owned()));
    parts.extend(changes(timeline));
    parts.push("## Step by step".to_owned());
    parts.extend(steps(timeline));
    parts.join("\n\n")
}

fn facts(timeline: &Timeline<'_>, project: Option<&str>) -> String {
    let (file, scenario) = (timeline.file, &timeline.file.scenario);
    let path = file.project_path();
    let link = project.map_or_else(|| code(&path), |project| format!("[{}]({project}{path})", code(&path)));
    let case = scenario.case.as_ref().map(|case| format!(", case {}", code(&case.key))).unwrap_or_default();
    let minors = spans(timeline.minors());
    let mut facts = vec![
        format!("- Scenario: {link}{case}"),
        format!("- About Kubernetes: {}", code(&scenario.kubernetes.to_string())),
        format!("- Recorded on: {}", if minors.is_empty() { "no version yet".to_owned() } else { minors }),
    ];
    facts.extend(scenario.source.as_deref().map(|source| format!("- Source: {}", sources(source))));
    facts.extend(setups(timeline).into_iter().map(|setup| format!("- {setup}")));
    facts.join("\n")
}

/// Where the behaviour is described, each part that has an address as a link.
fn sources(source: &str) -> String {
    let link = |part: &str| match address(part) {
        Some(address) => format!("[{}]({address})", escaped(part)),
        None => escaped(part),
    };
    source.split(", ").map(link).collect::<Vec<_>>().join(", ")
}

/// How control planes were set up otherwise than by default, and which.
pub(super) fn setups(timeline: &Timeline<'_>) -> Vec<String> {
    let settings = &timeline.file.scenario.cluster;
    let of_each: Vec<(&Version, String)> =
        timeline.versions().map(|version| (version, settings.on(version).to_string())).collect();
    let same = of_each.chunk_by(|(_, one), (_, next)| one == next);
    let said = same.filter_map(|chunk| {
        let (_, setup) = chunk.first().filter(|(_, setup)| !setup.is_empty())?;
        let minors = spans(chunk.iter().map(|(version, _)| version.minor));
        Some(format!("Set up on {minors} with {}", code(setup)))
    });
    said.collect()
}

/// Which steps show something else since when.
fn changes(timeline: &Timeline<'_>) -> Vec<String> {
    let mut found: BTreeMap<Label, Vec<String>> = BTreeMap::new();
    for track in &timeline.tracks {
        for change in history(timeline, track) {
            found.entry(change.at).or_default().push(format!("{}{}", escaped(&track.name()), suffix(&change)));
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let lines = found.into_iter().map(|(at, steps)| format!("- **{at}**: {}", steps.join(", ")));
    vec!["## What changes".to_owned(), lines.collect::<Vec<_>>().join("\n")]
}

fn suffix(change: &Change<'_>) -> &'static str {
    match change.kind() {
        Kind::Changes => "",
        Kind::Begins => " (begins)",
        Kind::Ends => " (ends)",
    }
}

/// Every change of a step over all that was recorded.
fn history<'t>(timeline: &'t Timeline<'_>, track: &'t Track<'_>) -> Vec<Change<'t>> {
    match (timeline.versions().next(), timeline.versions().next_back()) {
        (Some(first), Some(last)) => timeline.changes(track, first, last),
        _ => Vec::new(),
    }
}

/// The steps as the file has them, each once: what a `foreach` makes of one stands together.
fn steps(timeline: &Timeline<'_>) -> Vec<String> {
    let scenario: &Scenario = &timeline.file.scenario;
    let is_first = |(index, step): &(usize, &Step)| {
        !scenario.steps[..*index].iter().any(|earlier| earlier.at.span() == step.at.span())
    };
    let mut parts = Vec::new();
    let mut set_up: Vec<String> = Vec::new();
    for (_, step) in scenario.steps.iter().enumerate().filter(is_first) {
        let tracks: Vec<&Track<'_>> = timeline.tracks.iter().filter(|track| begins_at(track, step)).collect();
        if !tracks.is_empty() {
            parts.extend(unshown(&mut set_up));
            parts.extend(shown(timeline, &tracks));
        } else if step.depth == 0 && !step.is_snapshotted() {
            // One within another stands in the text of that.
            set_up.push(format!("- {}", step.written().replace('\n', "\n  ")));
        }
    }
    parts.extend(unshown(&mut set_up));
    parts
}

fn begins_at(track: &Track<'_>, step: &Step) -> bool {
    track.steps().first().is_some_and(|first| first.at.span() == step.at.span())
}

/// Steps that no snapshot holds.
fn unshown(steps: &mut Vec<String>) -> Option<String> {
    (!steps.is_empty()).then(|| fenced("yaml", &std::mem::take(steps).join("\n")))
}

/// A step and what it shows, in each case that it is repeated for; cases that show the same stand together.
fn shown(timeline: &Timeline<'_>, tracks: &[&Track<'_>]) -> Vec<String> {
    let Some(first) = tracks.first() else { return Vec::new() };
    let has_cases = tracks.len() > 1;
    let written = |step: &&Step| fenced("yaml", &step.written());
    let name = first.steps().first().and_then(|step| step.name.as_ref());
    let name = name
        .map_or_else(|| first.name(), |name| if has_cases { name.as_str().into() } else { name.full().into_owned() });
    let mut parts = vec![format!("### {}", escaped(&name))];
    parts.extend(first.steps().iter().map(written));
    let mut answers: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for track in tracks {
        let case = track.steps().first().and_then(|step| step.foreach()).map_or_else(String::new, |(_, key)| code(key));
        let answer = answer(timeline, track);
        match answers.iter_mut().find(|(_, known)| *known == answer) {
            Some((cases, _)) => cases.push(case),
            None => answers.push((vec![case], answer)),
        }
    }
    for (cases, answer) in answers {
        parts.extend(has_cases.then(|| format!("#### {}", cases.join(", "))));
        parts.extend(answer);
    }
    parts
}

/// What a step shows first, and every change of it.
fn answer(timeline: &Timeline<'_>, track: &Track<'_>) -> Vec<String> {
    let Some(first) = timeline.versions().next() else { return vec!["Not recorded yet.".to_owned()] };
    let at_first = timeline.shown(track, first);
    let mut parts = Vec::new();
    if let Some(text) = at_first.text() {
        let answered = timeline.answered(track, first).minor;
        let after = if answered == first.minor { String::new() } else { format!(", begun with {}", first.minor) };
        parts.extend([format!("On **{answered}**{after}:"), fenced("yaml", text.as_str())]);
    }
    for change in history(timeline, track) {
        let text = change.after.shown.text().map(crate::snapshot::Text::as_str);
        let part = match (change.kind(), text) {
            (Kind::Ends, _) | (_, None) => [format!("From **{}** on it does not run.", change.at), String::new()],
            (Kind::Begins, Some(text)) => [format!("From **{}** on:", change.at), fenced("yaml", text)],
            (Kind::Changes, Some(text)) => {
                [format!("From **{}** on:", change.at), fenced("diff", &difference(timeline, &change, text))]
            }
        };
        parts.extend(part.into_iter().filter(|part| !part.is_empty()));
    }
    if parts.is_empty() {
        parts.push("It ran on none of the recorded versions.".to_owned());
    }
    parts
}

fn difference(timeline: &Timeline<'_>, change: &Change<'_>, after: &str) -> String {
    let before = change.before.shown.text().map_or("", |text| text.as_str());
    let answered = |start: &Version| timeline.answered(change.track, start).to_string();
    unified((&answered(&change.before.version), before), (&answered(&change.after.version), after), false)
}
