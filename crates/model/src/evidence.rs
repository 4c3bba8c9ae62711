//! Evidence: one hit of a signature, with what it proves and where it stands.

use serde::{Deserialize, Serialize};

/// What a tool did.
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
pub enum Role {
    /// An agent made the change.
    Authored,
    /// A person made the change with the tool's help.
    Assisted,
    /// The tool reviewed, commented or wrote a summary.
    Reviewed,
}

/// The kind of place a signature looks at.
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
pub enum Signal {
    /// Who opened the pull request.
    Author,
    /// The head branch's name.
    Branch,
    /// Text in the title.
    Title,
    /// Text in the description.
    Body,
    /// A label.
    Label,
    /// A commit's author or committer: login, name or address.
    CommitIdentity,
    /// A `Co-authored-by:` trailer.
    CoAuthor,
    /// Another trailer or marker line in a commit message.
    Trailer,
    /// Who reviewed.
    Reviewer,
    /// Who commented.
    Commenter,
    /// Text in a review or a comment.
    CommentText,
    /// Who or what a timeline event names.
    Event,
}

/// How sure a signature is.
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
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Worth showing, never enough alone for a verdict.
    Low,
    /// Enough for a verdict, not hard.
    Medium,
    /// Hard evidence: outranks a model.
    High,
}

impl Confidence {
    /// The number shown beside a verdict, 0 to 1. A convention, not a measured probability.
    pub fn score(self) -> f64 {
        match self {
            Confidence::Low => 0.3,
            Confidence::Medium => 0.8,
            Confidence::High => 0.99,
        }
    }
}

/// One hit of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// The tool's slug, for instance `claude_code`.
    pub tool: String,
    /// What the tool did here.
    pub role: Role,
    /// The kind of place.
    pub signal: Signal,
    /// The place, for instance `commits[2].message`.
    pub field: String,
    /// The text that matched, as it stands in the field, at most 200 characters.
    pub quote: String,
    /// The id of the signature.
    pub rule: String,
    /// How sure the signature is here, after validity dates and context.
    pub confidence: Confidence,
    /// Byte offset of the quote in the field.
    #[serde(default)]
    pub offset_bytes: u64,
}
