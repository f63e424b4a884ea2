//! Objects as the API server writes them: what is empty is left out or stands as zero, by the table.

use serde_json::{Map, Value};

use super::shape::{Shape, Struct};
use super::table::{Field, Scalar};

/// What becomes of a list or map that is empty and would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    /// It is told from none: so in a body, whose sender manages it.
    Stays,
    /// It is none: so in the store.
    IsNone,
}

/// The same value, complete and without what is not written. Null stands for nothing at all.
pub(super) fn value(value: Value, shape: Shape, empty: Empty) -> Value {
    match (value, shape) {
        (Value::Object(pairs), Shape::Struct(of)) => fields(pairs, of, empty),
        (_, Shape::Struct(of)) => fields(Map::new(), of, empty),
        (Value::Object(pairs), Shape::Map(map)) => {
            let whole = |(key, inner): (String, Value)| (key, self::value(inner, map.value(), empty));
            Value::Object(pairs.into_iter().map(whole).collect())
        }
        (Value::Array(items), Shape::List(list)) => {
            items.into_iter().map(|item| self::value(item, list.item(), empty)).collect()
        }
        (Value::Null, Shape::Scalar(scalar)) => zero(scalar),
        (value, _) => value,
    }
}

fn fields(mut pairs: Map<String, Value>, of: Struct, empty: Empty) -> Value {
    let mut out = Map::new();
    for field in of.fields() {
        let found = pairs.remove(field.name).unwrap_or_default();
        if let Some(value) = self::field(found, of.shape(field), field, empty) {
            out.insert(field.name.to_owned(), value);
        }
    }
    Value::Object(out)
}

fn field(found: Value, shape: Shape, field: &Field, empty: Empty) -> Option<Value> {
    if field.pointer {
        return match found {
            Value::Null => (!field.omitempty).then_some(Value::Null),
            found => Some(value(found, shape, empty)),
        };
    }
    let whole = value(found, shape, empty);
    let is_empty = match (&whole, shape) {
        (Value::Null, Shape::Scalar(Scalar::Time | Scalar::MicroTime)) => return (!field.omitzero).then_some(whole),
        (
            _,
            Shape::Struct(_) | Shape::Scalar(Scalar::Quantity | Scalar::IntOrString | Scalar::Time | Scalar::MicroTime),
        )
        | (Value::Bool(true), _) => false,
        (Value::Null | Value::Bool(false), _) => true,
        (Value::Number(number), _) => number.as_i64() == Some(0),
        (Value::String(text), _) => text.is_empty(),
        (Value::Array(items), _) => items.is_empty(),
        (Value::Object(pairs), _) => pairs.is_empty(),
    };
    match shape {
        _ if is_empty && field.omitempty => None,
        Shape::List(_) | Shape::Map(_) if is_empty && empty == Empty::IsNone => Some(Value::Null),
        _ => Some(whole),
    }
}

fn zero(scalar: Scalar) -> Value {
    match scalar {
        Scalar::String => "".into(),
        Scalar::Bool => false.into(),
        Scalar::Int32 | Scalar::Int64 | Scalar::IntOrString => 0.into(),
        Scalar::Quantity => "0".into(),
        Scalar::Time | Scalar::MicroTime | Scalar::Bytes | Scalar::FieldsV1 => Value::Null,
    }
}
