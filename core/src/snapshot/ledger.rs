//! The ledger of a scenario, `recorded.yaml`: which version showed which texts. One line a recording, sorted.
//!
//! ```yaml
//! v1.23.17: {cluster: local, etcd: 3.5.0, plan: 3f9a12bc0d1e, texts: {review: 77aa01de4c22, token: 1a2b3c4d5e6f}}
//! v1.24.17: {cluster: local, etcd: 3.5.3, plan: 3f9a12bc0d1e, texts: {review: 9c1f22ab70e3, token: 1a2b3c4d5e6f}}
//! ```
//!
//! A line is a function of its own recording and of nothing else in the folder, so lines of two branches merge by
//! keeping both, and a line that lacks a step says that the step did not run there. The names of all snapshot files
//! and the digest of each follow from the lines.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Deserialize;

use super::format::{conflict, first_line, scalar};
use super::label::{Label, Release};
use super::layout::{Point, Series};
use super::text::Digest;
use crate::version::{Minor, Version};

const HEAD: &str =
    "# Which version showed which texts. Written by `rehearsal record`; merge by keeping the lines of both sides.";

/// What a recording says beside its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The kind of cluster that answered: `local`, `kind`, `context`.
    pub cluster: String,
    /// The version of its etcd, where it is known.
    pub etcd: Option<String>,
    /// The digest of the plan: of the steps that ran.
    pub plan: Digest,
    /// The steps that another version answered, since the scenario upgraded the cluster before, and which. A recording is
    /// of the version that the scenario began with; the labels of their snapshots are of the one that answered.
    pub answered: BTreeMap<Series, Version>,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) version: Version,
    pub(super) entry: Entry,
    pub(super) texts: BTreeMap<Series, Digest>,
}

/// All recordings of a scenario, or some that wait for review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    lines: BTreeMap<Release, Line>,
}

/// A ledger that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LedgerError {
    /// The line of the mistake, where it has one.
    pub line: Option<usize>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    cluster: String,
    etcd: Option<String>,
    plan: String,
    texts: BTreeMap<String, String>,
    /// The steps that each version answered after an upgrade to it.
    #[serde(default)]
    after: BTreeMap<String, Vec<String>>,
}

impl RawLine {
    fn decode(self, version: &str) -> Result<Line, String> {
        let parsed: Version = version.parse().map_err(|error| format!("{error}"))?;
        if parsed.to_string() != version {
            return Err(format!("`{version}` is written {parsed}"));
        }
        let plan = self.plan.parse().map_err(|error| format!("{error}"))?;
        let texts = self.texts.iter().map(|(series, digest)| {
            let series = series.parse().map_err(|error| format!("{error}"))?;
            Ok((series, digest.parse().map_err(|error| format!("{error}"))?))
        });
        let texts = texts.collect::<Result<_, String>>()?;
        let texts: BTreeMap<Series, Digest> = texts;
        let answered = answered(&self.after)?;
        if let Some(series) = answered.keys().find(|series| !texts.contains_key(series)) {
            return Err(format!("`{series}` was answered after an upgrade and has no text"));
        }
        Ok(Line { version: parsed, entry: Entry { cluster: self.cluster, etcd: self.etcd, plan, answered }, texts })
    }
}

