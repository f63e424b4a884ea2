//! What a service account token says about itself. Signatures are the API server's business.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_NO_PAD_INDIFFERENT};
use serde_json::{Map, Value};

/// The decoded parts of a token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Jwt {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
}

impl Jwt {
    /// Decodes a whole token; its beginning alone is none.
    pub(super) fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        let decode = |part| serde_json::from_slice(&URL_SAFE_NO_PAD_INDIFFERENT.decode(part).ok()?).ok();
        parts.next().is_none().then_some(())?;
        Some(Self { header: decode(header)?, claims: decode(claims)? })
    }

    /// When it was issued, in seconds since 1970. Legacy tokens do not say.
    pub(super) fn issued_at(&self) -> Option<i64> {
        self.claims.get("iat")?.as_i64()
    }

    /// The claims with times as distances from the moment of issue: that much of them is behaviour.
    pub(super) fn timeless_claims(&self) -> Value {
        let issued = self.issued_at();
        let relative = |claims: &mut Map<String, Value>, name| {
            if let Some(time) = claims.get_mut(name)
                && let Some(seconds) = time.as_i64()
            {
                *time = issued.map_or_else(|| "<time>".to_owned(), |issued| since(issued, seconds)).into();
            }
        };
        let mut claims = self.claims.clone();
        for name in ["iat", "nbf", "exp"] {
            relative(&mut claims, name);
        }
        if let Some(Value::Object(private)) = claims.get_mut("kubernetes.io") {
            relative(private, "warnafter");
        }
        Value::Object(claims)
    }
}

/// A time as its distance from the moment a token was issued: `<iat>`, `<iat+3600s>`.
pub(super) fn since(issued: i64, seconds: i64) -> String {
    match seconds.saturating_sub(issued) {
        0 => "<iat>".to_owned(),
        distance => format!("<iat{distance:+}s>"),
    }
}

/// The text behind standard base64, as `data` of Secrets holds it.
pub(super) fn from_base64(encoded: &str) -> Option<String> {
    String::from_utf8(STANDARD_PAD_INDIFFERENT.decode(encoded).ok()?).ok()
}
