//! Values in whose texts `${...}` is filled in.
//!
//! Alone in a text, an expression keeps its type, and null drops the key it stands under: that is how "absent" is said.
//! Inside text it has to be a string, a number or a bool. `$${` is a literal `${`.

use serde_json::{Map, Value};

use super::{At, Diagnostic, Diagnostics, EvaluationError, Expression, Node, Reference, Scope, Yaml, scan};

/// A template that could not be filled in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TemplateError {
    /// The expression could not be evaluated.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The expression gives something that has no place within text.
    #[error("`{expression}` gives {what}, and a text takes only strings, numbers and booleans")]
    NotText {
        /// The expression.
        expression: String,
        /// What it gives: `a list`.
        what: &'static str,
    },
    /// A text that is filled in came out as something else than a release.
    #[error("`{text}` is no release, as v1.25 or v1.25.4 is")]
    NoRelease {
        /// What it came out as.
        text: String,
    },
}

/// A text in which `${...}` is filled in.
#[derive(Debug, Clone)]
pub struct TextTemplate {
    pieces: Vec<Piece>,
    at: At,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Expression(Expression),
}

impl TextTemplate {
    /// Reads a text that is written at `at`.
    pub fn parse(text: &str, at: &At) -> Result<Self, Diagnostic> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find("${") {
            if rest[..dollar].ends_with('$') {
                literal.push_str(&rest[..dollar - 1]);
                literal.push_str("${");
                rest = &rest[dollar + 2..];
                continue;
            }
            literal.push_str(&rest[..dollar]);
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            let start = text.len() - rest.len() + dollar + 2;
            let offset = text[..start].chars().count();
            let Some(length) = scan::expression_length(&text[start..]) else {
                return Err(Diagnostic::new(at.inside(text, offset - 2, 2), "`${` is not closed")
                    .help("an expression ends with `}`; a literal `${` is written `$${`"));
            };
            let expression = &text[start..start + length];
            let place = at.inside(text, offset, expression.chars().count());
            pieces.push(Piece::Expression(Expression::compile(expression, &place)?));
            rest = &text[start + length + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self { pieces, at: at.clone() })
    }

    /// A text taken as it is.
    pub fn verbatim(text: impl Into<String>, at: &At) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], at: at.clone() }
    }

    /// Where it is written.
    pub fn at(&self) -> &At {
        &self.at
    }

    /// The text, if it has nothing to fill in.
    pub fn constant(&self) -> Option<&str> {
        match &self.pieces[..] {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The variables it reads.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Text(_) => &[],
            Piece::Expression(expression) => expression.references(),
        })
    }

    /// The text with everything filled in.
    pub fn resolve(&self, scope: &Scope) -> Result<String, TemplateError> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Expression(expression) => append(&mut out, expression, &expression.evaluate(scope)?)?,
            }
        }
        Ok(out)
    }

    /// What it stands for: an expression alone keeps its type.
    fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        match &self.pieces[..] {
            [Piece::Expression(expression)] => Ok(expression.evaluate(scope)?),
            _ => self.resolve(scope).map(Value::String),
        }
    }
}

