//! The page that lists all scenarios, by theme, with the versions at which they change.

use std::collections::{BTreeMap, BTreeSet};

use super::{SITE, path};
use crate::markdown::{escaped, row};
use crate::snapshot::Label;
use crate::timeline::Timeline;
use crate::version::{Minor, spans};

const INTRO: &str = "Each page is one behaviour of Kubernetes: what is asked, step by step, what a real control plane answered, and \
                     with which version that changed. All of it is made from the scenarios and their snapshots.";

/// The page.
pub(super) fn index(timelines: &[Timeline<'_>]) -> String {
    let minors: BTreeSet<Minor> = timelines.iter().flat_map(Timeline::minors).collect();
    let mut themes: BTreeMap<&str, Vec<&Timeline<'_>>> = BTreeMap::new();
    for timeline in timelines {
        themes.entry(theme(timeline)).or_default().push(timeline);
    }
    let tables = themes.iter().map(|(theme, timelines)| {
        let title = if theme.is_empty() { String::new() } else { format!("## {}\n\n", escaped(theme)) };
        let rows: Vec<String> = timelines.iter().map(|timeline| self::row_of(timeline)).collect();
        format!("{title}| scenario | recorded on | changes with |\n|---|---|---|\n{}", rows.join("\n"))
    });
    let recorded = if minors.is_empty() { "nothing is recorded yet".to_owned() } else { spans(minors) };
    let parts = [
        "# Atlas".to_owned(),
        INTRO.to_owned(),
        format!("As a matrix, to search and to compare two versions: [{SITE}]({SITE}), a file for any browser."),
        format!("{} scenarios, {recorded}.", timelines.len()),
    ];
    parts.into_iter().chain(tables).collect::<Vec<_>>().join("\n\n")
}

/// The folder that a scenario is in.
pub(super) fn theme<'t>(timeline: &'t Timeline<'_>) -> &'t str {
    timeline.file.id().rsplit_once('/').map_or("", |(theme, _)| theme)
}

fn row_of(timeline: &Timeline<'_>) -> String {
    let scenario = &timeline.file.scenario;
    let case = scenario.case.as_ref().map(|case| format!(" ({})", escaped(&case.key))).unwrap_or_default();
    let points = timeline.tracks.iter().flat_map(|track| timeline.points(track).into_iter().skip(1));
    let points: BTreeSet<Label> = points.collect();
    let cells = [
        format!("[{}]({}){case}", escaped(&scenario.title), path(timeline)),
        spans(timeline.minors()),
        points.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    ];
    format!("|{}", row(cells.into_iter()))
}
