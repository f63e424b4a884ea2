//! One suite on several machines: which of the scenarios is whose.
//!
//! Pure but for the one file of durations. Whoever has the same scenarios and the same file gets the same shards, so that
//! machines need not talk to each other.

mod durations;
mod partition;

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

pub use durations::{Durations, DurationsError, FILE_NAME};
pub use partition::Partition;

/// One of the equal parts of a suite, written `2/5`: the second of five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    number: u16,
    of: NonZeroU16,
}

/// A text that names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ShardError {
    reason: String,
}

impl Shard {
    /// Which one, counted from 1.
    pub fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> NonZeroU16 {
        self.of
    }

    /// The shard of this number among so many, if there is one.
    pub fn new(number: u16, of: u16) -> Option<Self> {
        let of = NonZeroU16::new(of)?;
        (1..=of.get()).contains(&number).then_some(Self { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason: String| Err(ShardError { reason });
        let numbers = text.split_once('/').and_then(|(number, of)| Some((read(number)?, read(of)?)));
        match numbers {
            None => wrong(format!("`{text}` is no shard: write which one of how many, as in 2/5")),
            Some((_, 0)) => {
                wrong(format!("`{text}` is one of no shards at all: the smallest number of them is 1, as in 1/1"))
            }
            Some((number, of)) => Self::new(number, of).map_or_else(
                || wrong(format!("there is no shard `{text}`: they are counted from 1/{of} to {of}/{of}")),
                Ok,
            ),
        }
    }
}

/// A number in digits and nothing else: `+2` is no way to write one here.
fn read(digits: &str) -> Option<u16> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_so_many() {
        for text in ["1/1", "2/5", "5/5", "65535/65535"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for (text, says) in [
            ("0/5", "they are counted from 1/5 to 5/5"),
            ("6/5", "they are counted from 1/5 to 5/5"),
            ("2/0", "the smallest number of them is 1"),
            ("0/0", "the smallest number of them is 1"),
            ("a/b", "write which one of how many, as in 2/5"),
            ("2", "as in 2/5"),
            ("/", "as in 2/5"),
            ("2/", "as in 2/5"),
            ("2/5/7", "as in 2/5"),
            ("-1/5", "as in 2/5"),
            ("+1/5", "as in 2/5"),
            (" 1/5", "as in 2/5"),
            ("1/65536", "as in 2/5"),
        ] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(text), "{error}");
        }
    }
}
