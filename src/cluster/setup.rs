//! What a local cluster is to be, and the key that follows from it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Assets;

/// How a local control plane is set up otherwise than by default. Another set-up is another cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setup {
    /// Feature gates, for every component. A gate that the release does not know fails the start.
    pub gates: BTreeMap<String, bool>,
    /// Flags of kube-apiserver, without their dashes; they win over ours.
    pub apiserver: BTreeMap<String, String>,
    /// Flags of kube-controller-manager.
    pub controller_manager: BTreeMap<String, String>,
    /// Flags of kube-scheduler.
    pub scheduler: BTreeMap<String, String>,
}

impl Setup {
    /// Whether nothing is otherwise than by default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gates = self.gates.iter().map(|(gate, on)| format!("{gate}={on}"));
        let components = [
            ("kube-apiserver", &self.apiserver),
            ("kube-controller-manager", &self.controller_manager),
            ("kube-scheduler", &self.scheduler),
        ];
        let flags = components.into_iter().flat_map(|(component, flags)| {
            flags.iter().map(move |(flag, value)| format!("{component} --{flag}={value}"))
        });
        f.write_str(&gates.chain(flags).collect::<Vec<_>>().join(", "))
    }
}

/// What a keeper is to start, written into its folder by whoever starts it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    /// The release.
    pub version: String,
    /// The version of etcd.
    pub etcd: String,
    /// The folder of the programs.
    pub programs: PathBuf,
    /// Their checksums.
    checksums: BTreeMap<String, String>,
    /// Gates and flags.
    pub setup: Setup,
}

impl Order {
    pub(super) fn new(assets: &Assets, setup: &Setup) -> Self {
        Self {
            version: assets.version.to_string(),
            etcd: assets.etcd.clone(),
            programs: assets.folder.clone(),
            checksums: assets.checksums.clone(),
            setup: setup.clone(),
        }
    }

    /// What is started, in words.
    pub(super) fn describe(&self) -> String {
        if self.setup.is_default() { self.version.clone() } else { format!("{} with {}", self.version, self.setup) }
    }

    /// The name of the folder that everybody who wants this very cluster shares. Our own version is in it: another one
    /// may keep its clusters otherwise.
    pub(super) fn key(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        // The maps are sorted, so equal orders have equal texts; a map of strings cannot fail to be written.
        hash.update(serde_json::to_vec(self).unwrap_or_default());
        let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
        format!("{}-{:08x}", self.version, u32::from_be_bytes([a, b, c, d]))
    }
}
