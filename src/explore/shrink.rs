//! The shortest sequence that still shows a difference: first without calls (Zeller's ddmin), then without fields.

use std::collections::BTreeSet;

use serde_json::Value;

use super::call::{Call, Who};
use super::fill::references;
use super::generate::places;

/// How many sequences are tried at most for one difference.
const TRIES: usize = 250;

/// Shrinks a sequence for as long as `shows` holds for what is left. It holds for the sequence itself.
pub(super) async fn shrink<E>(
    calls: Vec<Call>,
    shows: impl AsyncFn(&[Call]) -> Result<bool, E>,
) -> Result<Vec<Call>, E> {
    let mut search = Search { calls, shows, tries: 0 };
    search.related().await?;
    search.without_calls().await?;
    search.without_fields().await?;
    Ok(search.calls)
}

/// Leaves out calls alone: for a sequence that is almost the shortest already, where trying takes time.
pub(super) async fn fewer_calls<E>(
    calls: Vec<Call>,
    shows: impl AsyncFn(&[Call]) -> Result<bool, E>,
) -> Result<Vec<Call>, E> {
    let mut search = Search { calls, shows, tries: 0 };
    search.without_calls().await?;
    Ok(search.calls)
}

/// Fields that stay: a server takes the first two from the path, a reader does not; and without the last a scheduler
/// writes to the Pod at a time of its own.
const KEPT: [&str; 3] = ["/apiVersion", "/kind", "/spec/schedulerName"];

struct Search<F> {
    calls: Vec<Call>,
    shows: F,
    tries: usize,
}

impl<F> Search<F> {
    /// Goes on with a candidate if that still shows it.
    async fn takes<E>(&mut self, candidate: Vec<Call>) -> Result<bool, E>
    where
        F: AsyncFn(&[Call]) -> Result<bool, E>,
    {
        if self.tries >= TRIES || candidate.is_empty() {
            return Ok(false);
        }
        self.tries += 1;
        let is_taken = (self.shows)(&candidate).await?;
        if is_taken {
            self.calls = candidate;
        }
        Ok(is_taken)
    }

    /// What the last call is about and refers to is often all of it: one try instead of many.
    async fn related<E>(&mut self) -> Result<(), E>
    where
        F: AsyncFn(&[Call]) -> Result<bool, E>,
    {
        let Some(last) = self.calls.last() else { return Ok(()) };
        let mut wanted = BTreeSet::from([last.id]);
        let mut kept: Vec<Call> = Vec::new();
        for call in self.calls.iter().rev() {
            let is_about = same_object(call, last) && !call.verb.is_read();
            if is_about || wanted.contains(&call.id) {
                wanted.extend(call.texts().into_iter().flat_map(references).map(|reference| reference.call));
                kept.push(call.clone());
            }
        }
        kept.reverse();
        if kept.len() < self.calls.len() {
            self.takes(kept).await?;
        }
        Ok(())
    }

    async fn without_calls<E>(&mut self) -> Result<(), E>
    where
        F: AsyncFn(&[Call]) -> Result<bool, E>,
    {
        let mut parts = 2;
        while self.calls.len() > 1 {
            let size = self.calls.len().div_ceil(parts);
            let mut smaller = false;
            for start in (0..self.calls.len()).step_by(size) {
                let end = self.calls.len().min(start + size);
                let rest = [&self.calls[..start], &self.calls[end..]].concat();
                if self.takes(rest).await? {
                    smaller = true;
                    break;
                }
            }
            if smaller {
                parts = parts.saturating_sub(1).max(2);
            } else if size == 1 {
                break;
            } else {
                parts = (parts * 2).min(self.calls.len());
            }
        }
        Ok(())
    }

