//! Which scenarios share a cluster: those that ask for the same set-up. One that upgrades its cluster shares it with nobody.

use std::collections::BTreeMap;

use crate::cluster::Setup;
use crate::plan;
use crate::scenario::ScenarioFile;
use crate::version::Version;

/// Clusters that scenarios are run on.
#[derive(Debug)]
pub(super) enum Group<'s> {
    /// One for all of these.
    Shared(Setup, Vec<&'s ScenarioFile>),
    /// One for each run of this.
    Private(Setup, &'s ScenarioFile),
}

/// The scenarios by the cluster they are run on, those on the default one first. Where the version is not known beforehand
/// nothing can be set up either; a scenario that says nothing about the version needs nothing. `rungs` is what a cluster
/// can be upgraded to.
pub(super) fn groups<'s>(
    scenarios: &[&'s ScenarioFile],
    version: Option<&Version>,
    rungs: &[Version],
) -> Vec<Group<'s>> {
    let mut shared: BTreeMap<Setup, Vec<&ScenarioFile>> = BTreeMap::new();
    let mut private = Vec::new();
    for file in scenarios {
        let scenario = &file.scenario;
        let version = version.filter(|version| scenario.kubernetes.contains(version));
        let setup = version.map(|version| scenario.cluster.on(version)).unwrap_or_default();
        // One that cannot go where it wants to is skipped wherever it is.
        let goes = version.is_some_and(|version| plan::course(scenario, version, rungs).is_ok_and(|it| !it.is_empty()));
        if goes {
            private.push(Group::Private(setup, file));
        } else {
            shared.entry(setup).or_default().push(file);
        }
    }
    shared.into_iter().map(|(setup, files)| Group::Shared(setup, files)).chain(private).collect()
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;
    use crate::scenario;

    #[test]
    fn scenarios_that_ask_for_the_same_share_a_cluster() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("x.yaml")).unwrap();
        let text = "scenario: x\ncases:\n  plain: {}\n  gated: {cluster: {gates: {G: {value: true, when: '1.30'}}}}\n  \
                    too: {cluster: {gates: {G: true}}}\n  old: {when: '<1.30', cluster: {gates: {H: true}}}\n\
                    steps: [{get: {kind: Node, name: n}}]\n";
        std::fs::write(&path, text).unwrap();
        let files = scenario::load(&[path]).unwrap();
        let files: Vec<&ScenarioFile> = files.iter().collect();
        let on = |version: Option<&str>| {
            let version = version.map(|version| version.parse().unwrap());
            let ids = |group: Group<'_>| {
                let Group::Shared(setup, files) = group else { panic!("{group:?}") };
                let cases: Vec<&str> =
                    files.iter().filter_map(|file| Some(file.scenario.case.as_ref()?.key.as_str())).collect();
                format!("{setup}: {}", cases.join(" "))
            };
            groups(&files, version.as_ref(), &[]).into_iter().map(ids).collect::<Vec<_>>()
        };
        assert_eq!(on(Some("v1.30.1")), [": old plain", "G=true: gated too"]);
        assert_eq!(on(Some("v1.31.0")), [": gated old plain", "G=true: too"]);
        assert_eq!(on(Some("v1.29.0")), [": gated plain", "G=true: too", "H=true: old"]);
        assert_eq!(on(None), [": gated old plain too"]);
    }

    #[test]
    fn a_scenario_that_upgrades_has_a_cluster_for_itself_where_it_can_go_all_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("x.yaml")).unwrap();
        let text = "scenario: x\nid: next\nsteps: [{upgrade: next}]\n---\nscenario: x\nid: far\nkubernetes: '1.30'\n\
                    steps: [{upgrade: next}, {upgrade: {to: v1.32}}]\n---\nscenario: x\nid: plain\n\
                    steps: [{get: {kind: Node, name: n}}]\n";
        std::fs::write(&path, text).unwrap();
        let files = scenario::load(&[path]).unwrap();
        let files: Vec<&ScenarioFile> = files.iter().collect();
        let on = |version: &str, rungs: &[&str]| {
            let rungs: Vec<Version> = rungs.iter().map(|rung| rung.parse().unwrap()).collect();
            let private = |group: Group<'_>| match group {
                Group::Private(_, file) => file.id().rsplit('.').next().map(str::to_owned),
                Group::Shared(..) => None,
            };
            let groups = groups(&files, Some(&version.parse().unwrap()), &rungs);
            groups.into_iter().filter_map(private).collect::<Vec<_>>()
        };
        assert_eq!(on("v1.30.1", &["v1.31.0", "v1.32.2"]), ["far", "next"]);
        assert_eq!(on("v1.30.1", &["v1.31.0"]), ["next"]);
        assert_eq!(on("v1.31.0", &["v1.32.2"]), ["next"]);
        assert_eq!(on("v1.30.1", &["v1.32.2"]), [""; 0]);
    }
}
