//! Requests that are kept from being asked again, and what users decide about them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::words;
use super::{RequestCursor, RunId};
use crate::outcome::{FailureKind, UnknownWord};

/// A request that is kept from being asked again: quarantined by the cascade, or dropped by a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRequest {
    /// Its place.
    pub cursor: RequestCursor,
    /// Its id on the wire.
    pub custom_id: String,
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
    /// The tier of the last attempt.
    pub tier: u32,
    /// Attempts in its run.
    pub attempts: u32,
    /// The last failure's kind.
    pub kind: FailureKind,
    /// The last failure's reason.
    pub detail: String,
    /// Whether a user dropped it: then no version of the prompt or the schema asks this content again.
    pub dropped: bool,
    /// What the user said when ruling on it, where something was said.
    pub note: Option<String>,
}

/// What a user decides about a quarantined request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Lift the quarantine: the next run that wants it may ask it again, its failures forgotten.
    Retry,
    /// Never ask this content again, whatever the versions of prompt and schema.
    Drop,
}

words!(Decision {
    Retry = "retry",
    Drop = "drop",
});

/// A decision with its reason and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The decision.
    pub decision: Decision,
    /// Why, in the user's words.
    pub note: Option<String>,
    /// Now.
    pub at: Timestamp,
}

/// One entry of the list of decisions; the list only grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulingLine {
    /// Its number, in the order of time.
    pub id: u64,
    /// The run of the request.
    pub run: RunId,
    /// The request's place in the run.
    pub seq: u64,
    /// What the request was about.
    pub subject: String,
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}
