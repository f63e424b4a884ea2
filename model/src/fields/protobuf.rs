//! Bodies in protobuf: a message of the kind in an envelope that says which kind it is.
//!
//! A message is read into what the same body in JSON would be, and goes the same way from there.

mod wire;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::json::{self, Json};
use super::shape::{self, Shape, Struct};
use super::table::{Field, Scalar};
use super::{Expected, Validation, body};
use crate::profile::Profile;
use crate::status::Refusal;
use wire::{LENGTH, Mistake, Tag, Wire, told};

const PREFIX: &[u8] = b"k8s\0";

/// How deep messages may nest, whatever the table says.
const MAX_DEPTH: usize = 64;

/// An object read from protobuf: what it does not say of itself is taken from the path. Fields that are not known are left
/// out, whatever is asked for.
pub(crate) fn protobuf_body(
    expected: &Expected<'_>,
    bytes: &[u8],
    profile: &Profile,
) -> Result<(Value, Vec<String>), Refusal> {
    let Unknown { api_version, kind, raw } =
        unknown(bytes).map_err(|mistake| refusal(mistake, |why| body::unrecognized(expected, bytes, why)))?;
    let kind = if kind.is_empty() { expected.kind } else { &kind };
    let (group, version) = match api_version.split_once('/') {
        Some((group, version)) if !version.is_empty() && !version.contains('/') => (group, version),
        None if !api_version.is_empty() => ("", api_version.as_str()),
        _ => (expected.group, expected.version),
    };
    let whole = body::fits(expected, group, version, kind, profile)?;
    let mut object = object(kind, raw, profile).map_err(|mistake| {
        refusal(mistake, |why| {
            Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
        })
    })?;
    object.insert("kind".to_owned(), kind.into());
    object.insert("apiVersion".to_owned(), whole.into());
    super::read(kind, version, Json::from(Value::Object(object)), Validation::Ignore, profile)
}

/// `DeleteOptions` read from protobuf, of whatever group and version they say that they are.
pub(crate) fn protobuf_options(bytes: &[u8], profile: &Profile) -> Result<Value, Refusal> {
    let read = unknown(bytes).and_then(|unknown| object("DeleteOptions", unknown.raw, profile));
    read.map(Value::Object).map_err(|mistake| refusal(mistake, |why| Refusal::bad_request(why)))
}

fn refusal(mistake: Mistake, told: impl FnOnce(&str) -> Refusal) -> Refusal {
    match mistake {
        Mistake::Told(text) => told(&text),
        Mistake::NotModelled(what) => Refusal::not_modelled(what),
    }
}

/// The envelope.
struct Unknown<'b> {
    api_version: String,
    kind: String,
    raw: &'b [u8],
}

fn unknown(bytes: &[u8]) -> Result<Unknown<'_>, Mistake> {
    let rest = match bytes.strip_prefix(PREFIX) {
        _ if bytes.is_empty() => return Err(told("empty data")),
        Some([]) => return Err(told("empty body")),
        Some(rest) => rest,
        None => {
            let prefix = PREFIX.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
            let why = format!("provided data does not appear to be a protobuf message, expected prefix [{prefix}]");
            return Err(told(why));
        }
    };
    let mut found = Unknown { api_version: String::new(), kind: String::new(), raw: &[] };
    let mut wire = Wire::new(rest);
    while let Some(tag) = wire.tag("Unknown")? {
        match tag.number {
            1 => {
                let mut meta = Wire::new(wire.part_of(tag, "TypeMeta")?);
                while let Some(tag) = meta.tag("TypeMeta")? {
                    match tag.number {
                        1 => found.api_version = text(meta.part_of(tag, "APIVersion")?),
                        2 => found.kind = text(meta.part_of(tag, "Kind")?),
                        _ => meta.skip(tag)?,
                    }
                }
            }
            2 => found.raw = wire.part_of(tag, "Raw")?,
            // How the message is written: nobody reads it.
            3 => drop(wire.part_of(tag, "ContentEncoding")?),
            4 => drop(wire.part_of(tag, "ContentType")?),
            _ => wire.skip(tag)?,
        }
    }
    Ok(found)
}

fn object(kind: &str, raw: &[u8], profile: &Profile) -> Result<Map<String, Value>, Mistake> {
    let mut out = Map::new();
    if let Some(Shape::Struct(of)) = shape::shape(kind, profile) {
        message(raw, Place { of, prefix: &[], name: of.name(), depth: 0 }, &mut out)?;
    }
    Ok(out)
}

