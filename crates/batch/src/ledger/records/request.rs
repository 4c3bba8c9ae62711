//! Requests, waiting and in shards.

use serde::{Deserialize, Serialize};

use super::RunId;
use crate::outcome::Usage;
use crate::task::Payload;
use crate::tier::Effort;

/// What became of a request that was to be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The run has it.
    Claimed,
    /// An open request of this or another run has the subject.
    Held(RunId),
    /// The same content with the same versions always failed, or a user dropped the content.
    Quarantined(RunId),
    /// Another run has answered the same content with the same versions since this run was opened:
    /// who looked for what to ask did so before the answer was there.
    Answered(RunId),
    /// The run has a request with this id already.
    RepeatedId,
}

/// The settings that a request is asked with; all requests of a shard share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Variant {
    /// The tier, counted from 1.
    pub tier: u32,
    /// The cap on completion tokens.
    pub max_completion_tokens: u32,
    /// How hard to think.
    pub effort: Option<Effort>,
}

/// Requests that wait for a shard with the same settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadyGroup {
    /// The settings.
    pub variant: Variant,
    /// How many, up to the number asked for.
    pub requests: u64,
}

/// A request that waits for a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyRequest {
    /// Its place in the run, from 1.
    pub seq: u64,
    /// Bytes of its id on the wire.
    pub custom_id_bytes: u64,
    /// Bytes of its messages.
    pub payload_bytes: u64,
    /// The estimate of its prompt tokens.
    pub prompt_tokens: u32,
}

/// A request with its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// Its place in the run, from 1.
    pub seq: u64,
    /// Its id on the wire.
    pub custom_id: String,
    /// What it is about.
    pub subject: String,
    /// What the subject belongs to.
    pub group: String,
    /// The hash of its content.
    pub content_hash: String,
    /// Its messages.
    pub payload: Payload,
    /// The estimate of its prompt tokens.
    pub prompt_tokens: u32,
}

/// A request as member of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place in the run, from 1.
    pub seq: u64,
    /// Its id on the wire.
    pub custom_id: String,
    /// Which attempt of the run this shard is for it, from 1.
    pub attempt: u32,
    /// Attempts at this tier before this shard; failures by configuration do not count.
    pub tier_attempts: u32,
    /// Attempts of earlier runs with the same content that brought no answer.
    pub prior_attempts: u32,
    /// The estimate of its prompt tokens.
    pub prompt_tokens: u32,
    /// The tokens of its outcome in this shard, where that is recorded; nothing where the host told
    /// no tokens.
    pub recorded: Option<Usage>,
}
