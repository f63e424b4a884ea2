//! Whatever stands around a credential, nothing of it comes out that is worth anything; and nothing else is touched.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::{scan, scrub};

/// So much of a credential in a row is too much.
const PIECE: usize = 20;

/// Text of any kind, rich in what credentials begin and end with.
const AROUND: &str = r"(?s)([ -~]{1,12}|\n {0,4}|eyJ|ZXlK|V5S|leU|LS0tLS1|-----BEGIN |PRIVATE KEY-----|\.|é|.){0,8}";

/// A JWT of any header, claims and signature.
fn jwt() -> impl Strategy<Value = String> {
    let claims = btree_map("[a-z./]{1,12}", "\\PC{0,12}", 0..5);
    ("none|[HREP]S(256|384|512)|EdDSA", proptest::option::of("[ -~]{0,40}"), claims, vec(any::<u8>(), 0..80)).prop_map(
        |(algorithm, kid, claims, signature)| {
            let header = kid.map_or_else(|| json!({"alg": algorithm}), |kid| json!({"alg": algorithm, "kid": kid}));
            let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
            let claims = json!(claims).to_string();
            [encode(header.to_string().as_bytes()), encode(claims.as_bytes()), encode(&signature)].join(".")
        },
    )
}

/// A private key in PEM, made of random bytes.
fn private_key() -> impl Strategy<Value = String> {
    ("(RSA |EC |ENCRYPTED |OPENSSH |)PRIVATE KEY", vec(any::<u8>(), 0..200)).prop_map(|(label, key)| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", wrapped(&STANDARD.encode(key), 64, ""))
    })
}

fn wrapped(text: &str, width: usize, indentation: &str) -> String {
    let mut lines = String::new();
    for line in text.as_bytes().chunks(width) {
        let newline = if lines.is_empty() { "" } else { "\n" };
        let _ = write!(lines, "{newline}{indentation}{}", String::from_utf8_lossy(line));
    }
    lines
}

/// What base64 makes of the middle of a text: the characters that say nothing of what is before and after.
fn encoded_middle(encoded: &str, before: usize, middle: usize) -> &str {
    &encoded[(before * 8).div_ceil(6)..(before + middle) * 8 / 6]
}

/// The first piece of the credential that stands in the text.
fn piece<'s>(text: &str, secret: &'s str) -> Option<&'s str> {
    let mut starts = 0..(secret.len() + 1).saturating_sub(PIECE);
    starts.find_map(|at| secret.get(at..at + PIECE).filter(|piece| text.contains(piece)))
}

proptest! {
    #[test]
    fn no_piece_of_a_token_comes_out(before in AROUND, token in jwt(), after in AROUND) {
        let text = format!("{before}{token}{after}");
        let clean = scrub(&text);
        prop_assert_eq!(piece(&clean, &token), None, "{}", clean);
        prop_assert_eq!(scan(&clean), None);
    }

    #[test]
    fn nor_of_its_beginning(before in AROUND, token in jwt(), cut in 24usize..300) {
        let token = &token[..cut.min(token.len())];
        let text = format!("{before}{token}");
        let clean = scrub(&text);
        prop_assert!(token.len() < 24 || piece(&clean, token).is_none(), "{}", clean);
    }

    #[test]
    fn nor_of_a_token_in_base64(
        outside in (AROUND, AROUND), inside in (AROUND, AROUND), token in jwt(), alphabet in 0usize..3,
    ) {
        let alphabet = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE][alphabet];
        let encoded = alphabet.encode([&inside.0, &token, &inside.1].map(String::as_str).concat());
        let secret = encoded_middle(&encoded, inside.0.len(), token.len());
        let text = format!("{}{encoded}{}", outside.0, outside.1);
        let clean = scrub(&text);
        prop_assert_eq!(piece(&clean, secret), None, "{}", clean);
        prop_assert_eq!(scan(&clean), None);
    }

    #[test]
    fn nor_where_base64_is_wrapped(
        inside in (AROUND, AROUND), token in jwt(), width in prop_oneof![Just(64usize), Just(76)],
        indentation in " {0,4}", end in "|\r?\n[ -~]{0,12}",
    ) {
        let encoded = STANDARD.encode([&inside.0, &token, &inside.1].map(String::as_str).concat());
        let secret = encoded_middle(&encoded, inside.0.len(), token.len());
        let text = format!("data:\n{}{end}", wrapped(&encoded, width, &indentation));
        let clean = scrub(&text);
        let unwrapped: String = clean.split_whitespace().collect();
        prop_assert_eq!(piece(&unwrapped, secret), None, "{}", clean);
        prop_assert_eq!(scan(&clean), None);
    }

    #[test]
    fn no_line_of_a_private_key_comes_out(before in AROUND, key in private_key(), after in AROUND, encode: bool, inside in "[ -~\n]{0,80}") {
        let encoded = STANDARD.encode(format!("{inside}{key}"));
        let (written, secret) = if encode { (&encoded, encoded_middle(&encoded, inside.len(), key.len())) } else { (&key, &*key) };
        let text = format!("{before}{written}{after}");
        let clean = scrub(&text);
        prop_assert_eq!(piece(&clean, secret), None, "{}", clean);
        prop_assert_eq!(scan(&clean), None);
    }

    #[test]
    fn clean_text_stays_as_it_is(text in AROUND) {
        let clean = scrub(&text).into_owned();
        prop_assert!(matches!(scrub(&clean), Cow::Borrowed(_)), "{}", clean);
        prop_assert_eq!(scan(&text).is_none(), clean == text);
        let suspicious = ["eyJ", "ZXlK", "V5S", "leU", "-----BEGIN ", "LS0tLS1", "0tLS0tQ", "tLS0tLU"];
        let is_innocent = !suspicious.iter().any(|beginning| text.contains(beginning));
        prop_assert!(!is_innocent || clean == text);
    }
}
