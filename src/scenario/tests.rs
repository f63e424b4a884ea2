//! Scenarios as a whole: files in folders, loaded, renamed and digested. Mistakes have their own tests: `tests/bad/`.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use proptest::prelude::*;
use tempfile::TempDir;

use super::fixtures::Fixtures;
use super::*;
use crate::action::KINDS;
use crate::syntax::{Diagnostics, Source, parse};

/// A project of these files.
fn project(files: &[(&str, &str)]) -> (TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap().join("scenarios");
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    (folder, root)
}

fn load_all(files: &[(&str, &str)]) -> Result<Vec<ScenarioFile>, Diagnostics> {
    let (_folder, root) = project(files);
    load(&[root])
}

fn one(text: &str) -> ScenarioFile {
    load_all(&[("x.yaml", text)]).unwrap_or_else(|mistakes| panic!("{mistakes}")).pop().unwrap()
}

const BOUND: &str = r#"
scenario: A token bound to a Pod dies with it
kubernetes: ">=1.21"
needs: [node]
namespace: token-demo
tags: [tokens]
steps:
  - create: [{kind: ServiceAccount, name: demo-sa}, {file: pod.yaml}]
  - wait: {kind: Pod, name: test-pod, condition: PodScheduled}
  - name: token
    token: {serviceAccount: demo-sa, boundTo: {kind: Pod, name: test-pod}}
    expect: [{code: 201}, {when: ">=1.24", body: {kind: TokenRequest}}]
  - name: first review
    review: {token: "${token.status.token}"}
    set: {name: body.status.user.username}
    snapshot: {show: {user: name, mine: 'name.contains("token-demo")'}}
  - name: list pods
    as: {token: "${token.status.token}"}
    query: {limit: 5, labelSelector: "app=${name}"}
    request: {get: /api/v1/namespaces/token-demo/pods}
    until: 'code == 200 && body.metadata.name != "token-demo"'
    within: 5s
  - name: late
    review: {token: "${token.status.token}"}
    within: 9s
    from: first review
"#;

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: test-pod, namespace: token-demo}\nspec: {x: '${HOME}'}\n";

fn bound() -> ScenarioFile {
    load_all(&[("tokens/bound.yaml", BOUND), ("tokens/bound/pod.yaml", POD)])
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
        .pop()
        .unwrap()
}

#[test]
fn every_example_of_a_kind_is_a_step() {
    for kind in KINDS {
        let file = one(&crate::reference::as_scenario(kind.example, kind.key));
        assert_eq!(file.scenario.steps[0].kind, kind.key);
        assert!(!kind.doc.is_empty());
    }
}

#[test]
fn every_example_of_the_reference_is_a_scenario() {
    let topics = || crate::reference::sections().into_iter().flat_map(|section| section.topics);
    for topic in topics().filter(|topic| !topic.example.is_empty()) {
        one(&crate::reference::as_scenario(topic.example, topic.name));
    }
    assert!(topics().all(|topic| !topic.doc.is_empty()));
}

#[test]
fn the_reference_tells_what_the_decoder_knows() {
    let names = |topics: &[crate::topic::Topic]| topics.iter().map(|topic| topic.name).collect::<Vec<_>>();
    assert_eq!(names(ANSWER), OWN_NAMES);
    for (text, documented) in [
        ("scenario: x\nsteps: [{get: {kind: Pod, name: p}}]\nzzz: 1", names(FIELDS)),
        ("scenario: x\nnamespace: x-y\nsteps: [{get: {kind: Pod, name: p}, zzz: 1}]", names(MODIFIERS)),
        ("scenario: x\nnamespace: x-y\nsteps: [{get: {kind: Pod, name: p}, expect: {zzz: 1}}]", names(EXPECTATIONS)),
    ] {
        let mistakes = load_all(&[("x.yaml", text)]).unwrap_err();
        let help = mistakes.iter().next().unwrap().help.clone().unwrap();
        let known = help.lines().next().unwrap().split_once("knows: ").unwrap().1;
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.key).collect();
        let known: BTreeSet<&str> = known.split(", ").filter(|word| !kinds.contains(word)).collect();
        assert_eq!(known, documented.into_iter().collect(), "{text}");
    }
}

