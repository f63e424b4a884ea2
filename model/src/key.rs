//! The key that signs tokens of ServiceAccounts.

use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};

/// An RSA key. Takes a tenth of a second to make: make it once and keep its text privately.
#[derive(Clone)]
pub struct SigningKey {
    pub(crate) key: RsaPrivateKey,
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
}

impl SigningKey {
    /// Makes a key of 2048 bits.
    pub fn make() -> Result<Self, KeyError> {
        RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map(|key| Self { key }).map_err(KeyError::Make)
    }

    /// Reads what [`to_pem`](Self::to_pem) wrote.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        RsaPrivateKey::from_pkcs8_pem(text).map(|key| Self { key }).map_err(KeyError::Read)
    }

    /// The key as PEM (PKCS #8): as secret as a key is.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.key.to_pkcs8_pem(LineEnding::LF).map(|text| text.to_string()).map_err(KeyError::Read)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
