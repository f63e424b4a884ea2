//! What is particular to each kind: defaults, what may not be written, mistakes, warnings and admission.

use jiff::Timestamp;
use serde_json::Value;

use crate::profile::Profile;
use crate::status::{Cause, Refusal};
use crate::store::Store;
use crate::user::User;

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

/// A kind. Objects come as [`crate::fields::decode`] leaves them: every field known and of its type. In the order they are
/// called: `default`, `prepare`, `admit`, `validate`.
pub(crate) trait Strategy: Sync {
    /// Fills in what was left out.
    fn default(&self, _object: &mut Value, _write: &Write<'_>) {}

    /// Puts right what nobody may write, as the status in a create: `old` is none in a create.
    fn prepare(&self, _object: &mut Value, _old: Option<&Value>, _write: &Write<'_>) {}

    /// What admission plug-ins do with it: fill in more, or refuse.
    fn admit(&self, _object: &mut Value, _old: Option<&Value>, _write: &Write<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Its mistakes, in the order the server tells them. Of metadata only what other kinds do not have.
    fn validate(&self, _object: &Value, _old: Option<&Value>, _write: &Write<'_>) -> Vec<Cause> {
        Vec::new()
    }

    /// What the server has to say of it beside the answer.
    fn warnings(&self, _object: &Value, _old: Option<&Value>, _write: &Write<'_>) -> Vec<String> {
        Vec::new()
    }

    /// What may be in the way of its deletion.
    fn admit_delete(&self, _object: &Value, _write: &Write<'_>) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A kind without particulars.
pub(crate) struct Plain;
impl Strategy for Plain {}

macro_rules! plain {
    ($($kind:ident)*) => {$(
        pub(crate) struct $kind;
        impl Strategy for $kind {}
    )*};
}

plain!(ConfigMap Namespace Node Pod Secret ServiceAccount Lease ClusterRole ClusterRoleBinding Role RoleBinding);

#[cfg(test)]
pub(crate) mod testing;
