//! What waits for review, and what became of it.
//!
//! A proposal is `recorded.yaml.new`, the ledger lines that recording would add, and a `STEP@vX.Y.snap.new` beside
//! each snapshot that would come or change. Only the lines say what is proposed; the whole set of files follows from
//! them and from the ledger as it is now, so a proposal survives somebody else's recording in between.
//!
//! `rehearsal review` takes or drops a proposal whole. `cargo insta review` knows nothing of ledgers: it renames some
//! `.snap.new` to `.snap` and deletes others. What it left is read off the files, of which every one has a digest in
//! the lines:
//!
//! | of the files that would come or change | then the proposal was | and what is left to do |
//! |---|---|---|
//! | all are in place | accepted | put the lines into the ledger, drop files that no version shows any more |
//! | none is, no `.snap.new` is left | rejected | drop the lines |
//! | none is, all `.snap.new` are there | not looked at | nothing |
//! | anything else | decided on in part, or edited | say so; nobody but the user knows what was meant |
//!
//! A proposal that only takes files away, or only adds lines, has no `.snap.new`: it waits for `rehearsal review`.

use std::collections::BTreeMap;
use std::fmt;

use super::folder::Contents;
use super::layout::Point;
use super::ledger::Ledger;
use super::recorded::changed;
use super::text::Digest;

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Nothing,
    /// Nobody decided on it yet.
    Waiting,
    /// Every file was moved into place; the ledger has to follow.
    Accepted,
    /// Every file was deleted.
    Rejected,
    /// Some were, some were not.
    Partial(Partial),
}

/// A proposal of which some files were accepted, rejected or edited: which are where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partial {
    /// In place.
    pub accepted: Vec<Point>,
    /// Still a `.snap.new`.
    pub waiting: Vec<Point>,
    /// Neither there nor in place.
    pub rejected: Vec<Point>,
    /// There, with another text than was proposed.
    pub edited: Vec<Point>,
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = [
            ("accepted", &self.accepted),
            ("waiting", &self.waiting),
            ("rejected", &self.rejected),
            ("edited", &self.edited),
        ];
        let mut between = "";
        for (what, points) in groups.into_iter().filter(|(_, points)| !points.is_empty()) {
            let names: Vec<String> = points.iter().map(ToString::to_string).collect();
            write!(f, "{between}{what}: {}", names.join(", "))?;
            between = "; ";
        }
        Ok(())
    }
}

/// A proposal against the ledger as it is now.
#[derive(Debug)]
pub(super) struct Proposal {
    /// The lines that the ledger does not have yet.
    pub(super) lines: Ledger,
    /// The files they would write.
    pub(super) changed: BTreeMap<Point, Digest>,
    pub(super) standing: Standing,
}

impl Proposal {
    pub(super) fn of(contents: &Contents) -> Self {
        let mut lines = contents.pending.clone();
        lines.retain(|line| contents.ledger.get(&line.version) != Some(line));
        let changed = changed(&contents.ledger, &lines);
        let standing = match () {
            () if contents.pending.is_empty() => Standing::Nothing,
            // An acceptance that was cut off after the ledger was written.
            () if lines.is_empty() => Standing::Accepted,
            () => standing(contents, &changed),
        };
        Self { lines, changed, standing }
    }
}

fn standing(contents: &Contents, changed: &BTreeMap<Point, Digest>) -> Standing {
    let before = contents.ledger.points();
    let mut found = Partial::default();
    for (point, digest) in changed {
        let in_place = contents.snaps.get(point).map(|stored| stored.text.digest());
        let beside = contents.news.get(point).map(|stored| stored.text.digest());
        let group = match (in_place, beside) {
            (Some(here), _) if here == *digest => &mut found.accepted,
            (_, Some(new)) if new == *digest => &mut found.waiting,
            (here, None) if here == before.get(point).copied() => &mut found.rejected,
            _ => &mut found.edited,
        };
        group.push(point.clone());
    }
    match changed.len() {
        all if all == found.waiting.len() => Standing::Waiting,
        all if all == found.accepted.len() => Standing::Accepted,
        all if all == found.rejected.len() => Standing::Rejected,
        _ => Standing::Partial(found),
    }
}
