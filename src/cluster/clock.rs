//! The time that a cluster and whoever waits for it live in.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

/// Of which kind the time of a tokio runtime is. By default it is that of the wall.
///
/// On a runtime of one thread that begins with paused time (`start_paused`), time jumps to the next deadline whenever
/// there is nothing to do: a cluster in this process and what waits for it then live faster than the wall, and wait for
/// nothing. Other processes know nothing of that, so while one is waited for somebody [holds](Self::hold) the time to
/// that of the wall.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<Mutex<usize>>>);

impl Clock {
    /// The clock of a runtime that begins with paused time. There is one for each such runtime: it counts who holds it.
    pub fn paused() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether time jumps to the next deadline at present.
    pub fn leaps(&self) -> bool {
        self.0.as_ref().is_some_and(|count| *count.lock().unwrap_or_else(PoisonError::into_inner) == 0)
    }

    /// Lets time go by as on the wall for as long as what comes back is there. To be called on the runtime whose clock it
    /// is.
    pub fn hold(&self) -> Held {
        if let Some(count) = &self.0 {
            let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
            if *count == 0 {
                tokio::time::resume();
            }
            *count += 1;
        }
        Held(self.clone())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(paused)" } else { "Clock(real)" })
    }
}

/// While it is there, time goes by as on the wall.
#[derive(Debug)]
#[must_use]
pub struct Held(Clock);

impl Drop for Held {
    fn drop(&mut self) {
        let Some(count) = &self.0.0 else { return };
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        *count -= 1;
        // Nothing waits any more on a runtime that has ended.
        if *count == 0 && Handle::try_current().is_ok() {
            tokio::time::pause();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_is_real_while_anybody_holds_it() {
        let clock = Clock::paused();
        let is_frozen = || {
            let before = Instant::now();
            std::thread::sleep(Duration::from_millis(1));
            Instant::now() == before
        };
        assert!(is_frozen());
        let (first, second) = (clock.hold(), clock.clone().hold());
        assert!(!is_frozen());
        drop(first);
        assert!(!is_frozen() && !clock.leaps());
        drop(second);
        assert!(is_frozen() && clock.leaps());
        let before = Instant::now();
        sleep(Duration::from_hours(1)).await;
        assert_eq!(before.elapsed().as_secs(), 3600);
    }

    #[tokio::test]
    async fn real_time_needs_nobody_to_hold_it() {
        let _held = Clock::default().hold();
        assert!(tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await.is_err());
    }
}
