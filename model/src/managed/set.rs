//! Sets of fields, as `managedFields` writes them (KEP-555).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::fields::{List, ListKind, Shape};

/// Places in an object. A place may be in the set without what is below it, and the other way round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Set(BTreeMap<String, Node>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    is_in: bool,
    below: Set,
}

/// A step down, as `f:spec`, `k:{"name":"x"}` or `v:"x"`.
pub(super) type Step = String;

pub(super) fn field(name: &str) -> Step {
    format!("f:{name}")
}

/// The step to an item of a list that is no single thing; none of one that has no key.
pub(super) fn item(list: List, item: &Value) -> Option<Step> {
    match list.kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(format!("v:{item}")),
        ListKind::Map(keys) => {
            let mut found = Map::new();
            for key in keys {
                if let Some(value) = item.get(key.name).or(key.default.as_ref()) {
                    found.insert(key.name.to_owned(), value.clone());
                }
            }
            Some(format!("k:{}", Value::Object(found)))
        }
    }
}

impl Set {
    pub(super) fn insert(&mut self, path: &[Step]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.0.entry(first.clone()).or_default();
        if rest.is_empty() { node.is_in = true } else { node.below.insert(rest) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(|node| !node.is_in && node.below.is_empty())
    }

    /// Whether a step leads to a place in the set, and what is in it below.
    pub(super) fn at(&self, step: &str) -> (bool, Option<&Self>) {
        self.0.get(step).map_or((false, None), |node| (node.is_in, Some(&node.below).filter(|below| !below.is_empty())))
    }

    fn combined(&self, other: &Self, keep: fn(bool, bool) -> bool) -> Self {
        let none = Node::default();
        let steps = self.0.keys().chain(other.0.keys().filter(|step| !self.0.contains_key(*step)));
        let nodes = steps.filter_map(|step| {
            let (own, others) = (self.0.get(step).unwrap_or(&none), other.0.get(step).unwrap_or(&none));
            let both = Node { is_in: keep(own.is_in, others.is_in), below: own.below.combined(&others.below, keep) };
            (both.is_in || !both.below.is_empty()).then(|| (step.clone(), both))
        });
        Self(nodes.collect())
    }

    #[must_use]
    pub(super) fn union(&self, other: &Self) -> Self {
        self.combined(other, |own, others| own || others)
    }

    #[must_use]
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.combined(other, |own, others| own && !others)
    }

    #[must_use]
    pub(super) fn intersection(&self, other: &Self) -> Self {
        self.combined(other, |own, others| own && others)
    }

    /// Without places and all that is below them.
    #[must_use]
    pub(super) fn without(&self, places: &[&[&str]]) -> Self {
        let mut set = self.clone();
        for place in places {
            set.take(place);
        }
        set
    }

    fn take(&mut self, place: &[&str]) {
        match place {
            [] => {}
            [last] => drop(self.0.remove(&field(last))),
            [first, rest @ ..] => {
                if let Some(node) = self.0.get_mut(&field(first)) {
                    node.below.take(rest);
                }
            }
        }
    }

    /// With every field of a known object whose parts are in it.
    #[must_use]
    pub(super) fn with_fields(&self, shape: Option<Shape>) -> Self {
        let nodes = self.0.iter().map(|(step, node)| {
            let (name, list) = (step.strip_prefix("f:"), matches!(shape, Some(Shape::List(_))));
            let below = match (shape, name) {
                (Some(shape), Some(name)) if !list => shape.field(name),
                (Some(shape), _) => shape.item(),
                _ => None,
            };
            let is_field = matches!((shape, name), (Some(Shape::Struct(of)), Some(name)) if of.field(name).is_some());
            let has_parts = !node.below.is_empty();
            let node = Node { is_in: node.is_in || (is_field && has_parts), below: node.below.with_fields(below) };
            (step.clone(), node)
        });
        Self(nodes.collect())
    }

    /// The steps to places in it.
    pub(super) fn members(&self) -> impl Iterator<Item = &Step> {
        self.0.iter().filter(|(_, node)| node.is_in).map(|(step, _)| step)
    }

    /// The steps below which there are places in it.
    pub(super) fn below(&self) -> impl Iterator<Item = (&Step, &Self)> {
        self.0.iter().map(|(step, node)| (step, &node.below)).filter(|(_, below)| !below.is_empty())
    }

    /// The ways to every place in it.
    pub(super) fn paths(&self) -> Vec<Vec<Step>> {
        let mut paths = Vec::new();
        self.walk(&mut Vec::new(), &mut paths);
        paths
    }

    fn walk(&self, above: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
        for (step, node) in &self.0 {
            above.push(step.clone());
            if node.is_in {
                paths.push(above.clone());
            }
            node.below.walk(above, paths);
            above.pop();
        }
    }

    /// As `fieldsV1`.
    pub(super) fn to_json(&self) -> Value {
        let nodes = self.0.iter().map(|(step, node)| {
            let mut below = node.below.to_json();
            if node.is_in && !node.below.is_empty() {
                below["."] = Value::Object(Map::new());
            }
            (step.clone(), below)
        });
        Value::Object(nodes.collect())
    }

    /// From `fieldsV1`; what is none gives what could be read.
    pub(super) fn from_json(fields: &Value) -> Self {
        let nodes = fields.as_object().into_iter().flatten().filter(|(step, _)| *step != ".").map(|(step, below)| {
            let below_set = Self::from_json(below);
            let is_in = below_set.0.is_empty() || below.get(".").is_some();
            (step.clone(), Node { is_in, below: below_set })
        });
        Self(nodes.collect())
    }
}

/// A step as errors write it: `.image`, `[name="x"]`.
pub(super) fn shown(step: &str) -> String {
    let (kind, rest) = step.split_at(2);
    match kind {
        "f:" => format!(".{rest}"),
        "v:" => format!("[={rest}]"),
        _ => {
            let keys: Value = serde_json::from_str(rest).unwrap_or_default();
            let keys: Vec<String> =
                keys.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
    }
}
