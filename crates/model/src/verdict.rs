//! The verdict: what we say of a pull request.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;

/// Where a change came from, as far as the evidence reaches. Always a lower bound on AI.
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
pub enum Origin {
    /// An agent made it.
    Agent,
    /// A person made it with a tool's help.
    Assisted,
    /// Nothing was found in a record complete enough to look in. Not "human".
    NoneDetected,
    /// The record is incomplete or the evidence contradicts itself.
    Unknown,
}

impl Origin {
    /// The word used in JSON and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Agent => "agent",
            Origin::Assisted => "assisted",
            Origin::NoneDetected => "none_detected",
            Origin::Unknown => "unknown",
        }
    }

    /// Whether AI took part in the change; `None` where that is not known.
    pub fn ai_authored(self) -> Option<bool> {
        match self {
            Origin::Agent | Origin::Assisted => Some(true),
            Origin::NoneDetected => Some(false),
            Origin::Unknown => None,
        }
    }
}

/// What we say of one pull request, with the evidence behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// Where the change came from.
    pub origin: Origin,
    /// `Some(true)` for agent or assisted, `Some(false)` for none detected, `None` for unknown.
    pub ai_authored: Option<bool>,
    /// Whether an AI tool reviewed, commented or summarised. Independent of `origin`.
    pub ai_reviewed: bool,
    /// Slugs of the tools behind `origin`, sorted, each once.
    pub author_tools: Vec<String>,
    /// Slugs of the review tools, sorted, each once.
    pub review_tools: Vec<String>,
    /// Opened by plain automation (dependency updates and the like): leaves every denominator.
    pub plain_bot: bool,
    /// Confidence in `origin`, 0 to 1.
    pub confidence: f64,
    /// The hits behind it, in reading order.
    pub evidence: Vec<Evidence>,
    /// Where evidence and model disagree, or why a claim was set aside; empty when there is nothing to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
