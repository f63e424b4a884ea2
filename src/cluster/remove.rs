//! Taking installed control planes away, and what was begun of others.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{Folder, Lock};
use super::{AssetsError, DownError, Home, Provider, Release, Running, assets, disk, running, take_down};
use crate::version::Version;

/// What this disk has of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The version.
    pub version: Version,
    /// Whether it is installed; otherwise something was begun and not ended.
    pub is_installed: bool,
    folders: Vec<PathBuf>,
}

/// Why a control plane could not be taken away.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RemoveError {
    /// A cluster of it runs.
    #[error("{version} cannot be removed: the cluster {key} of it {state}")]
    #[diagnostic(help("take it down first, or with it: --now"))]
    InUse {
        /// Which.
        version: Version,
        /// A cluster.
        key: String,
        /// What it does.
        state: &'static str,
    },
    /// It is put together at the moment.
    #[error("{version} cannot be removed: it is being installed or built")]
    #[diagnostic(help("wait for that, or end it"))]
    Busy {
        /// Which.
        version: Version,
    },
    /// Clusters of it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Down(#[from] DownError),
    /// Its files.
    #[error("{doing} {path}: {cause}")]
    #[diagnostic(help("check its permissions, then remove it again: what is left of it is no longer installed"))]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl Stored {
    /// The bytes that it takes on the disk.
    pub fn size(&self) -> Result<u64, RemoveError> {
        let size = |path: &PathBuf| {
            disk::size(path).map_err(|cause| RemoveError::File { doing: "reading", path: path.clone(), cause })
        };
        self.folders.iter().map(size).sum()
    }

    /// Whether a name on the command line means it.
    pub fn is(&self, release: &Release) -> bool {
        release.takes(&self.version)
    }
}

/// All versions that this disk has something of, oldest first.
pub fn stored(home: &Home) -> Result<Vec<Stored>, AssetsError> {
    let folder = home.assets();
    let read = || -> io::Result<Vec<PathBuf>> { std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(cause) => return Err(AssetsError::Unreadable { folder, cause }),
        Ok(paths) => paths,
    };
    // Hidden ones first: what a removal before has left is gone before the next one needs the name.
    paths.sort();
    let mut found: BTreeMap<Version, Stored> = BTreeMap::new();
    for path in paths {
        if let Some((version, is_installed)) = named(&path) {
            let new = Stored { version: version.clone(), is_installed: false, folders: Vec::new() };
            let stored = found.entry(version).or_insert(new);
            stored.is_installed |= is_installed;
            stored.folders.push(path);
        }
    }
    Ok(found.into_values().collect())
}

/// What a folder beneath `assets` holds: `v1.36.3` an installed version, `.v1.36.3.installing` a begun one.
fn named(path: &Path) -> Option<(Version, bool)> {
    let name = path.file_name()?.to_str()?;
    let (version, is_installed) = match name.strip_prefix('.').map(|hidden| hidden.rsplit_once('.')) {
        None => (name, true),
        Some(Some((version, "installing" | "building" | "removing"))) => (version, false),
        Some(_) => return None,
    };
    let version = version.starts_with('v').then(|| version.parse().ok()).flatten()?;
    Some((version, is_installed))
}

/// Takes all of a version away, and says how many bytes that frees. Clusters of it that somebody uses, or that are up to
/// stay, are taken down only if it is to be `now`.
pub async fn remove(home: &Home, stored: &Stored, now: bool) -> Result<u64, RemoveError> {
    let (version, folder) = (&stored.version, home.assets());
    let lock = assets::lock(&folder, version);
    let locked = Lock::try_exclusive(lock.clone()).map_err(|cause| RemoveError::File {
        doing: "taking the lock",
        path: lock,
        cause,
    })?;
    let _locked = locked.ok_or_else(|| RemoveError::Busy { version: version.clone() })?;
    end_clusters(home, version, now).await?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| RemoveError::File { doing: "removing", path, cause }
    };
    let freed = disk::freed(&stored.folders).map_err(failed(&folder))?;
    let aside = assets::begun(&folder, version, "removing");
    for path in &stored.folders {
        // First it is no longer installed, then it goes.
        std::fs::rename(path, &aside).map_err(failed(path))?;
        std::fs::remove_dir_all(&aside).map_err(failed(&aside))?;
    }
    Ok(freed)
}