#[test]
fn a_scenario_is_read_as_written() {
    let file = bound();
    let Scenario { id, title, needs, namespace, tags, steps, .. } = &*file.scenario;
    assert_eq!((id.as_str(), title.as_str()), ("tokens/bound", "A token bound to a Pod dies with it"));
    assert_eq!(needs.iter().map(ToString::to_string).collect::<Vec<_>>(), ["node"]);
    assert_eq!((namespace.as_deref(), &tags[..]), (Some("token-demo"), &["tokens".to_owned()][..]));
    let labels: Vec<String> = steps.iter().map(Step::label).collect();
    assert_eq!(
        labels,
        ["create ServiceAccount/demo-sa and 1 more", "wait Pod/test-pod", "token", "first review", "list pods", "late"]
    );
    assert_eq!(steps[1].until().unwrap().text(), "condition(body, 'PodScheduled') == 'True'");
    assert_eq!(steps[5].frame.from.as_ref().unwrap().0, "first review");
    assert!(matches!(steps[4].frame.identity, Identity::Token(_)));
}

#[test]
fn ids_come_from_the_place_below_scenarios() {
    let step = "steps: [{get: {kind: Node, name: n}}]";
    let first = format!("scenario: a\nid: first\n{step}\n---\nscenario: b\nid: second\n{step}\n");
    let files = load_all(&[("a/b/c.yaml", &first), ("d.yml", &format!("scenario: d\n{step}"))]).unwrap();
    assert_eq!(files.iter().map(ScenarioFile::id).collect::<Vec<_>>(), ["a/b/c.first", "a/b/c.second", "d"]);
}

#[test]
fn one_file_can_be_named() {
    let (_folder, root) = project(&[("tokens/bound.yaml", BOUND), ("tokens/bound/pod.yaml", POD)]);
    assert_eq!(load(&[root.join("tokens/bound.yaml")]).unwrap()[0].id(), "tokens/bound");
    for path in ["tokens/bound/pod.yaml", "tokens/bound", "nowhere", "tokens/bound/pod.txt"] {
        assert!(load(&[root.join(path)]).is_err(), "{path}");
    }
}

