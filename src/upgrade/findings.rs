//! What is to be said of what was seen. Pure: looks in, findings out.

mod of_fields;
mod of_webhooks;

use super::apply::Applied;
use super::finding::{Finding, Severity, Topic};
use super::look::{Home, Look, Seen, Stored, Tried};
use super::manifests::Manifest;
use super::refusal::{By, Refusal};
use crate::version::Version;

/// A finding and the place of its object among the manifests.
pub(super) type Found = (usize, Finding);

/// What is to be said of the old version.
pub(super) fn first(manifests: &[Manifest], applied: &[Applied], look: &Look) -> Vec<Found> {
    let version = &look.version;
    let mut found = Vec::new();
    for (index, ((manifest, applied), seen)) in manifests.iter().zip(applied).zip(&look.objects).enumerate() {
        let mut add = |finding| found.push((index, finding));
        if let Some(finalizers) = &manifest.dying {
            let held = if finalizers.is_empty() { "nothing" } else { &finalizers.join(", ") };
            let text = format!("it was being deleted when it was read, held by {held}; rehearsed as if it were not");
            add(Finding::new(Topic::Dying, version, text));
        }
        let tried = seen.tried.clone().unwrap_or_default();
        match (&applied.refusal, &tried.create) {
            (Some(refusal), _) => {
                let finding = Finding::new(Topic::RefusedBefore, version, &refusal.message);
                add(finding.advice(way_in(manifest, seen, version)));
            }
            (None, Some(refusal)) if !is_silent(refusal) => {
                let text = format!("it is there, and could not be created once more: {}", refusal.message);
                add(Finding::new(Topic::RefusedBefore, version, text).of_severity(Severity::WorthKnowing));
            }
            _ => {}
        }
        if let Some(refusal) = tried.pods.as_ref().filter(|refusal| !is_silent(refusal)) {
            let text = format!("its Pods cannot be created: {}", refusal.message);
            add(Finding::new(Topic::RefusedBefore, version, text).of_severity(Severity::WorthKnowing));
        }
        for home in &seen.homes {
            if let Stored::Unreadable(refusal) = &home.stored {
                let text = format!("it cannot be read as {}: {}", home.api_version, refusal.message);
                add(Finding::new(Topic::Unreadable, version, text).of_severity(Severity::WorthKnowing));
            }
        }
        let later = tried.warnings.iter().filter(|warning| !applied.warnings.contains(warning));
        for warning in applied.warnings.iter().chain(later) {
            add(Finding::new(Topic::Warned, version, warning));
        }
    }
    found.extend(of_webhooks::silent(manifests, None, look));
    found
}

/// What is to be said of a version after the one before it.
pub(super) fn next(manifests: &[Manifest], before: &Look, after: &Look) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, manifest) in manifests.iter().enumerate() {
        let (one, other) = (&before.objects[index], &after.objects[index]);
        let step = Step { manifest, before: one, after: other, from: &before.version, to: &after.version };
        found.extend(step.findings().into_iter().map(|finding| (index, finding)));
    }
    found.extend(of_webhooks::silent(manifests, Some(before), after));
    found
}

/// One object in one step.
struct Step<'a> {
    manifest: &'a Manifest,
    before: &'a Seen,
    after: &'a Seen,
    from: &'a Version,
    to: &'a Version,
}

