//! From a scenario and a server to the steps that will run. Pure: no cluster is touched, and nothing is drawn but the
//! suffix that makes names unique.

mod names;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use names::Names;

use crate::action::Declared;
use crate::capability::Capability;
use crate::cluster::{Release, Setup};
use crate::scenario::{Scenario, ScenarioFile, Step};
use crate::syntax::Diagnostics;
use crate::version::Version;

/// What a plan has to know of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'c> {
    /// The version that answers.
    pub version: &'c Version,
    /// What it can do.
    pub has: &'c BTreeSet<Capability>,
    /// How it is set up otherwise than by default, as far as we know: of a cluster that is not ours, nothing.
    pub setup: &'c Setup,
    /// The releases that it can be upgraded to, oldest first.
    pub rungs: &'c [Version],
}

/// What is to be done with a scenario on a server.
#[derive(Debug)]
pub enum Planned {
    /// It says nothing about this server.
    Skip {
        /// Why: the version, a capability or the set-up.
        reason: String,
    },
    /// Its steps, with names made unique.
    Run(Box<Plan>),
}

/// A scenario ready to run once.
#[derive(Debug)]
pub struct Plan {
    /// The scenario with the names of this run.
    pub scenario: Arc<Scenario>,
    /// For each of its steps why this server leaves it out, if it does.
    pub left_out: Vec<Option<String>>,
    /// The names of this run.
    pub names: Names,
}

/// A scenario with names that are those of one run on its cluster.
#[derive(Debug, Clone)]
pub struct Renamed {
    scenario: Arc<Scenario>,
    names: Names,
}

impl Renamed {
    /// With names that were just drawn.
    pub fn draw(file: &ScenarioFile) -> Result<Self, Diagnostics> {
        let words = file.scenario.words().map(str::to_owned).collect();
        let names = Names::draw(words, &mut rand::rng(), |suffix| file.mentions(suffix));
        let scenario = Arc::new(file.renamed(&|text| names.rewrite(text))?);
        Ok(Self { scenario, names })
    }
}

impl Planned {
    /// What is to be done with a scenario on a cluster. It is `renamed` only if it runs.
    pub fn of(
        file: &ScenarioFile,
        on: &Cluster<'_>,
        renamed: impl FnOnce() -> Result<Renamed, Diagnostics>,
    ) -> Result<Self, Diagnostics> {
        let Cluster { version, has, .. } = *on;
        let written = &file.scenario;
        if let Some(reason) = Self::skipped(written, on) {
            return Ok(Self::Skip { reason });
        }
        let Renamed { scenario, names } = renamed()?;
        let left_out = scenario.steps.iter().map(|step| left_out(step, version, has)).collect();
        Ok(Self::Run(Box::new(Plan { scenario, left_out, names })))
    }

    /// Why a scenario is not run on a cluster, if it is not.
    pub fn skipped(written: &Scenario, on: &Cluster<'_>) -> Option<String> {
        let Cluster { version, has, setup, rungs } = *on;
        if !written.kubernetes.contains(version) {
            return Some(format!("about Kubernetes {}", written.kubernetes));
        }
        if let Some(missing) = written.needs.difference(has).next() {
            return Some(format!("needs {}, which this cluster has not", missing.word()));
        }
        let asked = written.cluster.on(version);
        if asked != *setup {
            return Some(other_setup(&asked));
        }
        if let Err(missing) = course(written, version, rungs) {
            return Some(format!("upgrades to {missing}, which is not installed: rehearsal cluster install {missing}"));
        }
        None
    }
}

/// The kinds that the steps of a scenario which apply to a server are about: group version and name.
pub fn kinds(scenario: &Scenario, version: &Version, has: &BTreeSet<Capability>) -> BTreeSet<(String, String)> {
    let mut declared = Declared::default();
    for step in scenario.steps.iter().filter(|step| left_out(step, version, has).is_none()) {
        step.action.declare(&mut declared);
    }
    declared.kinds.into_iter().map(|name| (name.api_version, name.kind)).collect()
}

/// The releases that a scenario goes to from a version, in order, as far as it says; or the first that is not there.
pub fn course(scenario: &Scenario, version: &Version, rungs: &[Version]) -> Result<Vec<Version>, Release> {
    let mut now = version.clone();
    let releases = scenario.upgrades().map(|upgrade| {
        let release = upgrade.release(&now);
        let next = rungs.iter().rfind(|rung| release.takes(rung)).cloned().ok_or(release)?;
        now.clone_from(&next);
        Ok(next)
    });
    releases.collect()
}

/// The digest of the steps of a scenario that apply to a server: what was recorded with another one is stale.
pub fn digest(scenario: &Scenario, version: &Version, has: &BTreeSet<Capability>) -> String {
    scenario.digest(&scenario.cluster.on(version), |step| left_out(step, version, has).is_none())
}

fn other_setup(asked: &Setup) -> String {
    if asked.is_default() {
        "needs a cluster that is set up by default".to_owned()
    } else {
        format!("needs a cluster set up with {asked}: only local ones and those of kind can be")
    }
}

fn left_out(step: &Step, version: &Version, has: &BTreeSet<Capability>) -> Option<String> {
    if !step.when.kubernetes.contains(version) {
        return Some(format!("about Kubernetes {}", step.when.kubernetes));
    }
    step.when.needs.difference(has).next().map(|missing| format!("needs {}", missing.word()))
}
