//! Counts for a look at the whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Statistics {
    /// The version of the schema.
    pub schema_version: u32,
    /// Bytes on disk, without what is not yet checkpointed.
    pub size_bytes: u64,
    /// Pull requests.
    pub pull_requests: u64,
    /// Repositories.
    pub repositories: u64,
    /// Teams.
    pub teams: u64,
    /// Pull requests with a verdict.
    pub verdicts: u64,
    /// Pull requests with an analysis, current or not.
    pub analyses: u64,
    /// When the earliest pull request was opened.
    #[schemars(with = "Option<String>")]
    pub earliest: Option<Timestamp>,
    /// When the latest pull request was opened.
    #[schemars(with = "Option<String>")]
    pub latest: Option<Timestamp>,
}
