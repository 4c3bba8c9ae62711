//! The rows of the ledger, as plain values.

mod cost;
mod outcome;
mod quarantine;
mod request;
mod run;
mod shard;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use cost::{AttemptRecord, CostCell, CostFilter, RequestCost};
pub use outcome::{
    AttemptLine, FailedRequest, Next, OutcomeRecord, RequestCursor, TierLine, Verdict,
    WaitingRequest,
};
pub use quarantine::{Decision, QuarantinedRequest, Ruling, RulingLine};
pub use request::{Admission, Member, ReadyGroup, ReadyRequest, StoredRequest, Variant};
pub use run::{Lease, Run, RunState, Takeover};
pub use shard::{BatchError, NewShard, Shard, ShardFilter, ShardState, ShardStep, ShardTally};

/// The number of a run.
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
#[serde(transparent)]
pub struct RunId(pub i64);

/// The number of a shard.
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
#[serde(transparent)]
pub struct ShardId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for RunId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<RunId, Self::Err> {
        text.parse().map(RunId)
    }
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word in documents and in the ledger.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<$type, UnknownWord> {
                match word {
                    $($word => Ok($type::$variant),)+
                    _ => Err(UnknownWord(word.to_owned())),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

use words;
