//! What goes wrong on purpose.

use std::time::Duration;

use crate::world::Happening;

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A status without a body of use, 502 for instance.
    Status(u16),
    /// No response in time.
    Timeout,
    /// The connection breaks.
    Dropped,
    /// The hourly limit, as status 403 with headers.
    RateLimited {
        /// How long until it is over.
        resets_in: Duration,
    },
    /// The hourly limit, told inside a response with status 200.
    RateLimitedInside {
        /// How long until it is over.
        resets_in: Duration,
    },
    /// A secondary limit, with or without a time to wait.
    Secondary {
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// "Something went wrong while executing your query", with status 200.
    OutOfTimeInside,
    /// One list of one pull request of a `Whole` query is null, with an error that says so.
    ListLost(&'static str),
    /// A body that is no JSON.
    Garbage,
}

/// When a fault happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    /// Only for this operation (`Whole`, `Changes`, ...); `None` for all.
    pub operation: Option<&'static str>,
    /// At these calls, counted from 1 among those the rule is for.
    pub calls: Vec<u64>,
    /// What happens.
    pub fault: Fault,
}

/// Everything scripted.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Faults; the first rule that holds decides.
    pub faults: Vec<FaultRule>,
    /// `Whole` queries for more pull requests than this are too heavy; `None` for no limit.
    pub heavy_above: Option<usize>,
    /// Pull requests, by id, that are too heavy even alone, unless asked for in small pages.
    pub heavy_alone: Vec<String>,
    /// Pull requests, by id, that cannot be read at all.
    pub unreadable: Vec<String>,
    /// What happens in the world after a call, counted over all calls.
    pub happenings: Vec<(u64, Happening)>,
    /// Points an hour.
    pub points_per_hour: Option<u64>,
    /// How far the host's clock is ahead, in seconds.
    pub clock_ahead_seconds: i64,
    /// After this many calls the token is no longer accepted.
    pub revoked_after: Option<u64>,
    /// Tokens of an app's installation are no longer accepted after this many calls with each.
    pub installation_token_calls: Option<u64>,
    /// Whether the owner wants single sign-on.
    pub single_sign_on: bool,
    /// Whether the token lacks a scope.
    pub lacks_scope: bool,
    /// What `X-OAuth-Scopes` says; `None` for tokens without scopes.
    pub scopes: Option<&'static str>,
    /// Fields of pull requests that the token may not read.
    pub refused_fields: Vec<&'static str>,
    /// The permissions of the app's installation, each `read`, `write` or whatever is said.
    pub permissions: Vec<(&'static str, &'static str)>,
    /// Whether the app's installation is suspended.
    pub suspended: bool,
}
