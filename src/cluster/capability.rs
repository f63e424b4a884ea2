//! What a scenario can need of a cluster.

use std::fmt;
use std::str::FromStr;

/// Something a scenario can need of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// A Node that Pods are scheduled to, Ready.
    Node,
    /// A kubelet that really starts containers.
    Kubelet,
    /// A scheduler.
    Scheduler,
    /// Exactly one API server: its caches are then one.
    OneApiserver,
    /// No authenticators beyond those of Kubernetes itself, whose messages would show in reviews.
    PlainAuthentication,
    /// Every right on the cluster.
    Admin,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Node, Self::Kubelet, Self::Scheduler, Self::OneApiserver, Self::PlainAuthentication, Self::Admin];

    /// Its name in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Kubelet => "kubelet",
            Self::Scheduler => "scheduler",
            Self::OneApiserver => "one-apiserver",
            Self::PlainAuthentication => "plain-authentication",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is nothing that a cluster can have: write one of node, kubelet, scheduler, one-apiserver, plain-authentication, admin"
)]
pub struct UnknownCapability(String);

impl FromStr for Capability {
    type Err = UnknownCapability;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownCapability(text.to_owned()))
    }
}
