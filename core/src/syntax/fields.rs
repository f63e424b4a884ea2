//! Reading the fields of a mapping one by one, so that each mistake in it is found and none hides another.

use std::time::Duration;

use super::{At, Diagnostic, Diagnostics, Expression, Key, Node, Template, TextTemplate, Yaml, duration, nearest};

/// The fields of one mapping. Ask for each by name, then [`finish`](Self::finish): what was not asked for is unknown.
pub struct Fields<'n, 'd> {
    owner: &'static str,
    at: &'n At,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
    refused: Vec<&'static str>,
    missing: Vec<&'static str>,
    hint: Option<&'static str>,
    diagnostics: &'d mut Diagnostics,
}

/// One field, given or not, to be read as what it should be. A reader gives nothing when the field is not given, and
/// when it is not what it should be; the latter is reported.
pub struct Field<'n, 'd> {
    name: &'static str,
    node: Option<&'n Node>,
    diagnostics: &'d mut Diagnostics,
}

impl<'n, 'd> Fields<'n, 'd> {
    /// The fields of `node`, which must be a mapping; `owner` is what messages call it: `a step`.
    pub fn of(node: &'n Node, owner: &'static str, diagnostics: &'d mut Diagnostics) -> Option<Self> {
        let Yaml::Map(entries) = &node.value else {
            diagnostics.report(&node.at, format!("{owner} must be a mapping, this is {}", node.what()));
            return None;
        };
        Some(Self {
            owner,
            at: &node.at,
            entries,
            known: Vec::new(),
            refused: Vec::new(),
            missing: Vec::new(),
            hint: None,
            diagnostics,
        })
    }

    /// A field that may be left out.
    pub fn optional(&mut self, name: &'static str) -> Field<'n, '_> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        let node = self.entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
        Field { name, node, diagnostics: self.diagnostics }
    }

    /// A field that must be there.
    pub fn required(&mut self, name: &'static str) -> Field<'n, '_> {
        if !self.entries.iter().any(|(key, _)| key.text == name) {
            self.missing.push(name);
        }
        self.optional(name)
    }

    /// A field that nobody may give; `why` says so at its place.
    pub fn refuse(&mut self, name: &'static str, why: impl FnOnce(&At) -> Diagnostic) {
        self.refused.push(name);
        if let Some((key, _)) = self.entries.iter().find(|(key, _)| key.text == name) {
            self.diagnostics.push(why(&key.at));
        }
    }

    /// A word for whoever gives a field that is unknown.
    pub fn hint(&mut self, hint: &'static str) {
        self.hint = Some(hint);
    }

    /// Where mistakes go.
    pub fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    /// Where the mapping is.
    pub fn at(&self) -> &'n At {
        self.at
    }

    /// The entries that nobody asked for.
    pub fn rest(&self) -> impl Iterator<Item = &'n (Key, Node)> {
        let asked = |name: &str| self.known.contains(&name) || self.refused.contains(&name);
        self.entries.iter().filter(move |(key, _)| !asked(&key.text))
    }

    /// Reports what is missing and the fields that nobody asked for.
    pub fn finish(mut self) {
        let unknown: Vec<&Key> = self.rest().map(|(key, _)| key).collect();
        // What is missing is there under a wrong name, perhaps; one report is enough.
        let meant: Vec<&str> =
            unknown.iter().filter_map(|key| nearest(&key.text, self.known.iter().copied())).collect();
        self.missing.retain(|name| !meant.contains(name));
        for key in unknown {
            let mut diagnostic = unknown_field(key, self.owner, &self.known);
            if let (Some(help), Some(hint)) = (&mut diagnostic.help, self.hint) {
                help.push('\n');
                help.push_str(hint);
            }
            self.diagnostics.push(diagnostic);
        }
        self.finish_open();
    }

    /// Reports what is missing, of a mapping that may hold anything besides.
    pub fn finish_open(self) {
        for name in self.missing {
            self.diagnostics.report(self.at, format!("{} needs `{name}`", self.owner));
        }
    }
}

/// A field that is not among those `owner` knows.
fn unknown_field(key: &Key, owner: &str, known: &[&str]) -> Diagnostic {
    let meant =
        nearest(&key.text, known.iter().copied()).map_or(String::new(), |name| format!("did you mean `{name}`? "));
    let help = format!("{meant}{owner} knows: {}", known.join(", "));
    Diagnostic::new(key.at.clone(), format!("unknown field `{}`", key.text)).help(help)
}

