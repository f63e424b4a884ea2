//! What models left out.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::run::ScenarioOutcome;

/// Why scenarios were not run on models after all, and of how many tests that is true.
#[derive(Default)]
pub(super) struct Skipped(Mutex<BTreeMap<String, usize>>);

impl Skipped {
    pub(super) fn add(&self, outcome: &ScenarioOutcome) {
        if let Some(reason) = &outcome.skipped {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason.clone()).or_default() += 1;
        }
    }

    /// The commonest reason first.
    pub(super) fn tell(self, out: &mut impl io::Write) -> io::Result<()> {
        let mut reasons: Vec<_> = self.0.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        if reasons.is_empty() {
            return Ok(());
        }
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        let all: usize = reasons.iter().map(|(_, count)| count).sum();
        let instead = "a real control plane may run them: REHEARSAL_CLUSTER=local:v1.36";
        writeln!(out, "embedded control planes skipped {all} that count as passed; {instead}")?;
        reasons.into_iter().try_for_each(|(reason, count)| writeln!(out, "{count:>6}  {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_with_how_many_tests_they_are_of() {
        let skipped = Skipped::default();
        for reason in [Some("needs a"), None, Some("needs b"), Some("needs b")] {
            let blank = ScenarioOutcome::blank("", "", "v1.36.3".parse().unwrap());
            skipped.add(&ScenarioOutcome { skipped: reason.map(str::to_owned), ..blank });
        }
        let mut told = Vec::new();
        skipped.tell(&mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        let (first, rest) = told.split_once('\n').unwrap();
        assert!(first.starts_with("embedded control planes skipped 3 "), "{first}");
        assert_eq!(rest, "     2  needs b\n     1  needs a\n");
        let mut nothing = Vec::new();
        Skipped::default().tell(&mut nothing).unwrap();
        assert!(nothing.is_empty());
    }
}
