//! Which value is shown as what. A value has one name for as long as a scenario runs, so that what is equal reads equal.
//!
//! Values are found in texts by their first word: one look-up a word, however many values are known.

use super::shape;
use std::collections::HashMap;
use std::ops::Range;

/// What the place of a value says about it. The name is made of that when the value is first shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// The uid of an object: `<uid:Pod/test-pod>`.
    Uid(Object),
    /// The address of an object: `<ip:Pod/test-pod>`.
    Ip(Object),
    /// The address of a node: `<ip:node>`.
    NodeIp,
    /// A token, named by the step that first showed it: `<token:filled>`.
    Token,
    /// A token's own id: `<jti:filled>`.
    TokenId,
    /// The id of the key that signs tokens: `<kid>`.
    KeyId,
    /// A uid of which nothing is known but where it first showed: `<uid:review-again>`.
    Stray,
    /// A digest that a command has computed, named by the step that first showed it: `<sha256:before>`.
    Digest,
    /// The hash over a template, named by the object it belongs to: `<hash:web>`.
    Hash(String),
    /// A generated name with this base: `sauser-token-<1>`.
    Generated(String),
    /// A generated name that means something only inside one object: `kube-api-access-<Pod/test-pod>`.
    Inner(String, Object),
    /// Encoded data of a Secret that may be shown, decoded.
    Open(String),
    /// Data of a Secret that nobody needs to see.
    Secret,
}

/// An object as identities are named after it; as the server calls it, generated parts included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// What is shown for a value.
#[derive(Clone)]
pub(super) enum Shown {
    /// This text.
    As(Box<str>),
    /// Nothing has shown it yet.
    Pending(Fact),
}

impl Shown {
    fn is_token(&self) -> bool {
        match self {
            Self::As(text) => text.starts_with("<token:"),
            Self::Pending(fact) => matches!(fact, Fact::Token),
        }
    }

    fn is_secret(&self) -> bool {
        match self {
            Self::As(text) => &**text == SECRET,
            Self::Pending(fact) => matches!(fact, Fact::Secret),
        }
    }

    fn is_hash(&self) -> bool {
        match self {
            Self::As(text) => text.starts_with("<hash:"),
            Self::Pending(fact) => matches!(fact, Fact::Hash(_)),
        }
    }
}

/// What data of a Secret is shown as.
pub(super) const SECRET: &str = "<secret>";

/// The values known so far.
///
/// Without `Debug`: the values are tokens, among others.
#[derive(Clone, Default)]
pub(super) struct Names {
    /// By the first word of the value; longer values first.
    values: HashMap<Box<str>, Vec<(Box<str>, Shown)>>,
    filter: Filter,
    /// Whether there are hashes: they are looked for inside words, as in `web-776d7585c9-x8k2p`.
    hashes: bool,
    /// Data of Secrets that is long enough to be told from a word: it is looked for inside words too.
    secrets: Vec<Box<str>>,
    /// How many values have been named by a label, for the `#2` of the second.
    counts: HashMap<Box<str>, u32>,
}

/// Which words cannot begin a known value: nearly all words of a text, and hashing each would be most of the work.
#[derive(Clone, Default)]
struct Filter([u64; 4]);

impl Filter {
    fn slot(word: &str) -> (usize, u64) {
        let ends = word.bytes().next().zip(word.bytes().next_back());
        let (first, last) = ends.unwrap_or_default();
        let mark = word.len() ^ usize::from(first).wrapping_mul(7) ^ usize::from(last).wrapping_mul(29);
        ((mark >> 6) & 3, 1 << (mark & 63))
    }

    fn add(&mut self, word: &str) {
        let (slot, bit) = Self::slot(word);
        self.0[slot] |= bit;
    }

    fn may_hold(&self, word: &str) -> bool {
        let (slot, bit) = Self::slot(word);
        self.0[slot] & bit != 0
    }
}

impl Names {
    /// Sets what is shown for a value.
    pub(super) fn set(&mut self, value: &str, shown: Shown) {
        /// What is shorter may be a part of any word.
        const SHORTEST: usize = 16;
        let first = shape::word(value, 0);
        self.hashes |= shown.is_hash();
        if shown.is_secret() && value.len() >= SHORTEST && !self.secrets.iter().any(|known| **known == *value) {
            self.secrets.push(value.into());
        }
        self.filter.add(first);
        let values = self.values.entry(first.into()).or_default();
        if let Some((_, before)) = values.iter_mut().find(|(known, _)| **known == *value) {
            *before = shown;
        } else {
            let at = values.partition_point(|(known, _)| known.len() >= value.len());
            values.insert(at, (value.into(), shown));
        }
    }

