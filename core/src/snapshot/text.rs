//! The text of a snapshot as it is compared, and the short digest a ledger knows it by.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

/// The first 48 bits of a SHA-256, as twelve hexadecimal digits.
///
/// It tells the few texts of one step apart, and one plan of a scenario from the next. It is no seal: who wants to can
/// change a text and its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(u64);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest of twelve hexadecimal digits")]
pub struct DigestError(String);

impl Digest {
    const BYTES: usize = 6;

    /// The digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let hash = Sha256::digest(bytes);
        Self(hash.iter().take(Self::BYTES).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$x}", self.0, width = 2 * Self::BYTES)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spelled = text.len() == 2 * Self::BYTES && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(text, 16) {
            Ok(number) if spelled => Ok(Self(number)),
            _ => Err(DigestError(text.to_owned())),
        }
    }
}

/// What a step showed: never empty, without trailing white space, lines ended by a line feed alone.
///
/// That is how insta reads texts back, so a text is equal to itself after a round through a file.
#[derive(Debug, Clone)]
pub struct Text {
    text: Arc<str>,
    /// Of a text that is only compared nobody asks for it.
    digest: OnceLock<Digest>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Text {}

/// An observation without text. A snapshot file that was cut in its header reads as one, so they are never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an empty text cannot be a snapshot: show something, or say `snapshot: off`")]
pub struct EmptyText;

impl Text {
    /// The text as it will be stored and compared.
    ///
    /// # Errors
    /// When nothing but white space is left.
    pub fn new(text: &str) -> Result<Self, EmptyText> {
        let mut text = Cow::Borrowed(text.trim_end());
        // Once is not enough for `\r\r\n`: what is left would be read as a line end the next time.
        while text.contains("\r\n") {
            text = Cow::Owned(text.replace("\r\n", "\n"));
        }
        if text.is_empty() {
            return Err(EmptyText);
        }
        Ok(Self { text: text.into(), digest: OnceLock::new() })
    }

    /// The text, without a line end at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the ledger knows it by.
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(&*self.text))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_compared_as_insta_does() {
        assert_eq!(Text::new("a\r\nb  \n\n").unwrap().as_str(), "a\nb");
        assert_eq!(Text::new("\n  a").unwrap().as_str(), "\n  a");
        assert_eq!(Text::new("a\r\r\nb").unwrap().as_str(), "a\nb");
        for empty in ["", " ", "\r\n\t"] {
            assert_eq!(Text::new(empty), Err(EmptyText));
        }
    }

    #[test]
    fn a_digest_has_one_spelling() {
        assert_eq!(Digest::of("").to_string(), "e3b0c44298fc");
        for text in ["e3b0c44298f", "E3B0C44298FC", "+3b0c44298fc", "e3b0c44298fc1c", ""] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_digest_survives_its_spelling(bytes: [u8; 4]) {
            let digest = Digest::of(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        }

        #[test]
        fn a_text_stays_as_it_is(text in "(?s)[ab \r\n]{0,12}|.{0,30}") {
            if let Ok(once) = Text::new(&text) {
                prop_assert_eq!(Text::new(once.as_str()), Ok(once));
            }
        }
    }
}
