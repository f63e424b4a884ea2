//! What is seen of an answer: normalised, so that two clusters can be compared, by the same rules as snapshots and in
//! more detail. Values that a server makes up keep their equality, so that relations are compared.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::fill::{NOTHING, STAND_INS};
use super::generate::HOME;
use super::side::unmarked;
use crate::action::{Reply, View};
use crate::cluster::{Cluster, Exchange, RUN_LABEL};
use crate::observe::{Cut, Known, Observer, generated_base};

/// The key under which versions of objects pass through the observer, which would make all of them one.
const VERSION: &str = "resourceVersion";
const VERSION_KEPT: &str = "resourceVersion kept";

/// Sees the answers of one side.
pub(super) struct Eye {
    observer: Observer,
    versions: Versions,
    /// The name of the Namespace as a Secret has it.
    namespace_in_base64: String,
}

/// The versions of each object, in the order of their first appearance. By object, so that one more write by a controller
/// does not make everything that follows look different.
type Versions = BTreeMap<String, Vec<String>>;

/// What an answer looks like, and what seeing it taught.
pub(super) struct Glance {
    pub(super) seen: Value,
    draft: crate::observe::Draft,
    versions: Versions,
}

impl Eye {
    pub(super) fn new(cluster: &Cluster, suffix: &str, calls: &[Call]) -> Self {
        let facts = cluster.facts();
        let texts = calls.iter().flat_map(Call::texts).map(unmarked);
        let stand_ins = STAND_INS.iter().map(|(_, text)| *text).chain([NOTHING]).map(str::to_owned);
        let known = Known {
            suffix: suffix.to_owned(),
            namespace: Some(unmarked(HOME)),
            issuer: facts.issuer.clone(),
            audience: facts.audience.clone(),
            server: facts.server.clone(),
            nodes: facts.nodes.clone(),
            written: texts.chain(stand_ins).collect(),
            own_labels: vec![RUN_LABEL.to_owned()],
            folder: None,
        };
        let namespace_in_base64 = STANDARD.encode(format!("{}{suffix}", unmarked(HOME)));
        Self { observer: Observer::new(known), versions: Versions::new(), namespace_in_base64 }
    }

    /// Looks at an answer without remembering it.
    pub(super) fn look(&self, call: &Call, exchange: &Exchange) -> Glance {
        let mut versions = self.versions.clone();
        let mut body = (*exchange.body).clone();
        prepare(&mut body, &mut versions);
        let is_list = body["items"].is_array();
        if is_list {
            // As the answer of something else: lists are sorted by the observer, and their order is behaviour.
            body = json!({"list": body});
        }
        let exchange = Exchange { method: Method::GET, path: String::new(), body: body.into(), ..exchange.clone() };
        let reply = Reply::Http(exchange);
        let step = format!("c{}", call.id);
        let (observation, draft) = self.observer.observe(&step, &reply, Cut::Default(View::Body));
        let mut seen = observation.value;
        if call.subresource == Some("token") {
            // The claims of the token, which a body does not show.
            let (with_claims, _) = self.observer.observe(&step, &reply, Cut::Default(View::Token));
            if let (Some(seen), Some(claims)) = (seen.as_object_mut(), with_claims.value.get("token")) {
                seen.insert("token".to_owned(), claims.clone());
            }
        }
        if is_list && let Some(list) = seen.pointer_mut("/body/list").map(Value::take) {
            seen["body"] = list;
        }
        self.restore(&mut seen);
        Glance { seen, draft, versions }
    }

    /// A text of a server for a person.
    pub(super) fn presentable(&self, text: &str) -> String {
        self.observer.presentable(text)
    }

    /// Remembers what was seen.
    pub(super) fn keep(&mut self, glance: Glance) -> Value {
        self.observer.commit(glance.draft);
        self.versions = glance.versions;
        glance.seen
    }

