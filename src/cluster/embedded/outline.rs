//! What is known of an embedded cluster before there is one: what would be skipped on it is told without starting it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rehearsal_model::NotModelled;

use super::{EmbeddedError, release};
use crate::capability::Capability;
use crate::cluster::{Home, Release, Setup, assets};
use crate::version::Version;

/// An embedded cluster that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The version it would answer with.
    pub version: Version,
    /// What it would be able to do.
    pub capabilities: BTreeSet<Capability>,
    pub(super) release: rehearsal_model::Release,
    /// Where programs of its version are.
    pub(super) programs: Option<PathBuf>,
}

impl Outline {
    /// That of a release; without a home it has no programs.
    pub fn of(wanted: &Release, home: Option<&Home>) -> Result<Self, EmbeddedError> {
        let (version, release) = release(wanted)?;
        let programs = home.and_then(|home| assets::resolve(home, &Release::Minor(version.minor)).ok());
        let programs = programs.map(|assets| assets.folder);
        let mut capabilities = CAPABILITIES.into_iter().collect::<BTreeSet<_>>();
        capabilities.extend(programs.is_some().then_some(Capability::Kubectl));
        Ok(Self { version, capabilities, release, programs })
    }

    /// Says what of a set-up, or of these kinds (each a group version and a name), is not modelled, if anything is.
    pub fn check<'k>(
        &self,
        setup: &Setup,
        kinds: impl IntoIterator<Item = (&'k str, &'k str)>,
    ) -> Result<(), NotModelled> {
        if let Some(flag) = setup.scheduler.keys().next() {
            return Err(NotModelled { what: format!("the flag --{flag} of kube-scheduler") });
        }
        let Setup { gates, apiserver, controller_manager, .. } = setup;
        let model = rehearsal_model::Outline::new(self.release, gates, apiserver, controller_manager)?;
        kinds.into_iter().try_for_each(|(api_version, kind)| model.check_kind(api_version, kind))
    }
}

/// What each can do, beside what a `kubectl` of its version can, where that is installed.
pub(super) const CAPABILITIES: [Capability; 5] =
    [Capability::Node, Capability::Ca, Capability::OneApiserver, Capability::PlainAuthentication, Capability::Admin];
