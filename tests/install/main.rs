//! Promises about installing control planes: what is installed is whole and what was published, and whatever goes wrong
//! loses nothing. A server on loopback stands for the official ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

mod machine;
mod other_ways;
mod releases;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use machine::Machine;
use rehearsal::cluster::{FetchError, InstallError, InstallStep, Installer};
use releases::{How, LENGTH, VERSION, path, program};
use serde_json::json;
use support::{Running, run, until};

#[test]
fn the_newest_patch_is_installed_once() {
    let machine = Machine::new();
    machine.run(&["list"]).exits(0).says(&["no control plane is installed", "rehearsal cluster install v1.36"]);
    // The official servers send on to others.
    for name in ["kube-apiserver", "etcd"] {
        machine.server.sends(name, How::Moved);
    }
    let ran = machine.run(&["install", "v1.36", VERSION]);
    ran.exits(0).says(&["downloading kube-scheduler, 195.31 KiB\n", "v1.36.3 installed, with etcd 3.6.8"]);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    machine.is_whole();
    machine.run(&["list"]).exits(0).says(&["v1.36.3    etcd 3.6.8    installed", "977.06 KiB"]);

    machine.server.take_requests();
    machine.run(&["install", "v1.36"]).exits(0).says(&["v1.36.3 is installed already"]);
    assert_eq!(machine.server.take_requests(), ["/release/stable-1.36.txt"]);
    // What is there is not asked for.
    let mut nowhere = machine.command(&["install", VERSION]);
    run(nowhere.env("REHEARSAL_MIRROR", "http://127.0.0.1:9")).exits(0).says(&["is installed already"]);
    machine.is_whole();
}

#[test]
fn what_is_not_what_was_published_is_not_installed() {
    let machine = Machine::new();
    machine.server.publish(&path("kube-scheduler"), b"#!/bin/sh\nsomething else\n");
    machine.run(&["install", "v1.36"]).exits(3).says(&["/kube-scheduler is not what was published", "sha256 is"]);
    assert_eq!(machine.listed()["installed"], json!([]));
    machine.run(&["list"]).exits(0).says(&["v1.36.3", "begun"]);

    machine.server.publish(&path("kube-scheduler"), &program("kube-scheduler"));
    machine.server.take_requests();
    machine.run(&["install", "v1.36"]).exits(0);
    machine.is_whole();
    let requests = machine.server.take_requests();
    assert!(requests.contains(&path("kube-scheduler")) && !requests.contains(&path("kube-apiserver")), "{requests:?}");

    let machine = Machine::new();
    machine.server.publish(&format!("{}.sha256", path("kubectl")), b"<html>log in</html>");
    machine.run(&["install", VERSION]).exits(3).says(&["kubectl.sha256 answers with something that is no checksum"]);
    assert_eq!(machine.kept(), [""; 0]);
}

#[test]
fn what_is_cut_off_goes_on_where_it_ended() {
    let machine = Machine::new();
    machine.server.sends("kubectl", How::Cut { after: 40_000, times: 2 });
    machine.run(&["install", "v1.36"]).exits(0);
    machine.is_whole();
    let wanted = path("kubectl");
    let requests = machine.server.take_requests();
    let parts: Vec<&String> = requests.iter().filter(|request| request.starts_with(&format!("{wanted} "))).collect();
    assert_eq!(parts, [&format!("{wanted} from 40000"), &format!("{wanted} from 80000")]);

    // Again and again: it is given up, and the next command goes on.
    let machine = Machine::new();
    machine.server.sends("kubectl", How::Cut { after: 1000, times: 5 });
    let ran = machine.run(&["install", "v1.36"]);
    ran.exits(3).says(&["the connection ended after 4000 of 200000 bytes", "what came is kept"]);
    assert_eq!(fs::metadata(machine.begun("kubectl.part")).unwrap().len(), 4000);
    machine.server.take_requests();
    let ran = machine.run(&["install", "v1.36"]);
    ran.exits(0).says(&["downloading kubectl, 195.31 KiB, of which 3.91 KiB are there"]);
    machine.is_whole();
    assert!(machine.server.take_requests().contains(&format!("{wanted} from 4000")));
}

