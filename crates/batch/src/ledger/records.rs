//! The rows of the ledger, as plain values.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::money::{Money, TokenPrice};
use crate::outcome::{Failure, FailureKind, UnknownWord, Usage};
use crate::sink::Shrunk;
use crate::task::{Payload, RunSpec};
use crate::tier::{Effort, ModelRef};

/// The number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

/// The number of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// A process works on it, or did until it died.
    Running,
    /// Planned, interrupted, or stopped by its budget or a wrong setting; can be resumed.
    Stopped,
    /// Every request has its outcome.
    Finished,
    /// Given up by the user.
    Cancelled,
}

words!(RunState {
    Running = "running",
    Stopped = "stopped",
    Finished = "finished",
    Cancelled = "cancelled",
});

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// What it asks, of whom.
    pub spec: RunSpec,
    /// Where it stands.
    pub state: RunState,
    /// Why it stopped, where there is a reason to tell.
    pub note: Option<String>,
    /// When it was planned.
    pub started_at: Timestamp,
    /// When it finished or was cancelled.
    pub ended_at: Option<Timestamp>,
}

/// The right to work on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who has it: a random word per process.
    pub owner: String,
    /// Now.
    pub now: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What to do while another owner's lease has not run out.
    pub takeover: Takeover,
}

/// What to do while another owner's lease on a run has not run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// Refuse.
    WhenIdle,
    /// Take it: the caller knows that the other process is gone.
    Now,
}

/// What became of a request that was to be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The run has it.
    Claimed,
    /// An open request of this or another run has the subject.
    Held(RunId),
    /// The same content with the same versions always failed.
    Quarantined(RunId),
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
    /// How many.
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

/// A shard about to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShard {
    /// The run.
    pub run: RunId,
    /// The settings.
    pub variant: Variant,
    /// Whom to ask.
    pub model: ModelRef,
    /// The word by which the remote batch is known again.
    pub token: String,
    /// Bytes of its input file.
    pub input_bytes: u64,
    /// The estimate of its prompt tokens.
    pub prompt_tokens: u64,
    /// The most it can cost.
    pub reserved: Money,
    /// The Batch price of the day.
    pub price: TokenPrice,
    /// The synchronous price of the day.
    pub sync_price: TokenPrice,
    /// Now.
    pub at: Timestamp,
}

/// A shard.
#[derive(Debug, Clone, PartialEq)]
pub struct Shard {
    /// Its number.
    pub id: ShardId,
    /// The run.
    pub run: RunId,
    /// The settings.
    pub variant: Variant,
    /// Whom to ask.
    pub model: ModelRef,
    /// The word by which the remote batch is known again.
    pub token: String,
    /// Where it stands.
    pub state: ShardState,
    /// How many requests it was planned with.
    pub requests: u64,
    /// Bytes of its input file.
    pub input_bytes: u64,
    /// The estimate of its prompt tokens.
    pub prompt_tokens: u64,
    /// The most it can cost.
    pub reserved: Money,
    /// The Batch price of its day.
    pub price: TokenPrice,
    /// The synchronous price of its day.
    pub sync_price: TokenPrice,
    /// The input file at the host.
    pub file_id: Option<String>,
    /// BLAKE3 of the input file, 64 hex digits.
    pub input_hash: Option<String>,
    /// The batch at the host.
    pub batch_id: Option<String>,
    /// The host's last status.
    pub remote_status: Option<String>,
    /// The file of results at the host.
    pub output_file_id: Option<String>,
    /// The file of errors at the host.
    pub error_file_id: Option<String>,
    /// What the host says went wrong with the batch as a whole.
    pub batch_errors: Vec<BatchError>,
    /// Why it was abandoned, where it was.
    pub note: Option<String>,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When its batch was first asked for.
    pub create_started_at: Option<Timestamp>,
    /// When its batch was created.
    pub created_at: Option<Timestamp>,
    /// When its batch ended.
    pub ended_at: Option<Timestamp>,
    /// When it was reconciled or abandoned.
    pub closed_at: Option<Timestamp>,
    /// Whether the remote files are deleted.
    pub files_deleted: bool,
    /// What reconciling found.
    pub tally: ShardTally,
}

/// An error of a batch as a whole, or of one of its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchError {
    /// The host's code.
    pub code: Option<String>,
    /// The host's words.
    pub message: Option<String>,
    /// The line of the input file, from 1.
    pub line: Option<u64>,
}

/// Where a shard stands. Each state is committed before and after the remote call it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShardState {
    /// Its requests are chosen.
    Planned,
    /// Its input file is at the host.
    Uploaded,
    /// Its batch is at the host.
    Created,
    /// Its batch has ended.
    Ended,
    /// Every request has its outcome.
    Collected,
    /// Given up; its requests wait again.
    Abandoned,
}

words!(ShardState {
    Planned = "planned",
    Uploaded = "uploaded",
    Created = "created",
    Ended = "ended",
    Collected = "collected",
    Abandoned = "abandoned",
});

