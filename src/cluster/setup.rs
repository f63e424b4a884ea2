//! How a cluster of ours is set up otherwise than by default.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How a control plane is set up otherwise than by default. Another set-up is another cluster.
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