/// What a message is: a struct, or one that is embedded in it.
#[derive(Clone, Copy)]
struct Place<'p> {
    of: Struct,
    /// The numbers of the messages that are embedded in one another down to it.
    prefix: &'p [u32],
    name: &'p str,
    depth: usize,
}

/// Puts what a message says to what is said already.
fn message(bytes: &[u8], place: Place<'_>, out: &mut Map<String, Value>) -> Result<(), Mistake> {
    let Place { of, prefix, name, depth } = place;
    if depth > MAX_DEPTH {
        return Err(Mistake::NotModelled("a body that is nested so deep"));
    }
    let mut wire = Wire::new(bytes);
    let mut path = [prefix, &[0]].concat();
    while let Some(tag) = wire.tag(name)? {
        if let Some(last) = path.last_mut() {
            *last = tag.number;
        }
        let known = of.fields().iter().find(|field| field.numbers.starts_with(&path));
        match known {
            None => wire.skip(tag)?,
            Some(field) if field.numbers.len() > path.len() => {
                let name = field.embedded.split('.').nth(prefix.len()).unwrap_or_default();
                let part = wire.part_of(tag, name)?;
                message(part, Place { of, prefix: &path, name, depth: depth + 1 }, out)?;
            }
            Some(field) => self::field(&mut wire, tag, of.shape(field), field, depth, out)?,
        }
    }
    Ok(())
}

fn field(
    wire: &mut Wire<'_>,
    tag: Tag,
    shape: Shape,
    field: &Field,
    depth: usize,
    out: &mut Map<String, Value>,
) -> Result<(), Mistake> {
    let said = out.remove(field.name).unwrap_or_default();
    let value = match shape {
        Shape::List(list) => {
            let mut items = if let Value::Array(items) = said { items } else { Vec::new() };
            match list.item() {
                Shape::Scalar(scalar) if is_number(scalar) && tag.kind == LENGTH => {
                    let mut packed = Wire::new(wire.part()?);
                    while !packed.is_empty() {
                        items.push(number(packed.varint()?, scalar));
                    }
                }
                item => items.push(value(wire, tag, item, field.go_name, depth, Value::Null)?),
            }
            Value::Array(items)
        }
        Shape::Map(map) => {
            let mut pairs = if let Value::Object(pairs) = said { pairs } else { Map::new() };
            let (key, value) = entry(wire.part_of(tag, field.go_name)?, map.value(), depth)?;
            pairs.insert(key, value);
            Value::Object(pairs)
        }
        shape => value(wire, tag, shape, field.go_name, depth, said)?,
    };
    // Go writes what is zero as well as what is not, and where that is the same as nothing, nothing is said.
    if !value.is_null() && (field.pointer || !is_zero(&value)) {
        out.insert(field.name.to_owned(), value);
    }
    Ok(())
}

/// A value in a field; of a message it is what was `said` and what is said now.
fn value(wire: &mut Wire<'_>, tag: Tag, shape: Shape, go: &str, depth: usize, said: Value) -> Result<Value, Mistake> {
    match shape {
        Shape::Scalar(scalar) if is_number(scalar) => Ok(number(wire.number_of(tag, go)?, scalar)),
        shape => part(wire.part_of(tag, go)?, shape, depth, said),
    }
}

fn part(bytes: &[u8], shape: Shape, depth: usize, said: Value) -> Result<Value, Mistake> {
    match shape {
        Shape::Scalar(Scalar::Bytes) => Ok(BASE64_STANDARD.encode(bytes).into()),
        Shape::Scalar(Scalar::Quantity) => quantity(bytes),
        Shape::Scalar(Scalar::IntOrString) => int_or_string(bytes),
        Shape::Scalar(scalar @ (Scalar::Time | Scalar::MicroTime)) => time(bytes, scalar),
        Shape::Scalar(Scalar::FieldsV1) => fields_v1(bytes),
        Shape::Scalar(_) => Ok(text(bytes).into()),
        Shape::Struct(of) => {
            let mut out = if let Value::Object(out) = said { out } else { Map::new() };
            message(bytes, Place { of, prefix: &[], name: of.name(), depth: depth + 1 }, &mut out)?;
            Ok(Value::Object(out))
        }
        // A list in a map is a message of its own, and there is one such type.
        Shape::List(_) => {
            let (mut wire, mut items) = (Wire::new(bytes), Vec::new());
            while let Some(tag) = wire.tag("ExtraValue")? {
                match tag.number {
                    1 => items.push(text(wire.part_of(tag, "Items")?).into()),
                    _ => wire.skip(tag)?,
                }
            }
            Ok(Value::Array(items))
        }
        Shape::Map(_) => Err(Mistake::NotModelled("a map in a map")),
    }
}

