//! The contract with insta: its own assertion passes on files that we wrote.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use camino::Utf8Path;

use crate::world::{World, id};

fn assert_with_insta(world: &World, name: &str, text: &str) -> bool {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(world.folder());
    settings.set_prepend_module_to_snapshot(false);
    catch_unwind(AssertUnwindSafe(|| settings.bind(|| insta::assert_snapshot!(name, text)))).is_ok()
}

#[test]
fn an_assertion_of_insta_passes_on_a_file_of_ours() {
    let text = "code: 201\nbody:\n  token: <token:token>\n\n  - \"quoted\"\n---\nend";
    let world = World::recorded(&[("v1.22.17", &[("review", text)]), ("v1.34.2", &[("review", "code: 404\r\n")])]);
    assert!(assert_with_insta(&world, "review@v1.22", text));
    assert!(assert_with_insta(&world, "review@v1.34", "code: 404"));
    assert!(!assert_with_insta(&world, "review@v1.34", "code: 200"), "it does compare");
}

#[test]
fn all_versions_are_referenced_so_that_cargo_insta_deletes_none() {
    let world = World::recorded(&[("v1.22.17", &[("review", "A")]), ("v1.23.17", &[("review", "B"), ("token", "T")])]);
    world.propose("v1.24.17", &[("review", "C")]).unwrap();
    let file = world.store.root().join("references");
    fs::write(&file, "somebody else's\n").unwrap();
    world.store.reference(&["nobody/was-here".parse().unwrap(), id()], &file).unwrap();
    let lines = fs::read_to_string(&file).unwrap();
    let (others, ours): (Vec<&str>, Vec<&str>) = lines.lines().partition(|line| line.starts_with("somebody"));
    assert_eq!(others.len(), 1);
    let names: Vec<&str> = ours.iter().filter_map(|line| Utf8Path::new(line).file_name()).collect();
    assert_eq!(names, ["review@v1.22.snap", "review@v1.23.snap", "token@v1.23.snap"]);
    assert!(ours.iter().all(|line| Utf8Path::new(line).is_absolute() && Utf8Path::new(line).exists()));
}
