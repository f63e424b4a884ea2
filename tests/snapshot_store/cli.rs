//! `rehearsal review` as somebody at a terminal or a script sees it.

use clap::Parser;
use rehearsal::cli::review::{ReviewArgs, ReviewError, Terminal, run};

use crate::world::World;

const A: &[(&str, &str)] = &[("review", "code: 200\nstatus:\n  authenticated: true"), ("token", "T")];
const B: &[(&str, &str)] = &[("review", "code: 200\nstatus:\n  authenticated: false"), ("token", "T")];

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    review: ReviewArgs,
}

fn world() -> World {
    let world = World::recorded(&[("v1.22.17", A), ("v1.24.17", A)]);
    world.propose("v1.23.17", B).unwrap();
    world
}

fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from([&["review"], args].concat())
}

/// What is written for `args`, with the store's place cut out.
fn review(world: &World, args: &[&str], answers: Option<&str>) -> Result<String, ReviewError> {
    let (mut out, mut input) = (Vec::new(), answers.map(str::as_bytes));
    let input = input.as_mut().map(|input| input as &mut dyn std::io::BufRead);
    run(&parse(args).unwrap().review, &world.store, &mut Terminal { out: &mut out, coloured: false, input })?;
    Ok(String::from_utf8(out).unwrap().replace(&format!("{}/", world.store.root()), ""))
}

const LISTED: &str = "\
tokens/pod-bound on v1.23.17
review@v1.23.snap: differs
--- recorded, since v1.22
+++ seen, from v1.23 on
@@ -1,3 +1,3 @@
 code: 200
 status:
-  authenticated: true
+  authenticated: false
review@v1.24.snap: as since v1.22; it differs just below now
accepting adds to recorded.yaml: v1.23.17 (local)
";

#[test]
fn the_list_shows_differences_and_what_the_ledger_gains() {
    let world = world();
    let decide = "\n`rehearsal review accept tokens/pod-bound`, or `reject tokens/pod-bound`\n";
    assert_eq!(review(&world, &[], None).unwrap(), format!("{LISTED}{decide}"));
    assert_eq!(review(&world, &["show", "tokens/pod-bound"], None).unwrap(), format!("{LISTED}{decide}"));
    assert_eq!(review(&World::new(), &[], None).unwrap(), "nothing waits for review\n");
    assert_eq!(review(&World::new(), &[], Some("a\n")).unwrap(), "nothing waits for review\n");
}

#[test]
fn a_new_step_and_one_that_goes_are_told() {
    let world = World::recorded(&[("v1.22.17", &[("list", "L")]), ("v1.23.17", A)]);
    world.propose("v1.23.17", &[("list", "L"), ("review", "R")]).unwrap();
    let listed = review(&world, &[], None).unwrap();
    assert!(listed.contains("token@v1.23.snap: goes, no version shows it any more\n"), "{listed}");
    assert!(listed.contains("did not run on v1.23.17, and did before: token\n"), "{listed}");
    world.store.reject(&crate::world::id(), None).unwrap();
    world.propose("v1.21.14", &[("token", "new\nstep")]).unwrap();
    let listed = review(&world, &[], None).unwrap();
    assert!(
        listed.contains(
            "token@v1.21.snap: new\n--- not recorded\n+++ seen, from v1.21 on\n@@ -0,0 +1,2 @@\n+new\n+step\n"
        ),
        "{listed}"
    );
}

#[test]
fn colours_are_there_when_asked_for() {
    let (world, mut out) = (world(), Vec::new());
    let args = parse(&[]).unwrap().review;
    run(&args, &world.store, &mut Terminal { out: &mut out, coloured: true, input: None }).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("\u{1b}[32m+  authenticated: false\u{1b}[0m"), "{out}");
    assert!(anstream::adapter::strip_str(&out).to_string().starts_with(LISTED));
}