async fn end_clusters(home: &Home, version: &Version, now: bool) -> Result<(), RemoveError> {
    let in_use = |key: String, state| RemoveError::InUse { version: version.clone(), key, state };
    let of_it = |it: &Running| it.provider == Provider::Local && it.version == version.to_string();
    let running: Vec<Running> = running(home)?.into_iter().filter(of_it).collect();
    if let Some(it) = running.iter().find(|it| !now && (it.in_use || it.stays)) {
        return Err(in_use(it.key.clone(), if it.in_use { "is in use" } else { "is up" }));
    }
    for it in &running {
        take_down(home, it, now).await?;
    }
    // What is not ready yet is in no list.
    let clusters = std::fs::read_dir(home.clusters()).into_iter().flatten().flatten();
    let mut clusters = clusters.map(|entry| Folder::new(entry.path()));
    let starts = |it: &Folder| it.key().starts_with(&format!("{version}-")) && Lock::is_held(&it.keeper());
    clusters.find(starts).map_or(Ok(()), |it| Err(in_use(it.key(), "is being started")))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::Linger;
    use super::super::folder::{Endpoint, write_json};
    use super::*;

    const KEY: &str = "v1.36.3-0a1b2c3d";

    /// A home with a control plane, and a cluster of it whose keeper is some process.
    struct Used {
        home: Home,
        folder: Folder,
        keeper: std::process::Child,
        _root: tempfile::TempDir,
    }

    impl Drop for Used {
        fn drop(&mut self) {
            let _ = self.keeper.kill();
            let _ = self.keeper.wait();
        }
    }

    impl Used {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let home = Home::new(root.path().join("cache"), root.path().join("state"));
            std::fs::create_dir_all(home.assets().join("v1.36.3")).unwrap();
            std::fs::write(home.assets().join("v1.36.3/kubectl"), "12345").unwrap();
            let folder = Folder::new(home.clusters().join(KEY));
            folder.create().unwrap();
            let keeper = Command::new("flock").arg("--no-fork").arg(folder.keeper()).args(["sleep", "600"]).spawn();
            while !Lock::is_held(&folder.keeper()) {
                std::thread::yield_now();
            }
            Self { home, folder, keeper: keeper.unwrap(), _root: root }
        }

        fn is_ready(&self) {
            let endpoint = Endpoint {
                version: "v1.36.3".to_owned(),
                provider: Provider::Local,
                etcd: None,
                server: String::new(),
                kubeconfig: PathBuf::new(),
                keeper: self.keeper.id(),
                components: Vec::new(),
                started: 0,
            };
            write_json(&self.folder.file("endpoint.json"), &endpoint).unwrap();
        }

        async fn remove(&self, now: bool) -> Result<u64, String> {
            let stored = stored(&self.home).unwrap();
            remove(&self.home, &stored[0], now).await.map_err(|error| error.to_string())
        }
    }

    #[tokio::test]
    async fn what_somebody_uses_is_removed_only_if_it_is_to_be_now() {
        let mut used = Used::new();
        let refused = |state: &str| Err(format!("v1.36.3 cannot be removed: the cluster {KEY} of it {state}"));
        assert_eq!(used.remove(true).await, refused("is being started"));
        used.is_ready();
        let lease = Lock::try_shared(used.folder.lease()).unwrap();
        assert_eq!(used.remove(false).await, refused("is in use"));
        drop(lease);
        used.folder.raise_linger(Linger::Stay).unwrap();
        assert_eq!(used.remove(false).await, refused("is up"));
        assert!(used.home.assets().join("v1.36.3/kubectl").exists());
        // A child that nobody has waited for holds no lock any more.
        assert_eq!(used.remove(true).await, Ok(5));
        assert!(!used.keeper.wait().unwrap().success());
        assert!(stored(&used.home).unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_cluster_that_only_lingers_goes_with_it() {
        let used = Used::new();
        used.is_ready();
        assert_eq!(used.remove(false).await, Ok(5));
        assert!(!Lock::is_held(&used.folder.keeper()));
    }
}
