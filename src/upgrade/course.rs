//! A whole rehearsal: a cluster of the old version for it alone, and every minor up to the new one in turn.

use std::path::PathBuf;
use std::time::Instant;

use super::error::RehearsalError;
use super::manifests::Input;
use super::rehearsal::Rehearsal;
use super::report::{End, Report};
use super::seclusion::Seclusion;
use crate::cluster::{self, Cluster, ClusterSet, ClusterSpec, Minors, OpenOptions, Release, Setup};
use crate::stop::Stop;
use crate::version::{Minor, Version};

/// From where to where, and how.
#[derive(Debug, Clone)]
pub struct Course {
    /// What the manifests are applied to.
    pub from: Release,
    /// What it is upgraded to in the end.
    pub to: Release,
    /// The Namespace of objects that name none.
    pub namespace: String,
    /// Leave the cluster running.
    pub keep: bool,
}

/// What happens in the course of a rehearsal.
#[derive(Debug)]
pub enum Event<'e> {
    /// The old version answers; what it is, in words.
    Opened(&'e str),
    /// Something that takes time has begun.
    Doing(&'e str),
}

impl Course {
    /// Rehearses the manifests. Ctrl-C ends it, and what is known by then is told. Nothing stays but what was asked to.
    pub async fn run(&self, input: &Input, hear: &dyn Fn(Event<'_>)) -> Result<Option<Report>, RehearsalError> {
        let stop = Stop::on_signals();
        let mut stopped = stop.heard();
        let seclusion = Seclusion::new().map_err(RehearsalError::Seclude)?;
        let setup = seclusion.setup();
        let options =
            OpenOptions { setup: setup.clone(), private: true, stays_if_started: self.keep, ..OpenOptions::default() };
        let spec = ClusterSpec::Local(self.from.clone());
        let opening = cluster::open_telling(&spec, options, |doing| {
            hear(Event::Doing(&doing.to_string()));
            Ok::<_, RehearsalError>(())
        });
        let cluster = tokio::select! {
            opened = opening => opened?,
            _ = stopped.wait_for(|is| *is) => return Ok(None),
        };
        let to = cluster.rung(&self.to)?;
        hear(Event::Opened(&described(&cluster)));
        let mut rehearsal = Rehearsal::new(&cluster, to.clone(), input, &self.namespace)?;
        let end = tokio::select! {
            end = climb(&mut rehearsal, &cluster, (&to, &setup), hear) => end,
            _ = stopped.wait_for(|is| *is) => End::Interrupted,
        };
        let mut report = rehearsal.ended(end);
        let kubeconfig: Option<PathBuf> = cluster.kubeconfig().map(ToOwned::to_owned);
        report.kept = kubeconfig.filter(|_| self.keep && !matches!(report.end, End::Failed { .. }));
        Ok(Some(report))
    }
}

/// Everything on an open cluster, one minor after the other.
async fn climb(
    rehearsal: &mut Rehearsal<'_>,
    cluster: &Cluster,
    (to, setup): (&Version, &Setup),
    hear: &dyn Fn(Event<'_>),
) -> End {
    let from = cluster.version().clone();
    let tell = |version: &Version, doing: &str| hear(Event::Doing(&format!("{version}: {doing}")));
    if let Err(error) = rehearsal.begin(&|doing| tell(&from, doing)).await {
        return End::failed(format!("applying the manifests to {from} and looking at them"), &error);
    }
    let mut now = from;
    while now.minor < to.minor {
        let next = now.minor.after();
        let (since, before) = (Instant::now(), now.clone());
        let release = if next == to.minor { Release::Exact(to.clone()) } else { Release::Minor(next) };
        let upgraded = match rehearsal.make_way().await {
            Ok(()) => upgrade(cluster, &release, setup, &|doing| tell(&before, doing)).await,
            Err(error) => Err(error),
        };
        now = match upgraded {
            Ok(version) => version,
            Err(error) => return End::failed(format!("upgrading from {before} to {release}"), &error),
        };
        if let Err(error) = rehearsal.go_on(&now, since, &|doing| tell(&now, doing)).await {
            return End::failed(format!("looking at everything after the upgrade from {before} to {now}"), &error);
        }
    }
    End::Whole
}

/// What answers, in words, without what it is set up with: that is ours.
fn described(cluster: &Cluster) -> String {
    let etcd = cluster.origin().etcd.as_ref().map(|etcd| format!(" with etcd {etcd}")).unwrap_or_default();
    format!("{}, a real control plane{etcd}", cluster.version())
}

async fn upgrade(
    cluster: &Cluster,
    to: &Release,
    setup: &Setup,
    tell: &dyn Fn(&str),
) -> Result<Version, RehearsalError> {
    let version = cluster.rung(to)?;
    tell(&format!("upgrading to {version}"));
    cluster.upgrade(&version, setup).await?;
    Ok(version)
}

/// The minors on the way, all of which have to be installed.
pub fn way(from: &Release, to: &Release) -> Result<ClusterSet, NoWay> {
    match (from.minor(), to.minor()) {
        (Some(from), Some(to)) if from < to => Ok(ClusterSet::Local(Minors::Range(from, to))),
        (Some(from), Some(to)) if to < from => Err(NoWay::Back { from, to }),
        _ => Err(NoWay::Same { from: from.clone(), to: to.clone() }),
    }
}

/// Why there is no way from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    /// The new one is older.
    #[error(
        "{to} is older than {from}: a control plane cannot go back, for what the newer one stored the older cannot read"
    )]
    Back {
        /// The one.
        from: Minor,
        /// The other.
        to: Minor,
    },
    /// Both are of one minor.
    #[error("{from} and {to} are of the same minor, and an upgrade goes from minor to minor")]
    Same {
        /// The one.
        from: Release,
        /// The other.
        to: Release,
    },
}
