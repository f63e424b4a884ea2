//! The upgrades of a scenario: what each goes to, and that each answer has one version it belongs to.
//!
//! A snapshot is named by the version that answered, a recording by the one that the scenario began with. So that the one
//! follows from the other, a scenario begins with one minor, or goes to the next one and no further.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Case, Scenario, Step};
use crate::action::{Action, Upgrade};
use crate::capability::Capability;
use crate::cluster::Release;
use crate::syntax::{At, Diagnostic, Diagnostics, Node, Scope};
use crate::version::Minor;

/// What an action puts in place of what runs, which its case may say.
pub(super) fn of(
    action: &dyn Action,
    case: Option<&Arc<Case>>,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<Upgrade> {
    let mut scope = Scope::new();
    // A column that reads an answer cannot be known now; that is said of the upgrade, if it is what the upgrade reads.
    if let Some(value) = case.and_then(|case| case.value(&scope).ok()) {
        scope.set(super::CASE, value);
    }
    match action.upgrade(&scope)? {
        Ok(upgrade) => Some(upgrade),
        Err(error) => {
            let at = node.get("to").map_or(&node.at, |to| &to.at);
            let message = format!("what `upgrade` goes to has to be known beforehand: {error}");
            let help = "write the release, or a column of a case: `to: v1.25`, `to: \"${case.key}\"`";
            diagnostics.push(Diagnostic::new(at.clone(), message).help(help));
            None
        }
    }
}

/// What a scenario needs that has these steps.
pub(super) fn needs(mut needs: BTreeSet<Capability>, steps: &[Step]) -> BTreeSet<Capability> {
    needs.extend(steps.iter().any(|step| step.upgrade.is_some()).then_some(Capability::Upgrade));
    needs
}

impl Scenario {
    /// What it upgrades to, in order. A scenario that does has a cluster for itself.
    pub fn upgrades(&self) -> impl Iterator<Item = &Upgrade> {
        self.steps.iter().filter_map(|step| step.upgrade.as_ref())
    }
}

pub(super) fn check(scenario: &Scenario, diagnostics: &mut Diagnostics) {
    let steps: Vec<(&At, &Upgrade)> =
        scenario.steps.iter().filter_map(|step| Some((&step.at, step.upgrade.as_ref()?))).collect();
    let Some((first, _)) = steps.first() else { return };
    if let [(_, Upgrade::Next)] = steps[..] {
        return;
    }
    let Some(start) = scenario.kubernetes.only_minor() else {
        let message = "it is not said which version is upgraded";
        let help = "write the minor that the scenario begins with, as in `kubernetes: \"1.22\"`; one that goes from any \
                    version to the next has a single `upgrade: next`";
        diagnostics.push(Diagnostic::new((*first).clone(), message).help(help));
        return;
    };
    let mut from = (start, None);
    for (at, upgrade) in steps {
        let to = match upgrade {
            Upgrade::Next => (from.0.after(), None),
            Upgrade::To(Release::Minor(minor)) => (*minor, None),
            Upgrade::To(Release::Exact(version)) => (version.minor, Some(version.patch)),
            // Nobody can write it.
            Upgrade::To(Release::Newest) => continue,
        };
        if let Some((message, help)) = wrong(from, to) {
            diagnostics.push(Diagnostic::new(at.clone(), message).help(help));
        }
        from = to;
    }
}

/// A minor, and the patch where one is written.
type Place = (Minor, Option<u16>);

/// What is wrong with a step from one release to another, if anything is.
fn wrong(from: Place, to: Place) -> Option<(String, String)> {
    let name = |(minor, patch): Place| patch.map_or_else(|| minor.to_string(), |patch| format!("{minor}.{patch}"));
    let (before, after) = (name(from), name(to));
    let goes_up = to.0 > from.0 || to.0 == from.0 && to.1.is_some() && to.1 > from.1;
    if !goes_up {
        let message = format!("from {before} to {after} is no upgrade");
        return Some((
            message,
            "a control plane cannot go back, and a step to the same minor names a patch".to_owned(),
        ));
    }
    (to.0 > from.0.after()).then(|| {
        let message = format!("from {before} to {after} at once");
        (message, format!("the version-skew policy allows one minor at a time: first to {}", from.0.after()))
    })
}
