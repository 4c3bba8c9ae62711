//! The time of day. Waiting is always done with tokio's timer, so tests can pause it.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time of day.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that starts at a given time and follows tokio's timer, which tests can pause.
#[derive(Debug, Clone, Copy)]
pub struct TimerClock {
    started_at: Timestamp,
    started: Instant,
}

impl TimerClock {
    /// A clock that shows `now` at this moment.
    pub fn starting_at(now: Timestamp) -> TimerClock {
        TimerClock {
            started_at: now,
            started: Instant::now(),
        }
    }
}

impl Clock for TimerClock {
    fn now(&self) -> Timestamp {
        SignedDuration::try_from(self.started.elapsed())
            .ok()
            .and_then(|elapsed| self.started_at.checked_add(elapsed).ok())
            .unwrap_or(self.started_at)
    }
}
