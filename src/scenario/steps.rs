//! From the steps as they are written to the steps that run: groups are taken apart, and a `foreach` is written out, a step
//! and case after the other in the order of the file. Nothing after this knows groups; a step knows its case, and in how
//! many `during` it stands.

use std::sync::Arc;

use serde_json::{Value, json};

use super::case::{self, Case, Naming, Row};
use super::fixtures::Fixtures;
use super::{Step, When, step};
use crate::action::KINDS;
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Node};

/// How the cases of a `foreach` are named.
pub(super) const FOREACH: Naming = Naming {
    table: "foreach",
    allows: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
    help: "letters, digits, `-`, `_` and `.`, a letter or digit first and last, as in `minus-1`",
    reserved: &["when"],
};

/// What stands around an action, and not around a group.
const OF_A_STEP: [&str; 13] = [
    "name", "as", "query", "set", "expect", "until", "within", "settle", "from", "holds", "for", "timeout", "snapshot",
];

/// What a `foreach` is.
pub(super) fn foreach_shape() -> Value {
    case::shape(Shape::new().optional("when", shape::defined("when")))
}

/// What a step is otherwise, if it is a group of steps.
pub(super) fn group_shape() -> Value {
    json!({"if": {"required": ["steps"]}, "then": {"propertyNames": {"enum": ["steps", "when", "foreach"]}}})
}

/// Reads lists of steps.
pub(super) struct Steps<'a> {
    pub(super) fixtures: &'a Fixtures,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// How many times something is repeated, so far.
    foreachs: usize,
    found: Vec<Step>,
}

/// What a step stands in.
#[derive(Clone)]
struct Around {
    when: When,
    case: Option<Arc<Case>>,
    depth: usize,
}

impl<'a> Steps<'a> {
    /// Reads the steps of a scenario, or of one case of it.
    pub(super) fn decode(
        nodes: &[Node],
        case: Option<Arc<Case>>,
        fixtures: &'a Fixtures,
        diagnostics: &'a mut Diagnostics,
    ) -> Vec<Step> {
        let mut steps = Self { fixtures, diagnostics, foreachs: 0, found: Vec::new() };
        steps.all(nodes, &Around { when: When::always(), case, depth: 0 });
        steps.found
    }

    fn all(&mut self, nodes: &[Node], around: &Around) {
        for node in nodes {
            let Some(foreach) = node.get("foreach") else {
                self.one(node, around);
                continue;
            };
            if around.case.as_ref().is_some_and(|case| case.foreach.is_some()) {
                let at = node.entry("foreach").map_or(&node.at, |(key, _)| &key.at);
                let message = "a `foreach` within a `foreach`";
                let help = "write one with a case for each combination";
                self.diagnostics.push(Diagnostic::new(at.clone(), message).help(help));
                continue;
            }
            let number = self.foreachs;
            self.foreachs += 1;
            let rows = case::rows(foreach, FOREACH, around.case.as_deref(), self.diagnostics);
            if rows.is_empty() {
                // Its own mistakes are found all the same.
                self.one(node, around);
            }
            for row in &rows {
                let around = self.around(row, number, around);
                self.one(node, &around);
            }
        }
    }

    fn around(&mut self, row: &Row<'_>, foreach: usize, around: &Around) -> Around {
        let when = row.node.get("when").map_or_else(When::always, |node| When::decode(node, self.diagnostics));
        let case = Case::new(row, Some(foreach), around.case.as_deref());
        Around { when: around.when.and(&when), case: Some(Arc::new(case)), depth: around.depth }
    }

    /// A step, with those during it, or a group of steps, once.
    fn one(&mut self, node: &Node, around: &Around) {
        if node.get("steps").is_some() {
            return self.group(node, around);
        }
        let mut inside = Around { depth: around.depth + 1, ..around.clone() };
        if let Some(step) = Step::decode(node, self.fixtures, around.case.as_ref(), self.diagnostics) {
            inside.when = around.when.and(&step.when);
            self.found.push(step.standing(inside.when.clone(), around.depth));
        }
        self.all(step::during(node), &inside);
    }

    fn group(&mut self, node: &Node, around: &Around) {
        let Some(mut fields) = Fields::of(node, "a group of steps", self.diagnostics) else { return };
        let steps = fields.optional("steps").list();
        let when = fields.optional("when").node();
        fields.optional("foreach");
        for name in OF_A_STEP {
            fields.refuse(name, |at| {
                Diagnostic::new(at.clone(), format!("`{name}` belongs to one step, and this is a group of them"))
                    .help("write it in the steps of the group")
            });
        }
        for kind in KINDS {
            fields.refuse(kind.key, |at| {
                Diagnostic::new(at.clone(), format!("`steps` and `{}` in one step", kind.key))
                    .help("a step has one action, or is a group of steps")
            });
        }
        fields.finish();
        if let (Some([]), Some((key, _))) = (steps, node.entry("steps")) {
            self.diagnostics.report(&key.at, "a group needs at least one step");
        }
        let when = when.map_or_else(When::always, |node| When::decode(node, self.diagnostics));
        let around = Around { when: around.when.and(&when), ..around.clone() };
        self.all(steps.unwrap_or_default(), &around);
    }
}
