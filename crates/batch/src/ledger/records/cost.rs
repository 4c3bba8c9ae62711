//! What attempts cost, in the grains that reports are made from.

use jiff::Timestamp;
use serde::Serialize;

use super::ShardId;
use crate::money::Money;
use crate::outcome::{FailureKind, Usage};
use crate::tier::ModelRef;

/// Which attempts count: those whose outcome was recorded in a span of time, of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostFilter {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
    /// Of this group alone. Lines that answered a request a second time belong to no group.
    pub group: Option<String>,
}

impl CostFilter {
    /// Whether a moment lies in the span.
    pub fn includes(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.before.is_none_or(|before| at < before)
    }
}

/// The attempts of one shard for one group whose outcomes were recorded in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostCell {
    /// The shard.
    pub shard: ShardId,
    /// The group; `None` for what lines cost that answered a request a second time.
    pub group: Option<String>,
    /// The month in UTC, as `2026-11`.
    pub month: String,
    /// Attempts with an outcome.
    pub attempts: u64,
    /// Those that gave a request its first answer. What asks again about a doubted answer is not among
    /// them, so that a request counts once.
    pub answered: u64,
    /// Those that failed.
    pub failed: u64,
    /// Tokens of first answers.
    pub answered_usage: Usage,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// Known cost.
    pub cost: Money,
    /// Cost that the host may charge for failures without usage.
    pub possible_cost: Money,
}

/// What one request cost in its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCost {
    /// Its place in the run.
    pub seq: u64,
    /// Its id on the wire.
    pub custom_id: String,
    /// What it is about.
    pub subject: String,
    /// What the subject belongs to.
    pub group: String,
    /// The tier whose answer it has, if it has one.
    pub answered_by: Option<u32>,
    /// Attempts with an outcome.
    pub attempts: u64,
    /// Those that gave it its first answer: one or none.
    pub answered: u64,
    /// Those that failed.
    pub failed: u64,
    /// Tokens of its first answer.
    pub answered_usage: Usage,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// Known cost.
    pub cost: Money,
    /// Cost that the host may charge for failures without usage.
    pub possible_cost: Money,
    /// What the same tokens cost by synchronous calls.
    pub sync_cost: Money,
}

/// One attempt at a request, with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptRecord {
    /// The request's place in the run.
    #[serde(skip)]
    pub seq: u64,
    /// Which attempt of the run it was, from 1.
    pub attempt: u32,
    /// The tier.
    pub tier: u32,
    /// Whom it was asked of.
    #[serde(flatten)]
    pub model: ModelRef,
    /// The shard.
    pub shard: ShardId,
    /// The kind of failure; `None` for an answer.
    pub kind: Option<FailureKind>,
    /// The failure's reason.
    pub detail: Option<String>,
    /// Why the answer was doubted and asked about again.
    pub doubt: Option<String>,
    /// What the narrow repair did to the answer.
    pub repair: Option<String>,
    /// Why the model stopped, as the host says.
    pub finish_reason: Option<String>,
    /// Tokens, where the host told them.
    pub usage: Option<Usage>,
    /// Known cost in dollars.
    #[serde(rename = "cost_usd", serialize_with = "crate::money::serialize_usd")]
    pub cost: Money,
    /// Cost that the host may charge although it told no tokens, in dollars.
    #[serde(
        rename = "possible_cost_usd",
        serialize_with = "crate::money::serialize_usd"
    )]
    pub possible_cost: Money,
    /// When the outcome was recorded.
    pub recorded_at: Timestamp,
}
