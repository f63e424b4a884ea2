//! Promises about installing control planes: what is installed is whole and what was published, and whatever goes wrong
//! loses nothing. A server on loopback stands for the official ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

#[path = "support/releases.rs"]
mod releases;
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rehearsal::cluster::{FetchError, Home, InstallError, InstallStep, Installer};
use releases::{ETCD, How, KUBERNETES, LENGTH, Releases, VERSION, path, program};
use serde_json::{Value, json};
use support::{Project, Ran, Running, run, until};

/// A machine with nothing installed, and a server of releases.
struct Machine {
    project: Project,
    server: Releases,
}

impl Machine {
    fn new() -> Self {
        Self { project: Project::new(), server: Releases::new() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(&[&["cluster"], args].concat());
        command.env("REHEARSAL_MIRROR", self.server.url());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    /// The same within this process.
    fn installer(&self) -> Installer {
        let home = Home::new(self.project.path("home/.cache/rehearsal"), self.project.path("state"));
        Installer { mirror: self.server.url().parse().unwrap(), ..Installer::new(home) }
    }

    fn assets(&self, name: &str) -> PathBuf {
        self.project.path("home/.cache/rehearsal/assets").join(name)
    }

    /// What is in the folder of all control planes, but for locks.
    fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(self.assets("")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.strip_suffix(".lock").is_none()).collect();
        names.sort();
        names
    }

    fn begun(&self, name: &str) -> PathBuf {
        self.assets(&format!(".{VERSION}.installing")).join(name)
    }

    fn listed(&self) -> Value {
        serde_json::from_str(&self.run(&["list", "--output", "json"]).exits(0).out).unwrap()
    }

    #[track_caller]
    fn is_whole(&self) {
        for name in KUBERNETES.into_iter().chain(["etcd"]) {
            let path = self.assets(VERSION).join(name);
            assert!(fs::read(&path).unwrap() == program(name), "{name} is something else");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755, "{name}");
        }
        let mut kept: Vec<_> =
            fs::read_dir(self.assets(VERSION)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        kept.sort();
        let expected =
            ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "manifest.json"];
        assert_eq!(kept, expected);
        assert_eq!(self.kept(), [VERSION]);
        let installed = json!([{
            "version": VERSION, "etcd": ETCD, "folder": self.assets(VERSION),
            "bytes": 5 * LENGTH as u64 + fs::metadata(self.assets(VERSION).join("manifest.json")).unwrap().len(),
        }]);
        assert_eq!(self.listed()["installed"], installed);
    }
}

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
    let installer = Installer { patience: Duration::from_millis(300), ..machine.installer() };
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
        (&["install"][..], "required"),
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
    let sums = format!("/etcd-io/etcd/releases/download/v{ETCD}/SHA256SUMS");
    let mut requests = Vec::new();
    until("the second comes to the lock", || {
        requests.extend(machine.server.take_requests());
        requests.iter().filter(|request| **request == sums).count() == 2
    });
    machine.run(&["remove", "v1.36"]).exits(3).says(&["it is being installed or built"]);
    machine.server.go_on();
    first.end().exits(0).says(&["v1.36.3 installed"]);
    second.end().exits(0).says(&["waiting for another installation of v1.36.3", "is installed already"]);
    requests.extend(machine.server.take_requests());
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

