//! Another release in place of the one that runs, on the same data: a client's part. The keeper of the cluster does it
//! (`local/upgrade`).

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

use rustix::process::Signal;
use tokio::sync::Mutex;

use super::folder::{Kept, write_json};
use super::lease::{self, Pause, Tenancy, buried, indented};
use super::order::Order;
use super::process::send_signal;
use super::{Assets, Cluster, ClusterEnd, Release, Setup};
use crate::version::Version;

/// Why a cluster could not be upgraded.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum UpgradeError {
    /// It is not ours, or not made of processes, or others may be using it.
    #[error("this cluster cannot be upgraded in place")]
    #[diagnostic(help("name a local control plane, as in --cluster local:v1.36: it is upgraded for this run alone"))]
    NotHere,
    /// An older release.
    #[error("{to} is not newer than {from}, which runs: a control plane cannot go back")]
    #[diagnostic(help("start with the older one"))]
    Back {
        /// What runs.
        from: Version,
        /// What was asked for.
        to: Version,
    },
    /// More than one minor at once.
    #[error("from {from} to {to} at once: the version-skew policy allows one minor at a time")]
    #[diagnostic(help("upgrade to each minor between them in turn"))]
    TooFar {
        /// What runs.
        from: Version,
        /// What was asked for.
        to: Version,
    },
    /// It is not installed.
    #[error("no control plane of {to} is installed to upgrade to")]
    #[diagnostic(help("install one: rehearsal cluster install {to}"))]
    NotInstalled {
        /// What was asked for.
        to: Release,
    },
    /// The files through which the keeper is told.
    #[error("telling the keeper of the cluster in {folder} to upgrade it: {cause}")]
    #[diagnostic(help("check the permissions of the folder and the space on its disk, then run again"))]
    Tell {
        /// The folder of the cluster.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The newer one did not come up.
    #[error("{to} did not start in place of {from}: {}{}", end.reason, indented(&end.last_words))]
    #[diagnostic(help("{}", after(from, end)))]
    NotStarted {
        /// What ran.
        from: Version,
        /// What was asked for.
        to: Version,
        /// Why it did not.
        end: Box<ClusterEnd>,
    },
}

fn after(from: &Version, end: &ClusterEnd) -> String {
    end.with_log(&format!(
        "until then {from} answered; what it had stored went with the cluster, of which nothing runs any more"
    ))
}

/// What a cluster has become since it was opened.
pub(super) struct Course {
    /// What can come after what runs, oldest first.
    rungs: Vec<Assets>,
    now: RwLock<Version>,
    /// How often another release has begun to take the place of the one before.
    begun: AtomicU32,
    /// Held by whoever puts one in its place.
    going_on: Mutex<()>,
}

impl Course {
    pub(super) fn new(now: Version) -> Self {
        Self { rungs: Vec::new(), now: RwLock::new(now), begun: AtomicU32::new(0), going_on: Mutex::default() }
    }

    /// The same with what is installed to go on with.
    pub(super) fn with_rungs(self, installed: Vec<Assets>) -> Self {
        Self { rungs: installed, ..self }
    }

