//! The variables of a `foreach`: within it, each case has its own by their plain names; after it, a name leads to a mapping
//! from the cases that ran to their values: `filled["first"]`, `filled.first`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::scenario::{CASE, Step};
use crate::syntax::{Scope, TemplateError};

/// What the cases of the `foreach` that is running have set so far.
#[derive(Default)]
pub(super) struct Repeated {
    foreach: Option<usize>,
    variables: BTreeMap<String, Map<String, Value>>,
}

impl Repeated {
    /// To be called before each step: gives `case` its value, and ends the `foreach` that the step is no longer in.
    pub(super) fn enter(&mut self, step: &Step, scope: &mut Scope) -> Result<(), TemplateError> {
        let foreach = step.foreach().map(|(foreach, _)| foreach);
        if foreach != self.foreach {
            self.foreach = foreach;
            for (name, values) in std::mem::take(&mut self.variables) {
                scope.set(name, Value::Object(values));
            }
        }
        if let Some(case) = &step.case {
            let value = case.value(scope)?;
            scope.set(CASE, value);
        }
        Ok(())
    }

    /// Keeps a variable that a step has set.
    pub(super) fn keep(&mut self, step: &Step, name: &str, value: &Arc<Value>) {
        if let Some((_, case)) = step.foreach() {
            self.variables.entry(name.to_owned()).or_default().insert(case.to_owned(), Value::clone(value));
        }
    }
}
