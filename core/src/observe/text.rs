//! Raw texts become what may be shown: the run's suffix goes, identities take the place of made-up values.
//!
//! A text is read once, word by word.

use super::jwt::{self, Jwt};
use super::names::{Fact, Object, SECRET, Shown};
use super::normal::{Mode, Normaliser};
use super::places::Places;
use super::shape;
use crate::guard;
use std::borrow::Cow;
use std::ops::Range;

impl Normaliser<'_> {
    /// The text as it is shown.
    pub(super) fn text<'t>(&mut self, raw: &'t str) -> Cow<'t, str> {
        let plain = self.known.without_suffix(raw);
        let named = self.replaced(&plain).map_or(plain, Cow::Owned);
        let named = self.without_secrets(named);
        match guard::scrub(&named) {
            Cow::Owned(clean) => Cow::Owned(clean),
            Cow::Borrowed(_) => named,
        }
    }

    /// The text without data of Secrets that stands inside of words, where no look-up by words finds it.
    fn without_secrets<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let secrets = self.learnt.secrets().chain(self.names.secrets());
        secrets
            .fold(text, |text, secret| if text.contains(secret) { text.replace(secret, SECRET).into() } else { text })
    }

    fn replaced(&mut self, text: &str) -> Option<String> {
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        while at < text.len() {
            let word = at..at + shape::word(text, at).len();
            // What begins with another character is known by an empty word.
            if let Some((range, shown)) = self.replacement(text, word.clone()) {
                out.push_str(&text[copied..range.start]);
                out.push_str(&shown);
                copied = range.end;
                at = range.end;
            } else {
                at = text.ceil_char_boundary(word.end.max(at + 1));
            }
        }
        (copied > 0).then(|| out + &text[copied..])
    }

    /// What is shown instead of the word, of a part of it, or of what begins with it.
    fn replacement(&mut self, text: &str, word: Range<usize>) -> Option<(Range<usize>, String)> {
        // The longer one: an address may be known by itself and as the beginning of the server's.
        let known = self.learnt.find(text, &word).into_iter().chain(self.names.find(text, &word));
        if let Some((value, shown)) = known.max_by_key(|(value, _)| value.len()) {
            let range = word.start..word.start + value.len();
            let shown = match shown {
                Shown::As(shown) => shown.to_string(),
                Shown::Pending(fact) => {
                    let (value, fact) = (value.to_owned(), fact.clone());
                    self.name(&value, fact)
                }
            };
            return Some((range, shown));
        }
        if word.is_empty() {
            // Of what has a shape only base64 may begin with another character.
            return self.by_shape(text, &word);
        }
        let (rest, run) = (&text[word.start..], &text[word.clone()]);
        let first = |length: usize| word.start..word.start + length;
        let within = |part: Range<usize>| word.start + part.start..word.start + part.end;
        if run.starts_with("eyJ") {
            let token = shape::dotted(rest);
            return Some((first(token.len()), self.token(token)?));
        }
        if run.starts_with("ZXlK") {
            let encoded = shape::base64(rest);
            // One that is wrapped goes on in the next line, and is left to the guard.
            let is_whole = guard::end_of_base64(text.as_bytes(), word.start) == word.start + encoded.len();
            if let Some(token) = jwt::from_base64(encoded).filter(|_| is_whole) {
                return Some((first(encoded.len()), self.token(token.trim_end())?));
            }
            let leak = guard::scan(rest).filter(|leak| leak.at.start == 0)?;
            return Some((first(leak.at.end), "<token>".to_owned()));
        }
        if let Some(pem) = shape::pem(rest) {
            return Some((first(pem.len()), self.redacted(pem, "<pem>")?));
        }
        if let Some(time) = shape::time(rest).or_else(|| shape::long_time(rest)) {
            return Some((first(time.len()), self.redacted(time, "<time>")?));
        }
        if let Some(uid) = shape::uid(run) {
            return Some((within(uid.clone()), self.uid(&run[uid])?));
        }
        if let Some(found) = self.by_shape(text, &word) {
            return Some(found);
        }
        let hash = self.learnt.hash_in(run).or_else(|| self.names.hash_in(run))?;
        Some((within(hash.clone()), self.named(&run[hash])?))
    }

    /// A value that has no identity: one word for all of them, unless the scenario wrote it.
    fn redacted(&self, value: &str, shown: &str) -> Option<String> {
        (self.mode != Mode::Present && !self.known.written.holds(value)).then(|| shown.to_owned())
    }

    /// What looks like a token is never shown; a whole one has an identity.
    fn token(&mut self, token: &str) -> Option<String> {
        if self.mode == Mode::Name
            && let Some(jwt) = Jwt::parse(token)
        {
            self.note(Places::new(self.known, self.names).token(token, &jwt));
        }
        self.named(token).or_else(|| guard::scan(token).map(|_| "<token>".to_owned()))
    }

    /// A uid, also one that no place has told anything about.
    fn uid(&mut self, uid: &str) -> Option<String> {
        let named = self.named(uid);
        if named.is_some() || self.known.written.holds(uid) {
            return named;
        }
        match self.mode {
            Mode::Name => {
                self.note(vec![(uid.to_owned(), Fact::Stray)]);
                self.named(uid)
            }
            Mode::Compare => Some("<uid>".to_owned()),
            Mode::Present => None,
        }
    }

    /// What is shown for a value that was noted; from now on this.
    pub(super) fn named(&mut self, value: &str) -> Option<String> {
        match self.learnt.get(value).or_else(|| self.names.get(value))? {
            Shown::As(shown) => Some(shown.to_string()),
            Shown::Pending(fact) => {
                let fact = fact.clone();
                Some(self.name(value, fact))
            }
        }
    }

    /// Gives a value its name.
    fn name(&mut self, value: &str, fact: Fact) -> String {
        // An object may be called by its own uid: while a value is being named it has a name already.
        self.learnt.set(value, Shown::As("<itself>".into()));
        let shown = match &fact {
            Fact::Secret => SECRET.to_owned(),
            Fact::Open(text) => self.text(text).into_owned(),
            Fact::Generated(base) => {
                let base = self.base(base);
                match self.count(&base) {
                    Some(number) => format!("{base}<{number}>"),
                    None => format!("{base}<?>"),
                }
            }
            Fact::Inner(base, object) => {
                let (base, title) = (self.base(base), self.title(object));
                self.label(&base, &title)
            }
            Fact::Uid(object) => {
                let title = self.title(object);
                self.label("", &format!("uid:{title}"))
            }
            Fact::Ip(object) => {
                let title = self.title(object);
                self.label("", &format!("ip:{title}"))
            }
            Fact::NodeIp => self.label("", "ip:node"),
            Fact::Hash(base) => {
                let base = self.flat(base);
                self.label("", &format!("hash:{base}"))
            }
            Fact::Token => self.label("", &format!("token:{}", self.step)),
            Fact::Digest => self.label("", &format!("sha256:{}", self.step)),
            Fact::TokenId => self.label("", &format!("jti:{}", self.step)),
            Fact::Stray => self.label("", &format!("uid:{}", self.step)),
            Fact::KeyId => self.label("", "kid"),
        };
        let named = self.mode == Mode::Name;
        self.learnt.set(value, if named { Shown::As(shown.as_str().into()) } else { Shown::Pending(fact) });
        shown
    }

    /// `<label>` for the first value of that label, `<label#2>` for the next: the second incarnation of an object.
    fn label(&mut self, before: &str, label: &str) -> String {
        match self.count(&format!("{before}<{label}>")) {
            None | Some(1) => format!("{before}<{label}>"),
            Some(number) => format!("{before}<{label}#{number}>"),
        }
    }

    /// The number of the next value of a label; all are alike while comparing.
    fn count(&mut self, label: &str) -> Option<u32> {
        let before = self.learnt.count(label).or_else(|| self.names.count(label)).unwrap_or_default();
        (self.mode == Mode::Name).then(|| {
            self.learnt.set_count(label, before + 1);
            before + 1
        })
    }

    /// The base of a generated name, which may be generated itself, or begin so: `job-<1>-` of a Job's Pod, `made-<1>-token-` of
    /// the token of a `ServiceAccount`.
    fn base(&mut self, base: &str) -> String {
        let stem = base.trim_end_matches(['-', '.']);
        if let Some(inner) = shape::generated_base(stem)
            && self.mode == Mode::Name
            && !self.known.written.holds(stem)
        {
            self.note(vec![(stem.to_owned(), Fact::Generated(inner.to_owned()))]);
        }
        let mut begins = stem.rmatch_indices('-').map(|(at, _)| &stem[..at]);
        if let Some((begin, shown)) = begins.find_map(|begin| Some((begin, self.named(begin)?))) {
            return shown + &base[begin.len()..];
        }
        format!("{}{}", self.text(stem), &base[stem.len()..])
    }

    /// An object as it is called inside an identity: `Pod/test-pod`, `Pod/kube-system/test-pod`.
    fn title(&mut self, object: &Object) -> String {
        let (kind, name) = (self.flat(&object.kind), self.flat(&object.name));
        match &object.namespace {
            Some(namespace) => format!("{kind}/{}/{name}", self.flat(namespace)),
            None => format!("{kind}/{name}"),
        }
    }

    /// A name inside an identity, with less of its own ones: `Secret/sauser-token-1`, `Pod/web-hash-1`.
    fn flat(&mut self, name: &str) -> String {
        let name = self.text(name);
        let mut parts = name.split(['<', '>']);
        let mut flat = parts.next().unwrap_or_default().to_owned();
        for (index, part) in parts.enumerate() {
            let inside = index % 2 == 0;
            match part.split_once(':') {
                Some((kind, label)) if inside => {
                    flat.push_str(kind);
                    flat.extend(label.split_once('#').map(|(_, number)| format!("#{number}")));
                }
                _ => flat.push_str(part),
            }
        }
        flat
    }
}
