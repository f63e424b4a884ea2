//! A value as block-style YAML, always the same bytes for the same value.
//!
//! Only layout lives here: which string may stand plain, which needs quotes, which reads better as a literal block.
//! Keys come out sorted, but for the parts of an answer. What comes out parses back to the value that went in.

use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Keys in the order in which they come, each with those below it.
pub type Order = [(&'static str, &'static [&'static str])];

/// The value as YAML, ending with exactly one newline. Keys of `order` come before all others.
pub fn emit(value: &Value, order: &Order) -> String {
    let mut out = String::with_capacity(1024);
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let first: Vec<&str> = order.iter().map(|(key, _)| *key).collect();
            for entry in ordered(entries, &first) {
                let below = order.iter().find(|(key, _)| key == entry.0).map_or(&[][..], |(_, below)| below);
                match entry {
                    (key, Value::Object(inner)) if !below.is_empty() && !inner.is_empty() => {
                        out.push_str(key);
                        out.push_str(":\n  ");
                        map(&mut out, ordered(inner, below), 2);
                    }
                    entry => map(&mut out, [entry], 0),
                }
            }
        }
        Value::Array(items) if !items.is_empty() => list(&mut out, items, 0),
        leaf => {
            scalar(&mut out, leaf, 0);
            out.push('\n');
        }
    }
    out
}

fn ordered<'v>(entries: &'v Map<String, Value>, order: &[&str]) -> Vec<(&'v String, &'v Value)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| order.iter().position(|first| first == key).unwrap_or(order.len()));
    entries
}

/// Writes the entries; the first one where the writer stands, the others on lines of their own.
fn map<'v>(out: &mut String, entries: impl IntoIterator<Item = (&'v String, &'v Value)>, indent: usize) {
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        if is_plain(key) {
            out.push_str(key);
        } else {
            quote(out, key);
        }
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, indent + 2);
                map(out, inner, indent + 2);
            }
            // As kubectl does: the dashes stand under the key.
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(out, indent);
                list(out, items, indent);
            }
            leaf => {
                out.push(' ');
                scalar(out, leaf, indent);
                out.push('\n');
            }
        }
    }
}

/// Writes the items; the first one where the writer stands, the others on lines of their own.
fn list(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => map(out, inner, indent + 2),
            Value::Array(inner) if !inner.is_empty() => list(out, inner, indent + 2),
            leaf => {
                scalar(out, leaf, indent);
                out.push('\n');
            }
        }
    }
}

fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(text) if is_literal(text) => literal(out, text, indent),
        Value::String(text) if is_plain(text) => out.push_str(text),
        Value::String(text) => quote(out, text),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => out.push_str(&other.to_string()),
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether the text reads best, and safely, as a literal block.
///
/// Blanks at the ends of lines get lost in editors and several newlines at the end get lost in snapshot files: such
/// texts are quoted.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.is_empty()
        && !body.ends_with('\n')
        && body.split('\n').all(|line| !line.ends_with([' ', '\t']))
        && body.chars().all(|c| matches!(c, '\n' | '\t') || is_printable(c))
}

fn literal(out: &mut String, text: &str, indent: usize) {
    let (sign, body) = text.strip_suffix('\n').map_or(("|-", text), |body| ("|", body));
    out.push_str(sign);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent + 2);
            out.push_str(line);
        }
    }
}

/// Whether the text may stand without quotes and is a string to every YAML reader, those of version 1.1 included.
fn is_plain(text: &str) -> bool {
    const INDICATORS: &[u8] = b"-?:,[]{}#&*!|>'\"%@`=~ ";
    let bytes = text.as_bytes();
    let [first, ..] = bytes else { return false };
    !INDICATORS.contains(first)
        && !text.ends_with([' ', ':'])
        && !text.starts_with("<<")
        && !bytes.windows(2).any(|two| matches!(two, b": " | b" #"))
        && is_all_printable(text)
        && !is_word_of_yaml(text)
        && !looks_numeric(text)
}

fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    text.len() <= 5 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether some reader could take the text for a number, a date or a document's end: better quoted once too often.
fn looks_numeric(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b'_' | b':' | b'+' | b'-' | b'x' | b'o');
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+'))
        && (text.bytes().all(is_part)
            || [".inf", ".nan"].iter().any(|special| special.eq_ignore_ascii_case(text.trim_start_matches('+'))))
}

fn is_all_printable(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) || text.chars().all(is_printable)
}

/// Whether the character is one that YAML and a terminal show as it is.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Single quotes where they are enough, for messages are full of double ones.
fn quote(out: &mut String, text: &str) {
    if is_all_printable(text) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // writing to a String cannot fail
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_answer_reads_like_yaml_written_by_hand() {
        let value = json!({
            "code": 422,
            "error": {
                "message": r#"Pod "x" is invalid: spec.containers[0].image: Required value"#,
                "causes": [{"field": "spec", "message": "no\n"}, {}],
            },
            "body": {"labels": {"a.b/c": "<uid:Pod/x#2>", ".": {}}, "list": [["a", "b"], ["c"]], "script": "a: b\n\n\tc\nd"},
        });
        let expected = "\
code: 422
error:
  message: 'Pod \"x\" is invalid: spec.containers[0].image: Required value'
  causes:
  - field: spec
    message: |
      no
  - {}
body:
  labels:
    '.': {}
    a.b/c: <uid:Pod/x#2>
  list:
  - - a
    - b
  - - c
  script: |-
    a: b

    \tc
    d
";
        assert_eq!(emit(&value, &[("code", &[]), ("error", &["message", "causes"])]), expected);
    }

    #[test]
    fn strings_that_yaml_would_misread_are_quoted() {
        for text in [
            "",
            "true",
            "No",
            "y",
            "null",
            "~",
            "1",
            "1.30",
            "0x1F",
            "1e3",
            "12:30:45",
            "2024-01-01",
            ".inf",
            "+.inf",
            "-1",
            "- a",
            "a: b",
            "a #b",
            "a:",
            "#a",
            "<<",
            "=",
            "---",
            "...",
            " a",
            "a ",
            "@a",
            "`a",
            "%a",
            "1_000",
            "0o7",
            "+1",
        ] {
            assert!(!is_plain(text), "{text:?}");
        }
        for text in [
            "a",
            "v1.30",
            "100m",
            "10Gi",
            "a:b",
            "a#b",
            "<uid:Pod/x#2>",
            "<iat+3600s>",
            "system:serviceaccount:ns:sa",
            r#"pods "x" not found"#,
            "/api/v1",
            "yes please",
            "kube-root-ca.crt",
            "日本",
        ] {
            assert!(is_plain(text), "{text:?}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z]{0,6}",
            "[-?:,\\[\\]{}#&*!|>'\"%@`~=<. \t\na0]{0,8}",
            "[0-9a-fxo._:+eE-]{0,8}",
            "(?s).{0,12}",
            "[ a\n\t]{0,8}",
            prop::sample::select(vec![
                "True",
                "NULL",
                "off",
                "N",
                ".NaN",
                "-.INF",
                "2024-01-01T00:00:00Z",
                "<<",
                "---",
                "..."
            ])
            .prop_map(str::to_owned),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9f64).prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..5).prop_map(|entries| entries.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_written_parses_back(value in value()) {
            let text = emit(&value, &[("a", &["b"]), ("", &[])]);
            prop_assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
            prop_assert!(text.lines().all(|line| !line.ends_with([' ', '\t'])), "{text:?}");
            let back: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(back, value, "{}", text);
        }
    }
}
