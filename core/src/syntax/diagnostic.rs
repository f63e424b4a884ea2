//! Mistakes of users: what is wrong, where, and what would be right.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::{At, Span};

/// One mistake.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Where it is.
    pub at: At,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What would be right, where that can be said.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn new(at: At, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    /// The same mistake with a word on what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The mistake as people read it: message, place, the line with the stretch marked, help.
    pub fn render(&self, colour: bool) -> String {
        let style = |style: Style| if colour { style } else { Style::new() };
        let bad = style(AnsiColor::Red.on_default().bold());
        let rule = style(AnsiColor::Blue.on_default().bold());
        let bold = style(Style::new().bold());
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, bad, rule, bold);
        text
    }

    fn write(&self, out: &mut String, bad: Style, rule: Style, bold: Style) -> fmt::Result {
        let span = self.at.span();
        let margin = span.map_or(1, |span| span.line.to_string().len());
        writeln!(out, "{bad}error{bad:#}{bold}: {}{bold:#}", self.message)?;
        writeln!(out, "{:margin$}{rule}-->{rule:#} {}", "", self.at)?;
        if let Some((span, line)) = span.and_then(|span| Some((span, self.at.source().line(span.line)?))) {
            let (line, before, length) = window(line, span);
            writeln!(out, "{:margin$} {rule}|{rule:#}", "")?;
            writeln!(out, "{rule}{} |{rule:#} {line}", span.line)?;
            writeln!(out, "{:margin$} {rule}|{rule:#} {:before$}{bad}{}{bad:#}", "", "", "^".repeat(length))?;
        }
        for line in self.help.iter().flat_map(|help| help.lines()) {
            writeln!(out, "{:margin$} {rule}={rule:#} {line}", "")?;
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let span = self.at.span();
        json!({
            "file": self.at.source().path(),
            "line": span.map(|span| span.line),
            "column": span.map(|span| span.column),
            "message": self.message,
            "help": self.help,
        })
    }
}

/// What is shown of a line: the whole of it, or as much around the stretch as fits on a screen. Control characters are
/// shown as one blank each, so that the marks stay below what they mark and no file speaks to the terminal.
fn window(line: &str, span: Span) -> (String, usize, usize) {
    const WIDTH: usize = 140;
    const LEAD: usize = 40;
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let characters: Vec<char> = line.chars().map(shown).collect();
    let before = (span.column - 1).min(characters.len());
    if characters.len() <= WIDTH {
        let length = span.length.min(characters.len() - before).max(1);
        return (characters.into_iter().collect(), before, length);
    }
    let start = before.saturating_sub(LEAD);
    let end = (start + WIDTH).min(characters.len());
    let (head, tail) = (if start > 0 { "…" } else { "" }, if end < characters.len() { "…" } else { "" });
    let text: String = characters[start..end].iter().collect();
    let length = span.length.min(end - before).max(1);
    (format!("{head}{text}{tail}"), before - start + usize::from(start > 0), length)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// All mistakes found so far. Whoever finds one adds it and goes on, so that one run shows them all.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a mistake.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds a mistake without help; the usual case.
    pub fn report(&mut self, at: &At, message: impl Into<String>) {
        self.push(Diagnostic::new(at.clone(), message));
    }

    /// The value of a reading that may be a mistake, which is kept here.
    pub fn keep<T>(&mut self, result: Result<T, impl Into<Self>>) -> Option<T> {
        result.map_err(|mistakes| self.0.extend(mistakes.into().0)).ok()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many mistakes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The mistakes, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// `value`, if nothing is wrong; otherwise the mistakes in the order of the text, each once: what several steps or cases
    /// use is read by each of them.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            return Ok(value);
        }
        self.0.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.at.source().path().to_owned(), d.at.span());
            key(a).cmp(&key(b))
        });
        let mut told = HashSet::new();
        self.0.retain(|diagnostic| told.insert(diagnostic.to_string()));
        Err(self)
    }

    /// The mistakes as people read them, an empty line between two.
    pub fn render(&self, colour: bool) -> String {
        self.0.iter().map(|diagnostic| diagnostic.render(colour)).collect::<Vec<_>>().join("\n")
    }

    /// The mistakes for programs: a list of `{file, line, column, message, help}`.
    pub fn to_json(&self) -> Value {
        self.0.iter().map(Diagnostic::to_json).collect()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        self.0.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The known word that was probably meant by `word`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().min(word.len()) / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    #[test]
    fn a_mistake_shows_its_line_and_marks_the_place() {
        let source = Source::new("scenarios/a.yaml", "steps:\n  - wihtin: 5s\n");
        let at = At::new(&source, Span { line: 2, column: 5, length: 6 });
        let diagnostic = Diagnostic::new(at, "unknown field `wihtin`").help("did you mean `within`?");
        assert_eq!(
            diagnostic.render(false),
            "error: unknown field `wihtin`\n --> scenarios/a.yaml:2:5\n  |\n2 |   - wihtin: 5s\n  |     ^^^^^^\n  = did you mean `within`?\n"
        );
        assert!(diagnostic.render(true).contains("\u{1b}[1m\u{1b}[31merror"));
        assert_eq!(Diagnostics::from(diagnostic).to_json()[0]["column"], 5);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let source = Source::new("a.yaml", format!("{}HERE{}", "x".repeat(300), "y".repeat(300)));
        let text = Diagnostic::new(At::new(&source, Span { line: 1, column: 301, length: 4 }), "no").render(false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[3].chars().position(|c| c == 'H'), lines[4].chars().position(|c| c == '^'));
        assert!(lines[3].chars().count() < 150);
        let text = Diagnostic::new(At::new(&source, Span { line: 1, column: 301, length: 304 }), "no").render(false);
        let shown = text.lines().nth(3).unwrap().trim_end_matches('…').chars().count();
        assert_eq!(text.lines().nth(4).unwrap().chars().count(), shown, "marks end where the text does");
    }

    #[test]
    fn what_was_meant_is_near_or_nothing() {
        let known = ["within", "name", "as", "expect"];
        assert_eq!(nearest("wihtin", known), Some("within"));
        assert_eq!(nearest("Name", known), Some("name"));
        assert_eq!(nearest("expcet", known), Some("expect"));
        assert_eq!(nearest("zzz", known), None);
    }
}
