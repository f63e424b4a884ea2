//! Clusters: how each kind is opened, and the sessions that requests go through. Knows nothing of scenarios.
//!
//! [`open`] gives a [`Cluster`], which gives a [`Session`] for each [`Identity`]; what a session sends comes back as an
//! [`Exchange`] or a [`SendError`]. A cluster of ours is a control plane of child processes (`local`, `pki`,
//! `hollow_node`, `process`) or a container (`kind`) that a process of its own keeps (`keeper`, `plane`) for everybody
//! who holds a lease on it (`lease`, `folder`, `order`); or it is a model in this process (`embedded`), where time may be
//! faster than on the wall (`clock`).

mod access;
mod assets;
mod clock;
mod connection;
mod context;
mod discovery;
mod disk;
mod embedded;
mod folder;
mod gc;
mod hollow_node;
mod home;
mod identity;
mod install;
mod keeper;
mod kind;
mod lease;
mod local;
mod open;
mod order;
mod pki;
mod plane;
mod probe;
mod process;
mod remove;
mod request;
mod room;
mod running;
mod send_error;
mod session;
mod set;
mod setup;
mod spec;
mod sweep;
mod upgrade;
mod watch;
mod workplace;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

use crate::capability::Capability;
use crate::version::Version;
use access::{Access, Certified};
use connection::Connection;
use discovery::Discovery;
use embedded::Embedded;
use lease::{Aftermath, Tenancy};
use upgrade::Course;

pub use assets::{Assets, AssetsError, installed};
pub use clock::{Clock, Held};
pub use context::ContextError;
pub use discovery::Resource;
pub use embedded::{EmbeddedError, Outline as EmbeddedOutline, minors as embedded_minors};
pub use folder::Linger;
pub use gc::{GcError, sweep_local};
pub use home::{Home, HomeError};
pub use identity::Identity;
pub use install::{
    BuildError, FetchError, GivenError, InstallError, InstallStep, Installation, Installer, Mirror, MirrorError,
};
pub use kind::{Images, KindError, NodeImage};
pub use lease::LocalError;
pub use open::{
    ClusterError, Hear, OpenOptions, Progress, local_capabilities, open, open_telling, rungs, version, version_of,
};
pub use remove::{RemoveError, Stored, remove, stored};
pub use request::Request;
pub use room::room;
pub use running::{DownError, Running, running, take_down};
pub use send_error::{ClusterEnd, SendError};
pub use session::Session;
pub use set::{ClusterSet, Minors, named};
pub use setup::Setup;
pub use spec::{ClusterSpec, Release, SpecError};
pub use sweep::{SweepError, sweep};
pub use upgrade::UpgradeError;
pub use watch::{EventKind, Watch, WatchEvent};
pub use workplace::{Workplace, WorkplaceError};

pub use crate::reply::Exchange;

/// The label on every Namespace that a run makes; its value is the run's suffix. `cluster gc` finds by it.
pub const RUN_LABEL: &str = "rehearsal.dev/run";

/// The image of Pods that say what they see: `ci/kind/pod` makes it, and no registry has it.
const POD_IMAGE: &str = "rehearsal/pod:1";

/// The label on the hollow Node of a local control plane.
const HOLLOW_LABEL: &str = "rehearsal.dev/hollow";

/// To be called first thing in `main` of a program that opens local clusters: the keeper of a cluster and the shims
/// around its components are that program too, told by the environment. None in an ordinary process; otherwise its work
/// is done, and this is its exit code.
pub fn hook() -> Option<ExitCode> {
    if let Some(keeper) = std::env::var_os(process::SHIM) {
        return Some(process::shim(&keeper));
    }
    std::env::var_os(keeper::KEEPER).map(|folder| keeper::main(&folder))
}

/// What kind of cluster answers; a ledger says so for each recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `local`, `kind`, `context` or `embedded`.
    pub kind: &'static str,
    /// The version of its etcd, where that is known.
    pub etcd: Option<String>,
}

impl Origin {
    const KIND: Self = Self { kind: "kind", etcd: None };
    const EMBEDDED: Self = Self { kind: "embedded", etcd: None };
}

/// What makes a cluster of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// This program, of processes.
    Local,
    /// kind, of containers.
    Kind,
}

/// Facts about a cluster that observations map back to stable names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The issuer of `ServiceAccount` tokens, where it could be found.
    pub issuer: Option<String>,
    /// The audience of tokens for the API, where it could be found.
    pub audience: Option<String>,
    /// The address of the API server.
    pub server: Option<String>,
    /// The names of its Nodes, where they could be listed.
    pub nodes: Vec<String>,
}

/// A cluster that answered. Its connections belong to the tokio runtime that it was opened in.
pub struct Cluster {
    origin: Origin,
    version: Version,
    capabilities: BTreeSet<Capability>,
    facts: Facts,
    setup: Setup,
    transports: Transports,
    certified: Certified,
    discovery: Discovery,
    /// What a kubeconfig for other programs is made of.
    access: Option<Access>,
    /// The folder with the `kubectl` of its minor version.
    programs: RwLock<Option<PathBuf>>,
    course: Course,
    home: Option<Home>,
    tenancy: Option<Tenancy>,
    aftermath: Option<Arc<Aftermath>>,
    /// What answers, where that is in this process.
    embedded: Option<Embedded>,
    clock: Clock,
}

