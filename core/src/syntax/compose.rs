//! YAML text to trees of nodes.
//!
//! This stands on the parser below serde-saphyr rather than on serde: events carry the exact stretch of each key and
//! scalar and how it was quoted, and an error carries a kind instead of a text. Deserialising can give neither, and
//! would decide itself what a number is.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as Range, StrInput, StructureStyle, Tag};

use super::yaml_error;
use super::{At, Diagnostic, Diagnostics, Key, Node, Source, Span, Yaml, scalar};

/// How deep collections may be nested; the deepest Kubernetes objects (schemas of CRDs) reach about forty.
const DEPTH: usize = 100;
/// How many nodes a file may come to with its aliases written out.
const NODES: usize = 200_000;

/// Reads the documents of a file, leaving out empty ones. One syntax error ends the file; whatever else is wrong with
/// single nodes is found in all of it.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Diagnostics> {
    parse_with(source, scalar::resolve)
}

/// The same, of files that were written for kubectl: words that the two of them would take for different values are what
/// kubectl takes them for.
pub fn parse_manifests(source: &Arc<Source>) -> Result<Vec<Node>, Diagnostics> {
    parse_with(source, scalar::resolve_as_kubectl)
}

fn parse_with(source: &Arc<Source>, resolve: Resolve) -> Result<Vec<Node>, Diagnostics> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let events = Parser::new_from_str_with_options(source.text(), options);
    let (anchors, diagnostics) = (HashMap::new(), Diagnostics::new());
    let mut composer = Composer { source, events, resolve, anchors, nodes: 0, diagnostics };
    let documents = composer.documents();
    let mut diagnostics = composer.diagnostics;
    let documents = diagnostics.keep(documents).unwrap_or_default();
    diagnostics.or(documents)
}

/// What a plain scalar is taken for.
type Resolve = fn(&str) -> Result<Yaml, scalar::Refused>;

struct Composer<'s> {
    source: &'s Arc<Source>,
    events: Parser<'s, StrInput<'s>>,
    resolve: Resolve,
    /// The finished nodes with an anchor, and how many nodes each is.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    diagnostics: Diagnostics,
}

/// An event and the stretch it came from.
type Item<'s> = (Event<'s>, Range);

