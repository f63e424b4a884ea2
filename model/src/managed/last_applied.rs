//! How server-side apply takes over from what kubectl applied before by itself, and noted in an annotation.

use serde_json::Value;

use super::set::Set;
use super::{Manager, typed};
use crate::fields::{self, Shape};
use crate::profile::Profile;
use crate::resources::Resource;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Who applies with kubectl; to be somebody else is how not to take over.
const KUBECTL: &str = "kubectl";

/// What all annotations together may have.
const MOST: usize = 256 * 1024;

fn said(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][ANNOTATION].as_str().filter(|text| !text.is_empty())
}

/// What was applied last and is so still: no conflict is about that.
pub(super) fn set(live: &Value, shape: Shape, resource: &Resource, manager: &Manager, profile: &Profile) -> Set {
    if manager.name != KUBECTL {
        return Set::default();
    }
    let last = said(live).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let is_known =
        |last: &Value| last["apiVersion"] == resource.api_version() && fields::fits(resource.kind, last, profile);
    let Some(last) = last.filter(is_known) else { return Set::default() };
    let comparison = typed::compare(shape, Some(&last), live);
    let all = typed::fields_of(shape, &last);
    all.difference(&comparison.modified).difference(&comparison.added).difference(&comparison.removed)
}

/// Notes the configuration where kubectl's own apply would look for it.
pub(super) fn renew(object: &mut Value, config: &Value, manager: &Manager) {
    if manager.name != KUBECTL || said(object).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let text = crate::written::plain(&config) + "\n";
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else { return };
    annotations.insert(ANNOTATION.to_owned(), text.into());
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MOST {
        annotations.remove(ANNOTATION);
    }
}
