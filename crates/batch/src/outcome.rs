//! What became of a request at a tier.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kinds of failure. Each has one row in the policy table.
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
pub enum FailureKind {
    /// The token budget was spent, mostly on hidden reasoning, before an answer stood.
    Budget,
    /// The answer was cut at the cap, even if what is left happens to parse.
    Truncated,
    /// The host could not make valid JSON and gave back what it had.
    JsonText,
    /// The answer is not JSON.
    Parse,
    /// The answer is JSON, but not what the schema or the caller's check asks for.
    Schema,
    /// The model refused, was filtered, or answered nothing.
    Refusal,
    /// The window closed before the host came to it.
    Expired,
    /// The request is in neither of the host's files.
    Missing,
    /// The host failed: 5xx, 429, no status, a broken connection.
    Provider,
    /// The prompt is longer than the model takes.
    OverLength,
    /// The host refused this line for a reason of its own that no other kind names.
    Rejected,
    /// Nothing is wrong with the request; model, key or address are.
    Config,
    /// The run was cancelled first.
    Cancelled,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [FailureKind; 13] = [
        FailureKind::Budget,
        FailureKind::Truncated,
        FailureKind::JsonText,
        FailureKind::Parse,
        FailureKind::Schema,
        FailureKind::Refusal,
        FailureKind::Expired,
        FailureKind::Missing,
        FailureKind::Provider,
        FailureKind::OverLength,
        FailureKind::Rejected,
        FailureKind::Config,
        FailureKind::Cancelled,
    ];

    /// The kind's name in documents and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Budget => "budget",
            FailureKind::Truncated => "truncated",
            FailureKind::JsonText => "json_text",
            FailureKind::Parse => "parse",
            FailureKind::Schema => "schema",
            FailureKind::Refusal => "refusal",
            FailureKind::Expired => "expired",
            FailureKind::Missing => "missing",
            FailureKind::Provider => "provider",
            FailureKind::OverLength => "over_length",
            FailureKind::Rejected => "rejected",
            FailureKind::Config => "config",
            FailureKind::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for FailureKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<FailureKind, UnknownWord> {
        FailureKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// A word in the ledger that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a word this version knows")]
pub struct UnknownWord(pub String);

/// A failure with what is known of its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// The reason in words, at most 300 characters, never the answer's whole text.
    pub detail: String,
}

const DETAIL_CHARACTERS: usize = 300;

impl Failure {
    /// A failure; the detail is cut at 300 characters and freed of control characters.
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Failure {
        let detail = detail
            .as_ref()
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .take(DETAIL_CHARACTERS)
            .collect();
        Failure { kind, detail }
    }
}

/// Tokens as the host counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the completion, hidden reasoning included.
    pub output_tokens: u64,
}

impl Usage {
    /// Both sums.
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_agree_with_serde() {
        for kind in FailureKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(
                serde_json::to_value(kind).unwrap(),
                serde_json::Value::from(kind.as_str())
            );
        }
        assert!("nonsense".parse::<FailureKind>().is_err());
    }

    #[test]
    fn details_are_short_and_safe_for_a_terminal() {
        let failure = Failure::new(FailureKind::Parse, format!("\u{1b}[31m{}", "ä".repeat(400)));
        assert_eq!(failure.detail.chars().count(), 300);
        assert!(!failure.detail.contains('\u{1b}'));
    }
}
