//! `OpenAPI`, as far as kubectl needs it to send what it is given: which kinds can be patched, and what may be asked for beside
//! a patch, as kubectl looks there for dry runs and for the validation of fields. It describes no fields, so that kubectl leaves
//! them to the server; `kubectl explain` has nothing to explain.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Content};
use crate::discovery::{Served, served};
use crate::profile::{Feature, Profile};
use crate::world::Outcome;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The answer to what is behind `/openapi/`; none where there is nothing. What is not acceptable is answered without a body.
pub(crate) fn answer(profile: &Profile, path: &[&str], accept: &str) -> Option<Outcome<Answer>> {
    let served = served(profile);
    let answer = match path {
        ["v2"] => version_2(profile, &served, accept),
        ["v3"] if profile.has(Feature::OpenApi3) => {
            Answer::text("text/plain; charset=utf-8", index(&served).to_string())
        }
        ["v3", "api", version] if profile.has(Feature::OpenApi3) => version_3(profile, &served, "", version),
        ["v3", "apis", group, version] if profile.has(Feature::OpenApi3) => version_3(profile, &served, group, version),
        ["v3", ..] if profile.has(Feature::OpenApi3) => empty(404),
        _ => return None,
    };
    Some(Ok(answer))
}

fn empty(code: u16) -> Answer {
    Answer { code, content: Content::Bytes { content_type: JSON, bytes: Vec::new() }, warnings: Vec::new() }
}

/// A kind that can be patched.
struct Patched<'s> {
    path: String,
    group: &'s str,
    version: &'s str,
    kind: &'s str,
}

/// The parameters of a patch: name and type.
fn parameters(profile: &Profile) -> Vec<(&'static str, &'static str)> {
    let known = [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")];
    let has = |name: &str| name != "fieldValidation" || profile.has(Feature::FieldValidation);
    known.into_iter().filter(|(name, _)| has(name)).collect()
}

fn patched<'s>(served: &'s Served, wanted: Option<(&'s str, &'s str)>) -> impl Iterator<Item = Patched<'s>> {
    let versions = served
        .groups
        .iter()
        .flat_map(|group| {
            group.versions.iter().map(|(version, resources)| (group.name.as_str(), version.as_str(), resources))
        })
        .filter(move |(group, version, _)| wanted.is_none_or(|wanted| wanted == (*group, *version)));
    versions.flat_map(|(group, version, resources)| {
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        resources.iter().filter_map(move |resource| {
            let name = resource["name"].as_str().filter(|name| !name.contains('/'))?;
            resource["verbs"].as_array()?.iter().find(|verb| *verb == "patch")?;
            let scope = if resource["namespaced"] == true { "/namespaces/{namespace}" } else { "" };
            Some(Patched {
                path: format!("{root}{scope}/{name}/{{name}}"),
                group,
                version,
                kind: resource["kind"].as_str()?,
            })
        })
    })
}

fn version_2(profile: &Profile, served: &Served, accept: &str) -> Answer {
    let medias: Vec<&str> = accept.split(',').filter_map(|media| media.split(';').next()).map(str::trim).collect();
    let has = |wanted: &[&str]| medias.iter().any(|media| wanted.contains(media));
    if has(&[PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"]) {
        let bytes = protobuf::document(profile, served);
        return Answer { code: 200, content: Content::Bytes { content_type: PROTOBUF, bytes }, warnings: Vec::new() };
    }
    if !accept.is_empty() && !has(&[JSON, "application/*", "*/*"]) {
        return empty(406);
    }
    let mut paths = Map::new();
    for Patched { path, group, version, kind } in patched(served, None) {
        let parameters = parameters(profile).into_iter();
        let parameters: Vec<Value> = parameters
            .map(|(name, kind)| json!({"name": name, "in": "query", "type": kind, "uniqueItems": true}))
            .collect();
        let kind = json!({"group": group, "version": version, "kind": kind});
        let patch = json!({"parameters": parameters, "responses": {}, "x-kubernetes-group-version-kind": kind});
        paths.insert(path, json!({"patch": patch}));
    }
    let info = json!({"title": "Kubernetes", "version": profile.release().version});
    Answer::ok(json!({"swagger": "2.0", "info": info, "paths": paths, "definitions": {}}))
}

/// What there is of version 3: a document for each group version.
fn index(served: &Served) -> Value {
    let mut paths = Map::new();
    for group in &served.groups {
        for (version, _) in &group.versions {
            let path =
                if group.name.is_empty() { format!("api/{version}") } else { format!("apis/{}/{version}", group.name) };
            // A document with another content has another hash; this one says nothing that could change.
            let url = format!("/openapi/v3/{path}?hash=0");
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

fn version_3(profile: &Profile, served: &Served, group: &str, version: &str) -> Answer {
    if served.resources(group, version).is_none() {
        return empty(404);
    }
    let mut paths = Map::new();
    for Patched { path, group, version, kind } in patched(served, Some((group, version))) {
        let parameters = parameters(profile).into_iter();
        let parameters: Vec<Value> = parameters
            .map(|(name, kind)| json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}}))
            .collect();
        let kind = json!({"group": group, "version": version, "kind": kind});
        let patch = json!({"parameters": parameters, "responses": {}, "x-kubernetes-group-version-kind": kind});
        paths.insert(path, json!({"patch": patch}));
    }
    let info = json!({"title": "Kubernetes", "version": profile.release().version});
    Answer::ok(json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}))
}

