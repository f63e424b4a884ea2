//! Clusters: how each kind is opened, and the sessions that requests go through. Knows nothing of scenarios.

mod context;
mod discovery;
mod exchange;
mod identity;
mod session;
mod spec;

use std::collections::BTreeSet;
use std::fmt;

use crate::version::Version;
use discovery::Discovery;

pub use context::ContextError;
pub use discovery::Resource;
pub use exchange::{Exchange, Request};
pub use identity::Identity;
pub use session::{SendError, Session};
pub use spec::{ClusterSpec, Release, SpecError};

/// The label on every Namespace that a run makes; its value is the run's suffix. `cluster gc` finds by it.
pub const RUN_LABEL: &str = "rehearsal.dev/run";

/// The label on the hollow Node of a local control plane.
const HOLLOW_LABEL: &str = "rehearsal.dev/hollow";

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

/// What kind of cluster answers; a ledger says so for each recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `local` or `context`.
    pub kind: &'static str,
    /// The version of its etcd, where that is known.
    pub etcd: Option<String>,
}

/// Facts about a cluster that observations map back to stable names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The issuer of ServiceAccount tokens, where it could be found.
    pub issuer: Option<String>,
    /// The audience of tokens for the API, where it could be found.
    pub audience: Option<String>,
    /// The address of the API server.
    pub server: Option<String>,
}

/// A cluster that answered.
pub struct Cluster {
    origin: Origin,
    version: Version,
    capabilities: BTreeSet<Capability>,
    facts: Facts,
    transports: Transports,
    discovery: Discovery,
}

/// The connections of a cluster, by TLS identity. Nothing connects before its first request.
struct Transports {
    own: kube::Client,
    /// Without the kubeconfig's certificate: for bearers and for nobody.
    bare: kube::Client,
}

impl Cluster {
    fn new(
        origin: Origin,
        version: Version,
        capabilities: BTreeSet<Capability>,
        facts: Facts,
        transports: Transports,
    ) -> Self {
        Self { origin, version, capabilities, facts, transports, discovery: Discovery::default() }
    }

    /// A cluster behind any HTTP service: for transports inside the process. Every identity goes through it.
    pub fn over(client: kube::Client, origin: Origin, version: Version, facts: Facts) -> Self {
        let transports = Transports { own: client.clone(), bare: client };
        Self::new(origin, version, BTreeSet::new(), facts, transports)
    }

    /// What kind of cluster it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The version it answered with.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// What it can do.
    pub fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    /// What observations map back.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A session on behalf of an identity. Two connections serve all of them: the kubeconfig's, and one without its
    /// certificate.
    pub fn session(&self, identity: &Identity) -> Result<Session, SendError> {
        let client = if identity.connects_as_own() { &self.transports.own } else { &self.transports.bare };
        Ok(Session::new(client.clone(), identity.headers()?))
    }

    /// How a kind is served; none where it is not.
    pub async fn resolve(&self, api_version: &str, kind: &str) -> Result<Option<Resource>, SendError> {
        let own = Session::new(self.transports.own.clone(), http::HeaderMap::new());
        self.discovery.resolve(&own, api_version, kind).await
    }

    /// What answers, in words: `v1.36.3, a real control plane with etcd 3.6.8`.
    pub fn describe(&self) -> String {
        match (self.origin.kind, &self.origin.etcd) {
            ("local", Some(etcd)) => format!("{}, a real control plane with etcd {etcd}", self.version),
            ("local", None) => format!("{}, a real control plane", self.version),
            (kind, _) => format!("{}, {kind}", self.version),
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({})", self.describe())
    }
}