/// The connections of a cluster, by TLS identity.
struct Transports {
    own: Connection,
    /// Without the kubeconfig's certificate: for bearers and for nobody.
    bare: Connection,
    /// The set-up of the latter, for clients with another certificate.
    without: Option<Box<kube::Config>>,
}

impl Cluster {
    fn new(
        origin: Origin,
        version: Version,
        capabilities: BTreeSet<Capability>,
        facts: Facts,
        transports: Transports,
    ) -> Self {
        Self {
            origin,
            capabilities,
            facts,
            setup: Setup::default(),
            transports,
            certified: Certified::default(),
            discovery: Discovery::default(),
            access: None,
            programs: RwLock::default(),
            course: Course::new(version.clone()),
            version,
            home: None,
            tenancy: None,
            aftermath: None,
            embedded: None,
            clock: Clock::default(),
        }
    }

    /// A cluster behind any HTTP service (`kube::Client::new`): for transports inside the process. Every identity goes
    /// through it.
    pub fn over(client: kube::Client, origin: Origin, version: Version, facts: Facts) -> Self {
        let own = Connection::from(client);
        let transports = Transports { bare: own.clone(), own, without: None };
        Self::new(origin, version, BTreeSet::new(), facts, transports)
    }

    /// The same cluster, which stays as long as this is there.
    fn held_by(self, tenancy: Tenancy) -> Self {
        let aftermath = Some(Arc::new(Aftermath::new(&tenancy)));
        let discovery = Discovery::knowing(tenancy.folder.served());
        Self { tenancy: Some(tenancy), aftermath, discovery, ..self }
    }

    /// Whether it is a model: then nothing that it shows may be recorded, and it refuses what it does not know.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// The time that it lives in.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What kind of cluster it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The version it answered with when it was opened.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// What it can do.
    pub fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    /// How it is set up otherwise than by default; of a cluster that is not ours that is not known.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What observations map back.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The issuer of `ServiceAccount` tokens, where it could be found.
    pub fn issuer(&self) -> Option<&str> {
        self.facts.issuer.as_deref()
    }

    /// The audience of tokens for the API, where it could be found.
    pub fn audience(&self) -> Option<&str> {
        self.facts.audience.as_deref()
    }

    /// The address of the API server; of an embedded one, once it [is served](Self::serve).
    pub fn server(&self) -> Option<&str> {
        self.facts.server.as_deref().or_else(|| Some(self.socket()?.server.as_str()))
    }

    /// The administrator's kubeconfig of a cluster of ours.
    pub fn kubeconfig(&self) -> Option<&Path> {
        self.tenancy.as_ref().map(|tenancy| tenancy.endpoint.kubeconfig.as_path())
    }

    /// A session on behalf of an identity. Two connections serve all that bring no certificate: the kubeconfig's, and one
    /// without its certificate.
    pub fn session(&self, identity: &Identity) -> Result<Session, SendError> {
        let connection = match identity {
            Identity::Own | Identity::Impersonated { .. } => self.transports.own.clone(),
            Identity::Bearer(_) | Identity::Anonymous => self.transports.bare.clone(),
            Identity::Certified { .. } => self.certified_connection(identity)?,
        };
        let modelled = self.embedded.as_ref().map(|_| self.version.minor);
        Ok(Session::new(connection, identity.headers()?).with_aftermath(self.aftermath.clone()).of_model(modelled))
    }

    /// How a kind is served; none where it is not.
    pub async fn resolve(&self, api_version: &str, kind: &str) -> Result<Option<Resource>, SendError> {
        self.discovery.resolve(&self.session(&Identity::Own)?, api_version, kind).await
    }

    /// The collections of everything that lives outside of Namespaces, as far as it can be found out.
    pub async fn cluster_wide(&self) -> Result<Vec<String>, SendError> {
        Ok(discovery::cluster_wide(&self.session(&Identity::Own)?).await)
    }

    /// All that is served, read anew; what the server would not tell is left out.
    pub async fn served(&self) -> Result<Vec<Resource>, SendError> {
        let served = discovery::everything(&self.session(&Identity::Own)?).await;
        Ok(served.into_values().flatten().collect())
    }

    /// The group-versions, as far as they were read, that a kind of this name is in.
    pub fn homes(&self, kind: &str) -> Vec<String> {
        self.discovery.homes(kind)
    }

    /// What is served, as far as it was read, that is spelt almost as this kind.
    pub fn meant(&self, api_version: &str, kind: &str) -> Option<Resource> {
        self.discovery.meant(api_version, kind)
    }

    /// What answers, in words: `v1.36.3, a real control plane with etcd 3.6.8`.
    pub fn describe(&self) -> String {
        let what = match (self.origin.kind, &self.origin.etcd) {
            ("local", Some(etcd)) => format!("{}, a real control plane with etcd {etcd}", self.version),
            ("local", None) => format!("{}, a real control plane", self.version),
            ("kind", _) => format!("{}, a kind cluster", self.version),
            ("embedded", _) => format!("{}, the embedded model", self.version.minor),
            (kind, _) => format!("{}, {kind}", self.version),
        };
        if self.setup.is_default() { what } else { format!("{what}, set up with {}", self.setup) }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({})", self.describe())
    }
}
