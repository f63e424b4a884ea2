//! Objects as tables, which kubectl prints, and their metadata alone.

mod age;
mod cells;
mod pods;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::{Answer, Content};
use crate::facts;
use crate::profile::Profile;
use crate::request::Request;
use crate::resources::Resource;
use crate::status::Refusal;
use crate::world::{Outcome, World};

/// The columns of each resource, as `RESOURCE COLUMN` after the minors.
static FACTS: &str = include_str!("../../facts/tables.txt");

/// In which form objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct As {
    form: Form,
    /// Of the format.
    version: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    /// The metadata of one.
    Partial,
    /// The metadata of many.
    Partials,
}

/// What a row of a table has of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Include {
    Nothing,
    Metadata,
    Object,
}

/// What `Accept` asks for beside the object itself: the first that can be had.
pub(crate) fn wanted(accept: &str) -> Option<As> {
    match accept.split(',').map(of_clause).find(|clause| *clause != Clause::Unknown) {
        Some(Clause::As(wanted)) => Some(wanted),
        _ => None,
    }
}

/// What one clause asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// What cannot be had.
    Unknown,
    Itself,
    As(As),
}

fn of_clause(clause: &str) -> Clause {
    let mut parts = clause.split(';').map(str::trim);
    if !matches!(parts.next(), Some("application/json" | "application/*" | "*/*")) {
        return Clause::Unknown;
    }
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let get = |key: &str| parameters.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let form = match get("as") {
        None => return Clause::Itself,
        Some("Table") => Form::Table,
        Some("PartialObjectMetadata") => Form::Partial,
        Some("PartialObjectMetadataList") => Form::Partials,
        Some(_) => return Clause::Unknown,
    };
    let version = match (get("g"), get("v")) {
        (Some("meta.k8s.io"), Some("v1")) => "meta.k8s.io/v1",
        (Some("meta.k8s.io"), Some("v1beta1")) => "meta.k8s.io/v1beta1",
        _ => return Clause::Unknown,
    };
    Clause::As(As { form, version })
}

/// An answer in the form that is asked for. What is no object of the resource is left as it is.
pub(crate) fn shown(
    world: &World,
    request: &Request,
    resource: &'static Resource,
    mut answer: Answer,
) -> Outcome<Answer> {
    let accept = request.header("accept");
    let Some(wanted) = wanted(accept) else {
        return if is_acceptable(accept) { Ok(answer) } else { Err(not_acceptable()) };
    };
    let Content::Json(object) = &answer.content else { return Ok(answer) };
    if object["kind"] == "Status" {
        return Ok(answer);
    }
    let include = match request.query.get("includeObject").unwrap_or_default() {
        "" | "Metadata" => Include::Metadata,
        "None" => Include::Nothing,
        "Object" => Include::Object,
        other if wanted.form == Form::Table => {
            return Err(Refusal::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', \
                 'Object', 'None', or empty"
            )));
        }
        _ => Include::Metadata,
    };
    let shown = render(&world.profile, world.now(), resource, object, wanted, include)?;
    answer.content = Content::Json(Arc::new(shown));
    Ok(answer)
}

/// The object of a watch event in that form. Each table has its columns, which a server sends in the first event only.
pub(crate) fn of_event(world: &World, resource: &'static Resource, object: Value, shown: As) -> Value {
    // One object is no list, so that a list of them is what does not fit.
    let shown = if shown.form == Form::Partials { As { form: Form::Partial, ..shown } } else { shown };
    render(&world.profile, world.now(), resource, &object, shown, Include::Metadata).unwrap_or(object)
}

/// Whether some clause is JSON, or nothing is asked for; what JSON can be beside the object itself is seen to elsewhere.
fn is_acceptable(accept: &str) -> bool {
    let mut clauses = accept.split(',').map(str::trim).filter(|clause| !clause.is_empty()).peekable();
    let is_json = |clause: &str| clause.starts_with("application/json");
    clauses.peek().is_none()
        || !clauses.clone().all(is_json)
        || clauses.any(|clause| of_clause(clause) != Clause::Unknown)
}

fn not_acceptable() -> Refusal {
    let message = "only the following media types are accepted: application/json, application/yaml, \
                   application/vnd.kubernetes.protobuf";
    Refusal::new(406, "NotAcceptable", message)
}

fn render(
    profile: &Profile,
    now: Timestamp,
    resource: &Resource,
    object: &Value,
    wanted: As,
    include: Include,
) -> Outcome<Value> {
    let list = object["kind"].as_str().is_some_and(|kind| kind.strip_suffix("List") == Some(resource.kind));
    let items = object["items"].as_array().filter(|_| list);
    let go_type = || {
        let package = resource.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
        format!("(*{package}.{}{})", resource.kind, if list { "List" } else { "" })
    };
    let unfit = |message: String| Err(Refusal::new(406, "NotAcceptable", message));
    match (wanted.form, items) {
        (Form::Partial, None) => Ok(partial(object, wanted.version)),
        (Form::Partial, Some(_)) => {
            unfit(format!("you requested PartialObjectMetadata, but the requested object is a list {}", go_type()))
        }
        (Form::Partials, None) => unfit(format!(
            "you requested PartialObjectMetadataList, but the requested object is not a list {}",
            go_type()
        )),
        (Form::Partials, Some(items)) => {
            let items: Vec<Value> = items.iter().map(|item| partial(item, wanted.version)).collect();
            let kind = "PartialObjectMetadataList";
            Ok(json!({"kind": kind, "apiVersion": wanted.version, "metadata": object["metadata"], "items": items}))
        }
        (Form::Table, items) => {
            let columns = columns(profile, resource.plural);
            let all = items.map_or(std::slice::from_ref(object), Vec::as_slice);
            let row = |object: &Value| {
                let cell = |column: &Value| cells::cell(profile, now, resource, object, column["name"].as_str()?);
                let cells: Vec<Option<Value>> = columns.iter().map(cell).collect();
                let shown = match include {
                    Include::Nothing => Value::Null,
                    Include::Metadata => partial(object, wanted.version),
                    Include::Object => whole(object, resource),
                };
                let mut row = json!({"cells": cells, "object": shown});
                if resource.full == "pods"
                    && let Some(conditions) = pods::conditions(object)
                {
                    row["conditions"] = conditions;
                }
                row
            };
            let rows: Vec<Value> = all.iter().map(row).collect();
            let metadata = match items {
                Some(_) => object["metadata"].clone(),
                None => json!({"resourceVersion": object["metadata"]["resourceVersion"]}),
            };
            Ok(json!({
                "kind": "Table", "apiVersion": wanted.version, "metadata": metadata, "columnDefinitions": columns,
                "rows": rows,
            }))
        }
    }
}

fn columns(profile: &Profile, plural: &str) -> Vec<Value> {
    let of_resource =
        facts::lines(FACTS, profile).filter_map(|line| line.split_once(' ')).filter(|(name, _)| *name == plural);
    of_resource.filter_map(|(_, column)| serde_json::from_str(column).ok()).collect()
}

fn partial(object: &Value, version: &str) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": object["metadata"]})
}

/// An object that says what it is, which those of a list do not.
fn whole(object: &Value, resource: &Resource) -> Value {
    let mut object = object.clone();
    object["kind"] = resource.kind.into();
    object["apiVersion"] = resource.api_version().into();
    object
}

#[cfg(test)]
mod tests;
