//! The variables that expressions and templates see.

use std::sync::Arc;

use serde_json::Value;

/// Names and their values. Cloning copies pointers, so a step extends a copy with names of its own and drops it.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    variables: Vec<(Arc<str>, Arc<Value>)>,
}

impl Scope {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a name a value, from now on.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<Value>>) {
        let (name, value) = (name.into(), value.into());
        match self.variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name, value)),
        }
    }

    /// The same variables and one more.
    #[must_use]
    pub fn with(&self, name: impl Into<Arc<str>>, value: impl Into<Arc<Value>>) -> Self {
        let mut scope = self.clone();
        scope.set(name, value);
        scope
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Value>> {
        self.variables.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }
}
