//! The truth about a pull request.

use model::{Correction, Origin, PrKey, Verdict};
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
    /// What a user's correction of a verdict says is true. Of several tools behind the origin the first
    /// is taken for the one that made it; what the correction leaves open is not known.
    pub fn of_correction(key: &PrKey, correction: &Correction, automatic: &Verdict) -> Self {
        let holds = correction.applied_to(automatic);
        let is_origin_known = correction.origin.is_some() || correction.author_tools.is_some();
        let agent = match (&correction.author_tools, holds.origin) {
            _ if !is_origin_known => None,
            (_, Origin::NoneDetected) => Some("none".to_owned()),
            (Some(tools), _) => tools.first().cloned(),
            (None, _) => None,
        };
        let review_ai = match (&correction.review_tools, correction.ai_reviewed) {
            (Some(tools), _) => Some(tools.clone()),
            (None, Some(false)) => Some(Vec::new()),
            (None, _) => None,
        };
        TruthRecord {
            repo: key.repo.clone(),
            number: key.number,
            agent,
            ai_authored: holds.ai_authored.filter(|_| is_origin_known),
            review_ai,
            visible: None,
            weak: false,
            basis: Some("correction".to_owned()),
            source: None,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_is_true_as_far_as_it_goes() {
        let key = PrKey {
            repo: "acme/shop".into(),
            number: 7,
        };
        let automatic = Verdict {
            origin: Origin::Agent,
            ai_authored: Some(true),
            ai_reviewed: true,
            author_tools: vec!["devin".into()],
            review_tools: vec!["bugbot".into()],
            plain_bot: false,
            confidence: 0.99,
            evidence: Vec::new(),
            notes: Vec::new(),
        };
        let truth = |correction| TruthRecord::of_correction(&key, &correction, &automatic);
        let none = truth(Correction {
            origin: Some(Origin::NoneDetected),
            ai_reviewed: Some(false),
            ..Correction::default()
        });
        assert_eq!(none.label(), Label::Person);
        assert_eq!(none.review_ai, Some(Vec::new()));
        let other = truth(Correction {
            author_tools: Some(vec!["codex".into(), "cursor".into()]),
            ..Correction::default()
        });
        assert_eq!(other.label(), Label::Ai(Some("codex")));
        assert_eq!(other.review_ai, None);
        let unknown = truth(Correction {
            origin: Some(Origin::Unknown),
            ..Correction::default()
        });
        assert_eq!(unknown.label(), Label::Unknown);
        let reviewed = truth(Correction {
            review_tools: Some(vec!["bugbot".into()]),
            ..Correction::default()
        });
        assert_eq!(reviewed.label(), Label::Unknown);
        assert_eq!(reviewed.review_ai, Some(vec!["bugbot".to_owned()]));
    }
}
