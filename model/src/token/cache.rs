//! What is remembered of tokens.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::chain::Found;

/// For how long a token that was found good is believed without another look.
const BELIEVED: SignedDuration = SignedDuration::from_secs(10);

/// How many of each are kept: more than any suite uses, and a bound of what is held.
const KEPT: usize = 10_000;

/// The tokens that were found good, for ten seconds: by token and audiences. What is refused is not remembered.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    good: HashMap<(String, Vec<String>), (Timestamp, Found)>,
    /// Tokens whose signature is right: that does not change.
    signed: HashSet<String>,
    /// By which mode a user impersonated last: what is tried first the next time.
    modes: HashMap<String, usize>,
}

impl Cache {
    pub(super) fn good(&self, token: &str, audiences: &[String], now: Timestamp) -> Option<&Found> {
        let (at, found) = self.good.get(&(token.to_owned(), audiences.to_vec()))?;
        (now.duration_since(*at) <= BELIEVED).then_some(found)
    }

    pub(super) fn remember(&mut self, token: &str, audiences: &[String], found: &Found, now: Timestamp) {
        if self.good.len() >= KEPT {
            self.good.retain(|_, (at, _)| now.duration_since(*at) <= BELIEVED);
        }
        // More than that in ten seconds: the real one forgets the oldest, this one does not remember more.
        if self.good.len() < KEPT {
            self.good.insert((token.to_owned(), audiences.to_vec()), (now, found.clone()));
        }
    }

    pub(super) fn is_signed(&self, token: &str) -> bool {
        self.signed.contains(token)
    }

    pub(super) fn signed(&mut self, token: &str) {
        if self.signed.len() >= KEPT {
            self.signed.clear();
        }
        self.signed.insert(token.to_owned());
    }

    pub(crate) fn mode(&self, user: &str) -> Option<usize> {
        self.modes.get(user).copied()
    }

    pub(crate) fn set_mode(&mut self, user: &str, mode: usize) {
        if self.modes.len() >= KEPT {
            self.modes.clear();
        }
        self.modes.insert(user.to_owned(), mode);
    }
}
