//! Deleting: at once, after a time of grace, or when finalizers are gone.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::call::Call;
use super::options::of_dry_run;
use super::selectors::Selector;
use super::{body, create, read};
use crate::answer::Answer;
use crate::clock::rfc3339;
use crate::fields;
use crate::managed;
use crate::profile::{Feature, Profile};
use crate::resources::Resource;
use crate::status::{Cause, Refusal};
use crate::store::Key;
use crate::world::{Outcome, World};

/// `DeleteOptions`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) grace: Option<i64>,
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) propagation: Option<String>,
    pub(crate) orphan: Option<bool>,
    pub(crate) dry_run: bool,
}

impl Options {
    fn of(call: &Call<'_>, profile: &Profile) -> Outcome<Self> {
        let (mut options, dry_run) =
            if call.request.body.is_empty() { Self::of_query(call)? } else { Self::of_body(call, profile)? };
        let mut causes = of_dry_run(&dry_run.iter().map(String::as_str).collect::<Vec<_>>(), profile);
        if let (Some(_), Some(_)) = (&options.propagation, options.orphan) {
            let value = options.propagation.clone().unwrap_or_default();
            causes.insert(
                0,
                Cause::invalid(
                    "propagationPolicy",
                    &value.into(),
                    "orphanDependents and deletionPropagation cannot be both set",
                ),
            );
        }
        let known = ["Foreground", "Background", "Orphan"];
        if let Some(policy) = options.propagation.as_ref().filter(|policy| !known.contains(&policy.as_str())) {
            causes.insert(
                0,
                Cause::not_supported(
                    "propagationPolicy",
                    &policy.as_str().into(),
                    &["Foreground", "Background", "Orphan", "nil"],
                ),
            );
        }
        if !causes.is_empty() {
            return Err(Refusal::invalid("DeleteOptions.meta.k8s.io", "", &causes));
        }
        options.dry_run = !dry_run.is_empty();
        Ok(options)
    }

    fn of_query(call: &Call<'_>) -> Outcome<(Self, Vec<String>)> {
        let query = &call.request.query;
        let number = |text: &str| {
            let refused = |_| Refusal::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
            text.parse().map_err(refused)
        };
        let grace = query.get("gracePeriodSeconds").map(number).transpose()?;
        let options = Self {
            grace,
            propagation: query.get("propagationPolicy").map(str::to_owned),
            orphan: query.get("orphanDependents").map(|_| query.flag("orphanDependents")),
            ..Self::default()
        };
        Ok((options, query.all("dryRun").map(str::to_owned).collect()))
    }

    fn of_body(call: &Call<'_>, profile: &Profile) -> Outcome<(Self, Vec<String>)> {
        let bytes = &call.request.body;
        let body: Value = match body::media(call) {
            body::PROTOBUF => fields::protobuf_options(bytes, profile)?,
            body::YAML => serde_json::from_slice(&body::yaml(bytes)?)
                .map_err(|_| Refusal::not_modelled("DeleteOptions with such YAML"))?,
            _ => serde_json::from_slice(bytes).map_err(|_| Refusal::not_modelled("DeleteOptions that are no JSON"))?,
        };
        // What is unknown in them is passed over, in every version.
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let options = Self {
            grace: body["gracePeriodSeconds"].as_i64(),
            uid: text(&body["preconditions"]["uid"]),
            version: text(&body["preconditions"]["resourceVersion"]),
            propagation: text(&body["propagationPolicy"]),
            orphan: body["orphanDependents"].as_bool(),
            dry_run: false,
        };
        let dry_run = body["dryRun"].as_array().into_iter().flatten().filter_map(text).collect();
        Ok((options, dry_run))
    }
}

/// What became of an object.
pub(crate) enum End {
    /// It is there still, and this is its state.
    Pending(Arc<Value>),
    Gone(Arc<Value>),
}

