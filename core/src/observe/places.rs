//! What the places in an answer say about the values that stand there: the uid of which object, the token of whom.
//!
//! Every place that Kubernetes has for a made-up value is known here and nowhere else. Values that the scenario wrote
//! itself are left alone, whatever they look like.

use super::Known;
use super::jwt::{self, Jwt};
use super::names::{Fact, Names, Object};
use super::shape;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// A value, without the run's suffix, and what its place says about it.
pub(super) type Found = (String, Fact);

/// The kind and the items of a list of objects.
pub(super) fn list(body: &Value) -> Option<(&str, &[Value])> {
    Some((text(body, "kind")?.strip_suffix("List")?, body.get("items")?.as_array()?))
}

/// Walks answers and notes what is new.
pub(super) struct Places<'a> {
    known: &'a Known,
    names: &'a Names,
    found: Vec<Found>,
}

/// The object that a place belongs to.
#[derive(Clone, Copy, Default)]
struct Here<'v> {
    kind: &'v str,
    namespace: Option<&'v str>,
    name: &'v str,
    owner: Option<&'v str>,
}

const NODE: Here<'static> = Here { kind: "Node", namespace: None, name: "", owner: None };

impl<'a> Places<'a> {
    /// What `names` knows is not noted again.
    pub(super) fn new(known: &'a Known, names: &'a Names) -> Self {
        Self { known, names, found: Vec::new() }
    }

    /// What a body says, without the items of a list.
    pub(super) fn body(mut self, body: &Value) -> Vec<Found> {
        match body {
            Value::Object(map) if list(body).is_some() => {
                for (key, value) in map.iter().filter(|(key, _)| *key != "items") {
                    self.walk(Here::default(), key, value);
                }
            }
            other => self.walk(Here::default(), "", other),
        }
        self.found
    }

    /// What an item of a list says; typed lists leave out the kind of their items.
    pub(super) fn item(mut self, kind: &str, item: &Value) -> Vec<Found> {
        self.walk(Here { kind, ..Here::default() }, "", item);
        self.found
    }

    /// What a token says: itself, its id, its key and everybody in its claims.
    pub(super) fn token(mut self, token: &str, jwt: &Jwt) -> Vec<Found> {
        self.note_token(token, jwt);
        self.found
    }

