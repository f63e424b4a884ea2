//! Which tests there are: clusters, and a scenario on each.

use std::collections::BTreeSet;

use super::text;
use crate::cli::Environment;
use crate::cluster::{self, ClusterSpec, Home, Images, OpenOptions, Release};
use crate::run::Trouble;
use crate::scenario::ScenarioFile;
use crate::version::{Minor, Version};

/// One test: a scenario on a cluster.
pub(super) struct Case<'a> {
    pub(super) name: String,
    pub(super) file: &'a ScenarioFile,
    pub(super) target: Target,
}

/// A cluster that tests are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) spec: ClusterSpec,
    /// Before the `::` of a test's name.
    label: String,
    /// The version it will answer with, where that is known beforehand.
    version: Option<Version>,
    /// Why it is not there.
    missing: Option<String>,
}

/// The clusters that tests are for: those that are named; else a model of each minor that snapshots were recorded on, and
/// of the newest where none were.
pub(super) fn targets(
    environment: &Environment,
    recorded: &BTreeSet<Minor>,
    images: &Images,
) -> Result<Vec<Target>, String> {
    if environment.clusters.is_none() {
        let newest = cluster::embedded_minors().next_back().filter(|_| recorded.is_empty());
        return Ok(recorded.iter().copied().chain(newest).map(embedded).collect());
    }
    let home = Home::from_env().map_err(|error| error.to_string())?;
    let installed = cluster::installed(&home).map_err(|error| error.to_string())?;
    let installed: Vec<Version> = installed.into_iter().map(|assets| assets.version).collect();
    let newest = |minor: Minor| installed.iter().filter(|version| version.minor == minor).max().cloned();
    let local = |minor: Minor| {
        let version = newest(minor);
        let missing =
            version.is_none().then(|| format!("no control plane of {minor}: rehearsal cluster install {minor}"));
        Target { spec: ClusterSpec::Local(Release::Minor(minor)), label: minor.to_string(), version, missing }
    };
    let named = environment.clusters().map_err(|error| format!("REHEARSAL_CLUSTER: {error}"))?;
    let specs = cluster::named(&named).map_err(|error| text(&Trouble::from_error(&error)))?;
    let target = |spec: ClusterSpec| {
        if let ClusterSpec::Local(Release::Minor(minor)) = &spec {
            return local(*minor);
        }
        let how = OpenOptions { images: images.clone(), ..OpenOptions::default() };
        let version = cluster::version(&spec, &how).ok().flatten();
        Target { label: spec.to_string().replace("::", ":"), spec, version, missing: None }
    };
    Ok(specs.into_iter().map(target).collect())
}

/// A model of a minor. It is what a plain test is about, so its label is just that.
fn embedded(minor: Minor) -> Target {
    let spec = ClusterSpec::Embedded(Release::Minor(minor));
    let version = cluster::version(&spec, &OpenOptions::default());
    let (version, missing) = match version {
        Ok(version) => (version, None),
        Err(error) => (None, Some(text(&Trouble::from_error(&error)))),
    };
    Target { spec, label: minor.to_string(), version, missing }
}

/// A test for each scenario on each cluster.
pub(super) fn cases<'a>(files: &'a [ScenarioFile], targets: &[Target]) -> Vec<Case<'a>> {
    let of = |target: &Target| {
        let target = target.clone();
        files.iter().map(move |file| Case {
            name: format!("{}::{}", target.label, file.id()),
            file,
            target: target.clone(),
        })
    };
    targets.iter().flat_map(of).collect()
}

impl Case<'_> {
    /// Why this test is listed as ignored.
    pub(super) fn ignored(&self) -> Option<String> {
        let out_of_range = || {
            let version = self.target.version.as_ref()?;
            let range = &self.file.scenario.kubernetes;
            (!range.contains(version)).then(|| format!("about Kubernetes {range}"))
        };
        self.target.missing.clone().or_else(out_of_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(clusters: Option<&str>, recorded: &[&str]) -> Vec<String> {
        let environment = Environment { clusters: clusters.map(str::to_owned), ..Environment::default() };
        let recorded = recorded.iter().map(|minor| minor.parse().unwrap()).collect();
        let targets = targets(&environment, &recorded, &Images::default()).unwrap();
        let told = |target: Target| {
            let missing = target.missing.map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{}: {}{missing}", target.label, target.spec)
        };
        targets.into_iter().map(told).collect()
    }

    #[test]
    fn what_was_recorded_is_held_against_models_unless_clusters_are_named() {
        assert_eq!(labels(None, &["v1.22", "v1.36"]), ["v1.22: embedded:v1.22", "v1.36: embedded:v1.36"]);
        assert_eq!(labels(None, &[]), ["v1.37: embedded:v1.37"], "the first scenario of a project is a test");
        let named = labels(Some("embedded:v1.36,context:x"), &["v1.22"]);
        assert_eq!(named, ["embedded:v1.36: embedded:v1.36", "context:x: context:x"]);
        let [unknown] = &labels(None, &["v1.21"])[..] else { panic!() };
        assert!(unknown.starts_with("v1.21: embedded:v1.21 (there is no embedded model of v1.21"), "{unknown}");
    }
}
