//! What admission has to say of a `TokenRequest`.

use serde_json::{Value, json};

use crate::authz;
use crate::profile::Feature;
use crate::request::Attributes;
use crate::status::Refusal;
use crate::store::Key;
use crate::user::User;
use crate::world::{Outcome, World};

use super::review::texts;
use super::text;

/// The Namespace has to be there, and to stay (`NamespaceLifecycle`).
pub(super) fn namespace(world: &World, namespace: &str, account: &str) -> Outcome<()> {
    let stored = world.store.find("namespaces", "", namespace);
    let stored = stored.ok_or_else(|| Refusal::not_found("namespaces", namespace))?;
    if text(stored, "/status/phase") != "Terminating" {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut refusal = Refusal::forbidden("serviceaccounts", account, &why);
    let message = format!("namespace {namespace} is being terminated");
    let cause = json!({"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"});
    refusal.details.insert("causes".to_owned(), json!([cause]));
    Err(refusal)
}

/// A Node asks only for tokens of Pods that run on it (`NodeRestriction`).
pub(super) fn node(world: &World, user: &User, namespace: &str, account: &str, spec: &Value) -> Outcome<()> {
    let Some(node) = user.name.strip_prefix("system:node:").filter(|_| user.is_in("system:nodes")) else {
        return Ok(());
    };
    let forbidden = |why: &str| Err(Refusal::forbidden("serviceaccounts", account, why));
    if node.is_empty() {
        return forbidden(&format!("could not determine node from user {:?}", user.name));
    }
    let reference = &spec["boundObjectRef"];
    let (name, uid) = (text(reference, "/name"), text(reference, "/uid"));
    if text(reference, "/apiVersion") != "v1" || text(reference, "/kind") != "Pod" || name.is_empty() {
        return forbidden("node requested token not bound to a pod");
    }
    if uid.is_empty() {
        return forbidden("node requested token with a pod binding without a uid");
    }
    // From a cache, which says it in the singular.
    let pod = world.seen(&Key::new("pods", namespace, name)).ok_or_else(|| Refusal::not_found("pod", name))?;
    if text(&pod, "/metadata/uid") != uid {
        return forbidden(&format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been \
             deleted and then recreated"
        ));
    }
    if text(&pod, "/spec/nodeName") != node {
        return forbidden("node requested token bound to a pod scheduled on a different node");
    }
    if !world.profile.has(Feature::NodeAudiencesRestricted) {
        return Ok(());
    }
    let audiences = texts(&spec["audiences"]);
    let audience = match audiences.as_slice() {
        [] => "",
        [one] => one,
        _ => return forbidden("node may only request 0 or 1 audiences"),
    };
    if is_of_a_volume(&pod, audience) || has_right(world, user, namespace, account, audience) {
        return Ok(());
    }
    let has = |feature| world.profile.has(feature);
    let name = &user.name;
    forbidden(&if has(Feature::NodeAudienceRefusedByRight) {
        format!("{name} is not authorized to request tokens for audience {audience:?}")
    } else if has(Feature::NodeAudiencesByRight) {
        format!(
            "audience {audience:?} not found in pod spec volume, {name} is not authorized to request tokens for this audience"
        )
    } else {
        format!("audience {audience:?} not found in pod spec volume")
    })
}

/// Whether a volume of a Pod asks for a token of that audience.
fn is_of_a_volume(pod: &Value, audience: &str) -> bool {
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let sources = volumes.flat_map(|volume| volume["projected"]["sources"].as_array().into_iter().flatten());
    let mut tokens = sources.filter_map(|source| source.get("serviceAccountToken"));
    tokens.any(|token| text(token, "/audience") == audience)
}

fn has_right(world: &World, user: &User, namespace: &str, account: &str, audience: &str) -> bool {
    let attributes = Attributes {
        verb: "request-serviceaccounts-token-audience".to_owned(),
        version: "v1".to_owned(),
        resource: audience.to_owned(),
        namespace: namespace.to_owned(),
        name: account.to_owned(),
        is_resource: true,
        ..Attributes::default()
    };
    world.profile.has(Feature::NodeAudiencesByRight) && authz::authorize(world, user, &attributes).is_ok()
}
