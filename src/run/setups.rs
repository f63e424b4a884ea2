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
            let ids = |(setup, files): (Setup, Vec<&ScenarioFile>)| {
                let cases: Vec<&str> =
                    files.iter().filter_map(|file| Some(file.scenario.case.as_ref()?.key.as_str())).collect();
                format!("{setup}: {}", cases.join(" "))
            };
            by_setup(&files, version.as_ref()).into_iter().map(ids).collect::<Vec<_>>()
        };
        assert_eq!(on(Some("v1.30.1")), [": old plain", "G=true: gated too"]);
        assert_eq!(on(Some("v1.31.0")), [": gated old plain", "G=true: too"]);
        assert_eq!(on(Some("v1.29.0")), [": gated plain", "G=true: too", "H=true: old"]);
        assert_eq!(on(None), [": gated old plain too"]);
    }
}