#[test]
fn one_of_several_scenarios_can_be_named() {
    let step = "steps: [{get: {kind: Node, name: n}}]";
    let text = format!(
        "scenario: a\nid: first\ncases: {{on: {{}}, off: {{}}}}\n{step}\n---\nscenario: b\nid: second\n{step}\n"
    );
    let (_folder, root) = project(&[("a/b.yaml", &text), ("a/b.c.yaml", &format!("scenario: c\n{step}"))]);
    let named = |paths: &[&str]| {
        let paths: Vec<Utf8PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        load(&paths).map(|files| files.iter().map(|file| file.id().to_owned()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(named(&["a/b.first.off"]).unwrap(), "a/b.first.off");
    assert_eq!(named(&["a/b.first"]).unwrap(), "a/b.first.off a/b.first.on");
    assert_eq!(named(&["a/b.second", "a/b.first.on"]).unwrap(), "a/b.first.on a/b.second");
    assert_eq!(named(&["a/b.second", "a/b.yaml"]).unwrap(), "a/b.first.off a/b.first.on a/b.second");
    assert_eq!(named(&["a/b.c.yaml"]).unwrap(), "a/b.c");
    let mistake = named(&["a/b.third"]).unwrap_err().to_string();
    assert!(mistake.contains("no scenario `a/b.third`") && mistake.contains("a/b.first.off, "), "{mistake}");
}

#[test]
fn a_foreach_is_written_out_in_the_order_of_the_file() {
    let file = one("scenario: x\nnamespace: some-demo\ncases: {on: {colour: red}}\nsteps:\n\
         - {name: before, get: {kind: Pod, name: '${case.key}-${case.colour}'}}\n\
         - foreach: {b: {size: 1, when: '>=1.24'}, a: {}}\n  when: '<1.30'\n  steps:\n\
         \x20   - {create: {kind: Pod, name: p, labels: {l: '${case.size}', c: '${case.colour}'}}}\n\
         \x20   - {name: look, when: '>=1.25', get: {kind: Pod, name: '${before.metadata.name}'}}\n\
         - {name: after, when: '1.26', get: {kind: Pod, name: '${look.a.metadata.name}'}}\n");
    let steps: Vec<String> =
        file.scenario.steps.iter().map(|step| format!("{} {}", step.label(), step.when.kubernetes)).collect();
    assert_eq!(
        steps,
        [
            "before every version",
            "create Pod/p (b) >=1.24 and <1.30",
            "look.b >=1.24 and <1.30 and >=1.25",
            "create Pod/p (a) <1.30",
            "look.a <1.30 and >=1.25",
            "after 1.26",
        ]
    );
    let case =
        |step: usize| file.scenario.steps[step].case.as_ref().unwrap().value(&crate::syntax::Scope::new()).unwrap();
    assert_eq!(case(0), serde_json::json!({"key": "on", "colour": "red"}));
    assert_eq!(case(2), serde_json::json!({"key": "b", "size": 1, "colour": "red"}));
    assert_eq!(case(4), serde_json::json!({"key": "a", "size": null, "colour": "red"}));
}

const DURING: &str = "scenario: x\nnamespace: some-demo\nsteps:\n\
    - name: changes\n  when: '>=1.24'\n  watch:\n    kind: Pod\n    during:\n\
    \x20   - {name: some-demo, get: {kind: Pod, name: some-demo}}\n\
    \x20   - foreach: {a: {}, b: {}}\n      when: '<1.30'\n      \
              run: {command: echo some-demo, during: [{get: {kind: Pod, name: 'some-demo-${case.key}'}}]}\n\
    \x20 until: some_demo.kind == 'some-demo'\n\
    - {get: {kind: Pod, name: some-demo}}\n";

#[test]
fn what_runs_during_a_step_stands_after_it() {
    let Scenario { steps, .. } = &*one(DURING).scenario;
    let seen: Vec<_> = steps.iter().map(|step| (step.depth, step.kind, step.when.kubernetes.to_string())).collect();
    let expected = [
        (0, "watch", ">=1.24"),
        (1, "get", ">=1.24"),
        (1, "run", ">=1.24 and <1.30"),
        (2, "get", ">=1.24 and <1.30"),
        (1, "run", ">=1.24 and <1.30"),
        (2, "get", ">=1.24 and <1.30"),
        (0, "get", "every version"),
    ];
    assert_eq!(seen, expected.map(|(depth, kind, when)| (depth, kind, when.to_owned())));
    let inside = (0..steps.len()).map(|step| one(DURING).scenario.during(step)).collect::<Vec<_>>();
    assert_eq!(inside, [1..6, 2..2, 3..4, 4..4, 5..6, 6..6, 7..7]);
}

#[test]
fn names_change_in_what_runs_during_a_step() {
    let change = |text: &str| holds_word(text, "some-demo").then(|| text.replace("some-demo", "other"));
    let renamed = one(DURING).renamed(&change).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let labels: Vec<String> = renamed.steps.iter().map(Step::label).collect();
    assert_eq!(labels[..3], ["changes", "some-demo", "run echo other (a)"], "the name of a step stays");
    assert!(labels[3].contains("some-demo-${case.key}"), "a part of a word is none: {labels:?}");
    assert!(format!("{:?}", renamed.steps[1].action).contains("other"));
}

#[test]
fn names_change_where_they_are_names() {
    let file = bound();
    let change =
        |text: &str| holds_word(text, "token-demo").then(|| text.replace("token-demo", "token-demo-rhabcdefg"));
    let renamed = file.renamed(&change).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(renamed.namespace.as_deref(), Some("token-demo-rhabcdefg"));
    // What is sent and what is looked at; what messages call a step stays as it is written.
    let steps: Vec<_> = renamed.steps.iter().map(|step| (&step.action, &step.frame)).collect();
    let steps = format!("{steps:?}");
    assert!(steps.contains("/api/v1/namespaces/token-demo-rhabcdefg/pods"));
    assert!(steps.contains(r#"body.metadata.name != \"token-demo-rhabcdefg\""#), "{steps}");
    assert!(steps.contains(r#"name.contains(\"token-demo-rhabcdefg\")"#));
    assert_eq!(steps.matches("token-demo").count(), steps.matches("token-demo-rhabcdefg").count());
    assert!(file.mentions("${HOME}") && !file.mentions("rhabcdefg"));
}

#[test]
fn a_fixture_is_taken_verbatim() {
    assert!(format!("{:?}", bound().scenario.steps[0].action).contains("${HOME}"));
}

#[test]
fn the_digest_is_of_what_happens() {
    let digest = |text: &str, pod: &str| {
        let file = load_all(&[("tokens/bound.yaml", text), ("tokens/bound/pod.yaml", pod)]).unwrap().pop().unwrap();
        let version = "v1.30.0".parse().unwrap();
        file.scenario.digest(&file.scenario.cluster.on(&version), |step| step.when.applies(&version, &BTreeSet::new()))
    };
    let original = digest(BOUND, POD);
    assert_eq!(original.len(), 12);
    let later = "  - {name: old, when: \"<1.24\", get: {kind: Node, name: n}}\n";
    for (from, to) in
        [("dies", "lives"), ("within: 5s", "within: 6s"), ("{code: 201}", "{code: 200}"), ("  - wait", "\n  - wait")]
    {
        assert_eq!(digest(&BOUND.replace(from, to), POD), original, "{from}");
    }
    assert_eq!(digest(&format!("{BOUND}{later}"), POD), original);
    assert_ne!(digest(&BOUND.replace("name: test-pod,", "name: test-pod2,"), POD), original);
    assert_ne!(digest(BOUND, &POD.replace("test-pod", "p")), original);
    assert_ne!(digest(&BOUND.replace("name: late", "name: later"), POD), original);
    let inside = |step: &str| format!("{BOUND}  - run: {{command: a, during: [{{run: b}}{step}\n");
    assert_ne!(digest(&inside("]}\n  - run: c"), POD), digest(&inside(", {run: c}]}"), POD));
    assert_eq!(digest(&inside(", {run: c, timeout: 1s}]}"), POD), digest(&inside(", {run: c}]}"), POD));
}

#[test]
fn scenarios_are_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ScenarioFile>();
}

#[test]
fn mistakes_of_all_files_come_together() {
    let mistakes =
        load_all(&[("a.yaml", "scenario: [x"), ("b.yaml", "scenario: b\nsteps: [{get: {}}, {foo: 1}]")]).unwrap_err();
    assert_eq!(mistakes.len(), 4, "{mistakes}");
    let files: BTreeSet<&str> = mistakes.iter().map(|mistake| mistake.at.source().path()).collect();
    assert_eq!(files.len(), 2);
}

proptest! {
    #[test]
    fn any_change_of_a_scenario_is_read_or_refused(
        at in 0..BOUND.len(), length in 0usize..30, text in r#"[ \n:\-{}\[\]"'$a-z0-9.]{0,12}|\PC{0,4}"#,
    ) {
        let end = (at + length).min(BOUND.len());
        let source = Source::new("x.yaml", format!("{}{text}{}", &BOUND[..at], &BOUND[end..]));
        if let Ok(documents) = parse(&source) {
            for document in documents {
                let _ = read::scenario("x", &document, None, &Fixtures::default());
            }
        }
    }
}
