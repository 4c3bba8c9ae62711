//! The clocks: durations between two moments of a pull request.

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;

/// A moment from which or to which a clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Point {
    /// The first commit was made, at the latest when the pull request was opened.
    FirstCommit,
    /// Opened.
    Opened,
    /// Ready for review.
    Ready,
    /// First review or comment by another person, at or after ready and before the end.
    PickedUp,
    /// The same, counted from the opening.
    PickedUpFromOpen,
    /// First review by anyone but the author, bots included, from the opening.
    ReviewedByAnyone,
    /// First review or comment by a bot, at or after ready.
    BotReviewed,
    /// First approval by another person, at or after ready.
    Approved,
    /// Merged.
    Merged,
}

/// A clock.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Ready to merged: the headline.
    Cycle,
    /// First commit to merged.
    Full,
    /// First commit to opened.
    Coding,
    /// Ready to the first review or comment by another person.
    Pickup,
    /// Picked up to merged.
    Review,
    /// First approval by another person to merged.
    ApproveToMerge,
    /// Ready to the first review or comment by a bot.
    BotLatency,
    /// Opened to merged: for comparison only.
    OpenToMerge,
    /// Opened to the first review or comment by another person: for comparison only.
    PickupFromOpen,
    /// Opened to the first review by anyone, bots included: for showing the trap only.
    ReviewByAnyone,
}

impl Clock {
    /// Where the clock starts and ends.
    pub(crate) fn points(self) -> (Point, Point) {
        match self {
            Clock::Cycle => (Point::Ready, Point::Merged),
            Clock::Full => (Point::FirstCommit, Point::Merged),
            Clock::Coding => (Point::FirstCommit, Point::Opened),
            Clock::Pickup => (Point::Ready, Point::PickedUp),
            Clock::Review => (Point::PickedUp, Point::Merged),
            Clock::ApproveToMerge => (Point::Approved, Point::Merged),
            Clock::BotLatency => (Point::Ready, Point::BotReviewed),
            Clock::OpenToMerge => (Point::Opened, Point::Merged),
            Clock::PickupFromOpen => (Point::Opened, Point::PickedUpFromOpen),
            Clock::ReviewByAnyone => (Point::Opened, Point::ReviewedByAnyone),
        }
    }
}

/// Seconds between two moments; `None`, never clamped, where one is not known or they are in the
/// wrong order.
pub fn seconds_between(start: Option<i64>, end: Option<i64>, calendar: &Calendar) -> Option<i64> {
    calendar.seconds_between(start?, end?)
}
