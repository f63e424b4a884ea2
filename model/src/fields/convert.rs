//! Why an object without types makes none of its kind: the words of the API machinery's converter, which goes by the fields
//! of a struct in their order and ends at the first mistake.

use serde_json::Value;

use super::go;
use super::quantity::Quantity;
use super::shape::Shape;
use super::shown::{self, sort};
use super::table::Scalar;
use super::time;

/// The first mistake; none where there is none.
pub(super) fn mistake(value: &Value, shape: Shape) -> Option<String> {
    from(value, shape, "").err()
}

/// Makes of bytes that are empty none at all, as the converter does up to v1.23.
pub(super) fn empty_bytes(value: &mut Value, shape: Shape) {
    match (shape, value) {
        (Shape::Struct(of), Value::Object(fields)) => {
            for field in of.fields() {
                if let Some(value) = fields.get_mut(field.name) {
                    empty_bytes(value, of.shape(field));
                }
            }
        }
        (Shape::Map(map), Value::Object(fields)) => {
            for value in fields.values_mut() {
                empty_bytes(value, map.value());
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for item in items {
                empty_bytes(item, list.item());
            }
        }
        (Shape::Scalar(Scalar::Bytes), value) if *value == "" => *value = Value::Null,
        _ => {}
    }
}

/// `go` is the Go type that is wanted here; empty where the shape tells it.
fn from(value: &Value, shape: Shape, go: &str) -> Result<(), String> {
    let kind = shown::kind_name(value);
    match (shape, value) {
        (_, Value::Null) => Ok(()),
        (Shape::Struct(of), Value::Object(fields)) => {
            let mut known: Vec<_> = of.fields().iter().filter(|field| fields.contains_key(field.name)).collect();
            known.sort_by_key(|field| field.place);
            known.into_iter().try_for_each(|field| from(&fields[field.name], of.shape(field), field.go))
        }
        (Shape::Struct(_), _) => Err(format!("cannot restore struct from: {kind}")),
        (Shape::Map(map), Value::Object(fields)) => {
            let inner = go.split_once(']').filter(|_| go.starts_with("map[")).map_or("", |(_, inner)| inner);
            fields.values().try_for_each(|value| from(value, map.value(), inner))
        }
        (Shape::Map(_), _) => Err(format!("cannot restore map from {kind}")),
        (Shape::List(list), Value::Array(items)) => {
            let inner = go.strip_prefix("[]").unwrap_or_default();
            items.iter().try_for_each(|item| from(item, list.item(), inner))
        }
        (Shape::List(_), _) => Err(format!("cannot restore slice from {kind}")),
        (Shape::Scalar(scalar), value) => scalar_from(value, scalar, go),
    }
}

fn scalar_from(value: &Value, scalar: Scalar, go: &str) -> Result<(), String> {
    let kind = shown::kind_name(value);
    let or = |plain: &'static str| if go.is_empty() { plain.to_owned() } else { go.to_owned() };
    let is_whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    match (scalar, value) {
        (Scalar::String | Scalar::IntOrString, Value::String(_))
        | (Scalar::Bool, Value::Bool(_))
        | (Scalar::FieldsV1, _) => Ok(()),
        (Scalar::Int32 | Scalar::Int64, Value::Number(_)) if is_whole(value) => Ok(()),
        // Of numbers Go knows a way to texts, which JSON does not.
        (Scalar::String, Value::Number(number)) if !number.is_f64() => {
            Err(format!("cannot convert {kind} to {}", or("string")))
        }
        (Scalar::Int32, Value::Number(_)) => Err(format!("cannot convert {kind} to {}", or("int32"))),
        (Scalar::Int64, Value::Number(_)) => Err(format!("cannot convert {kind} to {}", or("int64"))),
        (Scalar::String, _) => Err("unrecognized type: string".to_owned()),
        (Scalar::Bool, _) => Err("unrecognized type: bool".to_owned()),
        (Scalar::Int32, _) => Err("unrecognized type: int32".to_owned()),
        (Scalar::Int64, _) => Err("unrecognized type: int64".to_owned()),
        (Scalar::Bytes, Value::String(text)) => match go::base64_mistake(text) {
            Some(mistake) => Err(format!("error decoding from json: {mistake}")),
            None => Ok(()),
        },
        // One by one.
        (Scalar::Bytes, Value::Array(items)) => {
            let is_byte = |item: &Value| item.is_null() || is_whole(item);
            if items.iter().all(is_byte) { Ok(()) } else { Err("unrecognized type: uint8".to_owned()) }
        }
        (Scalar::Bytes, _) => Err(format!("cannot restore slice from {kind}")),
        // The rest read themselves from JSON.
        (Scalar::Quantity, Value::String(text)) => Quantity::parse(text.trim()).map(drop).map_err(str::to_owned),
        (Scalar::Quantity, other) => Quantity::parse(&other.to_string()).map(drop).map_err(str::to_owned),
        (Scalar::IntOrString, Value::Number(number)) => {
            let number = number.to_string();
            number.parse::<i32>().map(drop).map_err(|_| wanted(&format!("number {number}"), "int32"))
        }
        (Scalar::IntOrString, other) => Err(wanted(sort(other), "int32")),
        (Scalar::Time, Value::String(text)) => time::seconds(text).map(drop),
        (Scalar::MicroTime, Value::String(text)) => time::micros(text).map(drop),
        (Scalar::Time | Scalar::MicroTime, other) => Err(wanted(sort(other), "string")),
    }
}

fn wanted(found: &str, wanted: &str) -> String {
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}
