//! Webhooks that are asked about objects and have no answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Found, Severity, Topic, first_lines};
use crate::upgrade::look::Look;
use crate::upgrade::manifests::Manifest;

/// How many objects are named.
const SHOWN: usize = 8;

/// Each webhook without an answer, said of its configuration: on the old version of all that it is asked about, later of
/// what it was not asked about before.
pub(super) fn silent(manifests: &[Manifest], before: Option<&Look>, after: &Look) -> Vec<Found> {
    let known = |index: usize| before.and_then(|look| look.objects[index].tried.as_ref()).map(|tried| &tried.silent);
    let mut asked: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, seen) in after.objects.iter().enumerate() {
        // What was not tried before says nothing about webhooks.
        if before.is_some() && known(index).is_none() {
            continue;
        }
        for name in seen.tried.iter().flat_map(|tried| &tried.silent) {
            if !known(index).is_some_and(|known| known.contains(name)) {
                asked.entry(name).or_default().insert(index);
            }
        }
    }
    let (version, is_new) = (&after.version, before.is_some());
    let finding = |(name, objects): (&str, BTreeSet<usize>)| {
        let place = configuration(manifests, name).or_else(|| objects.first().copied())?;
        let count = if objects.len() == 1 { "an object".to_owned() } else { format!("{} objects", objects.len()) };
        let now = if is_new { "now asked" } else { "asked" };
        let text = format!(
            "{name} is {now} about {count}, and nobody answers: while that is so, each such request is refused"
        );
        let lines = first_lines(objects.iter().map(|index| manifests[*index].to_string()), SHOWN);
        let advice = "no Pod serves anything here, so what the webhook would say is not known, and all else was looked at \
                      without it; on a real cluster see that its server runs, or take its configuration away";
        let severity = if is_new { Severity::NeedsAttention } else { Severity::WorthKnowing };
        let finding = Finding::new(Topic::Silent, version, text).lines(lines).advice(advice.to_owned());
        Some((place, finding.of_severity(severity)))
    };
    asked.into_iter().filter_map(finding).collect()
}

/// The place of the configuration of a webhook.
fn configuration(manifests: &[Manifest], name: &str) -> Option<usize> {
    manifests.iter().position(|manifest| {
        let webhooks = manifest.body["webhooks"].as_array().into_iter().flatten();
        manifest.group() == "admissionregistration.k8s.io"
            && webhooks.into_iter().any(|webhook| webhook["name"] == name)
    })
}
