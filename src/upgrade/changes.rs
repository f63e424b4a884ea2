//! What differs between two states of an object, field by field.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// What is shown of a value at most.
const LONGEST: usize = 160;

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// Which: `spec.template.spec.containers[web].image`.
    pub(super) path: Path,
    /// What it was; none where it was not there.
    pub(super) before: Option<Value>,
    /// What it is; none where it is not there.
    pub(super) after: Option<Value>,
}

/// The way to a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// The element of a list with this `name`.
    Named(String),
    Index(usize),
}

impl Path {
    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether a value has something there.
    pub(super) fn is_in(&self, value: &Value) -> bool {
        let found = self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Named(name) => value.as_array()?.iter().find(|element| element["name"] == *name),
            Step::Index(index) => value.get(index),
        });
        found.is_some_and(|value| !value.is_null())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '/']) => write!(f, "[\"{key}\"]")?,
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Named(name) => write!(f, "[{name}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// As in `spec.suspend: false`, or with both values where both are there.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {}: {}", self.path, short(after)),
            (Some(before), None) => write!(f, "- {}: {}", self.path, short(before)),
            (before, after) => {
                let short = |value: &Option<Value>| value.as_ref().map(short).unwrap_or_default();
                write!(f, "~ {}: {} -> {}", self.path, short(before), short(after))
            }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => {
            let mut cut = text[..at].to_owned();
            // Writing to a String cannot fail.
            let _ = write!(cut, " ... ({} characters)", text.chars().count());
            cut
        }
        None => text,
    }
}

/// Every field that differs, in the order of the paths. What is `null` counts as not there.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&Path::default(), Some(before), Some(after), &mut found);
    found
}

fn compare(path: &Path, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    let (before, after) = (before.filter(|it| !it.is_null()), after.filter(|it| !it.is_null()));
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
            let mut keys: Vec<&String> = keys.collect();
            keys.sort();
            for key in keys {
                compare(&path.with(Step::Key(key.clone())), before.get(key), after.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => match (names(one), names(other)) {
            (Some(names), Some(others)) => {
                let all = names.iter().chain(others.iter().filter(|name| !names.contains(name)));
                for name in all {
                    let of = |list: &'_ [Value]| list.iter().position(|element| element["name"] == **name);
                    let (before, after) = (of(one).map(|at| &one[at]), of(other).map(|at| &other[at]));
                    compare(&path.with(Step::Named((*name).to_owned())), before, after, found);
                }
            }
            _ if one.len() == other.len() => {
                for (index, (before, after)) in one.iter().zip(other).enumerate() {
                    compare(&path.with(Step::Index(index)), Some(before), Some(after), found);
                }
            }
            _ => found.push(Change { path: path.clone(), before: before.cloned(), after: after.cloned() }),
        },
        _ => found.push(Change { path: path.clone(), before: before.cloned(), after: after.cloned() }),
    }
}

/// The names of the elements, where each has one of its own.
fn names(list: &[Value]) -> Option<Vec<&str>> {
    let names = list.iter().map(|element| element["name"].as_str()).collect::<Option<Vec<_>>>()?;
    let is_own = |(index, name): (usize, &&str)| !names[..index].contains(name);
    names.iter().enumerate().all(is_own).then_some(names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn lines(before: &Value, after: &Value) -> Vec<String> {
        changes(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn fields_are_named_by_their_path() {
        let before = json!({"spec": {"a": 1, "containers": [{"name": "web", "image": "x"}, {"name": "log"}], "l": [1, 2], "n": null}});
        let after = json!({"spec": {"b": true, "containers": [{"name": "log"}, {"name": "web", "image": "y", "p": 1}], "l": [1, 3], "m": {"a.b/c": "d"}}});
        let expected = [
            "- spec.a: 1",
            "+ spec.b: true",
            "~ spec.containers[web].image: \"x\" -> \"y\"",
            "+ spec.containers[web].p: 1",
            "~ spec.l[1]: 2 -> 3",
            "+ spec.m: {\"a.b/c\":\"d\"}",
        ];
        assert_eq!(lines(&before, &after), expected);
        assert_eq!(
            lines(&json!({"m": {"a.b/c": "d"}}), &json!({"m": {"a.b/c": "e"}})),
            [r#"~ m["a.b/c"]: "d" -> "e""#]
        );
        assert_eq!(lines(&json!([1]), &json!([1, 2])), ["~ : [1] -> [1,2]"]);
    }

    #[test]
    fn a_path_is_looked_up_in_another_value() {
        let [change] = &changes(&json!({"c": [{"name": "a"}]}), &json!({"c": [{"name": "a", "x": 1}]}))[..] else {
            panic!()
        };
        assert!(change.path.is_in(&json!({"c": [{"name": "b"}, {"name": "a", "x": 2}]})));
        assert!(!change.path.is_in(&json!({"c": [{"name": "a"}]})));
    }

    proptest! {
        #[test]
        fn equal_values_have_no_changes_and_different_ones_have_some(a in value(), b in value()) {
            prop_assert_eq!(changes(&a, &a), []);
            prop_assert_eq!(changes(&a, &b).is_empty(), a == b);
        }
    }

    /// Without `null`, which counts as nothing, and without lists whose order names hide.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), (0..4).prop_map(Value::from)];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }
}
