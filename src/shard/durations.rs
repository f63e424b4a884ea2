//! How long scenarios take, in a file of the project.
//!
//! It stands apart from what was recorded: snapshots say what is so, and recording them again changes nothing; these are
//! measured, and only good for dividing work. Whole seconds, and a value that is about right stays: measuring again on the
//! same machine changes nothing either.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::syntax::parse_duration;

/// Where it is, in the folder of the snapshots.
pub const FILE_NAME: &str = "durations.yaml";

const HEAD: &str = "# How long each scenario takes, for --shard. Written by `rehearsal report durations`.\n";

/// How long scenarios take, by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    known: BTreeMap<String, Duration>,
}

/// A file of durations that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DurationsError {
    /// It cannot be read.
    #[error("reading the durations in {path} failed: {source}")]
    #[diagnostic(help(
        "`rehearsal report durations REPORT --into {path}` writes it; without one, all scenarios count alike"
    ))]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else stands in it.
    #[error("the durations in {path} have a mistake: {reason}")]
    #[diagnostic(help(
        "a line is an id and a time, as in `tokens/pod-bound: 3s`; `rehearsal report durations` writes it anew"
    ))]
    Mistaken {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong, in one line.
        reason: String,
    },
}

impl Durations {
    /// Reads a file.
    pub fn read(path: &Utf8Path) -> Result<Self, DurationsError> {
        let unreadable = |source| DurationsError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).map_err(|reason| DurationsError::Mistaken { path: path.to_owned(), reason })
    }

    /// Reads a file, and takes one that is not there for one that knows nothing.
    pub fn read_if_there(path: &Utf8Path) -> Result<Self, DurationsError> {
        match Self::read(path) {
            Err(DurationsError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            read => read,
        }
    }

    /// Reads what [`fmt::Display`] writes; what is wrong is told in one line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
            return Ok(Self::default());
        }
        let written: BTreeMap<String, String> = serde_saphyr::from_str(text)
            .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
        let read = |(id, written): (String, String)| match parse_duration(&written) {
            Some(takes) if !takes.is_zero() => Ok((id, takes)),
            _ => Err(format!("`{written}` of {id} is no duration: write a whole number and its unit, as in 3s")),
        };
        Ok(Self { known: written.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// How long a scenario takes, where that is known.
    pub fn of(&self, id: &str) -> Option<Duration> {
        self.known.get(id).copied()
    }

    /// With what was measured now, in whole seconds. A value that is off by no more than a second or a quarter stays, and so
    /// does that of a scenario which was not measured.
    #[must_use]
    pub fn with(mut self, measured: &BTreeMap<String, Duration>) -> Self {
        for (id, takes) in measured {
            let close = |known: Duration| takes.abs_diff(known) <= Duration::from_secs(1).max(known / 4);
            if !self.of(id).is_some_and(close) {
                let seconds = takes.as_millis().div_ceil(1000).max(1);
                self.known.insert(id.clone(), Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)));
            }
        }
        self
    }

    /// How many scenarios it knows.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// The file, sorted by id: two machines that write it differ only where they measured differently.
impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        self.known.iter().try_for_each(|(id, takes)| match takes.subsec_millis() {
            0 => writeln!(f, "{id}: {}s", takes.as_secs()),
            _ => writeln!(f, "{id}: {}ms", takes.as_millis()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;

    fn measured(of: &[(&str, u64)]) -> BTreeMap<String, Duration> {
        of.iter().map(|(id, millis)| ((*id).to_owned(), Duration::from_millis(*millis))).collect()
    }

    #[test]
    fn a_value_that_is_about_right_stays() {
        let first = Durations::default().with(&measured(&[("a", 40), ("b", 2100), ("c", 62_800), ("d", 3000)]));
        let lines = |durations: &Durations| durations.to_string().lines().skip(1).collect::<Vec<_>>().join(" ");
        assert_eq!(lines(&first), "a: 1s b: 3s c: 63s d: 3s");
        let again = first.clone().with(&measured(&[("a", 1900), ("b", 2000), ("c", 70_000)]));
        assert_eq!(again, first);
        let slower = first.with(&measured(&[("a", 2001), ("b", 1900), ("c", 79_000), ("e", 1000)]));
        assert_eq!(lines(&slower), "a: 3s b: 2s c: 79s d: 3s e: 1s");
    }

    #[test]
    fn what_is_no_file_of_durations_is_told_in_one_line() {
        for (text, says) in [
            ("a: 3", "`3` of a is no duration"),
            ("a: 0s", "`0s` of a is no duration"),
            ("a: 1s\na: 2s", "duplicate"),
            ("- a", "expected"),
            ("a: [", ""),
            ("{\"scenarios\": []}", ""),
        ] {
            let reason = Durations::parse(text).unwrap_err();
            assert!(reason.contains(says) && !reason.contains('\n') && !reason.is_empty(), "{text}: {reason}");
        }
        assert_eq!(Durations::parse("# nothing yet\n\n"), Ok(Durations::default()));
        assert_eq!(Durations::parse("a/b.c: 1m").unwrap().of("a/b.c"), Some(Duration::from_mins(1)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(known in btree_map("[a-z]{1,4}(/[a-z.-]{0,6}[a-z])?", 1u64..4_000_000, 0..20)) {
            let known: BTreeMap<String, Duration> =
                known.into_iter().map(|(id, millis)| (id, Duration::from_millis(millis))).collect();
            let durations = Durations { known };
            prop_assert_eq!(Durations::parse(&durations.to_string()), Ok(durations));
        }

        #[test]
        fn measuring_again_changes_nothing(first in 1u64..400_000, jitter in 0u64..=1000) {
            let durations = Durations::default().with(&measured(&[("a", first)]));
            let known = durations.of("a").unwrap();
            let again = u64::try_from(known.as_millis()).unwrap() + jitter;
            prop_assert_eq!(durations.clone().with(&measured(&[("a", again)])), durations);
        }
    }
}
