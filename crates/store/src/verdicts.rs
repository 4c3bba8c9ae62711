//! Verdicts in and out.

use measures::Measures;
use model::{Confidence, PrKey, Role, Signal, Verdict};
use serde::{Deserialize, Serialize};

use crate::corrections::Corrected;

/// A verdict to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictWrite {
    /// The pull request.
    pub key: PrKey,
    /// The content hash of the document the verdict was drawn from, 64 hex digits.
    pub content_hash: String,
    /// The verdict with its evidence.
    pub verdict: Verdict,
    /// What the same document measures.
    pub measures: Measures,
}

/// What storing verdicts did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictWrites {
    /// Verdicts stored, in place of an earlier one or not.
    pub stored: u64,
    /// Verdicts of pull requests that the store does not have; nothing was written for them.
    pub unknown: u64,
}

impl std::ops::AddAssign for VerdictWrites {
    fn add_assign(&mut self, other: Self) {
        self.stored += other.stored;
        self.unknown += other.unknown;
    }
}

/// A stored verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictRecord {
    /// The pull request.
    pub key: PrKey,
    /// Its team.
    pub team: String,
    /// The version of the catalogue that gave the verdict.
    pub catalogue_version: String,
    /// Whether the document is still the one the verdict was drawn from.
    pub content_is_current: bool,
    /// The verdict that holds, with its evidence.
    pub verdict: Verdict,
    /// The user's correction by which it holds, where one stands, and the verdict without it.
    pub corrected: Option<Corrected>,
}

/// How often a kind of evidence was found, plain bots left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EvidenceCount {
    /// The kind of place.
    pub signal: Signal,
    /// What the tool did.
    pub role: Role,
    /// How sure the signature was.
    pub confidence: Confidence,
    /// Pull requests with at least one such hit.
    pub pull_requests: u64,
    /// Hits.
    pub hits: u64,
}
