//! ObjectMeta.

use serde_json::Value;

use crate::kinds::Write;
use crate::resources::Resource;
use crate::status::Cause;
use crate::world::Outcome;

/// A Namespace that objects may be created in.
pub(crate) fn namespace_takes(_write: &Write<'_>, _resource: &Resource, _object: &Value) -> Outcome<()> {
    Ok(())
}

/// A Namespace whose objects may be changed.
pub(crate) fn namespace_takes_update(_write: &Write<'_>, _resource: &Resource) -> Outcome<()> {
    Ok(())
}

/// All mistakes of an object, in the order the server tells them.
pub(crate) fn validated(
    _resource: &Resource,
    _object: &Value,
    _old: Option<&Value>,
    own: Vec<Cause>,
    _write: &Write<'_>,
) -> Vec<Cause> {
    own
}