fn answered(after: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<Series, Version>, String> {
    let mut answered = BTreeMap::new();
    for (version, steps) in after {
        let version: Version = version.parse().map_err(|error| format!("{error}"))?;
        for series in steps {
            let series: Series = series.parse().map_err(|error| format!("{error}"))?;
            if let Some(other) = answered.insert(series.clone(), version.clone()) {
                return Err(format!("`{series}` was answered by {other} and by {version}"));
            }
        }
    }
    Ok(answered)
}

impl Line {
    /// The release that answered a step.
    fn release(&self, series: &Series) -> Release {
        Release::from(self.entry.answered.get(series).unwrap_or(&self.version))
    }

    /// All releases that answered.
    fn releases(&self) -> impl Iterator<Item = Release> {
        std::iter::once(&self.version).chain(self.entry.answered.values()).map(Release::from)
    }
}

impl Ledger {
    /// Reads what [`fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Result<Self, LedgerError> {
        if let Some(line) = conflict(text) {
            return Err(LedgerError {
                line: Some(line),
                reason: "it holds the markers of an unresolved merge".to_owned(),
            });
        }
        let raw: BTreeMap<String, RawLine> = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
            LedgerError { line, reason: first_line(&error.to_string()) }
        })?;
        if raw.is_empty() {
            return Err(LedgerError { line: None, reason: "it holds no recording".to_owned() });
        }
        let mut ledger = Self::default();
        for (version, line) in raw {
            let at = |reason| LedgerError { line: line_of(text, &version), reason };
            let line = line.decode(&version).map_err(at)?;
            if let Some(other) = ledger.insert(line) {
                return Err(at(format!("{} and {version} are one release: keep one of the lines", other.version)));
            }
        }
        Ok(ledger)
    }

    /// Whether some version showed this text.
    pub(super) fn knows(&self, series: &Series, digest: Digest) -> bool {
        self.lines().any(|line| line.texts.get(series) == Some(&digest))
    }

    /// Puts a recording in; gives the one of the same release that it replaced.
    pub(super) fn insert(&mut self, line: Line) -> Option<Line> {
        self.lines.insert(Release::from(&line.version), line)
    }

    pub(super) fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + Clone {
        self.lines.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn get(&self, version: &Version) -> Option<&Line> {
        self.lines.get(&Release::from(version)).filter(|line| line.version == *version)
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Line) -> bool) {
        self.lines.retain(|_, line| keep(line));
    }

    /// This ledger with the lines of `later` put in.
    pub(super) fn with(&self, later: &Self) -> Self {
        let mut all = self.clone();
        all.lines.extend(later.lines.iter().map(|(release, line)| (*release, line.clone())));
        all
    }

    /// The recording that speaks for `version`: the nearest at or below it, where the first recorded patch of a minor
    /// speaks for the patches before it as well. Behaviour belongs to a minor.
    pub(super) fn governing(&self, version: &Version) -> Option<&Line> {
        let release = Release::from(version);
        let first = self.first_of(release.minor);
        let upto = first.map_or(release, |first| first.max(release));
        self.lines.range(..=upto).next_back().map(|(_, line)| line)
    }

    /// Where the text that `line` has for `series` starts to hold.
    pub(super) fn since(&self, line: &Line, series: &Series) -> Label {
        let digest = line.texts.get(series);
        let before = self.lines.range(..=Release::from(&line.version)).rev();
        let run = before.take_while(|(_, line)| line.texts.get(series) == digest);
        let first = run.last().map_or(line, |(_, line)| line);
        self.label(first.release(series))
    }

    /// The files: a point wherever a step shows something that it did not show on the recording before.
    pub(super) fn points(&self) -> BTreeMap<Point, Digest> {
        let mut points = BTreeMap::new();
        let mut before: Option<&Line> = None;
        for line in self.lines() {
            for (series, digest) in &line.texts {
                if before.and_then(|before| before.texts.get(series)) != Some(digest) {
                    points.insert(Point { series: series.clone(), label: self.label(line.release(series)) }, *digest);
                }
            }
            before = Some(line);
        }
        points
    }

    fn label(&self, release: Release) -> Label {
        let of_minor = self.lines().flat_map(Line::releases).filter(|other| other.minor == release.minor);
        if of_minor.min() == Some(release) { Label::of_minor(release) } else { Label::of_patch(release) }
    }

    fn first_of(&self, minor: Minor) -> Option<Release> {
        let patches = Release { minor, patch: 0 }..=Release { minor, patch: u16::MAX };
        self.lines.range(patches).next().map(|(release, _)| *release)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        for Line { version, entry: Entry { cluster, etcd, plan, answered }, texts } in self.lines.values() {
            let etcd = etcd.as_deref().map_or(String::new(), |etcd| format!(" etcd: {},", scalar(etcd)));
            let mut shown = String::new();
            for (series, digest) in texts {
                let comma = if shown.is_empty() { "" } else { ", " };
                write!(shown, "{comma}{}: {digest}", scalar(series.as_str()))?;
            }
            let after = after(answered);
            writeln!(f, "{version}: {{cluster: {},{etcd} plan: {plan}, texts: {{{shown}}}{after}}}", scalar(cluster))?;
        }
        Ok(())
    }
}

