//! Outcomes of requests, and what lists tell of them.

use serde::Serialize;

use super::request::Variant;
use super::{RunId, ShardId};
use crate::money::Money;
use crate::outcome::{Failure, FailureKind, Usage};
use crate::sink::{Doubt, Shrunk};

/// An outcome of a request in a shard.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeRecord {
    /// The request.
    pub seq: u64,
    /// Answer or failure.
    pub verdict: Verdict,
    /// Why the model stopped, as the host says.
    pub finish_reason: Option<String>,
    /// Tokens, where the host gave them.
    pub usage: Option<Usage>,
    /// Known cost.
    pub cost: Money,
    /// Cost the host may charge although it gave no usage.
    pub possible_cost: Money,
    /// The host's time for this request.
    pub latency_ms: Option<u64>,
    /// What happens to the request next.
    pub next: Next,
}

impl OutcomeRecord {
    /// Whether what comes next goes with the verdict for a request of a tier: an answer without a doubt
    /// ends it, a doubted one is asked again at a later tier, and a failure does not end it as done.
    pub fn is_consistent(&self, tier: u32) -> bool {
        match (&self.verdict, &self.next) {
            (Verdict::Answered { .. }, next) => *next == Next::Done,
            (Verdict::Doubted { .. }, Next::Again { variant, .. }) => variant.tier > tier,
            (Verdict::Doubted { .. }, _) => false,
            (Verdict::Failed(_), next) => *next != Next::Done,
        }
    }
}

/// Answer or failure.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// An answer that passed every check.
    Answered {
        /// What the narrow repair did.
        repair: Option<String>,
    },
    /// An answer that passed every check and that the caller doubts. It is the request's answer until a
    /// later tier gives another. What comes next is [`Next::Again`] at a later tier.
    Doubted {
        /// What the narrow repair did.
        repair: Option<String>,
        /// Why it is doubted.
        doubt: Doubt,
    },
    /// No answer.
    Failed(Failure),
}

impl Verdict {
    /// What the narrow repair did to an answer.
    pub fn repair(&self) -> Option<&str> {
        match self {
            Verdict::Answered { repair } | Verdict::Doubted { repair, .. } => repair.as_deref(),
            Verdict::Failed(_) => None,
        }
    }

    /// Why there is no answer.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Verdict::Answered { .. } | Verdict::Doubted { .. } => None,
            Verdict::Failed(failure) => Some(failure),
        }
    }

    /// Why the answer is doubted.
    pub fn doubt(&self) -> Option<&Doubt> {
        match self {
            Verdict::Doubted { doubt, .. } => Some(doubt),
            Verdict::Answered { .. } | Verdict::Failed(_) => None,
        }
    }
}

/// What happens to a request after an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It has its answer.
    Done,
    /// It is asked again.
    Again {
        /// With these settings.
        variant: Variant,
        /// With these messages, where they were shortened.
        shrunk: Option<Shrunk>,
    },
    /// It ends without an answer; a later run may ask again. Where a doubted answer stands, it ends
    /// with that answer instead.
    Failed,
    /// It ends without an answer and is not asked again by itself. Where a doubted answer stands, it
    /// ends with that answer instead.
    Quarantined,
}

/// What attempts of a shard came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptLine {
    /// The shard.
    pub shard: ShardId,
    /// The kind of failure; `None` for answers.
    pub kind: Option<FailureKind>,
    /// Whether they asked again about doubted answers.
    pub second_opinion: bool,
    /// How many attempts.
    pub attempts: u64,
    /// How many of them were repaired.
    pub repaired: u64,
    /// Their tokens.
    pub usage: Usage,
    /// Their known cost.
    pub cost: Money,
    /// Their possible cost.
    pub possible_cost: Money,
}

/// Where requests stand with a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TierLine {
    /// Requests answered at the tier without a doubt.
    Answered {
        /// The tier.
        tier: u32,
        /// How many.
        requests: u64,
    },
    /// Requests that the tier answered and that were handed on because the answer was doubted.
    Doubted {
        /// The tier.
        tier: u32,
        /// Why.
        reason: String,
        /// How many whose doubted answer is their answer: a later tier gave none, or not yet.
        standing: u64,
        /// How many whose answer a later tier replaced.
        replaced: u64,
    },
    /// Requests whose last attempt at the tier failed and that left it: to the next tier, or ended.
    Failed {
        /// The tier.
        tier: u32,
        /// The kind of the last failure at the tier.
        kind: FailureKind,
        /// How many.
        requests: u64,
    },
    /// Requests that wait for the tier or are out at it, those with a doubted answer included.
    Open {
        /// The tier.
        tier: u32,
        /// How many.
        requests: u64,
    },
}

/// A request that ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedRequest {
    /// Its place in the run.
    pub seq: u64,
    /// Its id on the wire.
    pub custom_id: String,
    /// What it was about.
    pub subject: String,
    /// What the subject belongs to.
    pub group: String,
    /// The tier of the last attempt.
    pub tier: u32,
    /// Attempts in this run.
    pub attempts: u32,
    /// The last failure's kind.
    pub kind: FailureKind,
    /// The last failure's reason.
    pub detail: String,
    /// Whether it is kept from being asked again.
    pub quarantined: bool,
}

/// The place of a request among all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestCursor {
    /// The run.
    pub run: RunId,
    /// The place in the run.
    pub seq: u64,
}

/// An open request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRequest {
    /// Its place.
    pub cursor: RequestCursor,
    /// What it is about.
    pub subject: String,
    /// What the subject belongs to.
    pub group: String,
    /// Whether it is out in a shard.
    pub in_flight: bool,
    /// Whether it has an answer, and is open only because the answer is doubted.
    pub has_answer: bool,
}
