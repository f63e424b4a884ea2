//! How an object is built, for whoever walks one: patches and server-side apply.

use super::table::{self, Field, ListKind, Node, Patch, Scalar, Table, Type};
use crate::profile::Profile;

/// What stands at a place of an object. Copied freely: it points into a table that lives as long as the program.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Scalar(Scalar),
    Struct(Struct),
    List(List),
    Map(Map),
}

/// An object whose fields are known.
#[derive(Clone, Copy)]
pub(crate) struct Struct {
    table: &'static Table,
    of: &'static Type,
    /// Whether it has one owner as a whole in server-side apply.
    pub(crate) atomic: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct List {
    table: &'static Table,
    of: &'static Node,
    pub(crate) kind: &'static ListKind,
    pub(crate) patch: Patch,
}

/// An object with keys of the user's choice.
#[derive(Clone, Copy)]
pub(crate) struct Map {
    table: &'static Table,
    of: &'static Node,
    /// Whether it has one owner as a whole in server-side apply.
    pub(crate) atomic: bool,
}

/// The shape of a kind, as `Pod`, or of any other type of the table, as `ObjectMeta`.
pub(crate) fn shape(kind: &str, profile: &Profile) -> Option<Shape> {
    let table = table::table(profile);
    let of = table.named(kind)?;
    Some(Shape::Struct(Struct { table, of, atomic: of.atomic }))
}

impl Shape {
    /// The shape of a field: of a struct one that it has in this version, of a map any.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        match self {
            Self::Struct(of) => of.field(name).map(|field| of.shape(field)),
            Self::Map(map) => Some(map.value()),
            Self::Scalar(_) | Self::List(_) => None,
        }
    }

    /// The shape of the items of a list.
    pub(crate) fn item(self) -> Option<Self> {
        match self {
            Self::List(list) => Some(list.item()),
            _ => None,
        }
    }

    fn of(table: &'static Table, node: &'static Node, field: Option<&'static Field>) -> Self {
        let patch = field.map(|field| field.patch).unwrap_or_default();
        let atomic = field.is_some_and(|field| field.atomic);
        match node {
            Node::Scalar(scalar) => Self::Scalar(*scalar),
            Node::Struct(at) => {
                let of = &table.types[*at];
                Self::Struct(Struct { table, of, atomic: atomic || of.atomic })
            }
            Node::List(of) => {
                Self::List(List { table, of, kind: field.map_or(&ListKind::Atomic, |field| &field.list), patch })
            }
            Node::Map(of) => Self::Map(Map { table, of, atomic }),
        }
    }
}

impl Struct {
    /// As `PodSpec`.
    pub(crate) fn name(self) -> &'static str {
        self.of.name
    }

    pub(crate) fn field(self, name: &str) -> Option<&'static Field> {
        self.of.field(name)
    }

    /// All fields that it has in this version, by name.
    pub(crate) fn fields(self) -> &'static [Field] {
        &self.of.fields
    }

    /// The shape of one of its fields.
    pub(crate) fn shape(self, field: &'static Field) -> Shape {
        Shape::of(self.table, &field.node, Some(field))
    }
}

impl List {
    pub(crate) fn item(self) -> Shape {
        Shape::of(self.table, self.of, None)
    }
}

impl Map {
    pub(crate) fn value(self) -> Shape {
        Shape::of(self.table, self.of, None)
    }
}

// What they point to is the whole table.
impl std::fmt::Debug for Struct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Struct({})", self.name())
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List({:?}, {:?})", self.item(), self.kind)
    }
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Map({:?})", self.value())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::table::ListKey;
    use super::*;
    use crate::profile::releases;

    fn at(minor: u32, path: &str) -> Option<Shape> {
        let release = *releases().iter().find(|release| release.minor == minor).unwrap();
        let none = BTreeMap::new();
        let profile = Profile::new(release, &BTreeMap::new(), &none, &none).unwrap();
        let mut parts = path.split('/');
        let mut found = shape(parts.next().unwrap(), &profile)?;
        for part in parts {
            found = if part == "*" { found.item()? } else { found.field(part)? };
        }
        Some(found)
    }

    fn list(minor: u32, path: &str) -> (ListKind, Patch) {
        let Some(Shape::List(list)) = at(minor, path) else { panic!("{path} is no list in v1.{minor}") };
        (list.kind.clone(), list.patch)
    }

    #[test]
    fn a_field_is_there_from_its_minor_on() {
        assert!(at(27, "Pod/spec/containers/*/restartPolicy").is_none());
        assert!(matches!(at(28, "Pod/spec/containers/*/restartPolicy"), Some(Shape::Scalar(Scalar::String))));
        assert!(at(24, "Pod/metadata/clusterName").is_some() && at(25, "Pod/metadata/clusterName").is_none());
    }

    #[test]
    fn lists_are_merged_as_markers_say_and_before_them_as_patches_say() {
        let key = |name, default| ListKey { name, default };
        for minor in [22, 37] {
            let (kind, patch) = list(minor, "Pod/spec/containers");
            assert_eq!(kind, ListKind::Map(vec![key("name", None)]));
            assert_eq!(patch, Patch { merge: true, retain_keys: false, key: Some("name") });
            let (kind, patch) = list(minor, "Pod/spec/containers/*/ports");
            assert_eq!(kind, ListKind::Map(vec![key("containerPort", None), key("protocol", Some(json!("TCP")))]));
            assert_eq!(patch.key, Some("containerPort"));
            assert_eq!(list(minor, "Pod/metadata/finalizers").0, ListKind::Set);
            assert_eq!(list(minor, "Pod/spec/containers/*/args").0, ListKind::Atomic);
            assert!(list(minor, "Pod/spec/volumes").1.retain_keys);
        }
    }

    #[test]
    fn what_is_owned_as_a_whole_is_known() {
        let atomic = |path| match at(30, path) {
            Some(Shape::Struct(found)) => found.atomic,
            Some(Shape::Map(found)) => found.atomic,
            other => panic!("{other:?}"),
        };
        assert!(atomic("Pod/spec/imagePullSecrets/*") && atomic("Pod/spec/nodeSelector"));
        assert!(!atomic("Pod/spec") && !atomic("Pod/metadata/labels"));
    }
}
