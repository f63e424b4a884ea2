//! Lists merged into lists.

use serde_json::Value;

use super::{DIRECTIVE, Merging, Object, bad_directive, no_key, order, unexpected};
use crate::fields::{self, List};
use crate::status::Refusal;
use crate::world::Outcome;

/// What sort the items are, all of them.
pub(super) fn kind_of_items(before: &[Value], patch: &[Value]) -> Outcome<&'static str> {
    let mut found: Option<&'static str> = None;
    for item in before.iter().chain(patch) {
        let kind = fields::kind_name(item);
        match found {
            None if item.is_null() => return Err(Refusal::not_modelled("a list in a patch that begins with null")),
            None if item.is_array() => {
                return Err(Refusal::generic(
                    422,
                    "Invalid",
                    "the server rejected our request due to an error in our request",
                ));
            }
            None => found = Some(kind),
            Some(known) if known != kind => {
                let shown = |items: &[Value]| fields::plain(&Value::Array(items.to_vec()));
                return Err(unexpected(format!(
                    "list element types are not identical: [{} {}]",
                    shown(before),
                    shown(patch)
                )));
            }
            Some(_) => {}
        }
    }
    found.ok_or_else(|| unexpected("no elements in any of the given slices"))
}

pub(super) fn merged(
    merging: &Merging<'_>,
    before: Vec<Value>,
    patch: Vec<Value>,
    list: List,
    is_deletion: bool,
) -> Outcome<Vec<Value>> {
    if before.is_empty() && patch.is_empty() {
        return Ok(before);
    }
    let kind = kind_of_items(&before, &patch)?;
    if kind != "map" {
        if is_deletion {
            return Ok(before.into_iter().filter(|item| !patch.contains(item)).collect());
        }
        let merged = without_doubles(before.iter().chain(&patch).cloned().collect());
        return order::sorted(merged, &patch, &before, list.patch.key, kind);
    }
    let Some(key) = list.patch.key else {
        return Err(unexpected("cannot merge lists without merge key for struct"));
    };
    let (before, patch) = directed(before, patch, key)?;
    let mut merged = before.clone();
    for item in &patch {
        let Value::Object(fields) = item else { continue };
        let value = fields.get(key).ok_or_else(|| no_key(fields, key))?;
        match merged.iter_mut().find(|known| known.get(key) == Some(value)) {
            Some(Value::Object(known)) => merging.objects(known, &mut fields.clone(), list.item())?,
            _ => merged.push(item.clone()),
        }
    }
    order::sorted(merged, &patch, &before, Some(key), kind)
}

/// What directives among the items say: all that was goes, or one item does.
fn directed(mut before: Vec<Value>, patch: Vec<Value>, key: &str) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let (mut plain, mut replaces) = (Vec::new(), false);
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        let nothing = Object::new();
        let fields = item.as_object().unwrap_or(&nothing);
        match directive.as_str() {
            Some("delete") => {
                let value = fields.get(key).ok_or_else(|| no_key(fields, key))?;
                before.retain(|known| known.get(key) != Some(value));
            }
            Some("replace") => replaces = true,
            Some("merge") => return Err(unexpected("merging lists cannot yet be specified in the patch")),
            _ => return Err(bad_directive(directive, fields)),
        }
    }
    Ok((if replaces { Vec::new() } else { before }, plain))
}

/// Each scalar once: the last one takes the place of a double.
fn without_doubles(mut items: Vec<Value>) -> Vec<Value> {
    let mut at = 0;
    while at < items.len() {
        let mut other = at + 1;
        while other < items.len() {
            if items[at] == items[other] {
                items.swap_remove(other);
            } else {
                other += 1;
            }
        }
        at += 1;
    }
    items
}
