//! `expect:`: what an answer must be, whatever the snapshot says, and how an answer that is not so differs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::When;
use crate::action::{Answers, Reply};
use crate::shape::{self, Shape};
use crate::syntax::{
    Diagnostic, Diagnostics, Expression, Fields, Node, Reference, Scope, Template, TemplateError, Yaml,
};
use crate::topic::Topic;

/// What a step's own expressions call the parts of its answer.
pub static ANSWER: &[Topic] = &[
    Topic::plain("code", "The HTTP status code; null where the server does not serve the kind."),
    Topic::plain("body", "The body as JSON: an object, a list of objects, or the Status of a refusal."),
    Topic::plain("warnings", "The texts of the `Warning` headers, a list."),
    Topic::plain(
        "exit",
        "How a command of `run` ended: its exit code, or `signal 9`; `running` where it had not, and was ended.",
    ),
    Topic::plain("stdout", "What it wrote to its standard output, without the last line break."),
    Topic::plain("stderr", "What it wrote to its standard error."),
    Topic::plain("events", "What a `watch` was told, a list of `{type, object}`; null where it was refused."),
];

/// The fields of an expectation.
pub static EXPECTATIONS: &[Topic] = &[
    Topic::plain("code", "The HTTP status code."),
    Topic::plain("reason", "The `reason` of the Status that a refusal comes with."),
    Topic::plain("message", "Its `message`, all of it."),
    Topic::plain("warnings", "The warnings, as many and in this order."),
    Topic::plain(
        "body",
        "Of a mapping only what is named is compared, of a list every element; null is what must be absent.",
    ),
    Topic::plain("exit", "How a command ended: its exit code, `signal 9`, or `running`."),
    Topic::plain("stdout", "Its standard output, without the last line break."),
    Topic::plain("stderr", "Its standard error."),
    Topic::plain("that", "A CEL condition."),
    Topic::plain(
        "when",
        "Where it is expected, as `when` of a step: what an article printed holds on the version of its day.",
    ),
];

/// Parts that only the answer of an API server has.
const OF_EXCHANGES: &[&str] = &["code", "reason", "message", "warnings"];
/// Parts that only a command has.
const OF_OUTPUT: &[&str] = &["exit", "stdout", "stderr"];

/// The parts of an answer: the envelope and, apart from it, the body.
#[derive(Debug, Clone)]
pub struct Answer {
    envelope: Value,
    body: Arc<Value>,
    /// Whether the body is the events of a watch.
    is_events: bool,
}

/// One expectation.
#[derive(Debug)]
pub struct Check {
    /// Where it applies.
    pub when: When,
    expected: Vec<(&'static str, Template)>,
    that: Option<Expression>,
}

/// One difference between an answer and what was expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Where in the answer: `code`, `body.status.authenticated`.
    pub path: String,
    /// What was expected; null for what should be absent.
    pub expected: Value,
    /// What came; nothing if it is absent. It may hold tokens: redact it before it is shown.
    pub came: Option<Value>,
}

impl Answer {
    /// The parts of a reply. A kind that is not served has neither code nor body; a command has no code, and a body
    /// where its output is one API object.
    pub fn new(reply: &Reply) -> Self {
        let is_events = matches!(reply, Reply::Events(_));
        let exchange = match reply {
            Reply::Http(exchange) | Reply::Events(exchange) => exchange,
            Reply::NotServed { .. } => {
                return Self { envelope: json!({"warnings": []}), body: Arc::default(), is_events };
            }
            Reply::Process(output) => {
                let stdout = output.stdout.strip_suffix('\n').unwrap_or(&output.stdout);
                let envelope = json!({
                    "warnings": [], "exit": output.exit.to_value(), "stdout": stdout, "stderr": output.stderr,
                });
                return Self { envelope, body: Arc::clone(&output.object), is_events };
            }
        };
        let body = &exchange.body;
        let status = |name: &str| if body["kind"] == "Status" { body[name].clone() } else { Value::Null };
        let envelope = json!({
            "code": exchange.status,
            "reason": status("reason"),
            "message": status("message"),
            "warnings": exchange.warnings,
        });
        Self { envelope, body: Arc::clone(body), is_events }
    }

    /// The variables of earlier steps, and under the names of [`OWN_NAMES`](super::OWN_NAMES) this answer.
    pub fn scope(&self, earlier: &Scope) -> Scope {
        let mut scope = earlier.clone();
        for name in ["code", "warnings", "exit", "stdout", "stderr"] {
            scope.set(name, self.envelope[name].clone());
        }
        scope.set("body", Arc::clone(&self.body));
        // Null where there are none: an empty list would make `all` true of any other answer.
        scope.set("events", if self.is_events { Arc::clone(&self.body) } else { Arc::new(Value::Null) });
        scope
    }

