//! Clusters of kind: made, used and deleted through its command line, each with a kubeconfig of its own. The keeper that
//! made one deletes it; what a killed keeper leaves is found by its name.

mod config;
mod failure;
mod images;
mod node;
mod tools;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::{Folder, read_json, write_json};
use super::order::{Made, Order};
use super::{Home, Release, Setup};
use crate::version::Version;

pub use images::{Images, NodeImage};
pub use tools::KindError;

pub(super) use failure::Cause;
pub(super) use node::{KindCluster, MakeError, programs};
pub(super) use tools::Tools;

/// What the name of every cluster begins with that this program makes.
const PREFIX: &str = "rehearsal-";

/// In the folder of a cluster: the name that kind knows it by, written before it is made.
const MARK: &str = "kind.json";

/// What a cluster of kind is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KindOrder {
    /// The node image.
    pub image: String,
    /// Images for its Pods, and their ids in the engine: another build of one is another cluster.
    loaded: Vec<(String, String)>,
    /// The release of kind that the image belongs to, where that is known.
    needs: Option<String>,
    /// Which engine is asked for, and where it listens: on another one it is another cluster.
    engine: Vec<(String, String)>,
}

/// The order of a cluster of an image.
pub(super) async fn order(image: &NodeImage, loaded: &[String], setup: &Setup) -> Result<Order, KindError> {
    let mut ids = Vec::new();
    if !loaded.is_empty() {
        let tools = Tools::find()?;
        for image in loaded {
            ids.push((image.clone(), tools.id(image).await?));
        }
    }
    let engine = [tools::PROVIDER, "DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST"];
    let engine = engine.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?))).collect();
    let needs = image.kind.as_ref().map(ToString::to_string);
    let made = Made::Kind(KindOrder { image: image.image.clone(), loaded: ids, needs, engine });
    Ok(Order { version: image.version.to_string(), setup: setup.clone(), private: None, made })
}

/// The image that a release means.
pub(super) fn image(release: &Release, named: &[NodeImage]) -> Result<NodeImage, KindError> {
    NodeImage::of(release, named).ok_or_else(|| {
        let wanted = match release {
            Release::Newest => "any release".to_owned(),
            Release::Minor(minor) => minor.to_string(),
            Release::Exact(version) => version.to_string(),
        };
        let known: Vec<String> = NodeImage::published().iter().map(|image| image.version.to_string()).collect();
        KindError::NoImage { wanted, known: format!("kind published {}", known.join(", ")) }
    })
}

impl KindOrder {
    /// Whether such a cluster can be made here.
    pub(super) async fn check(&self) -> Result<(), KindError> {
        let needs = self.needs.as_ref().and_then(|needs| needs.parse::<Version>().ok());
        Tools::find()?.check(&self.image, needs.as_ref()).await
    }
}

/// The name of the cluster that is kept in a folder. Two state folders never mean the same one.
fn name(folder: &Folder) -> String {
    let key = folder.key();
    format!("{}{}", prefix(folder.path().parent().unwrap_or(folder.path())), key.trim_start_matches("kind-"))
}

/// What the names of all clusters begin with that are kept below a folder.
fn prefix(clusters: &Path) -> String {
    let [a, b, ..]: [u8; 32] = Sha256::digest(clusters.as_os_str().as_encoded_bytes()).into();
    format!("{PREFIX}{a:02x}{b:02x}-")
}

/// Remembers that a cluster of this name is ours, before it is made.
fn mark(folder: &Folder, name: &str) -> std::io::Result<()> {
    write_json(&folder.file(MARK), &name)
}

/// Deletes the cluster that a dead keeper has left, by the mark in its folder. Its name, if there was one.
pub(super) async fn delete_leftover(folder: &Folder) -> Result<Option<String>, KindError> {
    let Some(name) = read_json::<String>(&folder.file(MARK)) else { return Ok(None) };
    Tools::find()?.delete(&name).await?;
    Ok(Some(name))
}

/// The clusters whose folder is gone too.
pub(super) async fn strays(home: &Home) -> Vec<(Tools, String)> {
    let clusters = home.clusters();
    let Ok(tools) = Tools::find() else { return Vec::new() };
    // Without an engine none can be running.
    let names = tools.clusters().await.unwrap_or_default();
    let is_stray = |name: &String| {
        let key = name.strip_prefix(&prefix(&clusters));
        key.is_some_and(|key| !clusters.join(format!("kind-{key}")).exists())
    };
    names.into_iter().filter(is_stray).map(|name| (tools.clone(), name)).collect()
}

/// What kind is doing at the moment, as its log says.
pub(super) fn doing(folder: &Folder) -> Option<String> {
    let log = std::fs::read_to_string(node::log(folder)).ok()?;
    let line = log.lines().rev().find_map(|line| line.trim().strip_prefix('•'))?;
    // What follows is a picture and dots.
    let words: String = line.chars().filter(char::is_ascii).collect();
    let words = words.trim().trim_end_matches('.').trim();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect())
}

/// The kubeconfig of a cluster that is there already.
pub(super) async fn kubeconfig(name: &str) -> Result<String, KindError> {
    Tools::find()?.kubeconfig(name).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_state_folder_and_the_order() {
        let folder = |state: &str| Folder::new(Path::new(state).join("clusters/kind-v1.32.2-0a1b2c3d"));
        let (mine, other) = (name(&folder("/a")), name(&folder("/b")));
        assert!(mine.starts_with(PREFIX) && mine.ends_with("-v1.32.2-0a1b2c3d"), "{mine}");
        assert_ne!(mine, other);
        // A node's host name is this and `-control-plane`, at most 63 letters.
        assert!(mine.len() + "-control-plane".len() <= 63, "{mine}");
    }

    #[test]
    fn the_last_step_of_a_log_is_what_is_being_done() {
        let state = tempfile::tempdir().unwrap();
        let folder = Folder::new(state.path().to_owned());
        assert_eq!(doing(&folder), None);
        std::fs::create_dir(folder.logs()).unwrap();
        let log = "Creating cluster \"x\" ...\n • Ensuring node image (node:v1.32.2) \u{1f5bc}  ...\n \u{2713} Ensuring node image\n • Preparing nodes \u{1f4e6}   ...\n";
        std::fs::write(node::log(&folder), log).unwrap();
        assert_eq!(doing(&folder).as_deref(), Some("preparing nodes"));
    }
}
