//! Bodies, read by the table as Go's decoder reads them.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::go;
use super::json::Json;
use super::modelled::{self, Standing};
use super::quantity::Quantity;
use super::shape::{Shape, Struct};
use super::table::{Field, Scalar};
use super::time;
use crate::profile::{Feature, Profile};

/// What was found in a body.
pub(super) struct Found {
    pub(super) value: Value,
    /// Fields that are unknown or there twice, in the order they stand.
    pub(super) told: Vec<String>,
    /// The first field that is known and not modelled.
    pub(super) not_modelled: Option<String>,
}

/// How many fields are told of at most.
const MOST_TOLD: usize = 100;

pub(super) fn read(json: Json, shape: Shape, profile: &Profile) -> Result<Found, String> {
    let mut reading = Reading {
        profile,
        told: Vec::new(),
        saved: None,
        not_modelled: None,
        path: String::new(),
        owner: "",
        stack: Vec::new(),
    };
    let value = reading.value(json, shape, "")?;
    match reading.saved {
        Some(text) => Err(text),
        None => Ok(Found { value, told: reading.told, not_modelled: reading.not_modelled }),
    }
}

struct Reading<'p> {
    profile: &'p Profile,
    told: Vec<String>,
    /// The first mistake of type: reading goes on after it, as another one may end it.
    saved: Option<String>,
    not_modelled: Option<String>,
    /// Where it reads, as `spec.containers[0].name`.
    path: String,
    /// The struct of the field that it reads, as `PodSpec`.
    owner: &'static str,
    /// The fields down to there, without places in lists and keys of maps.
    stack: Vec<&'static str>,
}