pub(super) fn delete(world: &mut World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    let options = Options::of(call, &world.profile)?;
    let (key, object) = read::stored(world, call, resource)?;
    fits(&options, &object, &key, resource)?;
    resource.strategy.admit_delete(&object, &create::write(world, call, &key.namespace))?;
    Ok(match end(world, resource, &key, &object, &options) {
        End::Gone(object) if !resource.delete_gives_object => Answer::ok(success(&object, resource)),
        End::Gone(object) => Answer::ok(object),
        End::Pending(object) => {
            let code = if options.orphan == Some(false) { 202 } else { 200 };
            Answer::new(code, object)
        }
    })
}

/// The preconditions hold.
fn fits(options: &Options, object: &Value, key: &Key, resource: &Resource) -> Outcome<()> {
    let metadata = &object["metadata"];
    let check = |meant: &Option<String>, field: &str, what: &str, happened: &str| match meant {
        Some(meant) if metadata[field] != **meant => {
            let is = metadata[field].as_str().unwrap_or_default();
            if resource.full == "namespaces" {
                let why = format!("Precondition failed: {what} in precondition: {meant}, {what} in object meta: {is}");
                return Err(Refusal::conflict(resource.full, &key.name, &why));
            }
            let why = format!(
                "the {what} in the precondition ({meant}) does not match the {what} in record ({is}). The object might have been {happened}"
            );
            Err(Refusal::conflict(resource.full_kind, &key.name, &why))
        }
        _ => Ok(()),
    };
    check(&options.uid, "uid", "UID", "deleted and then recreated")?;
    check(&options.version, "resourceVersion", "ResourceVersion", "modified")
}

