//! The programs of a control plane out of a folder: asked what they are, and copied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::table::{ETCD, KUBERNETES};
use super::{InstallError, InstallStep, Installer};
use crate::cluster::Release;
use crate::version::Version;

/// How long a program may take to say what it is.
const ANSWERS_WITHIN: Duration = Duration::from_mins(1);

/// Why the programs of a folder are no control plane.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum GivenError {
    /// Some are not there.
    #[error("{folder} lacks {missing}")]
    #[diagnostic(help(
        "a control plane is {}, {ETCD}; folders of envtest lack two of them, which `rehearsal cluster install VERSION` \
         without --from downloads",
        KUBERNETES.join(", ")
    ))]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// Which.
        missing: String,
    },
    /// One does not say what it is.
    #[error("`{program} {arguments}` does not tell its version: {cause}")]
    #[diagnostic(help("run it by hand; it has to be a program for this machine"))]
    Silent {
        /// The program.
        program: PathBuf,
        /// What it was given.
        arguments: String,
        /// What happened instead.
        cause: String,
    },
    /// They are of several releases.
    #[error("the programs in {folder} are of different releases: {found}")]
    #[diagnostic(help("put those of one release there; kubectl may be of another patch of the same minor"))]
    Mixed {
        /// The folder.
        folder: PathBuf,
        /// Which is what.
        found: String,
    },
    /// They are of another release than was named.
    #[error("the programs in {folder} are of {found}, and not of {wanted}")]
    #[diagnostic(help("leave the version out, or name {found}"))]
    OtherVersion {
        /// The folder.
        folder: PathBuf,
        /// What they are.
        found: Version,
        /// What was named.
        wanted: String,
    },
}

/// The programs of a folder, and what they are.
pub(super) struct Given {
    folder: PathBuf,
    /// The release.
    pub version: Version,
    /// Its etcd.
    pub etcd: String,
}

impl Given {
    /// Asks the programs of a folder what they are.
    pub(super) async fn ask(folder: &Path, wanted: Option<&Release>) -> Result<Self, GivenError> {
        let missing: Vec<&str> =
            KUBERNETES.into_iter().chain([ETCD]).filter(|name| !folder.join(name).is_file()).collect();
        if !missing.is_empty() {
            return Err(GivenError::Missing { folder: folder.to_owned(), missing: missing.join(", ") });
        }
        let mut found = BTreeMap::new();
        for name in KUBERNETES {
            found.insert(name, kubernetes(&folder.join(name)).await?);
        }
        let version = one_release(&found).ok_or_else(|| {
            let found: Vec<String> = found.iter().map(|(name, version)| format!("{name} {version}")).collect();
            GivenError::Mixed { folder: folder.to_owned(), found: found.join(", ") }
        })?;
        if let Some(wanted) = wanted.filter(|wanted| !wanted.takes(&version)) {
            return Err(GivenError::OtherVersion {
                folder: folder.to_owned(),
                found: version,
                wanted: wanted.to_string(),
            });
        }
        let etcd = etcd(&folder.join(ETCD)).await?;
        Ok(Self { folder: folder.to_owned(), version, etcd })
    }

    /// Copies them. A file that several of them are is copied once.
    pub(super) fn copy(&self, to: &Path, installer: &Installer) -> Result<(), InstallError> {
        let mut copied: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        for name in KUBERNETES.into_iter().chain([ETCD]) {
            let (path, copy) = (self.folder.join(name), to.join(name));
            let original = path.canonicalize().map_err(InstallError::file("reading", &path))?;
            if copy.symlink_metadata().is_ok() {
                std::fs::remove_file(&copy).map_err(InstallError::file("removing", &copy))?;
            }
            let done = if let Some(known) = copied.get(&original) {
                std::fs::hard_link(known, &copy)
            } else {
                installer.tell(InstallStep::Copying { program: name });
                std::fs::copy(&original, &copy).map(drop)
            };
            done.map_err(InstallError::file("copying to", &copy))?;
            copied.entry(original).or_insert(copy);
        }
        Ok(())
    }
}

/// The release of the servers, if that is one, and kubectl's minor is the same.
fn one_release(found: &BTreeMap<&str, Version>) -> Option<Version> {
    let version = found.get(KUBERNETES[0])?;
    let fits = |(name, other): (&&str, &Version)| match *name {
        "kubectl" => other.minor == version.minor,
        _ => other == version,
    };
    // It becomes the name of a folder.
    let is_plain = version.suffix.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (is_plain && found.iter().all(fits)).then(|| version.clone())
}

async fn kubernetes(program: &Path) -> Result<Version, GivenError> {
    if program.ends_with("kubectl") {
        let arguments = ["version", "--client", "--output=json"];
        let said = said(program, &arguments).await?;
        let answer: Value = serde_json::from_str(&said).unwrap_or_default();
        let version = answer["clientVersion"]["gitVersion"].as_str().and_then(|version| version.parse().ok());
        return version.ok_or_else(|| unknown(program, &arguments, &said));
    }
    let said = said(program, &["--version"]).await?;
    let version = said.lines().find_map(|line| line.trim().strip_prefix("Kubernetes ")?.trim().parse().ok());
    version.ok_or_else(|| unknown(program, &["--version"], &said))
}

async fn etcd(program: &Path) -> Result<String, GivenError> {
    let said = said(program, &["--version"]).await?;
    let version = said.lines().find_map(|line| line.trim().strip_prefix("etcd Version:"));
    version.map(|version| version.trim().to_owned()).ok_or_else(|| unknown(program, &["--version"], &said))
}

async fn said(program: &Path, arguments: &[&str]) -> Result<String, GivenError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(ANSWERS_WITHIN, command.output()).await;
    let Ok(output) = output else {
        let cause = format!("it did not end within {} s", ANSWERS_WITHIN.as_secs());
        return Err(silent(program, arguments, cause));
    };
    let output = output.map_err(|error| silent(program, arguments, error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(silent(program, arguments, format!("{} {}", output.status, last.trim())))
}

fn unknown(program: &Path, arguments: &[&str], said: &str) -> GivenError {
    let first: String = said.lines().next().unwrap_or_default().chars().take(100).collect();
    silent(program, arguments, format!("it says `{first}`"))
}

fn silent(program: &Path, arguments: &[&str], cause: String) -> GivenError {
    GivenError::Silent { program: program.to_owned(), arguments: arguments.join(" "), cause }
}
