//! The `vX.Y` in a snapshot's file name, and the releases it is derived from.

use std::fmt;
use std::str::FromStr;

use crate::version::{Minor, Version};

/// A release without what a vendor appends: what recordings are ordered by and kept under.
///
/// A vendor's build of a release and the release itself cannot both be recorded: labels could not tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Release {
    pub(super) minor: Minor,
    pub(super) patch: u16,
}

impl From<&Version> for Release {
    fn from(version: &Version) -> Self {
        Self { minor: version.minor, patch: version.patch }
    }
}

/// Where a text starts to hold: a minor if it was seen on the first recorded patch of that minor, else a patch.
///
/// Behaviour belongs to a minor, so `v1.34` is what is written unless an earlier patch of v1.34 was recorded and
/// showed something else: then it is `v1.34.2`. A minor sorts before its patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    minor: Minor,
    patch: Option<u16>,
}

/// A text that is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no label: write v1.34, or v1.34.2 for a change within a minor")]
pub struct LabelError(String);

impl Label {
    pub(super) fn of_minor(release: Release) -> Self {
        Self { minor: release.minor, patch: None }
    }

    pub(super) fn of_patch(release: Release) -> Self {
        Self { minor: release.minor, patch: Some(release.patch) }
    }

    /// The release line it is in.
    pub fn minor(self) -> Minor {
        self.minor
    }
}

impl From<Minor> for Label {
    fn from(minor: Minor) -> Self {
        Self { minor, patch: None }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            None => write!(f, "{}", self.minor),
            Some(patch) => write!(f, "{}.{patch}", self.minor),
        }
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let label = text
            .parse::<Minor>()
            .map(|minor| Self { minor, patch: None })
            .or_else(|_| {
                text.parse::<Version>().map(|version| Self { minor: version.minor, patch: Some(version.patch) })
            })
            .map_err(|_| LabelError(text.to_owned()))?;
        // One spelling each (no `1.34`, `v1.034`, `v1.34.2+k3s1`), or two file names would be one label.
        if label.to_string() == text { Ok(label) } else { Err(LabelError(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        text.parse().unwrap()
    }

    #[test]
    fn labels_sort_by_number_with_a_minor_before_its_patches() {
        let sorted = ["v1.9", "v1.22", "v1.34", "v1.34.2", "v1.34.10", "v1.35"];
        assert!(sorted.is_sorted_by_key(|text| label(text)));
        for text in sorted {
            assert_eq!(label(text).to_string(), text);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["1.34", "v1.034", "v1.34.2+k3s1", "v1", "v1.34.2.1", "", "latest"] {
            assert!(text.parse::<Label>().is_err(), "{text}");
        }
    }
}