#[test]
fn a_part_of_something_else_and_a_server_without_ranges_cost_only_time() {
    let machine = Machine::new();
    fs::create_dir_all(machine.begun("")).unwrap();
    fs::write(machine.begun("kubectl.part"), vec![7; 500]).unwrap();
    fs::write(machine.begun("kube-scheduler.part"), &program("kube-scheduler")[..500]).unwrap();
    fs::write(machine.begun("kube-apiserver.part"), vec![7; LENGTH + 1]).unwrap();
    fs::write(machine.begun("kube-controller-manager.part"), program("kube-controller-manager")).unwrap();
    machine.server.sends("kube-scheduler", How::WithoutRanges);
    machine.run(&["install", "v1.36"]).exits(0);
    machine.is_whole();
    // All of it was there, only its name was not given yet.
    assert!(!machine.server.take_requests().contains(&path("kube-controller-manager")));
}

#[tokio::test]
async fn a_server_that_is_slow_is_waited_for_and_what_came_is_told() {
    let machine = Arc::new(Machine::new());
    machine.server.sends("kube-apiserver", How::Held);
    let server = Arc::clone(&machine);
    let installer = Installer {
        // The rest is sent when it was told that the half is there.
        progress: Some(Arc::new(move |step| {
            if matches!(&step, InstallStep::Downloading { done, total: Some(200_000), .. } if *done == 100_000) {
                server.server.go_on();
            }
        })),
        ..machine.installer()
    };
    let installation = installer.download(&VERSION.parse().unwrap()).await.unwrap();
    assert!(!installation.was_there);
    machine.is_whole();
}

#[tokio::test]
async fn a_server_that_sends_nothing_more_is_given_up() {
    let machine = Machine::new();
    machine.server.sends("kube-apiserver", How::Held);
    let installer = Installer { patience: Duration::from_secs(2), ..machine.installer() };
    let error = installer.download(&VERSION.parse().unwrap()).await.unwrap_err();
    let InstallError::Fetch(FetchError::Stalled { received: 100_000, url, .. }) = &error else { panic!("{error:?}") };
    assert!(url.ends_with("/kube-apiserver"), "{url}");
    assert_eq!(fs::metadata(machine.begun("kube-apiserver.part")).unwrap().len(), 100_000);
    machine.server.go_on();
    machine.run(&["install", "v1.36"]).exits(0).says(&["of which 97.66 KiB are there"]);
    machine.is_whole();
}

#[test]
fn what_cannot_be_had_is_told_before_anything_is_written() {
    let machine = Machine::new();
    machine.server.publish("/release/stable-1.35.txt", b"v1.36.3");
    machine.server.publish("/release/stable-1.34.txt", b"<!doctype html><title>Sign in</title>");
    machine.server.publish("/release/stable-1.37.txt", b"v1.37.1\n");
    for (version, says) in [
        ("v1.99", &["v1.99 is not published", "/release/stable-1.99.txt answers with code 404"][..]),
        ("v1.36.99", &["v1.36.99 is not published", "answers with code 404", "kubernetes.io/releases"]),
        ("v1.35", &["should name the newest release of v1.35, and says `v1.36.3`"]),
        ("v1.34", &["says `<!doctype html>"]),
        ("v1.37", &["v1.37.1 is not published"]),
        ("v1.21.14", &["v1.21 cannot be installed", "v1.22 is the oldest"]),
        ("v1.36.3-gke.1", &["no release of Kubernetes itself", "--from DIR"]),
    ] {
        machine.run(&["install", version]).exits(3).says(says);
    }
    // The right one of two is not begun either.
    machine.run(&["install", "v1.36", "v1.99"]).exits(3).says(&["v1.99 is not published"]);
    for (args, says) in [
        (&["install"][..], "no version is named"),
        (&["install", "latest"], "`latest` is no Kubernetes version"),
        (&["install", "v1.36", "--mirror", "mirror"], "http://HOST"),
        (&["install", "v1.36", "--from", "x", "--build"], "cannot be used with"),
        (&["install", "v1.35", "v1.36", "--from", "x"], "several versions were named"),
        (&["remove"], "required"),
    ] {
        machine.run(args).exits(1).says(&[says]);
    }
    assert_eq!(machine.kept(), [""; 0]);
    assert!(!machine.assets("").exists());
}

