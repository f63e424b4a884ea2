//! What dead runs and dead keepers have left, and its removal.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::Method;
use rustix::process::{Pid, Signal, kill_process};

use super::folder::{Folder, Lock};
use super::{Cluster, Home, Identity, RUN_LABEL, Request, SendError};

/// The programs of a control plane, which nothing else in its folder is ended for.
const PROGRAMS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// Why something could not be removed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum GcError {
    /// A folder on this machine.
    #[error("{doing} {path}: {cause}")]
    #[diagnostic(help("check its permissions"))]
    Local {
        /// What was tried.
        doing: &'static str,
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A request to a cluster.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Send(#[from] SendError),
    /// A request that was refused.
    #[error("{method} {path} was answered with {status}: {message}")]
    #[diagnostic(help("the context's user must be allowed to list and delete Namespaces"))]
    Refused {
        /// What was sent.
        method: Method,
        /// Where to.
        path: String,
        /// The status.
        status: u16,
        /// The message.
        message: String,
    },
}

/// Removes the clusters whose keeper is dead, processes that belong to them, and the logs of failed ones. Says what it
/// did, a line each.
pub async fn sweep_local(home: &Home) -> Result<Vec<String>, GcError> {
    let mut done = Vec::new();
    for path in entries(&home.clusters())? {
        let failed = |cause| GcError::Local { doing: "removing", path: path.clone(), cause };
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
        folder.remove().map_err(failed)?;
        done.push(format!("removed {}, whose keeper is dead", path.display()));
    }
    for path in entries(&home.failed())? {
        remove(&path).map_err(|cause| GcError::Local { doing: "removing", path: path.clone(), cause })?;
        done.push(format!("removed {}, the logs of a cluster that failed", path.display()));
    }
    Ok(done)
}

/// Deletes the Namespaces that runs have made and not deleted: they carry the label of runs, and a name that only a run
/// gives. Gives back their names; they are gone when their contents are.
///
/// A run that is going on has such Namespaces too.
pub async fn sweep_namespaces(cluster: &Cluster) -> Result<Vec<String>, GcError> {
    let own = cluster.session(&Identity::Own)?;
    let list = Request::new(Method::GET, format!("/api/v1/namespaces?labelSelector={RUN_LABEL}"));
    let exchange = accepted(own.send(list).await?)?;
    let mut deleted = Vec::new();
    for namespace in exchange.body["items"].as_array().into_iter().flatten() {
        let meta = &namespace["metadata"];
        let name = meta["name"].as_str().unwrap_or_default();
        if !has_run_suffix(name) || !meta["deletionTimestamp"].is_null() {
            continue;
        }
        let options = serde_json::json!({"preconditions": {"uid": meta["uid"]}});
        let request = Request::new(Method::DELETE, format!("/api/v1/namespaces/{name}")).body(options);
        match accepted(own.send(request).await?) {
            // Gone, or another by now.
            Err(GcError::Refused { status: 404 | 409, .. }) => {}
            Err(error) => return Err(error),
            Ok(_) => deleted.push(name.to_owned()),
        }
    }
    Ok(deleted)
}

/// Removes a folder; that somebody else does so too is as good.
fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn accepted(exchange: super::Exchange) -> Result<super::Exchange, GcError> {
    if exchange.is_success() {
        return Ok(exchange);
    }
    let message = exchange.body["message"].as_str().unwrap_or_default().to_owned();
    Err(GcError::Refused { method: exchange.method, path: exchange.path, status: exchange.status, message })
}

/// Whether a name ends as runs make names unique: `-rh` and five of `a-z0-9`.
fn has_run_suffix(name: &str) -> bool {
    name.rsplit_once("-rh").is_some_and(|(word, random)| {
        !word.is_empty()
            && random.len() == 5
            && random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// Ends what a dead keeper has left running and waits until it is gone.
pub(super) async fn end_leftovers(folder: &Folder) -> io::Result<Vec<(String, u32)>> {
    let found = leftovers(folder.path())?;
    for (_, pid) in &found {
        if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
            // That it has ended meanwhile is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
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
        Err(cause) => Err(GcError::Local { doing: "reading", path: folder.to_owned(), cause }),
        Ok(entries) => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_runs_give_are_taken() {
        for name in ["demo-rh4k2qx", "a-rhx-rhaaaaa"] {
            assert!(has_run_suffix(name), "{name}");
        }
        for name in ["demo", "-rh4k2qx", "demo-rh4k2q", "demo-rh4k2qxx", "demo-RH4K2QX", "demo-rh4k-qx", "rh4k2qx"] {
            assert!(!has_run_suffix(name), "{name}");
        }
    }

    #[test]
    fn a_flag_names_a_folder_by_whole_parts() {
        let folder = Path::new("/state/clusters/v1.36.3-ab");
        assert!(names("--data-dir=/state/clusters/v1.36.3-ab/etcd", folder));
        assert!(!names("--data-dir=/state/clusters/v1.36.3-abc/etcd", folder));
        assert!(!names("/state/clusters/v1.36.3-ab", folder));
    }
}
