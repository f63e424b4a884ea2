//! What a keeper is to start, written into the folder of its cluster by whoever starts it, and the key of that folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::kind::KindOrder;
use super::{Assets, Setup};

/// A cluster that is to be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    /// The release.
    pub version: String,
    /// Gates and flags.
    pub setup: Setup,
    /// A word that nobody else has, of a cluster that is shared with nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<String>,
    /// What it is made of.
    pub made: Made,
}

/// What a cluster is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Made {
    /// Processes on this machine.
    Local(LocalOrder),
    /// A container, by kind.
    Kind(KindOrder),
}

/// The programs of a control plane.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LocalOrder {
    /// The version of etcd.
    pub etcd: String,
    /// Their folder.
    pub programs: PathBuf,
    /// Their checksums.
    checksums: BTreeMap<String, String>,
}

impl Order {
    /// A control plane as processes on this machine.
    pub(super) fn local(assets: &Assets, setup: &Setup) -> Self {
        let made = Made::Local(LocalOrder {
            etcd: assets.etcd.clone(),
            programs: assets.folder.clone(),
            checksums: assets.checksums.clone(),
        });
        Self { version: assets.version.to_string(), setup: setup.clone(), private: None, made }
    }

    /// The same for one user alone.
    pub(super) fn private(self) -> Self {
        Self { private: Some(format!("{:016x}", rand::rng().random::<u64>())), ..self }
    }

    /// What is started, in words.
    pub(super) fn describe(&self) -> String {
        let what = match self.made {
            Made::Local(_) => format!("a control plane of {}", self.version),
            Made::Kind(_) => format!("a kind cluster of {}", self.version),
        };
        if self.setup.is_default() { what } else { format!("{what} with {}", self.setup) }
    }

    /// The name of the folder that everybody who wants this very cluster shares. Our own version is in it: another one
    /// may keep its clusters otherwise.
    pub(super) fn key(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        // The maps are sorted, so equal orders have equal texts; a map of strings cannot fail to be written.
        hash.update(serde_json::to_vec(self).unwrap_or_default());
        let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
        let kind = if matches!(self.made, Made::Kind(_)) { "kind-" } else { "" };
        format!("{kind}{}-{:08x}", self.version, u32::from_be_bytes([a, b, c, d]))
    }
}
