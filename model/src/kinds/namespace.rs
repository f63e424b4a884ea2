//! Namespaces.

use serde_json::{Value, json};

use super::json::{items, keep, text};
use super::{Strategy, Write};
use crate::meta::{self, NameRule, Rules};
use crate::status::{Cause, Refusal};

pub(crate) struct Namespace;

const RULES: Rules = Rules { name: NameRule::Label, known_finalizers: true };

/// Those that are never deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Strategy for Namespace {
    fn default(&self, object: &mut Value, _write: &Write<'_>) {
        label(object);
        super::json::fill(&mut object["status"], "phase", "Active");
    }

    fn prepare(&self, object: &mut Value, old: Option<&Value>, write: &Write<'_>) {
        match (old, write.subresource) {
            (None, _) => {
                object["status"] = json!({"phase": "Active"});
                let mut finalizers = items(&object["spec"], "finalizers").to_vec();
                if !finalizers.contains(&json!("kubernetes")) {
                    finalizers.push("kubernetes".into());
                }
                object["spec"] = json!({"finalizers": finalizers});
            }
            (Some(old), "status") => keep(object, old, "spec"),
            (Some(old), "finalize") => keep(object, old, "status"),
            (Some(old), _) => {
                keep(object, old, "spec");
                keep(object, old, "status");
            }
        }
        label(object);
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let (profile, finalizers) = (write.profile, items(&object["spec"], "finalizers"));
        let Some(old) = old else { return mistakes(object, write) };
        let of_change = meta::mistakes_of_change(object, old, RULES, profile);
        match write.subresource {
            "status" => {
                let ends = !object["metadata"]["deletionTimestamp"].is_null();
                let (wanted, because) = if ends { ("Terminating", "not empty") } else { ("Active", "empty") };
                let phase = text(&object["status"], "phase");
                let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {because}");
                let wrong = (phase != wanted).then(|| Cause::invalid("status.Phase", &json!(phase), &detail));
                of_change.into_iter().chain(wrong).collect()
            }
            "finalize" => {
                let numbered = finalizers.iter().enumerate();
                let wrong = numbered
                    .flat_map(|(at, name)| meta::finalizer_mistakes(name, &format!("spec.finalizers[{at}]"), profile));
                of_change.into_iter().chain(wrong).collect()
            }
            _ => mistakes(object, write).into_iter().chain(of_change).collect(),
        }
    }

    fn admit_delete(&self, object: &Value, _write: &Write<'_>) -> Result<(), Refusal> {
        let name = text(&object["metadata"], "name");
        if IMMORTAL.contains(&name) {
            return Err(Refusal::forbidden("namespaces", name, "this namespace may not be deleted"));
        }
        Ok(())
    }
}

fn mistakes(object: &Value, write: &Write<'_>) -> Vec<Cause> {
    let finalizers = items(&object["spec"], "finalizers").iter();
    let wrong = finalizers.flat_map(|name| meta::finalizer_mistakes(name, "spec.finalizers", write.profile));
    meta::mistakes(object, RULES, write.profile).into_iter().chain(wrong).collect()
}

/// Every Namespace that has a name is labelled with it.
fn label(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    if name.as_str().is_some_and(|name| !name.is_empty()) {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    }
}
