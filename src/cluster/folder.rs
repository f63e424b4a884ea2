//! The folder of one running cluster: where its files are, and the locks that say who uses it.
//!
//! All locks are `flock`s, which the kernel frees however their holder ends. A folder may be removed and made anew while
//! somebody waits for one of its locks, so a lock counts only while its path still leads to the file that is locked.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Provider;
use super::discovery::Served;

/// What a running cluster says about itself, written when it is ready.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Endpoint {
    /// The release.
    pub version: String,
    /// What made it.
    pub provider: Provider,
    /// The version of etcd, where that is known.
    pub etcd: Option<String>,
    /// The URL of the API server.
    pub server: String,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The process that keeps it.
    pub keeper: u32,
    /// The processes of the control plane, where they are on this machine.
    pub components: Vec<(String, u32)>,
    /// When it was started, in seconds since 1970.
    pub started: u64,
}

/// Why a cluster went down, or never came up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    /// The process that kept it.
    pub keeper: u32,
    /// What happened.
    pub reason: String,
    /// What to do, where that is known.
    pub help: Option<String>,
    /// The last lines of the log that knows more.
    pub last_words: String,
    /// That log, or a folder of logs.
    pub log: PathBuf,
}

/// How long a cluster stays after its last user has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Linger {
    /// Not at all.
    #[default]
    Gone,
    /// So long, for the next test process.
    For(Duration),
    /// Until it is taken down by name.
    Stay,
}

/// The folder of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn key(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Makes the folder, for its owner only: it holds the keys of the cluster.
    pub(super) fn create(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the logs of the last cluster of this key are kept that did not end well.
    pub(super) fn grave(&self) -> PathBuf {
        let state = self.path.parent().and_then(Path::parent).unwrap_or(&self.path);
        state.join("failed").join(self.key())
    }

    /// Held exclusively by the client that starts the keeper.
    pub(super) fn start(&self) -> PathBuf {
        self.file("start")
    }

    /// Held shared by every user, exclusively by a keeper that goes because there is none.
    pub(super) fn lease(&self) -> PathBuf {
        self.file("lease")
    }

    /// Held exclusively by the keeper, all its life.
    pub(super) fn keeper(&self) -> PathBuf {
        self.file("keeper")
    }

    /// What the running cluster says about itself; none before it is ready and after it has begun to go.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        read_json(&self.file("endpoint.json"))
    }

    pub(super) fn write_endpoint(&self, endpoint: &Endpoint) -> io::Result<()> {
        write_json(&self.file("endpoint.json"), endpoint)
    }

    pub(super) fn withdraw_endpoint(&self) -> io::Result<()> {
        match std::fs::remove_file(self.file("endpoint.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What a client wants in place of what runs; the keeper takes it away when it is there.
    pub(super) fn wanted(&self) -> PathBuf {
        self.file("wanted.json")
    }

    /// What its API server serves, as the keeper has read it.
    pub(super) fn served(&self) -> Served {
        read_json(&self.file("served.json")).unwrap_or_default()
    }

    pub(super) fn write_served(&self, served: &Served) -> io::Result<()> {
        write_json(&self.file("served.json"), served)
    }

    /// How long it stays without users: the longest that anybody asked for.
    pub(super) fn linger(&self) -> Linger {
        let read = || -> io::Result<Linger> {
            let mut file = File::open(self.file("linger"))?;
            file.lock_shared()?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            Ok(serde_json::from_slice(&text)?)
        };
        read().unwrap_or_default()
    }

    /// Makes it stay at least so long.
    pub(super) fn raise_linger(&self, linger: Linger) -> io::Result<()> {
        if linger == Linger::Gone {
            return Ok(());
        }
        // Written in place beneath a lock of its own: of two that come at once the longer must win.
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(self.file("linger"))?;
        file.lock()?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        if serde_json::from_slice::<Linger>(&text).is_ok_and(|known| known >= linger) {
            return Ok(());
        }
        file.seek(SeekFrom::Start(0))?;
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(&linger)?)
    }

    /// Removes what a keeper that was killed has left; the lock files stay, they may be held.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let locks = [self.start(), self.lease(), self.keeper()];
        remove_within(&self.path, |path| !locks.iter().any(|lock| lock == path))
    }

    /// Removes the folder at once as far as anybody else can see.
    pub(super) fn remove(&self) -> io::Result<()> {
        let aside = self.path.with_file_name(format!(".{}.{}", self.key(), std::process::id()));
        std::fs::rename(&self.path, &aside)?;
        std::fs::remove_dir_all(&aside)
    }
}

