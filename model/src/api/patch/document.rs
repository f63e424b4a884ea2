//! A document while it is patched, as the library of the API server holds one (evanphx/json-patch v4): what nobody has looked into
//! is still the text that it came as, with fields in the order of their struct; what was looked into has them by name. The
//! difference shows in the error of a patch that makes no object.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fields::Shape;
use crate::written;

/// A document, or a part of one.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Nobody has looked into it, or there is nothing to look into.
    Text(Value, Option<Shape>),
    Object(BTreeMap<String, Node>),
    List(Vec<Node>),
}

impl Node {
    /// An object as it is stored.
    pub(super) fn stored(object: &Value, shape: Option<Shape>) -> Self {
        let mut node = Self::Text(object.clone(), shape);
        node.open();
        node
    }

    /// What somebody sent; fields that are null are part of it.
    pub(super) fn sent(value: &Value) -> Self {
        Self::Text(value.clone(), None)
    }

    /// The same looked through, without fields that are null.
    pub(super) fn pruned(value: &Value) -> Self {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().filter(|(_, value)| !value.is_null());
                Self::Object(fields.map(|(name, value)| (name.clone(), Self::pruned(value))).collect())
            }
            Value::Array(items) => Self::List(items.iter().map(Self::pruned).collect()),
            _ => Self::sent(value),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Text(Value::Null, _))
    }

    /// Looks into it.
    pub(super) fn open(&mut self) -> &mut Self {
        if let Self::Text(value, shape) = self {
            let shape = *shape;
            match value.take() {
                Value::Object(fields) => {
                    let below = |name: &str| shape.and_then(|shape| shape.field(name));
                    let fields = fields.into_iter().map(|(name, value)| {
                        let node = Self::Text(value, below(&name));
                        (name, node)
                    });
                    *self = Self::Object(fields.collect());
                }
                Value::Array(items) => {
                    let item = shape.and_then(Shape::item);
                    *self = Self::List(items.into_iter().map(|value| Self::Text(value, item)).collect());
                }
                scalar => *value = scalar,
            }
        }
        self
    }

    /// Its fields, where it is an object.
    pub(super) fn fields(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        match self.open() {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// What stands under a key.
    pub(super) fn get(&mut self, key: &str) -> Option<&mut Self> {
        match self.open() {
            Self::Object(fields) => fields.get_mut(key),
            Self::List(items) => place(key, items.len()).and_then(|at| items.get_mut(at)),
            Self::Text(..) => None,
        }
    }

    /// Whether it is this value. It is looked into as far as it is.
    pub(super) fn is(&mut self, value: &Value) -> bool {
        match (self.open(), value) {
            (Self::Object(fields), Value::Object(other)) => {
                fields.len() == other.len()
                    && fields.iter_mut().all(|(name, field)| other.get(name).is_some_and(|value| field.is(value)))
            }
            (Self::List(items), Value::Array(other)) => {
                items.len() == other.len() && std::iter::zip(items, other).all(|(item, value)| item.is(value))
            }
            (Self::Text(scalar, _), value) => scalar == value,
            _ => false,
        }
    }

    pub(super) fn value(&self) -> Value {
        match self {
            Self::Text(value, _) => value.clone(),
            Self::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), field.value())).collect(),
            Self::List(items) => items.iter().map(Self::value).collect(),
        }
    }

    /// As the library writes it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(value, shape) => written::line(value, *shape),
            Self::Object(fields) => {
                let field = |(name, field): (&String, &Self)| {
                    format!("{}:{}", written::line(&name.as_str().into(), None), field.text())
                };
                format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
            }
            Self::List(items) => format!("[{}]", items.iter().map(Self::text).collect::<Vec<_>>().join(",")),
        }
    }
}

/// Which item of a list of this length a key means. From the end on it is counted with a sign.
pub(super) fn place(key: &str, length: usize) -> Option<usize> {
    let at: i64 = key.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let at = if at < 0 { at + length } else { at };
    usize::try_from(at).ok().filter(|_| at < length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fields;
    use crate::kinds::testing::profile;

    #[test]
    fn what_nobody_looked_into_is_written_as_it_came() {
        let object = json!({
            "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "n", "annotations": {"b": "<", "a": "2"}},
        });
        let mut node = Node::stored(&object, fields::shape("ConfigMap", &profile(36)));
        let metadata = r#"{"name":"m","namespace":"n","annotations":{"a":"2","b":"\u003c"}}"#;
        assert_eq!(node.text(), format!(r#"{{"kind":"ConfigMap","metadata":{metadata}}}"#));
        let metadata = node.get("metadata").unwrap();
        metadata.fields().unwrap().insert("labels".to_owned(), Node::sent(&json!({"x": null})));
        let metadata = r#"{"annotations":{"a":"2","b":"\u003c"},"labels":{"x":null},"name":"m","namespace":"n"}"#;
        assert_eq!(node.text(), format!(r#"{{"kind":"ConfigMap","metadata":{metadata}}}"#));
        assert_eq!(node.value()["metadata"]["labels"], json!({"x": null}));
    }

    #[test]
    fn items_are_counted_from_both_ends() {
        let places = |length| ["0", "2", "-1", "-3", "-4", "3", "+1", "01", "-", "x"].map(|key| place(key, length));
        assert_eq!(places(3), [Some(0), Some(2), Some(2), Some(0), None, None, Some(1), Some(1), None, None]);
        assert!(places(0).iter().all(Option::is_none));
    }
}
