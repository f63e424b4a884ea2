//! What dead keepers have left on this machine, and its removal.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::folder::{Folder, Lock};
use super::kind::{self, KindError};
use super::process::send_signal;
use super::{Home, workplace};

/// The programs of a control plane, which nothing else in its folder is ended for.
const PROGRAMS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// Why something on this machine could not be removed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum GcError {
    /// A folder.
    #[error("{doing} {path}: {cause}")]
    #[diagnostic(help("check its permissions"))]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A cluster of kind.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Kind(#[from] KindError),
}

/// Removes the clusters whose keeper is dead, processes that belong to them, and the logs of failed ones. Says what it
/// did, a line each.
pub async fn sweep_local(home: &Home) -> Result<Vec<String>, GcError> {
    let mut done = Vec::new();
    for path in entries(&home.clusters())? {
        let failed = |cause| GcError::Folder { doing: "removing", path: path.clone(), cause };
        let folder = Folder::new(path.clone());
        if folder.key().starts_with('.') {
            // Somebody removes it, or was killed while doing so.
            if !Lock::is_held(&folder.keeper()) {
                remove(&path).map_err(failed)?;
                done.push(format!("removed {}, half removed before", path.display()));
            }
            continue;
        }
        if Lock::is_held(&folder.keeper()) {
            continue;
        }
        // With both locks nobody starts it, and nobody waits for a start.
        let (Some(_start), Some(_lease)) = (
            Lock::try_exclusive(folder.start()).map_err(failed)?,
            Lock::try_exclusive(folder.lease()).map_err(failed)?,
        ) else {
            continue;
        };
        let ended = end_leftovers(&folder).await.map_err(failed)?;
        done.extend(ended.into_iter().map(|(name, pid)| format!("ended {name}, process {pid} of {}", folder.key())));
        let deleted = kind::delete_leftover(&folder).await?;
        done.extend(deleted.map(|name| format!("deleted the kind cluster {name}")));
        folder.remove().map_err(failed)?;
        done.push(format!("removed {}, whose keeper is dead", path.display()));
    }
    for (tools, name) in kind::strays(home).await {
        tools.delete(&name).await?;
        done.push(format!("deleted the kind cluster {name}, whose folder is gone"));
    }
    let swept = workplace::sweep(home);
    let swept = swept.map_err(|cause| GcError::Folder { doing: "sweeping", path: home.workplaces(), cause })?;
    done.extend(swept.iter().map(|path| format!("removed {}, of commands of a run that is dead", path.display())));
    for path in entries(&home.failed())? {
        remove(&path).map_err(|cause| GcError::Folder { doing: "removing", path: path.clone(), cause })?;
        done.push(format!("removed {}, the logs of a cluster that failed", path.display()));
    }
    Ok(done)
}

/// Removes a folder; that somebody else does so too is as good.
fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Ends what a dead keeper has left running and waits until it is gone.
pub(super) async fn end_leftovers(folder: &Folder) -> io::Result<Vec<(String, u32)>> {
    let found = leftovers(folder.path())?;
    for (_, pid) in &found {
        // That it has ended meanwhile is as good.
        let _ = send_signal(*pid, Signal::KILL);
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while !leftovers(folder.path())?.is_empty() {
        if Instant::now() > deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a process of the cluster does not end"));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(found)
}

/// The programs of control planes whose command line names a folder.
fn leftovers(folder: &Path) -> io::Result<Vec<(String, u32)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process that ended meanwhile has no command line, a zombie an empty one.
        let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line);
        let mut words = line.split('\0');
        let program = words.next().and_then(|path| Path::new(path).file_name()?.to_str()).unwrap_or_default();
        let is_ours = PROGRAMS.contains(&program) && words.any(|word| names(word, folder));
        if is_ours {
            found.push((program.to_owned(), pid));
        }
    }
    Ok(found)
}

/// Whether a flag such as `--data-dir=FOLDER/etcd` names something in a folder.
fn names(flag: &str, folder: &Path) -> bool {
    flag.split_once('=').is_some_and(|(_, value)| Path::new(value).starts_with(folder))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, GcError> {
    let read = || -> io::Result<Vec<PathBuf>> { std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    match read() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(GcError::Folder { doing: "reading", path: folder.to_owned(), cause }),
        Ok(entries) => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_names_a_folder_by_whole_parts() {
        let folder = Path::new("/state/clusters/v1.36.3-ab");
        assert!(names("--data-dir=/state/clusters/v1.36.3-ab/etcd", folder));
        assert!(!names("--data-dir=/state/clusters/v1.36.3-abc/etcd", folder));
        assert!(!names("/state/clusters/v1.36.3-ab", folder));
    }
}
