//! What is the same for a scenario on all clusters of a run, read once: what its author wrote. On embedded ones also what was
//! recorded of it, since nothing is ever recorded from them, and the scenario with the names of a run, since none of them
//! sees what is on another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::observe::Written;
use crate::plan::Renamed;
use crate::scenario::ScenarioFile;
use crate::snapshot::{Recorded, ScenarioId, Store, StoreError};
use crate::syntax::Diagnostics;

/// What was read already.
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
        let Ok(written) = once(&self.written, file.id().to_owned(), || Ok::<_, Infallible>(file.strings().collect()));
        written
    }

    /// What was recorded of a scenario.
    pub(super) fn recorded(&self, id: &ScenarioId, store: &Store) -> Result<Arc<Recorded>, StoreError> {
        once(&self.recorded, id.clone(), || store.scenario(id).map(Arc::new))
    }

    /// A scenario with the names of its run on a cluster that has seen `before` others of it.
    pub(super) fn renamed(&self, file: &ScenarioFile, before: usize) -> Result<Renamed, Diagnostics> {
        once(&self.renamed, (file.id().to_owned(), before), || Renamed::draw(file))
    }
}

/// What is known under a key, made if it is not yet. One thread makes it while the others wait: they want it most likely too.
fn once<K: Eq + Hash, V: Clone, E>(
    known: &Mutex<HashMap<K, V>>,
    key: K,
    make: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(match known.entry(key) {
        Entry::Occupied(entry) => entry.get().clone(),
        Entry::Vacant(entry) => entry.insert(make()?).clone(),
    })
}
