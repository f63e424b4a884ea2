//! The hidden folder in which a control plane is put together, and how it becomes an installed one.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::table::{ETCD, KUBERNETES};
use super::{InstallError, InstallStep, Installer};
use crate::cluster::folder::Lock;
use crate::cluster::{Assets, assets};
use crate::version::Version;

/// A control plane that is being put together. Nobody else does the same meanwhile, no build of `ci/control-plane`
/// either. Given up, its files stay for the next try.
pub(super) struct Staging {
    version: Version,
    folder: PathBuf,
    place: PathBuf,
    _lock: Lock,
}

/// How an installation begins.
pub(super) enum Begun {
    /// There is nothing to do, perhaps because somebody else has just done it.
    Already(Assets),
    /// There is.
    Here(Staging),
}

impl Staging {
    pub(super) fn begin(installer: &Installer, version: &Version) -> Result<Begun, InstallError> {
        let folder = installer.home.assets();
        std::fs::create_dir_all(&folder).map_err(InstallError::file("making the folder", &folder))?;
        let lock = lock(installer, version)?;
        if let Some(there) = already(installer, version)? {
            return Ok(Begun::Already(there));
        }
        let staging = Self {
            folder: assets::begun(&folder, version, "installing"),
            place: folder.join(version.to_string()),
            version: version.clone(),
            _lock: lock,
        };
        std::fs::create_dir_all(&staging.folder).map_err(InstallError::file("making the folder", &staging.folder))?;
        Ok(Begun::Here(staging))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// All programs are there: takes everything else away, says what they are, and moves them to their place at once.
    pub(super) fn finish(self, etcd: &str) -> Result<Assets, InstallError> {
        let programs = KUBERNETES.into_iter().chain([ETCD]);
        for entry in std::fs::read_dir(&self.folder).map_err(InstallError::file("reading", &self.folder))? {
            let path = entry.map_err(InstallError::file("reading", &self.folder))?.path();
            if !programs.clone().any(|name| path.ends_with(name)) {
                std::fs::remove_file(&path).map_err(InstallError::file("removing", &path))?;
            }
        }
        let mut checksums = BTreeMap::new();
        for name in programs {
            let path = self.folder.join(name);
            let sum = sealed(&path).map_err(InstallError::file("finishing", &path))?;
            checksums.insert(name.to_owned(), sum);
        }
        Assets::describe(&self.folder, &self.version, etcd, checksums)
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .and_then(|()| std::fs::rename(&self.folder, &self.place))
            .map_err(InstallError::file("finishing", &self.folder))?;
        Ok(Assets::read(self.place)?)
    }
}

/// What is installed of a version.
pub(super) fn already(installer: &Installer, version: &Version) -> Result<Option<Assets>, InstallError> {
    let place = installer.home.assets().join(version.to_string());
    if place.exists() { Ok(Some(Assets::read(place)?)) } else { Ok(None) }
}

/// The lock that builds take too.
fn lock(installer: &Installer, version: &Version) -> Result<Lock, InstallError> {
    let path = assets::lock(&installer.home.assets(), version);
    let failed = || InstallError::file("taking the lock", &path);
    if let Some(lock) = Lock::try_exclusive(path.clone()).map_err(failed())? {
        return Ok(lock);
    }
    installer.tell(InstallStep::Waiting { version: version.clone() });
    Lock::wait(&path).map_err(failed())
}

/// Makes a program executable and its bytes last: what is installed is whole, even after a power cut.
fn sealed(path: &Path) -> io::Result<String> {
    std::fs::set_permissions(path, Permissions::from_mode(0o755))?;
    File::open(path)?.sync_all()?;
    sha256(path)
}

/// The checksum of a file, as `sha256sum` prints it.
pub(super) fn sha256(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut File::open(path)?, &mut digest)?;
    Ok(format!("{:x}", digest.finalize()))
}
