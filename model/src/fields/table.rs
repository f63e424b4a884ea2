//! The table of fields, read once a release: what `fields/fields.tsv` says, as types that refer to each other.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::profile::{Profile, Span, releases};

const TEXT: &str = include_str!("../../fields/fields.tsv");

/// What one release knows.
pub(super) struct Table {
    pub(super) types: Vec<Type>,
    by_name: HashMap<&'static str, usize>,
}

pub(super) struct Type {
    pub(super) name: &'static str,
    /// Whether it has one owner as a whole in server-side apply, wherever it stands.
    pub(super) atomic: bool,
    /// By name.
    pub(super) fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "facts, which have nothing to do with each other")]
pub(crate) struct Field {
    /// As it stands in JSON.
    pub(crate) name: &'static str,
    /// Its place among the fields of its type, in which Go writes them.
    pub(crate) place: usize,
    /// Whether nothing and the zero value are two things.
    pub(crate) pointer: bool,
    /// Whether what is empty is left out when it is written.
    pub(crate) omitempty: bool,
    /// Whether a struct or time that is zero is left out.
    pub(crate) omitzero: bool,
    /// The Go type, as `[]v1.Container`.
    pub(crate) go: &'static str,
    /// The structs embedded in one another that it is a part of, as `VolumeSource`; empty for most.
    pub(crate) embedded: &'static str,
    /// The numbers that it has in protobuf: its own, behind those of the structs that it is embedded by; none of what is no
    /// part of the message.
    pub(super) numbers: Box<[u32]>,
    /// Its name in Go, as `VolumeID`.
    pub(super) go_name: &'static str,
    pub(super) node: Node,
    pub(super) atomic: bool,
    pub(super) list: ListKind,
    pub(super) patch: Patch,
    default: Option<&'static str>,
}

#[derive(Debug)]
pub(super) enum Node {
    Scalar(Scalar),
    /// By its place in the table.
    Struct(usize),
    List(Box<Node>),
    Map(Box<Node>),
}

/// What has no parts that the table knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Bool,
    Int32,
    Int64,
    Quantity,
    IntOrString,
    /// Whole seconds.
    Time,
    MicroTime,
    /// As base64.
    Bytes,
    /// Any object.
    FieldsV1,
}

/// How server-side apply sees a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ListKind {
    /// One owner for all of it.
    Atomic,
    /// Each item is an owned value.
    Set,
    /// Each item is known by these fields.
    Map(Vec<ListKey>),
}

/// A field that tells the items of a list apart, and what stands for it where an item has none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ListKey {
    pub(crate) name: &'static str,
    pub(crate) default: Option<Value>,
}

/// What a strategic merge patch does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Patch {
    /// Whether a list is merged; if not, it is replaced.
    pub(crate) merge: bool,
    /// Whether an item (or struct) of the patch keeps only the fields that the patch names: `retainKeys`.
    pub(crate) retain_keys: bool,
    /// The field by which items are told apart; none in a list of scalars.
    pub(crate) key: Option<&'static str>,
}

/// The table of a release.
pub(super) fn table(profile: &Profile) -> &'static Table {
    static TABLES: [OnceLock<Table>; 16] = [const { OnceLock::new() }; 16];
    let at = releases().iter().position(|release| *release == profile.release()).unwrap_or_default();
    TABLES[at].get_or_init(|| Table::read(profile))
}

