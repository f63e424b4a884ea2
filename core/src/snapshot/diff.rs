//! The difference of two snapshot texts, as reports and reviews show it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

const CONTEXT: usize = 3;
const REMOVED: Style = AnsiColor::Red.on_default();
const ADDED: Style = AnsiColor::Green.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// A unified diff by lines with three lines of context; empty if nothing but a final line end differs.
///
/// `before` and `after` say what is compared, as in `recorded on v1.23.17`.
pub fn unified((before, old): (&str, &str), (after, new): (&str, &str), coloured: bool) -> String {
    // Snapshot files keep no final line end, answers have one: the last line would always differ, and so would one that
    // is the last of only one side.
    let (old, new) = (with_line_end(old), with_line_end(new));
    let diff = TextDiff::from_lines(&old, &new);
    let mut out = String::new();
    let mut line = |style: Style, sign: &str, text: &str| {
        let text = without_line_end(text);
        // Writing to a String cannot fail.
        let _ = if coloured && style != Style::new() {
            writeln!(out, "{style}{sign}{text}{style:#}")
        } else {
            writeln!(out, "{sign}{text}")
        };
    };
    for (number, hunk) in diff.unified_diff().context_radius(CONTEXT).iter_hunks().enumerate() {
        if number == 0 {
            line(REMOVED, "--- ", before);
            line(ADDED, "+++ ", after);
        }
        line(PLACE, "", &hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (style, sign) = match change.tag() {
                ChangeTag::Delete => (REMOVED, "-"),
                ChangeTag::Insert => (ADDED, "+"),
                ChangeTag::Equal => (Style::new(), " "),
            };
            line(style, sign, change.value());
        }
    }
    out
}

fn with_line_end(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{}\n", without_line_end(text)) }
}

fn without_line_end(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_of_context_and_no_word_on_final_line_ends() {
        let old = "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\n";
        let new = old.replace("line 4", "line four");
        let expected = "--- v1.23\n+++ v1.24\n@@ -2,7 +2,7 @@\n line 1\n line 2\n line 3\n-line 4\n+line four\n line 5\n \
                        line 6\n line 7\n";
        assert_eq!(unified(("v1.23", old), ("v1.24", &new), false), expected);
        assert_eq!(unified(("a", "x"), ("b", "y"), false), "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n");
        assert_eq!(unified(("a", "x"), ("b", "x"), false), "");
        assert_eq!(unified(("a", "x\ny"), ("b", "z\ny\n"), false), "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-x\n+z\n y\n");
        assert_eq!(unified(("a", "x"), ("b", "x\n"), false), "");
        // The last line of one side is the same in the middle of the other.
        assert_eq!(unified(("a", "x"), ("b", "x\ny"), false), "--- a\n+++ b\n@@ -1 +1,2 @@\n x\n+y\n");
        assert_eq!(unified(("a", "x"), ("b", "y\nx\n"), false), "--- a\n+++ b\n@@ -1 +1,2 @@\n+y\n x\n");
        assert_eq!(unified(("a", ""), ("b", "x"), false), "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
    }

    #[test]
    fn colours_are_there_only_when_asked_for() {
        let plain = unified(("a", "x\ny"), ("b", "x\nz"), false);
        let coloured = unified(("a", "x\ny"), ("b", "x\nz"), true);
        assert!(!plain.contains('\u{1b}'));
        assert!(coloured.contains("\u{1b}[31m-y\u{1b}[0m"));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}
