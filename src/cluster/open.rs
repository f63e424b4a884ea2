//! Opening a cluster by its name on the command line.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::mpsc;

use super::access::Access;
use super::folder::Folder;
use super::kind::{self, Images, KindError};
use super::order::Order;
use super::upgrade::Course;
use super::{
    Assets, AssetsError, Clock, Cluster, ClusterSpec, ContextError, EmbeddedError, Facts, Home, HomeError, Linger,
    LocalError, Origin, POD_IMAGE, Release, Setup, assets, context, embedded, hollow_node, lease, local,
};
use crate::capability::Capability;
use crate::version::Version;

/// Is told what takes time.
pub type Hear = Arc<dyn Fn(&Progress) + Send + Sync>;

/// How a cluster is opened.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// How long a cluster of ours stays after its last user has gone; the longest that anybody asked for counts.
    pub linger: Linger,
    /// Whether it stays until it is taken down, if it is started for this and nobody had it running.
    pub stays_if_started: bool,
    /// How a cluster of ours is set up.
    pub setup: Setup,
    /// Whether a local or embedded cluster is shared with nobody: nothing need be taken away there, and only such a local
    /// one can be upgraded.
    pub private: bool,
    /// Of what clusters of kind are made.
    pub images: Images,
    /// Where control planes and clusters are; what the environment says unless this does.
    pub home: Option<Home>,
    /// The program that becomes the keeper of a local cluster, whose `main` calls [`super::hook`] first; the running one
    /// unless this says otherwise.
    pub keeper: Option<PathBuf>,
    /// Hears what takes time.
    pub progress: Option<Hear>,
    /// The time of the runtime that an embedded cluster is opened in. All others live in that of the wall.
    pub clock: Clock,
}

impl OpenOptions {
    /// By default but for how long it stays.
    pub fn lingering(linger: Linger) -> Self {
        Self { linger, ..Self::default() }
    }

    pub(super) fn home(&self) -> Result<Home, HomeError> {
        self.home.clone().map_or_else(Home::from_env, Ok)
    }

    pub(super) fn tell(&self, progress: &Progress) {
        if let Some(hear) = &self.progress {
            hear(progress);
        }
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions").field("linger", &self.linger).field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// What takes time when a cluster of ours is opened. Nothing is said of one that runs already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is started.
    Starting {
        /// What.
        what: String,
    },
    /// A step of that.
    Doing {
        /// Which.
        what: String,
    },
    /// Somebody else starts it, or takes the one before down.
    Waiting {
        /// What.
        what: String,
    },
    /// It can be used.
    Ready {
        /// Since it was asked for.
        took: Duration,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { what } => write!(f, "starting {what}"),
            Self::Doing { what } => f.write_str(what),
            Self::Waiting { what } => write!(f, "waiting for {what}"),
            Self::Ready { took } => write!(f, "ready after {:.1} s", took.as_secs_f64()),
        }
    }
}

/// Why a cluster could not be opened.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ClusterError {
    /// A context of the kubeconfig.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Context(#[from] ContextError),
    /// No such control plane is installed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Assets(#[from] AssetsError),
    /// A local control plane.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Local(#[from] LocalError),
    /// A cluster of kind.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Kind(#[from] KindError),
    /// One in this process.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Embedded(#[from] EmbeddedError),
    /// There is nowhere to keep it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Home(#[from] HomeError),
}

/// Opens a cluster. One of ours is started if nobody has it running, and stays at least until the `Cluster` is dropped.
/// Sets a deadline for what should be quick, and for a start; to be given up by dropping it.
pub async fn open(spec: &ClusterSpec, how: &OpenOptions) -> Result<Cluster, ClusterError> {
    match spec {
        ClusterSpec::Context(name) => Ok(context::open(name).await?),
        ClusterSpec::Local(release) => {
            let home = how.home()?;
            Ok(open_local(&home, &assets::resolve(&home, release)?, how).await?)
        }
        ClusterSpec::Kind(release) => Box::pin(open_kind(&how.home()?, release, how)).await,
        ClusterSpec::NamedKind(name) => {
            let kubeconfig = kind::kubeconfig(name).await?;
            Ok(context::open_kubeconfig(&kubeconfig, &format!("kind-{name}"), Origin::KIND).await?)
        }
        ClusterSpec::Embedded(release) => Ok(embedded::open(release, how)?),
    }
}

/// The same, and tells what takes time to somebody who may live on one thread only; ends where that fails.
pub async fn open_telling<E: From<ClusterError>>(
    spec: &ClusterSpec,
    how: OpenOptions,
    mut tell: impl FnMut(&Progress) -> Result<(), E>,
) -> Result<Cluster, E> {
    let (progress, mut told) = mpsc::unbounded_channel();
    let hear = move |doing: &Progress| drop(progress.send(doing.clone()));
    let how = OpenOptions { progress: Some(Arc::new(hear)), ..how };
    let opening = open(spec, &how);
    tokio::pin!(opening);
    let opened = loop {
        tokio::select! {
            biased;
            Some(doing) = told.recv() => tell(&doing)?,
            opened = &mut opening => break opened?,
        }
    };
    while let Ok(doing) = told.try_recv() {
        tell(&doing)?;
    }
    Ok(opened)
}

