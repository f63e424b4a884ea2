//! The tree of a YAML document, each node with its place. What is decoded from it keeps places, never YAML.

use serde_json::{Number, Value};

use super::At;

/// A value and where it is written.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Yaml,
    /// Where it is written; `at.text()` is a scalar as written, `1.30` where the value is 1.3.
    pub at: At,
}

/// What a node can be: JSON's values, with the order and the places of the text.
#[derive(Debug, Clone)]
pub enum Yaml {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`, and no other word.
    Bool(bool),
    /// A decimal number.
    Number(Number),
    /// Text, whichever way it was quoted.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text; no key occurs twice.
    Map(Vec<(Key, Node)>),
}

/// The key of an entry of a mapping.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key; one that YAML would read as a number or a bool is taken as it is written.
    pub text: String,
    /// Where it is written.
    pub at: At,
}

impl Node {
    /// Every text in it, keys included.
    pub fn strings(&self) -> Vec<&str> {
        match &self.value {
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => Vec::new(),
            Yaml::String(text) => vec![text],
            Yaml::List(elements) => elements.iter().flat_map(Self::strings).collect(),
            Yaml::Map(entries) => entries
                .iter()
                .flat_map(|(key, node)| std::iter::once(key.text.as_str()).chain(node.strings()))
                .collect(),
        }
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// Key and value of an entry of a mapping.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries().iter().find(|(candidate, _)| candidate.text == key)
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list, or the node itself: what may be written as `X` or `[X, X]`.
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Yaml::List(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Yaml::String(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, as messages say it: `a list`.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Yaml::Null => "empty",
            Yaml::Bool(_) => "a boolean",
            Yaml::Number(_) => "a number",
            Yaml::String(_) => "a string",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }

    /// The value without places.
    pub fn to_json(&self) -> Value {
        match &self.value {
            Yaml::Null => Value::Null,
            Yaml::Bool(value) => Value::Bool(*value),
            Yaml::Number(value) => Value::Number(value.clone()),
            Yaml::String(value) => Value::String(value.clone()),
            Yaml::List(elements) => elements.iter().map(Self::to_json).collect(),
            Yaml::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect(),
        }
    }

    /// Replaces texts: every string and every key for which `change` has another one.
    pub fn rewrite(&mut self, change: &dyn Fn(&str) -> Option<String>) {
        let apply = |text: &mut String| {
            if let Some(changed) = change(text) {
                *text = changed;
            }
        };
        match &mut self.value {
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => {}
            Yaml::String(text) => apply(text),
            Yaml::List(elements) => elements.iter_mut().for_each(|node| node.rewrite(change)),
            Yaml::Map(entries) => {
                for (key, node) in entries {
                    apply(&mut key.text);
                    node.rewrite(change);
                }
            }
        }
    }

    /// How many nodes it is made of, itself included.
    pub(super) fn size(&self) -> usize {
        1 + match &self.value {
            Yaml::List(elements) => elements.iter().map(Self::size).sum(),
            Yaml::Map(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
            _ => 0,
        }
    }
}
