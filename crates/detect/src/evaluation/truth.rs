//! The truth about a pull request.

use model::PrKey;
use serde::{Deserialize, Serialize};

/// One line of a truth file. Unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthRecord {
    /// `owner/name`.
    pub repo: String,
    /// The number within the repository.
    pub number: u64,
    /// The tool that made it; `none` for a person; `unknown` or absent when that is not known.
    #[serde(default)]
    pub agent: Option<String>,
    /// Whether AI took part; absent or `null` when that is not known.
    #[serde(default)]
    pub ai_authored: Option<bool>,
    /// Review tools that took part; absent or `null` when that is not known.
    #[serde(default)]
    pub review_ai: Option<Vec<String>>,
    /// Which places of the record show the tool; absent or `null` when that was not looked at.
    #[serde(default)]
    pub visible: Option<Vec<String>>,
    /// Whether the label is too weak to count.
    #[serde(default)]
    pub weak: bool,
    /// What the label rests on.
    #[serde(default)]
    pub basis: Option<String>,
    /// Where the record comes from.
    #[serde(default)]
    pub source: Option<String>,
}

/// What a record says of the author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label<'t> {
    /// A person, without AI.
    Person,
    /// AI took part: the tool's name, where it is known.
    Ai(Option<&'t str>),
    /// Not known.
    Unknown,
}

impl TruthRecord {
    /// The key of the pull request.
    pub fn key(&self) -> PrKey {
        PrKey {
            repo: self.repo.clone(),
            number: self.number,
        }
    }

    /// What the record says of the author. A record that contradicts itself is not known.
    pub fn label(&self) -> Label<'_> {
        let agent = self.agent.as_deref().unwrap_or("unknown");
        match (agent, self.ai_authored) {
            ("none", Some(false) | None) | ("unknown", Some(false)) => Label::Person,
            ("unknown", Some(true)) => Label::Ai(None),
            ("none", Some(true)) | ("unknown", None) | (_, Some(false)) => Label::Unknown,
            (tool, Some(true) | None) => Label::Ai(Some(tool)),
        }
    }
}