fn append(out: &mut String, expression: &Expression, value: &Value) -> Result<(), TemplateError> {
    let what = match value {
        Value::String(text) => {
            out.push_str(text);
            return Ok(());
        }
        Value::Number(_) | Value::Bool(_) => {
            out.push_str(&value.to_string());
            return Ok(());
        }
        Value::Null => "null",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    Err(TemplateError::NotText { expression: expression.text().to_owned(), what })
}

/// A whole value with `${...}` in its texts. Keys are never filled in.
#[derive(Debug, Clone)]
pub struct Template(Part);

#[derive(Debug, Clone)]
enum Part {
    /// Nothing to fill in, in all of it.
    Constant(Value),
    Text(TextTemplate),
    List(Vec<Template>),
    Map(Vec<(String, Template)>),
}

impl Template {
    /// Reads a value; mistakes in its expressions are reported, each at its place.
    pub fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        match &node.value {
            Yaml::String(text) => match diagnostics.keep(TextTemplate::parse(text, &node.at)) {
                Some(text) => text.into(),
                None => Self::constant(Value::Null),
            },
            Yaml::List(elements) => {
                Self::list(elements.iter().map(|element| Self::decode(element, diagnostics)).collect())
            }
            Yaml::Map(entries) => Self::map(
                entries
                    .iter()
                    .map(|(key, value)| {
                        if key.text.contains("${") && !key.text.contains("$${") {
                            let message = "`${...}` is not filled in in keys";
                            diagnostics
                                .push(Diagnostic::new(key.at.clone(), message).help("compute the whole mapping"));
                        }
                        (key.text.clone(), Self::decode(value, diagnostics))
                    })
                    .collect(),
            ),
            _ => Self::constant(node.to_json()),
        }
    }

    /// A value taken as it is.
    pub fn constant(value: Value) -> Self {
        Self(Part::Constant(value))
    }

    /// A list of templates.
    pub fn list(elements: Vec<Self>) -> Self {
        match elements.iter().map(Self::as_constant).collect::<Option<Vec<_>>>() {
            Some(values) => Self::constant(values.into_iter().cloned().collect()),
            None => Self(Part::List(elements)),
        }
    }

    /// A mapping to templates.
    pub fn map(entries: Vec<(String, Self)>) -> Self {
        let constant = |(key, template): &(String, Self)| Some((key.clone(), template.as_constant()?.clone()));
        match entries.iter().map(constant).collect::<Option<Map<_, _>>>() {
            Some(values) => Self::constant(Value::Object(values)),
            None => Self(Part::Map(entries)),
        }
    }

    /// The value, if there is nothing to fill in.
    pub fn as_constant(&self) -> Option<&Value> {
        match &self.0 {
            Part::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The variables it reads.
    pub fn references(&self) -> Vec<&Reference> {
        match &self.0 {
            Part::Constant(_) => Vec::new(),
            Part::Text(text) => text.references().collect(),
            Part::List(elements) => elements.iter().flat_map(Self::references).collect(),
            Part::Map(entries) => entries.iter().flat_map(|(_, template)| template.references()).collect(),
        }
    }

    /// The value with everything filled in.
    pub fn resolve(&self, scope: &Scope) -> Result<Value, TemplateError> {
        match &self.0 {
            Part::Constant(value) => Ok(value.clone()),
            Part::Text(text) => text.value(scope),
            Part::List(elements) => elements.iter().map(|element| element.resolve(scope)).collect(),
            Part::Map(entries) => {
                let mut map = Map::new();
                for (key, template) in entries {
                    let value = template.resolve(scope)?;
                    if !(value.is_null() && matches!(template.0, Part::Text(_))) {
                        map.insert(key.clone(), value);
                    }
                }
                Ok(Value::Object(map))
            }
        }
    }
}

impl From<TextTemplate> for Template {
    fn from(text: TextTemplate) -> Self {
        match text.constant() {
            Some(constant) => Self::constant(constant.into()),
            None => Self(Part::Text(text)),
        }
    }
}

/// `text` with `change` applied to what is not an expression, and to the string literals of what is.
pub fn rewrite_template(text: &str, change: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut changed = false;
    let mut push = |out: &mut String, part: &str, new: Option<String>| {
        changed |= new.is_some();
        out.push_str(new.as_deref().unwrap_or(part));
    };
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        let (before, after) = rest.split_at(dollar + 2);
        let is_literal = before.ends_with("$${");
        let length = if is_literal { None } else { scan::expression_length(after) };
        push(&mut out, before, change(before));
        rest = after;
        if let Some(length) = length {
            push(&mut out, &after[..length], scan::rewrite_literals(&after[..length], change));
            rest = &after[length..];
        }
    }
    push(&mut out, rest, change(rest));
    changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::super::{Source, parse};
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn template(yaml: &str) -> Result<Template, Diagnostics> {
        let document = parse(&Source::new("x.yaml", yaml))?.pop().unwrap();
        let mut diagnostics = Diagnostics::new();
        let template = Template::decode(&document, &mut diagnostics);
        diagnostics.or(template)
    }

    fn scope() -> Scope {
        let mut scope = Scope::new();
        scope.set("n", json!(3));
        scope.set("name", json!("demo"));
        scope.set("absent", json!(null));
        scope.set("items", json!(["a", {"b": 1}]));
        scope
    }

    fn resolve(yaml: &str) -> Result<Value, TemplateError> {
        template(yaml).unwrap().resolve(&scope())
    }

    #[test]
    fn an_expression_alone_keeps_its_type() {
        assert_eq!(
            resolve("{a: '${n}', b: '${items}', c: '${n + 1}'}").unwrap(),
            json!({"a": 3, "b": ["a", {"b": 1}], "c": 4})
        );
    }

    #[test]
    fn null_drops_its_key_and_a_written_null_stays() {
        assert_eq!(resolve("{a: '${absent}', b: null, c: ['${absent}']}").unwrap(), json!({"b": null, "c": [null]}));
    }

    #[test]
    fn inside_text_there_are_scalars_only() {
        assert_eq!(resolve("'${name}-${n}${true}'").unwrap(), json!("demo-3true"));
        assert!(resolve("'a ${items}'").unwrap_err().to_string().contains("gives a list"));
        assert!(resolve("'a ${absent}'").unwrap_err().to_string().contains("gives null"));
    }

    #[test]
    fn doubled_dollars_and_other_dollars_are_literal() {
        assert_eq!(resolve("'$${name} costs $5 and ${name}$'").unwrap(), json!("${name} costs $5 and demo$"));
        assert_eq!(resolve("'$$$${x}'").unwrap(), json!("$$${x}"));
    }

    #[test]
    fn mistakes_are_found_at_their_place() {
        let mistakes = template("{a: 'x ${', b: 'y ${n +}', \"${k}\": 1}").unwrap_err();
        let places: Vec<String> = mistakes.iter().map(|d| format!("{} {}", d.at, d.message)).collect();
        assert_eq!(places.len(), 3, "{places:?}");
        assert_eq!(places[0], "x.yaml:1:8 `${` is not closed");
        assert!(places[1].starts_with("x.yaml:1:24 "), "{places:?}");
    }

    #[test]
    fn names_are_rewritten_in_text_and_in_literals() {
        let change = |text: &str| text.contains("demo").then(|| text.replace("demo", "demo-x"));
        assert_eq!(
            rewrite_template("demo ${demo + 'demo'} $${demo}", &change).as_deref(),
            Some("demo-x ${demo + 'demo-x'} $${demo-x}")
        );
        assert_eq!(rewrite_template("${demo}", &change), None);
    }

    proptest! {
        #[test]
        fn a_text_without_expressions_is_itself(text in "[^$]{0,40}|(\\$[^{$]){0,20}") {
            let at = At::file(Source::new("x.yaml", ""));
            let template = TextTemplate::parse(&text, &at).unwrap();
            prop_assert_eq!(template.constant(), Some(text.as_str()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in r"(\$\{|\$|\}|'|\PC){0,30}") {
            let at = At::file(Source::new("x.yaml", ""));
            let _ = TextTemplate::parse(&text, &at);
            let _ = rewrite_template(&text, &|text| Some(text.to_owned()));
        }
    }
}