fn success(object: &Value, resource: &Resource) -> Value {
    let metadata = &object["metadata"];
    let mut details = json!({"name": metadata["name"], "kind": resource.plural, "uid": metadata["uid"]});
    if !resource.group.is_empty() {
        details["group"] = resource.group.into();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// Ends an object as its kind, its finalizers and the options have it.
pub(crate) fn end(
    world: &mut World,
    resource: &'static Resource,
    key: &Key,
    object: &Arc<Value>,
    options: &Options,
) -> End {
    if resource.full == "namespaces" {
        return end_namespace(world, key, object, options);
    }
    let metadata = &object["metadata"];
    let is_going = !metadata["deletionTimestamp"].is_null();
    let mut next = Value::clone(object);
    let mut graceful = false;
    if is_going {
        match (metadata["deletionGracePeriodSeconds"].as_i64(), options.grace.map(not_negative)) {
            // With no time left it is only a matter of finalizers.
            (None | Some(0), _) => {}
            (Some(now), Some(wanted)) if wanted < now => {
                let since = metadata["deletionTimestamp"]
                    .as_str()
                    .and_then(|at| at.parse::<Timestamp>().ok())
                    .unwrap_or(world.now());
                let at = since.checked_add(SignedDuration::from_secs(wanted - now)).unwrap_or(since);
                next["metadata"]["deletionTimestamp"] = rfc3339(at).into();
                next["metadata"]["deletionGracePeriodSeconds"] = wanted.into();
                graceful = true;
            }
            (Some(_), _) => return End::Pending(Arc::clone(object)),
        }
    } else if resource.full == "pods" {
        let grace = grace_of_pod(object, options.grace);
        let at = world.now().checked_add(SignedDuration::from_secs(grace)).unwrap_or(Timestamp::MAX);
        next["metadata"]["deletionTimestamp"] = rfc3339(at).into();
        next["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        bump_generation(&mut next);
        graceful = true;
    }
    let finalizers = finalizers(object, options);
    let has_finalizers = !finalizers.is_empty();
    if finalizers != listed(object) {
        next["metadata"]["finalizers"] = finalizers.into();
    }
    let grace = next["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    if !graceful && has_finalizers && !is_going {
        next["metadata"]["deletionTimestamp"] = rfc3339(world.now()).into();
        next["metadata"]["deletionGracePeriodSeconds"] = 0.into();
        bump_generation(&mut next);
    }
    if options.dry_run {
        return if has_finalizers || grace > 0 { End::Pending(Arc::new(next)) } else { End::Gone(Arc::new(next)) };
    }
    let mut last = Arc::clone(object);
    if graceful || has_finalizers {
        if next != **object {
            last = world.put(key.clone(), next);
        }
        if has_finalizers || grace > 0 {
            return End::Pending(last);
        }
    }
    End::Gone(removed(world, key, last))
}

/// Removes an object, and gives back what is shown of it: early versions show it as it was last written.
fn removed(world: &mut World, key: &Key, last: Arc<Value>) -> Arc<Value> {
    let gone = world.remove(key).filter(|_| world.profile.has(Feature::DeletionsHaveAVersion));
    gone.unwrap_or(last)
}

fn bump_generation(object: &mut Value) {
    if let Some(generation) = object["metadata"]["generation"].as_i64().filter(|generation| *generation > 0) {
        object["metadata"]["generation"] = (generation + 1).into();
    }
}

/// How long a Pod has to end.
fn grace_of_pod(pod: &Value, asked: Option<i64>) -> i64 {
    let is_nowhere = pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let is_done = matches!(pod["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
    let own = pod["spec"]["terminationGracePeriodSeconds"].as_i64();
    if is_nowhere || is_done { 0 } else { not_negative(asked.or(own).unwrap_or_default()) }
}

/// A time below zero is taken for one second.
fn not_negative(grace: i64) -> i64 {
    if grace < 0 { 1 } else { grace }
}

fn listed(object: &Value) -> Vec<String> {
    let all = object["metadata"]["finalizers"].as_array().into_iter().flatten();
    all.filter_map(|finalizer| finalizer.as_str().map(str::to_owned)).collect()
}

/// The finalizers with those that the garbage collector is told by.
fn finalizers(object: &Value, options: &Options) -> Vec<String> {
    const ORPHAN: &str = "orphan";
    const FOREGROUND: &str = "foregroundDeletion";
    let mut all = listed(object);
    let wanted = match (options.propagation.as_deref(), options.orphan) {
        (Some("Orphan"), _) | (None, Some(true)) => Some(ORPHAN),
        (Some("Foreground"), _) => Some(FOREGROUND),
        (None, None) => return all,
        _ => None,
    };
    all.retain(|finalizer| ![ORPHAN, FOREGROUND].contains(&finalizer.as_str()));
    all.extend(wanted.map(str::to_owned));
    all
}

/// A Namespace is emptied first, by a controller.
fn end_namespace(world: &mut World, key: &Key, object: &Arc<Value>, options: &Options) -> End {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        let is_empty = object["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty) && listed(object).is_empty();
        if !is_empty || options.dry_run {
            return End::Pending(Arc::clone(object));
        }
        return End::Gone(removed(world, key, Arc::clone(object)));
    }
    let mut next = Value::clone(object);
    next["metadata"]["deletionTimestamp"] = rfc3339(world.now()).into();
    let finalizers = finalizers(object, options);
    if finalizers != listed(object) {
        next["metadata"]["finalizers"] = finalizers.into();
    }
    next["status"]["phase"] = "Terminating".into();
    End::Pending(if options.dry_run { Arc::new(next) } else { world.put(key.clone(), next) })
}

pub(super) fn collection(world: &mut World, call: &Call<'_>, resource: &'static Resource) -> Outcome<Answer> {
    let options = Options::of(call, &world.profile)?;
    let selector = Selector::of(&call.request.query, resource, &world.profile)?;
    let namespace = if resource.namespaced { call.attributes.namespace.clone() } else { String::new() };
    let revision = world.store.revision();
    let all: Vec<(Key, Arc<Value>)> = world
        .store
        .list(resource.full, &namespace)
        .filter(|(_, object)| selector.matches(object))
        .map(|(key, object)| (key.clone(), Arc::clone(object)))
        .collect();
    for (key, object) in &all {
        fits(&options, object, key, resource)?;
        resource.strategy.admit_delete(object, &create::write(world, call, &key.namespace))?;
        end(world, resource, key, object, &options);
    }
    let items: Vec<Value> = all.iter().map(|(_, object)| managed::as_item(object)).collect();
    Ok(Answer::ok(json!({
        "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(),
        "metadata": {"resourceVersion": revision.to_string()}, "items": items,
    })))
}
