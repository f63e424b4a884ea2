//! The key that signs tokens of `ServiceAccount`s.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::sha2::{Digest, Sha256};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

/// An RSA key. Takes a tenth of a second to make: make it once and keep its text privately.
#[derive(Clone)]
pub struct SigningKey {
    key: RsaPrivateKey,
    /// The same for ring, which signs several times as fast, in constant time, and makes no keys.
    signer: Arc<RsaKeyPair>,
    id: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The machine has no random numbers, or too few.
    #[error("a key for tokens cannot be made: {0}")]
    Make(rsa::Error),
    /// The text is no key.
    #[error("the key for tokens cannot be read: {0}")]
    Read(rsa::pkcs8::Error),
    /// It signs nothing.
    #[error("the key for tokens cannot be used: {0}")]
    Use(ring::error::KeyRejected),
    /// The public half cannot be written.
    #[error("the key for tokens cannot be published: {0}")]
    Publish(rsa::pkcs8::spki::Error),
}

impl SigningKey {
    /// Makes a key of 2048 bits.
    pub fn make() -> Result<Self, KeyError> {
        RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(KeyError::Make).and_then(Self::of)
    }

    /// Reads what [`to_pem`](Self::to_pem) wrote.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        RsaPrivateKey::from_pkcs8_pem(text).map_err(KeyError::Read).and_then(Self::of)
    }

    /// The key as PEM (PKCS #8): as secret as a key is.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.key.to_pkcs8_pem(LineEnding::LF).map(|text| text.to_string()).map_err(KeyError::Read)
    }

    fn of(key: RsaPrivateKey) -> Result<Self, KeyError> {
        let public = key.to_public_key().to_public_key_der().map_err(KeyError::Publish)?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(public.as_bytes()));
        let private = key.to_pkcs8_der().map_err(KeyError::Read)?;
        let signer = Arc::new(RsaKeyPair::from_pkcs8(private.as_bytes()).map_err(KeyError::Use)?);
        Ok(Self { key, signer, id })
    }

    /// Which key it is: in the header of every token as `kid`.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The token of some claims. The same claims give the same token.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": self.id});
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(claims));
        let mut signature = vec![0; self.signer.public().modulus_len()];
        // It fails for a wrong length or a key whose parts do not fit, and they were computed. This kind draws no random numbers.
        let _ = self.signer.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whether it was this key that signed something.
    pub(crate) fn has_signed(&self, signed: &str, signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.signer.public_key().as_ref());
        key.verify(signed.as_bytes(), signature).is_ok()
    }

    /// The public half, as a set of one (RFC 7517), in the order that the server writes.
    pub(crate) fn public_set(&self) -> String {
        let number = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        format!(
            r#"{{"keys":[{{"use":"sig","kty":"RSA","kid":"{}","alg":"RS256","n":"{}","e":"{}"}}]}}"#,
            self.id,
            number(self.key.n()),
            number(self.key.e()),
        )
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
