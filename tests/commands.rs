//! Promises about commands on a real control plane: where they run and as whom, that none outlives its step, and that
//! nothing of them stays behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers fail by panicking, and clients answer on standard output"
)]

mod cluster_support;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_support::{OwnHome, installed_assets, newest, runtime, send_signal, shared_state};
use http::Method;
use rehearsal::cluster::{Cluster, Identity, Request};
use rustix::process::Signal;
use support::{Project, Ran, Running, until};

/// A cluster, and a client of the tests' own that looks at it from outside.
struct World {
    runtime: tokio::runtime::Runtime,
    cluster: Cluster,
    cache: PathBuf,
    state: PathBuf,
    project: Project,
}

impl World {
    fn shared() -> Self {
        Self::of(shared_state())
    }

    fn of(state: PathBuf) -> Self {
        let (runtime, cache) = (runtime(), installed_assets());
        let cluster = newest(&runtime, &cache, &state);
        Self { runtime, cluster, cache, state, project: Project::new() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        command.env("REHEARSAL_CACHE", &self.cache).env("REHEARSAL_STATE", &self.state);
        command
    }

    /// Runs a scenario of these steps.
    fn rehearse(&self, steps: &str) -> Ran {
        self.project.write("scenarios/x.yaml", &scenario(steps));
        support::run(&mut self.command(&["run", "--show", "--cluster", "local"]))
    }

    /// The names of Namespaces that begin so and are not being deleted.
    fn namespaces(&self, beginning: &str) -> Vec<String> {
        let own = self.cluster.session(&Identity::Own).unwrap();
        let list = self.runtime.block_on(own.send(Request::new(Method::GET, "/api/v1/namespaces"))).unwrap();
        let items = list.body["items"].as_array().unwrap().iter().map(|item| &item["metadata"]);
        let alive = items.filter(|meta| meta["deletionTimestamp"].is_null());
        let names = alive.map(|meta| meta["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with(beginning)).collect()
    }

    /// The private folders of runs that these tests' runs have, or have left.
    fn folders(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.state.join("commands")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn scenario(steps: &str) -> String {
    format!("scenario: Commands run\nunique: [{}]\nsteps:\n{steps}", word())
}

/// A word of this process, so that it is told apart from others on the same cluster.
fn word() -> String {
    format!("made-{}", std::process::id())
}

/// A number of seconds that no other `sleep` on this machine has.
fn seconds(test: u32) -> String {
    format!("600.{}{test}", std::process::id())
}

/// The processes that sleep so long, however they were started.
fn sleepers(seconds: &str) -> usize {
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).into_owned())
    });
    lines.filter(|line| line.starts_with("sleep\0") && line.contains(seconds)).count()
}

/// A command that does not end when it is asked to, with a child and a grandchild that do not either.
fn stubborn(seconds: &str) -> String {
    format!(
        "trap '' TERM INT; (trap '' TERM INT; sleep {seconds}; true) & sh -c 'sleep {seconds}; true' & sleep {seconds}; true"
    )
}

/// Not a test: what other processes of these tests are.
#[test]
#[ignore = "is started by other tests"]
fn is_a_client() {
    cluster_support::be_a_client();
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_it_started() {
    let (world, time) = (World::shared(), seconds(1));
    let ran = world.rehearse(&format!("  - run: \"{}\"\n    timeout: 1500ms\n", stubborn(&time)));
    ran.exits(3).says(&["the command did not end within 1.5 s, and was ended"]);
    until("nothing of it is left", || sleepers(&time) == 0);
}

#[test]
fn what_a_command_leaves_in_the_background_ends_with_it() {
    let (world, time) = (World::shared(), seconds(2));
    let ran = world.rehearse(&format!("  - run: \"sleep {time} & echo $!\"\n    timeout: 60s\n"));
    ran.exits(0);
    until("nothing of it is left", || sleepers(&time) == 0);
}

#[test]
fn a_command_ends_with_the_steps_during_it() {
    let (world, time) = (World::shared(), seconds(5));
    let during = |fields: &str, step: &str| {
        let command = stubborn(&time);
        format!("  - {fields}\n    run:\n      command: \"echo begun; {command}\"\n      during:\n        - {step}\n")
    };
    for (fields, step, code, says) in [
        ("timeout: 30s", "run: 'true'", 0, "exit: running"),
        ("until: stdout == 'begun'", "run: 'true'", 0, "begun"),
        ("within: 300ms\n    until: stdout == 'over'", "run: 'true'", 4, "`until: stdout == 'over'` was not reached"),
        ("timeout: 30s", "run: exit 7", 3, "ended, because a step during it failed"),
    ] {
        let ran = world.rehearse(&during(fields, step));
        ran.exits(code).says(&[says]);
        until("nothing of it is left", || sleepers(&time) == 0);
    }
}

#[test]
fn ctrl_c_ends_the_command_and_takes_away_what_it_made() {
    // A state of its own, for nobody else's private folders to be there.
    let home = OwnHome::new();
    let (world, time) = (World::of(home.state().to_owned()), seconds(3));
    let steps = format!("  - run: kubectl create ns {}\n  - run: \"{}\"\n    timeout: 5m\n", word(), stubborn(&time));
    world.project.write("scenarios/x.yaml", &scenario(&steps));
    let running = Running::start(&mut world.command(&["run", "--cluster", "local"]));
    until("its command runs", || sleepers(&time) == 3);
    assert_eq!(world.namespaces(&word()).len(), 1);
    assert_eq!(world.folders().len(), 1);
    send_signal(running.process.id(), Signal::INT);
    running.end().exits(130).says(&["interrupted"]);
    until("nothing of it is left", || sleepers(&time) == 0);
    assert_eq!(world.namespaces(&word()), [""; 0]);
    assert_eq!(world.namespaces("rehearsal-rh"), [""; 0]);
    assert_eq!(world.folders(), [""; 0].map(PathBuf::from));
    drop(world);
    home.wait_until_nothing_is_left();
}

#[test]
fn what_the_commands_of_a_killed_run_left_is_found_by_gc() {
    let home = OwnHome::new();
    let (world, time) = (World::of(home.state().to_owned()), seconds(4));
    let steps = format!("  - run: kubectl create ns {}\n  - run: \"{}\"\n    timeout: 5m\n", word(), stubborn(&time));
    world.project.write("scenarios/x.yaml", &scenario(&steps));
    let mut running = Running::start(&mut world.command(&["run", "--cluster", "local"]));
    until("its command runs", || sleepers(&time) == 3);
    running.process.kill().unwrap();
    running.end();
    let left = world.folders();
    assert_eq!((left.len(), world.namespaces(&word()).len()), (1, 1), "nobody was there to take it away");
    let gc = || support::run(&mut world.command(&["cluster", "gc", "--cluster", "local"]));
    gc().exits(0).says(&[&format!("removed {}, of commands of a run that is dead", left[0].display())]);
    until("nothing of it is left", || sleepers(&time) == 0);
    assert_eq!(world.namespaces(&word()), [""; 0]);
    assert_eq!(world.folders(), [""; 0].map(PathBuf::from));
    drop(world);
    home.wait_until_nothing_is_left();
}

#[test]
fn ctrl_c_ends_a_command_with_the_step_during_it() {
    let (world, outer, inner) = (World::shared(), seconds(6), seconds(7));
    let steps = format!(
        "  - run:\n      command: \"{}\"\n      during:\n        - run: \"{}\"\n          timeout: 5m\n",
        stubborn(&outer),
        stubborn(&inner)
    );
    world.project.write("scenarios/x.yaml", &scenario(&steps));
    let running = Running::start(&mut world.command(&["run", "--cluster", "local"]));
    until("its commands run", || sleepers(&outer) == 3 && sleepers(&inner) == 3);
    send_signal(running.process.id(), Signal::INT);
    running.end().exits(130).says(&["interrupted"]);
    until("nothing of them is left", || sleepers(&outer) + sleepers(&inner) == 0);
}

/// Where a command runs, as whom, and what lasts from one to the next.
const SURROUNDINGS: &str = r#"
  - run: kubectl create ns WORD
  - run: kubectl config set-context --current --namespace=WORD
  - name: config
    run: kubectl config view --minify -o jsonpath='{.contexts[0].name} {..namespace}'
    expect: {exit: 0, stdout: rehearsal WORD}
  - name: modes
    run: stat -c %a "$KUBECONFIG" "$HOME" "$(dirname "$KUBECONFIG")" given.yaml
    expect: {stdout: "600\n700\n700\n600"}
  - name: environment
    run: {command: 'env | cut -d= -f1 | sort | tr "\n" " "; kubectl version --client -o json | grep -o "v1[.][0-9]*" | head -n 1', env: {MINE: x}}
    expect: {stdout: "HOME KUBECONFIG LANG MINE PATH PWD TMPDIR TZ VERSION"}
  - name: files
    run: {command: 'cat given.yaml; cat made.json; cat -', stdin: "in ${config.exit}", files: {made.json: {a: "${config.stdout}"}}}
    expect: {stdout: "name: WORD # of this run\n{\n  \"a\": \"rehearsal WORD\"\n}\nin 0"}
  - name: object
    run: kubectl get ns WORD -o yaml
    expect: {body: {kind: Namespace, metadata: {name: WORD}}}
  - name: nobody
    as: anonymous
    run: kubectl get pods
    expect: {exit: 1, that: 'stderr.contains("User \"system:anonymous\" cannot list")'}
  - name: jane
    as: {certificate: {cn: jane, o: dev}}
    run: kubectl get pods
    expect: {exit: 1, that: 'stderr.contains("User \"jane\" cannot list")'}
  - name: joe
    as: {user: joe}
    run: kubectl get pods
    expect: {exit: 1, that: 'stderr.contains("User \"joe\" cannot list")'}
  - name: words
    run: [printf, '%s|', a b, '$HOME']
    expect: {stdout: 'a b|$HOME|'}
  - name: killed
    run: kill -9 $$
    expect: {exit: signal 9}
"#;

#[test]
fn commands_run_in_a_place_of_their_own_and_as_who_is_asked_for() {
    let world = World::shared();
    world.project.write("scenarios/x/given.yaml", &format!("name: {} # of this run\n", word()));
    let version = world.cluster.version();
    let steps = SURROUNDINGS.replace("WORD", &word()).replace("VERSION", &version.minor.to_string());
    world.project.write("scenarios/x.yaml", &scenario(&steps).replace("steps:", "needs: [ca, kubectl]\nsteps:"));
    let ran = support::run(&mut world.command(&["run", "--show", "--cluster", "local"]));
    ran.exits(0);
    assert_eq!(world.namespaces(&word()), [""; 0]);
    assert!(!ran.out.contains(world.state.to_str().unwrap()), "a path of this machine is shown");
}

#[test]
fn what_goes_wrong_with_a_command_is_said() {
    let world = World::shared();
    for (steps, says) in [
        ("  - run: [no-such-program, x]\n", "`no-such-program` cannot be started: No such file"),
        ("  - run: echo so; echo it is >&2; exit 7\n", "the command exited with 7: it is"),
        ("  - run: kill -9 $$\n", "the command was ended by signal 9"),
        ("  - run: yes\n", "the command wrote more than 1048576 bytes to its standard output, and was ended"),
        ("  - {name: x, run: echo a, expect: {stdout: b}}\n", "-stdout: \"b\"\n    +stdout: \"a\""),
        ("  - {name: x, run: echo a, expect: {exit: 1}}\n", "-exit: 1\n    +exit: 0"),
        ("  - {name: x, run: echo a, until: stdout == 'b', within: 300ms}\n", "was not reached"),
    ] {
        let ran = world.rehearse(steps);
        ran.says(&[says]);
        assert!(matches!(ran.code, Some(3 | 4)), "{steps}: {:?}", ran.code);
    }
    assert!(Path::new(&world.state).exists());
}
