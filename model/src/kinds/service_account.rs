//! `ServiceAccount`s.

use serde_json::{Value, json};

use super::json::{has, items_mut, text};
use super::{Strategy, Write};
use crate::meta::{self, NameRule, Rules};
use crate::profile::Feature;
use crate::status::Cause;

pub(crate) struct ServiceAccount;

const RULES: Rules = Rules { name: NameRule::Subdomain, known_finalizers: true };

/// Lets Pods mount only the Secrets that are listed.
pub(super) const MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

impl Strategy for ServiceAccount {
    fn prepare(&self, object: &mut Value, _old: Option<&Value>, _write: &Write<'_>) {
        for secret in items_mut(object, "secrets") {
            let name = text(secret, "name");
            *secret = if name.is_empty() { json!({}) } else { json!({"name": name}) };
        }
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let changed = old.into_iter().flat_map(|old| meta::mistakes_of_change(object, old, RULES, write.profile));
        changed.chain(meta::mistakes(object, RULES, write.profile)).collect()
    }

    fn warnings(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<String> {
        let is_set = |object: &Value| has(&object["metadata"]["annotations"], MOUNTABLE);
        if !write.profile.has(Feature::MountableSecretsAreDeprecated) || !is_set(object) || old.is_some_and(is_set) {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        )]
    }
}
