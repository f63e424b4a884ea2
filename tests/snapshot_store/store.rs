//! Recording and looking up.

use std::fs;

use rehearsal::snapshot::{Refusal, StoreError};

use crate::world::{World, id, plan, series, version};

const A: &[(&str, &str)] = &[("review", "A")];
const B: &[(&str, &str)] = &[("review", "B")];

#[test]
fn a_folder_reads_like_the_posts() {
    let world = World::recorded(&[
        ("v1.23.17", &[("review", "authenticated: true"), ("token", "kid: <kid>")]),
        ("v1.22.17", &[("review", "authenticated: true"), ("token", "kid: <kid>")]),
        ("v1.24.17", &[("review", "authenticated: false"), ("token", "kid: <kid>")]),
    ]);
    let files = world.files();
    assert_eq!(world.names(), ["recorded.yaml", "review@v1.22.snap", "review@v1.24.snap", "token@v1.22.snap"]);
    assert_eq!(
        files["review@v1.24.snap"],
        "---\nsource: scenarios/tokens/pod-bound.yaml\ndescription: \"A token bound to a Pod: review\"\ninfo:\n  \
         since: v1.24\ninput_file: scenarios/tokens/pod-bound.yaml\n---\nauthenticated: false\n"
    );
    // The digests are what `printf %s TEXT | sha256sum` begins with.
    let ledger: Vec<&str> = files["recorded.yaml"].lines().collect();
    assert!(ledger[0].starts_with('#'), "{ledger:?}");
    assert_eq!(
        ledger[1..],
        [
            "v1.22.17: {cluster: local, etcd: 3.5.24, plan: aab8f06fecd1, texts: {review: 3d5878986f9b, token: d80b45d06414}}",
            "v1.23.17: {cluster: local, etcd: 3.5.24, plan: aab8f06fecd1, texts: {review: 3d5878986f9b, token: d80b45d06414}}",
            "v1.24.17: {cluster: local, etcd: 3.5.24, plan: aab8f06fecd1, texts: {review: 03f8d5f05f1d, token: d80b45d06414}}",
        ]
    );
}

#[test]
fn a_look_up_says_what_was_seen_and_what_is_assumed() {
    let world = World::recorded(&[("v1.22.17", A), ("v1.30.14", A), ("v1.25.4", B), ("v1.33.13", B), ("v1.33.5", A)]);
    for (at, found) in [
        ("v1.21.3", "unrecorded"),
        ("v1.22.17", "A seen, since v1.22"),
        ("v1.22.1", "A assumed from v1.22.17, since v1.22"),
        ("v1.24.0", "A assumed from v1.22.17, since v1.22"),
        ("v1.25.4", "B seen, since v1.25"),
        ("v1.29.0", "B assumed from v1.25.4, since v1.25"),
        ("v1.30.14", "A seen, since v1.30"),
        ("v1.33.2", "A assumed from v1.33.5, since v1.30"),
        ("v1.33.13", "B seen, since v1.33.13"),
        ("v1.33.13-gke.100", "B assumed from v1.33.13, since v1.33.13"),
        ("v1.36.0", "B assumed from v1.33.13, since v1.33.13"),
    ] {
        assert_eq!(world.look_up("review", at), found, "{at}");
    }
    assert_eq!(world.look_up("token", "v1.36.0"), "unrecorded");
}

#[test]
fn nothing_is_assumed_of_a_step_that_did_not_run() {
    let world = World::recorded(&[("v1.22.17", A), ("v1.24.17", &[("token", "T")]), ("v1.30.14", A)]);
    assert_eq!(world.look_up("review", "v1.23.0"), "A assumed from v1.22.17, since v1.22");
    assert_eq!(world.look_up("review", "v1.24.17"), "unrecorded");
    assert_eq!(world.look_up("review", "v1.29.0"), "unrecorded");
    assert_eq!(world.look_up("review", "v1.31.0"), "A assumed from v1.30.14, since v1.30");
    assert_eq!(world.look_up("token", "v1.31.0"), "unrecorded");
}

#[test]
fn recording_again_writes_nothing() {
    let world = World::recorded(&[("v1.22.17", A)]);
    let written = world.record("v1.22.17", A).unwrap();
    assert!(written.written.is_empty() && written.removed.is_empty(), "{written:?}");
}

#[test]
fn a_patch_below_the_first_one_moves_the_label() {
    let world = World::recorded(&[("v1.34.2", B)]);
    assert_eq!(world.names(), ["recorded.yaml", "review@v1.34.snap"]);
    world.record("v1.34.0", A).unwrap();
    assert_eq!(world.names(), ["recorded.yaml", "review@v1.34.2.snap", "review@v1.34.snap"]);
    assert_eq!(world.look_up("review", "v1.34.2"), "B seen, since v1.34.2");
}

#[test]
fn a_vendors_build_takes_the_place_of_the_release() {
    let world = World::recorded(&[("v1.34.2", A), ("v1.34.2+k3s1", B)]);
    assert_eq!(world.look_up("review", "v1.34.2+k3s1"), "B seen, since v1.34");
    assert_eq!(world.look_up("review", "v1.34.2"), "B assumed from v1.34.2+k3s1, since v1.34");
}

