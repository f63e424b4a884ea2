//! Promises about local clusters: they are shared, and however a process ends, nothing is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

mod cluster_support;

use std::process::Command;
use std::time::Duration;

use cluster_support::{Client, OwnHome, send_signal, until};
use http::Method;
use rehearsal::cluster::{self, ClusterError, ClusterSpec, Identity, Linger, LocalError, Release, Request, SendError};
use rustix::process::Signal;

const LOCAL: ClusterSpec = ClusterSpec::Local(Release::Newest);

/// Not a test: what other processes of these tests are.
#[test]
#[ignore = "is started by other tests"]
fn is_a_client() {
    cluster_support::be_a_client();
}

#[test]
fn two_processes_at_once_start_one_cluster_and_the_last_one_takes_it_along() {
    let home = OwnHome::new();
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| home.client());
        let second = scope.spawn(|| home.client());
        (first.join().unwrap(), second.join().unwrap())
    });
    assert_eq!(first.server(), second.server());
    let mut programs: Vec<String> = home.components().into_iter().map(|(_, program)| program).collect();
    programs.sort();
    assert_eq!(programs, ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]);

    first.end();
    assert_eq!(home.running()[0]["in_use"], true, "the second still uses it");
    second.end();
    home.wait_until_nothing_is_left();
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    let home = OwnHome::new();
    let mut client = home.client();
    client.signal(Signal::INT);
    client.wait();
    home.wait_until_nothing_is_left();
}

#[test]
fn nothing_is_left_after_a_client_was_killed() {
    let home = OwnHome::new();
    let mut client = home.client();
    client.signal(Signal::KILL);
    client.wait();
    home.wait_until_nothing_is_left();
}

#[test]
fn nothing_is_left_after_a_client_was_killed_while_its_cluster_started() {
    let home = OwnHome::new();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let state = home.state().to_owned();
    command.env("REHEARSAL_STATE", state).env("TEST_CLIENT", "local");
    let mut client = Client::spawn(&mut command);
    until("etcd runs", || !home.components().is_empty());
    client.kill().unwrap();
    client.wait().unwrap();
    home.wait_until_nothing_is_left();
}

#[test]
fn the_keeper_ends_cleanly_when_it_is_told_to() {
    let home = OwnHome::new();
    let client = home.client();
    send_signal(keeper(&home), Signal::TERM);
    home.wait_until_nothing_is_left();
    drop(client);
}

#[test]
fn components_die_with_a_killed_keeper_and_gc_removes_the_rest() {
    let home = OwnHome::new();
    let client = home.client();
    send_signal(keeper(&home), Signal::KILL);
    until("its processes end", || home.components().is_empty());
    assert_eq!(home.folders().len(), 1, "nobody was left to remove it");
    until("it is no longer taken for running", || home.running().is_empty());
    drop(client);

    let output = home.run(&["cluster", "gc"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("whose keeper is dead"), "{output:?}");
    assert!(home.folders().is_empty());
    let output = home.run(&["cluster", "gc"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "nothing was left\n");
}

#[test]
fn the_next_user_clears_away_what_a_killed_keeper_left() {
    let home = OwnHome::new();
    let client = home.client();
    let killed = keeper(&home);
    send_signal(killed, Signal::KILL);
    until("its processes end", || home.components().is_empty());
    // The old client is still there: its lease must not keep anybody from starting anew.
    let next = home.client();
    assert_ne!(keeper(&home), killed);
    drop((client, next));
    home.wait_until_nothing_is_left();
}

#[test]
fn a_cluster_whose_component_dies_says_why_and_the_next_one_starts_afresh() {
    let home = OwnHome::new();
    cluster_support::runtime().block_on(async {
        let options = home.options(Linger::Gone);
        let cluster = cluster::open(&LOCAL, &options).await.unwrap();
        let own = cluster.session(&Identity::Own).unwrap();
        assert_eq!(own.send(Request::new(Method::GET, "/version")).await.unwrap().status, 200);

        let first = keeper(&home);
        let (apiserver, _) = home.components().into_iter().find(|(_, name)| name == "kube-apiserver").unwrap();
        send_signal(apiserver, Signal::KILL);
        let error = own.send(Request::new(Method::GET, "/version")).await.unwrap_err();
        let SendError::ClusterGone { end, .. } = &error else { panic!("{error:?}") };
        assert_eq!(end.reason, "kube-apiserver was killed by signal 9");
        assert!(end.log.as_ref().is_some_and(|log| log.is_file()), "{end:?}");
        until("its processes end", || home.components().is_empty());

        let next = cluster::open(&LOCAL, &options).await.unwrap();
        let own = next.session(&Identity::Own).unwrap();
        assert_eq!(own.send(Request::new(Method::GET, "/version")).await.unwrap().status, 200);
        assert_ne!(keeper(&home), first);
    });
    home.wait_until_nothing_is_left();
}

#[test]
fn a_component_that_cannot_start_shows_the_end_of_its_log() {
    let home = OwnHome::new();
    let mut options = home.options(Linger::Gone);
    options.setup.gates.insert("NoSuchGate".into(), true);
    let error = cluster_support::runtime().block_on(cluster::open(&LOCAL, &options)).unwrap_err();
    let ClusterError::Local(LocalError::NotStarted { reason, last_words, log: Some(log), .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, "kube-apiserver ended with exit code 1");
    assert!(last_words.contains("unrecognized feature gate: NoSuchGate"), "{last_words}");
    assert!(std::fs::read_to_string(log).unwrap().contains("NoSuchGate"));
    home.wait_until_nothing_is_left();
}

#[test]
fn a_lingering_cluster_is_there_for_the_next_one() {
    let home = OwnHome::new();
    let runtime = cluster_support::runtime();
    let options = home.options(Linger::For(Duration::from_mins(10)));
    drop(runtime.block_on(cluster::open(&LOCAL, &options)).unwrap());
    let running = home.running();
    assert_eq!(running[0]["in_use"], false);
    let client = home.client();
    assert_eq!(client.server(), running[0]["server"]);
    client.end();
    assert!(home.run(&["cluster", "down", "--all"]).status.success());
    assert!(home.folders().is_empty() && home.components().is_empty());
}

#[test]
fn a_cluster_stays_up_until_it_is_taken_down() {
    let home = OwnHome::new();
    let up = home.run(&["cluster", "up", "local"]);
    let export = String::from_utf8(up.stdout.clone()).unwrap();
    let kubeconfig = export.trim().strip_prefix("export KUBECONFIG=").unwrap_or_else(|| panic!("{up:?}"));
    assert!(std::fs::read_to_string(kubeconfig).unwrap().contains("certificate-authority-data"));
    let again = home.run(&["cluster", "up", "local"]);
    assert_eq!(again.stdout, up.stdout);
    assert!(!String::from_utf8_lossy(&again.stderr).contains("starting"), "{again:?}");
    let running = home.running();
    assert_eq!((running.len(), &running[0]["stays"]), (1, &true.into()));

    let client = home.client();
    let refused = home.run(&["cluster", "down", "local"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("is in use"), "{refused:?}");
    client.end();
    let down = home.run(&["cluster", "down", "local"]);
    assert!(down.status.success(), "{down:?}");
    assert!(home.folders().is_empty() && home.components().is_empty());
    let absent = home.run(&["cluster", "down", "local"]);
    assert!(String::from_utf8_lossy(&absent.stderr).contains("does not run; nothing does"), "{absent:?}");
}

fn keeper(home: &OwnHome) -> u32 {
    let pid = home.running()[0]["keeper"].as_u64().unwrap();
    u32::try_from(pid).unwrap()
}
