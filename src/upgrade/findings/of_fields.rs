//! Fields that an upgrade changes: of what is stored, and of what becomes of the manifest.

use super::{Finding, Step, Topic, first_lines};
use crate::upgrade::changes::{Change, changes};
use crate::upgrade::look::Stored;

/// How many fields are shown.
const SHOWN: usize = 12;

pub(super) fn findings(step: &Step<'_>) -> Vec<Finding> {
    let stored = stored(step);
    let applied = applied(step).into_iter().filter(|change| !stored.contains(change)).collect();
    let mut found = of(step, stored, "");
    found.extend(of(step, applied, ", once the manifest is applied again"));
    found
}

/// Of the object as it is shown under a group-version that both versions serve, its own first.
fn stored(step: &Step<'_>) -> Vec<Change> {
    let both = step.after.homes.iter().find_map(|home| match (step.before.stored(&home.api_version), &home.stored) {
        (Some(Stored::There(before)), Stored::There(after)) => Some((before, after)),
        _ => None,
    });
    both.map(|(before, after)| changes(before, after)).unwrap_or_default()
}

/// Of what the manifest makes of the object.
fn applied(step: &Step<'_>) -> Vec<Change> {
    let becomes = |tried: &'_ Option<super::Tried>| tried.as_ref().and_then(|tried| tried.becomes.clone());
    let both = becomes(&step.before.tried).zip(becomes(&step.after.tried));
    both.map(|(before, after)| changes(&before, &after)).unwrap_or_default()
}

fn of(step: &Step<'_>, all: Vec<Change>, when: &str) -> Vec<Finding> {
    let is_ours = |change: &Change| !change.path.is_in(&step.manifest.body);
    let (set, rest): (Vec<Change>, Vec<Change>) =
        all.into_iter().partition(|change| change.before.is_none() && is_ours(change));
    let (unset, changed): (Vec<Change>, Vec<Change>) =
        rest.into_iter().partition(|change| change.after.is_none() && is_ours(change));
    let mut found = Vec::new();
    if !changed.is_empty() {
        let text = format!("{} another value than on {}{when}", fields(&changed, "has", "have"), step.from);
        let advice = "look whether what depends on it still works".to_owned();
        found.push(step.say(Topic::Changed, text).lines(lines(&changed)).advice(advice));
    }
    for (defaults, how) in [(set, "now set by default"), (unset, "not set by default any more")] {
        if !defaults.is_empty() {
            let text = format!("{} not in the manifest and {how}{when}", fields(&defaults, "is", "are"));
            let advice =
                "a GitOps tool may show a difference: write the fields into the manifest, or have them ignored";
            found.push(step.say(Topic::Defaulted, text).lines(lines(&defaults)).advice(advice.to_owned()));
        }
    }
    found
}

fn fields(changes: &[Change], one: &str, several: &str) -> String {
    match changes.len() {
        1 => format!("one field {one}"),
        count => format!("{count} fields {several}"),
    }
}

fn lines(changes: &[Change]) -> Vec<String> {
    first_lines(changes.iter().map(ToString::to_string), SHOWN)
}
