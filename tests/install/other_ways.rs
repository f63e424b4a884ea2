//! Control planes out of a folder or from a build, and taking them away.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use serde_json::json;

use crate::machine::Machine;
use crate::releases::VERSION;
use crate::support::run;

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
    let from_the_environment = |args: &[&str]| run(machine.command(args).env("KUBEBUILDER_ASSETS", "mine"));
    from_the_environment(&["install"]).exits(0).says(&["v1.36.3 is installed already"]);
    machine.run(&["install"]).exits(1).says(&["no version is named", "KUBEBUILDER_ASSETS"]);
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
