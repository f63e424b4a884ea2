//! What a request goes through, from who asks to what is answered.

mod body;
mod call;
mod create;
mod delete;
mod escalation;
mod labels;
mod negotiation;
mod options;
mod patch;
mod read;
mod selectors;
mod update;

use http::Method;

use crate::answer::Answer;
use crate::fields::Expected;
use crate::profile::{NotModelled, Profile};
use crate::request::{self, Attributes, Request};
use crate::resources::{self, Resource};
use crate::status::Refusal;
use crate::watching::Wanted;
use crate::world::{Outcome, World};
use crate::{access, authn, authz, discovery, managed, tables, token};
use call::Call;
pub(crate) use delete::{Options as DeleteOptions, end};
pub(crate) use selectors::Selector;

/// What becomes of a request that is not refused.
pub(crate) enum Reply {
    Answer(Answer),
    Watch(Wanted),
}

pub(crate) fn answer(world: &mut World, request: &Request) -> Outcome<Reply> {
    let believed = authn::authenticate(world, request)?;
    let attributes = Attributes::of(request);
    let call = Call::new(request, &attributes, &believed.user, believed.warnings);
    let allowed =
        authz::authorize(world, &believed.user, &selectors::named(&attributes, &request.query, &world.profile));
    let mut reply = allowed.and_then(|()| routed(world, &call));
    let warned = call.warned();
    match &mut reply {
        Ok(Reply::Answer(answer)) => drop(answer.warnings.splice(0..0, warned)),
        Ok(Reply::Watch(_)) => {}
        Err(refusal) => drop(refusal.warnings.splice(0..0, warned)),
    }
    reply
}

fn routed(world: &mut World, call: &Call<'_>) -> Outcome<Reply> {
    if let Some(answer) = token::discovery(world, &call.request.path, call.request.header("accept")) {
        return answer.map(Reply::Answer);
    }
    if let Some(answer) = discovery::answer(world, call.request) {
        return answer.map(Reply::Answer);
    }
    let asked = call.attributes;
    let Some(resource) = resources::find(&world.profile, &asked.group, &asked.version, &asked.resource) else {
        return review(world, call).map(Reply::Answer);
    };
    let is_served = discovery::knows(&world.profile, &asked.group, &asked.version, &with_subresource(call));
    match (asked.subresource.as_str(), asked.name.is_empty()) {
        ("token", false) if is_served => return token_request(world, call).map(Reply::Answer),
        ("", _) => {}
        (subresource, false) if resource.subresources.contains(&subresource) => {}
        (subresource, _) if is_served => {
            return Err(Refusal::not_modelled(format!("the subresource {subresource} of {}", resource.full)));
        }
        _ => return Err(Refusal::no_such_path()),
    }
    if resource.namespaced
        && asked.namespace.is_empty()
        && !(asked.name.is_empty() && matches!(call.request.method, Method::GET | Method::POST))
    {
        // `/api/v1/pods/x`: nothing lives there.
        return Err(if asked.name.is_empty() { method_not_allowed() } else { Refusal::no_such_path() });
    }
    on_objects(world, call, resource)
}

fn on_objects(world: &mut World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Reply> {
    negotiation::acceptable(call.request.header("accept"))?;
    let asked = call.attributes;
    if asked.verb == "watch" && asked.subresource.is_empty() {
        return read::watch(world, call, resource).map(Reply::Watch);
    }
    let answer = match (&call.request.method, asked.name.is_empty(), asked.subresource.as_str()) {
        (&Method::GET, true, "") => read::list(world, call, resource)?,
        (&Method::GET, false, "" | "status") => read::get(world, call, resource)?,
        (&Method::POST, true, "") => create::create(world, call, resource)?,
        (&Method::PUT, false, _) => update::replace(world, call, resource)?,
        (&Method::PATCH, false, "" | "status") => patch::patch(world, call, resource)?,
        (&Method::DELETE, false, "") => delete::delete(world, call, resource)?,
        (&Method::DELETE, true, "") if resource.full != "namespaces" => delete::collection(world, call, resource)?,
        _ => return Err(method_not_allowed()),
    };
    tables::shown(world, call.request, resource, answer).map(Reply::Answer)
}

/// What is posted and not kept: group, plural and kind.
const POSTED: [(&str, &str, &str); 6] = [
    ("authentication.k8s.io", "tokenreviews", "TokenReview"),
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview"),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
];

/// Whether what is asked of a kind can be answered: it is modelled, or not served at all.
pub(crate) fn check_kind(profile: &Profile, api_version: &str, kind: &str) -> Result<(), NotModelled> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let is_modelled = |plural: &str| {
        let is_posted = POSTED.iter().any(|(of, known, _)| *of == group && *known == plural);
        is_posted || resources::find(profile, group, version, plural).is_some()
    };
    match discovery::plural(profile, group, version, kind) {
        Some(plural) if !is_modelled(&plural) => {
            Err(NotModelled { what: format!("the resource {}", request::full(&plural, group)) })
        }
        _ => Ok(()),
    }
}

fn review(world: &mut World, call: &Call<'_>) -> Outcome<Answer> {
    let asked = call.attributes;
    let posted = POSTED.iter().find(|(group, plural, _)| *group == asked.group && *plural == asked.resource);
    let is_served = discovery::knows(&world.profile, &asked.group, &asked.version, &with_subresource(call));
    if is_served
        && asked.verb == "list"
        && let Some(list) = read::none_of(world, call)
    {
        return Ok(list);
    }
    let Some((_, _, kind)) = posted.filter(|_| is_served) else {
        return discovery::missing(&world.profile, asked);
    };
    if call.request.method != Method::POST || !asked.name.is_empty() {
        return Err(method_not_allowed());
    }
    let options = options::Options::of(call, options::Kind::Create, &world.profile)?;
    let object = body::read(
        call,
        Expected { kind, group: &asked.group, version: &asked.version },
        options.validation,
        &world.profile,
    )?;
    let object = managed::posted(object, kind, "", &options.manager, world.now(), &world.profile)?;
    if asked.resource == "tokenreviews" {
        token::review(world, &object)
    } else {
        access::review(world, call.user, asked, &object)
    }
}

fn token_request(world: &mut World, call: &Call<'_>) -> Outcome<Answer> {
    if call.request.method != Method::POST {
        return Err(method_not_allowed());
    }
    let options = options::Options::of(call, options::Kind::Create, &world.profile)?;
    let expected = Expected { kind: "TokenRequest", group: "authentication.k8s.io", version: "v1" };
    let mut object = body::read(call, expected, options.validation, &world.profile)?;
    if object["spec"]["expirationSeconds"].is_null() {
        object["spec"]["expirationSeconds"] = 3600.into();
    }
    // No audiences are none that are said, which shows in what is managed.
    let says_none = |said: &serde_json::Value| said["spec"]["audiences"].as_array().is_some_and(Vec::is_empty);
    if serde_json::from_slice(&call.request.body).is_ok_and(|said| says_none(&said)) {
        object["spec"]["audiences"] = serde_json::json!([]);
    }
    let object = managed::posted(object, "TokenRequest", "token", &options.manager, world.now(), &world.profile)?;
    let asked = call.attributes;
    token::request(world, call.user, &asked.namespace, &asked.name, &object)
}

fn with_subresource(call: &Call<'_>) -> String {
    let asked = call.attributes;
    if asked.subresource.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}/{}", asked.resource, asked.subresource)
    }
}

fn method_not_allowed() -> Refusal {
    Refusal::generic(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
}

#[cfg(test)]
mod tests;
