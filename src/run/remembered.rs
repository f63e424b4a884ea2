//! What is the same for a scenario on all clusters of a run, read once: what its author wrote. On embedded ones also what was
//! recorded of it, since nothing is ever recorded from them, and the scenario with the names of a run, since none of them
//! sees what is on another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::observe::Written;
use crate::plan::Renamed;
use crate::scenario::ScenarioFile;
use crate::snapshot::{Recorded, ScenarioId, Store, StoreError};
use crate::syntax::Diagnostics;

/// What was read already. It is read by one thread while the others wait: they want it most likely too.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    written: Mutex<HashMap<String, Written>>,
    recorded: Mutex<HashMap<ScenarioId, Arc<Recorded>>>,
    /// By the scenario's id, and by how many runs of it came before on the same cluster.
    renamed: Mutex<HashMap<(String, usize), Renamed>>,
}

impl Remembered {
    /// What the author of a scenario wrote.
    pub(super) fn written(&self, file: &ScenarioFile) -> Written {
        let mut known = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = known.get(file.id()) {
            return written.clone();
        }
        let written: Written = file.strings().collect();
        known.insert(file.id().to_owned(), written.clone());
        written
    }

    /// What was recorded of a scenario.
    pub(super) fn recorded(&self, id: ScenarioId, store: &Store) -> Result<Arc<Recorded>, StoreError> {
        let mut known = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorded) = known.get(&id) {
            return Ok(Arc::clone(recorded));
        }
        let recorded = Arc::new(store.scenario(&id)?);
        known.insert(id, Arc::clone(&recorded));
        Ok(recorded)
    }

    /// A scenario with the names of its run on a cluster that has seen `before` others of it.
    pub(super) fn renamed(&self, file: &ScenarioFile, before: usize) -> Result<Renamed, Diagnostics> {
        let mut known = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (file.id().to_owned(), before);
        if let Some(renamed) = known.get(&key) {
            return Ok(renamed.clone());
        }
        let renamed = Renamed::draw(file)?;
        known.insert(key, renamed.clone());
        Ok(renamed)
    }
}
