//! Unix timestamps that follow the runtime's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Turns the runtime's instants, which tests can pause, into unix time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    start_unix_ms: u64,
}

impl Clock {
    /// Starts a clock at the given unix time, or at the system's.
    pub(crate) fn start(start_unix_ms: Option<u64>) -> Self {
        let start_unix_ms = start_unix_ms.unwrap_or_else(|| {
            let since_epoch = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or(Duration::ZERO);
            u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
        });
        Self {
            start: Instant::now(),
            start_unix_ms,
        }
    }

    /// Unix time now, in milliseconds.
    pub(crate) fn unix_ms(&self) -> u64 {
        let elapsed = self.start.elapsed().as_millis();
        self.start_unix_ms
            .saturating_add(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// Unix time now, in seconds.
    pub(crate) fn unix_seconds(&self) -> u64 {
        self.unix_ms() / 1000
    }
}
