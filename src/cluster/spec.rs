//! How a cluster is named on the command line.

use std::fmt;
use std::str::FromStr;

use crate::version::{Minor, Version};

/// A cluster as it was named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClusterSpec {
    /// A context of the kubeconfig.
    Context(String),
    /// A real control plane as processes on this machine.
    Local(Release),
}

/// Which release of a control plane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Release {
    /// The newest that is installed.
    Newest,
    /// The newest installed patch of a minor.
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
pub(super) const FORMS: &str = "write context:NAME, local, local:v1.36, local:v1.22..v1.37 or local:all";

impl fmt::Display for ClusterSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context(name) => write!(f, "context:{name}"),
            Self::Local(Release::Newest) => f.write_str("local"),
            Self::Local(Release::Minor(minor)) => write!(f, "local:{minor}"),
            Self::Local(Release::Exact(version)) => write!(f, "local:{version}"),
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
            ("local", Some(version)) => match (version.parse(), version.parse()) {
                (Ok(minor), _) => Ok(Self::Local(Release::Minor(minor))),
                (_, Ok(exact)) => Ok(Self::Local(Release::Exact(exact))),
                (Err(error), _) => wrong(format!("{error}: {FORMS}")),
            },
            ("kind" | "embedded", _) => wrong(format!("clusters of {provider} are not available yet: {FORMS}")),
            _ => wrong(format!("`{text}` names no cluster: {FORMS}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for text in ["context:kind-kind", "context:arn:aws:eks:x", "local", "local:v1.36", "local:v1.36.3"] {
            assert_eq!(text.parse::<ClusterSpec>().unwrap().to_string(), text);
        }
        assert_eq!("local:1.36".parse::<ClusterSpec>().unwrap().to_string(), "local:v1.36");
    }

    #[test]
    fn what_names_no_cluster_is_told_what_would() {
        for text in ["", "context", "context:", "local:", "local:latest", "prod", "kind:v1.32", "embedded"] {
            let reason = text.parse::<ClusterSpec>().unwrap_err().to_string();
            assert!(reason.contains("context:NAME"), "{reason}");
        }
    }
}
