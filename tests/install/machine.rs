//! The machine that things are installed on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use rehearsal::cluster::{Home, Installer};
use serde_json::{Value, json};

use crate::releases::{ETCD, KUBERNETES, LENGTH, Releases, VERSION, program};
use crate::support::{Project, Ran, run};

/// A machine with nothing installed, and a server of releases.
pub(crate) struct Machine {
    pub(crate) project: Project,
    pub(crate) server: Releases,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { project: Project::new(), server: Releases::new() }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(&[&["cluster"], args].concat());
        command.env("REHEARSAL_MIRROR", self.server.url());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    /// The same within this process.
    pub(crate) fn installer(&self) -> Installer {
        let home = Home::new(self.project.path("home/.cache/rehearsal"), self.project.path("state"));
        Installer { mirror: self.server.url().parse().unwrap(), ..Installer::new(home) }
    }

    pub(crate) fn assets(&self, name: &str) -> PathBuf {
        self.project.path("home/.cache/rehearsal/assets").join(name)
    }

    /// What is in the folder of all control planes, but for locks.
    pub(crate) fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(self.assets("")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.strip_suffix(".lock").is_none()).collect();
        names.sort();
        names
    }

    pub(crate) fn begun(&self, name: &str) -> PathBuf {
        self.assets(&format!(".{VERSION}.installing")).join(name)
    }

    pub(crate) fn listed(&self) -> Value {
        serde_json::from_str(&self.run(&["list", "--output", "json"]).exits(0).out).unwrap()
    }

    #[track_caller]
    pub(crate) fn is_whole(&self) {
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
