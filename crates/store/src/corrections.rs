//! Corrections of verdicts, and the log of who changed what.

use jiff::Timestamp;
use model::{Correction, PrKey, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A user's decision about the verdict on one pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The pull request.
    pub key: PrKey,
    /// What is right; `None` withdraws the correction that stands.
    pub correction: Option<Correction>,
    /// Who says so.
    pub by: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A decision as it stands in the history of its pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRecord {
    /// Its place among all decisions.
    pub id: u64,
    /// What was said to be right; `None` for a withdrawal.
    pub correction: Option<Correction>,
    /// Who said so.
    pub by: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A correction that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// The decision.
    pub record: CorrectionRecord,
    /// What signatures and models say without it.
    pub automatic: Verdict,
}

/// A pull request whose verdict is corrected.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectedPullRequest {
    /// The pull request.
    pub key: PrKey,
    /// The correction, and the verdict without it.
    pub corrected: Corrected,
}

/// Something that a user did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What, in a word or two: `correct`, `withdraw`, `start run`, ...
    pub action: String,
    /// To what: the key of a pull request, the number of a run, ...
    pub subject: String,
    /// How it was before, where that can be said.
    pub old: Option<Value>,
    /// How it is now.
    pub new: Option<Value>,
}

/// An entry of the log with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its place in the log, from 1.
    pub id: u64,
    /// What happened.
    #[serde(flatten)]
    pub entry: AuditEntry,
}
