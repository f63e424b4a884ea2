//! What a sequence leaves open, filled in for one side: the suffix, and what earlier answers said.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use serde_json::Value;

use super::call::SUFFIX;

/// What stands where a reference leads nowhere, by the last key of its path: well-formed, and always wrong.
pub(super) const STAND_INS: [(&str, &str); 5] = [
    ("uid", "00000000-0000-0000-0000-000000000000"),
    ("resourceVersion", "1"),
    ("token", "no-token"),
    ("continue", "no-continue"),
    ("name", "gone"),
];

/// The one for every other key.
pub(super) const NOTHING: &str = "nothing";

/// What a side has answered so far.
#[derive(Debug, Default)]
pub(super) struct World {
    suffix: String,
    answers: BTreeMap<usize, Arc<Value>>,
    /// The references that led nowhere.
    pub(super) missing: BTreeSet<String>,
}

/// A reference to an answer, as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference<'t> {
    pub(super) at: Range<usize>,
    pub(super) call: usize,
    pub(super) path: &'t str,
    pub(super) decoded: bool,
}

/// The references in a text.
pub(super) fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| from + at)
        && let Some(end) = text[start..].find('}').map(|at| start + at)
    {
        from = end + 1;
        let inner = &text[start + 2..end];
        let (inner, decoded) = inner.strip_prefix("base64:").map_or((inner, false), |inner| (inner, true));
        if let Some((call, path)) = inner.split_once('.')
            && let Some(Ok(call)) = call.strip_prefix('c').map(str::parse)
        {
            found.push(Reference { at: start..from, call, path, decoded });
        }
    }
    found
}

/// What is taken for a reference that leads nowhere.
pub(super) fn stand_in(path: &str) -> &'static str {
    let last = path.rsplit('.').next().unwrap_or_default();
    STAND_INS.iter().find(|(key, _)| *key == last).map_or(NOTHING, |(_, text)| text)
}

impl World {
    pub(super) fn new(suffix: &str) -> Self {
        Self { suffix: suffix.to_owned(), ..Self::default() }
    }

    pub(super) fn answered(&mut self, call: usize, body: Arc<Value>) {
        self.answers.insert(call, body);
    }

    fn look_up(&self, reference: &Reference<'_>) -> Option<String> {
        let answer = self.answers.get(&reference.call)?;
        let found = reference.path.split('.').try_fold(&**answer, |value, key| value.get(key))?.as_str()?;
        if !reference.decoded {
            return (!found.is_empty()).then(|| found.to_owned());
        }
        String::from_utf8(STANDARD_PAD_INDIFFERENT.decode(found).ok()?).ok()
    }

    /// A text with everything filled in.
    pub(super) fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let references = references(text);
        if references.is_empty() && !text.contains(SUFFIX) {
            return text.into();
        }
        let mut filled = String::new();
        let mut copied = 0;
        for reference in references {
            filled += &text[copied..reference.at.start].replace(SUFFIX, &self.suffix);
            copied = reference.at.end;
            // What was answered has its suffix already.
            if let Some(found) = self.look_up(&reference) {
                filled += &found;
            } else {
                filled += stand_in(reference.path);
                self.missing.insert(text[reference.at.clone()].to_owned());
            }
        }
        filled += &text[copied..].replace(SUFFIX, &self.suffix);
        filled.into()
    }

    /// A value with all of its texts filled in.
    pub(super) fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into_owned().into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| (self.text(key).into_owned(), self.value(value))).collect()
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_answered_is_filled_in_and_what_was_not_is_wrong() {
        let mut world = World::new("-rhbcdfg");
        let answer = json!({"metadata": {"uid": "u-1"}, "data": {"token": "YWJj"}, "status": {"token": ""}});
        world.answered(3, answer.into());
        let filled = world.value(&json!({"a~": ["${c3.metadata.uid}", "x ${base64:c3.data.token} y~"], "n": 1}));
        assert_eq!(filled, json!({"a-rhbcdfg": ["u-1", "x abc y-rhbcdfg"], "n": 1}));
        assert!(world.missing.is_empty());
        for (text, expected) in [
            ("${c3.status.token}", "no-token"),
            ("${c9.metadata.resourceVersion}", "1"),
            ("${c9.metadata.uid}", "00000000-0000-0000-0000-000000000000"),
            ("${c3.metadata}", "nothing"),
        ] {
            assert_eq!(world.text(text), expected);
            assert!(world.missing.contains(text));
        }
        assert_eq!(world.text("${d3.x} ${c3"), "${d3.x} ${c3", "no references");
    }
}
