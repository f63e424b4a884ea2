//! The last guard, run over whatever is about to be written anywhere: does it hold a credential?
//!
//! It knows shapes, not values: the *beginning* of a JWT, for logs cut bodies short and half a token has no three parts;
//! the same inside base64, at any of its three alignments; private keys in PEM, and in base64 as kubeconfigs hold them.
//! It does not know opaque tokens. A guess is proved by decoding, so that long names and certificates pass.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde_json::Value;

/// What was found. It never holds the credential itself: a leak can be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The kind of credential.
    pub kind: LeakKind,
    /// The bytes it takes in the text.
    pub at: Range<usize>,
}

/// The kinds of credentials the guard knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeakKind {
    /// A JWT, or the beginning of one; plain or in base64.
    Token,
    /// A private key in PEM; plain or in base64.
    PrivateKey,
}

impl LeakKind {
    fn placeholder(self) -> &'static str {
        match self {
            Self::Token => "<token>",
            Self::PrivateKey => "<private key>",
        }
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            LeakKind::Token => "a token",
            LeakKind::PrivateKey => "a private key",
        };
        write!(f, "{kind} at byte {}", self.at.start)
    }
}

/// The first credential in the text.
pub fn scan(text: &str) -> Option<Leak> {
    next(text.as_bytes(), 0)
}

