//! The `TokenRequest`: a token of a `ServiceAccount`, for who has the right to it.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::Model;
use crate::answer::Answer;
use crate::clock::rfc3339;
use crate::profile::{Feature, Profile};
use crate::status::{Cause, Refusal};
use crate::user::User;
use crate::world::{Outcome, World};

use super::admit;
use super::review::texts;
use super::text;

/// With how many seconds the token of a Pod's volume is asked for; by that it is known.
const OF_A_VOLUME: i64 = 3607;
/// How long it lives all the same.
const EXTENDED: i64 = 365 * 24 * 60 * 60;
const KIND: &str = "TokenRequest.authentication.k8s.io";

/// `POST .../serviceaccounts/NAME/token`. `body` is decoded; what is said of fields stands in front of its own warnings.
pub(crate) fn request(world: &mut World, user: &User, namespace: &str, name: &str, body: &Value) -> Outcome<Answer> {
    let mut answer = body.clone();
    reset_metadata(&mut answer, &world.profile, world.profile.has(Feature::RequestsHaveUids));
    refuse_webhooks(world, body)?;
    let asked = text(&answer, "/metadata/namespace");
    if world.profile.has(Feature::RequestsFollowThePath) && !["", namespace].contains(&asked) {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Refusal::bad_request(message));
    }
    admit::namespace(world, namespace, name)?;
    admit::node(world, user, namespace, name, &body["spec"])?;

    let mut warnings = Vec::new();
    let seconds = body["spec"]["expirationSeconds"].as_i64().unwrap_or(3600);
    let account = if world.profile.has(Feature::RequestsFollowThePath) {
        let asked = text(&answer, "/metadata/name");
        if !["", name].contains(&asked) {
            let why = "must match the service account name if specified";
            return Err(Refusal::invalid(KIND, name, &[Cause::invalid("metadata.name", &asked.into(), why)]));
        }
        let account = account(world, namespace, name)?;
        answer["metadata"]["name"] = name.into();
        answer["metadata"]["namespace"] = namespace.into();
        answer["metadata"]["creationTimestamp"] = rfc3339(world.now()).into();
        warnings.extend(match_uid(&world.profile, &mut answer["metadata"], name, text(&account, "/metadata/uid"))?);
        validate(seconds)?;
        account
    } else {
        validate(seconds)?;
        account(world, namespace, name)?
    };
    let bound = bound_to(world, namespace, name, &body["spec"]["boundObjectRef"])?;

    let mut audiences = texts(&body["spec"]["audiences"]);
    if audiences.is_empty() {
        audiences.push(Model::ISSUER.to_owned());
    }
    let (seconds, shortened) = shorten(&world.profile, seconds);
    warnings.extend(shortened);
    let token = issue(world, &account, &bound, &audiences, seconds);

    let until = world.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(world.now());
    answer["spec"]["audiences"] = audiences.into();
    answer["spec"]["expirationSeconds"] = seconds.into();
    if answer["spec"]["boundObjectRef"].is_null() {
        answer["spec"]["boundObjectRef"] = Value::Null;
    }
    answer["status"] = json!({"token": token, "expirationTimestamp": rfc3339(until)});
    Ok(Answer::new(201, answer).with_warnings(warnings))
}

/// Wipes what only the server writes in the metadata of what is posted and not kept.
pub(super) fn reset_metadata(object: &mut Value, profile: &Profile, keeps_system_fields: bool) {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let Some(metadata) = object["metadata"].as_object_mut() else { return };
    if profile.has(Feature::SystemMetadataWiped) && !keeps_system_fields {
        for field in ["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "selfLink", "uid"] {
            metadata.remove(field);
        }
    }
    if profile.has(Feature::UnsetTimesAreNull) {
        metadata.entry("creationTimestamp").or_insert(Value::Null);
    }
}

fn account(world: &World, namespace: &str, name: &str) -> Outcome<Value> {
    let stored = world.store.find("serviceaccounts", namespace, name);
    stored.map(|account| Value::clone(account)).ok_or_else(|| Refusal::not_found("serviceaccounts", name))
}

/// The uid in the metadata, as far as it counts: a warning where it is wrong and that is let pass.
fn match_uid(profile: &Profile, metadata: &mut Value, name: &str, uid: &str) -> Outcome<Option<String>> {
    if !profile.has(Feature::RequestsHaveUids) {
        return Ok(None);
    }
    let asked = text(metadata, "/uid");
    if asked.is_empty() {
        metadata["uid"] = uid.into();
    } else if asked != uid {
        let why =
            format!("the UID in the token request ({asked}) does not match the UID of the service account ({uid})");
        if profile.has(Feature::RequestUidChecked) {
            return Err(Refusal::conflict(KIND, name, &why));
        }
        let gate = "TokenRequestServiceAccountUIDValidation";
        let more = format!("{why} but {gate} is not enabled. In the future, this will return a conflict error");
        return Ok(Some(more));
    }
    Ok(None)
}

