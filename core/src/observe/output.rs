//! What a command wrote, as its observation: texts in which what changes from run to run has a stable name.
//!
//! A text has no places as an answer's body has, so values are found by what stands around them (`log`, `table`), by the
//! API object that the text may be, and by their shape. Pieces of tokens are hidden too: scripts cut and encode them.

use super::Cut;
use super::cut::{Rest, Tree};
use super::jwt::Jwt;
use super::names::Fact;
use super::normal::{Mode, Normaliser};
use super::places::Places;
use super::table::Table;
use super::{log, shape};
use crate::guard;
use crate::reply::Output;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value};
use std::ops::Range;

impl Normaliser<'_> {
    /// How a command ended, and what it wrote.
    pub(super) fn output(&mut self, shown: &mut Map<String, Value>, output: &Output, cut: Cut<'_>) {
        let body = &*output.object;
        let items = self.learn(body);
        self.loose = true;
        for text in [&output.stdout, &output.stderr] {
            self.learn_tokens(text);
        }
        shown.insert("exit".to_owned(), output.exit.to_value());
        match cut {
            Cut::Show(values) => {
                // Most of them are texts of the output, or made of them.
                let stable: Map<String, Value> =
                    values.iter().map(|(label, value)| (label.clone(), stable(value, &self.known.suffix))).collect();
                shown.insert("show".to_owned(), self.value(Tree::Whole(&Value::Object(stable))));
            }
            Cut::Select(paths) => {
                let paths = Rest::of(paths, &self.known.suffix);
                shown.insert("body".to_owned(), self.optional(Tree::new(body, items).select(&paths)));
            }
            Cut::Drop(_, paths) => {
                let paths = Rest::of(paths, &self.known.suffix);
                shown.insert("body".to_owned(), self.optional(Tree::new(body, items).without(&paths)));
            }
            Cut::Default(_) => {
                for (name, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                    shown.insert(name.to_owned(), self.written(text).into());
                }
            }
        }
    }

    /// Notes whole tokens before anything is shown, so that their pieces are known wherever they stand.
    fn learn_tokens(&mut self, text: &str) {
        for (at, _) in text.match_indices("eyJ") {
            let token = shape::dotted(&text[at..]);
            if let Some(jwt) = Jwt::parse(token) {
                self.note(Places::new(self.known, self.names).token(token, &jwt));
            }
        }
    }

    /// A text as it is shown: its tables cell by cell, the rest as it stands.
    fn written(&mut self, text: &str) -> String {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut parts = Vec::new();
        let (mut at, mut plain) = (0, 0);
        while at < lines.len() {
            let Some(table) = Table::read(&lines[at..]) else {
                at += 1;
                continue;
            };
            if plain < at {
                parts.push(self.text(&log::stable(&lines[plain..at].join("\n"), &self.known.suffix)).into_owned());
            }
            at += table.length;
            plain = at;
            parts.push(self.table(table));
        }
        if plain < lines.len() {
            parts.push(self.text(&log::stable(&lines[plain..].join("\n"), &self.known.suffix)).into_owned());
        }
        parts.join("\n")
    }

    /// The rows in an order that does not depend on the run, as the items of a list are.
    fn table(&mut self, table: Table) -> String {
        let Table { header, mut rows, is_sorted, .. } = table;
        if is_sorted {
            let mode = std::mem::replace(&mut self.mode, Mode::Compare);
            rows.sort_by_cached_key(|row| row.iter().map(|cell| self.text(cell).into_owned()).collect::<Vec<_>>());
            self.mode = mode;
        }
        let row =
            |row: Vec<String>| row.iter().map(|cell| self.text(cell).into_owned()).collect::<Vec<_>>().join("   ");
        std::iter::once(header).chain(rows).map(row).collect::<Vec<_>>().join("\n")
    }

    /// What is shown instead of a word of an output that no place told anything about.
    pub(super) fn by_shape(&mut self, text: &str, word: &Range<usize>) -> Option<(Range<usize>, String)> {
        let run = &text[word.clone()];
        if let Some((length, shown)) = self.secret_by_shape(&text[word.start..]) {
            return Some((word.start..word.start + length, shown.to_owned()));
        }
        if !self.loose || self.known.written.holds(run) {
            return None;
        }
        if shape::is_sha256(run) {
            self.note(vec![(run.to_owned(), Fact::Digest)]);
            return Some((word.clone(), self.named(run)?));
        }
        let base = shape::generated_base(run).filter(|base| base.ends_with('-'))?;
        if let Some(hash) = base.trim_end_matches('-').rsplit('-').next().filter(|part| shape::is_template_hash(part)) {
            let owner = &base[..base.len() - hash.len() - 1].trim_end_matches('-');
            self.note(vec![(hash.to_owned(), Fact::Hash((*owner).to_owned()))]);
        }
        self.note(vec![(run.to_owned(), Fact::Generated(base.to_owned()))]);
        Some((word.clone(), self.named(run)?))
    }

    /// How much of a text is a piece of a known token, plain or in base64, or too random to be anything but a secret.
    fn secret_by_shape(&self, text: &str) -> Option<(usize, &'static str)> {
        /// What is shorter cannot be told from a word.
        const PIECE: usize = 16;
        /// Names and paths have no such mixture, and digests are in hexadecimal.
        const SECRET: usize = 60;
        if !self.loose && self.mode != Mode::Present {
            return None;
        }
        let run = shape::base64(text);
        if run.len() < PIECE {
            return None;
        }
        let count = |is: fn(&u8) -> bool| run.bytes().filter(is).count();
        let (upper, lower, digits) =
            (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
        if upper < 2 || lower < 2 {
            return None;
        }
        let is_random = run.len() >= SECRET && upper >= 8 && lower >= 8 && digits >= 4;
        // A piece of twice that length holds one of these windows whole.
        let windows = || run.as_bytes().chunks_exact(PIECE).filter_map(|window| std::str::from_utf8(window).ok());
        let is_piece = || {
            self.learnt.tokens().chain(self.names.tokens()).any(|token| {
                let encoded = (0..3.min(token.len())).map(|skip| STANDARD_NO_PAD.encode(&token.as_bytes()[skip..]));
                windows().any(|window| token.contains(window))
                    || encoded.into_iter().any(|text| windows().any(|window| text.contains(window)))
            })
        };
        let shown = if is_piece() { "<token>" } else { "<secret>" };
        (is_random || shown == "<token>").then(|| (guard::end_of_base64(text.as_bytes(), 0).max(run.len()), shown))
    }
}

/// A value with its texts in a stable form.
fn stable(value: &Value, own: &str) -> Value {
    match value {
        Value::String(text) => log::stable(text, own).into(),
        Value::Array(elements) => elements.iter().map(|element| stable(element, own)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), stable(value, own))).collect(),
        other => other.clone(),
    }
}
