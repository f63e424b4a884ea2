//! Label and field selectors.

use serde_json::Value;

use super::labels::{self, Requirement};
use crate::profile::Profile;
use crate::request::{Attributes, Query};
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::Outcome;

/// What a list or a watch is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

impl Selector {
    pub(super) fn of(query: &Query, resource: &Resource, profile: &Profile) -> Outcome<Self> {
        let labels = labels(query, profile)?;
        let fields = fields(query.get("fieldSelector").unwrap_or_default(), resource)?;
        Ok(Self { labels, fields })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The value that a field has to have, where it may have one only.
    pub(super) fn exact(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(known, equal, _)| *equal && known == field).map(|(_, _, value)| value.as_str())
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|requirement| requirement.is_met(labels))
            && self.fields.iter().all(|(field, equal, value)| (at(object, field) == *value) == *equal)
    }
}

fn labels(query: &Query, profile: &Profile) -> Outcome<Vec<Requirement>> {
    labels::parse(query.get("labelSelector").unwrap_or_default(), profile).map_err(Refusal::bad_request)
}

/// What is asked for, with the name that a list or a watch is of by its field selector: it is what may be allowed. Of
/// selectors that cannot be read nothing is known.
pub(super) fn named(attributes: &Attributes, query: &Query, profile: &Profile) -> Attributes {
    if labels(query, profile).is_ok() { attributes.named_by(query) } else { attributes.clone() }
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
