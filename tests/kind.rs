//! Clusters of kind that cannot be made: what a person is told, and that nothing is left and nobody else's touched.
//!
//! Stand-ins for `kind` and `docker` say what the real ones say. That the real ones make clusters is shown by
//! `ci/kind/test`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use support::{Project, Ran, Running, run, until};

const SCENARIO: &str = "scenario: A Namespace is there\nsteps:\n  - get: {kind: Namespace, name: default}\n";

/// Answers from files beside it, and writes down what it was asked to do.
const KIND: &str = r#"#!/bin/sh
here=${0%/*}
case "$1 $2" in
"version --quiet") read -r version <"$here/version"; echo "$version" ;;
"get clusters") while read -r name; do echo "$name"; done <"$here/clusters" ;;
"create cluster")
    echo "$*" >>"$here/calls"
    echo "$PPID" >"$here/keeper"
    while read -r line; do echo "$line" >&2; done <"$here/create"
    [ -e "$here/hangs" ] && exec /bin/sleep 600
    exit 1 ;;
"delete cluster") echo "$*" >>"$here/calls" ;;
"export logs")
    /bin/mkdir -p "$5/$4-control-plane"
    echo "the kubelet is unhappy" >"$5/$4-control-plane/kubelet.log" ;;
esac
"#;

const DOCKER: &str = r#"#!/bin/sh
here=${0%/*}
while read -r line; do echo "$line" >&2; done <"$here/info"
[ ! -s "$here/info" ]
"#;

/// A machine with a kind and a docker of its own.
struct Machine {
    project: Project,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { project: Project::new() };
        machine.project.write("scenarios/there.yaml", SCENARIO);
        for (name, text) in [("kind", KIND), ("docker", DOCKER)] {
            machine.says(name, text);
            fs::set_permissions(machine.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine.says("version", "0.33.0\n");
        for name in ["clusters", "create", "info", "calls"] {
            machine.says(name, "");
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.path("programs").join(name)
    }

    fn says(&self, name: &str, text: &str) {
        self.project.write(&format!("programs/{name}"), text);
    }

    fn without(self, name: &str) -> Self {
        fs::remove_file(self.path(name)).unwrap();
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        command.env("PATH", self.project.path("programs"));
        for name in ["KIND_EXPERIMENTAL_PROVIDER", "REHEARSAL_NODE_IMAGE", "REHEARSAL_LOAD_IMAGE", "DOCKER_HOST"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self) -> Ran {
        run(&mut self.command(&["run", "--cluster", "kind:v1.32"]))
    }

    fn gc(&self) -> Ran {
        run(&mut self.command(&["cluster", "gc"]))
    }

    fn calls(&self) -> Vec<String> {
        fs::read_to_string(self.path("calls")).unwrap().lines().map(str::to_owned).collect()
    }

    /// The name of the cluster that was to be made.
    fn name(&self) -> String {
        let calls = self.calls();
        let mut words = calls[0].split(' ').skip_while(|word| *word != "--name");
        words.nth(1).unwrap().to_owned()
    }

    /// Whether what was begun was deleted, and nothing else was.
    fn deleted(&self) -> bool {
        let delete = format!("delete cluster --name {} ", self.name());
        let deletions: Vec<String> = self.calls().into_iter().filter(|call| call.starts_with("delete")).collect();
        deletions.len() == 1 && deletions[0].starts_with(&delete)
    }

    fn clusters_kept(&self) -> usize {
        let clusters = self.project.path("home/.local/state/rehearsal/clusters");
        fs::read_dir(clusters).map_or(0, Iterator::count)
    }
}

/// A running program whose cluster is being made.
fn creating(machine: &Machine) -> Running {
    machine.says("hangs", "");
    machine.says("create", " \u{2022} Preparing nodes \u{1f4e6}   ...\n");
    let running = Running::start(&mut machine.command(&["run", "--cluster", "kind:v1.32"]));
    until("kind is asked", || fs::read_to_string(machine.path("keeper")).is_ok_and(|pid| pid.ends_with('\n')));
    running
}

fn signal(pid: &str, signal: Signal) {
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn programs_that_are_not_there_are_named() {
    let machine = Machine::new().without("kind");
    machine.run().exits(3).says(&["needs the program `kind`", "go install sigs.k8s.io/kind"]);
    let machine = Machine::new().without("docker");
    machine.run().exits(3).says(&["neither `docker` nor `podman`", "--cluster local:v1.36"]);
    let machine = Machine::new();
    let mut command = machine.command(&["run", "--cluster", "kind:v1.32"]);
    run(command.env("KIND_EXPERIMENTAL_PROVIDER", "podman"))
        .exits(3)
        .says(&["KIND_EXPERIMENTAL_PROVIDER says `podman`"]);
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn an_old_kind_is_told_from_a_new_enough_one() {
    let machine = Machine::new();
    machine.says("version", "0.26.0\n");
    machine.run().exits(3).says(&["kindest/node:v1.32.2@sha256:", "needs kind v0.27.0 or newer", "this is 0.26.0"]);
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn an_engine_that_does_not_answer_is_told_from_one_that_refuses() {
    for (info, reason, help) in [
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "no container engine answers",
            "systemctl start docker",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "this user may not use the container engine",
            "the group `docker`",
        ),
        ("something nobody has heard of", "it does not answer: something nobody has heard of", "docker info"),
    ] {
        let machine = Machine::new();
        machine.says("info", &format!("{info}\n"));
        machine.run().exits(3).says(&[reason, help]);
        assert_eq!(machine.calls(), [""; 0]);
    }
}

#[test]
fn a_cluster_that_does_not_come_up_is_explained_and_deleted() {
    for (create, reason, help) in [
        (
            "ERROR: failed to create cluster: failed to pull image \"kindest/node:v1.32.2\": exit status 1",
            "the node image is not there and cannot be pulled",
            "--node-image",
        ),
        ("ERROR: write /var/lib/docker/x: no space left on device", "the disk of the container engine is full", "df"),
        ("docker: Bind for 127.0.0.1:40123 failed: port is already allocated.", "took the port", "run it again"),
        ("ERROR: failed to init node with kubeadm: exit status 1", "kubeadm could not start", "feature gate"),
        ("ERROR: failed to create cluster: a new mistake", "failed to create cluster: a new mistake", "its log: "),
    ] {
        let machine = Machine::new();
        machine.says("create", &format!("{create}\n"));
        let ran = machine.run();
        ran.exits(3).says(&[
            "a kind cluster of v1.32.2 did not start",
            reason,
            help,
            "the kubelet is unhappy",
            "/node",
        ]);
        assert!(machine.deleted(), "{:?}", machine.calls());
        assert_eq!(machine.clusters_kept(), 0);
        let logs = machine.project.path("home/.local/state/rehearsal/failed");
        let exported = fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path().join("node");
        assert!(exported.join(format!("{}-control-plane/kubelet.log", machine.name())).exists());
    }
}

#[test]
fn a_cluster_of_the_same_name_is_left_alone() {
    let machine = Machine::new();
    machine.run().exits(3);
    let name = machine.name();
    machine.says("calls", "");
    machine.says("clusters", &format!("somebody-elses\n{name}\n"));
    machine.run().exits(3).says(&["which this program did not make", "it was left alone", "rehearsal cluster gc"]);
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn whoever_ends_while_it_is_made_leaves_nothing() {
    for how in [Signal::INT, Signal::KILL] {
        let machine = Machine::new();
        let running = creating(&machine);
        signal(&running.process.id().to_string(), how);
        running.end();
        until("the keeper is gone", || machine.clusters_kept() == 0);
        assert!(machine.deleted(), "{:?}", machine.calls());
    }
}

#[test]
fn what_a_killed_keeper_leaves_is_found() {
    let machine = Machine::new();
    let running = creating(&machine);
    signal(&fs::read_to_string(machine.path("keeper")).unwrap(), Signal::KILL);
    running.end().exits(3).says(&["its keeper ended"]);
    assert!(!machine.deleted());
    machine.gc().exits(0).says(&[&format!("deleted the kind cluster {}", machine.name())]);
    assert!(machine.deleted(), "{:?}", machine.calls());
    machine.gc().exits(0).says(&["nothing was left"]);
}

#[test]
fn a_cluster_whose_folder_is_gone_is_found_by_its_name() {
    let machine = Machine::new();
    machine.run().exits(3);
    let name = machine.name();
    machine.says("calls", &format!("create cluster --name {name} \n"));
    machine.says("clusters", &format!("rehearsal-0000-v1.32.2-0a1b2c3d\nmine\n{name}\n"));
    machine.gc().exits(0).says(&[&format!("deleted the kind cluster {name}, whose folder is gone")]);
    assert!(machine.deleted(), "{:?}", machine.calls());
}

#[test]
fn a_cluster_that_is_to_be_there_is_asked_for_by_its_name() {
    let machine = Machine::new();
    machine.says("clusters", "dev\nstaging\n");
    let ran = run(&mut machine.command(&["run", "--cluster", "kind:prod"]));
    ran.exits(3).says(&["kind has no cluster `prod`; it has: dev, staging"]);
}
