//! What is particular to each kind: defaults, what may not be written, mistakes, warnings and admission.

mod config_map;
pub(crate) mod json;
mod lease;
pub(crate) mod names;
mod namespace;
mod node;
mod pod;
mod rbac;
mod secret;
mod service_account;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::profile::Profile;
use crate::status::{Cause, Refusal};
use crate::store::{Key, Store};
use crate::user::User;
use crate::world;

pub(crate) use config_map::ConfigMap;
pub(crate) use lease::Lease;
pub(crate) use namespace::Namespace;
pub(crate) use node::Node;
pub(crate) use pod::Pod;
pub(crate) use rbac::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
pub(crate) use secret::Secret;
pub(crate) use service_account::ServiceAccount;

/// A write that is under way.
pub(crate) struct Write<'a> {
    pub(crate) profile: &'a Profile,
    /// Before the write.
    pub(crate) store: &'a Store,
    pub(crate) user: &'a User,
    pub(crate) now: Timestamp,
    /// Empty for the object itself.
    pub(crate) subresource: &'a str,
    /// Of the path; empty outside of Namespaces.
    pub(crate) namespace: &'a str,
}

impl Write<'_> {
    /// What a cache of the API server shows of an object; where it shows none, what is stored.
    pub(crate) fn looked_up(&self, resource: &'static str, name: &str) -> Option<Arc<Value>> {
        let key = Key::new(resource, self.namespace, name);
        let until = self.now.checked_sub(world::INFORMER_LAG).unwrap_or(Timestamp::MIN);
        self.store.seen(&key, until).or_else(|| self.store.get(&key).cloned())
    }

    fn is_main(&self) -> bool {
        self.subresource.is_empty()
    }
}

/// A kind. Objects come as [`crate::fields::decode`] leaves them: every field known and of its type. In the order they are
/// called: `default`, `prepare`, `admit`, `validate`, `read_back`.
pub(crate) trait Strategy: Sync {
    /// Fills in what was left out.
    fn default(&self, _object: &mut Value, _write: &Write<'_>) {}

    /// Puts right what nobody may write, as the status in a create: `old` is none in a create.
    fn prepare(&self, _object: &mut Value, _old: Option<&Value>, _write: &Write<'_>) {}

    /// What admission plug-ins do with it: fill in more, or refuse.
    fn admit(&self, _object: &mut Value, _old: Option<&Value>, _write: &Write<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Its mistakes, those of its metadata among them, in the order the server tells them.
    fn validate(&self, _object: &Value, _old: Option<&Value>, _write: &Write<'_>) -> Vec<Cause> {
        Vec::new()
    }

    /// What the server has to say of it beside the answer.
    fn warnings(&self, _object: &Value, _old: Option<&Value>, _write: &Write<'_>) -> Vec<String> {
        Vec::new()
    }

    /// What is read of an object that was just written: more than is stored, it may be, and then this says so.
    fn read_back(&self, _object: &mut Value) -> bool {
        false
    }

    /// What may be in the way of its deletion.
    fn admit_delete(&self, _object: &Value, _write: &Write<'_>) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A kind without particulars.
pub(crate) struct Plain;
impl Strategy for Plain {}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
