use super::*;
use crate::scenario::ScenarioFile;
use crate::timeline::fixture::{Seen, recorded, scenarios, version};

const SCENARIO: &str = "\
scenario: It *differs*
about: |
  What a reader should know.
kubernetes: \"KUBERNETES\"
steps:
  - {name: one, get: {kind: Pod, name: x}}
  - name: two
    when: \">=1.24\"
    get: {kind: Pod, name: y}
";

fn side(text: &str) -> Side {
    text.parse().map_or_else(
        |_| Side::of(format!("context:prod ({text})"), version(text)),
        |minor| Side { name: text.to_owned(), minor, release: None },
    )
}

fn scenario(kubernetes: &str) -> Vec<ScenarioFile> {
    scenarios(&SCENARIO.replace("KUBERNETES", kubernetes))
}

/// The same scenario without what not every version has.
fn one_step(kubernetes: &str) -> String {
    SCENARIO.replace("KUBERNETES", kubernetes).split("  - name: two").next().unwrap().to_owned()
}

/// What is told to people, without colours, and whether something differs or is not known.
fn told(kubernetes: &str, seen: Seen<'_>, from: &str, to: &str) -> (String, bool, bool) {
    let files = scenario(kubernetes);
    let timelines = [Timeline::new(&files[0], recorded(seen))];
    let comparison = Comparison::new(&timelines, side(from), side(to)).unwrap();
    let mut out = Vec::new();
    human(&comparison, &mut out).unwrap();
    let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
    (text, comparison.differs(), comparison.is_incomplete())
}

const SEEN: Seen<'_> = &[
    ("v1.22.17", &[("one", "a: 1\nb: 1")]),
    ("v1.24.17", &[("one", "a: 1\nb: 2"), ("two", "c: 1")]),
    ("v1.25.4", &[("one", "a: 1\nb: 1"), ("two", "c: 1")]),
];

#[test]
fn each_change_is_told_with_what_was_seen_where() {
    let (text, differs, is_incomplete) = told(">=1.22", SEEN, "v1.22", "v1.25");
    let place = text.lines().nth(1).unwrap().trim_start().strip_suffix(":6:5: one").unwrap().to_owned();
    let expected = "\
demo  It *differs*
  PLACE:6:5: one
    {name: one, get: {kind: Pod, name: x}}
    differs from v1.24 on, or from one after v1.22.17 that is not recorded
      --- seen on v1.22.17
      +++ seen on v1.24.17
      @@ -1,2 +1,2 @@
       a: 1
      -b: 1
      +b: 2
    differs from v1.25 on
      --- seen on v1.24.17
      +++ seen on v1.25.4
      @@ -1,2 +1,2 @@
       a: 1
      -b: 2
      +b: 1
  PLACE:7:5: two
    get: {kind: Pod, name: y}
    runs from v1.24 on, not before
      --- does not run on v1.22.17
      +++ seen on v1.24.17
      @@ -0,0 +1 @@
      +c: 1

v1.22 to v1.25, 1 scenario: 1 differ
";
    assert_eq!(text.replace(&place, "PLACE"), expected);
    assert!(differs && !is_incomplete);
    // One that is taken back on the way is a change all the same; one that came before is none.
    assert!(!told(">=1.22", SEEN, "v1.25", "v1.25.9").1);
}

#[test]
fn a_scenario_about_one_side_only_is_a_line() {
    let files = [scenario(">=1.24"), scenarios(&one_step("<1.24"))];
    let timelines =
        [Timeline::new(&files[0][0], recorded(&SEEN[1..])), Timeline::new(&files[1][0], recorded(&SEEN[..1]))];
    let comparison = Comparison::new(&timelines, side("v1.22"), side("v1.24")).unwrap();
    let whole: Vec<String> = comparison.scenarios.iter().flat_map(Compared::whole).collect();
    assert_eq!(whole, ["runs from v1.24 on, not before: 2 steps", "does not run any more from v1.24 on: 1 step"]);
    assert!(comparison.differs() && comparison.scenarios.iter().all(|compared| compared.steps().next().is_none()));
    let text = markdown(&comparison);
    assert!(text.contains("| `demo` |  | runs from v1.24 on, not before: 2 steps |"), "{text}");
    assert!(text.contains(r"### `demo`: It \*differs\*") && text.contains("\nWhat a reader should know.\n"), "{text}");
}

#[test]
fn what_was_not_seen_is_said() {
    let (text, differs, _) = told(">=1.22", SEEN, "v1.24", "v1.25.9-gke.3");
    assert!(differs, "{text}");
    let assumed = "assumed: not recorded on v1.25.9-gke.3, assumed to be as on v1.25.4: demo\n\
                   v1.24 to context:prod (v1.25.9-gke.3), 1 scenario: 1 differ\n";
    assert!(text.ends_with(assumed), "{text}");
    assert!(text.contains("+++ seen on v1.25.4"), "{text}");
    // Only other scenarios were recorded there.
    let files = [scenario(">=1.22"), scenarios(&one_step(">=1.22"))];
    let timelines = [Timeline::new(&files[0][0], recorded(SEEN)), Timeline::new(&files[1][0], recorded(&SEEN[1..]))];
    let comparison = Comparison::new(&timelines, side("v1.22"), side("v1.24")).unwrap();
    assert!(comparison.differs() && comparison.is_incomplete());
    assert_eq!(comparison.scenarios[1].verdict(), Verdict::Unknown);
    assert!(markdown(&comparison).contains("### Not known\n\n- `demo` is not recorded on v1.22.17: one\n"));
    let json = json(&comparison);
    assert_eq!(json["scenarios"][1]["notRecorded"]["v1.22.17"][0], "one");
    let change = &json["scenarios"][0]["changes"][0];
    assert_eq!((&change["step"], &change["at"], &change["kind"]), (&"one".into(), &"v1.24".into(), &"differs".into()));
    assert_eq!((&change["before"]["text"], &change["vague"]), (&"a: 1\nb: 1".into(), &true.into()));
}

#[test]
fn versions_that_cannot_be_compared_say_why() {
    let files = scenario(">=1.22");
    let timelines = [Timeline::new(&files[0], recorded(SEEN))];
    let wrong = |from: &str, to: &str| {
        let error = Comparison::new(&timelines, side(from), side(to)).unwrap_err();
        format!("{error}; {}", error.help())
    };
    assert_eq!(wrong("v1.24", "v1.22"), "v1.22 is older than v1.24; write the older one first: v1.22 v1.24");
    assert!(wrong("v1.24", "v1.24").starts_with("v1.24 and v1.24 are the same version; name two"));
    assert!(wrong("v1.24", "v1.24.17").starts_with("v1.24 and context:prod (v1.24.17) are the same"));
    let unrecorded = "none of these scenarios is recorded on v1.23; recorded: v1.22, v1.24 - v1.25; to record it: \
                      `rehearsal record --cluster local:v1.23`";
    assert_eq!(wrong("v1.23", "v1.24"), unrecorded);
    assert!(wrong("v1.24", "v1.40.1").contains("on v1.40, and that is what context:prod (v1.40.1) is"));
    let none = Comparison::new(&[], side("v1.24"), side("v1.25")).unwrap_err();
    assert_eq!(none, ComparisonError::NothingRecorded);
}
