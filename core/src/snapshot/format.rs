//! One snapshot file, in insta's format: written here, byte for byte as insta would, and read as insta reads it.
//!
//! ```text
//! ---
//! source: scenarios/tokens/pod-bound.yaml
//! assertion_line: 24                            <- only while it waits for review
//! description: "A token bound to a Pod dies with it: review again"
//! info:
//!   since: v1.24
//! input_file: scenarios/tokens/pod-bound.yaml
//! ---
//! authenticated: false
//! ```
//!
//! Byte for byte, because `cargo insta accept` writes a file anew: what it leaves has to be what we would have written.

use std::fmt::Write as _;

use serde::Deserialize;

use super::label::Label;
use super::text::Text;

/// What is said above the text of every file of a series. It must not depend on when or where it was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// The scenario file, relative to the project.
    pub(super) source: String,
    /// The scenario's title and the step's name, on one line.
    pub(super) description: String,
    /// Where the step stands in the file; shown in reviews and not kept.
    pub(super) line: Option<u32>,
}

/// A snapshot file as it was found.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) header: Header,
    pub(super) text: Text,
    /// Where it looks like an unresolved merge. It may be the text of a step that shows one.
    pub(super) markers: Option<usize>,
}

/// Why a file's contents were not taken as a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A merge left its markers behind.
    #[error("it holds the markers of an unresolved merge")]
    Conflict {
        /// The line of the first marker.
        line: usize,
    },
    /// The first line is not `---`.
    #[error("it does not begin with insta's header")]
    NoHeader,
    /// The header has no end: a write was cut off, by a tool that does not write beside and rename.
    #[error("it ends within its header")]
    CutOff,
    /// The header is not one that we or insta write.
    #[error("its header cannot be read: {0}")]
    Header(String),
    /// There is no text below the header.
    #[error("it holds no text")]
    Empty,
}

impl Refusal {
    /// The line it is about.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Conflict { line } => Some(*line),
            _ => None,
        }
    }
}

/// The contents of a file.
pub(super) fn render(header: &Header, label: Label, text: &Text, pending: bool) -> String {
    let source = scalar(&header.source);
    let line = header.line.filter(|_| pending).map_or(String::new(), |line| format!("assertion_line: {line}\n"));
    let description = scalar(&header.description);
    format!(
        "---\nsource: {source}\n{line}description: {description}\ninfo:\n  since: {label}\ninput_file: {source}\n---\n{text}\n"
    )
}

/// Reads the contents of a file. A test holds that insta's own reader, which opens it once more and was a twelfth of the
/// work of a step, finds the same.
///
/// insta takes a file without header for its oldest format, one that ends within its header for an empty snapshot, and
/// panics where a number it did not expect is infinite. So the file has to be whole and its header one of ours.
pub(super) fn read(contents: &str) -> Result<Stored, Refusal> {
    let markers = conflict(contents);
    let (header, text) = match markers {
        None => parts(contents)?,
        Some(line) => parts(contents).map_err(|_| Refusal::Conflict { line })?,
    };
    Ok(Stored { header, text: Text::new(text).map_err(|_| Refusal::Empty)?, markers })
}

/// The fields that we or insta write, all of them texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    source: Option<String>,
    assertion_line: Option<u32>,
    description: Option<String>,
    expression: Option<String>,
    info: Option<Info>,
    input_file: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    since: String,
}

/// The header, and the text below it.
fn parts(contents: &str) -> Result<(Header, &str), Refusal> {
    let below = contents.split_once('\n').filter(|(first, _)| first.trim_end() == "---");
    let (_, below) = below.ok_or(Refusal::NoHeader)?;
    let mut end = 0;
    let mut lines = below.split_inclusive('\n');
    let last = lines.by_ref().find(|line| {
        let is_last = line.trim_end() == "---";
        end += if is_last { 0 } else { line.len() };
        is_last
    });
    let text = &below[end + last.ok_or(Refusal::CutOff)?.len()..];
    let fields: Fields =
        serde_saphyr::from_str(&below[..end]).map_err(|error| Refusal::Header(first_line(&error.to_string())))?;
    if let Some(Info { since }) = &fields.info {
        since.parse::<Label>().map_err(|error| Refusal::Header(error.to_string()))?;
    }
    let texts = [&fields.source, &fields.description, &fields.expression, &fields.input_file];
    if let Some(text) = texts.into_iter().flatten().find(|text| is_special_number(text)) {
        return Err(Refusal::Header(format!("`{text}` is no text")));
    }
    let header = Header {
        source: fields.source.ok_or_else(|| Refusal::Header("it names no source".to_owned()))?,
        description: fields.description.unwrap_or_default(),
        line: fields.assertion_line,
    };
    Ok((header, text))
}

fn is_special_number(text: &str) -> bool {
    let number = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    matches!(number.as_str(), ".inf" | ".nan")
}

