//! Runs, and the right to work on them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RunId;
use super::words;
use crate::outcome::UnknownWord;
use crate::task::RunSpec;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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
