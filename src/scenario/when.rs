//! Where a scenario, a step or an expectation applies: versions and capabilities, nothing else, so that a plan knows
//! what will run before a cluster is touched.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::capability::Capability;
use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Fields, Node, Yaml, nearest};
use crate::version::{Minor, Range, Version};

/// Versions and capabilities that must be given.
#[derive(Debug, Clone)]
pub struct When {
    /// The versions.
    pub kubernetes: Range,
    /// The capabilities, all of them.
    pub needs: BTreeSet<Capability>,
}

impl When {
    /// Everywhere.
    pub fn always() -> Self {
        Self { kubernetes: Range::any(), needs: BTreeSet::new() }
    }

    /// Whether it applies to a cluster of this version that can do this.
    pub fn applies(&self, version: &Version, has: &BTreeSet<Capability>) -> bool {
        self.kubernetes.contains(version) && self.needs.is_subset(has)
    }

    /// What applies only where both do.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let needs = self.needs.union(&other.needs).copied().collect();
        Self { kubernetes: self.kubernetes.and(&other.kubernetes), needs }
    }

    /// Whether both can apply to one cluster.
    pub fn meets(&self, other: &Self) -> bool {
        self.kubernetes.overlaps(&other.kubernetes)
    }

    pub(super) fn shape() -> Value {
        let shape = Shape::new().optional("kubernetes", shape::string()).optional("needs", shape::defined("needs"));
        shape::any_of(&[shape::string(), shape.finish()])
    }

    /// Reads `RANGE` or `{kubernetes?, needs?}`.
    pub(super) fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut when = Self::always();
        if !matches!(node.value, Yaml::Map(_)) {
            when.kubernetes = range("when", node, diagnostics).unwrap_or(when.kubernetes);
            return when;
        }
        let Some(mut fields) = Fields::of(node, "when", diagnostics) else { return when };
        let kubernetes = fields.optional("kubernetes").node();
        let needs = fields.optional("needs").strings();
        fields.finish();
        when.kubernetes = kubernetes.and_then(|node| range("kubernetes", node, diagnostics)).unwrap_or(when.kubernetes);
        when.needs = capabilities(needs.unwrap_or_default(), diagnostics);
        when
    }

    /// Whether wherever this applies, within `bounds`, one of `others` applies too.
    pub(super) fn is_covered(&self, bounds: &Self, others: &[&Self]) -> bool {
        let given: BTreeSet<Capability> = self.needs.union(&bounds.needs).copied().collect();
        let others: Vec<&Range> =
            others.iter().filter(|other| other.needs.is_subset(&given)).map(|other| &other.kubernetes).collect();
        // The common case needs no look at versions: a range without bounds is in every place.
        let every = Range::any();
        others.iter().any(|range| **range == every || **range == self.kubernetes)
            || sample().all(|version| {
                let applies = self.kubernetes.contains(&version) && bounds.kubernetes.contains(&version);
                !applies || others.iter().any(|range| range.contains(&version))
            })
    }
}

/// Versions enough to tell ranges apart: every minor there may be, with patches low and high.
fn sample() -> impl Iterator<Item = Version> {
    let version = |minor, patch| Version { minor: Minor { major: 1, minor }, patch, suffix: String::new() };
    (0..80).flat_map(move |minor| (0..=30).map(move |patch| version(minor, patch)))
}

/// Reads a range of versions in the field `name`.
pub(super) fn range(name: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<Range> {
    let diagnostic = match &node.value {
        Yaml::String(text) => match text.parse::<Range>() {
            Ok(range) => return Some(range),
            Err(error) => Diagnostic::new(node.at.clone(), error.to_string()).help(error.help),
        },
        Yaml::Number(number) => {
            let written = node.at.text();
            let message = if written == number.to_string() {
                format!("`{name}` must be a string, this is a number")
            } else {
                format!("`{name}` must be a string: {written} as a number is {number}")
            };
            Diagnostic::new(node.at.clone(), message).help(format!("write it in quotes: \"{written}\""))
        }
        _ => {
            let message = format!("`{name}` must be a range of versions, this is {}", node.what());
            Diagnostic::new(node.at.clone(), message).help("write for example \">=1.21\"")
        }
    };
    diagnostics.push(diagnostic);
    None
}

/// The words of a `needs:`, with what they mean.
pub(super) fn capabilities_shape() -> Value {
    let known = Capability::ALL.map(|known| json!({"const": known.word(), "description": known.doc()}));
    json!({"type": "array", "items": {"oneOf": known}})
}

/// Reads the words of a `needs:`.
pub(super) fn capabilities(words: Vec<(&str, &At)>, diagnostics: &mut Diagnostics) -> BTreeSet<Capability> {
    let mut needs = BTreeSet::new();
    for (word, at) in words {
        if let Some(capability) = Capability::from_word(word) {
            needs.insert(capability);
            continue;
        }
        let known = Capability::ALL.map(Capability::word);
        let meant = nearest(word, known).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let help = format!("{meant}there are: {}", known.join(", "));
        diagnostics.push(Diagnostic::new(at.clone(), format!("`{word}` is no capability of a cluster")).help(help));
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(range: &str) -> When {
        When { kubernetes: range.parse().unwrap(), ..When::always() }
    }

    #[test]
    fn what_is_set_where_it_is_read_is_covered() {
        let bounds = when(">=1.22");
        assert!(when(">=1.24").is_covered(&bounds, &[&When::always()]));
        assert!(when(">=1.25").is_covered(&bounds, &[&when(">=1.24")]));
        assert!(When::always().is_covered(&bounds, &[&when("<1.24"), &when(">=1.24")]));
        assert!(When::always().is_covered(&bounds, &[&when(">=1.22")]));
        assert!(!When::always().is_covered(&bounds, &[&when(">=1.24")]));
        assert!(!when(">=1.24").is_covered(&bounds, &[]));
        let needing = When { needs: BTreeSet::from([Capability::Kubectl]), ..When::always() };
        assert!(!When::always().is_covered(&bounds, &[&needing]));
        assert!(needing.is_covered(&bounds, &[&needing]));
    }
}
