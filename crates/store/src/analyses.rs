//! Analyses in and out, and the pull requests that want one.

use jiff::Timestamp;
use model::{Analysis, PrKey};
use serde::{Deserialize, Serialize};

use crate::facts::StoredPullRequest;
use crate::selection::{Cursor, Selection};

/// What an analysis must have been made with to be current, beside the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The version of the prompt.
    pub prompt: String,
    /// The version of the answer's schema.
    pub schema: String,
}

/// Who answered.
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
#[serde(rename_all = "snake_case")]
pub enum AnalysisOrigin {
    /// The deterministic rules, never called a model.
    Rules,
    /// A language model.
    Model,
}

/// A stored analysis with its provenance.
///
/// A pull request has at most one: the one answered last. Earlier answers live on in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnalysisRecord {
    /// The pull request.
    pub key: PrKey,
    /// Rules or a model.
    pub origin: AnalysisOrigin,
    /// The run that asked.
    pub run_id: String,
    /// The step of the cascade, from 1; 0 for rules.
    pub tier: u32,
    /// The provider; `rules` for rules.
    pub provider: String,
    /// The model as the provider names it.
    pub model: String,
    /// Which attempt at this tier gave the answer, from 1.
    pub attempt: u32,
    /// The version of the prompt at submit time.
    pub prompt_version: String,
    /// The version of the answer's schema at submit time.
    pub schema_version: String,
    /// The content hash of the document at submit time, 64 hex digits.
    pub content_hash: String,
    /// The provider's finish reason.
    pub finish_reason: Option<String>,
    /// Tokens in the request.
    pub input_tokens: u64,
    /// Tokens in the answer.
    pub output_tokens: u64,
    /// What it cost, in 10^-12 US dollars.
    pub cost_pico_usd: u64,
    /// When the answer was collected, kept to the microsecond.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub answered_at: Timestamp,
    /// How the answer had to be repaired; `None` when it was sound.
    pub repaired: Option<String>,
    /// Whether the quote stands in the input; `None` when there is no quote.
    pub quote_supported: Option<bool>,
    /// The answer.
    pub answer: Analysis,
}

/// What storing analyses did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnalysisWrites {
    /// Stored, in place of an earlier one or not.
    pub stored: u64,
    /// The same record was there already.
    pub unchanged: u64,
    /// Set aside, since a later answer is there.
    pub superseded: u64,
    /// For pull requests that the store does not have.
    pub unknown: u64,
}

impl std::ops::AddAssign for AnalysisWrites {
    fn add_assign(&mut self, other: Self) {
        self.stored += other.stored;
        self.unchanged += other.unchanged;
        self.superseded += other.superseded;
        self.unknown += other.unknown;
    }
}

/// Which pull requests want an analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateQuery {
    /// What a current analysis is made with.
    pub versions: Versions,
    /// Among which pull requests.
    pub selection: Selection,
    /// Whether stale ones are wanted too.
    pub freshness: Freshness,
    /// Whose analysis makes a pull request done.
    pub satisfied_by: SatisfiedBy,
    /// In which order.
    pub order: CandidateOrder,
}

impl CandidateQuery {
    /// Everything without an analysis, newest first; an analysis by rules is as good as a model's.
    pub fn missing(versions: Versions) -> Self {
        Self {
            versions,
            selection: Selection::all(),
            freshness: Freshness::MissingOnly,
            satisfied_by: SatisfiedBy::Anyone,
            order: CandidateOrder::NewestFirst,
        }
    }
}

/// Whether stale analyses are to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Only pull requests that have no analysis at all.
    MissingOnly,
    /// Also those whose analysis is of another content, prompt or schema.
    MissingOrStale,
    /// Only the stale ones.
    StaleOnly,
}

/// Whose analysis makes a pull request done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SatisfiedBy {
    /// Rules or a model.
    Anyone,
    /// A model only: an analysis by rules counts as missing.
    ModelOnly,
}

/// The order of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateOrder {
    /// By opening time, latest first; unknown times last; ties by key.
    NewestFirst,
    /// By repository name, then number.
    ByKey,
}

/// A pull request that wants an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The pull request with its content hash and team.
    pub stored: StoredPullRequest,
    /// Why it is a candidate.
    pub reason: CandidateReason,
}

impl Candidate {
    /// Where the page after this candidate begins.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            created_at: self.stored.pull_request.created_at,
            key: self.stored.pull_request.key(),
        }
    }
}

/// Why a pull request is a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CandidateReason {
    /// It has no analysis.
    Missing,
    /// Its analysis is of another content, prompt or schema.
    Stale,
}