impl Reading<'_> {
    /// `go` is the Go type that is wanted here; empty where the shape tells it.
    fn value(&mut self, json: Json, shape: Shape, go: &str) -> Result<Value, String> {
        match (json, shape) {
            // Something that is nothing is dropped or zero later, wherever it stands.
            (Json::Null, _) => Ok(Value::Null),
            (json, Shape::Scalar(scalar)) => self.scalar(&json, scalar, go),
            (Json::Object(pairs), Shape::Struct(of)) => self.fields(pairs, of),
            (Json::Object(pairs), Shape::Map(map)) => {
                let inner = go.split_once(']').filter(|_| go.starts_with("map[")).map_or("", |(_, inner)| inner);
                let mut out = Map::new();
                for (key, json) in pairs {
                    if out.contains_key(&key) {
                        self.tell("duplicate field", &key);
                    }
                    let value = self.within(&key, |reading| reading.value(json, map.value(), inner))?;
                    out.insert(key, value);
                }
                Ok(Value::Object(out))
            }
            (Json::Array(items), Shape::List(list)) => {
                let inner = go.strip_prefix("[]").unwrap_or_default();
                let mut out = Vec::with_capacity(items.len());
                for (at, json) in items.into_iter().enumerate() {
                    let length = self.path.len();
                    // Writing into a String does not fail.
                    _ = write!(self.path, "[{at}]");
                    out.push(self.value(json, list.item(), inner)?);
                    self.path.truncate(length);
                }
                Ok(Value::Array(out))
            }
            (json, shape) => {
                let named;
                let wanted = match shape {
                    Shape::Struct(of) => {
                        named = format!("v1.{}", of.name());
                        &named
                    }
                    _ => go,
                };
                self.mistype(json.sort(), wanted);
                Ok(Value::Null)
            }
        }
    }

    fn fields(&mut self, pairs: Vec<(String, Json)>, of: Struct) -> Result<Value, String> {
        let mut out = Map::new();
        let (owner, depth) = (self.owner, self.stack.len());
        for (key, json) in pairs {
            let Some(field) = of.field(&key) else {
                self.tell("unknown field", &key);
                continue;
            };
            if out.contains_key(&key) {
                self.tell("duplicate field", &key);
            }
            self.owner = of.name();
            self.enter(field);
            let is_there = json != Json::Null;
            let value = self.within(&key, |reading| {
                if is_there {
                    reading.weigh(of, field);
                }
                reading.value(json, of.shape(field), field.go)
            })?;
            self.stack.truncate(depth);
            out.insert(key, value);
        }
        self.owner = owner;
        out.retain(|key, _| modelled::standing(of.name(), key, self.profile) != Standing::Dropped);
        Ok(Value::Object(out))
    }

    /// Notes a field that is not modelled.
    fn weigh(&mut self, of: Struct, field: &Field) {
        if self.not_modelled.is_none()
            && modelled::standing(of.name(), field.name, self.profile) == Standing::NotModelled
        {
            self.not_modelled = Some(self.path.clone());
        }
    }

    fn enter(&mut self, field: &'static Field) {
        if self.profile.has(Feature::EmbeddedStructsInMistakes) {
            self.stack.extend(field.embedded.split('.').filter(|name| !name.is_empty()));
        }
        self.stack.push(field.name);
    }

    fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let done = read(self);
        self.path.truncate(length);
        done
    }

    fn tell(&mut self, what: &str, key: &str) {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        let text = format!("{what} {}", go::quoted(&path));
        if self.told.len() < MOST_TOLD && !self.told.contains(&text) {
            self.told.push(text);
        }
    }

    /// The text of a value of another type than is wanted.
    fn mistyped(&self, found: &str, wanted: &str) -> String {
        match self.stack.as_slice() {
            [] => format!("json: cannot unmarshal {found} into Go value of type {wanted}"),
            stack => format!(
                "json: cannot unmarshal {found} into Go struct field {}.{} of type {wanted}",
                self.owner,
                stack.join(".")
            ),
        }
    }

    fn mistype(&mut self, found: &str, wanted: &str) {
        if self.saved.is_none() {
            self.saved = Some(self.mistyped(found, wanted));
        }
    }

    /// Bytes may be written one by one too. In base64, as they are shown.
    fn bytes(&mut self, items: &[Json]) -> String {
        let byte = |item: &Json| match item {
            Json::Null => 0,
            Json::Number(text) => text.parse::<u8>().unwrap_or_else(|_| {
                self.mistype(&format!("number {text}"), "uint8");
                0
            }),
            other => {
                self.mistype(other.sort(), "uint8");
                0
            }
        };
        BASE64_STANDARD.encode(items.iter().map(byte).collect::<Vec<u8>>())
    }

    fn scalar(&mut self, json: &Json, scalar: Scalar, go: &str) -> Result<Value, String> {
        let or = |plain: &str| if go.is_empty() { plain.to_owned() } else { go.to_owned() };
        match (scalar, json) {
            (Scalar::String | Scalar::IntOrString, Json::String(text)) => return Ok(text.as_str().into()),
            (Scalar::Bool, Json::Bool(value)) => return Ok((*value).into()),
            (Scalar::Int32, Json::Number(text)) => match text.parse::<i32>() {
                Ok(number) => return Ok(number.into()),
                Err(_) => self.mistype(&format!("number {text}"), &or("int32")),
            },
            (Scalar::Int64, Json::Number(text)) => match text.parse::<i64>() {
                Ok(number) => return Ok(number.into()),
                Err(_) => self.mistype(&format!("number {text}"), &or("int64")),
            },
            (Scalar::String, _) => self.mistype(json.sort(), &or("string")),
            (Scalar::Bool, _) => self.mistype(json.sort(), &or("bool")),
            (Scalar::Int32, _) => self.mistype(json.sort(), &or("int32")),
            (Scalar::Int64, _) => self.mistype(json.sort(), &or("int64")),
            (Scalar::Bytes, Json::String(text)) => match go::base64_mistake(text) {
                // Blank lines in it are not written again.
                None => return Ok(text.replace(['\r', '\n'], "").into()),
                Some(mistake) => self.saved = self.saved.take().or(Some(mistake)),
            },
            (Scalar::Bytes, Json::Array(items)) => return Ok(self.bytes(items).into()),
            (Scalar::Bytes, _) => self.mistype(json.sort(), &or("[]uint8")),
            // The rest read themselves: a mistake of theirs ends it.
            (Scalar::Quantity, _) => {
                let text = match json {
                    Json::String(text) => text.clone(),
                    other => other.text(),
                };
                return Ok(Quantity::parse(text.trim())?.to_string().into());
            }
            (Scalar::IntOrString, Json::Number(text)) => {
                let number = text.parse::<i32>();
                return number.map(Into::into).map_err(|_| self.mistyped(&format!("number {text}"), "int32"));
            }
            (Scalar::IntOrString, _) => return Err(self.mistyped(json.sort(), "int32")),
            (Scalar::Time, Json::String(text)) => return time::seconds(text).map(Into::into),
            (Scalar::MicroTime, Json::String(text)) => return time::micros(text).map(Into::into),
            (Scalar::Time | Scalar::MicroTime, _) => return Err(self.mistyped(json.sort(), "string")),
            (Scalar::FieldsV1, _) => return Ok(json.clone().into_value()),
        }
        Ok(Value::Null)
    }
}
