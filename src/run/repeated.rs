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

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use serde_json::json;

    use super::*;
    use crate::scenario;

    #[test]
    fn a_name_is_the_cases_own_within_and_a_mapping_of_all_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("x.yaml")).unwrap();
        let text = "scenario: x\nnamespace: some-demo\nsteps:\n\
                    - {name: a, foreach: {one: {n: 1}, two: {}}, get: {kind: Pod, name: 'p-${case.n}'}}\n\
                    - {name: b, foreach: {three: {}}, get: {kind: Pod, name: p}}\n\
                    - {get: {kind: Pod, name: '${a.two}'}}\n";
        std::fs::write(&path, text).unwrap();
        let files = scenario::load(&[path]).unwrap();
        let (mut repeated, mut scope) = (Repeated::default(), Scope::new());
        let mut seen = Vec::new();
        for (number, step) in files[0].scenario.steps.iter().enumerate() {
            repeated.enter(step, &mut scope).unwrap();
            seen.push((scope.get("case").unwrap()["n"].clone(), scope.get("a").map(|a| Value::clone(a))));
            if let Some(name) = &step.name {
                let value = Arc::new(json!(number));
                repeated.keep(step, &name.variable(), &value);
                scope.set(name.variable(), value);
            }
        }
        let all = Some(json!({"one": 0, "two": 1}));
        let (n, absent) = (json!(1), Value::Null);
        assert_eq!(seen, [(n, None), (absent.clone(), Some(json!(0))), (absent.clone(), all.clone()), (absent, all)]);
        assert_eq!(scope.get("b").unwrap()["three"], 2);
    }
}
