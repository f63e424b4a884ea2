//! What a recording was made from, as a short text that changes when the plan does.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Scenario, Step};
use crate::cluster::Setup;

impl Scenario {
    /// A digest of the steps that `applies` chooses, of the manifests they use and of the cluster's set-up, leaving out what changes no answer:
    /// title and texts about it, expectations, times, places. To be taken of a scenario whose names are as written.
    pub fn digest(&self, setup: &Setup, applies: impl Fn(&Step) -> bool) -> String {
        const LENGTH: usize = 12;
        let mut hash = Sha256::new();
        let words = self.words().map(Value::from).collect();
        write(&words, &mut hash);
        if !setup.is_default() {
            write(&json!({"cluster": setup}), &mut hash);
        }
        for step in self.steps.iter().filter(|step| applies(step)) {
            write(&step.essence, &mut hash);
        }
        let mut digest = format!("{:x}", hash.finalize());
        digest.truncate(LENGTH);
        digest
    }
}

/// Canonical JSON: keys sorted, no blanks. Strings are quoted and everything else is delimited, so that no two values
/// are written alike.
fn write(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            hash.update(b"{");
            for (key, value) in fields {
                write(&Value::String(key.clone()), hash);
                write(value, hash);
            }
            hash.update(b"}");
        }
        Value::Array(elements) => {
            hash.update(b"[");
            for element in elements {
                write(element, hash);
            }
            hash.update(b"]");
        }
        scalar => {
            hash.update(scalar.to_string().as_bytes());
            hash.update(b",");
        }
    }
}
