//! One object, many, and what to watch.

use std::sync::Arc;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::call::Call;
use super::selectors::Selector;
use crate::answer::Answer;
use crate::fields;
use crate::profile::{Feature, Profile};
use crate::request::Query;
use crate::resources::Resource;
use crate::status::{Cause, Refusal};
use crate::store::Key;
use crate::watching::{Begin, Wanted};
use crate::world::{Outcome, World};

/// The object of a path.
pub(super) fn stored(world: &World, call: &Call<'_>, resource: &'static Resource) -> Outcome<(Key, Arc<Value>)> {
    let key = key(call, resource);
    let object = world.store.get(&key).cloned();
    object.map(|object| (key, object)).ok_or_else(|| Refusal::not_found(resource.full, &call.attributes.name))
}

pub(super) fn key(call: &Call<'_>, resource: &'static Resource) -> Key {
    let namespace = if resource.namespaced { call.attributes.namespace.as_str() } else { "" };
    Key::new(resource.full, namespace, &call.attributes.name)
}

pub(super) fn get(world: &World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    let asked = call.request.query.get("resourceVersion").unwrap_or_default();
    not_ahead(world, asked)?;
    Ok(Answer::ok(stored(world, call, resource)?.1))
}

/// A version that is asked for, as a number.
fn version(text: &str) -> Outcome<u64> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let cause = Cause::invalid(
            "resourceVersion",
            &text.into(),
            &format!("strconv.ParseUint: parsing {text:?}: invalid syntax"),
        );
        Refusal::bad_request(format!("resourceVersion: {}", cause.message))
    })
}

/// Nobody can be told of what is still to come.
fn not_ahead(world: &World, asked: &str) -> Outcome<()> {
    let (asked, current) = (version(asked)?, world.store.revision());
    if asked <= current {
        return Ok(());
    }
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let mut refusal = Refusal::new(504, "Timeout", message);
    refusal.details.insert(
        "causes".to_owned(),
        json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]),
    );
    refusal.details.insert("retryAfterSeconds".to_owned(), 1.into());
    Err(refusal)
}