/// The version that a cluster will answer with, where that is known before it is opened.
pub fn version(spec: &ClusterSpec, how: &OpenOptions) -> Result<Option<Version>, ClusterError> {
    match spec {
        ClusterSpec::Context(_) | ClusterSpec::NamedKind(_) => Ok(None),
        ClusterSpec::Local(release) => Ok(Some(assets::resolve(&how.home()?, release)?.version)),
        ClusterSpec::Kind(release) => Ok(Some(kind::image(release, &how.images.nodes)?.version)),
        ClusterSpec::Embedded(release) => Ok(Some(embedded::version(release)?)),
    }
}

/// What a cluster of a version can be upgraded to, oldest first, where it is one for a single user.
pub fn rungs(spec: &ClusterSpec, version: &Version, how: &OpenOptions) -> Vec<Version> {
    match (spec, how.home()) {
        (ClusterSpec::Local(_), Ok(home)) => {
            assets::after(&home, version).into_iter().map(|assets| assets.version).collect()
        }
        _ => Vec::new(),
    }
}

/// The version of the cluster behind a context of the kubeconfig. Nothing else is asked of it.
pub async fn version_of(context: &str) -> Result<Version, ClusterError> {
    Ok(context::version_of(context).await?)
}

async fn open_local(home: &Home, assets: &Assets, how: &OpenOptions) -> Result<Cluster, LocalError> {
    let order = Order::local(assets, &how.setup);
    let order = if how.private { order.private() } else { order };
    let folder = Folder::new(home.clusters().join(order.key()));
    let tenancy = lease::acquire(folder, &order, how).await?;
    let endpoint = &tenancy.endpoint;
    let kubeconfig = context::read(&endpoint.kubeconfig).map_err(|cause| LocalError::Connect { cause })?;
    let access = Access::of(&kubeconfig, None);
    let transports = context::transports_of(kubeconfig).await;
    let transports = transports.map_err(|cause| LocalError::Connect { cause })?;
    // The first of several issuers signs; somebody may have asked for others.
    let flag = |name: &str| how.setup.apiserver.get(name).and_then(|value| value.split(',').next()).map(str::to_owned);
    let issuer = flag("service-account-issuer").unwrap_or_else(|| local::ISSUER.to_owned());
    let facts = Facts {
        audience: Some(flag("api-audiences").unwrap_or_else(|| issuer.clone())),
        issuer: Some(issuer),
        server: Some(endpoint.server.clone()),
        nodes: vec![hollow_node::NODE.to_owned()],
    };
    let origin = Origin { kind: "local", etcd: endpoint.etcd.clone() };
    let rungs = if how.private { assets::after(home, &assets.version) } else { Vec::new() };
    let cluster = Cluster {
        setup: how.setup.clone(),
        access,
        programs: RwLock::new(Some(assets.folder.clone())),
        course: Course::new(assets.version.clone()).with_rungs(rungs),
        home: Some(home.clone()),
        ..Cluster::new(origin, assets.version.clone(), local_capabilities(), facts, transports)
    };
    Ok(cluster.held_by(tenancy))
}

/// A cluster of kind is ours alone, with all rights; what it is beyond that is found out, as of any other.
async fn open_kind(home: &Home, release: &Release, how: &OpenOptions) -> Result<Cluster, ClusterError> {
    let image = kind::image(release, &how.images.nodes)?;
    let order = kind::order(&image, &how.images.loaded, &how.setup).await?;
    let folder = Folder::new(home.clusters().join(order.key()));
    let programs = kind::programs(&folder);
    let tenancy = lease::acquire(folder, &order, how).await?;
    let kubeconfig = &tenancy.endpoint.kubeconfig;
    let cluster = context::open_file(kubeconfig, Origin::KIND).await?;
    if cluster.version != image.version {
        let (expected, found) = (image.version, cluster.version);
        return Err(KindError::OtherVersion { image: image.image, expected, found }.into());
    }
    let mut capabilities = cluster.capabilities.clone();
    capabilities.extend([Capability::Kubectl, Capability::Ca]);
    // The kubelet lists its images only now and then.
    capabilities.extend(how.images.loaded.iter().any(|image| image == POD_IMAGE).then_some(Capability::PodImage));
    let cluster = Cluster {
        setup: how.setup.clone(),
        capabilities,
        programs: RwLock::new(Some(programs)),
        home: Some(home.clone()),
        ..cluster
    };
    Ok(cluster.held_by(tenancy))
}

/// What every local control plane can do: it has a hollow Node, so no kubelet.
pub fn local_capabilities() -> BTreeSet<Capability> {
    BTreeSet::from([
        Capability::Node,
        Capability::Bare,
        Capability::Scheduler,
        Capability::Kubectl,
        Capability::Programs,
        Capability::Ca,
        Capability::OneApiserver,
        Capability::PlainAuthentication,
        Capability::Admin,
        Capability::Upgrade,
    ])
}
