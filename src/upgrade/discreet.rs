//! What must not be shown: the values of Secrets, and the lines of files that hold some.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::guard;
use crate::syntax::{At, Diagnostic, Diagnostics, Source};

/// What stands in place of the value of a Secret.
pub(super) const REDACTED: &str = "<redacted>";

/// What is shorter stands in too many texts by accident.
const SHORTEST: usize = 5;

/// Takes the values of Secrets out of texts, wherever a server repeats them.
#[derive(Debug, Clone, Default)]
pub(super) struct Mask {
    /// The longest first: one may be a part of another.
    values: BTreeSet<(std::cmp::Reverse<usize>, String)>,
}

impl Mask {
    /// Adds values. Of a text with several lines each is one: a message may repeat a part.
    pub(super) fn learn(&mut self, values: &[String]) {
        let lines = values.iter().flat_map(|value| value.lines()).map(str::trim);
        let all = values.iter().map(String::as_str).chain(lines).filter(|value| value.len() >= SHORTEST);
        self.values.extend(all.map(|value| (std::cmp::Reverse(value.len()), value.to_owned())));
    }

    /// The text without them, and without any token or private key.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut clean = Cow::Borrowed(text);
        for (_, value) in &self.values {
            if clean.contains(value.as_str()) {
                clean = Cow::Owned(clean.replace(value.as_str(), REDACTED));
            }
        }
        guard::scrub(&clean).into_owned()
    }
}

/// Mistakes in a file as they may be shown. Of a file with a Secret in it, or with a token or a key, that is where they are
/// and what kind of mistake it is.
pub(super) fn discreet(source: &Arc<Source>, mistakes: Diagnostics) -> Diagnostics {
    let text = source.text();
    if !text.contains("Secret") && guard::scan(text).is_none() {
        return mistakes;
    }
    let mut shown = Diagnostics::new();
    shown.extend(mistakes.into_iter().map(|mistake| Diagnostic {
        at: without_text(&mistake.at),
        message: without_quoted(&mistake.message),
        help: mistake.help.as_deref().map(without_quoted),
    }));
    shown
}

/// The place without the text that stands there.
pub(super) fn without_text(at: &At) -> At {
    let blank = Source::new(at.source().path(), "");
    at.span().map_or_else(|| At::file(Arc::clone(&blank)), |span| At::new(&blank, span))
}

/// A message without what it repeats of the text, in backticks or in quotes.
fn without_quoted(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut end = None;
    for c in message.chars() {
        match end {
            Some(quote) if c == quote => {
                shown.push('…');
                shown.push(c);
                end = None;
            }
            Some(_) => {}
            None => {
                shown.push(c);
                end = matches!(c, '`' | '"').then_some(c);
            }
        }
    }
    if end.is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_whole_and_longest_first() {
        let mut mask = Mask::default();
        mask.learn(&["hunter2".to_owned(), "hunter2-and-more".to_owned(), "no".to_owned()]);
        assert_eq!(mask.hide("no: \"hunter2-and-more\", hunter2"), "no: \"<redacted>\", <redacted>");
    }

    #[test]
    fn what_a_message_repeats_is_left_out() {
        assert_eq!(without_quoted("`0644` is octal, \"a\" is not"), "`…` is octal, \"…\" is not");
        assert_eq!(without_quoted("`open"), "`…");
    }
}
