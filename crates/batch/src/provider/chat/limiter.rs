//! How many calls may be in flight: fewer after the host had too many, more again as it copes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Bounds the calls of all shards of a host together.
#[derive(Debug)]
pub(super) struct Limiter {
    permits: Arc<Semaphore>,
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Calls that may be in flight.
    allowed: usize,
    /// Permits to be taken out of use as they come back.
    surplus: usize,
    /// Calls that went well since the number was last changed.
    well: usize,
    /// Refusals in a row, for the pause where the host names none.
    strikes: u32,
    /// Nothing is asked before this.
    closed_until: Option<Instant>,
}

/// Why the host took no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It has too many.
    TooMany,
    /// It is not there.
    Away,
}

/// The right to one call.
#[derive(Debug)]
pub(super) struct Permit {
    limiter: Arc<Limiter>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Limiter {
    pub(super) fn new(most: usize) -> Arc<Limiter> {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Limiter {
            permits: Arc::new(Semaphore::new(most)),
            most,
            state: Mutex::new(State {
                allowed: most,
                surplus: 0,
                well: 0,
                strikes: 0,
                closed_until: None,
            }),
        })
    }

    /// The most calls that may ever be in flight.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Waits for the right to a call, first come first served, and for the end of a pause.
    pub(super) async fn acquire(self: &Arc<Limiter>) -> Permit {
        // The semaphore is never closed; without a permit the call is merely not bounded.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        loop {
            let closed_until = self.state().closed_until;
            match closed_until.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => break,
            }
        }
        Permit {
            limiter: Arc::clone(self),
            permit,
        }
    }

    /// A call went well: after as many as may be in flight, one more may be.
    pub(super) fn went_well(&self) {
        let mut state = self.state();
        state.strikes = 0;
        state.well += 1;
        if state.well < state.allowed || state.allowed >= self.most {
            return;
        }
        state.well = 0;
        state.allowed += 1;
        if state.surplus > 0 {
            state.surplus -= 1;
        } else {
            self.permits.add_permits(1);
        }
    }

    /// The host could not take a call: nobody asks for a while, and half as many afterwards where it
    /// had too many. Calls that were in flight together count as one refusal. `asked` is the pause the
    /// host wants; without it the pause is what `unasked` says to the number of refusals in a row.
    pub(super) fn was_refused(
        &self,
        why: Refused,
        asked: Option<Duration>,
        unasked: impl FnOnce(u32) -> Duration,
    ) {
        let now = Instant::now();
        let mut state = self.state();
        let is_paused = state.closed_until.is_some_and(|until| until > now);
        if !is_paused {
            state.strikes = state.strikes.saturating_add(1);
            state.well = 0;
        }
        if !is_paused && why == Refused::TooMany {
            let fewer = (state.allowed / 2).max(1);
            state.surplus += state.allowed - fewer;
            state.allowed = fewer;
        }
        let pause = match asked {
            Some(asked) => asked,
            None if is_paused => return,
            None => unasked(state.strikes),
        };
        let until = now + pause;
        if state.closed_until.is_none_or(|closed| closed < until) {
            state.closed_until = Some(until);
        }
    }

    #[cfg(test)]
    pub(super) fn allowed(&self) -> usize {
        self.state().allowed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        if state.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            state.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_second(_: u32) -> Duration {
        Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_calls_than_allowed_and_half_after_a_refusal() {
        let limiter = Limiter::new(4);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(limiter.acquire().await);
        }
        assert_eq!(limiter.permits.available_permits(), 0);
        // Four refusals of calls in flight together are one.
        for _ in 0..4 {
            limiter.was_refused(Refused::TooMany, None, a_second);
        }
        assert_eq!(limiter.allowed(), 2);
        held.clear();
        assert_eq!(limiter.permits.available_permits(), 2);
        // As many good calls as are allowed make room for one more, up to the most there may be.
        for expect in [2, 3, 3, 3, 4, 4, 4, 4, 4, 4] {
            limiter.went_well();
            assert_eq!(limiter.allowed(), expect);
        }
        assert_eq!(limiter.permits.available_permits(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_for_all_and_as_long_as_the_host_asks() {
        let limiter = Limiter::new(2);
        let start = Instant::now();
        limiter.was_refused(Refused::TooMany, Some(Duration::from_secs(7)), a_second);
        let (first, second) = tokio::join!(limiter.acquire(), async {
            // Another refusal meanwhile makes the pause no shorter.
            limiter.was_refused(Refused::TooMany, Some(Duration::from_secs(3)), a_second);
        });
        let () = second;
        drop(first);
        assert_eq!(start.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_the_host_does_not_name_grow() {
        let limiter = Limiter::new(2);
        let start = Instant::now();
        for strike in 1..=3 {
            limiter.was_refused(Refused::TooMany, None, |strikes| {
                assert_eq!(strikes, strike);
                Duration::from_secs(u64::from(strikes))
            });
            drop(limiter.acquire().await);
        }
        assert_eq!(start.elapsed().as_secs(), 1 + 2 + 3);
        assert_eq!(limiter.allowed(), 1);
        // A host that is away is not asked less afterwards.
        let limiter = Limiter::new(2);
        limiter.was_refused(Refused::Away, None, a_second);
        assert_eq!(limiter.allowed(), 2);
    }
}