    /// What is shown for a value.
    pub(super) fn get(&self, value: &str) -> Option<&Shown> {
        let values = self.beginning_with(shape::word(value, 0))?;
        values.iter().find(|(known, _)| **known == *value).map(|(_, shown)| shown)
    }

    fn beginning_with(&self, word: &str) -> Option<&Vec<(Box<str>, Shown)>> {
        self.filter.may_hold(word).then(|| self.values.get(word)).flatten()
    }

    /// The value whose first word is this one of the text; no word means a value that begins with another character.
    pub(super) fn find(&self, text: &str, word: &Range<usize>) -> Option<(&str, &Shown)> {
        let rest = &text[word.start..];
        self.beginning_with(&text[word.clone()])?
            .iter()
            .find(|(value, _)| rest.starts_with(&**value) && has_borders(text, word.start, value))
            .map(|(value, shown)| (&**value, shown))
    }

    /// Where a hash stands in a word, between hyphens.
    pub(super) fn hash_in(&self, word: &str) -> Option<Range<usize>> {
        if !self.hashes {
            return None;
        }
        let mut at = 0;
        word.split('-').find_map(|part| {
            let range = at..at + part.len();
            at = range.end + 1;
            self.get(part)?.is_hash().then_some(range)
        })
    }

    /// The long data of Secrets among the values.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|value| &**value)
    }

    /// The tokens among the values.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &str> {
        let values = self.values.values().flatten();
        values.filter(|(_, shown)| shown.is_token()).map(|(value, _)| &**value)
    }

    pub(super) fn count(&self, label: &str) -> Option<u32> {
        self.counts.get(label).copied()
    }

    pub(super) fn set_count(&mut self, label: &str, count: u32) {
        self.counts.insert(label.into(), count);
    }

    /// Takes over what a later answer taught.
    pub(super) fn absorb(&mut self, later: Self) {
        for (value, shown) in later.values.into_values().flatten() {
            self.set(&value, shown);
        }
        self.counts.extend(later.counts);
    }
}

/// Whether the value stands by itself: `10.0.0.1` does not in `10.0.0.10` nor in `10.0.0.1.nip.io`, but does in
/// `10.0.0.1:443` and at the end of a sentence.
fn has_borders(text: &str, at: usize, value: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(|&b| shape::is_word(b));
    let end = at + value.len();
    let goes_on = match bytes.get(end) {
        Some(&sign @ (b'.' | b':')) => value.as_bytes().contains(&sign) && is_word(end + 1),
        Some(_) => is_word(end),
        None => false,
    };
    let goes_before = at > 1 && bytes[at - 1] == b'.' && value.contains('.') && is_word(at - 2);
    !goes_on && !goes_before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(names: &'a Names, text: &'a str) -> Vec<&'a str> {
        let words = (0..text.len()).filter(|&at| at == 0 || !shape::is_word(text.as_bytes()[at - 1]));
        words
            .filter_map(|at| names.find(text, &(at..at + shape::word(text, at).len())))
            .map(|(value, _)| value)
            .collect()
    }

    #[test]
    fn values_are_found_where_they_have_borders() {
        let mut names = Names::default();
        for value in ["10.0.0.1", "https://a.example", "https://a.example:6443", "web-x8k2p", "::1"] {
            names.set(value, Shown::As("<>".into()));
        }
        assert_eq!(found(&names, "dial 10.0.0.1:443: no"), ["10.0.0.1"]);
        assert_eq!(found(&names, "at 10.0.0.1."), ["10.0.0.1"]);
        assert_eq!(found(&names, "10.0.0.10, 10.0.0.1.nip.io, 1.10.0.0.1"), [""; 0]);
        assert_eq!(
            found(&names, "https://a.example:6443/x, https://a.example/x"),
            ["https://a.example:6443", "https://a.example"]
        );
        assert_eq!(found(&names, "https://a.example:6444, https://a.example.org"), [""; 0]);
        assert_eq!(found(&names, "pods/web-x8k2p.17, web-x8k2p-0"), ["web-x8k2p"]);
        assert_eq!(found(&names, "on ::1"), ["::1"]);
    }
}