#[test]
fn json_for_scripts() {
    let out = review(&world(), &["--output", "json"], None).unwrap();
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let set = &document["pending"][0];
    assert_eq!(set["id"], "tokens/pod-bound");
    assert_eq!(set["recordings"][0]["version"], "v1.23.17");
    assert_eq!(set["files"][0]["meaning"], "changed");
    assert_eq!(set["files"][1]["meaning"], "as-before");
    assert!(set["files"][0]["diff"].as_str().unwrap().contains("\n+  authenticated: false\n"));
    assert_eq!(review(&World::new(), &["--output", "json"], Some("")).unwrap(), "{\n  \"pending\": []\n}\n");
}

#[test]
fn accepting_says_which_files_it_wrote() {
    let written = review(&world(), &["accept", "tokens/pod-bound"], None).unwrap();
    assert_eq!(
        written,
        "accepted tokens/pod-bound\n  wrote tokens/pod-bound/recorded.yaml\n  wrote \
         tokens/pod-bound/review@v1.23.snap\n  wrote tokens/pod-bound/review@v1.24.snap\n"
    );
    let world = world();
    assert_eq!(
        review(&world, &["reject", "--all"], None).unwrap(),
        "rejected tokens/pod-bound: its snapshots and recorded.yaml stay as they were\n"
    );
    assert_eq!(review(&world, &["accept", "--all"], None).unwrap(), "nothing waits for review\n");
}

#[test]
fn a_version_can_be_named() {
    let world = world();
    world.propose("v1.25.4", B).unwrap();
    review(&world, &["accept", "tokens/pod-bound@v1.25.4"], None).unwrap();
    assert_eq!(world.look_up("review", "v1.25.4").lines().last(), Some("  authenticated: false seen, since v1.25"));
    assert!(review(&world, &[], None).unwrap().starts_with("tokens/pod-bound on v1.23.17\n"));
}

#[test]
fn a_wrong_name_decides_nothing() {
    let world = world();
    let before = world.files();
    let error = review(&world, &["accept", "tokens/pod-bound", "tokens/pod-bond"], None).unwrap_err();
    assert_eq!(error.to_string(), "nothing of tokens/pod-bond waits for review; did you mean tokens/pod-bound?");
    let error = review(&world, &["show", "nodes/drain"], None).unwrap_err();
    assert_eq!(error.to_string(), "nothing of nodes/drain waits for review; `rehearsal review` lists what does");
    assert_eq!(world.files(), before);
    for args in [&["accept"][..], &["accept", "--all", "x"], &["accept", "x@1.x"], &["reject", "../x"]] {
        assert!(parse(args).is_err(), "{args:?}");
    }
}

#[test]
fn somebody_at_a_terminal_is_asked_for_each() {
    let other = "tokens/other".parse().unwrap();
    let world = world();
    let mut subject = world.subject.clone();
    subject.id = other;
    let texts = || crate::world::texts(B);
    world.store.propose(&subject, &crate::world::version("v1.23.17"), crate::world::entry(), texts()).unwrap();
    let asked = review(&world, &[], Some("what\ns\na\n")).unwrap();
    assert_eq!(asked.matches("1/2: [a]ccept, [r]eject, [s]kip? ").count(), 2, "{asked}");
    assert!(asked.contains("2/2: [a]ccept, [r]eject, [s]kip? accepted tokens/pod-bound\n"), "{asked}");
    // Nobody answers: nothing happens.
    let before = world.files();
    let asked = review(&world, &[], Some("")).unwrap();
    assert!(asked.ends_with("1/1: [a]ccept, [r]eject, [s]kip? \n"), "{asked}");
    assert_eq!(world.files(), before);
    assert!(review(&world, &[], Some("r\n")).unwrap().contains("rejected tokens/other: "));
    assert_eq!(world.store.pending().unwrap().len(), 0);
}

#[test]
fn help_has_examples_and_the_ledger() {
    use clap::CommandFactory as _;
    let mut command = Cli::command();
    let help = command.render_long_help().to_string();
    assert!(help.contains("rehearsal review accept tokens/pod-bound") && help.contains("recorded.yaml"), "{help}");
}
