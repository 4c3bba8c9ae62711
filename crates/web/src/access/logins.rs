//! Failed log-ins are slowed down: by address, and all together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that are free within [`WINDOW`], by address.
const FREE_FOR_ADDRESS: u32 = 5;

/// Failures that are free within [`WINDOW`], of all addresses together.
const FREE_FOR_ALL: u32 = 60;

const WINDOW: Duration = Duration::from_mins(1);

/// Addresses that are remembered; when there are more, only the limit for all holds them.
const MOST_ADDRESSES: usize = 10_000;

struct Count {
    failures: u32,
    since: Instant,
}

#[derive(Default)]
struct Failures {
    by_address: HashMap<IpAddr, Count>,
    all: Option<Count>,
}

/// Counts failed log-ins.
pub(crate) struct Logins {
    failures: Mutex<Failures>,
}

impl Logins {
    pub(crate) fn new() -> Self {
        Logins {
            failures: Mutex::default(),
        }
    }

    /// How long an address has to wait before it may try again; `None` when it need not.
    pub(crate) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |count: Option<&Count>, free: u32| {
            let count = count.filter(|count| count.failures >= free)?;
            WINDOW.checked_sub(now.saturating_duration_since(count.since))
        };
        left(failures.by_address.get(&address), FREE_FOR_ADDRESS)
            .max(left(failures.all.as_ref(), FREE_FOR_ALL))
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: IpAddr, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |count: &Count| now.saturating_duration_since(count.since) >= WINDOW;
        failures.by_address.retain(|_, count| !is_over(count));
        if failures.all.as_ref().is_some_and(is_over) {
            failures.all = None;
        }
        let fresh = || Count {
            failures: 0,
            since: now,
        };
        failures.all.get_or_insert_with(fresh).failures += 1;
        if failures.by_address.len() < MOST_ADDRESSES || failures.by_address.contains_key(&address)
        {
            let count = failures.by_address.entry(address).or_insert_with(fresh);
            count.failures += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_try_within_a_minute_waits() {
        let logins = Logins::new();
        let now = Instant::now();
        let here = IpAddr::from([10, 0, 0, 1]);
        let there = IpAddr::from([10, 0, 0, 2]);
        for _ in 0..FREE_FOR_ADDRESS {
            assert_eq!(logins.wait(here, now), None);
            logins.failed(here, now);
        }
        assert_eq!(logins.wait(here, now), Some(WINDOW));
        assert_eq!(logins.wait(there, now), None);
        assert_eq!(
            logins.wait(here, now + WINDOW + Duration::from_secs(1)),
            None
        );
    }

    #[test]
    fn many_addresses_together_wait_too() {
        let logins = Logins::new();
        let now = Instant::now();
        for last in 0..FREE_FOR_ALL {
            logins.failed(IpAddr::from([10, 0, 1, last as u8]), now);
        }
        assert!(logins.wait(IpAddr::from([10, 9, 9, 9]), now).is_some());
    }
}