/// Which steps each version answered after an upgrade to it, as it stands in a line.
fn after(answered: &BTreeMap<Series, Version>) -> String {
    let mut steps: BTreeMap<&Version, Vec<String>> = BTreeMap::new();
    for (series, version) in answered {
        steps.entry(version).or_default().push(scalar(series.as_str()));
    }
    let steps: Vec<String> =
        steps.iter().map(|(version, steps)| format!("{version}: [{}]", steps.join(", "))).collect();
    if steps.is_empty() { String::new() } else { format!(", after: {{{}}}", steps.join(", ")) }
}

/// The line that a version's recording stands on.
pub(super) fn line_of(ledger: &str, version: &str) -> Option<usize> {
    let at = ledger.lines().position(|line| line.strip_prefix(version).is_some_and(|rest| rest.starts_with(':')))?;
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    fn ledger(lines: &[(&str, &[(&str, &str)])]) -> Ledger {
        let mut ledger = Ledger::default();
        for (version, texts) in lines {
            let entry =
                Entry { cluster: "local".to_owned(), etcd: None, plan: Digest::of("plan"), answered: BTreeMap::new() };
            let texts = texts.iter().map(|(series, text)| (series.parse().unwrap(), Digest::of(text))).collect();
            ledger.insert(Line { version: version.parse().unwrap(), entry, texts });
        }
        ledger
    }

    fn files(ledger: &Ledger) -> Vec<String> {
        ledger.points().keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_starts_where_the_recording_before_shows_something_else() {
        let a: &[_] = &[("s", "A")];
        let b: &[_] = &[("s", "B")];
        assert_eq!(
            files(&ledger(&[("v1.22.17", a), ("v1.25.4", b), ("v1.30.14", a)])),
            ["s@v1.22.snap", "s@v1.25.snap", "s@v1.30.snap"]
        );
        assert_eq!(files(&ledger(&[("v1.22.17", a), ("v1.25.4", a)])), ["s@v1.22.snap"]);
        // A step that did not run in between starts anew: nobody saw its text there.
        assert_eq!(
            files(&ledger(&[("v1.22.17", a), ("v1.24.17", &[]), ("v1.25.4", a)])),
            ["s@v1.22.snap", "s@v1.25.snap"]
        );
        assert_eq!(
            files(&ledger(&[("v1.33.2", a), ("v1.33.13", b), ("v1.34.0", b)])),
            ["s@v1.33.snap", "s@v1.33.13.snap"]
        );
    }

    #[test]
    fn a_snapshot_is_named_by_the_version_that_answered() {
        let mut ledger = Ledger::default();
        for (start, after, text) in
            [("v1.22.2", "v1.23.17", "A"), ("v1.23.17", "v1.24.17", "A"), ("v1.24.17", "v1.25.4", "B")]
        {
            let texts =
                [("before", "X"), ("after", text)].map(|(series, text)| (series.parse().unwrap(), Digest::of(text)));
            let answered = BTreeMap::from([("after".parse().unwrap(), after.parse().unwrap())]);
            let entry = Entry { cluster: "local".to_owned(), etcd: None, plan: Digest::of("plan"), answered };
            ledger.insert(Line { version: start.parse().unwrap(), entry, texts: texts.into() });
        }
        assert_eq!(files(&ledger), ["after@v1.23.snap", "after@v1.25.snap", "before@v1.22.snap"]);
        let (line, after) = (ledger.lines().nth(1).unwrap(), "after".parse().unwrap());
        assert_eq!(ledger.since(line, &after).to_string(), "v1.23");
        assert!(ledger.to_string().contains(", after: {v1.24.17: [after]}}"), "{ledger}");
    }

    #[test]
    fn a_version_is_spoken_for_by_its_minor_or_the_nearest_below() {
        let ledger = ledger(&[("v1.22.17", &[]), ("v1.33.5", &[]), ("v1.33.13", &[])]);
        let governing = |version: &str| {
            ledger.governing(&version.parse().unwrap()).map_or("none".to_owned(), |line| line.version.to_string())
        };
        for (version, by) in [
            ("v1.21.9", "none"),
            ("v1.22.1", "v1.22.17"),
            ("v1.30.0", "v1.22.17"),
            ("v1.33.2", "v1.33.5"),
            ("v1.33.12", "v1.33.5"),
            ("v1.33.14", "v1.33.13"),
            ("v1.36.0", "v1.33.13"),
        ] {
            assert_eq!(governing(version), by, "{version}");
        }
    }

    #[test]
    fn what_is_no_ledger_says_where() {
        let line =
            |rest: &str| format!("{HEAD}\nv1.22.17: {{cluster: local, plan: 3f9a12bc0d1e, texts: {{}}}}\n{rest}\n");
        for (rest, expected) in [
            ("v1.22.17: {cluster: local, plan: 3f9a12bc0d1e, texts: {}}", "duplicate"),
            ("v1.22.17+k3s1: {cluster: local, plan: 3f9a12bc0d1e, texts: {}}", "one release"),
            ("1.23.1: {cluster: local, plan: 3f9a12bc0d1e, texts: {}}", "v1.23.1"),
            ("v1.23: {cluster: local, plan: 3f9a12bc0d1e, texts: {}}", "no Kubernetes version"),
            ("v1.23.1: {cluster: local, plan: 3f9a, texts: {}}", "twelve"),
            ("v1.23.1: {cluster: local, plan: 3f9a12bc0d1e, texts: {A b: 3f9a12bc0d1e}}", "cannot name"),
            ("v1.23.1: {cluster: local, plan: 3f9a12bc0d1e, texts: {}, who: me}", "who"),
            ("v1.23.1: {cluster: local, plan: 3f9a12bc0d1e, texts: {}, after: {v1.24.1: [s]}}", "has no text"),
            ("v1.23.1: {cluster: local, plan: 3f9a12bc0d1e", ""),
        ] {
            let error = Ledger::parse(&line(rest)).unwrap_err();
            assert!(error.to_string().contains(expected), "{rest}: {error}");
            assert!(!error.to_string().contains('\n'), "{error}");
            assert!(matches!(error.line, Some(3 | 4)), "{rest}: {error:?}");
        }
        assert!(Ledger::parse("").is_err(), "a file that lost its contents");
        let merge = line("<<<<<<< a\nv1.23.1: x\n=======\n>>>>>>> b");
        assert_eq!(Ledger::parse(&merge).unwrap_err().line, Some(3));
    }

    proptest! {
        #[test]
        fn a_ledger_survives_its_file(
            lines in btree_map((20u16..40, 0u16..20), ("[ -~]{1,12}", proptest::option::of("[ -~]{1,8}"),
                btree_map("[a-z0-9][a-z0-9_.]{0,4}[a-z0-9]|on|null|[0-9]e[0-9]", any::<[u8; 2]>(), 0..4)), 1..6),
        ) {
            let mut ledger = Ledger::default();
            for ((minor, patch), (cluster, etcd, texts)) in lines {
                let texts: BTreeMap<Series, Digest> =
                    texts.into_iter().map(|(series, text)| (series.parse().unwrap(), Digest::of(text))).collect();
                let next: Version = format!("v1.{}.{patch}", minor + 1).parse().unwrap();
                let answered = texts.keys().skip(1).map(|series| (series.clone(), next.clone())).collect();
                let version = format!("v1.{minor}.{patch}").parse().unwrap();
                ledger.insert(Line { version, entry: Entry { cluster, etcd, plan: Digest::of([patch.to_be_bytes()].concat()), answered }, texts });
            }
            prop_assert_eq!(Ledger::parse(&ledger.to_string()), Ok(ledger));
        }

        #[test]
        fn digests_that_look_like_numbers_stay_texts(digest in "[0-9]{12}|[0-9]{4}e[0-9]{7}|0x[0-9]{10}|0{12}") {
            let text = format!("v1.22.17: {{cluster: local, plan: {digest}, texts: {{s: {digest}}}}}\n");
            if let Ok(digest) = digest.parse::<Digest>() {
                let ledger = Ledger::parse(&text).unwrap();
                let line = ledger.lines().next().unwrap();
                prop_assert_eq!((line.entry.plan, line.texts.values().next()), (digest, Some(&digest)));
            }
        }
    }
}