    /// Gives versions their names back, and takes out of texts what a cluster made up and the observer does not look for.
    fn restore(&self, seen: &mut Value) {
        match seen {
            Value::Object(map) => {
                if let Some(version) = map.remove(VERSION_KEPT) {
                    map.insert(VERSION.to_owned(), version);
                }
                map.values_mut().for_each(|value| self.restore(value));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.restore(item)),
            Value::String(text) => {
                // Go's dumps of what differs are spaced by chance, so that nobody relies on them.
                if text.contains('\u{a0}') {
                    *text = text.replace('\u{a0}', " ");
                }
                if text.contains(&self.namespace_in_base64) {
                    *text = text.replace(&self.namespace_in_base64, "<namespace>");
                }
                for without in [without_made_words, without_versions] {
                    if let Some(plain) = without(text) {
                        *text = plain;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Puts what the observer would not tell apart, or would not know the owner of, into a form that it takes.
fn prepare(body: &mut Value, versions: &mut Versions) {
    let kind = body["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
    if let (Some(kind), Some(items)) = (kind, body.get_mut("items").and_then(Value::as_array_mut)) {
        for item in items {
            // Typed lists leave it out, and identities are named after it.
            if let Some(item) = item.as_object_mut() {
                item.entry("kind").or_insert_with(|| kind.as_str().into());
            }
            number(item, versions);
        }
    } else if body["kind"] == "Status" {
        in_order(body);
    } else {
        if let Some(reason) = body.pointer_mut("/status/reason") {
            sort_mistakes(reason);
        }
        for rules in ["nonResourceRules", "resourceRules"] {
            // They come as the server's caches have the bindings: by chance.
            if let Some(rules) = body.pointer_mut(&format!("/status/{rules}")).and_then(Value::as_array_mut) {
                rules.sort_by_cached_key(Value::to_string);
            }
        }
        number(body, versions);
    }
}

/// Versions of objects by first appearance; that of a list counts the writes of everybody.
fn number(object: &mut Value, versions: &mut Versions) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&object["kind"]);
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(Value::String(version)) = metadata.remove(VERSION) else { return };
    let part = |key: &str| metadata.get(key).map(text).unwrap_or_default();
    let known = versions.entry(format!("{kind}/{}/{}", part("namespace"), part("name"))).or_default();
    let number = known.iter().position(|seen| *seen == version).unwrap_or_else(|| {
        known.push(version);
        known.len() - 1
    });
    metadata.insert(VERSION_KEPT.to_owned(), format!("<version {}>", number + 1).into());
}

/// Conflicts of server-side apply come in the order of a Go map, and what bindings refer to in vain in that of the bindings'
/// names, which may be made up: by chance.
fn in_order(status: &mut Value) {
    sort_mistakes(&mut status["message"]);
    let is_conflict = |cause: &Value| cause["reason"] == "FieldManagerConflict";
    let causes = status.pointer_mut("/details/causes").and_then(Value::as_array_mut);
    let Some(causes) = causes.filter(|causes| causes.iter().all(is_conflict)) else { return };
    causes.sort_by_key(|cause| (cause["field"].to_string(), cause["message"].to_string()));
    if let Some(message) = status["message"].as_str() {
        let mut lines: Vec<&str> = message.lines().collect();
        lines.sort_unstable();
        status["message"] = lines.join("\n").into();
    }
}

/// What bindings refer to in vain, by name.
fn sort_mistakes(text: &mut Value) {
    const BEGIN: &str = "RBAC: [";
    let Some((said, listed)) = text.as_str().and_then(|text| text.split_once(BEGIN)) else { return };
    let Some(listed) = listed.strip_suffix(']') else { return };
    let mut mistakes: Vec<&str> = listed.split(", ").collect();
    mistakes.sort_unstable();
    *text = format!("{said}{BEGIN}{}]", mistakes.join(", ")).into();
}

/// A message about versions without the numbers that a cluster made up: those of more than two digits.
fn without_versions(text: &str) -> Option<String> {
    if !text.to_ascii_lowercase().replace(' ', "").contains("resourceversion") {
        return None;
    }
    let mut plain = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let number = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        plain += if number.len() > 2 { "<version>" } else { number };
        plain += &part[number.len()..];
    }
    Some(plain)
}

/// A text without words that were made up: the ends of automatic Secrets' names, of which nobody was told yet, and the
/// addresses that Pods have where a stand-in for a kubelet gives them.
fn without_made_words(text: &str) -> Option<String> {
    let mut plain = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c)) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let secret = generated_base(word).filter(|base| base.ends_with("-token-"));
        let address = word.parse().is_ok_and(|address: Ipv4Addr| address.octets().starts_with(&[198, 18]));
        match secret {
            Some(base) => plain.extend([base, "<made>"]),
            None => plain += if address { "<address>" } else { word },
        }
        plain += &part[word.len()..];
    }
    (plain != text).then_some(plain)
}

/// Whether an answer says that the call is beyond a model, and what of it.
pub(super) fn not_modelled(exchange: &Exchange) -> Option<&str> {
    let is = exchange.status == 501 && exchange.body["reason"] == "NotModelled";
    is.then(|| exchange.body["message"].as_str().unwrap_or_default())
}

/// What takes the place of an answer to a call that was not sent.
pub(super) fn nothing() -> Value {
    Value::Object(Map::new())
}

#[cfg(test)]
mod tests;
