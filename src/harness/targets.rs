//! Which tests there are: clusters, and a scenario on each.

use std::collections::BTreeSet;

use super::text;
use crate::cli::Environment;
use crate::cluster::{self, ClusterSpec, EmbeddedOutline, Home, Images, OpenOptions, Release};
use crate::plan::{self, Planned};
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
    /// What it knows, where it is a model.
    outline: Option<EmbeddedOutline>,
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
        // What is plainly about a model is called by its minor alone.
        let embedded = |minor: Minor| embedded(Release::Minor(minor), minor.to_string());
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
        Target {
            spec: ClusterSpec::Local(Release::Minor(minor)),
            label: minor.to_string(),
            version,
            missing,
            outline: None,
        }
    };
    let named = environment.clusters().map_err(|error| format!("REHEARSAL_CLUSTER: {error}"))?;
    let specs = cluster::named(&named).map_err(|error| text(&Trouble::from_error(&error)))?;
    let target = |spec: ClusterSpec| {
        if let ClusterSpec::Local(Release::Minor(minor)) = &spec {
            return local(*minor);
        }
        let label = spec.to_string().replace("::", ":");
        if let ClusterSpec::Embedded(release) = spec {
            return embedded(release, label);
        }
        let how = OpenOptions { images: images.clone(), ..OpenOptions::default() };
        let version = cluster::version(&spec, &how).ok().flatten();
        Target { label, spec, version, missing: None, outline: None }
    };
    Ok(specs.into_iter().map(target).collect())
}

fn embedded(release: Release, label: String) -> Target {
    let outline = EmbeddedOutline::of(&release, Home::from_env().ok().as_ref());
    let (outline, missing) = match outline {
        Ok(outline) => (Some(outline), None),
        Err(error) => (None, Some(text(&Trouble::from_error(&error)))),
    };
    let version = outline.as_ref().map(|outline| outline.version.clone());
    Target { spec: ClusterSpec::Embedded(release), label, version, missing, outline }
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

    /// What it asks for that its model has not, as far as that is seen without running it: such a test is ignored too.
    pub(super) fn not_modelled(&self) -> Option<String> {
        let outline = self.target.outline.as_ref()?;
        let EmbeddedOutline { version, capabilities, .. } = outline;
        let scenario = &self.file.scenario;
        let setup = scenario.cluster.on(version);
        let on = plan::Cluster { version, has: capabilities, setup: &setup, rungs: &[] };
        Planned::skipped(scenario, &on).or_else(|| {
            let kinds = plan::kinds(scenario, version, capabilities);
            let kinds = kinds.iter().map(|(api_version, kind)| (api_version.as_str(), kind.as_str()));
            outline.check(&setup, kinds).err().map(|refused| refused.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::scenario::load;

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

    #[test]
    fn what_a_model_has_not_is_known_before_it_runs() {
        let reason = |cluster: &str, text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let root = Utf8Path::from_path(folder.path()).unwrap().join("scenarios");
            std::fs::create_dir(&root).unwrap();
            std::fs::write(root.join("x.yaml"), format!("scenario: x\n{text}")).unwrap();
            let files = load(&[root]).unwrap();
            let environment = Environment { clusters: Some(cluster.to_owned()), ..Environment::default() };
            let targets = targets(&environment, &BTreeSet::new(), &Images::default()).unwrap();
            cases(&files, &targets)[0].not_modelled().unwrap_or_default()
        };
        let gets = |kind: &str| format!("steps: [{{get: {{{kind}, name: n}}}}]\n");
        let deployment = "the resource deployments.apps is not modelled by the embedded control plane";
        assert_eq!(reason("embedded", &gets("apiVersion: apps/v1, kind: Deployment")), deployment);
        assert_eq!(reason("context:x", &gets("apiVersion: apps/v1, kind: Deployment")), "");
        for known in ["kind: Pod", "apiVersion: demo.dev/v1, kind: Widget"] {
            assert_eq!(reason("embedded", &gets(known)), "", "{known}");
        }
        let pod = gets("kind: Pod");
        let setup = reason("embedded", &format!("cluster: {{gates: {{NoSuchGate: true}}}}\n{pod}"));
        assert!(setup.starts_with("the feature gate NoSuchGate in v1.37"), "{setup}");
        assert_eq!(
            reason("embedded", &format!("needs: [kubelet]\n{pod}")),
            "needs kubelet, which this cluster has not"
        );
        let elsewhere =
            "steps: [{when: {kubernetes: '<1.30'}, get: {kind: Service, name: n}}, {get: {kind: Pod, name: n}}]";
        assert_eq!(reason("embedded:v1.30", elsewhere), "");
        assert!(reason("embedded:v1.29", elsewhere).starts_with("the resource services "));
    }
}
