//! Shards: what is planned, what is at the host, what reconciling found.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::request::Variant;
use super::words;
use super::{RunId, ShardId};
use crate::money::{Money, TokenPrice};
use crate::outcome::{UnknownWord, Usage};
use crate::tier::ModelRef;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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

impl ShardTally {
    /// Whether no line answered a request a second time.
    pub fn is_without_extras(&self) -> bool {
        self.extra_usage == Usage::default() && self.extra_cost == Money::ZERO
    }
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
