//! Which parts of a variable an expression can see: of a Pod of five thousand bytes mostly a condition.

use std::collections::{BTreeMap, HashMap};

use cel::Value as Cel;
use cel::common::ast::{Expr, IdedExpr};
use serde_json::Value;

use super::functions::from_json;

/// What is needed of a value: some of its fields, or all of it.
#[derive(Debug, Default)]
pub(super) struct Needed {
    all: bool,
    fields: BTreeMap<String, Self>,
}

impl Needed {
    /// Notes that what these fields lead to is needed.
    pub(super) fn add(&mut self, path: &[&str]) {
        match path {
            [] => self.all = true,
            [field, below @ ..] => self.fields.entry((*field).to_owned()).or_default().add(below),
        }
    }

    /// The fields that are read, if it is not the whole value.
    pub(super) fn fields(&self) -> Option<Vec<String>> {
        (!self.all).then(|| self.fields.keys().cloned().collect())
    }

    /// The value for CEL, without fields that are not needed.
    pub(super) fn of(&self, value: &Value) -> Cel {
        match value {
            Value::Object(map) if !self.all => {
                let fields =
                    self.fields.iter().filter_map(|(name, below)| Some((name.clone(), below.of(map.get(name)?))));
                fields.collect::<HashMap<_, _>>().into()
            }
            value => from_json(value),
        }
    }
}

/// `a.b.c` as its variable, the id of that node, and the fields after it.
pub(super) fn chain(node: &IdedExpr) -> Option<(&str, u64, Vec<&str>)> {
    match &node.expr {
        Expr::Ident(name) => Some((name, node.id, Vec::new())),
        Expr::Select(select) => {
            let (name, id, mut path) = chain(&select.operand)?;
            path.push(&select.field);
            Some((name, id, path))
        }
        _ => None,
    }
}
