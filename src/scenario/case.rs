//! Cases: the rows of a `foreach` or of a scenario's `cases`, and the variable `case` that they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Key, Node, Reference, Scope, Template, TemplateError, Yaml, nearest};

/// What a case is called in its own columns.
const KEY: &str = "key";
/// A snapshot file is named by a step and its case.
const LONGEST_KEY: usize = 50;

/// One row of a table of cases.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub key: String,
    /// Where it is named.
    pub at: At,
    /// Which `foreach` of the scenario it belongs to; none for a case of the scenario itself.
    pub foreach: Option<usize>,
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    at: At,
    value: Template,
    /// Whether it is the scenario's, which each `foreach` in it sees too.
    is_outer: bool,
    essence: Value,
}

/// A row as it is written.
pub(super) struct Row<'n> {
    pub(super) key: &'n Key,
    pub(super) node: &'n Node,
    columns: Vec<Column>,
}

impl Case {
    /// The case that a row is. `outer` is the scenario's, if there is one.
    pub(super) fn new(row: &Row<'_>, foreach: Option<usize>, outer: Option<&Self>) -> Self {
        let outer = outer.into_iter().flat_map(|outer| &outer.columns);
        let outer = outer.map(|column| Column { is_outer: true, ..column.clone() });
        let columns = row.columns.iter().cloned().chain(outer).collect();
        Self { key: row.key.text.clone(), at: row.key.at.clone(), foreach, columns }
    }

    /// The value of the variable `case`: its key, and each column, null where a row has nothing.
    pub fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        let mut value = Map::from_iter([(KEY.to_owned(), Value::from(self.key.as_str()))]);
        for column in &self.columns {
            value.insert(column.name.clone(), column.value.resolve(scope)?);
        }
        Ok(value.into())
    }

    /// The variables that its columns read.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.columns.iter().filter(|column| !column.is_outer).flat_map(|column| column.value.references())
    }

    /// What `case` has.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        std::iter::once(KEY).chain(self.columns.iter().map(|column| column.name.as_str()))
    }

    /// Its own columns, with the first place that each is written at.
    pub(super) fn own_columns(&self) -> impl Iterator<Item = (&str, &At)> {
        self.columns.iter().filter(|column| !column.is_outer).map(|column| (column.name.as_str(), &column.at))
    }

    /// What of it decides what happens.
    pub(super) fn essence(&self) -> Value {
        let columns: Map<String, Value> =
            self.columns.iter().map(|column| (column.name.clone(), column.essence.clone())).collect();
        json!({"key": self.key, "columns": columns})
    }
}

/// How cases may be named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    /// What the table stands under: `foreach`.
    pub(super) table: &'static str,
    /// Whether a letter is allowed in a key, besides those in front and at the end.
    pub(super) allows: fn(char) -> bool,
    /// What is allowed, in words.
    pub(super) help: &'static str,
    /// What is no column but says something about the row.
    pub(super) reserved: &'static [&'static str],
}

/// A table of cases; `row` is what is no column in one.
pub(super) fn shape(row: Shape) -> Value {
    let mut table = shape::entries(&row.finish_open());
    table["minProperties"] = 1.into();
    table
}

