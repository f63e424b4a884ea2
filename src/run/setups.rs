//! Which scenarios share a cluster: those that ask for the same set-up.

use std::collections::BTreeMap;

use crate::cluster::Setup;
use crate::scenario::ScenarioFile;
use crate::version::Version;

/// The scenarios by the set-up they ask for on a version, the default one first. Where the version is not known beforehand
/// nothing can be set up either; a scenario that says nothing about the version needs nothing.
pub(super) fn by_setup<'s>(
    scenarios: &[&'s ScenarioFile],
    version: Option<&Version>,
) -> BTreeMap<Setup, Vec<&'s ScenarioFile>> {
    let mut by_setup: BTreeMap<Setup, Vec<&ScenarioFile>> = BTreeMap::new();
    for file in scenarios {
        let scenario = &file.scenario;
        let version = version.filter(|version| scenario.kubernetes.contains(version));
        let setup = version.map(|version| scenario.cluster.on(version)).unwrap_or_default();
        by_setup.entry(setup).or_default().push(file);
    }
    by_setup
}