/// The text with `<token>` or `<private key>` in place of every credential.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut copied = 0;
    while let Some(leak) = next(text.as_bytes(), copied) {
        clean.push_str(&text[copied..leak.at.start]);
        clean.push_str(leak.kind.placeholder());
        copied = leak.at.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// The same of every text of a document, each by itself: one that is cut short hides nothing of the others.
pub fn scrub_texts(document: &mut Value) {
    match document {
        Value::String(text) => {
            if let Cow::Owned(clean) = scrub(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(scrub_texts),
        Value::Object(fields) => fields.values_mut().for_each(scrub_texts),
        _ => {}
    }
}

/// How many characters must follow `eyJ`.
const BEGINNING: usize = 20;

/// How many characters at most are looked at to suspect a credential in base64, the one before its spelling included.
const LONGEST: usize = 8;

/// The first credential from there on. One that begins within it may end after it: what is between words for the one is a
/// part of a word for the other.
fn next(text: &[u8], from: usize) -> Option<Leak> {
    // Most texts are words: too short for any of it.
    if text.len() < from + "eyJ".len() + BEGINNING {
        return None;
    }
    let mut leak = first(text, from..text.len())?;
    let mut at = leak.at.start + 1;
    let near = |end: usize| text.len().min(end + LONGEST);
    // A key goes to its own end, whatever is in it.
    while leak.kind == LeakKind::Token
        && let Some(within) = first(text, at..near(leak.at.end)).filter(|within| within.at.start < leak.at.end)
    {
        leak.at.end = leak.at.end.max(within.at.end);
        at = within.at.start + 1;
    }
    Some(leak)
}

/// The first credential that is known by a character of this range, and begins in it.
fn first(text: &[u8], range: Range<usize>) -> Option<Leak> {
    let from = range.start;
    // Every spelling has a character near its beginning that is rare in other texts. What it suggests is then proved.
    let begins = |at: usize, spelling: &[u8], before: usize| {
        at.checked_sub(before).filter(|&start| start >= from && text[start..].starts_with(spelling))
    };
    (from..range.end).find_map(|at| match text[at] {
        b'J' => token(text, begins(at, b"eyJ", 2)?),
        b'X' => encoded(text, begins(at, b"ZXlK", 1)?, 0),
        // The other two alignments: two or four bits of the character before belong to the byte before.
        b'V' if at > from => encoded(text, begins(at, b"V5S", 0)? - 1, 2),
        b'U' if at > from + 6 && text[at - 1] == b'L' => encoded(text, begins(at, b"tLS0tLU", 6)? - 1, 4),
        b'U' if at > from + 2 => encoded(text, begins(at, b"leU", 2)? - 1, 4),
        b'-' => private_key(text, begins(at, b"-----BEGIN ", 0)?),
        b'0' => encoded(text, begins(at, b"LS0tLS1", 2)?, 0),
        b'Q' if at > from + 6 => encoded(text, begins(at, b"0tLS0tQ", 6)? - 1, 2),
        b'\n' => parted(text, at, from),
        _ => None,
    })
}

/// A JWT that begins here: enough must follow, and decode to JSON.
fn token(text: &[u8], at: usize) -> Option<Leak> {
    let rest = &text[at..];
    let beginning = &rest[..length(&rest[..rest.len().min("eyJ".len() + BEGINNING)], is_base64url)];
    let decoded = bits(beginning.iter().copied(), 0);
    // A header that ends so soon has to be a whole one.
    let is_whole = || decoded.ends_with(b"}");
    let is_long = beginning.len() == "eyJ".len() + BEGINNING;
    if !(decoded.iter().all(|b| (b' '..=b'~').contains(b)) && (is_long || is_whole())) {
        return None;
    }
    let header = length(rest, is_base64url);
    let mut end = header;
    while let [b'.', next, ..] = &rest[end..]
        && is_base64url(*next)
    {
        end += 1;
        end += length(&rest[end..], is_base64url);
    }
    if end == header {
        // Without parts it may as well be JSON in base64, with a token in it.
        end = end_of_base64(text, at) - at;
    }
    (end >= "eyJ".len() + BEGINNING).then(|| Leak { kind: LeakKind::Token, at: at..at + end })
}

/// A credential in base64 that begins here, `skip` bits into this character.
fn encoded(text: &[u8], at: usize, skip: u32) -> Option<Leak> {
    // Enough for a token's beginning and for the longest `-----BEGIN ENCRYPTED PRIVATE KEY-----`.
    let decoded = bits(base64_lines(text, at).flat_map(|line| text[line].iter().copied()).take(56), skip);
    let kind = if decoded.starts_with(b"eyJ") { token(&decoded, 0)?.kind } else { private_key(&decoded, 0)?.kind };
    Some(Leak { kind, at: at..end_of_base64(text, at) })
}

/// A credential in wrapped base64 whose spelling is parted by this line break.
fn parted(text: &[u8], newline: usize, from: usize) -> Option<Leak> {
    let end = newline - usize::from(text[..newline].ends_with(b"\r"));
    let line = end - length_before(&text[..end], is_base64);
    if end - line < SHORTEST_WRAP {
        return None;
    }
    (from.max(end - LONGEST)..end).find_map(|at| [0, 2, 4].into_iter().find_map(|skip| encoded(text, at, skip)))
}

fn private_key(text: &[u8], at: usize) -> Option<Leak> {
    let begin = at + boundary(&text[at..], b"-----BEGIN ")?;
    // What was cut short is taken to the end of the next one, or of the text.
    let end = (begin..text.len()).find_map(|at| Some(at + boundary(&text[at..], b"-----END ")?));
    Some(Leak { kind: LeakKind::PrivateKey, at: at..end.unwrap_or(text.len()) })
}

/// The length of the first or last line of a private key in PEM that the text begins with.
fn boundary(text: &[u8], word: &[u8]) -> Option<usize> {
    let label = text.strip_prefix(word)?;
    let label = &label[..length(label, |b| b.is_ascii_uppercase() || b == b' ')];
    let dashes = word.len() + label.len();
    (label.ends_with(b"PRIVATE KEY") && text[dashes..].starts_with(b"-----")).then_some(dashes + b"-----".len())
}

/// What is shorter is not broken off to go on in the next line: `base64` breaks lines at 76 characters, PEM at 64.
const SHORTEST_WRAP: usize = 60;

/// Where base64 that goes on here ends, wrapped lines included.
pub(crate) fn end_of_base64(text: &[u8], at: usize) -> usize {
    base64_lines(text, at).last().map_or(at, |line| line.end)
}

/// The lines of base64 that goes on here: the rest of this one, and those that it is wrapped to.
fn base64_lines(text: &[u8], at: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let run = |from: usize| from..from + length(&text[from..], |b| is_base64(b) || b == b'=');
    let mut line = text[..at].iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
    std::iter::successors(Some(run(at)), move |part| {
        let end = part.end;
        let blanks = length(&text[end..], |b| matches!(b, b'\r' | b'\n' | b' '));
        let next = run(end + blanks);
        let whole_line = matches!(text.get(next.end), None | Some(b'\n' | b'\r'));
        let wrapped = end - line >= SHORTEST_WRAP && text[end..next.start].contains(&b'\n');
        line = next.start;
        (wrapped && !next.is_empty() && whole_line).then_some(next)
    })
}

/// Decodes base64 of either alphabet up to the first other character, leaving out the first `skip` bits.
fn bits(text: impl Iterator<Item = u8>, skip: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48);
    let (mut held, mut count) = (0u32, 0u32);
    for (index, value) in text.map_while(sextet).enumerate() {
        let fresh = if index == 0 { 6 - skip } else { 6 };
        held = (held << fresh) | (u32::from(value) & ((1 << fresh) - 1));
        count += fresh;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((held >> count) & 0xff).unwrap_or_default());
            held &= (1 << count) - 1;
        }
    }
    bytes
}

fn sextet(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn is_base64url(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
}

fn is_base64(b: u8) -> bool {
    is_base64url(b) || matches!(b, b'+' | b'/')
}

fn length(text: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&b| !wanted(b)).unwrap_or(text.len())
}

