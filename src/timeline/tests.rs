use super::fixture::{Seen, recorded, scenarios, version};
use super::*;

const SCENARIO: &str = "\
scenario: S
kubernetes: \">=1.22\"
steps:
  - {name: always, get: {kind: Pod, name: x}}
  - {name: late, when: \">=1.25\", get: {kind: Pod, name: x}}
  - {name: never, when: {needs: [kubelet]}, get: {kind: Pod, name: x}}
  - {name: either, when: \"<1.24\", get: {kind: Pod, name: old}}
  - {name: either, when: \">=1.24\", get: {kind: Pod, name: new}}
  - {name: off, get: {kind: Pod, name: x}, snapshot: off}
";

const SEEN: Seen<'_> = &[
    ("v1.22.17", &[("always", "A"), ("either", "E")]),
    ("v1.24.17", &[("always", "B"), ("either", "E")]),
    ("v1.29.0", &[("always", "A"), ("either", "F"), ("late", "L")]),
    ("v1.30.5", &[("always", "A"), ("either", "F"), ("late", "L")]),
    ("v1.30.14", &[("always", "A"), ("either", "F"), ("late", "M")]),
];

fn words(shown: Shown<'_>) -> String {
    match shown {
        Shown::Seen { text, since } => format!("{text} since {since}"),
        Shown::Assumed { from, text, .. } => format!("{text} as on {from}"),
        Shown::Silent => "silent".to_owned(),
        Shown::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn what_a_step_shows_is_seen_assumed_silent_or_unknown() {
    let files = scenarios(SCENARIO);
    let timeline = Timeline::new(&files[0], recorded(SEEN));
    let names: Vec<String> = timeline.tracks.iter().map(Track::name).collect();
    assert_eq!(names, ["always", "late", "never", "either"]);
    let cases: [(&str, [&str; 4]); 7] = [
        ("v1.21.1", ["silent", "silent", "silent", "silent"]),
        ("v1.22.17", ["A since v1.22", "silent", "silent", "E since v1.22"]),
        ("v1.23.9", ["A as on v1.22.17", "silent", "silent", "E as on v1.22.17"]),
        // It runs there, and did not on the version that would speak for this one.
        ("v1.26.1", ["B as on v1.24.17", "unknown", "silent", "E as on v1.24.17"]),
        // The first recorded patch of a minor speaks for those before it.
        ("v1.30.1", ["A as on v1.30.5", "L as on v1.30.5", "silent", "F as on v1.30.5"]),
        ("v1.30.14", ["A since v1.29", "M since v1.30.14", "silent", "F since v1.29"]),
        ("v1.40.0-gke.1", ["A as on v1.30.14", "M as on v1.30.14", "silent", "F as on v1.30.14"]),
    ];
    for (at, expected) in cases {
        let shown: Vec<String> =
            timeline.tracks.iter().map(|track| words(timeline.shown(track, &version(at)))).collect();
        assert_eq!(shown, expected, "{at}");
    }
    let none = Timeline::new(&files[0], Recorded::default());
    assert_eq!(none.shown(&none.tracks[0], &version("v1.30.0")), Shown::Unknown);
}

#[test]
fn every_change_on_the_way_is_told_with_its_version() {
    let files = scenarios(SCENARIO);
    let timeline = Timeline::new(&files[0], recorded(SEEN));
    let told = |from: &str, to: &str| -> Vec<String> {
        let changes = timeline.tracks.iter().flat_map(|track| timeline.changes(track, &version(from), &version(to)));
        let told = changes.map(|change| {
            let vague = if change.is_vague() { " or before" } else { "" };
            let (before, after) = (&change.before.version, &change.after.version);
            format!("{} {:?} {}{vague}: {before} {after}", change.track.series, change.kind(), change.at)
        });
        told.collect()
    };
    assert_eq!(
        told("v1.22.17", "v1.30.14"),
        [
            "always Changes v1.24 or before: v1.22.17 v1.24.17",
            "always Changes v1.29 or before: v1.24.17 v1.29.0",
            // That the scenario says itself.
            "late Begins v1.25: v1.24.17 v1.29.0",
            "late Changes v1.30.14: v1.30.5 v1.30.14",
            "either Changes v1.29 or before: v1.24.17 v1.29.0",
        ]
    );
    assert_eq!(told("v1.29.0", "v1.30.5"), [""; 0]);
    assert_eq!(told("v1.21.0", "v1.22.17").len(), 2);
    let files =
        scenarios("scenario: S\nkubernetes: \"<1.24\"\nsteps:\n  - {name: always, get: {kind: Pod, name: x}}\n");
    let timeline = Timeline::new(&files[0], recorded(&SEEN[..1]));
    let track = &timeline.tracks[0];
    let ends = timeline.changes(track, &version("v1.22.17"), &version("v1.30.0"));
    assert_eq!((ends[0].kind(), ends[0].at.to_string()), (Kind::Ends, "v1.24".to_owned()));
    assert_eq!(ends[0].step().map(Step::written).as_deref(), Some("{name: always, get: {kind: Pod, name: x}}"));
}
