//! The time of a model: that of tokio, so that a runtime with paused time makes waits cost nothing.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time. It begins at that of the wall, and goes on with tokio's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    begin: Timestamp,
    since: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { begin: Timestamp::now(), since: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        // A time beyond the year 9999 is none that anybody waits for.
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.begin.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// When tokio will show a time.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        let ahead = at.duration_since(self.begin);
        self.since + ahead.try_into().unwrap_or(std::time::Duration::ZERO)
    }
}

/// As API objects write times: whole seconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
