//! Control planes that are installed: what is there, and which of them a name on the command line means.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::write_json;
use super::{Home, Release, disk};
use crate::version::{Minor, Version};

/// The programs of one Kubernetes release and the etcd that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// The release.
    pub version: Version,
    /// The version of its etcd.
    pub etcd: String,
    /// The folder of the programs.
    pub folder: PathBuf,
    /// The checksums of the programs: another build of the same release is another cluster.
    pub(super) checksums: BTreeMap<String, String>,
}

/// Why no control plane can be started.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum AssetsError {
    /// Nothing of that release.
    #[error("no control plane of {wanted} is installed in {folder}; {installed}")]
    #[diagnostic(help("install {}: rehearsal cluster install {example}", if example.contains(' ') { "them" } else { "one" }))]
    NotInstalled {
        /// What was asked for.
        wanted: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// What there is instead.
        installed: String,
        /// What to install.
        example: String,
    },
    /// A folder that is no installed control plane.
    #[error("the installed control plane {folder} cannot be used: {cause}")]
    #[diagnostic(help("take it away with `rehearsal cluster remove {}`, then install it again", name(folder)))]
    Broken {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The folder of all of them.
    #[error("the folder of installed control planes {folder} cannot be read: {cause}")]
    #[diagnostic(help("check its permissions, or set REHEARSAL_CACHE to another folder"))]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// The name of a folder, which is its version.
fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `manifest.json`, which is written last.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    kubernetes: String,
    etcd: String,
    #[serde(default)]
    sha256: BTreeMap<String, String>,
}

impl Assets {
    pub(super) fn read(folder: PathBuf) -> Result<Self, AssetsError> {
        let broken = |cause: String| AssetsError::Broken { folder: folder.clone(), cause };
        let text = std::fs::read_to_string(folder.join("manifest.json"))
            .map_err(|error| broken(format!("reading its manifest.json: {error}")))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| broken(format!("its manifest.json: {error}")))?;
        let version = manifest.kubernetes.parse().map_err(|error| broken(format!("its manifest.json: {error}")))?;
        Ok(Self { version, etcd: manifest.etcd, checksums: manifest.sha256, folder })
    }

    /// Says in a folder of programs what they are.
    pub(super) fn describe(
        folder: &Path,
        version: &Version,
        etcd: &str,
        sha256: BTreeMap<String, String>,
    ) -> io::Result<()> {
        let manifest = Manifest { kubernetes: version.to_string(), etcd: etcd.to_owned(), sha256 };
        write_json(&folder.join("manifest.json"), &manifest)
    }

    /// The bytes that it takes on the disk.
    pub fn size(&self) -> Result<u64, AssetsError> {
        let size = disk::size(&self.folder);
        size.map_err(|cause| AssetsError::Unreadable { folder: self.folder.clone(), cause })
    }
}

impl Release {
    /// Whether it means a version.
    pub fn takes(&self, version: &Version) -> bool {
        match self {
            Self::Newest => true,
            Self::Minor(minor) => version.minor == *minor,
            Self::Exact(exact) => version == exact,
        }
    }
}

/// Every installed control plane, oldest first.
pub fn installed(home: &Home) -> Result<Vec<Assets>, AssetsError> {
    let mut found = folders(&home.assets())?.into_iter().map(Assets::read).collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(found)
}

/// What is installed and newer, oldest first; nothing where that cannot be read, which whoever needs it will see.
pub(super) fn after(home: &Home, version: &Version) -> Vec<Assets> {
    let mut installed = installed(home).unwrap_or_default();
    installed.retain(|assets| assets.version > *version);
    installed
}

/// The newest installed control plane that `release` means.
pub(super) fn resolve(home: &Home, release: &Release) -> Result<Assets, AssetsError> {
    let installed = installed(home)?;
    if let Some(found) = installed.iter().rfind(|assets| release.takes(&assets.version)) {
        return Ok(found.clone());
    }
    Err(not_installed(home, &installed, release))
}

