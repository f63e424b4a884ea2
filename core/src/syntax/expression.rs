//! CEL expressions: compiled once with their place, evaluated over a scope.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{ExecutionError, Program};
use serde_json::Value;

use super::functions::{FUNCTIONS, LIBRARY, to_json};
use super::needed::{Needed, chain};
use super::{At, Diagnostic, Scope, cel_error, nearest, scan, stack};

/// Names of CEL's types, which an expression may use without anybody having set them.
const TYPES: &[&str] = &["bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint"];
/// First words of functions with a dotted name.
const NAMESPACES: &[&str] = &["base64"];
/// Words that CEL keeps for itself or for later.
const WORDS: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "null",
    "package",
    "namespace",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// How many words, literals and signs an expression may have. What is chained is nested too.
const LONGEST: usize = 500;
/// How deep brackets may be nested.
const DEEPEST: usize = 50;
/// For so many levels of brackets any stack has room: in a build that is not optimised the parser takes 150 kB for each.
const SHALLOW: usize = 5;
/// The same for levels of operators and fields, of which each takes 40 kB when it is evaluated.
const SHORT: usize = 20;

/// Whether CEL itself gives `name` a meaning, so that no variable can be called so.
pub fn is_reserved(name: &str) -> bool {
    let names = [TYPES, NAMESPACES, WORDS, FUNCTIONS];
    names.iter().any(|names| names.contains(&name))
}

/// A compiled expression. Cloning shares it.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    text: String,
    at: At,
    program: Arc<Program>,
    references: Vec<Reference>,
    /// What is read of each of them.
    needed: Vec<Needed>,
    /// How deep it is nested.
    levels: usize,
}

/// A variable that an expression reads.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Where it is written, or the expression as a whole.
    pub at: At,
    /// The fields of it that are read, as far as they are named; none where all of it may be.
    pub fields: Option<Vec<String>>,
}

/// An expression that has no value now: a key is missing, types do not fit. Values are never shown, for one of them may
/// be a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` {reason}")]
pub struct EvaluationError {
    expression: String,
    reason: String,
}

impl Expression {
    /// Compiles an expression whose text is written at `at`.
    pub fn compile(text: &str, at: &At) -> Result<Self, Diagnostic> {
        const LEVEL: usize = 256 << 10;
        if scan::length(text) > LONGEST {
            let message = format!("the expression has more than {LONGEST} words and signs");
            return Err(Diagnostic::new(at.clone(), message).help("`set` gives a part of it a name"));
        }
        let program = match scan::depth(text) {
            0..=SHALLOW => parse(text, at),
            depth @ ..=DEEPEST => stack::with(depth * LEVEL, || parse(text, at)).unwrap_or_else(|error| {
                Err(Diagnostic::new(at.clone(), format!("nested too deep to be read here and now: {error}")))
            }),
            _ => Err(Diagnostic::new(at.clone(), "nested too deep").help(format!("{DEEPEST} levels are allowed"))),
        }?;
        let mut walk = Walk {
            text,
            at,
            program: &program,
            bound: Vec::new(),
            references: Vec::new(),
            needed: Vec::new(),
            unknown: None,
            level: 0,
            levels: 0,
        };
        walk.expression(program.expression());
        let Walk { mut references, needed, unknown, levels, .. } = walk;
        for (reference, needed) in references.iter_mut().zip(&needed) {
            reference.fields = needed.fields();
        }
        match unknown {
            Some(diagnostic) => Err(diagnostic),
            None => Ok(Self(Arc::new(Compiled {
                text: text.to_owned(),
                at: at.clone(),
                program,
                references,
                needed,
                levels,
            }))),
        }
    }

    /// The expression as it is written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Where it is written.
    pub fn at(&self) -> &At {
        &self.0.at
    }

    /// The variables it reads, without those its own macros bind.
    pub fn references(&self) -> &[Reference] {
        &self.0.references
    }