impl<'s> Composer<'s> {
    fn documents(&mut self) -> Result<Vec<Node>, Diagnostic> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(documents),
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                item => {
                    let node = self.node(item)?;
                    if !matches!(node.value, Yaml::Null) {
                        documents.push(node);
                    }
                    self.anchors.clear();
                }
            }
        }
    }

    fn next(&mut self) -> Result<Item<'s>, Diagnostic> {
        match self.events.next_event() {
            Some(Ok(item)) => Ok(item),
            Some(Err(error)) => Err(self.syntax_error(&error)),
            // Only the end of the stream is followed by nothing, and nobody asks beyond it.
            None => Ok((Event::StreamEnd, Range::default())),
        }
    }

    fn syntax_error(&self, error: &ScanError) -> Diagnostic {
        yaml_error::reword(self.source, error)
    }

    fn node(&mut self, (event, range): Item<'s>) -> Result<Node, Diagnostic> {
        self.nodes += 1;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.at(range);
                self.refuse_tag(tag.as_deref(), &range);
                let value = match style {
                    ScalarStyle::Plain => self.plain(&text, &at),
                    _ => Yaml::String(text.into_owned()),
                };
                Ok(self.anchored(anchor, Node { value, at }))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &range);
                let mut elements = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => break end,
                        item => elements.push(self.node(item)?),
                    }
                };
                let at = self.collection(range, end);
                Ok(self.anchored(anchor, Node { value: Yaml::List(elements), at }))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &range);
                let (entries, end) = self.entries()?;
                // Of a mapping in block style the first key is marked: marking all its lines would say no more.
                let at = match (style, entries.first()) {
                    (StructureStyle::Block, Some((key, _))) => key.at.clone(),
                    _ => self.collection(range, end),
                };
                Ok(self.anchored(anchor, Node { value: Yaml::Map(entries), at }))
            }
            Event::Alias(anchor) => self.alias(anchor, range),
            // The parser closes what it opened, and comments and unknown aliases are not asked for.
            _ => Ok(Node { value: Yaml::Null, at: self.at(range) }),
        }
    }

    fn entries(&mut self) -> Result<(Vec<(Key, Node)>, Range), Diagnostic> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        loop {
            let item = match self.next()? {
                (Event::MappingEnd, end) => {
                    self.merge(&mut entries, &merged);
                    return Ok((entries, end));
                }
                item => item,
            };
            let merge = matches!(&item.0, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.key(item)?;
            let item = self.next()?;
            let mut node = self.node(item)?;
            let Some(key) = key else { continue };
            if matches!(node.value, Yaml::Null) && node.at.text().is_empty() {
                // Nothing is written there: the key is the place to point at.
                node.at = key.at.clone();
            }
            match entries.iter().find(|(earlier, _)| earlier.text == key.text) {
                _ if merge => merged.push(node),
                Some((earlier, _)) => {
                    let line = earlier.at.span().map_or(0, |span| span.line);
                    let message = format!("`{}` is already given on line {line}", key.text);
                    self.diagnostics.push(Diagnostic::new(key.at, message).help("a key may stand once: remove one"));
                }
                None => entries.push((key, node)),
            }
        }
    }

    fn key(&mut self, item: Item<'s>) -> Result<Option<Key>, Diagnostic> {
        if let (Event::Scalar(text, _, anchor, tag), range) = item {
            self.refuse_tag(tag.as_deref(), &range);
            let key = Key { text: text.into_owned(), at: self.at(range) };
            self.anchored(anchor, Node { value: Yaml::String(key.text.clone()), at: key.at.clone() });
            return Ok(Some(key));
        }
        let node = self.node(item)?;
        if let Yaml::String(text) = node.value {
            return Ok(Some(Key { text, at: node.at }));
        }
        let message = format!("a key must be a string, this is {}", node.what());
        let help = "a value with `${...}` or braces needs quotes";
        self.diagnostics.push(Diagnostic::new(node.at, message).help(help));
        Ok(None)
    }

    /// `<<: *defaults`: the entries of other mappings, where this one has none of that name; the first one wins.
    fn merge(&mut self, entries: &mut Vec<(Key, Node)>, merged: &[Node]) {
        for node in merged.iter().flat_map(Node::elements) {
            if !matches!(node.value, Yaml::Map(_)) {
                self.diagnostics.report(&node.at, format!("`<<` merges mappings, this is {}", node.what()));
            }
            for (key, value) in node.entries() {
                if !entries.iter().any(|(own, _)| own.text == key.text) {
                    entries.push((key.clone(), value.clone()));
                }
            }
        }
    }

    fn alias(&mut self, anchor: usize, range: Range) -> Result<Node, Diagnostic> {
        let at = self.at(range);
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::new(at.clone(), format!("`{}` stands within what it repeats", at.text())));
        };
        self.nodes += size;
        if self.nodes > NODES {
            let message = format!("with its aliases written out, this file has more than {NODES} values");
            return Err(Diagnostic::new(at, message).help("aliases of aliases multiply: write less, or fewer of them"));
        }
        Ok(node.clone())
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), node.size()));
        }
        node
    }

    fn plain(&mut self, text: &str, at: &At) -> Yaml {
        (self.resolve)(text).unwrap_or_else(|refused| {
            self.diagnostics.push(Diagnostic::new(at.clone(), refused.message).help(refused.help));
            Yaml::String(text.to_owned())
        })
    }

    /// A tag says how to read a value; here it is nearly always an expression that begins with `!`.
    fn refuse_tag(&mut self, tag: Option<&Tag>, range: &Range) {
        if tag.is_none() {
            return;
        }
        let start = range.tag_start().unwrap_or(range.start);
        let mut at = self.at(Range::new(start, range.end));
        if let Some(span) = at.span() {
            let length = at.text().split_whitespace().next().map_or(1, |word| word.chars().count());
            at = At::new(self.source, Span { length, ..span });
        }
        let message = format!("`{}` is a YAML tag", at.text());
        let help = "a value that begins with `!` needs quotes, as in '!has(body.status.authenticated)'";
        self.diagnostics.push(Diagnostic::new(at, message).help(help));
    }

    /// A collection in flow style is marked up to its end, at least of the line.
    fn collection(&self, start: Range, end: Range) -> At {
        self.at(Range::new(start.start, end.end))
    }

    fn at(&self, range: Range) -> At {
        let (line, column) = (range.start.line(), range.start.col() + 1);
        let width = || self.source.line(line).map_or(0, |text| text.chars().count());
        let end = if range.end.line() == line { range.end.col() } else { width() };
        let length = end.saturating_sub(range.start.col());
        At::new(self.source, Span { line, column, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Vec<Node>, Diagnostics> {
        parse(&Source::new("x.yaml", text))
    }

    fn one(text: &str) -> Node {
        read(text).unwrap().pop().unwrap()
    }

    #[test]
    fn values_know_where_they_are_written() {
        let node = one("a: {b: [1.30, \"zwei\"]}\nc: |\n  long\n  text\n");
        assert_eq!(node.to_json(), json!({"a": {"b": [1.3, "zwei"], }, "c": "long\ntext\n"}));
        let list = node.get("a").unwrap().get("b").unwrap();
        assert_eq!(list.at.text(), "[1.30, \"zwei\"]");
        assert_eq!(list.elements()[0].at.text(), "1.30");
        assert_eq!(list.elements()[1].at.to_string(), "x.yaml:1:15");
        assert_eq!(node.at.text(), "a");
        assert_eq!(node.get("c").unwrap().at.text(), "long");
    }

    #[test]
    fn aliases_and_merges_are_written_out() {
        let node =
            one("base: &base {a: 1, b: 2}\nlist: [*base]\nown: {<<: *base, b: 3}\nfirst: {<<: [{a: 9}, *base]}\n");
        assert_eq!(node.get("list").unwrap().to_json(), json!([{"a": 1, "b": 2}]));
        assert_eq!(node.get("own").unwrap().to_json(), json!({"b": 3, "a": 1}));
        assert_eq!(node.get("first").unwrap().to_json(), json!({"a": 9, "b": 2}));
    }

    #[test]
    fn documents_are_apart_and_empty_ones_are_none() {
        let documents = read("---\na: 1\n---\n# nothing\n---\nb: &x 2\n---\n").unwrap();
        assert_eq!(documents.iter().map(Node::to_json).collect::<Vec<_>>(), [json!({"a": 1}), json!({"b": 2})]);
        assert!(read("a: &x 1\n---\nb: *x\n").is_err());
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn keys_are_text_as_written() {
        assert_eq!(one("{8080: a, true: b, ~: c}").to_json(), json!({"8080": "a", "true": "b", "~": "c"}));
    }

    #[test]
    fn single_mistakes_do_not_end_the_reading() {
        let mistakes = read("a: 1\na: 2\nb: 0644\nc: !x y\n? [k]\n: v\n").unwrap_err();
        assert_eq!(mistakes.len(), 4, "{mistakes}");
    }

    #[test]
    fn texts_and_keys_are_rewritten() {
        let mut node = one("{a: [x, {x: 1}], b: y}");
        node.rewrite(&|text| (text == "x").then(|| "z".to_owned()));
        assert_eq!(node.to_json(), json!({"a": ["z", {"z": 1}], "b": "y"}));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"([ \t\n]|[-a-c0-9:,\[\]{}"'|>&*!?%@#$.<~]){0,60}|\PC{0,60}"#) {
            if let Err(mistakes) = read(&text) {
                prop_assert!(!mistakes.render(true).is_empty());
            }
        }
    }
}