/// Which shards to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardFilter {
    /// All.
    All,
    /// Those with something left to do, be it only deleting remote files.
    Unfinished,
}

/// A step of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardStep {
    /// `planned` to `uploaded`.
    Uploaded {
        /// The input file at the host.
        file_id: String,
        /// BLAKE3 of the input file, 64 hex digits.
        input_hash: String,
    },
    /// `uploaded`: the batch is about to be asked for.
    CreateStarted {
        /// Now.
        at: Timestamp,
    },
    /// `uploaded` back to `planned`: the host lost the file.
    FileLost,
    /// `uploaded` to `created`.
    Created {
        /// The batch at the host.
        batch_id: String,
        /// Now.
        at: Timestamp,
    },
    /// `created` to `ended`.
    Ended {
        /// The host's status.
        status: String,
        /// The file of results.
        output_file_id: Option<String>,
        /// The file of errors.
        error_file_id: Option<String>,
        /// What the host says went wrong.
        errors: Vec<BatchError>,
        /// Now.
        at: Timestamp,
    },
    /// `collected` or `abandoned`: the remote files are gone.
    FilesDeleted,
}

/// What reconciling a shard found besides one outcome per request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTally {
    /// Requests in neither file.
    pub missing: u64,
    /// Further lines for a request that had one.
    pub duplicates: u64,
    /// Lines for requests that were not in the shard.
    pub foreign: u64,
    /// Lines that name no request or cannot be read.
    pub unreadable: u64,
    /// The first of the missing, duplicate and foreign ids, as `missing:ID`, `duplicate:ID`,
    /// `foreign:ID`; at most 50.
    pub named: Vec<String>,
    /// Tokens of duplicate lines.
    pub extra_usage: Usage,
    /// Cost of duplicate lines.
    pub extra_cost: Money,
}

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

/// Answer or failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An answer that passed every check.
    Answered {
        /// What the narrow repair did.
        repair: Option<String>,
    },
    /// No answer.
    Failed(Failure),
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
    /// It ends without an answer; a later run may ask again.
    Failed,
    /// It ends without an answer and is not asked again by itself.
    Quarantined,
}

/// What attempts of a shard came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptLine {
    /// The shard.
    pub shard: ShardId,
    /// The kind of failure; `None` for answers.
    pub kind: Option<FailureKind>,
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
    /// Requests answered at the tier.
    Answered {
        /// The tier.
        tier: u32,
        /// How many.
        requests: u64,
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
    /// Requests that wait for the tier or are out at it.
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

/// A quarantined request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRequest {
    /// Its place.
    pub cursor: RequestCursor,
    /// What it was about.
    pub subject: String,
    /// What the subject belongs to.
    pub group: String,
    /// The hash of its content.
    pub content_hash: String,
    /// The prompt's version.
    pub prompt_version: String,
    /// The schema's version.
    pub schema_version: String,
    /// The last failure's kind.
    pub kind: FailureKind,
    /// The last failure's reason.
    pub detail: String,
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
}

impl Shard {
    /// Moves the shard on in memory; ledgers use it so that the rules are the same everywhere.
    ///
    /// # Errors
    /// The present state, when it does not allow the step.
    pub fn apply(&mut self, step: &ShardStep) -> Result<(), ShardState> {
        let required = match step {
            ShardStep::Uploaded { .. } => &[ShardState::Planned][..],
            ShardStep::CreateStarted { .. } | ShardStep::FileLost | ShardStep::Created { .. } => {
                &[ShardState::Uploaded]
            }
            ShardStep::Ended { .. } => &[ShardState::Created],
            ShardStep::FilesDeleted => &[ShardState::Collected, ShardState::Abandoned],
        };
        if !required.contains(&self.state) {
            return Err(self.state);
        }
        match step {
            ShardStep::Uploaded {
                file_id,
                input_hash,
            } => {
                self.state = ShardState::Uploaded;
                self.file_id = Some(file_id.clone());
                self.input_hash = Some(input_hash.clone());
            }
            ShardStep::CreateStarted { at } => self.create_started_at = Some(*at),
            ShardStep::FileLost => {
                self.state = ShardState::Planned;
                self.file_id = None;
                self.input_hash = None;
            }
            ShardStep::Created { batch_id, at } => {
                self.state = ShardState::Created;
                self.batch_id = Some(batch_id.clone());
                self.created_at = Some(*at);
            }
            ShardStep::Ended {
                status,
                output_file_id,
                error_file_id,
                errors,
                at,
            } => {
                self.state = ShardState::Ended;
                self.remote_status = Some(status.clone());
                self.output_file_id.clone_from(output_file_id);
                self.error_file_id.clone_from(error_file_id);
                self.batch_errors.clone_from(errors);
                self.ended_at = Some(*at);
            }
            ShardStep::FilesDeleted => self.files_deleted = true,
        }
        Ok(())
    }
}
