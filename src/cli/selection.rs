//! Options that several commands share: which scenarios, which snapshots, which clusters.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;

use super::Failure;
use crate::cluster::ClusterSpec;
use crate::scenario::{self, ScenarioFile};
use crate::snapshot::Store;

/// Which scenarios, and where their snapshots are.
#[derive(Debug, Clone, Args)]
pub(super) struct Selection {
    /// Scenario files, or folders that are searched for them.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<Utf8PathBuf>,
    /// The folder of the snapshots, which mirrors the scenarios.
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    pub snapshots: Utf8PathBuf,
}

impl Selection {
    /// Reads the scenarios; every mistake of every file in one go.
    pub(super) fn load(&self) -> Result<Vec<ScenarioFile>, Failure> {
        Ok(scenario::load(&self.paths)?)
    }

    /// Whether these are all scenarios of the project, so that a snapshot of none of them belongs to nobody.
    pub(super) fn is_whole(&self) -> bool {
        self.paths == ["scenarios"]
    }

    pub(super) fn store(&self) -> Store {
        Store::open(self.snapshots.clone())
    }
}

/// Which clusters.
#[derive(Debug, Clone, Args)]
pub(super) struct Clusters {
    /// Clusters to run on, one after the other: `local:v1.36` (a real control plane as processes on this machine),
    /// `context:NAME` (a context of your kubeconfig). Nothing else is ever touched.
    #[arg(long = "cluster", value_name = "CLUSTER", value_delimiter = ',', env = "REHEARSAL_CLUSTER", required = true)]
    pub specs: Vec<ClusterSpec>,
}

/// Reads `30s`, `500ms` or `2m` on the command line.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    crate::syntax::parse_duration(text).ok_or_else(|| "write a whole number and its unit: 500ms, 12s or 1m".to_owned())
}
