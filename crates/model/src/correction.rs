//! Corrections: what users say of verdicts.

use serde::{Deserialize, Serialize};

use crate::evidence::Confidence;
use crate::verdict::{Origin, Verdict};

/// A user's word on a verdict. What is not given is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Where the change came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Slugs of the tools behind the origin, sorted, each once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_tools: Option<Vec<String>>,
    /// Whether an AI tool reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_reviewed: Option<bool>,
    /// Slugs of the tools that reviewed, sorted, each once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_tools: Option<Vec<String>>,
}

impl Correction {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Correction::default()
    }

    /// Why it cannot hold; `None` where it can. Tools and what they are said to have done must agree.
    pub fn contradiction(&self) -> Option<&'static str> {
        let some = |tools: &Option<Vec<String>>| tools.as_ref().is_some_and(|all| !all.is_empty());
        let without_ai = matches!(self.origin, Some(Origin::NoneDetected | Origin::Unknown));
        if without_ai && some(&self.author_tools) {
            return Some("tools that wrote or helped are named, but the origin has none");
        }
        if self.ai_reviewed == Some(false) && some(&self.review_tools) {
            return Some("tools that reviewed are named, but it says that none did");
        }
        None
    }

    /// The verdict that holds while the correction stands, from the automatic one. Evidence stays, and
    /// a note says that a user decided.
    pub fn applied_to(&self, automatic: &Verdict) -> Verdict {
        let mut verdict = automatic.clone();
        if let Some(origin) = self.origin {
            verdict.origin = origin;
            verdict.ai_authored = origin.ai_authored();
            verdict.confidence = match origin {
                Origin::Unknown => 0.0,
                _ => Confidence::High.score(),
            };
            if verdict.ai_authored == Some(true) {
                verdict.plain_bot = false;
            } else {
                verdict.author_tools.clear();
            }
        }
        if let Some(tools) = &self.author_tools {
            verdict.author_tools = sorted(tools);
        }
        if let Some(tools) = &self.review_tools {
            verdict.review_tools = sorted(tools);
            verdict.ai_reviewed = !tools.is_empty();
        }
        if let Some(ai_reviewed) = self.ai_reviewed {
            verdict.ai_reviewed = ai_reviewed;
            if !ai_reviewed {
                verdict.review_tools.clear();
            }
        }
        verdict
            .notes
            .push("corrected by a user: that outranks evidence and model".to_owned());
        verdict
    }
}

fn sorted(tools: &[String]) -> Vec<String> {
    let mut tools = tools.to_vec();
    tools.sort_unstable();
    tools.dedup();
    tools
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automatic() -> Verdict {
        Verdict {
            origin: Origin::Agent,
            ai_authored: Some(true),
            ai_reviewed: true,
            author_tools: vec!["devin".into()],
            review_tools: vec!["bugbot".into()],
            plain_bot: false,
            confidence: 0.8,
            evidence: Vec::new(),
            notes: vec!["before".into()],
        }
    }

    #[test]
    fn what_is_not_said_stays() {
        let corrected = Correction {
            author_tools: Some(vec!["cursor".into(), "codex".into(), "cursor".into()]),
            ..Correction::default()
        }
        .applied_to(&automatic());
        assert_eq!(corrected.author_tools, ["codex", "cursor"]);
        assert_eq!(
            (
                corrected.origin,
                corrected.confidence,
                corrected.ai_reviewed
            ),
            (Origin::Agent, 0.8, true)
        );
        assert_eq!(corrected.notes.len(), 2);
    }

    #[test]
    fn no_ai_means_no_tools() {
        let none = Correction {
            origin: Some(Origin::NoneDetected),
            ai_reviewed: Some(false),
            ..Correction::default()
        };
        let corrected = none.applied_to(&automatic());
        assert_eq!(corrected.ai_authored, Some(false));
        assert!(corrected.author_tools.is_empty() && corrected.review_tools.is_empty());
        assert!(!corrected.ai_reviewed);
        let unknown = Correction {
            origin: Some(Origin::Unknown),
            ..Correction::default()
        };
        let corrected = unknown.applied_to(&automatic());
        assert_eq!((corrected.ai_authored, corrected.confidence), (None, 0.0));
    }

    #[test]
    fn an_agent_is_no_plain_bot() {
        let mut bot = automatic();
        bot.plain_bot = true;
        bot.origin = Origin::NoneDetected;
        let agent = Correction {
            origin: Some(Origin::Agent),
            ..Correction::default()
        };
        assert!(!agent.applied_to(&bot).plain_bot);
    }

    #[test]
    fn contradictions_are_named() {
        let tools = Some(vec!["cursor".to_owned()]);
        let contradictory = [
            Correction {
                origin: Some(Origin::NoneDetected),
                author_tools: tools.clone(),
                ..Correction::default()
            },
            Correction {
                ai_reviewed: Some(false),
                review_tools: tools.clone(),
                ..Correction::default()
            },
        ];
        for correction in contradictory {
            assert!(correction.contradiction().is_some(), "{correction:?}");
        }
        let sound = Correction {
            origin: Some(Origin::Assisted),
            author_tools: tools,
            ..Correction::default()
        };
        assert_eq!(sound.contradiction(), None);
        assert!(Correction::default().is_empty() && !sound.is_empty());
    }
}