fn length_before(text: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    text.iter().rev().position(|&b| !wanted(b)).unwrap_or(text.len())
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    /// Made here and now: no token stands in the sources.
    fn jwt(claims: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k1"}"#);
        format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode([7; 256]))
    }

    #[test]
    fn tokens_and_their_beginnings_are_found() {
        let token = jwt(r#"{"sub":"x"}"#);
        assert_eq!(scan(&token).unwrap().at, 0..token.len());
        assert_eq!(scrub(&format!("a {token}: b")), "a <token>: b");
        assert_eq!(scrub(&format!("\"token\":\"{} ...", &token[..30])), "\"token\":\"<token> ...");
        assert_eq!(scrub(&format!("%22{}", &token[..23])), "%22<token>");
        assert_eq!(scan(&token[..22]), None, "too little to be worth anything");
        assert_eq!(scan(&format!("x {token}")).unwrap().to_string(), "a token at byte 2");
    }

    #[test]
    fn base64_of_a_token_is_found_at_any_alignment() {
        for before in ["", "a", "ab", "abc", "\"token\": \""] {
            let text = format!("{before}{}", jwt("{}"));
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let clean = scrub(&encoded).into_owned();
                assert!(clean.ends_with("<token>"), "{before:?}: {clean}");
                assert!(clean.len() <= "<token>".len() + before.len() * 2, "{before:?}: {clean}");
                assert!(scan(&encoded[..before.len() * 2 + 32]).is_some(), "{before:?}: the beginning is enough");
            }
        }
    }

    #[test]
    fn wrapped_base64_is_taken_to_its_end() {
        let encoded = STANDARD.encode(jwt("{}"));
        let lines: Vec<&str> =
            (0..encoded.len()).step_by(76).map(|at| &encoded[at..encoded.len().min(at + 76)]).collect();
        assert_eq!(scrub(&format!("t:\n{}\nName\n", lines.join("\n"))), "t:\n<token>\nName\n");
        assert_eq!(scrub(&format!("t: |\n  {}\nx: y\n", lines.join("\n  "))), "t: |\n  <token>\nx: y\n");
    }

    #[test]
    fn private_keys_are_found() {
        for kind in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            let pem = format!("-----BEGIN {kind}-----\nMIIE\n-----END {kind}-----");
            assert_eq!(scrub(&format!("a\n{pem}\nb")), "a\n<private key>\nb");
            assert_eq!(scrub(&format!("a {}", &pem[..kind.len() + 18])), "a <private key>", "cut short");
            assert_eq!(
                scrub(&format!("client-key-data: {}\n", STANDARD.encode(&pem))),
                "client-key-data: <private key>\n"
            );
        }
    }

    #[test]
    fn what_is_cut_short_or_glued_together_hides_nothing() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----";
        assert_eq!(scrub(&format!("{} ...\n{key}.", &key[..30])), "<private key>.");
        let short = [r#"{"alg":"none"}"#, r#"{"sub":"x"}"#].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        assert_eq!(scrub(&format!("{short}.c2lnbmF0dXJl")), "<token>");
        assert_eq!(scrub(&format!("eyJ9+{short}.c2lnbmF0dXJl!")), "<token>!");
        let pems = STANDARD.encode(format!("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n{key}"));
        assert_eq!(scan(&pems).unwrap().kind, LeakKind::PrivateKey);
    }

    #[test]
    fn line_breaks_hide_nothing() {
        let list = format!("{}{}", "x".repeat(80), jwt("{}"));
        for before in 0..80 {
            let json = format!("{{\"a\":\"{}\"}}", &list[before..]);
            let encoded = STANDARD.encode(json);
            let lines: Vec<&[u8]> = encoded.as_bytes().chunks(76).collect();
            let clean = scrub(&String::from_utf8(lines.join(&b'\n')).unwrap()).into_owned();
            assert!(clean.ends_with("<token>") && clean.len() < 130, "{before}: {clean}");
        }
    }

    #[test]
    fn ordinary_texts_pass() {
        let certificate =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode([9; 900]));
        for text in [
            "<token:review-again>",
            "<private key>",
            "a-very-long-name-of-a-deployment-in-a-cluster-5d4f8c7b9d-x8k2p",
            "eyJafjallajokull-is-a-volcano-with-a-long-name",
            "---\n--- a/x\n+++ b/x\n-------------------",
            "heyJude-dont-make-it-bad-take-a-sad-song",
            &STANDARD.encode(&certificate),
            &certificate,
        ] {
            assert_eq!(scan(text), None, "{text}");
            assert!(matches!(scrub(text), Cow::Borrowed(_)));
        }
    }

    proptest! {
        #[test]
        fn scrubbed_text_is_clean(before in "[ -~é\n]{0,40}", after in "[ -~\n]{0,40}", cut in 23usize..200, encode in any::<bool>()) {
            let token = &jwt("{}")[..cut];
            let text = if encode { format!("{before} {}\n{after}", STANDARD.encode(format!("{before}{token}"))) } else { format!("{before}{token}{after}") };
            prop_assert!(scan(&text).is_some());
            prop_assert_eq!(scan(&scrub(&text)), None);
        }

        #[test]
        fn random_bytes_in_base64_are_no_token(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(scan(&STANDARD.encode(&bytes)), None);
        }

        #[test]
        fn any_text_is_scanned(text in "(?s)(eyJ|ZXlK|V5S|leU|-----BEGIN |PRIVATE KEY-----|LS0tLS1CRUdJTi|.|\n){0,30}") {
            prop_assert_eq!(scan(&scrub(&text)), None);
        }
    }
}
