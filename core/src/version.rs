//! Kubernetes versions as servers spell them, and the ranges scenarios are written for.
//!
//! A version is compared by major and minor, and by patch only where a range writes one: behaviour belongs to a minor,
//! with the few exceptions that came in a patch release. What vendors append (`-gke.1200`, `+k3s1`, `-eks-a5ec690`) is
//! kept for display and takes no part in comparisons; a plain semver requirement would reject all of EKS and GKE as
//! pre-releases.

mod spans;

use std::fmt;
use std::str::FromStr;

pub use spans::spans;

use crate::topic::Topic;

/// How ranges of versions are written.
pub static RANGES: &[Topic] = &[
    Topic::plain("1.24", "This minor, any patch."),
    Topic::plain(">=1.24", "From this minor on; `>`, `<=`, `<` and `=` likewise."),
    Topic::plain(">=1.24 <1.30", "Comparisons that all hold."),
    Topic::plain("1.29 - 1.30", "From the one to the other, both included."),
    Topic::plain("<1.24 || >=1.30", "Alternatives."),
    Topic::plain(">=1.33.13", "A patch counts where one is written."),
];

/// A minor release line such as `v1.24`, the unit that change points are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor {
    /// The major number; 1 for every Kubernetes so far.
    pub major: u16,
    /// The minor number.
    pub minor: u16,
}

/// What a server answers as its `gitVersion`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The release line.
    pub minor: Minor,
    /// The patch number within the line.
    pub patch: u16,
    /// Everything after the patch, with its `-` or `+`; empty for an upstream release.
    pub suffix: String,
}

/// A text that is no version or no range, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct VersionError {
    reason: String,
    /// What would be right.
    pub help: String,
}

impl VersionError {
    fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: help.into() }
    }
}

impl Minor {
    /// The one right before, in the order of numbers: before v1.0 that is the last of v0.
    fn before(self) -> Self {
        match self.minor.checked_sub(1) {
            Some(minor) => Self { minor, ..self },
            None => self.major.checked_sub(1).map_or(self, |major| Self { major, minor: u16::MAX }),
        }
    }

    /// The one right after.
    #[must_use]
    pub fn after(self) -> Self {
        match self.minor.checked_add(1) {
            Some(minor) => Self { minor, ..self },
            None => self.major.checked_add(1).map_or(self, |major| Self { major, minor: 0 }),
        }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}{}", self.minor, self.patch, self.suffix)
    }
}

impl Version {
    /// Whether this is an upstream release: nothing appended by a vendor, no pre-release.
    pub fn is_upstream(&self) -> bool {
        self.suffix.is_empty()
    }
}

impl FromStr for Minor {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Bound::from_str(text)? {
            Bound { minor, patch: None } => Ok(minor),
            Bound { minor, patch: Some(_) } => {
                Err(VersionError::new(format!("`{text}` names a patch release"), format!("name the minor: {minor}")))
            }
        }
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix('v').unwrap_or(text);
        let end = rest.find(['-', '+']).unwrap_or(rest.len());
        let (numbers, suffix) = rest.split_at(end);
        match Bound::from_str(numbers) {
            Ok(Bound { minor, patch: Some(patch) }) => Ok(Self { minor, patch, suffix: suffix.to_owned() }),
            _ => Err(VersionError::new(
                format!("`{text}` is no Kubernetes version"),
                "write it as the server does: v1.30.14",
            )),
        }
    }
}

/// One end of a range: `v1.24` or `v1.24.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bound {
    minor: Minor,
    patch: Option<u16>,
}

impl FromStr for Bound {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || VersionError::new(format!("`{text}` is no Kubernetes version"), "write v1.24 or v1.24.3");
        let numbers: Vec<u16> = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split('.')
            .map(|part| match part {
                part if part.bytes().all(|b| b.is_ascii_digit()) => part.parse().map_err(|_| wrong()),
                _ => Err(wrong()),
            })
            .collect::<Result<_, _>>()?;
        match numbers[..] {
            [major, minor] => Ok(Self { minor: Minor { major, minor }, patch: None }),
            [major, minor, patch] => Ok(Self { minor: Minor { major, minor }, patch: Some(patch) }),
            _ => Err(wrong()),
        }
    }
}