/// A lock of a folder; dropping it frees it.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes it if nobody holds it exclusively; none otherwise.
    pub(super) fn try_shared(path: PathBuf) -> io::Result<Option<Self>> {
        let file = open(&path)?;
        Self::taken(file.try_lock_shared(), file, path)
    }

    /// Takes it if nobody holds it; none otherwise.
    pub(super) fn try_exclusive(path: PathBuf) -> io::Result<Option<Self>> {
        let file = open(&path)?;
        Self::taken(file.try_lock(), file, path)
    }

    /// Waits until nobody else holds it; none if the path has led elsewhere since.
    pub(super) fn exclusive(path: PathBuf) -> io::Result<Option<Self>> {
        let file = open(&path)?;
        file.lock()?;
        let lock = Self { file, path };
        Ok(lock.is_current().then_some(lock))
    }

    /// Waits until nobody else holds what the path then leads to.
    pub(super) fn wait(path: &Path) -> io::Result<Self> {
        loop {
            if let Some(lock) = Self::exclusive(path.to_owned())? {
                return Ok(lock);
            }
        }
    }

    /// Whether somebody holds it exclusively. A lock that was never made is held by nobody; one that cannot be opened counts
    /// as held, for what nobody holds is taken away.
    pub(super) fn is_held(path: &Path) -> bool {
        match File::open(path) {
            Ok(file) => Kept(file).is_held(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Whether its path still leads to the file that is locked.
    pub(super) fn is_current(&self) -> bool {
        let same = |held: &std::fs::Metadata, there: &std::fs::Metadata| {
            (held.dev(), held.ino()) == (there.dev(), there.ino())
        };
        matches!((self.file.metadata(), std::fs::metadata(&self.path)), (Ok(held), Ok(there)) if same(&held, &there))
    }

    /// Leaves a mark of this moment, for [`Lock::marked`].
    pub(super) fn mark(&self) -> io::Result<()> {
        self.file.set_modified(SystemTime::now())
    }

    /// When somebody last left a mark.
    pub(super) fn marked(&self) -> io::Result<SystemTime> {
        self.file.metadata()?.modified()
    }

    fn taken(result: Result<(), TryLockError>, file: File, path: PathBuf) -> io::Result<Option<Self>> {
        match result {
            Ok(()) => {
                let lock = Self { file, path };
                Ok(lock.is_current().then_some(lock))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The lock of one keeper, to see when it has ended: its path is gone before it has removed everything.
#[derive(Debug)]
pub(super) struct Kept(File);

impl Kept {
    /// Whoever keeps a folder now; none if it never had a keeper.
    pub(super) fn by(folder: &Folder) -> Option<Self> {
        File::open(folder.keeper()).ok().map(Self)
    }

    /// Whether the keeper is still there.
    pub(super) fn is_held(&self) -> bool {
        match self.0.try_lock_shared() {
            // Given back at once: it was only asked for.
            Ok(()) => self.0.unlock().is_err(),
            Err(error) => matches!(error, TryLockError::WouldBlock),
        }
    }
}

/// Removes what is in a folder, as far as it `goes`.
pub(super) fn remove_within(folder: &Path, goes: impl Fn(&Path) -> bool) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if goes(&path) {
            let is_folder = path.symlink_metadata()?.is_dir();
            if is_folder { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
        }
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(path)
}

/// Reads a file that is there whole or not at all.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Writes beside and renames, so that nobody reads half of it.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, serde_json::to_vec_pretty(value)?)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_on_a_removed_folder_does_not_count() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().join("v1.36.3-x"));
        folder.create().unwrap();
        let lease = Lock::try_shared(folder.lease()).unwrap().unwrap();
        assert!(Lock::try_exclusive(folder.lease()).unwrap().is_none());
        assert!(Lock::try_shared(folder.lease()).unwrap().is_some());
        folder.remove().unwrap();
        assert!(!lease.is_current());
        folder.create().unwrap();
        assert!(!lease.is_current());
        assert!(Lock::try_exclusive(folder.lease()).unwrap().is_some());
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_asked_counts_as_held() {
        let home = tempfile::tempdir().unwrap();
        let lock = home.path().join("lock");
        assert!(!Lock::is_held(&lock), "never made");
        std::fs::write(&lock, "").unwrap();
        assert!(!Lock::is_held(&lock));
        assert!(Lock::is_held(&lock.join("lock")), "beneath what is no folder");
        let _held = Lock::wait(&lock).unwrap();
        assert!(Lock::is_held(&lock));
    }

    #[test]
    fn the_longest_linger_wins() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().to_owned());
        assert_eq!(folder.linger(), Linger::Gone);
        for linger in [Linger::For(Duration::from_secs(20)), Linger::Stay, Linger::For(Duration::from_secs(5))] {
            folder.raise_linger(linger).unwrap();
        }
        assert_eq!(folder.linger(), Linger::Stay);
    }
}
