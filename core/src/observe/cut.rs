//! Which part of a body is shown: a borrowed tree over the raw answer, so that leaving out costs nothing.

use crate::syntax::Path;
use serde_json::Value;

/// A part of a raw value.
#[derive(Debug)]
pub(super) enum Tree<'v> {
    /// All of it.
    Whole(&'v Value),
    /// Some entries of a map.
    Map(Vec<(&'v str, Tree<'v>)>),
    /// The items of a list, cut or in another order.
    List(Vec<Tree<'v>>),
}

/// A tree with its first level open.
enum Open<'v> {
    Map(Vec<(&'v str, Tree<'v>)>),
    List(Vec<Tree<'v>>),
    Leaf(Tree<'v>),
}

impl<'v> Tree<'v> {
    /// A whole body, the items of a list in the given order.
    pub(super) fn new(body: &'v Value, items: Option<Vec<&'v Value>>) -> Self {
        match (body, items) {
            (Value::Object(map), Some(items)) => {
                let mut items = Some(Tree::List(items.into_iter().map(Tree::Whole).collect()));
                let entry = |(key, value): (&'v String, &'v Value)| {
                    let tree = if key == "items" { items.take() } else { None };
                    (key.as_str(), tree.unwrap_or(Tree::Whole(value)))
                };
                Tree::Map(map.iter().map(entry).collect())
            }
            _ => Tree::Whole(body),
        }
    }

    fn open(self) -> Open<'v> {
        match self {
            Tree::Whole(Value::Object(map)) => {
                Open::Map(map.iter().map(|(key, value)| (key.as_str(), Tree::Whole(value))).collect())
            }
            Tree::Whole(Value::Array(items)) => Open::List(items.iter().map(Tree::Whole).collect()),
            Tree::Map(entries) => Open::Map(entries),
            Tree::List(items) => Open::List(items),
            leaf @ Tree::Whole(_) => Open::Leaf(leaf),
        }
    }

    /// Only what the paths lead to. Items in which they lead nowhere stay as empty maps: their number is an answer too.
    pub(super) fn select(self, paths: &[Rest<'_>]) -> Option<Self> {
        if paths.iter().any(Rest::is_end) {
            return Some(self);
        }
        match self.open() {
            Open::Map(entries) => {
                let entries =
                    entries.into_iter().filter_map(|(key, tree)| Some((key, tree.select(&step(paths, key))?)));
                Some(Tree::Map(entries.collect()))
                    .filter(|tree| !matches!(tree, Tree::Map(entries) if entries.is_empty()))
            }
            Open::List(items) if !paths.is_empty() => {
                let items = items.into_iter().map(|item| item.select(paths).unwrap_or(Tree::Map(Vec::new())));
                Some(Tree::List(items.collect()))
            }
            _ => None,
        }
    }

    /// Everything but what the paths lead to.
    pub(super) fn without(self, paths: &[Rest<'_>]) -> Option<Self> {
        if paths.iter().any(Rest::is_end) {
            return None;
        }
        if paths.is_empty() {
            return Some(self);
        }
        Some(match self.open() {
            Open::Map(entries) => {
                let entries =
                    entries.into_iter().filter_map(|(key, tree)| Some((key, tree.without(&step(paths, key))?)));
                Tree::Map(entries.collect())
            }
            Open::List(items) => Tree::List(items.into_iter().filter_map(|item| item.without(paths)).collect()),
            Open::Leaf(leaf) => leaf,
        })
    }
}

/// What is left of a path on the way down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest<'p> {
    keys: &'p [String],
    /// The run's suffix: paths are compared without it, for keys may hold a group that has it.
    suffix: &'p str,
}

impl<'p> Rest<'p> {
    /// The whole of each path.
    pub(super) fn of(paths: &'p [Path], suffix: &'p str) -> Vec<Self> {
        paths.iter().map(|path| Self { keys: path.keys(), suffix }).collect()
    }

    fn is_end(&self) -> bool {
        self.keys.is_empty()
    }

    fn leads_to(self, key: &str) -> Option<Self> {
        let (first, keys) = self.keys.split_first()?;
        let same =
            first == key || (!self.suffix.is_empty() && first.replace(self.suffix, "") == key.replace(self.suffix, ""));
        same.then_some(Self { keys, ..self })
    }
}

/// The paths that go on at this key.
fn step<'p>(paths: &[Rest<'p>], key: &str) -> Vec<Rest<'p>> {
    paths.iter().filter_map(|path| path.leads_to(key)).collect()
}
