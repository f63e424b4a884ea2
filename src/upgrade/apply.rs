//! Manifests onto the cluster of the old version, as somebody applies a folder: in an order that works, and again as long
//! as what they need appears.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::error::RehearsalError;
use super::manifests::Manifest;
use super::order::{is_gate, order};
use super::place::{MANAGER, Place};
use super::refusal::{By, Refusal};
use super::served::Served;
use crate::cluster::{Exchange, Request};

/// How long something may be missing that an object needs, since the last one that found what it needs.
const PATIENCE: Duration = Duration::from_secs(12);

/// What came of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Applied {
    /// Why it is not on the cluster.
    pub(super) refusal: Option<Refusal>,
    /// What the server warned of.
    pub(super) warnings: Vec<String>,
}

/// Makes the Namespaces that objects name and nobody gives, and gives back their names.
pub(super) async fn make_namespaces(place: &Place<'_>, served: &Served) -> Result<Vec<String>, RehearsalError> {
    let given = place.manifests.iter().filter(|manifest| manifest.kind == "Namespace" && manifest.group().is_empty());
    let given: BTreeSet<&str> = given.map(|manifest| manifest.name.as_str()).collect();
    let named = place.manifests.iter().filter_map(|manifest| {
        match (served.homes(&manifest.api_version, &manifest.kind).first(), definition(place.manifests, manifest)) {
            (Some(resource), _) => place.namespace(manifest, resource.namespaced),
            (None, Some(definition)) => place.namespace(manifest, definition.body["spec"]["scope"] == "Namespaced"),
            (None, None) => None,
        }
    });
    let named: BTreeSet<&str> = named.filter(|name| !given.contains(name)).collect();
    let mut made = Vec::new();
    for name in named {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let exchange = place.send(Request::new(Method::POST, "/api/v1/namespaces").body(body)).await?;
        if exchange.is_success() {
            made.push(name.to_owned());
        }
    }
    Ok(made)
}

/// Applies all that stands in nobody's way, or all that does.
pub(super) async fn apply(
    place: &Place<'_>,
    gates: bool,
    applied: &mut [Applied],
    tell: &dyn Fn(&str),
) -> Result<(), RehearsalError> {
    let mut waiting = order(place.manifests);
    waiting.retain(|index| is_gate(&place.manifests[*index]) == gates);
    let (all, mut since) = (waiting.len(), Instant::now());
    while !waiting.is_empty() {
        tell(&format!("applying: {} of {all} objects are there", all - waiting.len()));
        let served = place.served().await?;
        let mut left = Vec::new();
        for index in &waiting {
            let manifest = &place.manifests[*index];
            let (now, is_final) = one(place, &served, manifest).await?;
            applied[*index] = now;
            if !is_final {
                left.push(*index);
            }
        }
        if left.len() < waiting.len() {
            since = Instant::now();
        } else if since.elapsed() > PATIENCE {
            break;
        } else {
            sleep(Duration::from_millis(300)).await;
        }
        waiting = left;
    }
    Ok(())
}

/// One attempt, and whether another one would come to the same.
async fn one(place: &Place<'_>, served: &Served, manifest: &Manifest) -> Result<(Applied, bool), RehearsalError> {
    let Some(resource) = served.find(&manifest.api_version, &manifest.kind) else {
        let message = format!("{} of {} is not served", manifest.kind, manifest.api_version);
        let refusal = Some(Refusal { by: By::NotServed, message });
        return Ok((Applied { refusal, ..Applied::default() }, definition(place.manifests, manifest).is_none()));
    };
    // As kubectl does: created, and only what is there already (`default` of anything) is changed.
    let path = format!("{}?{MANAGER}", place.collection(manifest, resource));
    let mut exchange = place.send(Request::new(Method::POST, path).body(manifest.body.clone())).await?;
    if already_there(&exchange) {
        let path = format!("{}?{MANAGER}&force=true", place.path(manifest, resource));
        exchange = place.send(applying(path, manifest.body.clone())).await?;
    }
    let refusal = Refusal::of(&exchange, place.mask);
    let is_final = refusal.is_none() || !may_pass_later(&exchange);
    let warnings = exchange.warnings.iter().map(|warning| place.mask.hide(warning)).collect();
    Ok((Applied { refusal, warnings }, is_final))
}

/// A server-side apply.
pub(super) fn applying(path: String, body: Value) -> Request {
    Request { content_type: "application/apply-patch+yaml", ..Request::new(Method::PATCH, path).body(body) }
}

/// Whether there is an object of that name.
pub(super) fn already_there(exchange: &Exchange) -> bool {
    exchange.status == 409 && exchange.body["reason"] == "AlreadyExists"
}

/// The `CustomResourceDefinition` among the manifests that makes this kind known.
pub(super) fn definition<'m>(manifests: &'m [Manifest], manifest: &Manifest) -> Option<&'m Manifest> {
    manifests.iter().find(|it| {
        let spec = &it.body["spec"];
        it.kind == "CustomResourceDefinition"
            && spec["group"] == manifest.group()
            && spec["names"]["kind"] == *manifest.kind
    })
}

/// Whether a refusal is about something that may still appear: a Namespace, a `ServiceAccount` of it, a kind.
fn may_pass_later(exchange: &Exchange) -> bool {
    let said = exchange.body["message"].as_str().unwrap_or_default();
    match exchange.status {
        404 | 409 | 429 | 500..=599 => true,
        403 => said.contains("not found") || said.contains("being terminated"),
        _ => false,
    }
}
