//! Fields of objects, read and filled in.

use serde_json::{Value, json};

/// A text; empty where there is none.
pub(crate) fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object[field].as_str().unwrap_or_default()
}

/// The items of a list; none where there is no list.
pub(crate) fn items<'v>(object: &'v Value, field: &str) -> &'v [Value] {
    object[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The same, to be changed.
pub(crate) fn items_mut<'v>(object: &'v mut Value, field: &str) -> impl Iterator<Item = &'v mut Value> {
    object.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// The pairs of a map, by key.
pub(crate) fn pairs<'v>(object: &'v Value, field: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    object[field].as_object().into_iter().flatten()
}

pub(crate) fn flag(object: &Value, field: &str) -> bool {
    object[field].as_bool().unwrap_or_default()
}

/// Whether there is something, be it empty.
pub(crate) fn has(object: &Value, field: &str) -> bool {
    !object[field].is_null()
}

/// Something that is there, to be changed.
pub(crate) fn child<'v>(object: &'v mut Value, field: &str) -> Option<&'v mut Value> {
    object.get_mut(field).filter(|value| !value.is_null())
}

/// Sets a field that is not there, or an empty text.
pub(crate) fn fill(object: &mut Value, field: &str, value: impl Into<Value>) {
    if object[field].is_null() || object[field] == json!("") {
        object[field] = value.into();
    }
}

/// Takes a field away.
pub(crate) fn drop_field(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}

/// Makes nulls among the values of a map empty texts; whether there were any.
pub(crate) fn nulls_read_back(object: &mut Value, field: &str) -> bool {
    let values = object.get_mut(field).and_then(Value::as_object_mut).into_iter().flat_map(|map| map.values_mut());
    let mut any = false;
    for null in values.filter(|value| value.is_null()) {
        *null = "".into();
        any = true;
    }
    any
}

/// A field of the new object as it was in the old.
pub(crate) fn keep(object: &mut Value, old: &Value, field: &str) {
    match old.get(field) {
        Some(value) => object[field] = value.clone(),
        None => drop_field(object, field),
    }
}
