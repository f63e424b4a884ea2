//! Syntax errors of CEL in words that say what to change. The parser speaks of tokens and lists all it would have taken.

use cel::{ParseError, ParseErrors};

use super::{At, Diagnostic};

/// The mistake behind the errors of the CEL parser in `text`, which is written at `at`.
pub(super) fn reword(text: &str, at: &At, errors: &ParseErrors) -> Diagnostic {
    if text.trim().is_empty() {
        return Diagnostic::new(at.clone(), "the expression is empty");
    }
    // The first syntax error is the cause; what the parser says of incomplete nodes follows from it.
    let syntax = |error: &&ParseError| error.msg.starts_with("Syntax error: ");
    let Some(error) = errors.errors.iter().find(syntax).or(errors.errors.first()) else {
        return Diagnostic::new(at.clone(), "this is no CEL expression");
    };
    let (message, help) = explain(text, error.msg.trim_start_matches("Syntax error: "));
    let diagnostic = Diagnostic::new(place(text, at, error.pos), message);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn explain(text: &str, message: &str) -> (String, Option<&'static str>) {
    let quoted =
        |message: &str| message.split_once('\'').and_then(|(_, rest)| Some(rest.split_once('\'')?.0.to_owned()));
    let words = text.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "and" | "or" | "not"));
    if let Some(token) = message.strip_prefix("token recognition error at: ") {
        let token = token.strip_prefix('\'').and_then(|token| token.strip_suffix('\'')).unwrap_or(token).trim();
        return match token.chars().next() {
            Some('=') => ("`=` is no operator of CEL".to_owned(), Some("compare with `==`")),
            Some('&') => ("`&` is no operator of CEL".to_owned(), Some("both must hold: `&&`")),
            Some('|') => ("`|` is no operator of CEL".to_owned(), Some("one must hold: `||`")),
            Some('$') => {
                ("`${` within an expression".to_owned(), Some("this is an expression already: write only the name"))
            }
            Some('\'' | '"') => ("the quote is not closed".to_owned(), None),
            _ => (format!("`{token}` means nothing in an expression"), None),
        };
    }
    if let Some(word) = message.strip_prefix("reserved identifier: ") {
        return (format!("`{word}` is a reserved word of CEL"), None);
    }
    if message.starts_with("invalid argument to has()") {
        return ("has() takes a field".to_owned(), Some("as in has(body.status.token)"));
    }
    if let Some(rest) = message.strip_prefix("missing ") {
        return (format!("`{}` is missing in this expression", quoted(rest).unwrap_or_default()), None);
    }
    let help = words.then_some("CEL says `&&`, `||` and `!`");
    match quoted(message).as_deref() {
        Some("<EOF>") => ("the expression ends too early".to_owned(), help),
        Some(token) => (format!("`{token}` has no place in this expression"), help),
        None => (format!("this is no CEL expression: {message}"), help),
    }
}

/// Line and column are CEL's, within the expression.
fn place(text: &str, at: &At, (line, column): (isize, isize)) -> At {
    match (line, usize::try_from(column - 1)) {
        (1, Ok(offset)) if !text.contains('\n') => at.inside(text, offset.min(text.chars().count()), 1),
        _ => at.clone(),
    }
}

/// An expression short enough for a message.
pub(super) fn shortened(text: &str) -> String {
    const LENGTH: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expression, Source, Span};
    use super::*;
    use proptest::prelude::*;

    fn mistake(text: &str) -> String {
        let source = Source::new("x", text);
        let at = At::new(&source, Span { line: 1, column: 1, length: text.chars().count() });
        let diagnostic = Expression::compile(text, &at).unwrap_err();
        format!("{} {}", diagnostic.at.span().unwrap().column, diagnostic.message)
    }

    #[test]
    fn messages_say_what_to_change() {
        for (text, expected) in [
            ("code = 422", "6 `=` is no operator of CEL"),
            ("a ==", "5 the expression ends too early"),
            ("has(body.x", "11 `)` is missing in this expression"),
            ("a b", "3 `b` has no place in this expression"),
            ("'open", "1 the quote is not closed"),
            ("a & b", "3 `&` is no operator of CEL"),
            ("not a", "5 `a` has no place in this expression"),
            ("has(x)", "5 has() takes a field"),
            ("if", "1 `if` is a reserved word of CEL"),
            ("a == ${x}", "6 `${` within an expression"),
            ("", "1 the expression is empty"),
            ("a ? b", "6 the expression ends too early"),
        ] {
            assert_eq!(mistake(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_compiled_or_refused(text in r#"([ a-c0-9.()\[\]{}<>=!&|?:'",+*/-]|has|in|\PC){0,30}"#) {
            let source = Source::new("x", text.as_str());
            let at = At::new(&source, Span { line: 1, column: 1, length: 1 });
            if let Err(diagnostic) = Expression::compile(&text, &at) {
                prop_assert!(!diagnostic.render(false).is_empty());
            }
        }
    }
}