#[test]
fn a_server_that_is_not_there_is_told_from_a_disk_that_is_not() {
    let machine = Machine::new();
    let mut nobody = machine.command(&["install", "v1.36", "--mirror", "http://127.0.0.1:9"]);
    run(&mut nobody).exits(3).says(&["http://127.0.0.1:9/release/stable-1.36.txt cannot be reached", "HTTPS_PROXY"]);
    machine.server.sends("kube-apiserver", How::Huge);
    machine
        .run(&["install", VERSION])
        .exits(3)
        .says(&["no space left: kube-apiserver takes 1152921504606846976 bytes"]);

    let machine = Machine::new();
    machine.project.write("home/.cache/rehearsal/assets", "a file");
    let ran = machine.run(&["install", VERSION]);
    ran.exits(3).says(&["home/.cache/rehearsal/assets", "REHEARSAL_CACHE to another"]);
    let machine = Machine::new();
    machine.project.write("home/.cache/rehearsal/assets/v1.36.3/kubectl", "");
    let ran = machine.run(&["install", VERSION]);
    ran.exits(3).says(&["v1.36.3 cannot be used", "manifest.json", "rehearsal cluster remove v1.36.3"]);
    machine.run(&["remove", VERSION]).exits(0);
    machine.run(&["install", VERSION]).exits(0);
    machine.is_whole();
}

#[test]
fn two_at_once_download_it_once() {
    let machine = Machine::new();
    machine.server.sends("kube-apiserver", How::Held);
    let first = Running::start(&mut machine.command(&["install", "v1.36"]));
    until("the first has begun", || machine.begun("kube-apiserver.part").exists());
    let second = Running::start(&mut machine.command(&["install", "v1.36"]));
    let waiter = format!(" {} ", second.process.id());
    until("the second waits for the lock", || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| line.contains("-> FLOCK") && line.contains(&waiter))
    });
    machine.run(&["remove", "v1.36"]).exits(3).says(&["it is being installed or built"]);
    machine.server.go_on();
    first.end().exits(0).says(&["v1.36.3 installed"]);
    second.end().exits(0).says(&["waiting for another installation of v1.36.3", "is installed already"]);
    let requests = machine.server.take_requests();
    assert_eq!(requests.iter().filter(|request| **request == path("kube-apiserver")).count(), 1, "{requests:?}");
    machine.is_whole();
}

#[test]
fn what_was_killed_goes_on() {
    let machine = Machine::new();
    machine.server.sends("kube-apiserver", How::Held);
    let mut killed = Running::start(&mut machine.command(&["install", "v1.36"]));
    let part = machine.begun("kube-apiserver.part");
    until("half of it is there", || fs::metadata(&part).is_ok_and(|part| part.len() == 100_000));
    killed.process.kill().unwrap();
    killed.end();
    assert_eq!(machine.listed()["installed"], json!([]));
    machine.server.go_on();
    machine.run(&["install", "v1.36"]).exits(0);
    machine.is_whole();
    assert!(machine.server.take_requests().contains(&format!("{} from 100000", path("kube-apiserver"))));
}

#[test]
fn proxies_are_used_and_passwords_are_not_shown() {
    let machine = Machine::new();
    let mut command = machine.command(&["install", "v1.36", "--mirror", "http://mirror.invalid"]);
    command.env("HTTP_PROXY", machine.server.url()).env("NO_PROXY", "example.com");
    run(&mut command).exits(0);
    machine.is_whole();
    let mut command = machine.command(&["install", "v1.36"]);
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
    run(&mut command).exits(0);

    let secret = format!("http://me:hunter2@{}", machine.server.address());
    let mut command = machine.command(&["install", "v1.36", "v1.99"]);
    let ran = run(command.env("REHEARSAL_MIRROR", &secret));
    ran.exits(3).says(&["v1.99 is not published", machine.server.address()]).keeps_quiet_about(&["hunter2"]);
    let sent = format!("Basic {}", STANDARD.encode("me:hunter2"));
    assert_eq!(machine.server.authorizations(), [sent.clone(), sent]);
    let ran = machine.run(&["install", "v1.36", "--mirror", &secret]);
    ran.exits(1).says(&["REHEARSAL_MIRROR"]).keeps_quiet_about(&["hunter2"]);
}
