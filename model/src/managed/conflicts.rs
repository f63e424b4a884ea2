//! What an apply would take from others, as it is told.

use serde_json::{Value, json};

use super::Managed;
use super::set::{Set, Step, shown};
use crate::profile::{Feature, Profile};
use crate::status::Refusal;
use crate::world::Outcome;

/// Nobody else manages what is changed, but for what is allowed.
pub(super) fn none(all: &[Managed], changed: &Set, allowed: &Set, profile: &Profile) -> Outcome<()> {
    let mut found: Vec<(String, String)> = Vec::new();
    for managed in all {
        let taken = managed.set.intersection(changed).difference(allowed);
        let manager = managed.manager.shown(&managed.api_version);
        let paths = if profile.has(Feature::ConflictsShareArrays) { Arrays::paths(&taken) } else { taken.paths() };
        let paths = paths.iter().map(|path| path.iter().map(|step| shown(step)).collect());
        found.extend(paths.map(|path: String| (manager.clone(), path)));
    }
    found.sort();
    let text = match found.as_slice() {
        [] => return Ok(()),
        [(manager, path)] => format!("Apply failed with 1 conflict: conflict with {manager}: {path}"),
        several => {
            let mut lines = Vec::new();
            for (at, (manager, path)) in several.iter().enumerate() {
                if at == 0 || several[at - 1].0 != *manager {
                    lines.push(format!("conflicts with {manager}:"));
                }
                lines.push(format!("- {path}"));
            }
            format!("Apply failed with {} conflicts: {}", several.len(), lines.join("\n"))
        }
    };
    let mut refusal = Refusal::new(409, "Conflict", text);
    let causes: Vec<Value> = found
        .iter()
        .map(|(manager, path)| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path}))
        .collect();
    refusal.details.insert("causes".to_owned(), causes.into());
    Err(refusal)
}

/// Paths as structured-merge-diff had them up to 4.3: slices of arrays that grow as Go's do, and of which nobody made copies. Some
/// levels down, places beside each other share one, so that each is told of as the last of them.
#[derive(Default)]
struct Arrays(Vec<Array>);

#[derive(Default)]
struct Array {
    steps: Vec<Step>,
    capacity: usize,
}

/// The first steps of an array.
#[derive(Clone, Copy)]
struct Slice {
    array: usize,
    length: usize,
}

impl Arrays {
    fn paths(set: &Set) -> Vec<Vec<Step>> {
        let mut arrays = Self(vec![Array::default()]);
        let mut slices = Vec::new();
        arrays.walk(set, Slice { array: 0, length: 0 }, &mut slices);
        slices.into_iter().map(|slice| arrays.0[slice.array].steps[..slice.length].to_vec()).collect()
    }

    fn walk(&mut self, set: &Set, above: Slice, found: &mut Vec<Slice>) {
        for step in set.members() {
            found.push(self.appended(above, step));
        }
        for (step, below) in set.below() {
            let path = self.appended(above, step);
            self.walk(below, path, found);
        }
    }

    fn appended(&mut self, slice: Slice, step: &str) -> Slice {
        let Slice { mut array, length } = slice;
        if length == self.0[array].capacity {
            let steps = self.0[array].steps[..length].to_vec();
            array = self.0.len();
            self.0.push(Array { steps, capacity: (length * 2).max(1) });
        }
        let steps = &mut self.0[array].steps;
        match steps.get_mut(length) {
            Some(other) => step.clone_into(other),
            None => steps.push(step.to_owned()),
        }
        Slice { array, length: length + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_levels_down_places_beside_each_other_were_one() {
        let fields = json!({
            "f:data": {"f:a": {}, "f:b": {}},
            "f:spec": {"f:containers": {"k:{}": {"f:image": {}, "f:name": {}, "f:resources": {"f:limits": {"f:cpu": {}}}}}},
        });
        let set = Set::from_json(&fields);
        let told = |paths: Vec<Vec<Step>>| paths.iter().map(|path| path.join("/")).collect::<Vec<_>>();
        assert_eq!(
            told(set.paths()),
            [
                "f:data/f:a",
                "f:data/f:b",
                "f:spec/f:containers/k:{}/f:image",
                "f:spec/f:containers/k:{}/f:name",
                "f:spec/f:containers/k:{}/f:resources/f:limits/f:cpu",
            ]
        );
        assert_eq!(
            told(Arrays::paths(&set)),
            [
                "f:data/f:a",
                "f:data/f:b",
                "f:spec/f:containers/k:{}/f:resources",
                "f:spec/f:containers/k:{}/f:resources",
                "f:spec/f:containers/k:{}/f:resources/f:limits/f:cpu",
            ]
        );
    }
}
