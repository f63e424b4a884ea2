//! Names on disk: a folder per scenario, a file per change point of a step. Every name is checked on its way in, so
//! that nothing outside the store's root can be named and no two steps share a file on any file system.

use std::fmt;
use std::str::FromStr;

use camino::{Utf8Path, Utf8PathBuf};

use super::label::Label;

/// The ledger of a scenario.
pub(super) const LEDGER: &str = "recorded.yaml";
/// The ledger lines that wait for review.
pub(super) const PENDING_LEDGER: &str = "recorded.yaml.new";
/// What the files we are about to rename into place begin with.
pub(super) const TEMPORARY: &str = ".rehearsal-";

const SNAPSHOT: &str = ".snap";
const PENDING: &str = ".new";
/// Room for `@vX.Y.Z.snap.new` within the 255 bytes that file systems give a name.
const LONGEST_SERIES: usize = 200;

/// A name that cannot be used for files, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot name {what}: {reason}")]
pub struct NameError {
    name: String,
    what: &'static str,
    reason: &'static str,
}

/// Where the snapshots of a scenario lie below the store's root: `tokens/pod-bound`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScenarioId(String);

impl ScenarioId {
    /// The folder below `root`.
    pub(super) fn folder(&self, root: &Utf8Path) -> Utf8PathBuf {
        root.join(&self.0)
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScenarioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ScenarioId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| Err(NameError { name: text.to_owned(), what: "a scenario's folder", reason });
        for segment in text.split('/') {
            if segment.is_empty() {
                return wrong("write the path below the scenarios' folder without extension, as in tokens/pod-bound");
            }
            if segment.starts_with('.') {
                return wrong("a part of it begins with a dot");
            }
        }
        // `@` separates the id from a version on the command line.
        if text.contains(|c: char| c.is_control() || matches!(c, '\\' | ':' | '@')) {
            return wrong("it holds a backslash, a colon, an @ or a control character");
        }
        Ok(Self(text.to_owned()))
    }
}

/// The snapshots of one step over all versions; the part of their file names before the `@`.
///
/// Lower case, so that names that differ in case only meet when the scenario is planned and not on somebody's Mac.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series(String);

impl Series {
    /// The series of a step's name: letters and digits in lower case, `.` and `_` as they are, `-` for all else.
    /// Rows of a `foreach` are written `step.case`.
    ///
    /// # Errors
    /// A name without any letter or digit, and one that is too long for a file name.
    pub fn of(step: &str) -> Result<Self, NameError> {
        let wrong = |reason| Err(NameError { name: step.to_owned(), what: "a snapshot", reason });
        let mut series = String::new();
        for c in step.chars() {
            match c {
                '.' | '_' => series.push(c),
                // `İ` becomes an `i` and a combining dot, which is no letter.
                c if c.is_alphanumeric() => series.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())),
                _ if series.ends_with('-') => {}
                _ => series.push('-'),
            }
        }
        let series = series.trim_matches(['-', '.']);
        if !series.contains(char::is_alphanumeric) {
            return wrong("it has no letter and no digit");
        }
        if series.len() > LONGEST_SERIES {
            return wrong("it is longer than 200 bytes");
        }
        Ok(Self(series.to_owned()))
    }

    /// The series as it stands in file names.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Series {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Self::of(text) {
            Ok(series) if series.0 == text => Ok(series),
            _ => Err(NameError {
                name: text.to_owned(),
                what: "a snapshot",
                reason: "write lower-case letters, digits, `.`, `_` and single `-`",
            }),
        }
    }
}

/// A change point: from `label` on, the step of `series` shows something else than on the recording before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// The step.
    pub series: Series,
    /// Where its text starts to hold.
    pub label: Label,
}

impl fmt::Display for Point {
    /// The name of its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}{SNAPSHOT}", self.series, self.label)
    }
}

impl Point {
    /// The name of the file that waits for review.
    pub(super) fn pending(&self) -> String {
        format!("{self}{PENDING}")
    }
}