    /// Every call with less: as the cluster's own user, without parameters, without fields. From the outside in, so that
    /// most of a body goes in a few tries.
    async fn without_fields<E>(&mut self) -> Result<(), E>
    where
        F: AsyncFn(&[Call]) -> Result<bool, E>,
    {
        for at in (0..self.calls.len()).rev() {
            if self.calls[at].who != Who::Own {
                let own = self.changed(at, |call| call.who = Who::Own);
                self.takes(own).await?;
            }
            let mut parameter = 0;
            while parameter < self.calls[at].query.len() {
                let is_guard = self.calls[at].query[parameter].0 == "labelSelector" && !self.calls[at].kind.namespaced;
                let without = self.changed(at, |call| drop(call.query.remove(parameter)));
                if is_guard || !self.takes(without).await? {
                    parameter += 1;
                }
            }
            let mut place = 0;
            while let Some(path) = self.calls[at].body.as_ref().and_then(|body| places(body).get(place).cloned()) {
                if KEPT.contains(&path.as_str()) {
                    place += 1;
                    continue;
                }
                let without = self.changed(at, |call| {
                    if let Some(body) = &mut call.body {
                        remove(body, &path);
                    }
                });
                if !self.takes(without).await? {
                    place += 1;
                }
            }
        }
        Ok(())
    }

    fn changed(&self, at: usize, change: impl FnOnce(&mut Call)) -> Vec<Call> {
        let mut calls = self.calls.clone();
        change(&mut calls[at]);
        calls
    }
}

/// Whether two calls are about one object, as far as their paths say.
fn same_object(one: &Call, other: &Call) -> bool {
    fn name(call: &Call) -> Option<&str> {
        let within = || call.body.as_ref()?["metadata"]["name"].as_str();
        Some(call.name.as_str()).filter(|name| !name.is_empty()).or_else(within)
    }
    let is_any = name(one).is_none() || name(other).is_none();
    one.kind == other.kind && one.namespace == other.namespace && (is_any || name(one) == name(other))
}

/// Takes what is at a JSON pointer out of a body.
fn remove(body: &mut Value, path: &str) {
    let Some((parent, key)) = path.rsplit_once('/') else { return };
    match body.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::generate::sequence;
    use super::*;

    fn shrunk(calls: Vec<Call>, shows: impl Fn(&[Call]) -> bool) -> (Vec<Call>, usize) {
        let tries = Cell::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let left = runtime.block_on(shrink(calls, async |calls: &[Call]| {
            tries.set(tries.get() + 1);
            Ok::<_, Infallible>(shows(calls))
        }));
        (left.unwrap(), tries.get())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn two_calls_that_matter_are_all_that_is_left(seed: u64, one in 0usize..40, other in 0usize..40) {
            prop_assume!(one != other);
            let calls = sequence(seed, 0, 40);
            let has = |calls: &[Call], id| calls.iter().any(|call| call.id == id);
            let (left, tries) = shrunk(calls, |calls| has(calls, one) && has(calls, other));
            let mut ids = vec![one, other];
            ids.sort_unstable();
            prop_assert_eq!(left.iter().map(|call| call.id).collect::<Vec<_>>(), ids);
            prop_assert!(left.iter().all(|call| call.who == Who::Own));
            prop_assert!(tries <= TRIES);
        }
    }

    #[test]
    fn one_field_that_matters_is_all_that_is_left_of_a_body() {
        let mut calls = sequence(1, 0, 10);
        calls[6].body =
            Some(json!({"metadata": {"name": "a", "labels": {"x": "y"}}, "data": [{"a": 1}, {"b/c": 2, "d": 3}]}));
        calls[6].query = vec![("dryRun".to_owned(), "All".to_owned())];
        let shows = |calls: &[Call]| {
            calls.iter().any(|call| {
                let items = call.body.as_ref().and_then(|body| body["data"].as_array());
                items.is_some_and(|items| items.iter().any(|item| item["b/c"] == 2))
            })
        };
        let (left, _) = shrunk(calls, shows);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].body, Some(json!({"data": [{"b/c": 2}]})));
        assert!(left[0].query.is_empty());
    }
}
