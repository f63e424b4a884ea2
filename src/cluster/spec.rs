//! How a cluster is named on the command line.

use std::fmt;
use std::str::FromStr;

use super::embedded;
use crate::version::{Minor, Version, VersionError};

/// A cluster as it was named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClusterSpec {
    /// A context of the kubeconfig.
    Context(String),
    /// A real control plane as processes on this machine.
    Local(Release),
    /// A cluster that kind makes.
    Kind(Release),
    /// A cluster of kind that is there, by its name.
    NamedKind(String),
    /// A model of a control plane, inside this process.
    Embedded(Release),
}

/// Which release of a control plane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Release {
    /// The newest that is installed, or that there is a model of.
    Newest,
    /// The newest installed patch of a minor, or the one that its model stands for.
    Minor(Minor),
    /// Exactly this one.
    Exact(Version),
}

/// A text that names no cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SpecError {
    reason: String,
}

impl SpecError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// What a name may look like.
pub(super) const FORMS: &str = "write embedded, embedded:v1.36, context:NAME, local, local:v1.36, local:v1.22..v1.37, local:all, kind, \
                                kind:v1.32 or kind:NAME";

impl fmt::Display for ClusterSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context(name) => write!(f, "context:{name}"),
            Self::Local(release) => named(f, "local", release),
            Self::Kind(release) => named(f, "kind", release),
            Self::NamedKind(name) => write!(f, "kind:{name}"),
            Self::Embedded(release) => named(f, "embedded", release),
        }
    }
}

impl ClusterSpec {
    /// Whether it is a model inside this process.
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }
}

impl Release {
    /// The minor that is meant, where one is named.
    pub fn minor(&self) -> Option<Minor> {
        match self {
            Self::Newest => None,
            Self::Minor(minor) => Some(*minor),
            Self::Exact(version) => Some(version.minor),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("the newest release"),
            Self::Minor(minor) => minor.fmt(f),
            Self::Exact(version) => version.fmt(f),
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, provider: &str, release: &Release) -> fmt::Result {
    match release {
        Release::Newest => f.write_str(provider),
        Release::Minor(_) | Release::Exact(_) => write!(f, "{provider}:{release}"),
    }
}

impl FromStr for Release {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(minor) => Ok(Self::Minor(minor)),
            Err(error) => text.parse().map(Self::Exact).map_err(|_| error),
        }
    }
}

impl FromStr for ClusterSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, rest) = text.split_once(':').map_or((text, None), |(provider, rest)| (provider, Some(rest)));
        let wrong = |reason: String| Err(SpecError::new(reason));
        match (provider, rest) {
            ("context", Some(name)) if !name.is_empty() => Ok(Self::Context(name.to_owned())),
            ("context", _) => wrong(format!("`{text}` names no context: {FORMS}")),
            ("local", None) => Ok(Self::Local(Release::Newest)),
            ("local", Some(release)) => match release.parse() {
                Ok(release) => Ok(Self::Local(release)),
                Err(error) => wrong(format!("{error}: {FORMS}")),
            },
            ("kind", None) => Ok(Self::Kind(Release::Newest)),
            ("kind", Some("")) => wrong(format!("`{text}` names no cluster of kind: {FORMS}")),
            // What is no release is the name of a cluster; kind's names have no capital letters or blanks.
            ("kind", Some(name)) => match name.parse() {
                Ok(release) => Ok(Self::Kind(release)),
                Err(_) if is_name(name) => Ok(Self::NamedKind(name.to_owned())),
                Err(_) => wrong(format!("`{name}` is neither a release nor the name of a kind cluster: {FORMS}")),
            },
            ("embedded", None) => Ok(Self::Embedded(Release::Newest)),
            ("embedded", Some(release)) => {
                let release = release.parse().map_err(|error| SpecError::new(format!("{error}: {FORMS}")))?;
                embedded::version(&release).map_err(|error| SpecError::new(error.to_string()))?;
                Ok(Self::Embedded(release))
            }
            _ => wrong(format!("`{text}` names no cluster: {FORMS}")),
        }
    }
}

/// Whether kind takes it for the name of a cluster.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for text in [
            "context:kind-kind",
            "context:arn:aws:eks:x",
            "local",
            "local:v1.36",
            "local:v1.36.3",
            "kind",
            "kind:v1.32",
            "kind:v1.32.2",
            "kind:dev-1",
            "embedded",
            "embedded:v1.22",
            "embedded:v1.36.3",
        ] {
            assert_eq!(text.parse::<ClusterSpec>().unwrap().to_string(), text);
        }
        assert_eq!("local:1.36".parse::<ClusterSpec>().unwrap().to_string(), "local:v1.36");
    }

    #[test]
    fn what_names_no_cluster_is_told_what_would() {
        for text in ["", "context", "context:", "local:", "local:latest", "prod", "kind:", "kind:Dev", "embedded:"] {
            let reason = text.parse::<ClusterSpec>().unwrap_err().to_string();
            assert!(reason.contains("context:NAME"), "{reason}");
        }
    }

    #[test]
    fn a_release_without_a_model_is_told_which_there_are() {
        let reason = |text: &str| text.parse::<ClusterSpec>().unwrap_err().to_string();
        assert_eq!(
            reason("embedded:v1.36.1"),
            "the embedded model of v1.36 stands for v1.36.3, and for no other patch"
        );
        assert_eq!(reason("embedded:v1.21"), "there is no embedded model of v1.21: there is one of v1.22 to v1.37");
    }
}