    /// Its value over the variables of `scope`; only what it reads of them is looked at.
    pub fn evaluate(&self, scope: &Scope) -> Result<Value, EvaluationError> {
        const LEVEL: usize = 64 << 10;
        match self.0.levels {
            0..=SHORT => self.value(scope),
            levels => stack::with(levels * LEVEL, || self.value(scope))
                .unwrap_or_else(|error| Err(self.error(format!("is too long to be evaluated here and now: {error}")))),
        }
    }

    fn value(&self, scope: &Scope) -> Result<Value, EvaluationError> {
        let mut context = LIBRARY.new_inner_scope();
        for (Reference { name, .. }, needed) in self.0.references.iter().zip(&self.0.needed) {
            if let Some(value) = scope.get(name) {
                context.add_variable_from_value(name.as_str(), needed.of(value));
            }
        }
        let value = self.0.program.execute(&context).map_err(|error| self.error(self.reason(&error)))?;
        to_json(&value).map_err(|reason| self.error(reason.to_owned()))
    }

    /// Whether it is true; an expression that gives no bool is an error.
    pub fn is_true(&self, scope: &Scope) -> Result<bool, EvaluationError> {
        match self.evaluate(scope)? {
            Value::Bool(value) => Ok(value),
            _ => Err(self.error("is neither true nor false".to_owned())),
        }
    }

    fn error(&self, reason: String) -> EvaluationError {
        EvaluationError { expression: cel_error::shortened(&self.0.text), reason }
    }

    /// Why there is no value, in words that show none: a key or name only where the expression itself spells it out.
    fn reason(&self, error: &ExecutionError) -> String {
        let spelled = |name: &str, known: String, otherwise: &str| {
            if self.0.text.contains(name) { known } else { otherwise.to_owned() }
        };
        match error {
            ExecutionError::NoSuchKey(key) => spelled(key, format!("finds no `{key}`"), "finds no such key"),
            ExecutionError::UndeclaredReference(name) => {
                spelled(name, format!("reads `{name}`, which is not set"), "reads something that is not set")
            }
            ExecutionError::IndexOutOfBounds(_) => "goes beyond the end of a list".to_owned(),
            ExecutionError::NoSuchOverload(call) => {
                match (call.function().trim_matches('_'), call.argument_types()) {
                    // Such as `body.status.token` where a refusal has its word there: `status: Failure`.
                    (".", [whole, ..]) => format!("looks for a field in a value of type {whole}"),
                    (operator, types) => format!("cannot apply `{operator}` to {}", types.join(" and ")),
                }
            }
            ExecutionError::UnsupportedBinaryOperator(_, left, right)
            | ExecutionError::ValuesNotComparable(left, right) => {
                format!("cannot apply an operator to {} and {}", left.type_of(), right.type_of())
            }
            ExecutionError::FunctionError { function, message } if FUNCTIONS.contains(&function.as_str()) => {
                // The messages of CEL's own conversions repeat what they were given.
                match function.as_str() {
                    "jwt" | "base64.decode" | "sha256" => format!("calls `{function}`: {message}"),
                    _ => format!("calls `{function}` with something it cannot convert"),
                }
            }
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "divides by zero".to_owned(),
            ExecutionError::Overflow(..) => "overflows".to_owned(),
            _ => "works on values of the wrong type".to_owned(),
        }
    }
}

/// Programs by their text. A scenario is decoded again for each of its runs, and most of its expressions stay the same.
static PROGRAMS: LazyLock<Mutex<HashMap<String, Arc<Program>>>> = LazyLock::new(Mutex::default);
/// How many are remembered: those with the names of one run are in nobody's way for long.
const REMEMBERED: usize = 2000;

