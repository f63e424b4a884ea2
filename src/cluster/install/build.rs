//! A control plane built from the published Go modules, by the script of this project.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{InstallError, InstallStep, Installer};
use crate::cluster::{Assets, Release, installed};

const SCRIPT: &str = "ci/control-plane/build";

/// Why a control plane could not be built.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum BuildError {
    /// Not in a clone of the project.
    #[error("there is no {SCRIPT} in {folder} or above it")]
    #[diagnostic(help(
        "it is a part of the repository and not of the installed program: change to a clone of it; without --build the \
         released programs are downloaded"
    ))]
    NoScript {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// No compiler.
    #[error("building a control plane needs the program `go`, which is in no folder of PATH")]
    #[diagnostic(help("install Go 1.26 or newer: https://go.dev/dl; without --build nothing is compiled"))]
    NoGo,
    /// The script cannot be run.
    #[error("{script} cannot be run: {cause}")]
    #[diagnostic(help("run it by hand"))]
    NotRun {
        /// The script.
        script: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It failed.
    #[error("{script} {release} failed ({status}): {last_words}")]
    #[diagnostic(help("ci/control-plane/README.md says what it needs; nothing half-built was installed"))]
    Failed {
        /// The script.
        script: PathBuf,
        /// What was to be built.
        release: String,
        /// How it ended.
        status: ExitStatus,
        /// Its last line.
        last_words: String,
    },
}

/// Builds a release. What the script says is told; the folder that it made comes back.
pub(super) async fn build(installer: &Installer, release: &Release) -> Result<Assets, InstallError> {
    let script = script()?;
    let is_there = |path: &Path| path.join("go").is_file();
    if !std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| is_there(&folder))) {
        return Err(BuildError::NoGo.into());
    }
    let not_run = |cause| BuildError::NotRun { script: script.clone(), cause };
    let mut command = Command::new(&script);
    command.arg(release.to_string()).env("REHEARSAL_CACHE", installer.home.cache());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(not_run)?;
    let mut last_words = String::new();
    if let Some(said) = child.stderr.take() {
        let mut lines = BufReader::new(said).lines();
        while let Some(line) = lines.next_line().await.map_err(not_run)? {
            installer.tell(InstallStep::Building { said: line.clone() });
            last_words = line;
        }
    }
    let status = child.wait().await.map_err(not_run)?;
    let built = installed(&installer.home)?.into_iter().rfind(|assets| release.takes(&assets.version));
    let failed = || BuildError::Failed { script: script.clone(), release: release.to_string(), status, last_words };
    Ok(built.filter(|_| status.success()).ok_or_else(failed)?)
}

/// The script of the project that this is run in.
fn script() -> Result<PathBuf, BuildError> {
    let folder = std::env::current_dir().unwrap_or_default();
    let found = folder.ancestors().map(|folder| folder.join(SCRIPT)).find(|path| path.is_file());
    found.ok_or(BuildError::NoScript { folder })
}
