//! What a scenario can need of a cluster beyond an API server, and what a cluster can say it has.

use std::fmt;

/// One capability, of a closed set: a word nobody knows would skip a scenario everywhere and for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// A Node that Pods are bound to; it may run them on paper.
    Node,
    /// Nothing but a control plane: Pods run on paper only, and there is no default `StorageClass`.
    Bare,
    /// A kubelet that runs containers.
    Kubelet,
    /// The image `rehearsal/pod:1` on a Node, for Pods that say what they see.
    PodImage,
    /// A scheduler.
    Scheduler,
    /// The cluster can be upgraded in place.
    Upgrade,
    /// A `kubectl` of the cluster's minor version.
    Kubectl,
    /// The programs of a control plane of its version, to be run once more.
    Programs,
    /// The cluster's certificate authority signs client certificates for us.
    Ca,
    /// One API server, so that what it caches shows.
    OneApiserver,
    /// No authenticators beside the built-in ones.
    PlainAuthentication,
    /// Full rights.
    Admin,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Node,
        Self::Bare,
        Self::Kubelet,
        Self::PodImage,
        Self::Scheduler,
        Self::Upgrade,
        Self::Kubectl,
        Self::Programs,
        Self::Ca,
        Self::OneApiserver,
        Self::PlainAuthentication,
        Self::Admin,
    ];

    /// What a cluster has that has it.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Node => "A Node that Pods are bound to; it may run them on paper.",
            Self::Bare => {
                "Nothing but a control plane: Pods run on paper only, and there is no default `StorageClass`."
            }
            Self::Kubelet => "A kubelet that runs containers.",
            Self::PodImage => "The image `rehearsal/pod:1` on a Node, for Pods that say what they see (ci/kind/pod).",
            Self::Scheduler => "A scheduler.",
            Self::Upgrade => "It can be upgraded in place.",
            Self::Kubectl => "A `kubectl` of its minor version.",
            Self::Programs => "The programs of a control plane of its version, for commands that run one once more.",
            Self::Ca => "Its certificate authority signs client certificates for us.",
            Self::OneApiserver => "One API server, so that what it caches shows.",
            Self::PlainAuthentication => "No authenticators beside the built-in ones.",
            Self::Admin => "Full rights.",
        }
    }

    /// The word for it in `needs:`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Bare => "bare",
            Self::Kubelet => "kubelet",
            Self::PodImage => "pod-image",
            Self::Scheduler => "scheduler",
            Self::Upgrade => "upgrade",
            Self::Kubectl => "kubectl",
            Self::Programs => "programs",
            Self::Ca => "ca",
            Self::OneApiserver => "one-apiserver",
            Self::PlainAuthentication => "plain-authentication",
            Self::Admin => "admin",
        }
    }

    /// The capability a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.word() == word)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
