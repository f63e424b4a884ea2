//! Pods.

mod admission;
mod change;
mod containers;
mod defaults;
mod environment;
mod handlers;
mod resources;
mod spec;
mod volumes;
mod warnings;

use serde_json::{Value, json};

use super::json::{child, drop_field, items, items_mut, keep, text};
use super::{Strategy, Write};
use crate::meta::{self, NameRule, Rules};
use crate::profile::{Feature, Profile};
use crate::status::{Cause, Refusal};

pub(super) use resources::amount;

pub(crate) struct Pod;

const RULES: Rules = Rules { name: NameRule::Subdomain, known_finalizers: true };

impl Strategy for Pod {
    fn default(&self, object: &mut Value, write: &Write<'_>) {
        defaults::fill_in(object, write.profile);
    }

    fn prepare(&self, object: &mut Value, old: Option<&Value>, write: &Write<'_>) {
        match old {
            None => {
                object["status"] = json!({"phase": "Pending", "qosClass": resources::class(object)});
                if write.profile.has(Feature::PodGeneration) {
                    object["metadata"]["generation"] = 1.into();
                }
                if !write.profile.has(Feature::ProbeGrace) {
                    drop_grace(&mut object["spec"]);
                }
            }
            Some(old) if write.subresource == "status" => status(object, old, write.profile),
            Some(old) => {
                keep(object, old, "status");
                let generation = old["metadata"]["generation"].as_i64().unwrap_or_default();
                if write.profile.has(Feature::PodGeneration) && object["spec"] != old["spec"] {
                    object["metadata"]["generation"] = (generation + 1).into();
                }
            }
        }
    }

    fn admit(&self, object: &mut Value, old: Option<&Value>, write: &Write<'_>) -> Result<(), Refusal> {
        if write.user.is_in("system:nodes") {
            return Err(Refusal::not_modelled("a Pod written by a node"));
        }
        if !write.is_main() {
            return Ok(());
        }
        admission::modelled(object, old, write)?;
        if old.is_none() {
            admission::service_account(object, write)?;
        }
        admission::priority(object, old, write)?;
        admission::tolerations(object);
        Ok(())
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let mut causes = Vec::new();
        let Some(old) = old else {
            causes.extend(meta::mistakes(object, RULES, write.profile));
            spec::mistakes(object, write.profile, &mut causes);
            return causes;
        };
        causes.extend(meta::mistakes_of_change(object, old, RULES, write.profile));
        if write.is_main() {
            causes.extend(meta::mistakes(object, RULES, write.profile));
            spec::mistakes(object, write.profile, &mut causes);
            change::mistakes(&object["spec"], &old["spec"], write.profile, &mut causes);
        } else {
            status_mistakes(object, old, write.profile, &mut causes);
        }
        causes
    }

    fn warnings(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { warnings::of(object, write.profile) }
    }

    fn read_back(&self, object: &mut Value) -> bool {
        defaults::modes(&mut object["spec"])
    }
}

/// Drops the grace periods of probes; of the one that may have none it is told of instead.
fn drop_grace(spec: &mut Value) {
    for field in ["initContainers", "containers"] {
        for container in items_mut(spec, field) {
            for probe in ["livenessProbe", "startupProbe"] {
                if let Some(probe) = child(container, probe) {
                    drop_field(probe, "terminationGracePeriodSeconds");
                }
            }
        }
    }
}

/// What a write to the status leaves alone.
fn status(object: &mut Value, old: &Value, profile: &Profile) {
    keep(object, old, "spec");
    let metadata = &mut object["metadata"];
    keep(metadata, &old["metadata"], "ownerReferences");
    keep(metadata, &old["metadata"], "deletionTimestamp");
    let (status, was) = (&mut object["status"], &old["status"]);
    if profile.has(Feature::ClassesStay) && text(status, "qosClass").is_empty() {
        keep(status, was, "qosClass");
    }
    if profile.has(Feature::PodGeneration) && status["observedGeneration"].as_i64().unwrap_or_default() == 0 {
        keep(status, was, "observedGeneration");
    }
    if status.is_null() {
        drop_field(object, "status");
    }
}

fn status_mistakes(object: &Value, old: &Value, profile: &Profile, causes: &mut Vec<Cause>) {
    let (status, was) = (&object["status"], &old["status"]);
    if profile.has(Feature::ClassesStay) && status["qosClass"] != was["qosClass"] {
        causes.push(Cause::invalid("status.qosClass", &status["qosClass"], super::names::IMMUTABLE));
    }
    let policy = text(&old["spec"], "restartPolicy");
    let has_ended = |state: &&Value| {
        let code = state["state"]["terminated"]["exitCode"].as_i64();
        code.is_some_and(|code| policy == "Never" || (policy == "OnFailure" && code == 0))
    };
    let named = items(was, "containerStatuses").iter().enumerate();
    for (at, before) in named.filter(|(_, state)| has_ended(state)) {
        let same = |state: &&Value| state["name"] == before["name"];
        let again = items(status, "containerStatuses").iter().filter(same);
        for _ in again.filter(|state| state["state"]["terminated"].is_null()) {
            let detail = "may not be transitioned to non-terminated state";
            causes.push(Cause::forbidden(format!("status.containerStatuses[{at}].state"), detail));
        }
    }
}

/// The containers of a Pod's spec, those that start it first, as they are called in texts and with their path.
fn all_containers(spec: &Value) -> impl Iterator<Item = (String, &Value)> {
    ["initContainers", "containers"].into_iter().flat_map(move |field| {
        items(spec, field).iter().enumerate().map(move |(at, container)| (format!("spec.{field}[{at}]"), container))
    })
}
