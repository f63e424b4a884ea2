//! Syntax errors of YAML in words that say what to change.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use super::{At, Diagnostic, Source, Span};

/// The mistake behind an error of the YAML parser.
pub(super) fn reword(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    let at = place(source, error);
    let here = || at.text().to_owned();
    match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            Diagnostic::new(indenting_tab(&at).unwrap_or(at), "a tab in the indentation")
                .help("YAML is indented with blanks")
        }
        ErrorKind::MappingValueNotAllowed if before(&at).contains(": ") => {
            Diagnostic::new(at, "a second `: ` in one line").help("put the value in quotes if the `:` belongs to it")
        }
        ErrorKind::MappingValueNotAllowed => Diagnostic::new(first_word(&at), "there can be no key here")
            .help("keys of one mapping begin in the same column, and a key needs a `: ` before its value"),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::InvalidIndentation => {
            Diagnostic::new(first_word(&at), "this line does not continue what stands above it")
                .help("the keys of one mapping, and the `-` of one list, begin in the same column")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => Diagnostic::new(at, "a list cannot begin on the line of its key")
            .help("begin it on the next line, or write it in brackets"),
        ErrorKind::SimpleKeyExpected => {
            let at = first_word(&at);
            let message = format!("`{}` is neither a key nor a value", at.text());
            Diagnostic::new(at, message).help("a key is followed by `: `")
        }
        ErrorKind::UnclosedFlowCollection { open } => Diagnostic::new(at, format!("`{open}` is not closed")),
        ErrorKind::UnclosedQuotedScalar => Diagnostic::new(at, "the quote is not closed"),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
            if before(&at).ends_with('$') =>
        {
            Diagnostic::new(shifted(source, &at, 1, 2), "`${...}` within braces or brackets needs quotes")
                .help("write \"${...}\"")
        }
        ErrorKind::ExpectedFlowMappingSeparator => separator(at, "a `,` or `}` is missing before this"),
        ErrorKind::ExpectedFlowSequenceSeparator => separator(at, "a `,` or `]` is missing before this"),
        ErrorKind::InvalidColonPlacement => {
            Diagnostic::new(at, "there can be no `:` here").help("a bracket or brace above is not closed, perhaps")
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            let message = format!("`{}` closes nothing", here());
            Diagnostic::new(at, message)
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Diagnostic::new(at, format!("`{close}` cannot close `{open}`"))
        }
        ErrorKind::UnknownAnchor => {
            let at = word(&at);
            let name = at.text().trim_start_matches('*').to_owned();
            Diagnostic::new(at, format!("`*{name}` repeats a value that is not there"))
                .help(format!("the value is marked `&{name}`, above; text that begins with `*` needs quotes"))
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            Diagnostic::new(at, format!("the control character U+{:04X}", u32::from(*character)))
                .help("in double quotes it can be written as an escape")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            Diagnostic::new(at, format!("a value cannot begin with `{character}`")).help("put the value in quotes")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Diagnostic::new(at, "text after the closing quote")
                .help("quotes go around the whole value; a single quote within '...' is written ''")
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => Diagnostic::new(at, "an unknown escape in double quotes")
            .help("a backslash is written \\\\ there; in single quotes it is only itself"),
        ErrorKind::InvalidBlockScalarHeader => {
            Diagnostic::new(at, "text right after `|` or `>`").help("it begins on the next line, or needs quotes")
        }
        ErrorKind::RecursionLimitExceeded => Diagnostic::new(at, "nested too deep").help("100 levels are allowed"),
        other => Diagnostic::new(at, format!("not YAML: {other}")),
    }
}

/// Within braces or brackets, lines mean nothing: one that is left open shows only further down.
fn separator(at: At, message: &str) -> Diagnostic {
    let opened_above = !before(&at).contains(['{', '[']);
    let diagnostic = Diagnostic::new(if opened_above { first_word(&at) } else { at }, message);
    if opened_above { diagnostic.help("a brace or bracket on a line above is not closed, perhaps") } else { diagnostic }
}

/// Where the parser stopped; the end of the text is shown at the last line that holds something.
fn place(source: &Arc<Source>, error: &ScanError) -> At {
    let marker = error.marker();
    let last = source.last_line();
    let width = |line| source.line(line).map_or(0, |text| text.trim_end().chars().count());
    let (line, column) = match marker.line() {
        line if line > last => (last, width(last) + 1),
        line => (line.max(1), marker.col() + 1),
    };
    At::new(source, Span { line, column, length: 1 })
}

/// The line up to the place.
fn before(at: &At) -> String {
    let column = at.span().map_or(1, |span| span.column);
    line(at).chars().take(column - 1).collect()
}

fn line(at: &At) -> &str {
    at.span().and_then(|span| at.source().line(span.line)).unwrap_or_default()
}

/// The word that begins at the place.
fn word(at: &At) -> At {
    let Some(span) = at.span() else { return at.clone() };
    let rest = line(at).chars().skip(span.column - 1);
    let length = rest.take_while(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}')).count();
    At::new(at.source(), Span { length: length.max(1), ..span })
}

/// The first word of the line: where its indentation shows.
fn first_word(at: &At) -> At {
    let Some(span) = at.span() else { return at.clone() };
    let indentation = line(at).chars().take_while(|c| c.is_whitespace()).count();
    let start = At::new(at.source(), Span { column: indentation + 1, ..span });
    let key = word(&start);
    let length = key.text().trim_end_matches(':').chars().count();
    At::new(at.source(), Span { column: indentation + 1, length: length.max(1), ..span })
}

/// The place some characters further left.
fn shifted(source: &Arc<Source>, at: &At, left: usize, length: usize) -> At {
    let moved = |span: Span| At::new(source, Span { column: span.column.saturating_sub(left).max(1), length, ..span });
    at.span().map_or_else(|| at.clone(), moved)
}

/// The first tab in the indentation of this line or the next: a tab may make its line part of the value above.
fn indenting_tab(at: &At) -> Option<At> {
    let span = at.span()?;
    (span.line..=span.line + 1).find_map(|number| {
        let text = at.source().line(number)?;
        let column = text.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')? + 1;
        Some(At::new(at.source(), Span { line: number, column, length: 1 }))
    })
}
