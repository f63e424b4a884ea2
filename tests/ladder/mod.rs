//! Two releases for tests of upgrades, where one is installed: the newest, and the same programs as its next minor.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rehearsal::cluster::{self, Home};
use serde_json::{Value, json};

use crate::cluster_support::installed_assets;
use crate::support::{Project, until};

/// A project with two releases of its own: the newest that is installed, and the same programs as its next minor.
pub(crate) struct Ladder {
    pub(crate) project: Project,
    pub(crate) older: String,
    pub(crate) newer: String,
}

impl Ladder {
    pub(crate) fn new() -> Self {
        let project = Project::new();
        let installed = cluster::installed(&Home::new(installed_assets(), "/nonexistent")).unwrap();
        let newest = installed.last().unwrap();
        let (minor, patch) = (newest.version.minor.minor, newest.version.patch);
        let ladder = Self { older: format!("v1.{minor}.{patch}"), newer: format!("v1.{}.0", minor + 1), project };
        ladder.install(&newest.folder, &ladder.older);
        ladder.install(&newest.folder, &ladder.newer);
        ladder
    }

    pub(crate) fn assets(&self) -> PathBuf {
        self.project.path("cache/assets")
    }

    fn install(&self, programs: &Path, version: &str) {
        let folder = self.assets().join(version);
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(programs).unwrap().map(Result::unwrap) {
            if entry.file_name() != "manifest.json" {
                symlink(fs::canonicalize(entry.path()).unwrap(), folder.join(entry.file_name())).unwrap();
            }
        }
        // One file goes by the names of four programs: a link has to lead to it by that name.
        for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"] {
            let link = folder.join(name);
            let file = fs::canonicalize(programs.join(name)).unwrap();
            let _ = fs::remove_file(&link);
            symlink(file, link).unwrap();
        }
        let manifest: Value = serde_json::from_slice(&fs::read(programs.join("manifest.json")).unwrap()).unwrap();
        let manifest = json!({"kubernetes": version, "etcd": manifest["etcd"], "sha256": manifest["sha256"]});
        fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        command.env("REHEARSAL_CACHE", self.project.path("cache")).env("REHEARSAL_STATE", self.project.path("state"));
        command
    }

    /// `rehearsal upgrade` from the one to the other.
    pub(crate) fn upgrade(&self, more: &[&str]) -> Command {
        self.command(&[&["upgrade", "--from", &self.older, "--to", &self.newer], more].concat())
    }

    /// Puts a script in place of the newer API server; `REAL` in it is the program.
    pub(crate) fn replace_newer_server(&self, script: &str) {
        let server = self.assets().join(&self.newer).join("kube-apiserver");
        let real = self.project.path("real/kube-apiserver");
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        symlink(fs::canonicalize(&server).unwrap(), &real).unwrap();
        fs::remove_file(&server).unwrap();
        fs::write(&server, format!("#!/bin/sh\n{}\n", script.replace("REAL", real.to_str().unwrap()))).unwrap();
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The folder of its one cluster.
    pub(crate) fn cluster(&self) -> Option<PathBuf> {
        let folders = fs::read_dir(self.project.path("state/clusters")).ok()?;
        folders.map(|entry| entry.unwrap().path()).next()
    }

    fn components(&self) -> usize {
        let state = self.project.path("state");
        let state = state.to_str().unwrap();
        let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let path = entry.unwrap().path().join("cmdline");
            Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
        });
        lines.filter(|line| line.contains(state)).count()
    }

    pub(crate) fn nothing_is_left(&self) {
        until("its processes end", || self.components() == 0);
        until("its folder is removed", || self.cluster().is_none());
    }
}
