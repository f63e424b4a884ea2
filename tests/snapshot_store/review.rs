//! Proposals: what they write, and what becomes of them with our review, with `cargo insta`, and with half of either.

use std::fs;
use std::process::Command;

use rehearsal::snapshot::{Meaning, Standing, StoreError};

use crate::world::{World, files, id, version};

const A: &[(&str, &str)] = &[("review", "A"), ("token", "T")];
const B: &[(&str, &str)] = &[("review", "B"), ("token", "T")];
const C: &[(&str, &str)] = &[("review", "B"), ("token", "U")];

/// v1.22 and v1.24 show A; v1.23 shows B, so that v1.24 needs a file that says A again.
fn between() -> World {
    let world = World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]);
    world.propose("v1.23.17", B).unwrap();
    world
}

fn standing(world: &World) -> Option<Standing> {
    world.store.pending().unwrap().pop().map(|set| set.standing)
}

#[test]
fn a_proposal_is_the_whole_set_and_changes_nothing_that_was_accepted() {
    let before = World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]).files();
    let world = between();
    let mut files = world.files();
    let new = files.remove("review@v1.23.snap.new").unwrap();
    assert!(new.starts_with("---\nsource: scenarios/tokens/pod-bound.yaml\nassertion_line: 14\n"), "{new}");
    assert!(files.remove("review@v1.24.snap.new").unwrap().ends_with("\n---\nA\n"));
    let lines = files.remove("recorded.yaml.new").unwrap();
    assert!(lines.contains("\nv1.23.17: {") && !lines.contains("v1.22.17"), "{lines}");
    assert_eq!(files, before);
    assert_eq!(world.look_up("review", "v1.23.17"), "A assumed from v1.22.17, since v1.22");

    let set = &world.store.pending().unwrap()[0];
    let meanings: Vec<_> = set.files.iter().map(|file| (file.point.to_string(), file.meaning())).collect();
    assert_eq!(
        meanings,
        [("review@v1.23.snap".to_owned(), Meaning::Changed), ("review@v1.24.snap".to_owned(), Meaning::AsBefore)]
    );
}

#[test]
fn accepting_gives_what_recording_gives() {
    let world = between();
    world.store.accept(&id(), None).unwrap();
    let recorded = World::recorded(&[("v1.23.17", B), ("v1.24.17", A), ("v1.22.17", A)]);
    assert_eq!(world.files(), recorded.files());
    assert!(matches!(world.store.accept(&id(), None), Err(StoreError::NothingPending { .. })));
}

#[test]
fn rejecting_leaves_what_was_there() {
    let world = between();
    world.store.reject(&id(), None).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]).files());
    assert!(matches!(world.store.reject(&id(), None), Err(StoreError::NothingPending { .. })));
    let nobody = "nobody/was-here".parse().unwrap();
    assert!(matches!(world.store.reject(&nobody, None), Err(StoreError::NothingPending { .. })));
    assert!(!world.store.root().join("nobody").exists());
}

#[test]
fn proposals_build_on_each_other_in_any_order() {
    let one = between();
    one.propose("v1.25.4", C).unwrap();
    one.propose("v1.25.4", C).unwrap();
    let other = World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]);
    other.propose("v1.25.4", C).unwrap();
    other.propose("v1.23.17", B).unwrap();
    assert_eq!(one.files(), other.files());
    one.store.accept(&id(), None).unwrap();
    let all = [("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A), ("v1.25.4", C)];
    assert_eq!(one.files(), World::recorded(&all).files());
}

#[test]
fn one_version_of_a_proposal_can_be_decided_on() {
    let world = between();
    world.propose("v1.25.4", C).unwrap();
    world.store.accept(&id(), Some(&version("v1.25.4"))).unwrap();
    let expected = World::recorded(&[("v1.22.17", A), ("v1.24.17", A), ("v1.25.4", C)]);
    expected.propose("v1.23.17", B).unwrap();
    assert_eq!(world.files(), expected.files());
    assert!(matches!(
        world.store.accept(&id(), Some(&version("v1.25.4"))),
        Err(StoreError::NothingPending { version: Some(_), .. })
    ));
    world.store.reject(&id(), Some(&version("v1.23.17"))).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.24.17", A), ("v1.25.4", C)]).files());
}

#[test]
fn a_recording_in_between_leaves_other_proposals_waiting() {
    let world = between();
    world.record("v1.24.17", B).unwrap();
    let expected = World::recorded(&[("v1.22.17", A), ("v1.24.17", B)]);
    expected.propose("v1.23.17", B).unwrap();
    assert_eq!(world.files(), expected.files());
    world.record("v1.23.17", A).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.23.17", A), ("v1.24.17", B)]).files());
}

#[test]
fn an_answer_that_is_as_recorded_again_withdraws_its_proposal() {
    let world = World::recorded(&[("v1.22.17", A)]);
    world.propose("v1.22.17", B).unwrap();
    assert!(standing(&world).is_some());
    world.propose("v1.22.17", A).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A)]).files());
}