impl<'n> Field<'n, '_> {
    /// Whatever it is.
    pub fn node(self) -> Option<&'n Node> {
        self.node
    }

    /// A text.
    pub fn string(self) -> Option<&'n str> {
        match &self.node?.value {
            Yaml::String(text) => Some(text),
            _ => self.wrong("a string"),
        }
    }

    /// A text and where it is written.
    pub fn located(self) -> Option<(&'n str, &'n At)> {
        let at = self.node.map(|node| &node.at);
        self.string().zip(at)
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        match self.node?.value {
            Yaml::Bool(value) => Some(value),
            _ => self.wrong("true or false"),
        }
    }

    /// A list.
    pub fn list(self) -> Option<&'n [Node]> {
        match &self.node?.value {
            Yaml::List(elements) => Some(elements),
            _ => self.wrong("a list"),
        }
    }

    /// A list of texts.
    pub fn strings(self) -> Option<Vec<(&'n str, &'n At)>> {
        let Yaml::List(elements) = &self.node?.value else { return self.wrong("a list of strings") };
        let mut texts = Vec::new();
        for element in elements {
            if let Some(text) = element.as_str() {
                texts.push((text, &element.at));
            } else {
                self.diagnostics.push(not_a_string(self.name, element));
            }
        }
        Some(texts)
    }

    /// The entries of a mapping.
    pub fn entries(self) -> Option<&'n [(Key, Node)]> {
        match &self.node?.value {
            Yaml::Map(entries) => Some(entries),
            _ => self.wrong("a mapping"),
        }
    }

    /// A time such as `500ms`.
    pub fn duration(self) -> Option<Duration> {
        self.diagnostics.keep(duration::read(self.name, self.node?))
    }

    /// A CEL expression.
    pub fn expression(self) -> Option<Expression> {
        let node = self.node?;
        match &node.value {
            Yaml::String(text) => self.diagnostics.keep(Expression::compile(text, &node.at)),
            // `until: true` is as good an expression as any.
            Yaml::Bool(value) => self.diagnostics.keep(Expression::compile(&value.to_string(), &node.at)),
            _ => self.wrong("a CEL expression"),
        }
    }

    /// A text in which `${...}` is filled in.
    pub fn text(self) -> Option<TextTemplate> {
        let node = self.node?;
        match node.as_str() {
            Some(text) => self.diagnostics.keep(TextTemplate::parse(text, &node.at)),
            None => self.wrong("a string"),
        }
    }

    /// Any value in whose texts `${...}` is filled in.
    pub fn template(self) -> Option<Template> {
        self.node.map(|node| Template::decode(node, self.diagnostics))
    }

    fn wrong<T>(self, wanted: &str) -> Option<T> {
        self.diagnostics.push(wrong_type(self.name, wanted, self.node?));
        None
    }
}

/// Something else stands where a text belongs.
pub fn not_a_string(name: &str, node: &Node) -> Diagnostic {
    wrong_type(name, "a string", node)
}

fn wrong_type(name: &str, wanted: &str, node: &Node) -> Diagnostic {
    let message = match node.value {
        Yaml::Null => format!("`{name}` must be {wanted}, there is nothing"),
        _ => format!("`{name}` must be {wanted}, this is {}", node.what()),
    };
    let diagnostic = Diagnostic::new(node.at.clone(), message);
    match (wanted, &node.value) {
        // A number or bool where a text belongs was most likely meant as text.
        ("a string", Yaml::Bool(_) | Yaml::Number(_)) => {
            diagnostic.help(format!("in quotes it is one: \"{}\"", node.at.text()))
        }
        ("a list of strings", Yaml::String(text)) => diagnostic.help(format!("as a list: [{text}]")),
        ("a list", Yaml::Map(_)) => diagnostic.help("each of its elements begins with `- `"),
        _ => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, parse};
    use super::*;

    #[test]
    fn every_mistake_of_a_mapping_is_found() {
        let source =
            Source::new("x.yaml", "{name: [a], wait: maybe, for: 5, tags: [x, 1], nmae: x, until: a =, until2: b}");
        let document = parse(&source).unwrap().pop().unwrap();
        let mut found = Diagnostics::new();
        let mut fields = Fields::of(&document, "a thing", &mut found).unwrap();
        assert_eq!(fields.required("name").string(), None);
        assert_eq!(fields.optional("wait").boolean(), None);
        assert_eq!(fields.optional("for").duration(), None);
        assert_eq!(fields.optional("tags").strings().unwrap().len(), 1);
        assert!(fields.optional("until").expression().is_none());
        assert_eq!(fields.required("kind").string(), None);
        assert!(fields.optional("absent").list().is_none());
        fields.finish();
        let messages: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages[0], "`name` must be a string, this is a list");
        assert_eq!(messages[1], "`wait` must be true or false, this is a string");
        assert_eq!(messages.len(), 8, "{messages:#?}");
        assert_eq!(messages[7], "a thing needs `kind`");
        assert_eq!(messages[5], "unknown field `nmae`");
        assert!(
            found
                .iter()
                .nth(5)
                .unwrap()
                .help
                .as_ref()
                .unwrap()
                .starts_with("did you mean `name`? a thing knows: name,")
        );
    }

    #[test]
    fn what_is_no_mapping_has_no_fields() {
        let source = Source::new("x.yaml", "[a]");
        let document = parse(&source).unwrap().pop().unwrap();
        let mut found = Diagnostics::new();
        assert!(Fields::of(&document, "a step", &mut found).is_none());
        assert_eq!(found.iter().next().unwrap().message, "a step must be a mapping, this is a list");
    }
}
