//! Reviews of access: who may do what, and who somebody is. None of them is stored.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::authz::{self, Decision};
use crate::clock::rfc3339;
use crate::profile::{Feature, Profile};
use crate::request::Attributes;
use crate::status::{Cause, Refusal};
use crate::user::User;
use crate::world::{Outcome, World};

const GROUP: &str = "authorization.k8s.io";

/// The answer to the `POST` of a review. `body` is decoded; `attributes` are those of the request.
pub(crate) fn review(world: &World, user: &User, attributes: &Attributes, body: &Value) -> Outcome<Answer> {
    let (kind, asker) = match attributes.resource.as_str() {
        "subjectaccessreviews" => ("SubjectAccessReview", None),
        "selfsubjectaccessreviews" => ("SelfSubjectAccessReview", Some(user)),
        "localsubjectaccessreviews" => ("LocalSubjectAccessReview", None),
        "selfsubjectrulesreviews" => return rules_review(world, user, body),
        "selfsubjectreviews" => return Ok(self_review(world, user, attributes)),
        _ => return Err(Refusal::no_such_path()),
    };
    access_review(world, kind, asker, attributes, body)
}

/// Whether somebody (`asker`, or who is named in the body) may do something.
fn access_review(
    world: &World,
    kind: &str,
    asker: Option<&User>,
    attributes: &Attributes,
    body: &Value,
) -> Outcome<Answer> {
    let profile = &world.profile;
    let mut review = body.clone();
    let is_local = kind == "LocalSubjectAccessReview";
    let namespace = if is_local { local_namespace(profile, attributes, body)? } else { "" };
    let others = |key: &&String| key.as_str() != "managedFields" && !(is_local && key.as_str() == "namespace");
    let said = body["metadata"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    if let Some(key) = said.map(|(key, _)| key).find(others) {
        // The server shows all the metadata of what it refuses, as its memory has them.
        return Err(Refusal::not_modelled(format_args!("metadata.{key} of a {kind}")));
    }
    if !profile.has(Feature::SelectorsInReviews)
        && let Some(resource) = review.pointer_mut("/spec/resourceAttributes").and_then(Value::as_object_mut)
    {
        resource.remove("fieldSelector");
        resource.remove("labelSelector");
    }
    let spec = &review["spec"];
    let mistakes = mistakes(profile, spec, asker.is_none(), is_local.then_some(namespace))?;
    if !mistakes.is_empty() {
        // The server knows no kind at this point.
        return Err(Refusal::invalid(".authorization.k8s.io", "", &mistakes));
    }
    if is_local && namespace != attributes.namespace {
        let path = &attributes.namespace;
        return Err(Refusal::bad_request(format!("spec.resourceAttributes.namespace must match namespace: {path}")));
    }
    let named;
    let who = if let Some(asker) = asker {
        asker
    } else {
        named = subject(spec);
        &named
    };
    let (wanted, error) = wanted(spec);
    let Decision { is_allowed, reason } = authz::decide(world, who, &wanted)?;
    let mut status = json!({"allowed": is_allowed});
    if !reason.is_empty() {
        status["reason"] = reason.into();
    }
    if let Some(error) = error {
        status["evaluationError"] = error.into();
    }
    review["status"] = status;
    review["kind"] = kind.into();
    review["apiVersion"] = format!("{GROUP}/{}", attributes.version).into();
    let managed = body["metadata"].get("managedFields");
    review["metadata"] = metadata(profile);
    if let Some(managed) = managed {
        review["metadata"]["managedFields"] = managed.clone();
    }
    if is_local {
        review["metadata"]["namespace"] = namespace.into();
    }
    Ok(Answer::new(201, review))
}

/// What is set of an object that is not stored.
fn metadata(profile: &Profile) -> Value {
    if profile.has(Feature::UnsetTimesAreNull) { json!({"creationTimestamp": null}) } else { json!({}) }
}

/// The Namespace of a review in one: once only what the body says counted.
fn local_namespace<'a>(profile: &Profile, attributes: &'a Attributes, body: &'a Value) -> Outcome<&'a str> {
    let said = body["metadata"]["namespace"].as_str().unwrap_or_default();
    if !profile.has(Feature::RequestsFollowThePath) {
        return Ok(said);
    }
    if said.is_empty() || said == attributes.namespace {
        return Ok(&attributes.namespace);
    }
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    Err(Refusal::bad_request(message))
}

fn is_set(value: &Value) -> bool {
    !value.is_null()
}

fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    object[key].as_str().unwrap_or_default()
}

/// The mistakes in the `spec` of a review; in a local one, its Namespace is given.
fn mistakes(profile: &Profile, spec: &Value, names_somebody: bool, local: Option<&str>) -> Outcome<Vec<Cause>> {
    let (resource, other) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let mut causes = Vec::new();
    let exactly_one = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    let is_union = profile.has(Feature::ReviewsAreUnions);
    if is_set(resource) && is_set(other) {
        causes.push(if is_union {
            shown(profile, "spec", other, exactly_one)
        } else {
            let detail = "cannot be specified in combination with resourceAttributes";
            shown(profile, "spec.nonResourceAttributes", other, detail)
        });
    }
    if !is_set(resource) && !is_set(other) {
        let field = if is_union { "spec" } else { "spec.resourceAttributes" };
        causes.push(shown(profile, field, &Value::Null, exactly_one));
    }
    let has_groups = spec["groups"].as_array().is_some_and(|groups| !groups.is_empty());
    if names_somebody && text(spec, "user").is_empty() && !has_groups {
        causes.push(Cause::invalid("spec.user", &"".into(), "at least one of user or group must be specified"));
    }
    selector_mistakes(resource, &mut causes)?;
    if let Some(namespace) = local {
        let said = text(resource, "namespace");
        if is_set(resource) && said != namespace {
            let field = "spec.resourceAttributes.namespace";
            causes.push(Cause::invalid(field, &said.into(), "must match metadata.namespace"));
        }
        if is_set(other) {
            causes.push(shown(profile, "spec.nonResourceAttributes", other, "disallowed on this kind of request"));
        }
    }
    Ok(causes)
}

