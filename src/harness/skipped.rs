//! What models left out.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::run::ScenarioOutcome;

/// Why tests were not run on models, and of how many that is true.
#[derive(Default)]
pub(super) struct Skipped(Mutex<Tallies>);

#[derive(Default)]
struct Tallies {
    reasons: BTreeMap<String, usize>,
    /// How many of them nobody could tell before they ran.
    passed: usize,
}

impl Skipped {
    /// One that was seen to be beyond its model beforehand.
    pub(super) fn ignored(&self, reason: &str) {
        let tallies = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tallies.reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// One that ran, and perhaps came to something that its model does not know.
    pub(super) fn ran(&self, outcome: &ScenarioOutcome) {
        if let Some(reason) = &outcome.skipped {
            self.ignored(reason);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).passed += 1;
        }
    }

    /// The commonest reason first.
    pub(super) fn tell(self, out: &mut impl io::Write) -> io::Result<()> {
        let Tallies { reasons, passed } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        let all: usize = reasons.iter().map(|(_, count)| count).sum();
        if all == 0 {
            return Ok(());
        }
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        let passed = match passed {
            0 => String::new(),
            passed => format!(" ({passed} of them only when they ran: these count as passed)"),
        };
        let instead = "a real control plane may run them: REHEARSAL_CLUSTER=local:v1.36";
        writeln!(out, "embedded control planes ignored {all}{passed}; {instead}")?;
        reasons.into_iter().try_for_each(|(reason, count)| writeln!(out, "{count:>6}  {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_with_how_many_tests_they_are_of() {
        let skipped = Skipped::default();
        skipped.ignored("needs b");
        for reason in [Some("needs a"), None, Some("needs b")] {
            let blank = ScenarioOutcome::blank("", "", "v1.36.3".parse().unwrap());
            skipped.ran(&ScenarioOutcome { skipped: reason.map(str::to_owned), ..blank });
        }
        let mut told = Vec::new();
        skipped.tell(&mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        let (first, rest) = told.split_once('\n').unwrap();
        assert!(first.starts_with("embedded control planes ignored 3 (2 of them only when they ran"), "{first}");
        assert_eq!(rest, "     2  needs b\n     1  needs a\n");
        let mut nothing = Vec::new();
        Skipped::default().tell(&mut nothing).unwrap();
        assert!(nothing.is_empty());
    }
}
