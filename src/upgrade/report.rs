//! What a rehearsal says, as data.

use std::path::PathBuf;
use std::time::Duration;

use super::finding::{Finding, Severity};
use super::manifests::{Input, LeftOut, Manifest};
use crate::run::Trouble;
use crate::version::Version;

/// What came of a rehearsal, or of as much of it as there was.
#[derive(Debug, Clone)]
pub struct Report {
    /// The version that the manifests were applied to.
    pub from: Version,
    /// The version that was asked for.
    pub to: Version,
    /// The versions that were looked at, in order.
    pub looked: Vec<Looked>,
    /// Every object, in the order of the manifests.
    pub objects: Vec<Object>,
    /// What is not rehearsed.
    pub left_out: Vec<LeftOut>,
    /// Namespaces that objects name and no manifest gives; they were made.
    pub namespaces_made: Vec<String>,
    /// How it ended.
    pub end: End,
    /// The kubeconfig of the cluster that was left running.
    pub kept: Option<PathBuf>,
}

/// A version that was looked at.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Which.
    pub version: Version,
    /// How long it took to get there and to look.
    pub took: Duration,
}

/// An object and what is to be said of it.
#[derive(Debug, Clone)]
pub struct Object {
    /// Kind and name: `Deployment shop/web`.
    pub name: String,
    /// The `apiVersion` of its manifest.
    pub api_version: String,
    /// Where it is written.
    pub at: String,
    /// In the order in which they came.
    pub findings: Vec<Finding>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone)]
pub enum End {
    /// It has not.
    Running,
    /// With the last version.
    Whole,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// It could not go on.
    Failed {
        /// What was being done.
        doing: String,
        /// Why it failed, and what to do.
        trouble: Trouble,
    },
}

impl Report {
    pub(super) fn new(from: Version, to: Version, input: &Input) -> Self {
        Self {
            from,
            to,
            looked: Vec::new(),
            objects: input.manifests.iter().map(Object::of).collect(),
            left_out: input.left_out.clone(),
            namespaces_made: Vec::new(),
            end: End::Running,
            kept: None,
        }
    }

    /// The objects whose gravest finding is of this severity; none for those without any.
    pub fn of(&self, severity: Option<Severity>) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.severity() == severity)
    }

    /// Whether somebody has to do something.
    pub fn needs_attention(&self) -> bool {
        self.of(Some(Severity::NeedsAttention)).next().is_some()
    }

    /// How many objects there are of which severity, in words.
    pub fn counts(&self) -> String {
        let count = |severity| self.of(severity).count();
        let all = self.objects.len();
        let objects = if all == 1 { "object" } else { "objects" };
        let attention = count(Some(Severity::NeedsAttention));
        format!(
            "{all} {objects}: {attention} need{} attention, {} worth knowing, {} unaffected",
            if attention == 1 { "s" } else { "" },
            count(Some(Severity::WorthKnowing)),
            count(None),
        )
    }

    /// What was done, in words: `v1.22.17 -> v1.23.17 -> v1.24.17`.
    pub fn course(&self) -> String {
        let versions: Vec<String> = self.looked.iter().map(|looked| looked.version.to_string()).collect();
        if versions.is_empty() { format!("{} was not looked at", self.from) } else { versions.join(" -> ") }
    }

    /// What is to be said of a rehearsal that did not come to its end, and what to do.
    pub fn shortfall(&self) -> Option<(String, Option<String>)> {
        let seen = match self.looked.last() {
            None => "nothing was seen yet".to_owned(),
            Some(last) => {
                format!("what is said here holds up to {}, and nothing is known of what comes after", last.version)
            }
        };
        match &self.end {
            End::Whole | End::Running => None,
            End::Interrupted => Some((format!("interrupted: {seen}"), None)),
            End::Failed { doing, trouble } => {
                Some((format!("{doing}: {}; {seen}", trouble.message), trouble.help.clone()))
            }
        }
    }
}

impl Object {
    fn of(manifest: &Manifest) -> Self {
        Self {
            name: manifest.to_string(),
            api_version: manifest.api_version.clone(),
            at: manifest.at.to_string(),
            findings: Vec::new(),
        }
    }

    /// That of its gravest finding.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