#[test]
fn a_proposal_without_files_waits_for_our_review() {
    // v1.23 shows what v1.22 shows after all: a file goes, and none comes.
    let world = World::recorded(&[("v1.22.17", A), ("v1.23.17", B)]);
    world.propose("v1.23.17", A).unwrap();
    assert_eq!(
        world.names(),
        ["recorded.yaml", "recorded.yaml.new", "review@v1.22.snap", "review@v1.23.snap", "token@v1.22.snap"]
    );
    let set = world.store.pending().unwrap().pop().unwrap();
    assert_eq!((set.standing, set.files.len(), set.dropped.len()), (Standing::Waiting, 0, 1));
    world.store.accept(&id(), None).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.23.17", A)]).files());
}

#[test]
fn a_step_that_no_longer_runs_is_told() {
    let world = World::recorded(&[("v1.22.17", A), ("v1.23.17", A)]);
    world.propose("v1.23.17", &[("token", "T")]).unwrap();
    let set = world.store.pending().unwrap().pop().unwrap();
    assert_eq!(set.recordings[0].gone.iter().map(ToString::to_string).collect::<Vec<_>>(), ["review"]);
}

#[test]
fn the_next_run_completes_what_cargo_insta_accepted() {
    let world = between();
    world.insta_accept("review@v1.23.snap");
    world.insta_accept("review@v1.24.snap");
    assert_eq!(world.look_up("review", "v1.23.17"), "B seen, since v1.23");
    let recorded = World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A)]);
    assert_eq!(world.files(), recorded.files());
}

#[test]
fn what_cargo_insta_cannot_remove_is_removed_by_the_next_run() {
    let world = World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", C)]);
    world.propose("v1.22.17", C).unwrap();
    for name in ["review@v1.22.snap", "token@v1.22.snap", "token@v1.23.snap"] {
        world.insta_accept(name);
    }
    assert_eq!(standing(&world), None);
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", C), ("v1.23.17", B), ("v1.24.17", C)]).files());
}

#[test]
fn the_next_run_drops_what_cargo_insta_rejected() {
    let world = between();
    world.insta_reject("review@v1.23.snap");
    world.insta_reject("review@v1.24.snap");
    // A file that somebody put there is none of a rejection's business.
    fs::copy(world.path("review@v1.22.snap"), world.path("review@v1.30.snap")).unwrap();
    assert_eq!(world.look_up("review", "v1.23.17"), "A assumed from v1.22.17, since v1.22");
    assert!(world.path("review@v1.30.snap").exists());
    world.store.update(&id(), |recorded| recorded).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]).files());
}

#[test]
fn every_operation_settles_first() {
    let all = [("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A), ("v1.25.4", C)];
    let accepted = || {
        let world = between();
        world.insta_accept("review@v1.23.snap");
        world.insta_accept("review@v1.24.snap");
        world
    };
    let world = accepted();
    world.record("v1.25.4", C).unwrap();
    assert_eq!(world.files(), World::recorded(&all).files());
    let world = accepted();
    world.propose("v1.25.4", C).unwrap();
    world.store.accept(&id(), None).unwrap();
    assert_eq!(world.files(), World::recorded(&all).files());
}

#[test]
fn an_acceptance_in_part_is_told_and_never_guessed() {
    let world = between();
    world.insta_accept("review@v1.23.snap");
    let before = world.files();
    let Some(Standing::Partial(partial)) = standing(&world) else { panic!("{:?}", standing(&world)) };
    assert_eq!(partial.to_string(), "accepted: review@v1.23.snap; waiting: review@v1.24.snap");
    for refused in [world.record("v1.25.4", C), world.propose("v1.25.4", C)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Partial { .. }), "{error}");
        assert!(error.to_string().contains("rehearsal review accept tokens/pod-bound"), "{error}");
    }
    assert_eq!(world.files(), before, "nothing was touched");
    // A run can go on meanwhile; the text that was moved over is told from a recorded one.
    assert_eq!(world.look_up("token", "v1.24.17"), "T seen, since v1.22");
    world.store.accept(&id(), None).unwrap();
    let recorded = World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A)]);
    assert_eq!(world.files(), recorded.files());
}

