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