    fn now(&self) -> Version {
        // Nothing panics while it is locked.
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Cluster {
    /// Whether nobody else uses it or ever will.
    pub fn is_private(&self) -> bool {
        self.tenancy.as_ref().is_some_and(|tenancy| tenancy.is_private)
            || self.embedded.as_ref().is_some_and(|embedded| embedded.is_private)
    }

    /// The version that answers now: after an upgrade another one than when it was opened.
    pub fn now(&self) -> Version {
        self.course.now()
    }

    /// The installed releases that come after the one it was opened with, oldest first. Empty where it cannot be upgraded.
    pub fn rungs(&self) -> impl Iterator<Item = &Version> {
        self.course.rungs.iter().map(|assets| &assets.version)
    }

    /// The newest installed release that comes after the one it was opened with and is meant by a name.
    pub fn rung(&self, release: &Release) -> Result<Version, UpgradeError> {
        let meant = self.course.rungs.iter().rfind(|assets| release.takes(&assets.version));
        meant.map(|assets| assets.version.clone()).ok_or_else(|| UpgradeError::NotInstalled { to: release.clone() })
    }

    /// How often an upgrade of it has begun: what was open before one may have ended by it.
    pub fn upgrades_begun(&self) -> u32 {
        self.course.begun.load(Ordering::Acquire)
    }

    /// Comes when no upgrade is going on.
    pub async fn at_rest(&self) {
        drop(self.course.going_on.lock().await);
    }

    /// Puts a release in place of the one that runs: of the same minor or the next, installed, with the gates and flags of
    /// `setup`. Comes back when its API server is ready and its controllers work. Sessions stay usable.
    ///
    /// # Errors
    /// Where nothing was done because it cannot be; where the newer release does not start, the cluster is gone.
    pub async fn upgrade(&self, to: &Version, setup: &Setup) -> Result<(), UpgradeError> {
        let _going_on = self.course.going_on.lock().await;
        let Some(tenancy) = self.tenancy.as_ref().filter(|tenancy| tenancy.is_private) else {
            return Err(UpgradeError::NotHere);
        };
        let from = self.now();
        let assets = self.course.next(&from, to)?;
        let order = Order::local(assets, setup);
        self.course.begun.fetch_add(1, Ordering::AcqRel);
        replace(tenancy, &order, &from, to).await?;
        self.discovery.begin_anew(tenancy.folder.served());
        *self.programs.write().unwrap_or_else(PoisonError::into_inner) = Some(assets.folder.clone());
        *self.course.now.write().unwrap_or_else(PoisonError::into_inner) = to.clone();
        Ok(())
    }
}

impl Course {
    /// The release to put in place of another one.
    fn next(&self, from: &Version, to: &Version) -> Result<&Assets, UpgradeError> {
        let (from, to) = (from.clone(), to.clone());
        if to <= from {
            return Err(UpgradeError::Back { from, to });
        }
        if to.minor > from.minor.after() {
            return Err(UpgradeError::TooFar { from, to });
        }
        self.rungs
            .iter()
            .find(|assets| assets.version == to)
            .ok_or(UpgradeError::NotInstalled { to: Release::Exact(to) })
    }
}

/// Tells the keeper what is wanted and waits until that runs.
async fn replace(tenancy: &Tenancy, order: &Order, from: &Version, to: &Version) -> Result<(), UpgradeError> {
    let (folder, keeper) = (&tenancy.folder, tenancy.endpoint.keeper);
    let tell = |cause| UpgradeError::Tell { folder: folder.path().to_owned(), cause };
    write_json(&folder.wanted(), order).map_err(tell)?;
    let is_kept = || lease::running(folder).is_some_and(|endpoint| endpoint.keeper == keeper);
    if is_kept() {
        send_signal(keeper, Signal::USR1).map_err(tell)?;
    }
    let (kept, mut pause) = (Kept::by(folder), Pause::default());
    while folder.wanted().exists() {
        if !is_kept() {
            break;
        }
        pause.wait().await;
    }
    if is_kept() {
        return Ok(());
    }
    // What it says of its end it says last.
    while kept.as_ref().is_some_and(Kept::is_held) {
        pause.wait().await;
    }
    let end = buried(folder, keeper).map_or_else(ClusterEnd::untold, ClusterEnd::from);
    Err(UpgradeError::NotStarted { from: from.clone(), to: to.clone(), end: Box::new(end) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn course(installed: &[&str]) -> Course {
        let assets = installed.iter().map(|version| Assets {
            version: version.parse().unwrap(),
            etcd: "3.6.8".to_owned(),
            folder: "/".into(),
            checksums: BTreeMap::new(),
        });
        Course::new("v1.30.1".parse().unwrap()).with_rungs(assets.collect())
    }

    #[test]
    fn it_goes_up_by_one_minor_or_within_one() {
        let course = course(&["v1.30.4", "v1.31.0", "v1.32.2"]);
        let next = |from: &str, to: &str| {
            let next = course.next(&from.parse().unwrap(), &to.parse().unwrap());
            next.map_or_else(|error| error.to_string(), |assets| assets.version.to_string())
        };
        assert_eq!(next("v1.30.1", "v1.30.4"), "v1.30.4");
        assert_eq!(next("v1.30.4", "v1.31.0"), "v1.31.0");
        assert_eq!(next("v1.31.0", "v1.32.2"), "v1.32.2");
        assert_eq!(next("v1.30.1", "v1.31.9"), "no control plane of v1.31.9 is installed to upgrade to");
        let refused = next("v1.30.1", "v1.32.2");
        assert_eq!(refused, "from v1.30.1 to v1.32.2 at once: the version-skew policy allows one minor at a time");
        for to in ["v1.31.0", "v1.30.4"] {
            assert!(next("v1.31.0", to).ends_with("a control plane cannot go back"), "{to}");
        }
    }
}
