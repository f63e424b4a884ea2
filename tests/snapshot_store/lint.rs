//! What lint finds in a folder that is not what was recorded.

use std::fs;

use rehearsal::snapshot::lint::{self, Known};
use rehearsal::snapshot::{Digest, Subject};
use rehearsal::version::Version;

use crate::world::{World, id, plan};

const A: &[(&str, &str)] = &[("review", "A"), ("token", "T")];
const B: &[(&str, &str)] = &[("review", "B"), ("token", "T")];

fn world() -> World {
    World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", B)])
}

fn examine(world: &World, subject: &Subject, plan: &dyn Fn(&Version) -> Option<Digest>) -> Vec<String> {
    let findings = lint::scenario(&world.store, Known { subject, plan }).unwrap();
    let prefix = format!("{}/", world.folder());
    findings.iter().map(|finding| finding.to_string().replace(&prefix, "")).collect()
}

fn findings(world: &World) -> Vec<String> {
    examine(world, &world.subject, &|_| Some(plan()))
}

fn replace(world: &World, name: &str, from: &str, to: &str) {
    let path = world.path(name);
    let contents = fs::read_to_string(&path).unwrap();
    assert!(contents.contains(from), "{contents}");
    fs::write(path, contents.replace(from, to)).unwrap();
}

#[test]
fn a_recorded_folder_is_clean() {
    assert_eq!(findings(&world()), [""; 0]);
    assert_eq!(findings(&World::new()), [""; 0]);
}

/// Each way to damage a folder, and whether writing it anew is enough to repair it.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn damage_is_found_at_its_file() {
    type Damage = fn(&World);
    let table: &[(Damage, &[&str], bool)] = &[
        (
            |world| replace(world, "review@v1.23.snap", "\nB\n", "\nedited\n"),
            &["review@v1.23.snap: the text is not what was recorded on v1.23.17, v1.24.17"],
            false,
        ),
        (
            |world| fs::remove_file(world.path("review@v1.23.snap")).unwrap(),
            &["review@v1.23.snap: the file is gone, and with it the text that was recorded on v1.23.17, v1.24.17"],
            false,
        ),
        (
            |world| fs::rename(world.path("review@v1.23.snap"), world.path("review@v1.24.snap")).unwrap(),
            &[
                "review@v1.23.snap: the text that belongs here is in another file",
                "review@v1.24.snap: no recording leads to this file",
            ],
            true,
        ),
        (
            |world| {
                fs::copy(world.path("review@v1.23.snap"), world.path("review@v1.24.snap")).unwrap();
            },
            &["review@v1.24.snap: the same text as review@v1.23.snap, which holds until here anyway"],
            true,
        ),
        (
            |world| replace(world, "review@v1.22.snap", "A token bound", "Another title"),
            &[
                "review@v1.22.snap: not written as `rehearsal record` writes it: the title, a step's name or the file was \
               changed since",
            ],
            true,
        ),
        (
            |world| replace(world, "recorded.yaml", "{cluster: local", "{ cluster: local"),
            &["recorded.yaml: not written as `rehearsal record` writes it: the title, a step's name or the file was \
               changed since"],
            true,
        ),
        (
            |world| replace(world, "recorded.yaml", "v1.23.17: {", "<<<<<<< HEAD\n=======\n>>>>>>> other\nv1.23.17: {"),
            &["recorded.yaml:3: this is no ledger: it holds the markers of an unresolved merge"],
            false,
        ),
        (
            |world| replace(world, "review@v1.23.snap", "\nB\n", "\n<<<<<<< HEAD\nB\n=======\nC\n>>>>>>> other\n"),
            &["review@v1.23.snap:8: this is no snapshot: it holds the markers of an unresolved merge"],
            false,
        ),
        (
            |world| fs::write(world.path("review@v1.23.snap"), "---\nsource: x\n").unwrap(),
            &["review@v1.23.snap: this is no snapshot: it ends within its header"],
            false,
        ),
        (
            |world| fs::remove_file(world.path("recorded.yaml")).unwrap(),
            &[": there are snapshots here, and no recorded.yaml that says where they were seen"],
            false,
        ),
        (
            |world| fs::write(world.path("review@1.24.snap"), "").unwrap(),
            &["review@1.24.snap: the name is not STEP@vX.Y.snap, so nobody reads this file"],
            false,
        ),
        (
            |world| {
                let contents = fs::read(world.path("review@v1.23.snap")).unwrap();
                fs::write(world.path("review@v1.24.snap.new"), contents).unwrap();
                fs::write(world.path(".rehearsal-abc"), "half").unwrap();
            },
            &[
                ".rehearsal-abc: left over from a write that was cut off, or a proposal that is gone",
                "review@v1.24.snap.new: left over from a write that was cut off, or a proposal that is gone",
            ],
            true,
        ),
        (|world| drop(world.propose("v1.25.4", A).unwrap()), &["recorded.yaml.new: waits for review"], false),
        (
            |world| {
                world.propose("v1.25.4", A).unwrap();
                world.insta_accept("review@v1.25.snap");
            },
            &["recorded.yaml.new: the files were reviewed with cargo insta, and the ledger does not say so yet"],
            true,
        ),
        (
            |world| {
                world.propose("v1.25.4", &[("review", "C"), ("token", "U")]).unwrap();
                world.insta_accept("review@v1.25.snap");
            },
            &[
                "recorded.yaml.new: decided on in part (accepted: review@v1.25.snap; waiting: token@v1.25.snap), while a \
               recording is taken whole",
            ],
            false,
        ),
    ];
    for (damage, expected, repairs) in table {
        let world = world();
        damage(&world);
        assert_eq!(findings(&world), *expected);
        if *repairs {
            world.store.update(&id(), |recorded| recorded.described(&world.subject)).unwrap();
            assert_eq!(findings(&world), [""; 0], "after {expected:?}");
        }
    }
}

