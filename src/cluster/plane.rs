//! What a keeper keeps: one way to start, watch and end a cluster, whatever it is made of.

use std::path::{Path, PathBuf};

use super::Provider;
use super::folder::Folder;
use super::kind::{KindCluster, KindError, MakeError};
use super::local::{BootError, ControlPlane};
use super::order::{Made, Order};

/// A cluster, from its beginning to its end.
pub(super) enum Plane {
    /// Processes, which are killed when it is dropped.
    Local(ControlPlane),
    /// A container, which outlives its keeper unless it is stopped.
    Kind(Box<KindCluster>),
}

/// Why a cluster is not there.
#[derive(Debug)]
pub(super) struct PlaneError {
    /// What happened.
    pub(super) reason: String,
    /// What to do, where that is known.
    pub(super) help: Option<String>,
    /// The log that knows more, and its end.
    pub(super) log: Option<(PathBuf, String)>,
}

impl From<String> for PlaneError {
    fn from(reason: String) -> Self {
        Self { reason, help: None, log: None }
    }
}

impl From<BootError> for PlaneError {
    fn from(error: BootError) -> Self {
        let log = error.log().map(|(log, last_words): (&Path, &str)| (log.to_owned(), last_words.to_owned()));
        Self { reason: error.to_string(), help: None, log }
    }
}

impl From<MakeError> for PlaneError {
    fn from(error: MakeError) -> Self {
        Self { reason: error.cause.reason, help: error.cause.help, log: Some((error.log, error.last_words)) }
    }
}

impl Plane {
    /// What an order will become.
    pub(super) fn of(order: &Order) -> Self {
        match &order.made {
            Made::Local(_) => Self::Local(ControlPlane::default()),
            Made::Kind(_) => Self::Kind(Box::default()),
        }
    }

    /// Starts it in a folder. To be called on the main thread, with the folder as working folder.
    pub(super) async fn boot(&mut self, order: &Order, folder: &Folder) -> Result<(), PlaneError> {
        match (self, &order.made) {
            (Self::Local(plane), Made::Local(local)) => Ok(plane.boot(order, local, folder).await?),
            (Self::Kind(cluster), Made::Kind(kind)) => Ok(cluster.boot(order, kind, folder).await?),
            _ => Err("the order is for another kind of cluster".to_owned().into()),
        }
    }

    /// Puts another release in its place, on the same data. To be called as [`Self::boot`].
    pub(super) async fn upgrade(&mut self, order: &Order, folder: &Folder) -> Result<(), PlaneError> {
        match (self, &order.made) {
            (Self::Local(plane), Made::Local(local)) => Ok(plane.upgrade(order, local, folder).await?),
            _ => Err("only control planes of processes can be upgraded".to_owned().into()),
        }
    }

    /// What made it.
    pub(super) fn provider(&self) -> Provider {
        match self {
            Self::Local(_) => Provider::Local,
            Self::Kind(_) => Provider::Kind,
        }
    }

    /// The URL of the API server.
    pub(super) fn server(&self) -> &str {
        match self {
            Self::Local(plane) => plane.server(),
            Self::Kind(cluster) => cluster.server(),
        }
    }

    /// Its processes on this machine, by name.
    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        match self {
            Self::Local(plane) => plane.processes(),
            Self::Kind(_) => Vec::new(),
        }
    }

    /// Waits until it has failed.
    pub(super) async fn ended(&mut self) -> PlaneError {
        match self {
            Self::Local(plane) => plane.ended().await.into(),
            Self::Kind(cluster) => cluster.ended().await.into(),
        }
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn stop(&mut self) -> Result<(), KindError> {
        match self {
            Self::Local(plane) => plane.stop().await,
            Self::Kind(cluster) => cluster.stop().await?,
        }
        Ok(())
    }
}