#[test]
fn a_line_with_another_plan_is_stale() {
    let world = World::recorded(&[("v1.22.17", A)]);
    let recorded = world.store.scenario(&id()).unwrap();
    assert!(!recorded.stale(&version("v1.22.17"), plan()));
    assert!(recorded.stale(&version("v1.22.17"), rehearsal::snapshot::Digest::of("another plan")));
    assert!(!recorded.stale(&version("v1.23.0"), plan()), "what was not recorded is not stale");
}

#[test]
fn dropped_versions_go_with_their_files() {
    let world = World::recorded(&[("v1.22.17", A), ("v1.23.17", B), ("v1.24.17", A)]);
    world.store.update(&id(), |recorded| recorded.retain(|at| *at != version("v1.23.17"))).unwrap();
    assert_eq!(world.names(), ["recorded.yaml", "review@v1.22.snap"]);
    world.store.update(&id(), |recorded| recorded.retain(|_| false)).unwrap();
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn a_hand_edited_text_is_used_and_told_from_a_recorded_one() {
    let world = World::recorded(&[("v1.22.17", A), ("v1.23.17", A)]);
    let path = world.path("review@v1.22.snap");
    let edited = fs::read_to_string(&path).unwrap().replace("\nA\n", "\nedited\n");
    fs::write(&path, &edited).unwrap();
    assert_eq!(world.look_up("review", "v1.23.17"), "edited edited, v1.23.17, since v1.22");
    // It is not laundered into the ledger by a recording of another version, nor lost.
    world.record("v1.24.17", B).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    assert_eq!(world.look_up("review", "v1.22.17"), "edited edited, v1.22.17, since v1.22");
    assert_eq!(world.look_up("review", "v1.24.17"), "B seen, since v1.24");
    // Seeing the text again on any of the versions brings it back for all.
    world.record("v1.22.17", A).unwrap();
    assert_eq!(world.look_up("review", "v1.23.17"), "A seen, since v1.22");
}

#[test]
fn a_text_is_found_where_a_merge_left_it() {
    // One branch recorded v1.23 (B), another v1.24 (A, which held from v1.22 on): both files merge without conflict.
    let world = World::recorded(&[("v1.22.17", A), ("v1.23.17", B)]);
    let other = World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]);
    let line = other.files()["recorded.yaml"].lines().last().unwrap().to_owned();
    let merged = format!("{}{line}\n", world.files()["recorded.yaml"]);
    fs::write(world.path("recorded.yaml"), merged).unwrap();
    assert_eq!(world.look_up("review", "v1.24.17"), "A seen, since v1.24");
    world.store.update(&id(), |recorded| recorded).unwrap();
    assert_eq!(world.names(), ["recorded.yaml", "review@v1.22.snap", "review@v1.23.snap", "review@v1.24.snap"]);
    let recorded = World::recorded(&[("v1.24.17", A), ("v1.23.17", B), ("v1.22.17", A)]);
    assert_eq!(world.files(), recorded.files());
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let world = World::recorded(&[("v1.22.17", A)]);
    fs::write(world.path("review@v1.22.snap"), "---\nsource: x\n").unwrap();
    let error = world.store.scenario(&id()).unwrap_err();
    assert!(matches!(&error, StoreError::Snapshot { refusal: Refusal::CutOff, .. }), "{error:?}");
    assert!(error.to_string().contains("review@v1.22.snap: it ends within its header; restore"), "{error}");
    assert!(world.record("v1.23.17", A).is_err(), "nothing is written over what is not understood");

    let world = World::recorded(&[("v1.22.17", A)]);
    fs::write(world.path("recorded.yaml"), "v1.22.17: {cluster: local}\n").unwrap();
    let error = world.store.scenario(&id()).unwrap_err().to_string();
    assert!(error.contains("recorded.yaml:1: ") && error.contains("plan"), "{error}");
}

#[test]
fn a_step_may_show_what_a_merge_leaves_behind() {
    let shown = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch";
    let world = World::recorded(&[("v1.22.17", &[("review", shown)])]);
    assert_eq!(world.look_up("review", "v1.22.17"), format!("{shown} seen, since v1.22"));
    let path = world.path("review@v1.22.snap");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("theirs", "nobody's")).unwrap();
    let error = world.store.scenario(&id()).unwrap_err();
    assert!(matches!(&error, StoreError::Snapshot { refusal: Refusal::Conflict { line: 8 }, .. }), "{error:?}");
}

#[test]
fn scenarios_are_found_by_their_files() {
    let world = World::recorded(&[("v1.22.17", A)]);
    let mut nested = world.subject.clone();
    nested.id = "tokens/pod-bound/with-gate".parse().unwrap();
    world.store.propose(&nested, &version("v1.22.17"), crate::world::entry(), crate::world::texts(A)).unwrap();
    fs::create_dir_all(world.store.root().join("notes")).unwrap();
    fs::write(world.store.root().join("notes/README.md"), "").unwrap();
    let ids: Vec<String> = world.store.scenarios().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["tokens/pod-bound", "tokens/pod-bound/with-gate"]);
    assert_eq!(world.look_up("review", "v1.22.17"), "A seen, since v1.22");
    let nobody = world.store.scenario(&"nobody/was-here".parse().unwrap()).unwrap();
    assert_eq!(nobody.versions().count(), 0);
    assert!(!world.store.root().join("nobody").exists(), "looking leaves no folder behind");
    assert_eq!(nobody.look_up(&series("review"), &version("v1.22.17")), rehearsal::snapshot::LookUp::Unrecorded);
}
