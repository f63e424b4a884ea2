//! What was recorded of each scenario, read once for all embedded clusters of a run: nothing is ever recorded from them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::snapshot::{Recorded, ScenarioId, Store, StoreError};

/// The recordings that were read already.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<ScenarioId, Arc<Recorded>>>);

impl Remembered {
    /// What was recorded of a scenario. It is read by one thread while the others wait: they want it most likely too.
    pub(super) fn of(&self, id: ScenarioId, store: &Store) -> Result<Arc<Recorded>, StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorded) = known.get(&id) {
            return Ok(Arc::clone(recorded));
        }
        let recorded = Arc::new(store.scenario(&id)?);
        known.insert(id, Arc::clone(&recorded));
        Ok(recorded)
    }
}