fn remembered() -> MutexGuard<'static, HashMap<String, Arc<Program>>> {
    PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn parse(text: &str, at: &At) -> Result<Arc<Program>, Diagnostic> {
    if let Some(program) = remembered().get(text) {
        return Ok(Arc::clone(program));
    }
    let program = Arc::new(Program::compile(text).map_err(|errors| cel_error::reword(text, at, &errors))?);
    let mut programs = remembered();
    if programs.len() >= REMEMBERED {
        programs.clear();
    }
    programs.insert(text.to_owned(), Arc::clone(&program));
    Ok(program)
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.text, f)
    }
}

/// Collects what an expression refers to.
struct Walk<'e> {
    text: &'e str,
    at: &'e At,
    program: &'e Program,
    /// The variables that macros around the current place bind.
    bound: Vec<&'e str>,
    references: Vec<Reference>,
    needed: Vec<Needed>,
    unknown: Option<Diagnostic>,
    /// How deep the walk is in it, and was at most.
    level: usize,
    levels: usize,
}

impl<'e> Walk<'e> {
    fn expression(&mut self, node: &'e IdedExpr) {
        if let Some((.., fields)) = chain(node) {
            self.levels = self.levels.max(self.level + fields.len());
            return self.variable(node, &[]);
        }
        self.level += 1;
        self.levels = self.levels.max(self.level);
        self.parts(node);
        self.level -= 1;
    }

    fn parts(&mut self, node: &'e IdedExpr) {
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
            Expr::Select(select) => self.expression(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(object) => object.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Call(call) => {
                let namespace = call.target.as_ref().and_then(|target| match &target.expr {
                    Expr::Ident(name) if NAMESPACES.contains(&name.as_str()) => Some(name),
                    _ => None,
                });
                match (namespace, &call.target) {
                    (Some(namespace), _) => self.function(&format!("{namespace}.{}", call.func_name), node.id),
                    (None, target) => {
                        self.function(&call.func_name, node.id);
                        if let Some(target) = target {
                            self.expression(target);
                        }
                    }
                }
                match &call.args[..] {
                    // It looks at nothing else of an object.
                    [object, kind]
                        if call.func_name == "condition" && call.target.is_none() && chain(object).is_some() =>
                    {
                        self.variable(object, &["status", "conditions"]);
                        self.expression(kind);
                    }
                    arguments => arguments.iter().for_each(|argument| self.expression(argument)),
                }
            }
            Expr::Comprehension(comprehension) => {
                self.expression(&comprehension.iter_range);
                self.expression(&comprehension.accu_init);
                let outside = self.bound.len();
                self.bound.push(&comprehension.accu_var);
                self.bound.push(&comprehension.iter_var);
                self.bound.extend(comprehension.iter_var2.as_deref());
                self.expression(&comprehension.loop_cond);
                self.expression(&comprehension.loop_step);
                self.expression(&comprehension.result);
                self.bound.truncate(outside);
            }
        }
    }

