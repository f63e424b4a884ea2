//! The one place that reads environment variables on behalf of commands and the test harness. Where clusters and assets
//! are kept is read in `cluster`, since the keeper of a cluster needs it without a command line.

use std::path::PathBuf;
use std::str::FromStr;

use camino::Utf8PathBuf;

use crate::cluster::{ClusterSet, Images, Mirror, MirrorError, SpecError};
use crate::shard::{Shard, ShardError};

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `CI` is set to something true: what nobody recorded fails, and nothing is proposed.
    pub ci: bool,
    /// `REHEARSAL_CLUSTER`: clusters for `cargo test` and for commands that are told none, separated by commas.
    pub clusters: Option<String>,
    /// `REHEARSAL_NODE_IMAGE`: node images for clusters of kind, separated by commas.
    pub node_images: Option<String>,
    /// `REHEARSAL_LOAD_IMAGE`: images that are loaded into clusters of kind, separated by commas.
    pub load_images: Option<String>,
    /// `REHEARSAL_SHARD`: which part of the scenarios `cargo test` and `run` take, as in `2/5`.
    pub shard: Option<String>,
    /// `REHEARSAL_MIRROR`: where `cluster install` downloads from. Read at once: the text may hold a password.
    pub mirror: Option<Result<Mirror, MirrorError>>,
    /// `KUBEBUILDER_ASSETS`: the folder whose programs `cluster install` copies where nothing else is named.
    pub kubebuilder_assets: Option<PathBuf>,
    /// `INSTA_UPDATE`, as insta's own assertions read it.
    pub insta_update: Option<String>,
    /// `INSTA_SNAPSHOT_REFERENCES_FILE`: where `cargo insta test --unreferenced` collects the files in use.
    pub insta_references: Option<Utf8PathBuf>,
}

impl Environment {
    /// The clusters that `REHEARSAL_CLUSTER` names.
    pub fn clusters(&self) -> Result<Vec<ClusterSet>, SpecError> {
        list(self.clusters.as_deref())
    }

    /// The images that `REHEARSAL_NODE_IMAGE` and `REHEARSAL_LOAD_IMAGE` name.
    pub fn images(&self) -> Result<Images, SpecError> {
        let Ok(loaded) = list(self.load_images.as_deref());
        Ok(Images { nodes: list(self.node_images.as_deref())?, loaded })
    }

    /// The shard that `REHEARSAL_SHARD` names.
    pub fn shard(&self) -> Result<Option<Shard>, ShardError> {
        self.shard.as_deref().map(|text| text.trim().parse()).transpose()
    }

    /// Reads the environment of this process.
    pub fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            ci: text("CI").is_some_and(|value| value != "false" && value != "0"),
            clusters: text("REHEARSAL_CLUSTER"),
            node_images: text("REHEARSAL_NODE_IMAGE"),
            load_images: text("REHEARSAL_LOAD_IMAGE"),
            shard: text("REHEARSAL_SHARD"),
            mirror: text("REHEARSAL_MIRROR").map(|address| address.parse()),
            kubebuilder_assets: text("KUBEBUILDER_ASSETS").map(PathBuf::from),
            insta_update: text("INSTA_UPDATE"),
            insta_references: text("INSTA_SNAPSHOT_REFERENCES_FILE").map(Utf8PathBuf::from),
        }
    }
}

fn list<T: FromStr>(names: Option<&str>) -> Result<Vec<T>, T::Err> {
    let names = names.into_iter().flat_map(|names| names.split(','));
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
}