/// Writes programs that say what they are.
fn given(machine: &Machine, folder: &str, servers: &str, kubectl: &str) -> PathBuf {
    let kubectl = format!(r#"echo '{{"clientVersion": {{"gitVersion": "{kubectl}"}}}}'"#);
    let server = format!("echo Kubernetes {servers}");
    for (name, says) in [
        ("kube", server.as_str()),
        ("kube-scheduler", &server),
        ("kubectl", &kubectl),
        ("etcd", "echo etcd Version: 3.5.9; echo Git SHA: bdbbde998"),
    ] {
        machine.project.write(&format!("{folder}/{name}"), &format!("#!/bin/sh\n{says}\n"));
        let path = machine.project.path(folder).join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let folder = machine.project.path(folder);
    for name in ["kube-apiserver", "kube-controller-manager"] {
        std::os::unix::fs::symlink("kube", folder.join(name)).unwrap();
    }
    folder
}

#[test]
fn the_programs_of_a_folder_say_what_they_are() {
    let machine = Machine::new();
    given(&machine, "mine", "v1.36.3", "v1.36.1");
    machine.run(&["install", "--from", "mine", "v1.35"]).exits(3).says(&["are of v1.36.3, and not of v1.35"]);
    machine.run(&["install", "--from", "mine"]).exits(0).says(&["v1.36.3 installed, with etcd 3.5.9"]);
    machine.run(&["install", "--from", "mine", "v1.36"]).exits(0).says(&["v1.36.3 is installed already"]);
    let about = |name: &str| fs::metadata(machine.assets(VERSION).join(name)).unwrap();
    assert_eq!(about("kube-apiserver").ino(), about("kube-controller-manager").ino(), "one file is copied once");
    assert_ne!(about("kube-apiserver").ino(), about("kube-scheduler").ino());
    assert_eq!(about("kube-apiserver").permissions().mode() & 0o777, 0o755);
    assert_eq!(machine.listed()["installed"][0]["etcd"], "3.5.9");

    let other = given(&machine, "other", "v1.30.14", "v1.24.17");
    machine.run(&["install", "--from", "other"]).exits(3).says(&["different releases", "kubectl v1.24.17"]);
    machine.project.write("other/kubectl", "#!/bin/sh\necho flag provided but not defined >&2\nexit 2\n");
    let ran = machine.run(&["install", "--from", "other"]);
    ran.exits(3).says(&[
        "other/kubectl version --client",
        "does not tell its version",
        "flag provided but not defined",
    ]);
    fs::remove_file(other.join("kube-scheduler")).unwrap();
    fs::remove_file(other.join("etcd")).unwrap();
    machine.run(&["install", "--from", "other"]).exits(3).says(&["other lacks kube-scheduler, etcd", "envtest"]);
    machine.run(&["install", "--from", "nowhere"]).exits(3).says(&["nowhere lacks kube-apiserver"]);
    assert_eq!(machine.kept(), [VERSION]);
    assert_eq!(machine.server.take_requests(), [""; 0]);
}

#[test]
fn a_build_needs_the_script_and_go() {
    let machine = Machine::new();
    let programs = machine.project.path("programs");
    let build = |args: &[&str]| {
        let path = std::env::join_paths([programs.as_path(), "/usr/bin".as_ref(), "/bin".as_ref()]).unwrap();
        run(machine.command(args).env("PATH", path))
    };
    build(&["install", "--build", "v1.36"]).exits(3).says(&["there is no ci/control-plane/build in", "a clone of it"]);
    // Stands in for the real one: it says what it does, and makes the folder.
    let script = r#"#!/bin/sh
[ "$1" = v1.36 ] || { echo "build: $1 is not in versions.tsv" >&2; exit 2; }
folder=$REHEARSAL_CACHE/assets/v1.36.3
echo "v1.36.3: compiling" >&2
mkdir -p "$folder" && echo '{"kubernetes": "v1.36.3", "etcd": "3.6.8"}' >"$folder/manifest.json"
"#;
    machine.project.write("ci/control-plane/build", script);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(machine.project.path("ci/control-plane/build"), executable).unwrap();
    let mut without_go = machine.command(&["install", "--build", "v1.36"]);
    run(without_go.env("PATH", "/nonexistent")).exits(3).says(&["needs the program `go`"]);
    machine.project.write("programs/go", "");
    let ran = build(&["install", "--build", "v1.36"]);
    ran.exits(0).says(&["v1.36.3: compiling\n", "v1.36.3 installed, with etcd 3.6.8"]);
    build(&["install", "--build", "v1.36"]).exits(0).says(&["v1.36.3 is installed already"]);
    let ran = build(&["install", "--build", "v1.99"]);
    ran.exits(3).says(&["ci/control-plane/build v1.99 failed", "v1.99 is not in versions.tsv"]);
}

#[test]
fn what_is_removed_is_gone_and_says_what_it_freed() {
    let machine = Machine::new();
    machine.run(&["remove", "--all"]).exits(0).says(&["nothing is installed"]);
    machine.run(&["remove", "v1.36"]).exits(3).says(&["no control plane of v1.36 is installed; nothing is"]);
    machine.run(&["install", "v1.36"]).exits(0);
    // Something was begun too, and something is of another.
    machine.project.write("home/.cache/rehearsal/assets/.v1.36.4.installing/kubectl.part", "1234567");
    machine.project.write("home/.cache/rehearsal/assets/etcd-3.6.8/etcd", "");
    machine.run(&["remove", "v1.36", "v1.35"]).exits(3).says(&["v1.35 is installed; v1.36.3, v1.36.4 are"]);
    assert_eq!(machine.listed()["installed"][0]["version"], VERSION);
    let bytes = machine.listed()["installed"][0]["bytes"].to_string();
    let ran = machine.run(&["remove", "v1.36"]);
    ran.exits(0).says(&[
        "removed v1.36.3, which frees 977.06 KiB",
        &format!("({bytes} bytes)"),
        "v1.36.4",
        "(7 bytes)",
    ]);
    assert_eq!(machine.kept(), ["etcd-3.6.8"]);
    assert_eq!(machine.listed()["installed"], json!([]));
}