fn validate(seconds: i64) -> Outcome<()> {
    let why = match seconds {
        ..600 => "may not specify a duration less than 10 minutes",
        600..=0x1_0000_0000 => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    Err(Refusal::invalid(KIND, "", &[Cause::invalid("spec.expirationSeconds", &seconds.into(), why)]))
}

/// What a token is bound to: its claims, each name and uid.
type Bound = Map<String, Value>;

fn bound_to(world: &World, namespace: &str, account: &str, reference: &Value) -> Outcome<Bound> {
    let mut bound = Bound::new();
    if !reference.is_object() {
        return Ok(bound);
    }
    let (kind, name, uid) = (text(reference, "/kind"), text(reference, "/name"), text(reference, "/uid"));
    let (group, version) = group_version(text(reference, "/apiVersion"));
    let get = |resource: &'static str, namespace: &str| {
        if name.is_empty() {
            return Err(Refusal::bad_request("Name parameter required."));
        }
        world.store.find(resource, namespace, name).cloned().ok_or_else(|| Refusal::not_found(resource, name))
    };
    let object = match (group, kind) {
        ("", "Pod") => {
            let pod = get("pods", namespace)?;
            if text(&pod, "/spec/serviceAccountName") != account {
                return Err(Refusal::bad_request(format!(
                    "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name."
                )));
            }
            let node = text(&pod, "/spec/nodeName");
            if world.profile.has(Feature::NodeOfPodInTokens) && !node.is_empty() {
                let stored = world.store.find("nodes", "", node);
                let claim = stored.map_or_else(|| json!({"name": node}), |node| claim(node));
                bound.insert("node".to_owned(), claim);
            }
            bound.insert("pod".to_owned(), claim(&pod));
            pod
        }
        ("", "Secret") => {
            let secret = get("secrets", namespace)?;
            bound.insert("secret".to_owned(), claim(&secret));
            secret
        }
        ("", "Node") if world.profile.has(Feature::NodesKnownToTokens) => {
            if !world.profile.has(Feature::TokensOfNodes) {
                let gate = "ServiceAccountTokenNodeBinding";
                let message = format!("cannot bind token to a Node object as the {gate:?} feature-gate is disabled");
                return Err(Refusal::bad_request(message));
            }
            let node = get("nodes", "")?;
            bound.insert("node".to_owned(), claim(&node));
            node
        }
        _ => {
            let message = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
            return Err(Refusal::bad_request(message));
        }
    };
    if !uid.is_empty() && uid != text(&object, "/metadata/uid") {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been \
             deleted and then recreated"
        );
        let kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        return Err(Refusal::conflict(&kind, name, &why));
    }
    Ok(bound)
}

fn claim(object: &Value) -> Value {
    json!({"name": text(object, "/metadata/name"), "uid": text(object, "/metadata/uid")})
}

/// Group and version of an `apiVersion`; what is none has neither.
fn group_version(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        None => ("", text),
        Some((_, version)) if version.contains('/') => ("", ""),
        Some((group, version)) => (group, version),
    }
}

/// As long as the API server lets tokens live; with what it says of that.
fn shorten(profile: &Profile, seconds: i64) -> (i64, Option<String>) {
    let most = profile.apiserver.get("service-account-max-token-expiration");
    let most = most.and_then(|text| super::duration(text)).map(|most| most.as_secs());
    match most.filter(|most| *most > 0 && seconds > *most) {
        Some(most) => {
            let warning = format!("requested expiration of {seconds} seconds shortened to {most} seconds");
            (most, Some(warning).filter(|_| profile.has(Feature::RequestsFollowThePath)))
        }
        None => (seconds, None),
    }
}

fn issue(world: &mut World, account: &Value, bound: &Bound, audiences: &[String], seconds: i64) -> String {
    let now = world.now().as_second();
    let (namespace, name) = (text(account, "/metadata/namespace"), text(account, "/metadata/name"));
    let mut about = bound.clone();
    about.insert("namespace".to_owned(), namespace.into());
    about.insert("serviceaccount".to_owned(), claim(account));

    let flag = world.profile.apiserver.get("service-account-extend-token-expiration");
    let extends = flag.is_none_or(|on| matches!(on.as_str(), "true" | "TRUE" | "True" | "t" | "T" | "1"));
    let is_ours = audiences.iter().all(|audience| audience == Model::ISSUER);
    let may = is_ours || !world.profile.has(Feature::RequestsFollowThePath);
    let mut lives = seconds;
    if extends && may && bound.contains_key("pod") && seconds == OF_A_VOLUME {
        about.insert("warnafter".to_owned(), (now + seconds).into());
        lives = EXTENDED;
    }
    let mut claims = json!({
        "aud": audiences, "exp": now + lives, "iat": now, "iss": Model::ISSUER, "kubernetes.io": about, "nbf": now,
        "sub": User::account_name(namespace, name),
    });
    if world.profile.has(Feature::TokenIds) {
        claims["jti"] = World::uid().into();
    }
    super::sign(world, &claims)
}

/// Tokens for webhooks are not modelled.
fn refuse_webhooks(world: &World, body: &Value) -> Outcome<()> {
    if !world.profile.has(Feature::WebhooksKnownToTokens) {
        return Ok(());
    }
    let reference = &body["spec"]["boundObjectRef"];
    let is_webhook = text(reference, "/kind").ends_with("WebhookConfiguration")
        && text(reference, "/apiVersion").starts_with("admissionregistration.k8s.io/");
    if is_webhook || body["spec"]["attestations"].as_object().is_some_and(|all| !all.is_empty()) {
        return Err(Refusal::not_modelled("a token for a webhook"));
    }
    Ok(())
}