    fn walk(&mut self, here: Here<'_>, key: &str, value: &Value) {
        match value {
            Value::Object(map) => {
                let here = self.enter(here, map);
                self.references(here, map);
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("data", Value::Object(data)) if here.kind == "Secret" => self.secret(data),
                        // The volumes of a Pod make up names; their mounts only repeat them.
                        ("volumes", Value::Array(volumes)) => self.volumes(here, volumes),
                        ("volumeMounts" | "volumeDevices", _) => {}
                        ("hostIPs", addresses) => self.walk(NODE, key, addresses),
                        _ => self.walk(here, key, value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(here, key, item)),
            Value::String(text) => self.leaf(here, key, text),
            _ => {}
        }
    }

    /// Steps into a map, which may be an object of its own: then its uid and its generated name are noted.
    fn enter<'v>(&mut self, outer: Here<'v>, map: &'v Map<String, Value>) -> Here<'v> {
        let Some(metadata) = map.get("metadata") else { return outer };
        let Some(name) = text(metadata, "name") else { return outer };
        // A TokenRequest has the name and, from 1.34 on, the uid of its ServiceAccount.
        let kind = match map.get("kind").and_then(Value::as_str).unwrap_or(outer.kind) {
            "TokenRequest" => "ServiceAccount",
            kind => kind,
        };
        let owner = metadata.get("ownerReferences").and_then(|owners| text(owners.get(0)?, "name"));
        let here = Here { kind, namespace: text(metadata, "namespace"), name, owner };
        self.uid(text(metadata, "uid"), here);
        if let Some(prefix) = text(metadata, "generateName") {
            // The server cuts a long prefix, so that the name stays within 63 characters.
            let prefix = &prefix[..prefix.floor_char_boundary(58)];
            if name.len() > prefix.len() && name.starts_with(prefix) {
                let (name, prefix) = (self.known.without_suffix(name), self.known.without_suffix(prefix));
                self.note(&name, || Fact::Generated(prefix.into_owned()));
            }
        }
        here
    }

    /// Notes the uids that a map tells of others.
    fn references(&mut self, here: Here<'_>, map: &Map<String, Value>) {
        let get = |key: &str| map.get(key).and_then(Value::as_str);
        // ownerReferences, boundObjectRef, involvedObject, the details of a Status
        if let (Some(kind), Some(name)) = (get("kind"), get("name")) {
            let namespace = get("namespace").or(here.namespace);
            self.uid(get("uid"), Here { kind, namespace, name, owner: None });
        }
        // The users of reviews
        if let Some(account) = get("username").and_then(service_account) {
            self.uid(get("uid"), account);
            let extra =
                |key: &str| map.get("extra")?.get(format!("authentication.kubernetes.io/{key}"))?.get(0)?.as_str();
            for (kind, uid, name) in [("Pod", "pod-uid", "pod-name"), ("Node", "node-uid", "node-name")] {
                if let Some(name) = extra(name) {
                    self.uid(extra(uid), Here { kind, name, ..account });
                }
            }
        }
        // The annotations of a token's Secret
        if let Some(name) = get("kubernetes.io/service-account.name") {
            self.uid(get("kubernetes.io/service-account.uid"), Here { kind: SERVICE_ACCOUNT, name, ..here });
        }
    }

    fn leaf(&mut self, here: Here<'_>, key: &str, value: &str) {
        match key {
            "pod-template-hash" | "controller-revision-hash" => self.hash(here, value),
            "hostIP" => self.address(NODE, value),
            "podIP" | "clusterIP" | "clusterIPs" | "ip" | "address" | "addresses" => self.address(here, value),
            "kid" => self.note(value, || Fact::KeyId),
            "authentication.kubernetes.io/credential-id" => {
                if let Some(id) = value.strip_prefix("JTI=") {
                    self.note(id, || Fact::TokenId);
                }
                if let Some(id) = value.strip_prefix("X509SHA256=") {
                    self.note(id, || Fact::Digest);
                }
            }
            key if is_name(key) => self.name(value, Fact::Generated),
            _ => {
                if let Some(jwt) = value.starts_with("eyJ").then(|| Jwt::parse(value)).flatten() {
                    self.note_token(value, &jwt);
                }
            }
        }
    }

    fn volumes(&mut self, here: Here<'_>, volumes: &[Value]) {
        for volume in volumes {
            if let Some(name) = text(volume, "name") {
                let pod = here.object(self.known);
                self.name(name, |base| Fact::Inner(base, pod));
            }
            self.walk(here, "volumes", volume);
        }
    }

    /// `data` of a Secret: only its Namespace, its token's identity and what the scenario wrote may ever show.
    fn secret(&mut self, data: &Map<String, Value>) {
        for (key, encoded) in data {
            let Some(encoded) = encoded.as_str().filter(|encoded| !encoded.is_empty()) else { continue };
            let decoded = jwt::from_base64(encoded);
            if let Some(token) = decoded.as_deref().map(str::trim_end)
                && let Some(jwt) = Jwt::parse(token)
            {
                self.note_token(token, &jwt);
                continue;
            }
            let written = &self.known.written;
            let fact = match decoded.map(|decoded| self.known.without_suffix(&decoded).into_owned()) {
                Some(text) if key == "namespace" || written.holds(&text) || written.holds(encoded) => Fact::Open(text),
                None if written.holds(encoded) => continue,
                _ => Fact::Secret,
            };
            self.found.push((encoded.to_owned(), fact));
        }
    }

    fn note_token(&mut self, token: &str, jwt: &Jwt) {
        if self.names.get(token).is_some() {
            return;
        }
        // Not by `note`: a token is an identity even where the scenario wrote it.
        self.found.push((token.to_owned(), Fact::Token));
        let claim = |key: &str| jwt.claims.get(key).and_then(Value::as_str);
        if let Some(kid) = jwt.header.get("kid").and_then(Value::as_str) {
            self.note(kid, || Fact::KeyId);
        }
        if let Some(id) = claim("jti") {
            self.note(id, || Fact::TokenId);
        }
        if let Some(private) = jwt.claims.get("kubernetes.io") {
            for (kind, key) in
                [("Pod", "pod"), ("Secret", "secret"), ("Node", "node"), (SERVICE_ACCOUNT, "serviceaccount")]
            {
                if let Some(bound) = private.get(key)
                    && let Some(name) = text(bound, "name")
                {
                    self.uid(
                        text(bound, "uid"),
                        Here { kind, namespace: text(private, "namespace"), name, owner: None },
                    );
                }
            }
        }
        // A legacy token
        if let Some(name) = claim("kubernetes.io/serviceaccount/service-account.name") {
            let namespace = claim("kubernetes.io/serviceaccount/namespace");
            let account = Here { kind: SERVICE_ACCOUNT, namespace, name, owner: None };
            self.uid(claim("kubernetes.io/serviceaccount/service-account.uid"), account);
        }
        for (key, value) in &jwt.claims {
            self.walk(Here::default(), key, value);
        }
    }

    fn uid(&mut self, uid: Option<&str>, of: Here<'_>) {
        if let Some(uid) = uid.filter(|uid| shape::is_uid(uid)) {
            let known = self.known;
            self.note(uid, || Fact::Uid(of.object(known)));
        }
    }

    fn name(&mut self, value: &str, fact: impl FnOnce(String) -> Fact) {
        let name = self.known.without_suffix(value);
        if let Some(base) = shape::generated_base(&name) {
            self.note(&name, || fact(base.to_owned()));
        }
    }

    fn address(&mut self, of: Here<'_>, value: &str) {
        if value.parse::<IpAddr>().is_ok() {
            let known = self.known;
            self.note(value, || if of.kind == "Node" { Fact::NodeIp } else { Fact::Ip(of.object(known)) });
        }
    }

    /// A template's hash is named after what its object is named after: `web` for the Pod `web-776d7585c9-x8k2p`.
    fn hash(&mut self, here: Here<'_>, value: &str) {
        // Hashes are found inside words: too short a one could be anything.
        const SHORTEST: usize = 6;
        // A StatefulSet labels its Pods with a whole name: `web-776d7585c9`.
        let (base, hash) = match value.rsplit_once('-') {
            Some((base, hash)) => (base, hash),
            None => match here.name.find(&format!("-{value}")) {
                Some(end) => (&here.name[..end], value),
                None => (here.owner.unwrap_or(here.name), value),
            },
        };
        if hash.len() >= SHORTEST {
            let known = self.known;
            self.note(hash, || Fact::Hash(known.without_suffix(base).into_owned()));
        }
    }

    /// Notes a value, unless it is known or the scenario wrote it.
    fn note(&mut self, value: &str, fact: impl FnOnce() -> Fact) {
        if !value.is_empty() && self.names.get(value).is_none() && !self.known.written.holds(value) {
            self.found.push((value.to_owned(), fact()));
        }
    }
}

const SERVICE_ACCOUNT: &str = "ServiceAccount";

impl Here<'_> {
    /// The object as identities are named after it: the scenario's own Namespace goes without saying.
    fn object(self, known: &Known) -> Object {
        let namespace = self.namespace.filter(|_| !matches!(self.kind, "Node" | "Namespace" | "PersistentVolume"));
        let namespace = namespace.map(|namespace| known.without_suffix(namespace).into_owned());
        Object {
            kind: known.without_suffix(self.kind).into_owned(),
            namespace: namespace.filter(|namespace| known.namespace.as_ref() != Some(namespace)),
            name: known.without_suffix(self.name).into_owned(),
        }
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

/// The `ServiceAccount` behind `system:serviceaccount:NAMESPACE:NAME`.
fn service_account(username: &str) -> Option<Here<'_>> {
    let (namespace, name) = username.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some(Here { kind: SERVICE_ACCOUNT, namespace: Some(namespace), name, owner: None })
}

/// Whether names of objects stand at this key: `name`, `secretName`, `.../pod-name`, `.../secret.name`.
fn is_name(key: &str) -> bool {
    let before = key.strip_suffix("name").or_else(|| key.strip_suffix("Name").filter(|before| *before != "generate"));
    before.is_some_and(|before| before.is_empty() || key.ends_with("Name") || before.ends_with(['-', '.', '/']))
}
