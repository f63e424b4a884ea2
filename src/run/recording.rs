//! What a scenario showed, ready for the store.

use std::collections::BTreeMap;

use crate::scenario::ScenarioFile;
use crate::snapshot::{Entry, Series, StepName, Store, StoreError, Subject, Text, Written};
use crate::version::Version;

/// The answers of one scenario on one version. There is one only where it ran to its end and every `expect` was met.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The scenario as its snapshot files mention it.
    pub subject: Subject,
    /// The version that answered.
    pub version: Version,
    /// What the ledger says of it.
    pub entry: Entry,
    /// What each snapshotted step showed.
    pub texts: BTreeMap<Series, Text>,
}

impl Recording {
    /// Proposes it for review.
    pub fn propose(&self, store: &Store) -> Result<Written, StoreError> {
        store.propose(&self.subject, &self.version, self.entry.clone(), self.texts.clone())
    }

    /// Records it at once.
    pub fn record(&self, store: &Store) -> Result<Written, StoreError> {
        store.record(&self.subject, &self.version, self.entry.clone(), self.texts.clone())
    }
}

/// A scenario as its snapshot files mention it; none where its name cannot be that of a folder.
pub fn subject(file: &ScenarioFile) -> Option<Subject> {
    let named = file.scenario.steps.iter().filter_map(|step| {
        let name = step.name.as_ref()?;
        let line = name.at().span().and_then(|span| u32::try_from(span.line).ok());
        Some((Series::of(&name.slug()).ok()?, StepName { name: name.full().into_owned(), line }))
    });
    Some(Subject {
        id: file.id().parse().ok()?,
        source: file.project_path(),
        title: file.scenario.title.clone(),
        steps: named.collect(),
    })
}