    fn entry(&mut self, entry: &'e EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.expression(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key);
                self.expression(&entry.value);
            }
        }
    }

    /// Notes a variable and that `below` is read of what its fields lead to.
    fn variable(&mut self, node: &'e IdedExpr, below: &[&str]) {
        let Some((name, id, mut path)) = chain(node) else { return };
        if self.bound.contains(&name) || TYPES.contains(&name) || name.starts_with('@') {
            return;
        }
        path.extend(below);
        let known = self.references.iter().position(|reference| reference.name == name);
        let index = known.unwrap_or_else(|| {
            let at = self.place(id, name);
            self.references.push(Reference { name: name.to_owned(), at, fields: None });
            self.needed.push(Needed::default());
            self.references.len() - 1
        });
        self.needed[index].add(&path);
    }

    fn function(&mut self, name: &str, id: u64) {
        // Operators are calls too, of names such as `_==_`, `!_` and `@in`.
        let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_operator || FUNCTIONS.contains(&name) || self.unknown.is_some() {
            return;
        }
        let diagnostic = Diagnostic::new(self.place(id, name), format!("there is no function `{name}` here"));
        let help = match (name, nearest(name, FUNCTIONS.iter().copied())) {
            ("has", _) => "has() takes one field, as in has(body.status.token)".to_owned(),
            ("all" | "exists" | "exists_one" | "map" | "filter", _) => {
                format!(
                    "it is called on a list, with a name and an expression: body.items.{name}(i, i.kind == \"Pod\")"
                )
            }
            (_, Some(near)) => format!("did you mean `{near}`?"),
            _ => format!("the macros of CEL, and: {}", FUNCTIONS.join(", ")),
        };
        self.unknown = Some(diagnostic.help(help));
    }

    /// Where `name` is written. CEL says where a node begins, of a call where its parenthesis does.
    fn place(&self, id: u64, name: &str) -> At {
        let Some((start, _)) = self.program.source_info().offset_for(id) else { return self.at.clone() };
        let start = start as usize;
        let characters: Vec<char> = self.text.chars().collect();
        let name: Vec<char> = name.chars().collect();
        let begins = |at: &usize| characters.get(*at..at + name.len()) == Some(&name[..]);
        match [Some(start), start.checked_sub(name.len())].into_iter().flatten().find(begins) {
            Some(start) => self.at.inside(self.text, start, name.len()),
            None => self.at.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;
    use serde_json::json;

    fn compile(text: &str) -> Result<Expression, Diagnostic> {
        let source = Source::new("x.yaml", text);
        let length = text.chars().count();
        Expression::compile(text, &At::new(&source, super::super::Span { line: 1, column: 1, length }))
    }

    fn scope() -> Scope {
        let mut scope = Scope::new();
        let conditions = json!([{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}]);
        scope.set("body", json!({"status": {"conditions": conditions}, "replicas": 3, "items": [{"n": 1}, {"n": 2}]}));
        scope.set("secret", json!("eyJhbGciOiJub25lIn0"));
        scope.set("token", json!("eyJhbGciOiJub25lIn0.eyJpYXQiOjEsImF1ZCI6WyJhIl19.c2ln"));
        scope
    }

    fn evaluate(text: &str) -> Result<Value, String> {
        compile(text).map_err(|d| d.message)?.evaluate(&scope()).map_err(|e| e.to_string())
    }

    #[test]
    fn integers_calculate_with_literals() {
        assert_eq!(evaluate("body.replicas + 1"), Ok(json!(4)));
        assert_eq!(evaluate("size(body.items) == 2 && body.items.exists(i, i.n == 2)"), Ok(json!(true)));
        assert_eq!(
            evaluate("body.items.map(i, {'n': i.n, 'a': 1.5})"),
            Ok(json!([{"a": 1.5, "n": 1}, {"a": 1.5, "n": 2}]))
        );
    }

    #[test]
    fn the_longest_expressions_are_evaluated() {
        let sum = |length: usize| vec!["1"; length].join(" + ");
        assert_eq!(evaluate(&sum(LONGEST / 2)), Ok(json!(LONGEST / 2)));
        assert!(evaluate(&sum(LONGEST)).unwrap_err().contains("more than 500"));
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(evaluate(&nested(DEEPEST)).is_ok());
        assert_eq!(evaluate(&nested(DEEPEST + 1)), Err("nested too deep".to_owned()));
        assert!(evaluate(&format!("body{}", ".a".repeat(LONGEST / 2 - 1))).unwrap_err().contains("no `a`"));
    }

    #[test]
    fn the_functions_of_scenarios() {
        assert_eq!(evaluate("jwt(token).claims.iat + 3600"), Ok(json!(3601)));
        assert_eq!(evaluate("jwt(token).header.alg"), Ok(json!("none")));
        assert_eq!(evaluate("string(base64.decode('aGVsbG8='))"), Ok(json!("hello")));
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(evaluate("sha256('hello')"), Ok(json!(digest)));
        assert_eq!(evaluate("sha256(base64.decode('aGVsbG8='))"), Ok(json!(digest)));
        assert_eq!(evaluate("condition(body, 'PodScheduled')"), Ok(json!("True")));
        assert_eq!(evaluate("condition(body, 'Missing') == null && condition(null, 'x') == null"), Ok(json!(true)));
    }

    #[test]
    fn errors_name_what_is_missing_and_never_a_value() {
        for (text, part) in [
            ("body.metadata.name", "finds no `metadata`"),
            ("body.items[7]", "goes beyond the end of a list"),
            ("missing == 1", "reads `missing`, which is not set"),
            ("body.replicas + 'a'", "cannot apply"),
            ("body.replicas && true", "cannot apply `&&` to int and bool"),
            ("{'a': 1}[secret]", "finds no such key"),
            ("secret + 1", "`"),
            ("secret.x", "looks for a field in a value of type string"),
            ("int(secret)", "something it cannot convert"),
            ("jwt(secret)", "no JSON web token"),
            ("base64.decode(token)", "not base64"),
            ("sha256(1)", "a string or bytes"),
            ("secret < 1", "`"),
            ("[secret][secret]", "`"),
            ("secret in secret", "`"),
            ("base64.decode('aGVsbG8=')", "make them text"),
            ("1 / 0", "divides by zero"),
        ] {
            let error = evaluate(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("eyJ"), "{error}");
        }
        assert!(compile("1 + 1").unwrap().is_true(&scope()).is_err());
    }

    #[test]
    fn an_expression_sees_what_it_reads_and_nothing_is_missing() {
        let whole = json!({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": "f"});
        let scope = Scope::new().with("x", whole.clone());
        let evaluate = |text: &str| compile(text).unwrap().evaluate(&scope).map_err(|error| error.to_string());
        assert_eq!(evaluate("x"), Ok(whole.clone()));
        assert_eq!(evaluate("x.a.b"), Ok(json!({"c": 1})));
        assert_eq!(evaluate("[x.a.b.c, x.a]"), Ok(json!([1, whole["a"]])));
        assert_eq!(evaluate("size(x) == 2 && x['e'] == x.e && has(x.a.b) && !has(x.a.g)"), Ok(json!(true)));
        assert_eq!(evaluate("x.a.d.map(d, d + x.a.b.c)"), Ok(json!([2, 3])));
        assert!(evaluate("x.g.h").unwrap_err().contains("finds no `g`"));
        assert!(evaluate("x.e.h").is_err());
    }

    #[test]
    fn references_are_the_variables_from_outside() {
        let expression = compile("has(token.status) && list.all(x, x == other && [x].exists(y, y == x)) && x").unwrap();
        let found: Vec<String> = expression.references().iter().map(|r| format!("{} {}", r.name, r.at)).collect();
        assert_eq!(found, ["token x.yaml:1:5", "other x.yaml:1:39", "x x.yaml:1:74"]);
        assert!(compile("type(1) == int && base64.decode('') == b''").unwrap().references().is_empty());
    }

    #[test]
    fn what_does_not_exist_is_found_before_anything_runs() {
        for (text, place, help) in [
            ("body.name.lowerAscii()", "x.yaml:1:11", "the macros of CEL"),
            ("starts(body)", "x.yaml:1:1", "the macros"),
            ("body.startWith('x')", "x.yaml:1:6", "did you mean `startsWith`?"),
            ("body.map(x)", "x.yaml:1:6", "with a name and an expression"),
        ] {
            let diagnostic = compile(text).unwrap_err();
            assert_eq!(diagnostic.at.to_string(), place, "{diagnostic}");
            assert!(diagnostic.help.unwrap().contains(help), "{text}");
        }
    }

    #[test]
    fn names_with_a_meaning_are_reserved() {
        for name in ["list", "in", "type", "jwt", "base64", "namespace", "true"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("token"));
    }
}
