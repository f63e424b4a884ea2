//! What is asked of an API server before anything else: what it serves, which version it is, whether it is well.

mod aggregated;
mod health;
mod served;

use http::Method;
use serde_json::{Value, json};

pub(crate) use served::{Served, served};

use crate::answer::{Answer, Content};
use crate::openapi;
use crate::profile::{Feature, Profile};
use crate::request::{Attributes, Request};
use crate::status::Refusal;
use crate::world::{Outcome, World};

/// Where an API server says it is: a port does not count in the process.
const ADDRESS: &str = "192.0.2.1:6443";
const JSON: &str = "application/json";
const PLAIN: &str = "text/plain; charset=utf-8";

/// The answer to a path that is no resource's. None for those of resources, and those of the issuer of tokens.
pub(crate) fn answer(world: &World, request: &Request) -> Option<Outcome<Answer>> {
    if Attributes::of(request).is_resource {
        return None;
    }
    let profile = &world.profile;
    let path = request.path.strip_suffix('/').unwrap_or(&request.path);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let accept = request.header("accept");
    Some(match segments.as_slice() {
        [".well-known" | "openid", ..] => return None,
        [] | ["" | "index.html"] => Ok(paths(profile)),
        ["version"] => reading(request).map(|()| Answer::text(JSON, build(served(profile).build))),
        ["api"] => reading(request).and_then(|()| aggregated::or(profile, accept, true, versions)),
        ["apis"] => aggregated::or(profile, accept, false, groups),
        ["api", version] => reading(request).and_then(|()| resources(profile, "", version)),
        ["apis", group] => Ok(one_group(profile, group)),
        ["apis", group, version] => {
            let known = served(profile).groups.iter().any(|known| known.name == *group);
            if known {
                reading(request).and_then(|()| resources(profile, group, version))
            } else {
                Ok(no_page_of_a_group())
            }
        }
        [check @ ("healthz" | "livez" | "readyz"), name @ ..] => {
            health::answer(profile, check, &name.join("/"), &request.query)
                .filter(|_| !request.path.ends_with('/'))
                .map_or_else(|| Ok(no_page(profile)), Ok)
        }
        ["openapi", rest @ ..] => openapi::answer(profile, rest, accept).unwrap_or_else(|| Ok(no_page(profile))),
        ["metrics" | "logs" | "debug" | "statusz" | "flagz", ..] if served(profile).has_path(&request.path) => {
            Err(Refusal::not_modelled(request.path.as_str()))
        }
        _ => Ok(no_page(profile)),
    })
}

/// Whether a version serves a resource, modelled or not.
pub(crate) fn knows(profile: &Profile, group: &str, version: &str, plural: &str) -> bool {
    served(profile).resource(group, version, plural).is_some()
}

/// The plural of a kind that a version serves, modelled or not.
pub(crate) fn plural(profile: &Profile, group: &str, version: &str, kind: &str) -> Option<String> {
    let served = served(profile);
    let of_kind = served.resources(group, version)?.iter().filter(|resource| resource["kind"] == kind);
    // A part of an object may be of the same kind, as `pods/status`.
    of_kind.filter_map(|resource| resource["name"].as_str()).find(|name| !name.contains('/')).map(str::to_owned)
}

/// The answer to a request for a resource that is not modelled: that it is not, or that there is none.
pub(crate) fn missing(profile: &Profile, attributes: &Attributes) -> Outcome<Answer> {
    let Attributes { group, version, resource, subresource, .. } = attributes;
    let name = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    if knows(profile, group, version, &name) {
        let (full, part) = (attributes.full_resource(), name.trim_start_matches(resource.as_str()));
        return Err(Refusal::not_modelled(format_args!("the resource {full}{part}")));
    }
    if !group.is_empty() && !served(profile).groups.iter().any(|known| known.name == *group) {
        return Ok(no_page_of_a_group());
    }
    Err(Refusal::no_such_path())
}

/// What is said where nothing is served at all.
fn no_page(profile: &Profile) -> Answer {
    let served = served(profile);
    let listed = &served.listed_when_missing;
    let content = if listed.is_empty() {
        Content::Text { content_type: PLAIN, text: "404 page not found\n".to_owned() }
    } else {
        Content::Text { content_type: JSON, text: list(listed.iter().copied()) }
    };
    Answer { code: 404, content, warnings: Vec::new() }
}

/// What is said of a group that is not served.
fn no_page_of_a_group() -> Answer {
    Answer { code: 404, ..Answer::text(PLAIN, "404 page not found\n") }
}

/// Refuses what is no `GET`, where the server has no other method.
fn reading(request: &Request) -> Outcome<()> {
    if request.method == Method::GET {
        return Ok(());
    }
    let message = "the server does not allow this method on the requested resource";
    Err(Refusal::new(405, "MethodNotAllowed", message).about("", "", ""))
}

/// All the paths there are.
fn paths(profile: &Profile) -> Answer {
    Answer::text(JSON, list(served(profile).paths.iter().copied()))
}

fn list<'p>(paths: impl Iterator<Item = &'p str>) -> String {
    let lines: Vec<String> = paths.map(|path| format!("    {path:?}")).collect();
    format!("{{\n  \"paths\": [\n{}\n  ]\n}}", lines.join(",\n"))
}

/// A build as the server writes it: the facts have it in a line.
fn build(line: &str) -> String {
    let fields = line.trim_matches(['{', '}']).split(',').map(|field| field.replacen(':', ": ", 1));
    format!("{{\n  {}\n}}", fields.collect::<Vec<_>>().join(",\n  "))
}

fn versions(_: &Profile) -> Value {
    json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ADDRESS}],
    })
}

fn groups(profile: &Profile) -> Value {
    let served = served(profile);
    let groups = served.groups.iter().filter(|group| !group.name.is_empty()).map(served::Group::entry);
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups.collect::<Vec<_>>()})
}

fn one_group(profile: &Profile, name: &str) -> Answer {
    let served = served(profile);
    let Some(group) = served.groups.iter().find(|group| group.name == name) else { return no_page(profile) };
    let mut entry = group.entry();
    entry["kind"] = "APIGroup".into();
    entry["apiVersion"] = "v1".into();
    Answer::ok(entry)
}

fn resources(profile: &Profile, group: &str, version: &str) -> Outcome<Answer> {
    let served = served(profile);
    let Some(resources) = served.resources(group, version) else { return Err(Refusal::no_such_path()) };
    let mut list = json!({
        "kind": "APIResourceList", "groupVersion": served::group_version(group, version), "resources": resources,
    });
    // The core group's list is written without.
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Ok(Answer::ok(list))
}

/// The group versions that `--runtime-config` may turn on, and what it takes.
pub(crate) const RUNTIME_CONFIG: [(&str, Feature); 2] = [
    ("authentication.k8s.io/v1beta1", Feature::BetaSelfReviews),
    ("authentication.k8s.io/v1alpha1", Feature::AlphaSelfReviews),
];

#[cfg(test)]
mod tests;
