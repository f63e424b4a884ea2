//! `cases:` of a scenario: each row makes one scenario of its own, with its own id, snapshots, Namespace and cluster.

use std::sync::Arc;

use serde_json::Value;

use super::case::{self, Case, Naming};
use super::{Settings, When, when};
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostics, Fields, Node};

/// How the cases of a scenario are named: as documents of a file are.
pub(super) const CASES: Naming = Naming {
    table: "cases",
    allows: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    help: "small letters, digits and `-`, as in `with-gate`; its snapshots are named by it",
    reserved: &["when", "needs", "cluster"],
};

/// What one case adds to its scenario.
pub(super) struct Instance {
    pub(super) case: Arc<Case>,
    pub(super) when: When,
    pub(super) cluster: Settings,
}

/// The keys of the cases of a document, or one without.
pub(super) fn keys(tree: &Node) -> Vec<Option<&str>> {
    let cases = tree.get("cases").map(Node::entries).unwrap_or_default();
    if cases.is_empty() { vec![None] } else { cases.iter().map(|(key, _)| Some(key.text.as_str())).collect() }
}

/// The cases of a scenario.
pub(super) fn shape() -> Value {
    let row = Shape::new().optional("when", shape::defined("when")).optional("needs", shape::defined("needs"));
    case::shape(row.optional("cluster", shape::defined("cluster")))
}

/// Reads all cases, for their mistakes, and gives one of them.
pub(super) fn instance(node: &Node, key: Option<&str>, diagnostics: &mut Diagnostics) -> Option<Instance> {
    let mut chosen = None;
    for row in case::rows(node, CASES, None, diagnostics) {
        let Some(mut fields) = Fields::of(row.node, "a case", diagnostics) else { continue };
        let when = fields.optional("when").node();
        let needs = fields.optional("needs").strings().unwrap_or_default();
        let cluster = fields.optional("cluster").node();
        let when = when.map_or_else(When::always, |node| When::decode(node, diagnostics));
        let needs = when::capabilities(needs, diagnostics);
        let when = when.and(&When { needs, ..When::always() });
        let cluster = cluster.map(|node| Settings::decode(node, diagnostics)).unwrap_or_default();
        if Some(row.key.text.as_str()) == key {
            chosen = Some(Instance { case: Arc::new(Case::new(&row, None, None)), when, cluster });
        }
    }
    chosen
}
