//! `rehearsal upgrade` on real control planes: what nothing happens to is not spoken of, what something happens to is, and
//! no Secret shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::time::Instant;

use cluster_support::{OwnHome, runtime};
use rehearsal::cluster::{self, ClusterSpec, Linger, OpenOptions, Release};
use rehearsal::upgrade::{Input, Rehearsal, Report, human, json, markdown, read};

/// Everything that a report shows, in every way.
fn shown(report: &Report) -> String {
    let mut text = Vec::new();
    human(report, &mut text).unwrap();
    format!("{}\n{}\n{:#}", String::from_utf8(text).unwrap(), markdown(report), json(report))
}

fn input(text: &str) -> Input {
    read(&["-".into()], || Ok(text.as_bytes().to_vec())).unwrap()
}

/// Looks at manifests twice on the newest version that is installed, on a cluster of their own.
fn looked_at_twice(input: &Input) -> Report {
    let home = OwnHome::new();
    let options = OpenOptions { private: Some("test".to_owned()), ..home.options(Linger::Gone) };
    let report = runtime().block_on(async {
        let cluster = cluster::open(&ClusterSpec::Local(Release::Newest), &options).await.unwrap();
        let version = cluster.version().clone();
        let mut rehearsal = Rehearsal::new(&cluster, version.clone(), input, "demo").unwrap();
        rehearsal.begin(&|_| {}).await.unwrap();
        rehearsal.go_on(&version, Instant::now(), &|_| {}).await.unwrap();
        rehearsal.report().clone()
    });
    home.wait_until_nothing_is_left();
    report
}

#[test]
fn objects_that_nothing_happens_to_are_not_spoken_of() {
    let input = input(include_str!("upgrade_sets/ordinary.yaml"));
    let report = looked_at_twice(&input);
    assert_eq!(report.looked.len(), 2);
    assert!(report.objects.len() > 40, "{}", report.objects.len());
    let found: Vec<String> = report
        .objects
        .iter()
        .flat_map(|object| object.findings.iter().map(move |finding| format!("{}: {}", object.name, finding.text)))
        .collect();
    assert_eq!(found, [""; 0]);
    assert_eq!(report.namespaces_made, ["demo"]);
}
