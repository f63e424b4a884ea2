//! What dead runs have left on a cluster, and its removal.
//!
//! Nothing is deleted for its name alone. A run marks its Namespace with a label that holds its suffix, and API servers
//! write down who wrote an object: whatever carries the suffix of a run, and is either marked or written by us, is ours.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::discovery;
use super::session::MANAGER;
use super::{Cluster, Exchange, Identity, RUN_LABEL, Request, SendError, Session};
use crate::suffix;

/// Why something on a cluster could not be removed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SweepError {
    /// No answer came.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Send(#[from] SendError),
    /// It was refused.
    #[error("{}", _0.refusal())]
    #[diagnostic(help("the context's user must be allowed to list and delete what runs make"))]
    Refused(Box<Exchange>),
}

/// Deletes what runs have made outside of any Namespace, their Namespaces above all, and not deleted. Gives back the
/// paths; Namespaces are gone when their contents are.
///
/// A run that is going on has such objects too.
pub async fn sweep(cluster: &Cluster) -> Result<Vec<String>, SweepError> {
    let own = cluster.session(&Identity::Own)?;
    let marked = format!("/api/v1/namespaces?labelSelector={RUN_LABEL}");
    let marked = items(&accepted(own.send(Request::new(Method::GET, marked)).await?)?);
    let runs: BTreeSet<String> =
        marked.iter().filter_map(|namespace| Some(suffix::of(name(namespace)?)?.to_owned())).collect();
    let mut found: Vec<(String, Value)> =
        marked.into_iter().map(|namespace| ("/api/v1/namespaces".to_owned(), namespace)).collect();
    for collection in discovery::cluster_wide(&own).await {
        let exchange = own.send(Request::list_of_metadata(&collection)).await?;
        // What cannot be listed cannot have been made under a name either, or not by this user.
        if exchange.is_success() {
            found.extend(items(&exchange).into_iter().map(|object| (collection.clone(), object)));
        }
    }
    let mut deleted = BTreeSet::new();
    for (collection, object) in &found {
        if is_left(object, &runs)
            && let Some(path) = delete(&own, collection, object).await?
        {
            deleted.insert(path);
        }
    }
    Ok(deleted.into_iter().collect())
}

/// Whether an object is a run's and is not being deleted.
fn is_left(object: &Value, runs: &BTreeSet<String>) -> bool {
    let metadata = &object["metadata"];
    let Some(suffix) = name(object).and_then(suffix::of) else { return false };
    let managers = metadata["managedFields"].as_array().into_iter().flatten();
    let is_written_by_us = || managers.into_iter().any(|field| field["manager"] == MANAGER);
    metadata["deletionTimestamp"].is_null() && (runs.contains(suffix) || is_written_by_us())
}

/// Deletes just this object; none if it is gone, or another by now.
async fn delete(own: &Session, collection: &str, object: &Value) -> Result<Option<String>, SweepError> {
    let Some(name) = name(object) else { return Ok(None) };
    let path = format!("{collection}/{name}");
    let options = json!({"preconditions": {"uid": object["metadata"]["uid"]}});
    let exchange = own.send(Request::new(Method::DELETE, &path).body(options)).await?;
    if matches!(exchange.status, 404 | 409) {
        return Ok(None);
    }
    accepted(exchange).map(|_| Some(path))
}

fn accepted(exchange: Exchange) -> Result<Exchange, SweepError> {
    if exchange.is_success() { Ok(exchange) } else { Err(SweepError::Refused(Box::new(exchange))) }
}

fn items(exchange: &Exchange) -> Vec<Value> {
    exchange.body["items"].as_array().cloned().unwrap_or_default()
}

fn name(object: &Value) -> Option<&str> {
    object["metadata"]["name"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, manager: &str) -> Value {
        json!({"metadata": {"name": name, "managedFields": [{"manager": "other"}, {"manager": manager}]}})
    }

    #[test]
    fn a_name_alone_makes_nothing_ours() {
        let runs = BTreeSet::from(["rh4k2qx".to_owned()]);
        assert!(is_left(&object("role-rh4k2qx", "kubectl"), &runs), "the suffix of a marked Namespace");
        assert!(is_left(&object("role-rh9k9qx", MANAGER), &runs), "written by us");
        assert!(!is_left(&object("role-rh9k9qx", "kubectl"), &runs));
        assert!(!is_left(&object("role", MANAGER), &runs));
        let mut going = object("role-rh9k9qx", MANAGER);
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(!is_left(&going, &runs));
    }
}
