//! Whatever a file holds, it is read or refused: no panic, and every mistake has a place in the file that can be shown.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use camino::{Utf8Path, Utf8PathBuf};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::fixtures::Fixtures;
use super::load::read_source;
use crate::syntax::{Diagnostic, Diagnostics, Source};

/// A scenario of this project with its manifests.
struct Valid {
    text: String,
    fixtures: Arc<Fixtures>,
}

/// Every scenario of this project, and every collection of mistakes: what is wrong in a new way is often near one of them.
static CORPUS: LazyLock<Vec<Valid>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for folder in ["scenarios", "tests/bad"] {
        walk(&Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    found.sort();
    let read = |path: Utf8PathBuf| {
        let text = String::from_utf8(std::fs::read(&path).ok()?).ok()?;
        Some(Valid { text, fixtures: Arc::new(Fixtures::read(&path.with_extension(""))) })
    };
    found.into_iter().filter_map(read).collect()
});

fn walk(folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    for entry in folder.read_dir_utf8().unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(path, found);
        } else if path.extension() == Some("yaml") {
            found.push(path.to_owned());
        }
    }
}

/// Reads the bytes as the file `x.yaml`, and looks at what comes of it.
fn is_read_or_refused(bytes: &[u8], fixtures: &Arc<Fixtures>) -> Result<(), TestCaseError> {
    let mut diagnostics = Diagnostics::new();
    let source = diagnostics.keep(Source::of_bytes("x.yaml", bytes));
    let files = source.map(|source| read_source(source, "x", fixtures, &mut diagnostics)).unwrap_or_default();
    for file in &files {
        let again = file.renamed(&|text| text.contains("demo").then(|| text.replace("demo", "demo-rhabcde")));
        let names = |scenario: &super::Scenario| scenario.steps.len();
        prop_assert_eq!(again.as_ref().map(names).ok(), Some(names(&file.scenario)), "{:?}", again);
    }
    let Err(mistakes) = diagnostics.or(()) else { return Ok(()) };
    for mistake in &mistakes {
        has_a_place(mistake)?;
    }
    prop_assert!(mistakes.render(true).len() >= mistakes.render(false).len());
    prop_assert_eq!(mistakes.to_json().as_array().map(Vec::len), Some(mistakes.len()));
    Ok(())
}

/// Whether the place of a mistake is one of the file: at most right after the end of its line.
fn has_a_place(mistake: &Diagnostic) -> Result<(), TestCaseError> {
    prop_assert!(!mistake.message.is_empty());
    let Some(span) = mistake.at.span() else { return Ok(()) };
    let line = mistake.at.source().line(span.line);
    let width = line.map(|line| line.chars().count());
    prop_assert!(width.is_some_and(|width| (1..=width + 1).contains(&span.column)), "{} of {:?}", mistake, line);
    prop_assert!(mistake.at.text().chars().count() <= span.length);
    Ok(())
}

/// A change of a text. Places are picked by `Index`, so that any text has them.
#[derive(Debug, Clone)]
enum Change {
    /// Takes out so many characters.
    Cut(Index, usize),
    /// Puts in a word.
    Put(Index, String),
    /// Writes a word instead of one that stands there.
    Replace(Index, String),
    /// Repeats a line further down, further in.
    Copy(Index, Index, usize),
    /// Takes out a line.
    Drop(Index),
    /// Puts in a line of another scenario.
    Graft(Index, Index, Index),
}

/// What means something in YAML or in CEL, with `¦` between.
const SIGNS: &str = ": ¦- ¦? ¦{¦}¦[¦]¦, ¦'¦\"¦|\n¦>-\n¦&a ¦*a¦<<: *a¦!tag ¦# ¦---\n¦...\n¦\t¦\n¦\r\n¦\r¦%YAML 1.2\n¦${¦$${¦\\¦\\u0000¦\u{feff}¦\
    \u{85}¦\u{2028}¦é¦\0¦~¦null¦true¦0x1f¦1.30¦-1¦1e999¦18446744073709551616¦>=1.24¦1.24 - 1.30¦||¦&&¦5s¦0ms¦body.¦case.x¦\
    code == 200¦has(¦).exists(i, i.x)¦? 1 : 2¦in¦jwt(t).claims";

/// The words of a scenario.
const WORDS: &str = "name as query when foreach cases set expect until within settle holds for from timeout snapshot select drop \
    show off create apply update patch get list watch during wait delete token review request run steps scenario id kubernetes \
    needs unique namespace cluster gates apiserver alone tags";

fn word() -> impl Strategy<Value = &'static str> {
    select(SIGNS.split('¦').chain(WORDS.split_whitespace()).collect::<Vec<_>>())
}

fn change() -> impl Strategy<Value = Change> {
    let text = || prop_oneof![4 => word().prop_map(str::to_owned), 1 => "\\PC{1,4}", 1 => "(?s).{1,3}"];
    let place = any::<Index>;
    prop_oneof![
        (place(), 1usize..40).prop_map(|(at, length)| Change::Cut(at, length)),
        (place(), text()).prop_map(|(at, word)| Change::Put(at, word)),
        (place(), text()).prop_map(|(at, word)| Change::Replace(at, word)),
        (place(), place(), 0usize..6).prop_map(|(from, to, further)| Change::Copy(from, to, further)),
        place().prop_map(Change::Drop),
        (place(), place(), place()).prop_map(|(of, from, to)| Change::Graft(of, from, to)),
    ]
}

