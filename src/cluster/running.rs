//! The clusters of ours that run, and taking them down.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde::Serialize;

use super::folder::{Folder, Kept, Linger, Lock};
use super::process::send_signal;
use super::{ClusterSet, ClusterSpec, Home, Provider, lease};
use crate::version::Version;

/// A cluster of ours that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// The name of its folder: the release and a hash of its set-up.
    pub key: String,
    /// The release.
    pub version: String,
    /// What made it.
    pub provider: Provider,
    /// The version of its etcd, where that is known.
    pub etcd: Option<String>,
    /// The URL of its API server.
    pub server: String,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The process that keeps it.
    pub keeper: u32,
    /// Whether somebody uses it now.
    pub in_use: bool,
    /// Whether it stays until it is taken down by name.
    pub stays: bool,
    /// For how long it has been running, in seconds.
    pub uptime_seconds: u64,
    /// The memory of its processes on this machine, in MiB; none of a container.
    pub memory_mib: Option<u64>,
}

/// Why a cluster could not be taken down.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DownError {
    /// A run, or another command, uses it.
    #[error("the cluster {key} is in use")]
    #[diagnostic(help("wait for the run that uses it, or take it away from it with --now"))]
    InUse {
        /// Which.
        key: String,
    },
    /// Its keeper could not be told.
    #[error("telling the keeper of {key}, process {keeper}, to end: {cause}")]
    #[diagnostic(help("end that process yourself, then run `rehearsal cluster gc`"))]
    Signal {
        /// Which.
        key: String,
        /// Its keeper.
        keeper: u32,
        /// What the system says.
        cause: io::Error,
    },
    /// Its keeper was told and is still there.
    #[error("the keeper of {key}, process {keeper}, did not end within {} s", DOWN_WITHIN.as_secs())]
    #[diagnostic(help("kill that process, then run `rehearsal cluster gc`"))]
    Stuck {
        /// Which.
        key: String,
        /// Its keeper.
        keeper: u32,
    },
    /// Its folder.
    #[error("the folder {path} of clusters cannot be read: {cause}")]
    #[diagnostic(help("check its permissions, or set REHEARSAL_STATE to another folder"))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// A container engine takes some seconds, and more where others use it.
const DOWN_WITHIN: Duration = Duration::from_mins(1);

impl Running {
    /// Whether a name on the command line means it.
    pub fn is(&self, set: &ClusterSet) -> bool {
        self.version.parse::<Version>().is_ok_and(|version| match set {
            ClusterSet::One(ClusterSpec::Context(_) | ClusterSpec::NamedKind(_) | ClusterSpec::Embedded(_))
            | ClusterSet::Embedded(_) => false,
            ClusterSet::One(ClusterSpec::Local(release)) => self.provider == Provider::Local && release.takes(&version),
            ClusterSet::One(ClusterSpec::Kind(release)) => self.provider == Provider::Kind && release.takes(&version),
            ClusterSet::Local(minors) => self.provider == Provider::Local && minors.contains(version.minor),
        })
    }
}

/// Every cluster of ours that is ready, oldest release first.
pub fn running(home: &Home) -> Result<Vec<Running>, DownError> {
    let path = home.clusters();
    let read = || -> io::Result<Vec<PathBuf>> { std::fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect() };
    let folders = match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(cause) => return Err(DownError::Folder { path, cause }),
        Ok(folders) => folders,
    };
    let mut running: Vec<Running> = folders.into_iter().filter_map(|path| look(&Folder::new(path))).collect();
    running.sort_by_cached_key(|it| (it.version.parse::<Version>().ok(), it.key.clone()));
    Ok(running)
}

fn look(folder: &Folder) -> Option<Running> {
    let endpoint = lease::running(folder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let memory: Option<u64> = match endpoint.components.as_slice() {
        [] => None,
        components => Some(components.iter().filter_map(|(_, pid)| resident_kib(*pid)).sum()),
    };
    Some(Running {
        key: folder.key(),
        version: endpoint.version,
        provider: endpoint.provider,
        etcd: endpoint.etcd,
        server: endpoint.server,
        kubeconfig: endpoint.kubeconfig,
        keeper: endpoint.keeper,
        in_use: Lock::try_exclusive(folder.lease()).is_ok_and(|lease| lease.is_none()),
        stays: folder.linger() == Linger::Stay,
        uptime_seconds: now.saturating_sub(endpoint.started),
        memory_mib: memory.map(|kib| kib / 1024),
    })
}

fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Takes a cluster down and waits until it is gone; one that somebody uses only if it is to be `now`.
pub async fn take_down(home: &Home, cluster: &Running, now: bool) -> Result<(), DownError> {
    let Running { key, keeper, .. } = cluster.clone();
    let folder = Folder::new(home.clusters().join(&key));
    let kept = Kept::by(&folder);
    // Held until it is gone, so that nobody begins to use it.
    let lease = match Lock::try_exclusive(folder.lease()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        lease => lease.map_err(|cause| DownError::Folder { path: folder.path().to_owned(), cause })?,
    };
    if lease.is_none() && !now {
        return Err(DownError::InUse { key });
    }
    // The keeper holds its lock, so the process that the endpoint names is the keeper.
    if lease::running(&folder).is_some_and(|endpoint| endpoint.keeper == keeper) {
        send_signal(keeper, Signal::TERM).map_err(|cause| DownError::Signal { key: key.clone(), keeper, cause })?;
    }
    let deadline = Instant::now() + DOWN_WITHIN;
    while kept.as_ref().is_some_and(Kept::is_held) {
        if Instant::now() > deadline {
            return Err(DownError::Stuck { key, keeper });
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
