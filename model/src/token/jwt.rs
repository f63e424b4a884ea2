//! Tokens as text: three parts with dots between.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// As Go reads base64: bits that say nothing may be anything.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A token that was taken apart; nothing of it is checked.
pub(super) struct Jwt {
    header: Map<String, Value>,
    pub(super) claims: Value,
    /// What the signature is of.
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

impl Jwt {
    /// None of what is no token.
    pub(super) fn parse(token: &str) -> Option<Self> {
        let [_, payload, _] = parts(token)?;
        let claims: Value = serde_json::from_slice(&decoded(payload)?).ok()?;
        claims.get("iss")?.as_str()?;
        // The issuer is looked at before the rest, which is read without any white space.
        let without: String = token.chars().filter(|letter| !letter.is_whitespace()).collect();
        let [header, payload, signature] = parts(&without)?.map(decoded);
        let (header_bytes, payload, signature) = (header?, payload?, signature?);
        let header = if header_bytes.is_empty() { Map::new() } else { serde_json::from_slice(&header_bytes).ok()? };
        if ["alg", "kid"].iter().any(|name| header.get(*name).is_some_and(|value| !value.is_string())) {
            return None;
        }
        let signed = format!("{}.{}", LENIENT.encode(header_bytes), LENIENT.encode(payload));
        Some(Self { header, claims, signed, signature })
    }

    pub(super) fn issuer(&self) -> &str {
        self.claims["iss"].as_str().unwrap_or_default()
    }

    /// The key that it names, where it does.
    pub(super) fn key(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str).filter(|key| !key.is_empty())
    }

    /// Whether it is signed in the one way that is in use here.
    pub(super) fn is_usual(&self) -> bool {
        self.header.get("alg").is_some_and(|name| name == "RS256") && !self.header.contains_key("crit")
    }

    pub(super) fn audiences(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.claims["aud"].as_array().map(|all| all.iter().filter_map(text).collect()).unwrap_or_default()
    }
}

fn parts(token: &str) -> Option<[&str; 3]> {
    token.split('.').collect::<Vec<_>>().try_into().ok()
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    let part: String = part.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    LENIENT.decode(part).ok()
}
