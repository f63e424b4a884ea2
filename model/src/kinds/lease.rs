//! Leases.

use serde_json::{Value, json};

use super::{Strategy, Write, names};
use crate::meta::{self, NameRule, Rules};
use crate::profile::Feature;
use crate::status::Cause;

pub(crate) struct Lease;

const RULES: Rules = Rules { name: NameRule::Subdomain, known_finalizers: false };

impl Strategy for Lease {
    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let mut causes = match old {
            Some(old) => meta::mistakes_of_change(object, old, RULES, write.profile),
            None => meta::mistakes(object, RULES, write.profile),
        };
        let spec = &object["spec"];
        if let Some(seconds) = spec["leaseDurationSeconds"].as_i64().filter(|seconds| *seconds <= 0) {
            causes.push(Cause::invalid("spec.leaseDurationSeconds", &json!(seconds), "must be greater than 0"));
        }
        if let Some(count) = spec["leaseTransitions"].as_i64().filter(|count| *count < 0) {
            let detail = if write.profile.has(Feature::LeaseTransitionsInPlainWords) {
                names::NEGATIVE
            } else {
                "must to greater or equal than 0"
            };
            causes.push(Cause::invalid("spec.leaseTransitions", &json!(count), detail));
        }
        causes
    }
}
