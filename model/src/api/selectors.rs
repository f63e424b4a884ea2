//! Label and field selectors.

use serde_json::Value;

use crate::request::Query;
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::Outcome;

/// What a list or a watch is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    DoesNotExist(String),
    Greater(String, i64),
    Less(String, i64),
}

impl Selector {
    pub(super) fn of(query: &Query, resource: &Resource) -> Outcome<Self> {
        let labels = labels(query.get("labelSelector").unwrap_or_default())?;
        let fields = fields(query.get("fieldSelector").unwrap_or_default(), resource)?;
        Ok(Self { labels, fields })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|requirement| requirement.is_met(labels))
            && self.fields.iter().all(|(field, equal, value)| (at(object, field) == *value) == *equal)
    }
}

impl Requirement {
    fn is_met(&self, labels: &Value) -> bool {
        let value = |key: &String| labels.get(key).and_then(Value::as_str);
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.iter().any(|known| known == value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|known| known != value)),
            Self::Exists(key) => value(key).is_some(),
            Self::DoesNotExist(key) => value(key).is_none(),
            Self::Greater(key, than) => {
                value(key).and_then(|value| value.parse::<i64>().ok()).is_some_and(|value| value > *than)
            }
            Self::Less(key, than) => {
                value(key).and_then(|value| value.parse::<i64>().ok()).is_some_and(|value| value < *than)
            }
        }
    }
}

/// The text of a field that selectors know; what is not there is empty.
fn at(object: &Value, field: &str) -> String {
    let found = field.split('.').fold(object, |object, part| &object[part]);
    match found {
        Value::String(text) => text.clone(),
        Value::Null if field == "spec.unschedulable" || field == "spec.hostNetwork" => "false".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn fields(text: &str, resource: &Resource) -> Outcome<Vec<(String, bool, String)>> {
    let mut fields = Vec::new();
    for term in text.split(',').filter(|term| !term.is_empty()) {
        let (field, equal, value) = match (term.split_once("!="), term.split_once("=="), term.split_once('=')) {
            (Some((field, value)), ..) => (field, false, value),
            (_, Some((field, value)), _) | (_, _, Some((field, value))) => (field, true, value),
            _ => return Err(Refusal::bad_request(format!("invalid selector: '{text}'; can't understand '{term}'"))),
        };
        let is_known = field == "metadata.name"
            || (field == "metadata.namespace" && resource.namespaced)
            || resource.fields.contains(&field);
        if !is_known {
            return Err(unknown_field(resource, field));
        }
        fields.push((field.to_owned(), equal, value.to_owned()));
    }
    Ok(fields)
}

fn unknown_field(resource: &Resource, field: &str) -> Refusal {
    let message = match resource.kind {
        "Pod" | "Node" | "Namespace" | "Secret" => format!("field label not supported: {field}"),
        _ => format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
    };
    Refusal::bad_request(message)
}

/// A list of requirements as `a=b,c in (d, e),!f`.
fn labels(text: &str) -> Outcome<Vec<Requirement>> {
    let unmodelled = || Refusal::not_modelled("the error of a label selector that cannot be read");
    let mut requirements = Vec::new();
    for term in terms(text) {
        let term = term.trim();
        let key = |text: &str| {
            let text = text.trim();
            let is_key = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c));
            is_key.then(|| text.to_owned()).ok_or_else(unmodelled)
        };
        let set = |text: &str| {
            let inner = text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')')).ok_or_else(unmodelled)?;
            Ok::<_, Refusal>(inner.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>())
        };
        let plain = |text: &str| {
            let text = text.trim();
            let is_value = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) && text.len() < 64;
            is_value.then(|| text.to_owned()).ok_or_else(unmodelled)
        };
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| unmodelled());
        let requirement = if let Some(rest) = term.strip_prefix('!') {
            Requirement::DoesNotExist(key(rest)?)
        } else if let Some((name, values)) = term.split_once(" notin ") {
            Requirement::NotIn(key(name)?, set(values)?)
        } else if let Some((name, values)) = term.split_once(" in ") {
            Requirement::In(key(name)?, set(values)?)
        } else if let Some((name, value)) = term.split_once("!=") {
            Requirement::NotIn(key(name)?, vec![plain(value)?])
        } else if let Some((name, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            Requirement::In(key(name)?, vec![plain(value)?])
        } else if let Some((name, value)) = term.split_once('>') {
            Requirement::Greater(key(name)?, number(value)?)
        } else if let Some((name, value)) = term.split_once('<') {
            Requirement::Less(key(name)?, number(value)?)
        } else {
            Requirement::Exists(key(term)?)
        };
        requirements.push(requirement);
    }
    Ok(requirements)
}

/// Parted by commas outside of parentheses.
fn terms(text: &str) -> Vec<&str> {
    let (mut terms, mut depth, mut begin) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                terms.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[begin..]);
    terms.retain(|term| !term.trim().is_empty());
    terms
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_selected_as_kubectl_writes_it() {
        let object = json!({"metadata": {"labels": {"a": "1", "b": "x"}}});
        let matches = |text: &str| Selector { labels: labels(text).unwrap(), fields: Vec::new() }.matches(&object);
        for text in [
            "",
            "a",
            "a=1",
            "a==1",
            "a!=2",
            "c!=1",
            "!c",
            "a in (1, 2)",
            "b notin (y,z),a",
            "a>0",
            "a<2",
            "c notin (x)",
        ] {
            assert!(matches(text), "{text}");
        }
        for text in ["c", "a=2", "a!=1", "!a", "a in (2)", "b notin (x,y)", "a>1", "c in (x)"] {
            assert!(!matches(text), "{text}");
        }
        assert!(labels("a=b=c").is_err());
    }
}
