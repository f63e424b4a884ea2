//! Changing the names in a scenario's texts, where they are names: in what is sent and expected, in CEL only within string
//! literals, and nowhere in what names steps, variables, versions and times.

use super::case::Naming;
use super::cases::CASES;
use super::steps::FOREACH;
use crate::action::{DURING, OPEN};
use crate::syntax::{Node, Yaml, rewrite_literals, rewrite_template};

/// A change of texts: the new text, if there is one.
pub type Change<'c> = dyn Fn(&str) -> Option<String> + 'c;

/// Changes the texts of a scenario's tree.
pub(super) fn scenario(tree: &mut Node, change: &Change<'_>) {
    for (key, node) in entries(tree) {
        match key {
            "namespace" | "unique" => node.rewrite(change),
            "cases" => cases(node, CASES, change),
            "steps" => each(node, |node| step(node, change)),
            _ => {}
        }
    }
}

/// Changes the columns of cases; what says something about a case is no column.
fn cases(node: &mut Node, naming: Naming, change: &Change<'_>) {
    for (_, row) in entries(node) {
        for (_, node) in entries(row).filter(|(column, _)| !naming.reserved.contains(column)) {
            node.rewrite(&|text: &str| rewrite_template(text, change));
        }
    }
}

fn step(node: &mut Node, change: &Change<'_>) {
    let in_template = |text: &str| rewrite_template(text, change);
    for (key, node) in entries(node) {
        match key {
            "name" | "when" | "within" | "settle" | "from" | "for" | "timeout" => {}
            "foreach" => cases(node, FOREACH, change),
            "steps" => each(node, |node| step(node, change)),
            "until" | "holds" | "set" => expressions(node, change),
            "snapshot" => entries(node).for_each(|(_, node)| expressions(node, change)),
            // What the shell reads has no expressions: `${X:-name}` holds a name as any other text does.
            "run" => match &node.value {
                Yaml::Map(_) => entries(node).for_each(|(key, node)| match key {
                    "command" => node.rewrite(change),
                    DURING => each(node, |node| step(node, change)),
                    _ => node.rewrite(&in_template),
                }),
                _ => node.rewrite(change),
            },
            "wait" => entries(node).for_each(|(key, node)| match key {
                "that" => expressions(node, change),
                _ => node.rewrite(&in_template),
            }),
            "expect" => each(node, |node| {
                for (key, node) in entries(node) {
                    match key {
                        "when" => {}
                        "that" => expressions(node, change),
                        _ => node.rewrite(&in_template),
                    }
                }
            }),
            kind if OPEN.contains(&kind) => entries(node).for_each(|(key, node)| match key {
                DURING => each(node, |node| step(node, change)),
                _ => node.rewrite(&in_template),
            }),
            _ => node.rewrite(&in_template),
        }
    }
}

/// Changes the string literals of expressions: of one, or of the values of a mapping.
fn expressions(node: &mut Node, change: &Change<'_>) {
    if let Yaml::String(text) = &mut node.value
        && let Some(changed) = rewrite_literals(text, change)
    {
        *text = changed;
    }
    entries(node).for_each(|(_, node)| expressions(node, change));
}

fn entries(node: &mut Node) -> impl Iterator<Item = (&str, &mut Node)> {
    let entries = match &mut node.value {
        Yaml::Map(entries) => entries.as_mut_slice(),
        _ => &mut [],
    };
    entries.iter_mut().map(|(key, node)| (key.text.as_str(), node))
}

/// Does something with each element of a list, or with what stands for a list of one.
fn each(node: &mut Node, mut change: impl FnMut(&mut Node)) {
    match &mut node.value {
        Yaml::List(elements) => elements.iter_mut().for_each(change),
        _ => change(node),
    }
}