impl Table {
    fn read(profile: &Profile) -> Self {
        let mut table = Self { types: Vec::with_capacity(256), by_name: HashMap::with_capacity(256) };
        for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = [""; 14];
            for (column, text) in columns.iter_mut().zip(line.split('\t')) {
                *column = if text == "-" { "" } else { text };
            }
            let [owner, name, shape, flags, list, patch, key, default, go_name, go, embedded, protobuf, from, until] =
                columns;
            let span =
                Span { from: from.parse().unwrap_or_default(), until: until.parse().unwrap_or(Span::ALWAYS.until) };
            if !profile.is_within(span) {
                continue;
            }
            let flag = |wanted: &str| flags.split(',').any(|flag| flag == wanted);
            let owner = table.id(owner);
            if name.is_empty() {
                table.types[owner].atomic = true;
                continue;
            }
            let field = Field {
                name,
                place: table.types[owner].fields.len(),
                pointer: flag("pointer"),
                omitempty: flag("omitempty"),
                omitzero: flag("omitzero"),
                go,
                embedded,
                numbers: protobuf.split('.').filter_map(|number| number.parse().ok()).collect(),
                go_name,
                node: table.node(shape),
                atomic: flag("atomic"),
                list: list_kind(list, patch, key),
                patch: Patch {
                    merge: patch.split(',').any(|word| word == "merge"),
                    retain_keys: patch.split(',').any(|word| word == "retainKeys"),
                    key: Some(key).filter(|key| !key.is_empty()),
                },
                default: Some(default).filter(|default| !default.is_empty()),
            };
            table.types[owner].fields.push(field);
        }
        table.finish();
        table
    }

    /// The place of a type, which may be still to come.
    fn id(&mut self, name: &'static str) -> usize {
        *self.by_name.entry(name).or_insert_with(|| {
            self.types.push(Type { name, atomic: false, fields: Vec::new() });
            self.types.len() - 1
        })
    }

    fn node(&mut self, shape: &'static str) -> Node {
        if let Some(item) = shape.strip_prefix("[]") {
            return Node::List(Box::new(self.node(item)));
        }
        if let Some(value) = shape.strip_prefix("{}") {
            return Node::Map(Box::new(self.node(value)));
        }
        let scalar = match shape {
            "string" => Scalar::String,
            "bool" => Scalar::Bool,
            "int32" => Scalar::Int32,
            "int64" => Scalar::Int64,
            "quantity" => Scalar::Quantity,
            "intOrString" => Scalar::IntOrString,
            "time" => Scalar::Time,
            "microTime" => Scalar::MicroTime,
            "bytes" => Scalar::Bytes,
            "fieldsV1" => Scalar::FieldsV1,
            name => return Node::Struct(self.id(name)),
        };
        Node::Scalar(scalar)
    }

    /// Sorts fields, and finds the defaults of the keys of lists.
    fn finish(&mut self) {
        for kind in &mut self.types {
            kind.fields.sort_unstable_by_key(|field| field.name);
        }
        let mut found = Vec::new();
        for (owner, kind) in self.types.iter().enumerate() {
            for (at, field) in kind.fields.iter().enumerate() {
                let (ListKind::Map(keys), Node::List(item)) = (&field.list, &field.node) else { continue };
                let Node::Struct(item) = **item else { continue };
                for (number, key) in keys.iter().enumerate() {
                    let default = self.types[item].field(key.name).and_then(|field| field.default);
                    if let Some(default) = default.and_then(|text| serde_json::from_str(text).ok()) {
                        found.push((owner, at, number, default));
                    }
                }
            }
        }
        for (owner, at, number, default) in found {
            if let ListKind::Map(keys) = &mut self.types[owner].fields[at].list {
                keys[number].default = Some(default);
            }
        }
    }

    pub(super) fn named(&'static self, name: &str) -> Option<&'static Type> {
        self.by_name.get(name).map(|at| &self.types[*at])
    }
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|field| field.name.cmp(name)).ok().map(|at| &self.fields[at])
    }
}

/// By the marker of the list, else by what a patch does with it, as the API server makes its schema.
fn list_kind(list: &'static str, patch: &str, key: &'static str) -> ListKind {
    let keys =
        |names: &'static str| ListKind::Map(names.split(',').map(|name| ListKey { name, default: None }).collect());
    match (list, list.strip_prefix("map:")) {
        (_, Some(names)) => keys(names),
        ("set", _) => ListKind::Set,
        ("", _) if patch.starts_with("merge") && !key.is_empty() => keys(key),
        ("", _) if patch.starts_with("merge") => ListKind::Set,
        _ => ListKind::Atomic,
    }
}