    /// The body.
    pub fn body(&self) -> &Arc<Value> {
        &self.body
    }

    /// What is kept as the step's variable: the body, or what a command wrote and how it ended.
    pub fn variable(&self) -> Arc<Value> {
        if self.envelope["exit"].is_null() {
            return Arc::clone(&self.body);
        }
        let part = |name: &str| self.envelope[name].clone();
        json!({"exit": part("exit"), "stdout": part("stdout"), "stderr": part("stderr")}).into()
    }

    fn part(&self, name: &str) -> &Value {
        if name == "body" { &self.body } else { &self.envelope[name] }
    }
}

impl Check {
    pub(super) fn shape() -> Value {
        let filled_in = json!({"type": "string", "pattern": "\\$\\{"});
        let code = shape::any_of(&[json!({"type": "integer", "minimum": 100, "maximum": 599}), filled_in.clone()]);
        let ended = json!({"type": "string", "pattern": "^(running$|signal )"});
        let exit = shape::any_of(&[json!({"type": "integer", "minimum": 0, "maximum": 255}), ended, filled_in]);
        let shape = ["reason", "message", "warnings", "body", "stdout", "stderr"].into_iter();
        let shape = shape.fold(Shape::new(), |shape, name| shape.optional(name, shape::anything()));
        let shape = shape.optional("code", code).optional("exit", exit);
        let shape = shape.optional("that", shape::expression()).optional("when", shape::defined("when"));
        shape.described(EXPECTATIONS).finish()
    }

    /// Reads `E` or `[E, ...]`.
    pub(super) fn decode_all(node: &Node, diagnostics: &mut Diagnostics) -> Vec<Self> {
        node.elements().iter().filter_map(|element| Self::decode(element, diagnostics)).collect()
    }

    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "expect", diagnostics)?;
        let when = fields.optional("when").node();
        let that = fields.optional("that").expression();
        let code = fields.optional("code").node();
        let mut expected = Vec::new();
        for name in OF_EXCHANGES.iter().chain(OF_OUTPUT).chain(&["body"]) {
            expected.extend(fields.optional(name).template().map(|template| (*name, template)));
        }
        let exit = fields.optional("exit").node();
        fields.hint("what the body holds stands under `body`");
        fields.finish();
        if let Some(node) = code {
            let fits = match &node.value {
                Yaml::Number(number) => number.as_u64().is_some_and(|code| (100..600).contains(&code)),
                Yaml::String(text) => text.contains("${"),
                _ => false,
            };
            if !fits {
                let diagnostic = Diagnostic::new(node.at.clone(), "`code` must be an HTTP status code");
                diagnostics.push(diagnostic.help("a number from 100 to 599, as in `code: 403`"));
            }
        }
        if let Some(node) = exit {
            let fits = match &node.value {
                Yaml::Number(number) => number.as_u64().is_some_and(|code| code < 256),
                Yaml::String(text) => text.contains("${") || text == "running" || text.starts_with("signal "),
                _ => false,
            };
            if !fits {
                let diagnostic = Diagnostic::new(node.at.clone(), "`exit` must be an exit code");
                diagnostics
                    .push(diagnostic.help("a number from 0 to 255, or `signal 9` for a command that was killed"));
            }
        }
        if node.entries().iter().all(|(key, _)| key.text == "when") {
            diagnostics.report(&node.at, "this expects nothing");
        }
        let when = when.map_or_else(When::always, |node| When::decode(node, diagnostics));
        Some(Self { when, expected, that })
    }

    /// The variables it reads.
    pub fn references(&self) -> Vec<&Reference> {
        let expected = self.expected.iter().flat_map(|(_, template)| template.references());
        expected.chain(self.that.iter().flat_map(Expression::references)).collect()
    }

    /// The parts it names that a reply of this kind never has.
    pub fn misplaced(&self, answers: Answers) -> impl Iterator<Item = &'static str> {
        let others = match answers {
            Answers::Exchange => OF_OUTPUT,
            Answers::Output => OF_EXCHANGES,
        };
        self.expected.iter().map(|(name, _)| *name).filter(|name| others.contains(name))
    }

    /// Whether it expects just this status code.
    pub fn expects_code(&self, code: u16, scope: &Scope) -> bool {
        let is_it = |template: &Template| template.resolve(scope).is_ok_and(|expected| expected == code);
        self.expected.iter().any(|(name, template)| *name == "code" && is_it(template))
    }

    /// Whether it has an expression about the status code.
    pub fn reads_code(&self) -> bool {
        self.that.as_ref().is_some_and(reads_code)
    }

    /// How `answer` differs. `scope` holds the answer's own names too: [`Answer::scope`].
    pub fn mismatches(&self, answer: &Answer, scope: &Scope) -> Result<Vec<Mismatch>, TemplateError> {
        let mut found = Vec::new();
        for (name, template) in &self.expected {
            compare(name, &template.resolve(scope)?, Some(answer.part(name)), &mut found);
        }
        if let Some(that) = &self.that
            && !that.is_true(scope)?
        {
            let (path, expected) = ("that".to_owned(), Value::String(that.text().to_owned()));
            found.push(Mismatch { path, expected, came: Some(Value::Bool(false)) });
        }
        Ok(found)
    }
}

