//! CEL text cut at its string literals, for what has to be known before or without parsing it: where a `${...}` ends,
//! and which parts are texts.

use std::ops::Range;

/// One stretch of CEL text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A character of code.
    Code(char),
    /// A string or bytes literal with its quotes; one that is not closed goes to the end.
    Literal(Range<usize>),
    /// A comment up to the end of its line.
    Comment,
}

/// The pieces of `text` with the byte offset at which each begins.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (usize, Piece)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        let rest = &text[start..];
        let c = rest.chars().next()?;
        let piece = match c {
            '\'' | '"' => {
                at += literal(rest, is_raw(&text[..start]));
                Piece::Literal(start..at)
            }
            '/' if rest.starts_with("//") => {
                at += rest.find('\n').unwrap_or(rest.len());
                Piece::Comment
            }
            _ => {
                at += c.len_utf8();
                Piece::Code(c)
            }
        };
        Some((start, piece))
    })
}

/// The length of `${`'s expression in `text`, which begins after that: up to the `}` that closes it.
pub(super) fn expression_length(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, piece) in pieces(text) {
        match piece {
            Piece::Code('{') => open += 1,
            Piece::Code('}') if open == 0 => return Some(at),
            Piece::Code('}') => open -= 1,
            _ => {}
        }
    }
    None
}

/// How many words, literals and signs there are. What is chained is nested, so no expression is nested deeper.
pub(super) fn length(text: &str) -> usize {
    let mut in_word = false;
    let mut begins = |piece: &Piece| {
        let was_in_word = in_word;
        in_word = matches!(piece, Piece::Code(c) if c.is_alphanumeric() || *c == '_');
        match piece {
            Piece::Code(c) if in_word || c.is_whitespace() || *c == ',' => in_word && !was_in_word,
            Piece::Code(_) | Piece::Literal(_) => true,
            Piece::Comment => false,
        }
    };
    pieces(text).filter(|(_, piece)| begins(piece)).count()
}

/// How many brackets are open at most, and `?` before: the levels that a parser goes down.
pub(super) fn depth(text: &str) -> usize {
    let (mut open, mut deepest) = (0usize, 0);
    for (_, piece) in pieces(text) {
        match piece {
            Piece::Code('(' | '[' | '{' | '?') => open += 1,
            Piece::Code(')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// CEL with `change` applied to the texts of its string literals, and to nothing else.
pub fn rewrite_literals(text: &str, change: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (_, piece) in pieces(text) {
        if let Piece::Literal(range) = piece
            && let Some(changed) = change(&text[range.clone()])
        {
            out.push_str(&text[done..range.start]);
            out.push_str(&changed);
            done = range.end;
        }
    }
    (done > 0).then(|| out + &text[done..])
}

/// How long the literal is that `text` begins with.
fn literal(text: &str, raw: bool) -> usize {
    let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| text.starts_with(quote)).unwrap_or_default();
    let mut at = quote.len();
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        let mut characters = rest.chars();
        let escaped = characters.next() == Some('\\') && !raw;
        at += rest.chars().take(1 + usize::from(escaped)).map(char::len_utf8).sum::<usize>();
    }
    text.len()
}

/// Whether the word right before a quote makes the literal raw: `r"..."`, `br'...'`.
fn is_raw(before: &str) -> bool {
    let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    matches!(before.get(start..).map(str::to_lowercase).as_deref(), Some("r" | "rb" | "br"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_is_the_brace_that_closes() {
        for (text, expression) in [
            ("a}", "a"),
            ("a} and ${b}", "a"),
            ("{'k': {'x': 1}}.k} rest", "{'k': {'x': 1}}.k"),
            ("x == '}'} rest", "x == '}'"),
            (r#"x == "\"}"} rest"#, r#"x == "\"}""#),
            (r"x == r'\'} rest", r"x == r'\'"),
            ("'''it's }'''} rest", "'''it's }'''"),
            ("a // }\n} rest", "a // }\n"),
        ] {
            assert_eq!(expression_length(text).map(|end| &text[..end]), Some(expression), "{text}");
        }
        for text in ["a", "'a}", "{a}", "a // }"] {
            assert_eq!(expression_length(text), None, "{text}");
        }
    }

    #[test]
    fn only_literals_are_rewritten() {
        let change = |text: &str| text.contains("demo").then(|| text.replace("demo", "demo-x"));
        assert_eq!(rewrite_literals(r#"demo == "demo" + 'a'"#, &change).as_deref(), Some(r#"demo == "demo-x" + 'a'"#));
        assert_eq!(rewrite_literals("demo == 1", &change), None);
    }

    #[test]
    fn levels_are_those_that_are_open_at_once() {
        for (text, expected) in
            [("a.b", 0), ("a(b)[c] + (d)", 1), ("{'[': [a(b)]}", 3), ("a ? b : c ? d : e", 2), ("))((", 2)]
        {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn words_literals_and_signs_are_counted() {
        for (text, expected) in [("", 0), ("body.items", 3), ("a in [1, 'b, c']", 6), ("a // b c\n+ _d1", 3), ("!x", 2)]
        {
            assert_eq!(length(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scanned(text in r#"(['"{}\\/\nrb]|\PC){0,40}"#) {
            let mut end = 0;
            for (at, piece) in pieces(&text) {
                prop_assert!(at == end || end == 0 || matches!(piece, Piece::Code(_) | Piece::Literal(_) | Piece::Comment));
                end = at;
            }
            let _ = expression_length(&text);
        }
    }
}
