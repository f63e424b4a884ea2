//! Where installed control planes and running clusters are kept. The one place here that reads the environment.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The two folders that local clusters live in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    cache: PathBuf,
    state: PathBuf,
}

/// The environment does not say where anything could be kept.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum HomeError {
    /// Nothing to start from.
    #[error("no folder for {what}: none of {tried} is set")]
    #[diagnostic(help("set HOME, or {first} to a folder of its own"))]
    NotSet {
        /// What would be kept there.
        what: &'static str,
        /// The variable that decides alone.
        first: &'static str,
        /// The variables that were looked at.
        tried: String,
    },
    /// A relative path in a working folder that is gone.
    #[error("the folder {path} cannot be made absolute: {cause}")]
    #[diagnostic(help("change to a folder that exists, or write an absolute path"))]
    NotAbsolute {
        /// The path.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl Home {
    /// Two folders of the caller's choice.
    pub fn new(cache: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self { cache: cache.into(), state: state.into() }
    }

    /// `REHEARSAL_CACHE` and `REHEARSAL_STATE`, else a folder `rehearsal` where the XDG base directories say.
    pub fn from_env() -> Result<Self, HomeError> {
        let cache = folder("installed control planes", "REHEARSAL_CACHE", "XDG_CACHE_HOME", ".cache")?;
        let state = folder("running clusters", "REHEARSAL_STATE", "XDG_STATE_HOME", ".local/state")?;
        Ok(Self { cache, state })
    }

    /// What can be installed again.
    pub(super) fn cache(&self) -> &Path {
        &self.cache
    }

    /// A folder `vX.Y.Z` for each installed control plane.
    pub(super) fn assets(&self) -> PathBuf {
        self.cache.join("assets")
    }

    /// What all embedded control planes share.
    pub(super) fn embedded(&self) -> PathBuf {
        self.cache.join("embedded")
    }

    /// A folder for each running cluster.
    pub(super) fn clusters(&self) -> PathBuf {
        self.state.join("clusters")
    }

    /// A folder for each scenario that runs commands.
    pub(super) fn workplaces(&self) -> PathBuf {
        self.state.join("commands")
    }

    /// The logs of the last cluster of each key that did not end well.
    pub(super) fn failed(&self) -> PathBuf {
        self.state.join("failed")
    }
}

fn folder(what: &'static str, own: &'static str, xdg: &'static str, below_home: &str) -> Result<PathBuf, HomeError> {
    // An empty variable is an unset one, as the XDG specification has it.
    let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    let path = if let Some(folder) = set(own) {
        PathBuf::from(folder)
    } else if let Some(folder) = set(xdg) {
        Path::new(&folder).join("rehearsal")
    } else if let Some(home) = set("HOME") {
        Path::new(&home).join(below_home).join("rehearsal")
    } else {
        return Err(HomeError::NotSet { what, first: own, tried: format!("{own}, {xdg} and HOME") });
    };
    std::path::absolute(&path).map_err(|cause| HomeError::NotAbsolute { path, cause })
}