/// What may not be asked for together.
fn options(query: &Query, is_watch: bool, profile: &Profile) -> Outcome<()> {
    let field = "resourceVersionMatch";
    let asked = query.get(field).unwrap_or_default();
    let (version, goes_on) =
        (query.get("resourceVersion").unwrap_or_default(), query.get("continue").unwrap_or_default());
    let initial = profile.has(Feature::InitialEvents) && query.get("sendInitialEvents").is_some();
    if !is_watch && asked.is_empty() && !initial {
        return Ok(());
    }
    let mut causes = Vec::new();
    let mut forbid = |field: &str, why: &str| causes.push(Cause::forbidden(field, why));
    if is_watch {
        if initial && asked != "NotOlderThan" {
            forbid(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }
        let is_granted = profile.has(Feature::InitialEventsSent) && !profile.has(Feature::InitialEventsWithdrawn);
        if initial && !is_granted {
            forbid(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
            );
        }
        if !initial && !asked.is_empty() {
            let why = if profile.has(Feature::InitialEvents) {
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            } else {
                "resourceVersionMatch is forbidden for watch"
            };
            forbid(field, why);
        }
        if !asked.is_empty() && asked != "NotOlderThan" && profile.has(Feature::InitialEvents) {
            causes.push(Cause::not_supported(field, &asked.into(), &["NotOlderThan"]));
        }
    }
    // Before watches knew it, what is wrong with a list was told of a watch too.
    if !is_watch || !profile.has(Feature::InitialEvents) {
        let mut forbid = |field: &str, why: &str| causes.push(Cause::forbidden(field, why));
        if !asked.is_empty() && version.is_empty() {
            forbid(field, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if !asked.is_empty() && !goes_on.is_empty() {
            forbid(field, "resourceVersionMatch is forbidden when continue is provided");
        }
        if !["", "Exact", "NotOlderThan"].contains(&asked) {
            causes.push(Cause::not_supported(field, &asked.into(), &["Exact", "NotOlderThan", ""]));
        }
        if asked == "Exact" && version == "0" {
            causes
                .push(Cause::forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
        }
        if initial {
            causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid("ListOptions.meta.k8s.io", "", &causes)) }
}

/// Go does not mind what the last letter says beyond the last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Where a list goes on: as the API server writes it, in base64.
fn place(text: &str, profile: &Profile) -> Outcome<(u64, String)> {
    let invalid = |why: &str| Refusal::bad_request(format!("invalid continue token: continue key is not valid{why}"));
    let bytes = LENIENT.decode(text).map_err(|_| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // A single letter at the end is no byte.
        let wrong =
            text.char_indices().find(|(_, c)| !is_letter(*c)).map_or(text.len().saturating_sub(1), |(at, _)| at);
        invalid(&format!(": illegal base64 data at input byte {wrong}"))
    })?;
    let token: Value = match serde_json::from_slice(&bytes) {
        Ok(token) => token,
        Err(_) => match fields::json_mistake(&bytes) {
            Some(mistake) => return Err(invalid(&format!(": {mistake}"))),
            None => return Err(Refusal::not_modelled("a continue that is no JSON")),
        },
    };
    let said = token["v"].as_str().unwrap_or_default();
    if said != "meta.k8s.io/v1" {
        let said =
            if profile.has(Feature::ContinueVersionsAreNotQuoted) { said.to_owned() } else { fields::quoted(said) };
        return Err(invalid(&format!(": server does not recognize this encoded version {said}")));
    }
    match (token["rv"].as_u64(), token["start"].as_str()) {
        (None | Some(0), _) => Err(invalid(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)")),
        (_, None | Some("")) => Err(invalid(": encoded start key empty (version meta.k8s.io/v1)")),
        (Some(revision), Some(start)) => Ok((revision, start.to_owned())),
    }
}

pub(super) fn list(world: &World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    let query = &call.request.query;
    options(query, false, &world.profile)?;
    let selector = Selector::of(query, resource, &world.profile)?;
    let asked = query.get("resourceVersion").unwrap_or_default();
    let goes_on = query.get("continue").filter(|text| !text.is_empty());
    let limit: usize = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or_default();
    let (revision, start) = if let Some(text) = goes_on {
        if !matches!(asked, "" | "0") {
            return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
        }
        let (revision, start) = place(text, &world.profile)?;
        if revision < world.store.compacted() {
            return Err(Refusal::not_modelled("a list that goes on from what was compacted"));
        }
        (revision, start)
    } else {
        not_ahead(world, asked)?;
        let is_exact = query.get("resourceVersionMatch") == Some("Exact");
        (if is_exact { version(asked)? } else { world.store.revision() }, String::new())
    };
    let mut namespace = if resource.namespaced { call.attributes.namespace.as_str() } else { "" };
    if namespace.is_empty() && goes_on.is_none() && world.profile.has(Feature::NamespaceSelectorsNarrow) {
        namespace = selector.exact("metadata.namespace").unwrap_or_default();
    }
    // One object is read and no list, so there is nothing to go on with.
    let is_single = goes_on.is_none()
        && (!resource.namespaced || !namespace.is_empty())
        && selector.exact("metadata.name").is_some_and(|name| !name.is_empty());
    let of_key = |key: &Key| {
        if key.namespace.is_empty() || !namespace.is_empty() {
            key.name.clone()
        } else {
            format!("{}/{}", key.namespace, key.name)
        }
    };
    let mut all = world.store.list_at(resource.full, namespace, revision);
    let is_behind = |key: &Key| {
        let here = of_key(key);
        start.is_empty() || here.as_str() >= start.trim_end_matches('\0') && format!("{here}\0") > start
    };
    all.retain(|(key, _)| is_behind(key));
    // Pods have an index by their Node.
    if goes_on.is_none()
        && resource.full == "pods"
        && world.profile.has(Feature::PagesFromTheCache)
        && let Some(node) = selector.exact("spec.nodeName")
    {
        all.retain(|(_, object)| object["spec"]["nodeName"].as_str().unwrap_or_default() == node);
    }
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    // As many as are wanted; what comes after the last of them is for the next time, whether or not it is selected.
    let selected = all.iter().enumerate().filter(|(_, (_, object))| selector.matches(object));
    let places: Vec<usize> = selected.map(|(at, _)| at).take(if limit > 0 { limit } else { usize::MAX }).collect();
    let has_more = |last: usize| places.len() == limit && last + 1 < all.len() && !is_single;
    if let Some(last) = places.last().filter(|last| has_more(**last)) {
        // Unless everything is selected nobody knows how many remain.
        if selector.is_everything() {
            metadata["remainingItemCount"] = (all.len() - last - 1).into();
        }
        let start = format!("{}\0", of_key(&all[*last].0));
        let token = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start});
        metadata["continue"] = BASE64_URL_SAFE_NO_PAD.encode(token.to_string()).into();
    }
    let items: Vec<Value> = places.into_iter().map(|at| without_type(&all[at].1)).collect();
    let list = json!({
        "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(), "metadata": metadata, "items": items,
    });
    Ok(Answer::ok(list))
}

/// Kinds of which none can be made here, and real control planes make none by themselves: kubectl asks for definitions
/// before it validates, and for the others to describe a Namespace.
const NONE: [(&str, &str, &str); 3] = [
    ("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinitionList"),
    ("", "limitranges", "LimitRangeList"),
    ("", "resourcequotas", "ResourceQuotaList"),
];

/// What no controller tells events of.
const UNEVENTFUL: [&str; 3] = ["ConfigMap", "Secret", "ServiceAccount"];

/// The list of a kind that is not modelled and of which there are none. Those of the core group not as a
/// table, whose columns nobody knows.
pub(super) fn none_of(world: &World, call: &Call<'_>) -> Option<Answer> {
    let asked = call.attributes;
    let listed = NONE.iter().find(|(group, plural, _)| *group == asked.group && *plural == asked.resource);
    let kind = match listed {
        Some((_, _, kind)) => kind,
        None if asked.group.is_empty() && asked.resource == "events" => {
            let about = asked.field_selector.split(',').find_map(|part| part.strip_prefix("involvedObject.kind="));
            about.filter(|kind| UNEVENTFUL.contains(kind)).map(|_| "EventList")?
        }
        None => return None,
    };
    if asked.group.is_empty() && call.request.header("accept").contains("as=") {
        return None;
    }
    let version = if asked.group.is_empty() { "v1".to_owned() } else { format!("{}/{}", asked.group, asked.version) };
    Some(Answer::ok(json!({
        "kind": kind, "apiVersion": version,
        "metadata": {"resourceVersion": world.store.revision().to_string()}, "items": [],
    })))
}

/// Items of a list do not say what they are.
fn without_type(object: &Value) -> Value {
    let mut item = object.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    item
}

pub(super) fn watch(world: &World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Wanted> {
    let query = &call.request.query;
    options(query, true, &world.profile)?;
    let initial = query.flag("sendInitialEvents") && world.profile.has(Feature::InitialEvents);
    let selector = Selector::of(query, resource, &world.profile)?;
    let asked = query.get("resourceVersion").unwrap_or_default();
    let begin = match version(asked)? {
        _ if initial => Begin::WithWhatIsThere,
        0 => Begin::WithWhatIsThere,
        revision => {
            not_ahead(world, asked)?;
            Begin::After(revision)
        }
    };
    let seconds = query.get("timeoutSeconds").and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(Wanted {
        resource,
        namespace: if resource.namespaced { call.attributes.namespace.clone() } else { String::new() },
        selector,
        begin,
        bookmarks: query.flag("allowWatchBookmarks"),
        tells_begin: initial,
        seconds,
        shown: crate::tables::wanted(call.request.header("accept")),
    })
}