/// What a name in a scenario's folder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileName {
    Ledger,
    PendingLedger,
    Snapshot(Point),
    PendingSnapshot(Point),
    /// A write that was cut off before its rename.
    Temporary,
    /// Ends like a snapshot, and cannot be one: `review@1.24.snap`.
    Misnamed,
    /// None of ours.
    Other,
}

impl FileName {
    pub(super) fn of(name: &str) -> Self {
        let point = |stem: &str| {
            let (series, label) = stem.rsplit_once('@')?;
            Some(Point { series: series.parse().ok()?, label: label.parse().ok()? })
        };
        match name {
            LEDGER => Self::Ledger,
            PENDING_LEDGER => Self::PendingLedger,
            _ if name.starts_with(TEMPORARY) => Self::Temporary,
            _ => {
                let (stem, found): (_, fn(Point) -> Self) = match name.strip_suffix(PENDING) {
                    Some(rest) => (rest.strip_suffix(SNAPSHOT), Self::PendingSnapshot),
                    None => (name.strip_suffix(SNAPSHOT), Self::Snapshot),
                };
                stem.map_or(Self::Other, |stem| point(stem).map_or(Self::Misnamed, found))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_step_name_becomes_a_file_name() {
        for (step, series) in [
            ("review again", "review-again"),
            ("list pods as the ServiceAccount", "list-pods-as-the-serviceaccount"),
            ("duration.599", "duration.599"),
            ("  what?! (now) ", "what-now"),
            ("Prüfung", "prüfung"),
            ("a - b", "a-b"),
            ("..", ""),
            ("- -", ""),
        ] {
            assert_eq!(Series::of(step).map_or(String::new(), |series| series.to_string()), series, "{step}");
        }
        assert!(Series::of(&"x".repeat(201)).is_err());
    }

    #[test]
    fn an_id_stays_below_the_root() {
        for id in ["tokens/pod-bound", "a", "Tokens/v1.30 only"] {
            assert_eq!(id.parse::<ScenarioId>().unwrap().to_string(), id);
        }
        for id in ["", "/etc", "../x", "a/../b", "a//b", "a/", "a\\b", "a@v1.22", "a\nb", ".git/x", "c:x"] {
            assert!(id.parse::<ScenarioId>().is_err(), "{id}");
        }
    }

    #[test]
    fn file_names_are_told_apart() {
        let point = Point { series: "review".parse().unwrap(), label: "v1.34.2".parse().unwrap() };
        assert_eq!(FileName::of("review@v1.34.2.snap"), FileName::Snapshot(point.clone()));
        assert_eq!(FileName::of("review@v1.34.2.snap.new"), FileName::PendingSnapshot(point));
        assert_eq!(FileName::of("recorded.yaml"), FileName::Ledger);
        assert_eq!(FileName::of("recorded.yaml.new"), FileName::PendingLedger);
        assert_eq!(FileName::of(".rehearsal-x1.tmp"), FileName::Temporary);
        for name in ["review.snap", "review@1.34.snap", "Review@v1.34.snap", "@v1.34.snap", "a--b@v1.34.snap.new"] {
            assert_eq!(FileName::of(name), FileName::Misnamed, "{name}");
        }
        for name in ["README.md", "review@v1.34.snap.orig", ".snapshots", "snap"] {
            assert_eq!(FileName::of(name), FileName::Other, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_series_is_its_own_series(step in ".{0,40}") {
            if let Ok(series) = Series::of(&step) {
                prop_assert_eq!(series.as_str().parse(), Ok(series.clone()));
                let point = Point { series, label: "v1.22".parse().unwrap() };
                prop_assert_eq!(FileName::of(&point.to_string()), FileName::Snapshot(point.clone()));
                prop_assert_eq!(FileName::of(&point.pending()), FileName::PendingSnapshot(point));
            }
        }
    }
}
