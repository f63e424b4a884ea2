//! The course of a rehearsal, step by step, and what is known at any time.

use std::time::Instant;

use super::apply::{Applied, apply, make_namespaces};
use super::error::RehearsalError;
use super::findings::{self, Found};
use super::gates::Aside;
use super::look::Look;
use super::looking::{at_rest, look};
use super::manifests::Input;
use super::place::Place;
use super::report::{End, Looked, Report};
use crate::cluster::Cluster;
use crate::run::Trouble;
use crate::version::Version;

/// Hears what is being done.
pub type Tell<'t> = dyn Fn(&str) + 't;

/// Manifests on a cluster that is upgraded. Dropped in the middle of anything, it has said all that it knows.
pub struct Rehearsal<'a> {
    place: Place<'a>,
    applied: Vec<Applied>,
    last: Option<Look>,
    aside: Aside,
    report: Report,
}

impl<'a> Rehearsal<'a> {
    /// Nothing is done yet. Objects that name no Namespace go to `namespace`, if their kind is in one.
    pub fn new(
        cluster: &'a Cluster,
        to: Version,
        input: &'a Input,
        namespace: &'a str,
    ) -> Result<Self, RehearsalError> {
        let report = Report::new(cluster.version().clone(), to, input);
        let applied = vec![Applied::default(); input.manifests.len()];
        Ok(Self { place: Place::new(cluster, input, namespace)?, applied, last: None, aside: Aside::default(), report })
    }

    /// What is known so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What is known, and how it ended.
    pub fn ended(mut self, end: End) -> Report {
        self.report.end = end;
        self.report
    }

    /// Applies the manifests, and looks at what became of them.
    pub async fn begin(&mut self, tell: &Tell<'_>) -> Result<(), RehearsalError> {
        let since = Instant::now();
        let served = self.place.served().await?;
        self.report.namespaces_made = make_namespaces(&self.place, &served).await?;
        apply(&self.place, false, &mut self.applied, tell).await?;
        // Controllers have done what they do before anything stands in their way.
        at_rest(&self.place, None).await?;
        apply(&self.place, true, &mut self.applied, tell).await?;
        let version = self.report.from.clone();
        let seen = look(&self.place, &version, None, tell).await?;
        let found = findings::first(self.place.manifests, &self.applied, &seen);
        self.add(seen, found, since);
        Ok(())
    }

    /// Sets aside what would stand in the way of an upgrade and is not there to answer. The next look puts it back.
    pub async fn make_way(&mut self) -> Result<(), RehearsalError> {
        self.aside.take_all(&self.place).await
    }

    /// Looks at everything after an upgrade to `version` that began at `since`, and says what is otherwise.
    pub async fn go_on(&mut self, version: &Version, since: Instant, tell: &Tell<'_>) -> Result<(), RehearsalError> {
        std::mem::take(&mut self.aside).put_back(&self.place).await?;
        let seen = look(&self.place, version, self.last.as_ref(), tell).await?;
        let found = self.last.as_ref().map(|last| findings::next(self.place.manifests, last, &seen));
        self.add(seen, found.unwrap_or_default(), since);
        Ok(())
    }

    fn add(&mut self, seen: Look, found: Vec<Found>, since: Instant) {
        self.report.looked.push(Looked { version: seen.version.clone(), took: since.elapsed() });
        for (index, mut finding) in found {
            // Whatever it is: what a server says, or what it holds.
            finding.rewrite(&|text| self.place.mask.hide(text));
            self.report.objects[index].findings.push(finding);
        }
        self.last = Some(seen);
    }
}

impl End {
    /// It could not go on.
    pub fn failed(doing: impl Into<String>, error: &(impl miette::Diagnostic + ?Sized)) -> Self {
        Self::Failed { doing: doing.into(), trouble: Trouble::from_error(error) }
    }
}