/// Nothing of `release` is among what is installed.
pub(super) fn not_installed(home: &Home, installed: &[Assets], release: &Release) -> AssetsError {
    let (wanted, example) = match release {
        Release::Newest => ("any version".to_owned(), "v1.36".to_owned()),
        Release::Minor(minor) => (minor.to_string(), minor.to_string()),
        Release::Exact(version) => (version.to_string(), version.minor.to_string()),
    };
    missing(home, installed, wanted, example)
}

/// Nothing of any of these minors is.
pub(super) fn none_of(home: &Home, installed: &[Assets], minors: &[Minor]) -> AssetsError {
    let minors: Vec<String> = minors.iter().map(ToString::to_string).collect();
    missing(home, installed, minors.join(", "), minors.join(" "))
}

fn missing(home: &Home, installed: &[Assets], wanted: String, example: String) -> AssetsError {
    let versions: Vec<String> = installed.iter().map(|assets| assets.version.to_string()).collect();
    let installed = if versions.is_empty() { "nothing is".to_owned() } else { format!("{} are", versions.join(", ")) };
    AssetsError::NotInstalled { wanted, folder: home.assets(), installed, example }
}

/// The lock of a version beneath the folder of all; `ci/control-plane/build` takes the same.
pub(super) fn lock(assets: &Path, version: &Version) -> PathBuf {
    assets.join(format!(".{version}.lock"))
}

/// The folder in which something is begun with a version.
pub(super) fn begun(assets: &Path, version: &Version, what: &str) -> PathBuf {
    assets.join(format!(".{version}.{what}"))
}

/// The folders named like a version: others hold a build that is going on, or an etcd by itself.
fn folders(assets: &Path) -> Result<Vec<PathBuf>, AssetsError> {
    let unreadable = |cause| AssetsError::Unreadable { folder: assets.to_owned(), cause };
    let entries = match std::fs::read_dir(assets) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with('v') && name.parse::<Version>().is_ok()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_with(versions: &[&str]) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        for version in versions {
            let assets = folder.path().join("assets").join(version);
            std::fs::create_dir_all(&assets).unwrap();
            let manifest = format!(r#"{{"kubernetes": "{version}", "etcd": "3.6.8", "go": "go1.26.8"}}"#);
            std::fs::write(assets.join("manifest.json"), manifest).unwrap();
        }
        let home = Home::new(folder.path(), folder.path());
        (folder, home)
    }

    fn resolved(home: &Home, release: &str) -> Result<String, String> {
        let super::super::ClusterSpec::Local(release) = release.parse().unwrap() else { unreachable!() };
        resolve(home, &release).map(|assets| assets.version.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_means_the_newest_that_fits() {
        let (_folder, home) = home_with(&["v1.9.1", "v1.36.3", "v1.36.10", "v1.24.17"]);
        std::fs::create_dir(home.assets().join(".v1.37.1.building")).unwrap();
        std::fs::create_dir(home.assets().join("etcd-3.6.8")).unwrap();
        assert_eq!(resolved(&home, "local").as_deref(), Ok("v1.36.10"));
        assert_eq!(resolved(&home, "local:v1.36").as_deref(), Ok("v1.36.10"));
        assert_eq!(resolved(&home, "local:v1.36.3").as_deref(), Ok("v1.36.3"));
        assert_eq!(resolved(&home, "local:v1.24").as_deref(), Ok("v1.24.17"));
        let missing = resolved(&home, "local:v1.37").unwrap_err();
        assert!(missing.contains("v1.37") && missing.ends_with("v1.9.1, v1.24.17, v1.36.3, v1.36.10 are"), "{missing}");
    }

    #[test]
    fn nothing_installed_and_a_broken_folder_are_told_apart() {
        let (_folder, home) = home_with(&[]);
        assert!(resolved(&home, "local").unwrap_err().ends_with("nothing is"));
        let (_folder, home) = home_with(&["v1.36.3"]);
        std::fs::write(home.assets().join("v1.36.3/manifest.json"), "{").unwrap();
        assert!(resolved(&home, "local").unwrap_err().contains("v1.36.3 cannot be used"));
    }
}
