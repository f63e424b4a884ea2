//! Several writers at once, writers that are killed, disks that are full or read-only.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use camino::Utf8Path;
use rehearsal::snapshot::{Store, StoreError};

use crate::world::{World, entry, files, id, series, subject, texts, version};

const STORE: &str = "REHEARSAL_TEST_STORE";
const TASK: &str = "REHEARSAL_TEST_TASK";
const A: &[(&str, &str)] = &[("review", "A")];
const VERSIONS: [&str; 8] =
    ["v1.22.17", "v1.23.17", "v1.24.17", "v1.25.4", "v1.30.14", "v1.33.5", "v1.33.13", "v1.34.2"];

/// What the other processes of this file do; the tests below start them.
#[test]
#[expect(clippy::print_stdout, reason = "how it tells its parent")]
#[ignore = "does something only in the processes that the other tests start"]
fn child() {
    let (Ok(root), Ok(task)) = (std::env::var(STORE), std::env::var(TASK)) else { return };
    let store = Store::open(root);
    let record = |at: &str, text: &str| {
        store.record(&subject(), &version(at), entry(), texts(&[("review", text), ("token", "T")]))
    };
    match task.split_once(' ') {
        Some(("record", at)) => drop(record(at, at).unwrap()),
        Some(("fail", _)) => {
            let recorded = store.scenario(&id()).unwrap();
            println!("{:?}", recorded.look_up(&series("review"), &version("v1.23.17")));
            let text = "long ".repeat(1000);
            let Err(StoreError::Io { source, path, doing }) = record("v1.23.17", &text) else {
                panic!("it was written")
            };
            println!("{doing} {path}: {:?}", source.kind());
        }
        _ => {
            for round in 0.. {
                for at in VERSIONS {
                    record(at, if (round + usize::from(at.len() % 2 == 0)) % 2 == 0 { "A" } else { "B" }).unwrap();
                    println!("recorded {at}");
                }
            }
        }
    }
}

fn child_command(program: &Utf8Path, world: &World, task: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", "failure::child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(STORE, world.store.root()).env(TASK, task).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn program() -> camino::Utf8PathBuf {
    std::env::current_exe().unwrap().try_into().unwrap()
}

fn all() -> World {
    let world = World::new();
    for at in VERSIONS {
        world.record(at, &[("review", at), ("token", "T")]).unwrap();
    }
    world
}

#[test]
fn threads_that_record_at_once_lose_nothing() {
    let world = World::new();
    thread::scope(|scope| {
        for at in VERSIONS {
            let world = &world;
            scope.spawn(move || world.record(at, &[("review", at), ("token", "T")]).unwrap());
        }
    });
    assert_eq!(world.files(), all().files());
}

#[test]
fn processes_that_record_at_once_lose_nothing() {
    let world = World::new();
    let start = |at| child_command(&program(), &world, &format!("record {at}")).spawn().unwrap();
    let children: Vec<_> = VERSIONS.map(start).into();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(world.files(), all().files());
}

#[test]
fn a_reader_never_sees_half_a_recording() {
    let world = World::recorded(&[("v1.22.17", &[("review", "A")]), ("v1.23.17", &[("review", "B")])]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..40 {
                let text = if round % 2 == 0 { "B" } else { "A" };
                world.record("v1.22.17", &[("review", text)]).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let recorded = world.store.scenario(&id()).unwrap();
            assert_eq!(recorded.missing(), []);
            assert_eq!(world.look_up("review", "v1.23.17").chars().next(), Some('B'));
        }
    });
}

#[test]
fn a_killed_writer_leaves_whole_files_and_recording_again_repairs() {
    let world = World::new();
    for kill_after in 1..12 {
        let mut child = child_command(&program(), &world, "forever").spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let recorded = lines.by_ref().map(Result::unwrap).filter(|line| line.contains("recorded")).take(kill_after);
        assert_eq!(recorded.count(), kill_after);
        child.kill().unwrap();
        child.wait().unwrap();
        // Every file is whole, the lock is free, and what the ledger says was recorded is there or told.
        world.store.scenario(&id()).unwrap();
        for at in VERSIONS {
            world.record(at, &[("review", at), ("token", "T")]).unwrap();
        }
        assert_eq!(world.files(), all().files());
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    for blocks in [0, 1] {
        // With no block the first write fails; with one, files before the long text are written.
        let world = World::recorded(&[("v1.22.17", A)]);
        let before = world.files();
        let child = child_command(&program(), &world, "fail -");
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        limited.arg(child.get_program()).args(child.get_args());
        limited.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains(&format!("{:?}", ErrorKind::FileTooLarge)), "{told}");
        for (name, contents) in &before {
            assert_eq!(world.files().get(name), Some(contents), "{name}");
        }
        assert_eq!(world.look_up("review", "v1.22.17"), "A seen, since v1.22");
        assert!(world.names().iter().all(|name| !name.starts_with(".rehearsal")), "{:?}", world.names());
        world.record("v1.23.17", A).unwrap();
        assert_eq!(world.files(), World::recorded(&[("v1.22.17", A), ("v1.23.17", A)]).files());
    }
}

#[test]
fn a_read_only_folder_is_told_and_can_be_read() {
    let world = World::recorded(&[("v1.22.17", A)]);
    world.propose("v1.23.17", &[("review", "B")]).unwrap();
    world.insta_accept("review@v1.23.snap");
    let before = world.files();
    // Permissions mean nothing to root, so another user tries; the program is copied to where that user can reach it.
    let place = tempfile::tempdir().unwrap();
    let copy = Utf8Path::from_path(place.path()).unwrap().join("program");
    fs::copy(program(), &copy).unwrap();
    for path in [place.path(), world.store.root().as_std_path(), world.store.root().join("tokens").as_std_path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(world.folder(), fs::Permissions::from_mode(0o555)).unwrap();
    let mut child = child_command(&copy, &world, "fail -");
    if is_root(&copy) {
        child.uid(65534);
    }
    let output = child.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains(&format!("{:?}", ErrorKind::PermissionDenied)), "{told}");
    // Who can only read sees all the same what cargo insta accepted.
    assert!(told.contains("Seen") && told.contains("\"B\""), "{told}");
    assert_eq!(files(&world.folder()), before);
    fs::set_permissions(world.folder(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Whether what we wrote is owned by uid 0.
fn is_root(path: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().unwrap().uid() == 0
}