#[test]
fn a_rejection_in_part_can_still_be_rejected_but_a_lost_text_not_accepted() {
    let world = World::recorded(&[("v1.22.17", A)]);
    world.propose("v1.23.17", C).unwrap();
    world.insta_accept("token@v1.23.snap");
    world.insta_reject("review@v1.23.snap");
    let error = world.store.accept(&id(), None).unwrap_err();
    assert!(error.to_string().contains("the text of review@v1.23.snap is gone"), "{error}");
    world.store.reject(&id(), None).unwrap();
    assert_eq!(standing(&world), None);
    // What cargo insta moved is no recording; writing the folder anew takes it away.
    world.store.update(&id(), |recorded| recorded).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A)]).files());
}

#[test]
fn an_edited_proposal_is_not_taken_for_what_was_seen() {
    let world = between();
    let path = world.path("review@v1.23.snap.new");
    let edited = fs::read_to_string(&path).unwrap().replace("\nB\n", "\nwishful\n");
    fs::write(&path, edited).unwrap();
    assert!(matches!(standing(&world), Some(Standing::Partial(partial)) if partial.edited.len() == 1));
    assert!(matches!(world.store.accept(&id(), None), Err(StoreError::Incomplete { .. })));
}

#[test]
fn an_edited_snapshot_is_not_taken_for_a_rejection() {
    let world = World::recorded(&[("v1.22.17", A)]);
    world.propose("v1.22.17", B).unwrap();
    world.insta_reject("review@v1.22.snap");
    let path = world.path("review@v1.22.snap");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("\nA\n", "\nwishful\n")).unwrap();
    assert!(matches!(standing(&world), Some(Standing::Partial(partial)) if partial.edited.len() == 1));
    assert!(world.names().contains(&"recorded.yaml.new".to_owned()));
}

#[test]
fn a_broken_proposal_can_be_rejected() {
    let world = between();
    fs::write(world.path("recorded.yaml.new"), "{").unwrap();
    assert!(world.store.pending().is_err());
    world.store.reject(&id(), None).unwrap();
    assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]).files());
}

/// An acceptance that was cut off by us looks like one that cargo insta did in part, until the ledger is written.
#[test]
fn our_own_acceptance_can_be_cut_off_anywhere() {
    let done = World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A)]).files();
    // After the ledger: the next run only sweeps.
    let world = between();
    for (name, contents) in &done {
        fs::write(world.path(name), contents).unwrap();
    }
    assert_eq!(world.look_up("review", "v1.23.17"), "B seen, since v1.23");
    assert_eq!(world.files(), done);
    // Before the ledger, with one file or all in place.
    for names in [&["review@v1.24.snap"][..], &["review@v1.24.snap", "review@v1.23.snap"]] {
        let world = between();
        for name in names {
            fs::write(world.path(name), &done[*name]).unwrap();
        }
        match world.store.accept(&id(), None) {
            Ok(_) => assert_eq!(world.files(), done),
            Err(error) => panic!("{names:?}: {error}"),
        }
    }
}

#[test]
#[ignore = "needs cargo-insta: cargo install cargo-insta --version 1.49.0, then cargo test -- --ignored"]
fn cargo_insta_itself_accepts_and_rejects_our_files() {
    let insta = |world: &World, verb: &str, snapshot: Option<&str>| {
        let root = world.store.root();
        fs::write(root.join("Cargo.toml"), "[package]\nname = \"x\"\nversion = \"0.0.0\"\nedition = \"2024\"\n")
            .unwrap();
        // As in every project: pending files are ignored by git, and cargo insta has to find them all the same.
        fs::write(root.join(".gitignore"), "*.snap.new\nrecorded.yaml.new\n").unwrap();
        assert!(Command::new("git").args(["init", "-q"]).current_dir(root).status().unwrap().success());
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/lib.rs"), "").unwrap();
        let mut command = Command::new("cargo");
        command.args(["insta", verb]).current_dir(root);
        command.args(snapshot.map(|name| format!("--snapshot={}", world.path(name))));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let world = between();
    insta(&world, "accept", None);
    assert_eq!(world.look_up("review", "v1.23.17"), "B seen, since v1.23");
    let recorded = World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A)]);
    assert_eq!(files(&world.folder()), recorded.files(), "byte for byte");

    let world = between();
    insta(&world, "reject", None);
    assert_eq!(standing(&world), None);
    assert_eq!(files(&world.folder()), World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]).files());

    let world = between();
    insta(&world, "accept", Some("review@v1.23.snap"));
    assert!(matches!(standing(&world), Some(Standing::Partial(_))), "{:?}", world.names());
}
