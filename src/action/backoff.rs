//! Pauses between attempts.

use std::time::Duration;

/// How pauses grow.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    first: Duration,
    /// Each is longer than the one before by so many parts of it.
    grows: u32,
    /// The longest: from here on asking again and again costs more than watching.
    pub longest: Duration,
}

impl Pace {
    /// On a server that lives in the time of the wall: 1 ms, each a quarter longer up to 100 ms. So nobody waits much more than a
    /// quarter longer than what is waited for takes; with doubling it would be up to twice.
    pub const WAITING: Self = Self { first: Duration::from_millis(1), grows: 4, longest: Duration::from_millis(100) };

    /// Where time jumps, and not a pause costs anything but an attempt: 25 ms, which is longer than the informers and
    /// controllers of a model take, each twice the one before up to 500 ms.
    pub const LEAPING: Self = Self { first: Duration::from_millis(25), grows: 1, longest: Duration::from_millis(500) };
}

/// Pauses until their sum would exceed what may be waited.
#[derive(Debug, Clone)]
pub struct Backoff {
    pace: Pace,
    next: Duration,
    left: Duration,
}

impl Backoff {
    /// Pauses that come to `patience` together.
    pub fn new(pace: Pace, patience: Duration) -> Self {
        Self { pace, next: pace.first, left: patience }
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next.min(self.left);
        self.left -= pause;
        self.next = (self.next + self.next / self.pace.grows).min(self.pace.longest);
        (!pause.is_zero()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_come_to_the_patience() {
        let patience = Duration::from_secs(2);
        for (pace, beginning) in
            [(Pace::WAITING, [1000, 1250, 1562, 1953]), (Pace::LEAPING, [25_000, 50_000, 100_000, 200_000])]
        {
            let pauses: Vec<Duration> = Backoff::new(pace, patience).collect();
            let first: Vec<u128> = pauses.iter().take(4).map(Duration::as_micros).collect();
            assert_eq!(first, beginning);
            assert_eq!(pauses.iter().max(), Some(&pace.longest));
            assert_eq!(pauses.iter().sum::<Duration>(), patience);
        }
    }
}