/// The versions something is about: alternatives (`||`) of comparisons that must all hold.
///
/// `>=1.21 <1.30`, `1.29 - 1.30`, `1.24` (that minor, any patch), `=1.33.13`, `<1.24 || >=1.30`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    text: String,
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
}

impl Comparison {
    fn holds(self, minor: Minor, patch: u16) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = match self.bound.patch {
            Some(bound) => (minor, patch).cmp(&(self.bound.minor, bound)),
            None => minor.cmp(&self.bound.minor),
        };
        match self.operator {
            Operator::AtLeast => order != Less,
            Operator::Above => order == Greater,
            Operator::AtMost => order != Greater,
            Operator::Below => order == Less,
            Operator::Equal => order == Equal,
        }
    }
}

impl Range {
    /// Every version.
    pub fn any() -> Self {
        Self { text: String::new(), alternatives: vec![Vec::new()] }
    }

    /// The versions that are in both ranges; there may be none.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        if self.is_within(other) {
            return self.clone();
        }
        if other.is_within(self) {
            return other.clone();
        }
        let pairs = self.alternatives.iter().flat_map(|all| other.alternatives.iter().map(move |more| (all, more)));
        let alternatives = pairs.map(|(all, more)| all.iter().chain(more).copied().collect()).collect();
        Self { text: format!("{self} and {other}"), alternatives }
    }

    /// Whether this range holds `version`.
    pub fn contains(&self, version: &Version) -> bool {
        self.holds(version.minor, version.patch)
    }

    /// Whether some version is in both ranges: two `when`s that never meet exclude each other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.telling(other).any(|(minor, patch)| self.holds(minor, patch) && other.holds(minor, patch))
    }

    /// Whether every version of this range is in the other too.
    fn is_within(&self, other: &Self) -> bool {
        self.telling(other).all(|(minor, patch)| !self.holds(minor, patch) || other.holds(minor, patch))
    }

    /// Versions that tell two ranges apart, if anything does: membership changes only at a bound, so these are each bound
    /// and the versions beside it.
    fn telling<'r>(&'r self, other: &'r Self) -> impl Iterator<Item = (Minor, u16)> + 'r {
        let bounds = self.bounds().chain(other.bounds());
        let candidates = bounds.flat_map(|bound| {
            let patch = bound.patch.unwrap_or(0);
            [
                (bound.minor.before(), u16::MAX),
                (bound.minor, 0),
                (bound.minor, patch.saturating_sub(1)),
                (bound.minor, patch),
                (bound.minor, patch.saturating_add(1)),
                (bound.minor, u16::MAX),
                (bound.minor.after(), 0),
            ]
        });
        candidates.chain([(Minor { major: 1, minor: 0 }, 0)])
    }

    /// The one minor that it is about, if there is just one.
    pub fn only_minor(&self) -> Option<Minor> {
        // Without bounds nothing tells one version from another.
        self.bounds().next()?;
        let mut minors = self.telling(self).filter(|(minor, patch)| self.holds(*minor, *patch)).map(|(minor, _)| minor);
        let only = minors.next()?;
        minors.all(|minor| minor == only).then_some(only)
    }

    /// Whether no version satisfies it, as in `>=1.30 <1.24`.
    pub fn is_empty(&self) -> bool {
        !self.overlaps(self)
    }

    fn holds(&self, minor: Minor, patch: u16) -> bool {
        self.alternatives.iter().any(|all| all.iter().all(|comparison| comparison.holds(minor, patch)))
    }

    fn bounds(&self) -> impl Iterator<Item = Bound> + '_ {
        self.alternatives.iter().flatten().map(|comparison| comparison.bound)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "every version" } else { &self.text })
    }
}

impl FromStr for Range {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const HELP: &str =
            "write for example \">=1.21\", \"1.24\", \"1.29 - 1.30\", \">=1.22 <1.30\" or \"<1.24 || >=1.30\"";
        let mut alternatives = Vec::new();
        for alternative in text.split("||") {
            let words: Vec<&str> = alternative.split_whitespace().collect();
            let comparisons = match words[..] {
                [] => return Err(VersionError::new("the range is empty", HELP)),
                [from, "-", to] => vec![
                    Comparison { operator: Operator::AtLeast, bound: from.parse()? },
                    Comparison { operator: Operator::AtMost, bound: to.parse()? },
                ],
                _ => comparisons(alternative).map_err(|error| VersionError { help: HELP.to_owned(), ..error })?,
            };
            alternatives.push(comparisons);
        }
        let range = Self { text: text.trim().to_owned(), alternatives };
        if range.is_empty() {
            return Err(VersionError::new(
                format!("no version is in `{text}`"),
                "turn the bounds round, or write alternatives with ||",
            ));
        }
        Ok(range)
    }
}

