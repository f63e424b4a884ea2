//! A comparison in Markdown, for a pull request or the summary of a CI job.

use super::{Compared, Comparison, Verdict, assumed, lines, said, unrecorded};
use crate::markdown::{code, escaped, fenced, row};
use crate::timeline::Change;

/// A table of what differs, then every difference in full, then what is not known for sure.
pub fn markdown(comparison: &Comparison<'_>) -> String {
    let mut parts = vec![format!("## {}", escaped(&comparison.counts()))];
    let changed: Vec<&Compared<'_>> = comparison.of(Verdict::Changes).collect();
    if !changed.is_empty() {
        parts.push(table(&changed));
    }
    parts.extend(changed.into_iter().flat_map(scenario));
    let unknown = comparison.scenarios.iter().flat_map(|compared| {
        let id = code(compared.timeline.file.id());
        let gap = move |(version, names): (_, Vec<String>)| {
            format!("- {id} is not recorded on {version}: {}", escaped(&names.join(", ")))
        };
        compared.gaps().into_iter().map(gap)
    });
    parts.extend(list("Not known", unknown));
    parts.extend(list("Never recorded", unrecorded(comparison).into_iter().map(|id| format!("- {}", code(id)))));
    let assumed = assumed(comparison).into_iter().map(|(said, ids)| {
        let ids: Vec<String> = ids.into_iter().map(code).collect();
        format!("- {said}: {}", ids.join(", "))
    });
    parts.extend(list("Assumed, not seen", assumed));
    parts.join("\n\n") + "\n"
}

fn list(title: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<String> = items.collect();
    (!items.is_empty()).then(|| format!("### {title}\n\n{}", items.join("\n")))
}

fn table(changed: &[&Compared<'_>]) -> String {
    let rows = changed.iter().flat_map(|compared| {
        let whole = compared.whole().into_iter().map(|said| (String::new(), said));
        let steps = compared.steps().flatten().map(|change| (change.track.name(), said(change)));
        let row = |(step, said): (String, String)| {
            let cells = [code(compared.timeline.file.id()), escaped(&step), escaped(&said)];
            format!("|{}", row(cells.into_iter()))
        };
        whole.chain(steps).map(row).collect::<Vec<_>>()
    });
    let rows: Vec<String> = rows.collect();
    format!("| scenario | step | |\n|---|---|---|\n{}", rows.join("\n"))
}

fn scenario(compared: &Compared<'_>) -> Vec<String> {
    let (id, scenario) = (compared.timeline.file.id(), &compared.timeline.file.scenario);
    let mut parts = vec![format!("### {}: {}", code(id), escaped(&scenario.title))];
    parts.extend(scenario.about.as_deref().map(|about| about.trim_end().to_owned()));
    parts.extend(compared.whole().iter().map(|line| escaped(line)));
    parts.extend(compared.steps().flat_map(|changes| step(&changes)));
    parts
}

fn step(changes: &[&Change<'_>]) -> Vec<String> {
    let Some(first) = changes.first() else { return Vec::new() };
    let mut parts = vec![format!("#### {}", escaped(&first.track.name()))];
    if let Some(step) = first.step() {
        parts.push(fenced("yaml", &step.written()));
    }
    let change = |change: &Change<'_>| [escaped(&said(change)) + ":", fenced("diff", &lines(change, false))];
    parts.extend(changes.iter().copied().flat_map(change));
    parts
}
