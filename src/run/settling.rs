//! `settle`: an answer counts when it has been seen twice, so far apart.

use std::time::Duration;

use tokio::time::Instant;

/// What was seen last, and since when.
pub(super) struct Settling {
    apart: Duration,
    last: Option<(Instant, String)>,
}

/// Whether an answer has stayed the same.
pub(super) enum Settled {
    Yes,
    /// It has to be looked at again.
    NotYet {
        /// After this time.
        left: Duration,
        why: String,
    },
}

impl Settling {
    pub(super) fn new(apart: Duration) -> Self {
        Self { apart, last: None }
    }

    /// Takes in one more answer, as a snapshot would show it.
    pub(super) fn look(&mut self, text: String, now: Instant) -> Settled {
        let since = match &self.last {
            Some((since, last)) if *last == text => *since,
            _ => now,
        };
        let seen = now - since;
        if since != now && seen >= self.apart {
            return Settled::Yes;
        }
        self.last = Some((since, text));
        let why = format!("`settle`: no two equal answers came {} ms apart", self.apart.as_millis());
        Settled::NotYet { left: self.apart.saturating_sub(seen), why }
    }

    /// Begins anew: an answer that does not count came between.
    pub(super) fn forget(&mut self) -> Settled {
        self.last = None;
        Settled::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_when_it_was_seen_twice_so_far_apart() {
        let mut settling = Settling::new(Duration::from_millis(300));
        let mut now = Instant::now();
        let mut after = |milliseconds, text: Option<&str>| {
            now += Duration::from_millis(milliseconds);
            let settled = match text {
                Some(text) => settling.look(text.to_owned(), now),
                None => settling.forget(),
            };
            match settled {
                Settled::Yes => None,
                Settled::NotYet { left, .. } => Some(left.as_millis()),
            }
        };
        assert_eq!(after(0, Some("a")), Some(300));
        assert_eq!(after(100, Some("a")), Some(200));
        assert_eq!(after(200, Some("b")), Some(300));
        assert_eq!(after(200, None), None);
        assert_eq!(after(200, Some("b")), Some(300));
        assert_eq!(after(300, Some("b")), None);
    }
}