impl Step<'_> {
    fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let was_there = self.before.shown().is_some();
        match (self.before.served, self.after.served) {
            (true, false) => found.push(self.not_served()),
            (false, false) => found.extend(self.refused_elsewhere()),
            (false, true) => {
                let text = format!("{} is served from here on", self.manifest.api_version);
                found.push(self.say(Topic::Accepted, text));
            }
            (true, true) => {}
        }
        if was_there && self.after.shown().is_none() && self.after.served {
            match self.after.homes.iter().find_map(|home| match &home.stored {
                Stored::Unreadable(refusal) => Some(refusal),
                _ => None,
            }) {
                Some(refusal) => found.push(self.say(Topic::Unreadable, &refusal.message)),
                None => found.push(self.say(Topic::Gone, "it was there before the upgrade and is not any more")),
            }
        }
        found.extend(self.unreadable());
        found.extend(of_fields::findings(self));
        found.extend(self.rolled_out());
        if let (Some(before), Some(after)) = (&self.before.tried, &self.after.tried) {
            found.extend(self.refused(before, after));
            let is_new = |warning: &&String| !before.warnings.contains(warning);
            found.extend(after.warnings.iter().filter(is_new).map(|warning| self.say(Topic::Warned, warning)));
        }
        found
    }

    fn say(&self, topic: Topic, text: impl Into<String>) -> Finding {
        Finding::new(topic, self.to, text)
    }

    fn not_served(&self) -> Finding {
        let (manifest, from) = (self.manifest, self.from);
        let text = format!(
            "{} {} is not served any more; {from} was the last to serve it",
            manifest.api_version, manifest.kind
        );
        let finding = self.say(Topic::NotServed, text);
        let Some(home) = new_home(self.after) else {
            let lost = "nothing serves this kind any more, and what is stored cannot be reached".to_owned();
            return finding.lines(vec![lost]).advice(replacement(&manifest.kind).map(str::to_owned));
        };
        let new = &home.api_version;
        let lives = match self.after.stored(new) {
            Some(Stored::There(_)) => format!("the object lives on as {new}"),
            _ => format!("{new} serves the kind; this object is not stored"),
        };
        finding.lines(vec![lives]).advice(to_write(home, self.to))
    }

    /// What is not served as it is written, and is not taken any more as what it would have been written for instead.
    fn refused_elsewhere(&self) -> Option<Finding> {
        let home = new_home(self.before)?;
        let now = self.after.homes.iter().find(|now| now.api_version == home.api_version)?;
        match (&home.fits, &now.fits) {
            (Some(Ok(())), Some(Err(refusal))) => {
                let text = format!("written as {}: {}", home.api_version, refusal.message);
                Some(self.say(Topic::Refused, text))
            }
            _ => None,
        }
    }

    /// Group-versions that showed the object and cannot any more, while others can.
    fn unreadable(&self) -> Vec<Finding> {
        if self.after.shown().is_none() {
            return Vec::new();
        }
        let lost =
            self.after.homes.iter().filter_map(|home| match (&home.stored, self.before.stored(&home.api_version)) {
                (Stored::Unreadable(refusal), Some(Stored::There(_))) => Some((&home.api_version, refusal)),
                _ => None,
            });
        let text = |(api_version, refusal): (&String, &Refusal)| {
            self.say(Topic::Unreadable, format!("it cannot be read as {api_version} any more: {}", refusal.message))
        };
        lost.map(text).collect()
    }

    fn rolled_out(&self) -> Option<Finding> {
        let (before, after) = (&self.before.revisions, &self.after.revisions);
        let new: Vec<&str> = after.difference(before).map(String::as_str).collect();
        if before.is_empty() || new.is_empty() {
            return None;
        }
        let text = format!("its Pods are replaced: {} is new", new.join(", "));
        let advice = "plan for the restart, and look at the disruption budget".to_owned();
        Some(self.say(Topic::RolledOut, text).advice(advice))
    }

    fn refused(&self, before: &Tried, after: &Tried) -> Vec<Finding> {
        let mut found: Vec<Finding> = Vec::new();
        let ways = [
            (&before.create, &after.create, "when it is created anew"),
            (&before.apply, &after.apply, "when it is applied again"),
            (&before.pods, &after.pods, "when Pods are created for it"),
        ];
        for (before, after, how) in ways {
            let finding = match (before, after) {
                (None, Some(refusal)) if !is_silent(refusal) => {
                    let topic = match refusal.by {
                        By::Webhook(_) | By::Policy(_) | By::PodSecurity => Topic::Bitten,
                        _ => Topic::Refused,
                    };
                    self.say(topic, format!("{how}: {}", refusal.message))
                }
                (Some(refusal), None) if !is_silent(refusal) => self.say(Topic::Accepted, "it is not refused any more"),
                _ => continue,
            };
            // For the same reason once.
            if !found.iter().any(|it| said(it) == said(&finding)) {
                found.push(finding);
            }
        }
        found
    }
}

/// The first of some lines, and how many more there are.
fn first_lines(lines: impl ExactSizeIterator<Item = String>, shown: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(shown);
    let more = (more > 0).then(|| format!("and {more} more"));
    lines.take(shown).chain(more).collect()
}

/// A refusal without the way in which it came.
fn said(finding: &Finding) -> &str {
    finding.text.split_once(": ").map_or(&finding.text, |(_, said)| said)
}

fn is_silent(refusal: &Refusal) -> bool {
    matches!(refusal.by, By::SilentWebhook(_))
}

/// The group-version that an object is best written for: one that takes the manifest as it is, else the nearest.
fn new_home(seen: &Seen) -> Option<&Home> {
    seen.homes.iter().find(|home| home.fits == Some(Ok(()))).or(seen.homes.first())
}

/// How a manifest is written for a group-version that serves its kind.
fn to_write(home: &Home, version: &Version) -> String {
    let api_version = &home.api_version;
    match &home.fits {
        Some(Ok(())) => format!("write `apiVersion: {api_version}`; nothing else in the manifest has to change"),
        Some(Err(refusal)) => {
            format!("write `apiVersion: {api_version}`; more has to change, for {version} says: {}", refusal.message)
        }
        None => format!("write `apiVersion: {api_version}`"),
    }
}

/// What would let an object onto the old version.
fn way_in(manifest: &Manifest, seen: &Seen, version: &Version) -> Option<String> {
    if seen.served {
        return None;
    }
    let is_own = !manifest.group().ends_with(".k8s.io") && manifest.group().contains('.');
    match new_home(seen) {
        Some(home) => Some(to_write(home, version)),
        None if is_own => Some("give the manifest of its CustomResourceDefinition too".to_owned()),
        None => replacement(&manifest.kind).map(str::to_owned),
    }
}

/// What takes the place of a kind that no group-version serves any more.
fn replacement(kind: &str) -> Option<&'static str> {
    (kind == "PodSecurityPolicy").then_some(
        "use Pod Security: label the Namespaces with pod-security.kubernetes.io/enforce, or a ValidatingAdmissionPolicy",
    )
}

#[cfg(test)]
mod tests;