#[test]
fn recording_again_repairs_what_was_lost() {
    let world = world();
    replace(&world, "review@v1.23.snap", "\nB\n", "\nedited\n");
    world.record("v1.24.17", &[("review", "C"), ("token", "T")]).unwrap();
    assert_eq!(findings(&world), ["review@v1.23.snap: the text is not what was recorded on v1.23.17"]);
    world.record("v1.23.17", B).unwrap();
    assert_eq!(findings(&world), [""; 0]);
}

#[test]
fn recordings_are_held_against_the_scenario_as_it_is_now() {
    let world = world();
    let mut subject = world.subject.clone();
    subject.steps.remove(&"token".parse().unwrap());
    let now = |at: &Version| match at.to_string().as_str() {
        "v1.22.17" => None,
        "v1.23.17" => Some(Digest::of("another plan")),
        _ => Some(plan()),
    };
    let stale = format!(
        "recorded.yaml:3: v1.23.17 was recorded with other steps: plan {}, now {}",
        plan(),
        Digest::of("another plan")
    );
    assert_eq!(
        examine(&world, &subject, &now),
        [
            "recorded.yaml:2: the scenario is not for v1.22.17",
            &stale,
            "token@v1.22.snap: the scenario has no step `token`"
        ]
    );
}

#[test]
fn folders_without_a_scenario_are_found() {
    let world = world();
    let found = lint::orphans(&world.store, &["tokens/other".parse().unwrap()].into()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, world.folder());
    assert!(lint::orphans(&world.store, &[id()].into()).unwrap().is_empty());
}

#[test]
fn every_finding_says_what_to_do() {
    let world = world();
    replace(&world, "review@v1.22.snap", "\nA\n", "\nedited\n");
    fs::remove_file(world.path("token@v1.22.snap")).unwrap();
    let subject = &world.subject;
    for finding in lint::scenario(&world.store, Known { subject, plan: &|_| None }).unwrap() {
        assert!(!finding.problem.help().is_empty() && !finding.problem.is_warning(), "{finding}");
    }
    world.propose("v1.25.4", A).unwrap();
    let all = lint::scenario(&world.store, Known { subject, plan: &|_| Some(plan()) }).unwrap();
    assert_eq!(all.iter().filter(|finding| finding.problem.is_warning()).count(), 1);
}