impl Change {
    fn of(&self, text: &str) -> String {
        let at = |index: &Index| text.floor_char_boundary(index.index(text.len() + 1));
        let splice = |from: usize, to: usize, new: &str| format!("{}{new}{}", &text[..from], &text[to..]);
        let mut lines: Vec<&str> = text.split('\n').collect();
        let copied;
        match self {
            Self::Cut(from, length) => {
                let from = at(from);
                return splice(from, text.ceil_char_boundary((from + length).min(text.len())), "");
            }
            Self::Put(from, word) => return splice(at(from), at(from), word),
            Self::Replace(from, word) => {
                let is_border = |c: char| !c.is_alphanumeric();
                let from = text[..at(from)].rfind(is_border).map_or(0, |at| text.ceil_char_boundary(at + 1));
                let length = text[from..].find(is_border).unwrap_or(text.len() - from);
                return splice(from, from + length, word);
            }
            Self::Copy(from, to, further) => {
                copied = format!("{}{}", " ".repeat(*further), lines[from.index(lines.len())]);
                lines.insert(to.index(lines.len()), &copied);
            }
            Self::Drop(from) => drop(lines.remove(from.index(lines.len()))),
            Self::Graft(of, from, to) => {
                let other: Vec<&str> = of.get(&CORPUS).text.split('\n').collect();
                lines.insert(to.index(lines.len()), other[from.index(other.len())]);
            }
        }
        lines.join("\n")
    }
}

/// A scenario in which one value is this text.
fn with(value: &str) -> String {
    format!(
        "scenario: x\nnamespace: a-demo\nsteps:\n  - name: a\n    get: {{kind: Pod, name: p}}\n    until: {value}\n"
    )
}

/// What can stand within itself: what comes before and after.
const NESTS: &[(&str, &str)] = &[
    ("[", "]"),
    ("[", ""),
    ("{a: ", "}"),
    ("{'a': ", "}"),
    ("- ", ""),
    ("? ", ""),
    ("&a [*a, ", "]"),
    ("${", "}"),
    ("'", "'"),
    ("(", ")"),
    ("!", ""),
    ("-", ""),
    ("a.", "b"),
    ("a.b[", "]"),
    ("size(", ")"),
    ("true ? 1 : ", ""),
    ("1 + ", ""),
    ("[1].map(i, ", ")"),
    ("a && ", ""),
    ("\n ", ""),
];

/// Something within something, so many times.
fn nested() -> impl Strategy<Value = String> {
    let depth = prop_oneof![6 => 0usize..120, 3 => 100usize..1500, 1 => 1500usize..20_000];
    (select(NESTS), depth, 0usize..4, "a|1|'x'|\\*a|").prop_map(|((open, close), depth, place, inner)| {
        let value = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
        match place {
            0 => value,
            1 => with(&value),
            2 => with(&format!("\"{value}\"")),
            _ => format!("scenario: x\nsteps:\n  - create: {{kind: ConfigMap, name: '${{{value}}}', data: {value}}}\n"),
        }
    })
}

/// Values that repeat others, which repeat others.
fn aliases() -> impl Strategy<Value = String> {
    // Few of those that are large: each costs as much as a thousand others.
    let size = prop_oneof![15 => (0usize..5, 1usize..5), 1 => (5usize..14, 1usize..12)];
    (size, 0usize..4, 0usize..3).prop_map(|((levels, width), shape, place)| {
        let mut text = String::from("a0: &a0 {x: 1}\n");
        for level in 0..levels {
            let repeated = vec![format!("*a{level}"); width];
            let value = match shape {
                0 => format!("[{}]", repeated.join(", ")),
                1 => (0..width).map(|n| ["\n  k", &n.to_string(), ": *a", &level.to_string()].concat()).collect(),
                2 => format!("{{<<: [{}], k{level}: *a{level}}}", repeated.join(", ")),
                _ => format!("{{<<: *a{level}, k{level}: [{}]}}", repeated.join(", ")),
            };
            let between = if value.starts_with('\n') { "" } else { " " };
            let _ = writeln!(text, "a{0}: &a{0}{between}{value}", level + 1);
        }
        match place {
            0 => text,
            1 => format!("{text}scenario: x\nsteps: *a{levels}\n"),
            _ => format!("{text}scenario: x\nsteps:\n  - create: *a{levels}\n  - {{name: b, get: *a{levels}, expect: {{body: *a{levels}}}}}\n"),
        }
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop_oneof![vec(any::<u8>(), 0..200), "(?s).{0,80}".prop_map(String::into_bytes)]) {
        is_read_or_refused(&bytes, &Arc::default())?;
    }

    #[test]
    fn any_changes_of_a_scenario_are_read_or_refused(
        of in any::<Index>(), changes in vec(change(), 1..6), broken in proptest::option::weighted(0.02, (any::<Index>(), any::<u8>())),
    ) {
        let valid = of.get(&CORPUS);
        let text = changes.iter().fold(valid.text.clone(), |text, change| change.of(&text));
        let mut bytes = text.into_bytes();
        if let Some((at, byte)) = broken && !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        is_read_or_refused(&bytes, &valid.fixtures)?;
    }

    #[test]
    fn words_in_any_order_are_read_or_refused(words in vec(word(), 0..60)) {
        is_read_or_refused(words.concat().as_bytes(), &Arc::default())?;
    }

    #[test]
    fn deep_nesting_is_read_or_refused(text in nested()) {
        is_read_or_refused(text.as_bytes(), &Arc::default())?;
    }

    #[test]
    fn aliases_of_aliases_are_read_or_refused(text in aliases()) {
        is_read_or_refused(text.as_bytes(), &Arc::default())?;
    }
}
