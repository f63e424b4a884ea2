//! The one place that reads environment variables on behalf of commands and the test harness. Where clusters and assets
//! are kept is read in `cluster`, since the keeper of a cluster needs it without a command line.

use camino::Utf8PathBuf;

use crate::cluster::{ClusterSet, SpecError};

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `CI` is set to something true: what nobody recorded fails, and nothing is proposed.
    pub ci: bool,
    /// `REHEARSAL_CLUSTER`: clusters for `cargo test` and for commands that are told none, separated by commas.
    pub clusters: Option<String>,
    /// `INSTA_UPDATE`, as insta's own assertions read it.
    pub insta_update: Option<String>,
    /// `INSTA_SNAPSHOT_REFERENCES_FILE`: where `cargo insta test --unreferenced` collects the files in use.
    pub insta_references: Option<Utf8PathBuf>,
}

impl Environment {
    /// The clusters that `REHEARSAL_CLUSTER` names.
    pub fn clusters(&self) -> Result<Vec<ClusterSet>, SpecError> {
        let names = self.clusters.iter().flat_map(|names| names.split(','));
        names.map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
    }

    /// Reads the environment of this process.
    pub fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            ci: text("CI").is_some_and(|value| value != "false" && value != "0"),
            clusters: text("REHEARSAL_CLUSTER"),
            insta_update: text("INSTA_UPDATE"),
            insta_references: text("INSTA_SNAPSHOT_REFERENCES_FILE").map(Utf8PathBuf::from),
        }
    }
}