/// Reads `>=1.22 <1.30`; a blank between an operator and its version is allowed, as in semver's ranges.
fn comparisons(text: &str) -> Result<Vec<Comparison>, VersionError> {
    let mut found = Vec::new();
    let mut rest = text.trim().trim_end_matches(',');
    while !rest.is_empty() {
        let (operator, after) = [
            (">=", Operator::AtLeast),
            ("<=", Operator::AtMost),
            (">", Operator::Above),
            ("<", Operator::Below),
            ("=", Operator::Equal),
        ]
        .into_iter()
        .find_map(|(sign, operator)| rest.strip_prefix(sign).map(|after| (operator, after.trim_start())))
        .unwrap_or((Operator::Equal, rest));
        let end = after.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(after.len());
        found.push(Comparison { operator, bound: after[..end].parse()? });
        rest = after[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    Ok(found)
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn range(text: &str) -> Range {
        text.parse().unwrap()
    }

    #[test]
    fn vendor_suffixes_take_no_part_in_comparisons() {
        for text in ["v1.30.4-gke.1200", "v1.30.4+k3s1", "v1.30.4-eks-a5ec690", "v1.30.4-alpha.1"] {
            assert!(range(">=1.30").contains(&version(text)), "{text}");
            assert!(range("=1.30.4").contains(&version(text)), "{text}");
            assert!(!version(text).is_upstream());
            assert_eq!(version(text).to_string(), text);
        }
    }

    #[test]
    fn ranges_compare_by_minor_unless_a_patch_is_written() {
        assert!(range("1.24").contains(&version("v1.24.17")));
        assert!(range("<=1.24").contains(&version("v1.24.17")));
        assert!(!range(">1.24").contains(&version("v1.24.17")));
        assert!(range(">=1.33.13").contains(&version("v1.33.13")));
        assert!(!range(">=1.33.13").contains(&version("v1.33.2")));
        assert!(range("1.29 - 1.30").contains(&version("v1.30.14")));
        assert!(range("<1.24 || >= 1.30").contains(&version("v1.36.3")));
        assert!(!range("<1.24 || >= 1.30").contains(&version("v1.25.4")));
    }

    #[test]
    fn ranges_are_met_in_every_alternative() {
        let both = range("<1.24 || >=1.30").and(&range(">=1.22 <1.33"));
        assert_eq!(both.to_string(), "<1.24 || >=1.30 and >=1.22 <1.33");
        let held = ["v1.21.0", "v1.22.0", "v1.25.0", "v1.30.1", "v1.33.0"].map(|text| both.contains(&version(text)));
        assert_eq!(held, [false, true, false, true, false]);
        assert_eq!(Range::any().and(&range("1.24")), range("1.24").and(&Range::any()));
        assert_eq!(range(">=1.22").and(&range("1.29 - 1.30")), range("1.29 - 1.30"));
        assert!(range("<1.24").and(&range(">=1.24")).is_empty());
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", "1", "1.2.3.4", "1.x", ">=", "1.30 1.24", ">=1.30 <1.24", "latest", "1.+3", "|| 1.24"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[v0-9.<>=|, -]{0,24}|.{0,24}") {
            let _ = text.parse::<Range>();
            let _ = text.parse::<Version>();
        }

        #[test]
        fn a_bound_splits_the_versions_in_two(minor in 0u16..60, patch in 0u16..30, bound in 0u16..60) {
            let version = Version { minor: Minor { major: 1, minor }, patch, suffix: String::new() };
            let (below, from) = (range(&format!("<1.{}", bound + 1)), range(&format!(">=1.{}", bound + 1)));
            prop_assert_ne!(below.contains(&version), from.contains(&version));
            prop_assert!(!below.overlaps(&from));
        }
    }
}