/// Whether an expression is about the status code of the answer.
pub fn reads_code(expression: &Expression) -> bool {
    expression.references().iter().any(|reference| reference.name == "code")
}

/// Mappings hold at least what is expected, lists exactly as many elements; null is absent.
fn compare(path: &str, expected: &Value, came: Option<&Value>, found: &mut Vec<Mismatch>) {
    let came = came.filter(|value| !value.is_null());
    let differs = |found: &mut Vec<Mismatch>| {
        found.push(Mismatch { path: path.to_owned(), expected: expected.clone(), came: came.cloned() });
    };
    match (expected, came) {
        (Value::Null, None) => {}
        (Value::Object(fields), Some(Value::Object(values))) => {
            for (key, expected) in fields {
                compare(&below(path, key), expected, values.get(key), found);
            }
        }
        (Value::Array(expected), Some(Value::Array(values))) if expected.len() == values.len() => {
            for (index, (expected, value)) in expected.iter().zip(values).enumerate() {
                compare(&format!("{path}[{index}]"), expected, Some(value), found);
            }
        }
        (Value::Number(expected), Some(Value::Number(number))) => {
            // 1 and 1.0 are one number, however they are written.
            if expected != number && expected.as_f64() != number.as_f64() {
                differs(found);
            }
        }
        (expected, Some(value)) if expected == value => {}
        _ => differs(found),
    }
}

fn below(path: &str, key: &str) -> String {
    if key.contains(['.', '[', '"']) { format!("{path}[{key:?}]") } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Exchange;
    use crate::syntax::{Source, parse};

    fn mismatches(expect: &str, status: u16, body: Value) -> Vec<String> {
        let document = parse(&Source::new("x", expect)).unwrap().pop().unwrap();
        let mut diagnostics = Diagnostics::new();
        let check = Check::decode(&document, &mut diagnostics).unwrap();
        assert!(diagnostics.is_empty(), "{diagnostics}");
        let warnings = vec!["old".to_owned()];
        let exchange = Exchange { method: http::Method::GET, path: "/".into(), status, warnings, body: body.into() };
        let answer = Answer::new(&Reply::Http(exchange));
        let mut scope = Scope::new();
        scope.set("name", json!("p"));
        let found = check.mismatches(&answer, &answer.scope(&scope)).unwrap();
        found
            .into_iter()
            .map(|m| format!("{}: {} but {:?}", m.path, m.expected, m.came.map(|v| v.to_string())))
            .collect()
    }

    #[test]
    fn mappings_are_subsets_and_null_is_absent() {
        let body = json!({"status": {"authenticated": true, "user": {"n": 1}}, "items": [{"a": 1, "b": 2}], "x": null});
        for expect in [
            "{code: 200, body: {status: {authenticated: true}}}",
            "{body: {status: {error: null, user: {n: 1.0}}, x: null}}",
            "{body: {items: [{a: 1}]}, warnings: [old]}",
            "{that: 'code == 200 && size(body.items) == 1'}",
            "{reason: null}",
        ] {
            assert_eq!(mismatches(expect, 200, body.clone()), Vec::<String>::new(), "{expect}");
        }
    }

    #[test]
    fn differences_say_where_what_and_what_came() {
        let body = json!({"kind": "Status", "reason": "Forbidden", "message": "no", "items": [1, 2], "a": {"b.c": 1}});
        let expect = "{code: 200, reason: Conflict, body: {items: [1], a: {b.c: '${name}'}, missing: 1, kind: null}, that: false}";
        assert_eq!(
            mismatches(expect, 403, body),
            [
                "code: 200 but Some(\"403\")",
                "reason: \"Conflict\" but Some(\"\\\"Forbidden\\\"\")",
                "body.a[\"b.c\"]: \"p\" but Some(\"1\")",
                "body.items: [1] but Some(\"[1,2]\")",
                "body.kind: null but Some(\"\\\"Status\\\"\")",
                "body.missing: 1 but None",
                "that: \"false\" but Some(\"false\")",
            ]
        );
    }

    #[test]
    fn a_kind_that_is_not_served_has_no_code() {
        let reply = Reply::NotServed { api_version: "a/v1".into(), kind: "A".into() };
        let scope = Answer::new(&reply).scope(&Scope::new());
        assert_eq!(scope.get("code").map(|value| value.is_null()), Some(true));
    }
}