/// Parsers report over several lines with a snippet; what stands beside a path is one line.
pub(super) fn first_line(error: &str) -> String {
    error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// The line of the first marker of an unresolved merge; all three have to be there, for a text may hold any of them.
pub(super) fn conflict(contents: &str) -> Option<usize> {
    let mut lines = contents.lines();
    let first = lines.position(|line| line.starts_with("<<<<<<< "))?;
    lines.position(|line| line == "=======")?;
    lines.position(|line| line.starts_with(">>>>>>> "))?;
    Some(first + 1)
}

/// One line without control characters: a description cannot break the header, whatever a title holds.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A YAML scalar, quoted exactly where insta's emitter quotes; right within `{}` too.
pub(super) fn scalar(text: &str) -> String {
    if !needs_quotes(text) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{8}' => quoted.push_str("\\b"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\u{c}' => quoted.push_str("\\f"),
            '\r' => quoted.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn needs_quotes(text: &str) -> bool {
    const WORDS: [&str; 22] = [
        "yes", "Yes", "YES", "no", "No", "NO", "True", "TRUE", "true", "False", "FALSE", "false", "on", "On", "ON",
        "off", "Off", "OFF", "null", "Null", "NULL", "~",
    ];
    text.is_empty()
        || text.starts_with([' ', '&', '*', '?', '|', '-', '<', '>', '=', '!', '%', '@', '.'])
        || text.starts_with("0x")
        || text.ends_with(' ')
        || text.contains([':', '{', '}', '[', ']', ',', '#', '`', '"', '\'', '\\'])
        || text.contains(
            |c: char| matches!(c, '\0'..='\u{6}' | '\t' | '\n' | '\r' | '\u{e}'..='\u{1a}' | '\u{1c}'..='\u{1f}'),
        )
        || WORDS.contains(&text)
        || text.parse::<i64>().is_ok()
        || text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;
    use proptest::prelude::*;

    fn written(contents: &str) -> (tempfile::TempDir, camino::Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("x@v1.22.snap");
        std::fs::write(&path, contents).unwrap();
        (folder, path)
    }

    fn read_file(path: &Utf8Path) -> Result<Stored, Refusal> {
        read(&std::fs::read_to_string(path).unwrap())
    }

    fn header(source: &str, title: &str) -> Header {
        Header { source: one_line(source), description: one_line(title), line: Some(7) }
    }

    #[test]
    fn a_pending_file_has_the_line_and_a_kept_one_does_not() {
        let header = header("scenarios/a.yaml", "Title: step");
        let text = Text::new("code: 200").unwrap();
        let label = "v1.24".parse().unwrap();
        assert_eq!(
            render(&header, label, &text, true),
            "---\nsource: scenarios/a.yaml\nassertion_line: 7\ndescription: \"Title: step\"\ninfo:\n  since: v1.24\n\
             input_file: scenarios/a.yaml\n---\ncode: 200\n"
        );
        assert!(!render(&header, label, &text, false).contains("assertion_line"));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let whole = render(&header("a.yaml", "t"), "v1.24".parse().unwrap(), &Text::new("code: 200").unwrap(), false);
        let body = whole.len() - "code: 200\n".len();
        for cut in 0..body {
            let (_folder, path) = written(&whole[..cut]);
            let refused = read_file(&path).unwrap_err();
            assert!(matches!(refused, Refusal::NoHeader | Refusal::CutOff | Refusal::Empty), "{cut}: {refused}");
        }
        let merge = "<<<<<<< HEAD\ndescription: t\n=======\ndescription: u\n>>>>>>> other";
        let (_folder, path) = written(&whole.replace("description: t", merge));
        assert_eq!(read_file(&path).unwrap_err(), Refusal::Conflict { line: 3 });
        // In the text it may be what a step shows; whoever knows the recordings decides.
        let (_folder, path) = written(&whole.replace("code: 200", merge));
        assert_eq!(read_file(&path).unwrap().markers, Some(8));
        let (_folder, path) = written(&whole.replace("info:", "info: {"));
        assert!(matches!(read_file(&path).unwrap_err(), Refusal::Header(_)));
    }

    #[test]
    fn headers_that_insta_panics_at_are_refused() {
        for header in [
            "source: .inf",
            "x: .NaN",
            "info: {since: -.INF}",
            "info: [.inf]",
            "- .inf",
            "5",
            "",
            "source: a\nsource: b",
        ] {
            let (_folder, path) = written(&format!("---\n{header}\n---\ntext\n"));
            let refused = read_file(&path);
            assert!(
                matches!(&refused, Err(Refusal::Header(reason)) if !reason.contains('\n')),
                "{header}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_text_may_look_like_a_header_or_half_a_conflict() {
        for text in ["---\nx: 1\n---", "<<<<<<< HEAD", "=======\n>>>>>>> x", "source: y"] {
            let text = Text::new(text).unwrap();
            let (_folder, path) = written(&render(&header("a.yaml", "t"), "v1.24".parse().unwrap(), &text, false));
            assert_eq!(read_file(&path).unwrap().text, text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// `cargo insta accept` reads a pending file and saves it: the result has to be the file we would have written.
        #[test]
        fn insta_writes_what_we_write(
            source in "[ -~]{1,30}|.{1,30}",
            title in "[ -~]{1,40}|(?s).{1,40}|[a-z0-9.:#\"'\\\\ ~-]{1,12}",
            text in "(?s)[ -~\r\n]{1,60}|(?s).{1,60}",
        ) {
            let (header, label) = (header(&source, &title), "v1.24.3".parse().unwrap());
            prop_assume!(!header.source.is_empty() && !header.description.is_empty());
            let Ok(text) = Text::new(&text) else { return Ok(()) };
            let (_folder, path) = written(&render(&header, label, &text, true));
            let stored = read_file(&path).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(&stored.header, &header);
            prop_assert_eq!(&stored.text, &text);
            let as_insta_reads_it = insta::Snapshot::from_file(path.as_std_path()).unwrap();
            prop_assert_eq!(as_insta_reads_it.as_text().unwrap().to_string(), text.as_str());
            prop_assert_eq!(as_insta_reads_it.metadata().source(), Some(&*header.source));
            prop_assert_eq!(as_insta_reads_it.metadata().description(), Some(&*header.description));
            prop_assert_eq!(as_insta_reads_it.metadata().assertion_line(), header.line);
            as_insta_reads_it.save(path.as_std_path()).unwrap();
            prop_assert_eq!(std::fs::read_to_string(&path).unwrap(), render(&header, label, &text, false));
        }
    }
}
