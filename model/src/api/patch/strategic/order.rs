//! In which order the items of a merged list stand.

use serde_json::Value;

use super::{DIRECTIVE, bad_type, no_key, unexpected};
use crate::fields;
use crate::status::Refusal;
use crate::world::Outcome;

fn key_of<'v>(item: &'v Value, key: &str) -> Outcome<&'v Value> {
    let Value::Object(fields) = item else { return Err(bad_type("map[string]interface {}", item)) };
    fields.get(key).ok_or_else(|| no_key(fields, key))
}

/// The items of a patch stand in the order that is said, those to be deleted apart.
pub(super) fn fits(patch: &[Value], order: &[Value], key: Option<&str>) -> Outcome<()> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    if key.is_some()
        && let Some(other) = patch.iter().find(|item| !item.is_object())
    {
        return Err(bad_type("map[string]interface {}", other));
    }
    let mut said = order.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        loop {
            let Some(next) = said.next() else { return Err(does_not_fit(patch, order)) };
            let is_same = match key {
                None => item == next,
                Some(key) => {
                    if !next.is_object() {
                        return Err(bad_type("map[string]interface {}", next));
                    }
                    key_of(item, key)? == key_of(next, key)?
                }
            };
            if is_same {
                break;
            }
        }
    }
    Ok(())
}

fn does_not_fit(patch: &[Value], order: &[Value]) -> Refusal {
    let shown = |items: &[Value]| fields::plain(&Value::Array(items.to_vec()));
    unexpected(format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        shown(patch),
        shown(order)
    ))
}

/// Items in the order that is said, and among them those that it does not name: before the first that stood behind them.
pub(super) fn sorted(
    merged: Vec<Value>,
    order: &[Value],
    before: &[Value],
    key: Option<&str>,
    kind: &str,
) -> Outcome<Vec<Value>> {
    let is_map = kind == "map";
    let place = |among: &[Value], item: &Value| match key.filter(|_| is_map) {
        Some(key) => among.iter().position(|other| other.get(key) == item.get(key)),
        None => among.iter().position(|other| other == item),
    };
    if let (Some(key), true) = (key, is_map) {
        if let Some(at) = order.iter().position(|item| !item.is_object()) {
            return Err(unexpected(format!("value for key {at} is not a map")));
        }
        for item in merged.iter().chain(order).chain(before) {
            key_of(item, key)?;
        }
    }
    let (named, others): (Vec<Value>, Vec<Value>) = merged.into_iter().partition(|item| place(order, item).is_some());
    let arranged = |items: Vec<Value>, order: &[Value]| {
        let is_deleted = |item: &Value| is_map && item.get(DIRECTIVE).is_some_and(|directive| directive == "delete");
        let (mut deleted, mut items): (Vec<Value>, Vec<Value>) = items.into_iter().partition(is_deleted);
        // What stands in no order goes in front of all before it, as each is less than all others.
        for last in 1..items.len() {
            let mut at = last;
            while at > 0 {
                let (one, other) = (place(order, &items[at]), place(order, &items[at - 1]));
                if matches!((one, other), (Some(one), Some(other)) if one >= other) {
                    break;
                }
                items.swap(at, at - 1);
                at -= 1;
            }
        }
        items.append(&mut deleted);
        items
    };
    let mut named = arranged(named, order).into_iter().peekable();
    let mut others = arranged(others, before).into_iter().peekable();
    let mut all = Vec::new();
    while let (Some(one), Some(other)) = (named.peek(), others.peek()) {
        let other_first = matches!((place(before, one), place(before, other)), (Some(one), Some(other)) if other < one);
        all.extend(if other_first { others.next() } else { named.next() });
    }
    all.extend(named);
    all.extend(others);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_patch_names_stands_first_unless_it_stood_behind() {
        let order = |before: Value, patch: Value, all: Value| {
            let list = |value: Value| value.as_array().cloned().unwrap();
            Value::Array(sorted(list(all), &list(patch), &list(before), None, "string").unwrap())
        };
        assert_eq!(order(json!(["a"]), json!(["b"]), json!(["a", "b"])), json!(["b", "a"]));
        assert_eq!(order(json!(["a", "b"]), json!(["b", "c"]), json!(["a", "b", "c"])), json!(["a", "b", "c"]));
        assert_eq!(order(json!(["a", "b", "c"]), json!(["c", "a"]), json!(["a", "b", "c"])), json!(["b", "c", "a"]));
    }
}
