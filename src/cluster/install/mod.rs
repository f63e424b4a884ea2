//! Installing control planes: downloaded as they were released, copied out of a folder, or built.
//!
//! Whatever the way, the programs are put together in a hidden folder under a lock (`staging`) and moved to their place
//! when they are whole, so that what is installed is always all of it.

mod archive;
mod build;
mod download;
mod error;
mod fetch;
mod given;
mod mirror;
mod staging;
mod table;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Assets, Home, Release, installed};
use crate::version::Version;
use fetch::Fetch;
use given::Given;
use staging::{Begun, Staging};

pub use build::BuildError;
pub use error::InstallError;
pub use fetch::FetchError;
pub use given::GivenError;
pub use mirror::{Mirror, MirrorError};

/// Installs control planes.
#[derive(Clone)]
pub struct Installer {
    /// Where they go.
    pub home: Home,
    /// Where they are downloaded from.
    pub mirror: Mirror,
    /// For how long a server may send nothing.
    pub patience: Duration,
    /// Hears what takes time.
    pub progress: Option<Arc<dyn Fn(InstallStep) + Send + Sync>>,
}

/// What takes time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallStep {
    /// A server is asked which release is the newest, or for checksums.
    Asking {
        /// Which, or for what.
        what: String,
    },
    /// Somebody else installs the same.
    Waiting {
        /// Which.
        version: Version,
    },
    /// A file is downloaded.
    Downloading {
        /// Its name.
        file: String,
        /// The bytes that are there.
        done: u64,
        /// How many there will be, where that is said.
        total: Option<u64>,
    },
    /// A program is copied.
    Copying {
        /// Which.
        program: &'static str,
    },
    /// A build goes on.
    Building {
        /// What it says.
        said: String,
    },
}

/// A control plane that is installed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Which.
    pub assets: Assets,
    /// Whether it was installed before.
    pub was_there: bool,
}

impl Installer {
    /// From the official servers, with a patience that suits the internet.
    pub fn new(home: Home) -> Self {
        Self { home, mirror: Mirror::default(), patience: Duration::from_secs(30), progress: None }
    }

    /// The version that a release means, which a server is asked for unless it is an exact one.
    pub async fn find(&self, release: &Release) -> Result<Version, InstallError> {
        let (this, release) = (self.clone(), release.clone());
        tokio::task::spawn_blocking(move || this.find_now(&release)).await?
    }

    /// Downloads the released programs of a version.
    pub async fn download(&self, version: &Version) -> Result<Installation, InstallError> {
        let (this, version) = (self.clone(), version.clone());
        tokio::task::spawn_blocking(move || this.download_now(&version)).await?
    }

    /// Copies the programs of a folder, which say themselves which version they are.
    pub async fn copy(&self, folder: &Path, wanted: Option<&Release>) -> Result<Installation, InstallError> {
        let (this, given) = (self.clone(), Given::ask(folder, wanted).await?);
        tokio::task::spawn_blocking(move || this.copy_now(&given)).await?
    }

    /// Builds a release from the published Go modules.
    pub async fn build(&self, release: &Release) -> Result<Installation, InstallError> {
        let before = installed(&self.home)?;
        let assets = build::build(self, release).await?;
        Ok(Installation { was_there: before.contains(&assets), assets })
    }

    fn find_now(&self, release: &Release) -> Result<Version, InstallError> {
        let (wanted, name) = match release {
            Release::Exact(version) => {
                supported(version)?;
                return Ok(version.clone());
            }
            Release::Minor(minor) => (minor.to_string(), format!("stable-{}.{}.txt", minor.major, minor.minor)),
            Release::Newest => ("Kubernetes".to_owned(), "stable.txt".to_owned()),
        };
        let address = self.mirror.kubernetes(&name);
        self.tell(InstallStep::Asking { what: format!("{address} for the newest release of {wanted}") });
        let said = Fetch::new(&self.mirror, self.patience).text(&address, "name of a release");
        let said = said.map_err(download::unpublished(wanted.clone()))?;
        match said.trim().parse::<Version>() {
            Ok(version) if version.is_upstream() && release.takes(&version) => {
                supported(&version)?;
                Ok(version)
            }
            _ => {
                let said = said.trim().chars().take(40).collect();
                Err(InstallError::OtherRelease { url: address.to_string(), wanted, said })
            }
        }
    }

    fn download_now(&self, version: &Version) -> Result<Installation, InstallError> {
        let etcd = supported(version)?;
        if let Some(assets) = staging::already(self, version)? {
            return Ok(Installation { assets, was_there: true });
        }
        let platform = table::platform().ok_or_else(|| InstallError::Platform {
            system: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        })?;
        self.tell(InstallStep::Asking { what: format!("for the checksums of {version}") });
        let fetch = Fetch::new(&self.mirror, self.patience);
        let programs = download::programs(&fetch, &self.mirror, version, platform)?;
        let (archive, path) = download::etcd(&fetch, &self.mirror, etcd, platform)?;
        let staging = match Staging::begin(self, version)? {
            Begun::Already(assets) => return Ok(Installation { assets, was_there: true }),
            Begun::Here(staging) => staging,
        };
        for program in programs {
            program.download(staging.folder(), &fetch, self)?;
        }
        let archive = archive.download(staging.folder(), &fetch, self)?;
        archive::extract(&archive, &path, &staging.folder().join(table::ETCD))?;
        Ok(Installation { assets: staging.finish(etcd)?, was_there: false })
    }

    fn copy_now(&self, given: &Given) -> Result<Installation, InstallError> {
        let staging = match Staging::begin(self, &given.version)? {
            Begun::Already(assets) => return Ok(Installation { assets, was_there: true }),
            Begun::Here(staging) => staging,
        };
        given.copy(staging.folder(), self)?;
        Ok(Installation { assets: staging.finish(&given.etcd)?, was_there: false })
    }

    fn tell(&self, step: InstallStep) {
        if let Some(hear) = &self.progress {
            hear(step);
        }
    }
}

/// The etcd of a version that is published and runs here.
fn supported(version: &Version) -> Result<&'static str, InstallError> {
    if !version.is_upstream() {
        return Err(InstallError::NotUpstream { version: version.clone() });
    }
    table::etcd(version.minor).ok_or(InstallError::TooOld { minor: version.minor })
}

impl fmt::Debug for Installer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installer").field("home", &self.home).field("mirror", &self.mirror).finish_non_exhaustive()
    }
}
