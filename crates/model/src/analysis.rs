//! The analysis: a model's structured answer about a pull request.
//!
//! The field docs are the descriptions in the JSON Schema that goes to the provider, so they are
//! written for the model that answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the model says of one pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// Whether and how AI took part.
    pub ai: AiClaim,
    /// What the change is made of.
    pub tech: Tech,
    /// What the change does.
    pub summary: Summary,
    /// How it went.
    pub health: Health,
}

/// The model's claim about AI in the change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AiClaim {
    /// True only if an AI tool wrote or helped to write the change itself; reviewing alone is false.
    pub is_assisted: bool,
    /// What the AI tool did.
    pub role: ClaimedRole,
    /// Lower-case names of the AI tools that took part in the role given; empty when role is none.
    pub tools: Vec<String>,
    /// Certainty of this claim from 0 to 1.
    pub confidence: f64,
    /// The words of the input that show it, copied exactly; null when nothing shows it.
    pub quote: Option<String>,
}

/// What an AI tool did, as the model claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimedRole {
    /// An agent made the change.
    Authored,
    /// A person made the change with a tool's help.
    Assisted,
    /// A tool reviewed or summarised only.
    Reviewed,
    /// No AI tool took part, or nothing shows it.
    None,
}

/// What the change is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tech {
    /// Programming languages of the changed files, lower-case, at most 8.
    pub languages: Vec<String>,
    /// Frameworks and libraries the change is about, lower-case, at most 8.
    pub frameworks: Vec<String>,
    /// Areas of the change.
    pub categories: Vec<TechCategory>,
}

/// An area of a change.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the names say it, and go to the model as they are"
)]
pub enum TechCategory {
    Backend,
    Frontend,
    Mobile,
    Data,
    Infrastructure,
    Tests,
    Documentation,
    Configuration,
    Security,
}

/// What the change does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// One line for an engineering leader, 1 to 100 characters.
    pub title: String,
    /// One to three sentences, 1 to 500 characters.
    pub description: String,
    /// The kind of change.
    #[serde(rename = "type")]
    #[schemars(rename = "type")]
    pub change_type: ChangeType,
}

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the names say it, and go to the model as they are"
)]
pub enum ChangeType {
    Feature,
    Bugfix,
    Refactor,
    Docs,
    Test,
    Chore,
    Ci,
    Performance,
    Revert,
}

/// How the pull request went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// How hard the review was.
    pub review_friction: FrictionLevel,
    /// How large the change is.
    pub scope: Scope,
    /// How risky the change is.
    pub risk_level: RiskLevel,
    /// At most 3 short observations that a lead can act on, each 1 to 200 characters.
    pub insights: Vec<String>,
}

/// How hard a review was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the names say it, and go to the model as they are"
)]
pub enum FrictionLevel {
    Low,
    Medium,
    High,
    /// Nothing in the input tells.
    Unknown,
}

/// How large a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the names say it, and go to the model as they are"
)]
pub enum Scope {
    Small,
    Medium,
    Large,
    Xlarge,
}

/// How risky a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "the names say it, and go to the model as they are"
)]
pub enum RiskLevel {
    Low,
    Medium,
    High,
}