/// Reads a table of cases: a mapping of keys to rows, of which each may leave columns out.
pub(super) fn rows<'n>(
    node: &'n Node,
    naming: Naming,
    outer: Option<&Case>,
    diagnostics: &mut Diagnostics,
) -> Vec<Row<'n>> {
    let table = naming.table;
    let example = format!("as in `{table}: {{first: {{}}, second: {{}}}}`: a key names the case and its snapshots");
    let entries = match &node.value {
        Yaml::Map(entries) if !entries.is_empty() => entries,
        Yaml::Map(_) => {
            diagnostics.push(Diagnostic::new(node.at.clone(), format!("`{table}` has no cases")).help(example));
            return Vec::new();
        }
        _ => {
            let message = format!("`{table}` must be a mapping of cases, this is {}", node.what());
            diagnostics.push(Diagnostic::new(node.at.clone(), message).help(example));
            return Vec::new();
        }
    };
    let columns = columns(entries, naming, outer, diagnostics);
    let mut found: BTreeMap<String, &Key> = BTreeMap::new();
    let mut rows = Vec::new();
    for (key, row) in entries {
        if let Some(diagnostic) = wrong_key(key, naming) {
            diagnostics.push(diagnostic);
        } else if let Some(other) = found.insert(key.text.to_lowercase(), key) {
            let message = format!("the cases `{}` and `{}` would be one file", other.text, key.text);
            let help = "snapshots are told apart without the case of letters";
            diagnostics.push(Diagnostic::new(key.at.clone(), message).help(help));
        } else if !matches!(row.value, Yaml::Map(_)) {
            let message = format!("the case `{}` must be a mapping of columns, this is {}", key.text, row.what());
            diagnostics
                .push(Diagnostic::new(row.at.clone(), message).help(format!("without any: `{}: {{}}`", key.text)));
        } else {
            let columns = columns.iter().map(|(name, at)| Column {
                name: (*name).to_owned(),
                at: (*at).clone(),
                value: row
                    .get(name)
                    .map_or(Template::constant(Value::Null), |node| Template::decode(node, diagnostics)),
                is_outer: false,
                essence: row.get(name).map_or(Value::Null, Node::to_json),
            });
            let columns = columns.collect();
            rows.push(Row { key, node: row, columns });
        }
    }
    rows
}

/// The columns of all rows, each with its first place.
fn columns<'n>(
    entries: &'n [(Key, Node)],
    naming: Naming,
    outer: Option<&Case>,
    diagnostics: &mut Diagnostics,
) -> Vec<(&'n str, &'n At)> {
    let mut columns: Vec<(&str, &At)> = Vec::new();
    for (key, _) in entries.iter().flat_map(|(_, row)| row.entries()) {
        let name = key.text.as_str();
        if naming.reserved.contains(&name) || columns.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let is_identifier = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let mut refuse = |message: String, help: &str| {
            diagnostics.push(Diagnostic::new(key.at.clone(), message).help(help));
        };
        if name == KEY {
            refuse("a column cannot be called `key`".to_owned(), "`case.key` is the name of the case");
        } else if !is_identifier {
            refuse(
                format!("`{name}` is no name for a column"),
                "letters, digits and `_`, a letter first: it is read as `case.NAME`",
            );
        } else if outer.is_some_and(|outer| outer.fields().any(|field| field == name)) {
            refuse(
                format!("the scenario's `cases` have a column `{name}` already"),
                "in a `foreach`, `case` has the columns of both",
            );
        } else {
            columns.push((name, &key.at));
        }
    }
    columns
}

fn wrong_key(key: &Key, naming: Naming) -> Option<Diagnostic> {
    let text = key.text.as_str();
    let is_border = |c: char| c.is_ascii_alphanumeric() && (naming.allows)(c);
    let is_fit = text.starts_with(is_border) && text.ends_with(is_border) && text.chars().all(naming.allows);
    if !is_fit {
        let message = format!("`{text}` cannot be the key of a case");
        return Some(Diagnostic::new(key.at.clone(), message).help(naming.help));
    }
    (text.len() > LONGEST_KEY).then(|| {
        let message = "the key of the case is too long for a file name";
        Diagnostic::new(key.at.clone(), message).help(format!("{LONGEST_KEY} characters are allowed"))
    })
}

/// A column that nobody reads is most likely misspelt, or meant for something else.
pub(super) fn unread(name: &str, at: &At, case: &Case, naming: Naming) -> Diagnostic {
    let others = case.fields().filter(|field| *field != name);
    let help = match nearest(name, naming.reserved.iter().copied().chain(others)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a step reads it as `${{case.{name}}}`, or as `case.{name}` in a condition"),
    };
    Diagnostic::new(at.clone(), format!("no step reads the column `{name}`")).help(help)
}