/// An entry of a map: what it does not say is empty.
fn entry(bytes: &[u8], shape: Shape, depth: usize) -> Result<(String, Value), Mistake> {
    let mut wire = Wire::new(bytes);
    let (mut key, mut found) = (String::new(), None);
    while let Some(tag) = wire.entry_tag()? {
        match tag.number {
            1 => key = text(wire.part()?),
            2 => found = Some(part(wire.part()?, shape, depth, Value::Null)?),
            _ => wire.skip(tag)?,
        }
    }
    let found = match found {
        Some(found) => found,
        None => part(&[], shape, depth, Value::Null)?,
    };
    Ok((key, found))
}

fn quantity(bytes: &[u8]) -> Result<Value, Mistake> {
    let (mut wire, mut found) = (Wire::new(bytes), "0".to_owned());
    while let Some(tag) = wire.tag("Quantity")? {
        match tag.number {
            1 => found = text(wire.part_of(tag, "String_")?),
            _ => wire.skip(tag)?,
        }
    }
    Ok(found.into())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, Mistake> {
    let mut wire = Wire::new(bytes);
    let (mut kind, mut whole, mut name) = (0, Value::from(0), String::new());
    while let Some(tag) = wire.tag("IntOrString")? {
        match tag.number {
            1 => kind = wire.number_of(tag, "Type")?,
            2 => whole = number(wire.number_of(tag, "IntVal")?, Scalar::Int32),
            3 => name = text(wire.part_of(tag, "StrVal")?),
            _ => wire.skip(tag)?,
        }
    }
    match kind {
        0 => Ok(whole),
        1 => Ok(name.into()),
        _ => Err(Mistake::NotModelled("an IntOrString that is neither")),
    }
}

/// A time as JSON has it; nothing where it says nothing.
fn time(bytes: &[u8], scalar: Scalar) -> Result<Value, Mistake> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let mut wire = Wire::new(bytes);
    let (mut seconds, mut nanos) = (0, 0);
    while let Some(tag) = wire.tag("Timestamp")? {
        match tag.number {
            1 => seconds = wire.number_of(tag, "Seconds")?.cast_signed(),
            2 => nanos = int32(wire.number_of(tag, "Nanos")?),
            _ => wire.skip(tag)?,
        }
    }
    let (fraction, format) = match scalar {
        Scalar::MicroTime => (SignedDuration::from_micros(i64::from(nanos / 1000)), "%Y-%m-%dT%H:%M:%S%.6fZ"),
        _ => (SignedDuration::ZERO, "%Y-%m-%dT%H:%M:%SZ"),
    };
    let at = Timestamp::from_second(seconds).and_then(|at| at.checked_add(fraction));
    // Later ones cannot be written, and the first second of the year 1 is no time at all.
    let first = -62_135_596_800;
    match at {
        Ok(at) if at.as_second() > first => Ok(at.strftime(format).to_string().into()),
        _ => Err(Mistake::NotModelled("a time out of the years from 1 to 9999")),
    }
}

/// JSON as it stands in a message.
fn fields_v1(bytes: &[u8]) -> Result<Value, Mistake> {
    let (mut wire, mut raw): (_, &[u8]) = (Wire::new(bytes), &[]);
    while let Some(tag) = wire.tag("FieldsV1")? {
        match tag.number {
            1 => raw = wire.part_of(tag, "Raw")?,
            _ => wire.skip(tag)?,
        }
    }
    if raw.is_empty() {
        return Ok(Value::Null);
    }
    json::read(raw).map(Json::into_value).map_err(|_| Mistake::NotModelled("a set of fields that is no JSON"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_number(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Bool | Scalar::Int32 | Scalar::Int64)
}

fn number(value: u64, scalar: Scalar) -> Value {
    match scalar {
        Scalar::Bool => (value != 0).into(),
        Scalar::Int32 => int32(value).into(),
        _ => value.cast_signed().into(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "negative ones are written with 64 bits")]
fn int32(value: u64) -> i32 {
    value as i32
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(pairs) => pairs.is_empty(),
    }
}

#[cfg(test)]
mod tests;
