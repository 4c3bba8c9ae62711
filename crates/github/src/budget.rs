//! One budget for each token, shared by all tasks that use it.
//!
//! GitHub counts points an hour, points a minute and requests at once (its documentation on rate
//! limits of GraphQL: 5,000 points an hour, more for Apps; 2,000 points a minute; 100 at once). The
//! budget keeps below each, waits where one is reached, and says until when.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Points a minute that are used at most: a little less than the host allows.
const POINTS_PER_MINUTE: u64 = 1_800;
/// The first wait after a secondary limit that names no time; it doubles with each further one.
const SECONDARY_FIRST: Duration = Duration::from_mins(1);
/// The longest such wait.
const SECONDARY_MAX: Duration = Duration::from_mins(15);

/// What the host says of the hourly limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HourlyLimit {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// From now until it is full again.
    pub(crate) resets_in: Duration,
}

/// Why a task must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Hourly,
    Minute,
    Secondary,
}

impl Reason {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Reason::Hourly => "the hourly limit of the token is used up",
            Reason::Minute => "the limit of points a minute is reached",
            Reason::Secondary => "GitHub asks for a pause (secondary limit)",
        }
    }
}

pub(crate) struct Budget {
    /// Points that are left to others who use the same token.
    floor: u64,
    at_once: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hourly: Option<(HourlyLimit, Instant)>,
    paused_until: Option<Instant>,
    secondary_in_a_row: u32,
    /// Points by the time they were used, of the last minute.
    minute: VecDeque<(Instant, u64)>,
    spent: u64,
    calls: u64,
}

impl Budget {
    pub(crate) fn new(floor: u64, at_once: usize) -> Budget {
        Budget {
            floor,
            at_once: Semaphore::new(at_once.max(1)),
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to one request at this moment. Waits for the number of requests at once only.
    pub(crate) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.at_once.acquire().await.ok()
    }

    /// How long to wait before the next request, and why.
    pub(crate) fn wait(&self) -> Option<(Duration, Reason)> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(until) = state.paused_until {
            if until > now {
                return Some((until - now, Reason::Secondary));
            }
            state.paused_until = None;
        }
        if let Some((hourly, seen)) = state.hourly {
            let left = hourly.resets_in.saturating_sub(now - seen);
            if left.is_zero() {
                state.hourly = None;
            } else if hourly.remaining <= self.floor.min(hourly.limit / 2) {
                return Some((left + Duration::from_secs(1), Reason::Hourly));
            }
        }
        let minute_ago = now.checked_sub(Duration::from_mins(1));
        while let Some((at, _)) = state.minute.front()
            && minute_ago.is_some_and(|minute_ago| *at <= minute_ago)
        {
            state.minute.pop_front();
        }
        let used: u64 = state.minute.iter().map(|(_, points)| points).sum();
        if used >= POINTS_PER_MINUTE
            && let Some((first, _)) = state.minute.front()
        {
            let left = (*first + Duration::from_mins(1)).saturating_duration_since(now);
            return Some((left.max(Duration::from_millis(100)), Reason::Minute));
        }
        None
    }

    /// Notes a response: its cost and what is left, where the host tells.
    pub(crate) fn note(&self, cost: Option<u64>, hourly: Option<HourlyLimit>) {
        let now = Instant::now();
        let mut state = self.state();
        state.secondary_in_a_row = 0;
        state.calls += 1;
        let cost = cost.unwrap_or(1);
        state.spent += cost;
        state.minute.push_back((now, cost));
        // Enterprise servers without limits say 0 of 0.
        if let Some(hourly) = hourly.filter(|hourly| hourly.limit > 0) {
            state.hourly = Some((hourly, now));
        }
    }

    /// Notes that the hourly limit is used up.
    pub(crate) fn note_used_up(&self, resets_in: Duration) {
        let mut state = self.state();
        let limit = state.hourly.map_or(5_000, |(hourly, _)| hourly.limit);
        state.hourly = Some((
            HourlyLimit {
                limit,
                remaining: 0,
                resets_in,
            },
            Instant::now(),
        ));
    }

    /// Notes a secondary limit: all tasks pause, the longer the more of them come in a row.
    pub(crate) fn note_secondary(&self, retry_after: Option<Duration>) {
        let mut state = self.state();
        state.secondary_in_a_row = state.secondary_in_a_row.saturating_add(1);
        let pause = retry_after.unwrap_or_else(|| {
            let doublings = state.secondary_in_a_row.saturating_sub(1).min(10);
            let pause = SECONDARY_FIRST
                .saturating_mul(1 << doublings)
                .min(SECONDARY_MAX);
            pause.mul_f64(rand::rng().random_range(1.0..1.2))
        });
        let until = Instant::now() + pause;
        state.paused_until = Some(state.paused_until.map_or(until, |known| known.max(until)));
    }

    /// Calls and points so far.
    pub(crate) fn used(&self) -> (u64, u64) {
        let state = self.state();
        (state.calls, state.spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hourly(remaining: u64, seconds: u64) -> HourlyLimit {
        HourlyLimit {
            limit: 5_000,
            remaining,
            resets_in: Duration::from_secs(seconds),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_at_the_floor_until_the_hour_is_over() {
        let budget = Budget::new(200, 4);
        budget.note(Some(5), Some(hourly(201, 600)));
        assert_eq!(budget.wait(), None);
        budget.note(Some(5), Some(hourly(196, 600)));
        assert_eq!(
            budget.wait(),
            Some((Duration::from_secs(601), Reason::Hourly))
        );
        tokio::time::advance(Duration::from_secs(601)).await;
        assert_eq!(budget.wait(), None);
        assert_eq!(budget.used(), (2, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_without_limits_says_nothing_of_nothing() {
        let budget = Budget::new(200, 4);
        budget.note(
            Some(1),
            Some(HourlyLimit {
                limit: 0,
                remaining: 0,
                resets_in: Duration::from_mins(5),
            }),
        );
        assert_eq!(budget.wait(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn points_a_minute_are_kept_below_the_limit() {
        let budget = Budget::new(0, 4);
        for _ in 0..18 {
            budget.note(Some(100), None);
        }
        let (wait, reason) = budget.wait().expect("waits");
        assert_eq!((wait, reason), (Duration::from_mins(1), Reason::Minute));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(budget.wait(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn secondary_limits_pause_all_tasks_longer_each_time() {
        let budget = Budget::new(0, 4);
        budget.note_secondary(Some(Duration::from_secs(7)));
        assert_eq!(
            budget.wait(),
            Some((Duration::from_secs(7), Reason::Secondary))
        );
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(budget.wait(), None);
        budget.note_secondary(None);
        let (wait, _) = budget.wait().expect("waits");
        assert!((120..150).contains(&wait.as_secs()), "{wait:?}");
        tokio::time::advance(wait).await;
        budget.note(Some(1), None);
        budget.note_secondary(None);
        let (wait, _) = budget.wait().expect("waits");
        assert!((60..75).contains(&wait.as_secs()), "{wait:?}");
    }
}