/// A mistake in the attributes of a path, or in nothing; both were shown as Go writes them for a while.
fn shown(profile: &Profile, field: &str, value: &Value, detail: &str) -> Cause {
    let (path, verb) = (text(value, "path"), text(value, "verb"));
    let shown = match (value.is_null(), profile.has(Feature::StructsInMistakesAreJson)) {
        (true, true) => "null".to_owned(),
        (true, false) => "\"null\"".to_owned(),
        (false, true) => json!({"Path": path, "Verb": verb}).to_string(),
        (false, false) => format!("authorization.NonResourceAttributes{{Path:{path:?}, Verb:{verb:?}}}"),
    };
    let message = format!("Invalid value: {shown}: {detail}");
    Cause { reason: "FieldValueInvalid", field: field.to_owned(), message }
}

fn selector_mistakes(resource: &Value, causes: &mut Vec<Cause>) -> Outcome<()> {
    for key in ["fieldSelector", "labelSelector"] {
        let selector = &resource[key];
        if selector["requirements"].as_array().is_some_and(|list| !list.is_empty())
            || key == "labelSelector" && is_set(selector)
        {
            return Err(Refusal::not_modelled(format_args!("the field spec.resourceAttributes.{key} of a review")));
        }
        if is_set(selector) && text(selector, "rawSelector").is_empty() {
            let field = format!("spec.resourceAttributes.{key}");
            let detail = format!("when {field} is specified, requirements or rawSelector is required");
            causes.push(Cause::required(format!("{field}.requirements"), &detail));
        }
    }
    Ok(())
}

/// Whom a review asks about.
fn subject(spec: &Value) -> User {
    let texts =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let extra: BTreeMap<String, Vec<String>> =
        spec["extra"].as_object().into_iter().flatten().map(|(key, values)| (key.clone(), texts(values))).collect();
    User {
        name: text(spec, "user").to_owned(),
        uid: text(spec, "uid").to_owned(),
        groups: texts(&spec["groups"]),
        extra,
    }
}

/// What a review asks about, and what of it cannot be read.
fn wanted(spec: &Value) -> (Attributes, Option<String>) {
    let (resource, other) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let of = |object: &Value, key: &str| text(object, key).to_owned();
    if is_set(other) {
        return (Attributes { verb: of(other, "verb"), path: of(other, "path"), ..Attributes::default() }, None);
    }
    let selector = text(&resource["fieldSelector"], "rawSelector");
    let is_readable = selector.split(',').all(|term| term.is_empty() || term.contains('='));
    let error = "spec.resourceAttributes.fieldSelector ignored due to parse error";
    let attributes = Attributes {
        verb: of(resource, "verb"),
        group: of(resource, "group"),
        version: of(resource, "version"),
        resource: of(resource, "resource"),
        subresource: of(resource, "subresource"),
        namespace: of(resource, "namespace"),
        name: of(resource, "name"),
        is_resource: true,
        field_selector: if is_readable { selector.to_owned() } else { String::new() },
        ..Attributes::default()
    };
    (attributes, (!is_readable).then(|| error.to_owned()))
}

/// What who asks may do in a Namespace.
fn rules_review(world: &World, user: &User, body: &Value) -> Outcome<Answer> {
    let namespace = text(&body["spec"], "namespace");
    if namespace.is_empty() {
        return Err(Refusal::bad_request("no namespace on request"));
    }
    let authz::Rules { listed, errors, is_incomplete } = authz::rules(world, user, namespace);
    let with = |wanted: &str, keys: &[&str]| -> Vec<Value> {
        let has = |rule: &&Value| rule[wanted].as_array().is_some_and(|list| !list.is_empty());
        let part = |rule: &Value| {
            let kept = keys.iter().filter_map(|key| Some(((*key).to_owned(), rule.get(*key)?.clone())));
            Value::Object(kept.collect())
        };
        listed.iter().filter(has).map(part).collect()
    };
    let mut status = json!({
        "resourceRules": with("resources", &["verbs", "apiGroups", "resources", "resourceNames"]),
        "nonResourceRules": with("nonResourceURLs", &["verbs", "nonResourceURLs"]),
        "incomplete": is_incomplete,
    });
    if !errors.is_empty() {
        status["evaluationError"] = authz::aggregated(&errors).into();
    }
    Ok(Answer::new(
        201,
        json!({
            "kind": "SelfSubjectRulesReview", "apiVersion": format!("{GROUP}/v1"), "metadata": metadata(&world.profile),
            "spec": {}, "status": status,
        }),
    ))
}

/// Who is asking.
fn self_review(world: &World, user: &User, attributes: &Attributes) -> Answer {
    let version = format!("{}/{}", attributes.group, attributes.version);
    Answer::new(
        201,
        json!({
            "kind": "SelfSubjectReview", "apiVersion": version,
            "metadata": {"creationTimestamp": rfc3339(world.now())}, "status": {"userInfo": user.info()},
        }),
    )
}

#[cfg(test)]
mod tests;
