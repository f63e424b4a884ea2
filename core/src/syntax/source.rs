//! A file that was read, and places in it.

use std::fmt;
use std::sync::Arc;

use camino::Utf8Path;

use super::Diagnostic;

/// One file as it was read, kept as long as anything in it can still be pointed at.
pub struct Source {
    path: String,
    text: String,
    /// The byte offset at which each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// A source whose text is already at hand; `path` is what messages call it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        // As YAML has it: a carriage return ends a line also without a newline.
        let ends =
            text.bytes().zip(1..).filter(|&(b, next)| b == b'\n' || b == b'\r' && !text[next..].starts_with('\n'));
        let lines = std::iter::once(0).chain(ends.map(|(_, next)| next)).collect();
        Arc::new(Self { path: path.into(), text, lines })
    }

    /// Reads a file; one that cannot be read or is not UTF-8 is a mistake like any other, and has a place.
    pub fn read(path: &Utf8Path) -> Result<Arc<Self>, Diagnostic> {
        let bytes = std::fs::read(path).map_err(|error| {
            let reason = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            Diagnostic::new(At::file(Self::new(path.as_str(), "")), reason)
        })?;
        Self::of_bytes(path.as_str(), bytes)
    }

    /// A source whose bytes are already at hand.
    pub fn of_bytes(path: &str, bytes: impl Into<Vec<u8>>) -> Result<Arc<Self>, Diagnostic> {
        String::from_utf8(bytes.into()).map(|text| Self::new(path, text)).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let source = Self::new(path, String::from_utf8_lossy(error.as_bytes()));
            let at = At::new(&source, source.span(valid, 1));
            Diagnostic::new(at, "this byte is not UTF-8").help("save the file as UTF-8")
        })
    }

    /// The path as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A line by its number, counted from 1, without its end.
    pub fn line(&self, number: usize) -> Option<&str> {
        let start = *self.lines.get(number.checked_sub(1)?)?;
        self.text[start..].split(['\n', '\r']).next()
    }

    /// The number of the last line that holds something.
    pub fn last_line(&self) -> usize {
        let end = self.text.trim_end().len();
        self.lines.partition_point(|start| *start <= end)
    }

    /// The span of `length` characters from a byte offset on.
    fn span(&self, offset: usize, length: usize) -> Span {
        let line = self.lines.partition_point(|start| *start <= offset);
        let column = self.text[self.lines[line - 1]..offset].chars().count() + 1;
        Span { line, column, length }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// A stretch within one line: line and column counted from 1, column and length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// How many columns; at least 1.
    pub length: usize,
}

/// A place in a file, or the file as a whole.
#[derive(Clone)]
pub struct At {
    source: Arc<Source>,
    span: Option<Span>,
}

impl At {
    /// A stretch of `source`.
    pub fn new(source: &Arc<Source>, span: Span) -> Self {
        Self { source: Arc::clone(source), span: Some(span) }
    }

    /// The file as a whole: for what is wrong with it but nowhere in it.
    pub fn file(source: Arc<Source>) -> Self {
        Self { source, span: None }
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The stretch; none for the file as a whole.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// What is written there, as far as it is on one line.
    pub fn text(&self) -> &str {
        let Some(Span { line, column, length }) = self.span else { return "" };
        let line = self.source.line(line).unwrap_or_default();
        let from = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
        let rest = &line[from..];
        &rest[..rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at)]
    }

    /// The part of this place that holds `value` from character `offset` on, where the value of this scalar is written
    /// as it reads: in quotes or plain, without escapes. Otherwise the whole place.
    #[must_use]
    pub fn inside(&self, value: &str, offset: usize, length: usize) -> Self {
        let written = self.text();
        let shift = match written.strip_prefix(['"', '\'']) {
            _ if written == value => 0,
            Some(rest) if rest.starts_with(value) => 1,
            _ => return self.clone(),
        };
        let span = self.span.map(|span| Span { column: span.column + shift + offset, length: length.max(1), ..span });
        Self { source: Arc::clone(&self.source), span }
    }
}

/// `path:line:column`, as compilers write it.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.span {
            Some(Span { line, column, .. }) => write!(f, "{}:{line}:{column}", self.source.path),
            None => f.write_str(&self.source.path),
        }
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_whatever_ends_them() {
        let source = Source::new("x.yaml", "one\r\ntwo\n\nfour");
        assert_eq!(
            (1..=5).map(|line| source.line(line)).collect::<Vec<_>>(),
            [Some("one"), Some("two"), Some(""), Some("four"), None]
        );
        assert_eq!(source.line(0), None);
        let source = Source::new("x.yaml", "one\rtwo\r\rfour\r\n");
        assert_eq!((1..=5).filter_map(|line| source.line(line)).collect::<Vec<_>>(), ["one", "two", "", "four", ""]);
        assert_eq!(source.last_line(), 4);
        assert_eq!(Source::new("x.yaml", "a\n\n").last_line(), 1);
    }

    #[test]
    fn places_count_characters() {
        let source = Source::new("x.yaml", "größe: \"größer\"\n");
        let at = At::new(&source, Span { line: 1, column: 8, length: 8 });
        assert_eq!(at.text(), "\"größer\"");
        assert_eq!(at.inside("größer", 3, 2).text(), "ße");
        assert_eq!(at.inside("anders", 3, 2).text(), "\"größer\"");
        assert_eq!(at.to_string(), "x.yaml:1:8");
    }

    #[test]
    fn bytes_that_are_no_text_are_pointed_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("latin1.yaml");
        std::fs::write(&path, b"a: 1\nb: gr\xf6\xdfer\n").unwrap();
        let diagnostic = Source::read(&path).unwrap_err();
        assert!(diagnostic.at.to_string().ends_with("latin1.yaml:2:6"), "{diagnostic}");
        assert!(Source::read(&path.with_extension("json")).unwrap_err().to_string().contains("no such file"));
    }
}