/// Version 2 as gnostic's `openapiv2.Document`, which kubectl asks for.
mod protobuf {
    use super::{Patched, parameters, patched};
    use crate::discovery::Served;
    use crate::profile::Profile;

    /// A field whose value has a length: text, bytes or a message.
    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        let mut length = value.len();
        while length > 0x7f {
            bytes.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap_or_default());
        bytes.extend_from_slice(value);
        bytes
    }

    fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
        fields.iter().flat_map(|(number, value)| field(*number, value)).collect()
    }

    pub(super) fn document(profile: &Profile, served: &Served) -> Vec<u8> {
        let mut paths = Vec::new();
        for Patched { path, group, version, kind } in patched(served, None) {
            let kind = format!("group: \"{group}\"\nkind: {kind}\nversion: {version}\n");
            let any = message(&[(2, kind.as_bytes())]);
            let extension = message(&[(1, b"x-kubernetes-group-version-kind"), (2, &any)]);
            let parameter = |(name, kind): (&str, &str)| {
                let query = message(&[(2, b"query"), (4, name.as_bytes()), (6, kind.as_bytes())]);
                field(8, &field(1, &field(2, &field(3, &query))))
            };
            let mut patch: Vec<u8> = parameters(profile).into_iter().flat_map(parameter).collect();
            patch.extend(field(9, &[]));
            patch.extend(field(13, &extension));
            paths.extend(field(2, &message(&[(1, path.as_bytes()), (2, &field(8, &patch))])));
        }
        let info = message(&[(1, b"Kubernetes"), (2, profile.release().version.as_bytes())]);
        message(&[(1, b"2.0"), (2, &info), (8, &paths)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::tests::world;

    #[test]
    fn kubectl_is_told_of_dry_runs_and_whether_fields_are_validated() {
        for (minor, is_told) in [(22, false), (24, false), (25, true), (37, true)] {
            let world = world(minor, &[]);
            let served = served(&world.profile);
            let bytes = protobuf::document(&world.profile, &served);
            let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert_eq!(has(&bytes, "fieldValidation"), is_told, "v1.{minor}");
            assert!(has(&bytes, "group: \"\"\nkind: Pod\nversion: v1\n"));
            let Content::Json(json) = version_2(&world.profile, &served, "application/json").content else {
                panic!("no JSON")
            };
            let pod = &json["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"];
            assert_eq!(pod["x-kubernetes-group-version-kind"], json!({"group": "", "version": "v1", "kind": "Pod"}));
            let parameters: Vec<&Value> =
                pod["parameters"].as_array().unwrap().iter().map(|parameter| &parameter["name"]).collect();
            let mut wanted = vec!["dryRun", "fieldManager", "fieldValidation", "force"];
            wanted.retain(|name| is_told || *name != "fieldValidation");
            assert_eq!(parameters, wanted);
            assert!(has(&bytes, "dryRun"));
            assert_eq!(version_2(&world.profile, &served, "application/yaml").code, 406);
        }
    }

    #[test]
    fn version_3_has_a_document_for_each_group_version() {
        let code =
            |minor: u32, path: &[&str]| answer(&world(minor, &[]).profile, path, "").map(|answer| answer.unwrap().code);
        assert_eq!(code(22, &["v3"]), None);
        assert_eq!(code(30, &["v3"]), Some(200));
        assert_eq!(code(30, &["v3", "apis", "apps", "v1"]), Some(200));
        assert_eq!(code(30, &["v3", "apis", "nope.io", "v1"]), Some(404));
    }
}
