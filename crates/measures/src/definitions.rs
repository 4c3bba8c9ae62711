//! The registry: what each number is, in words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clocks::Clock;

/// A number that Tandem shows of a pull request or a set of them.
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
pub enum Metric {
    /// Ready to merged.
    Cycle,
    /// First commit to merged.
    Full,
    /// First commit to opened.
    Coding,
    /// Ready to the first review by another person.
    Pickup,
    /// Picked up to merged.
    Review,
    /// Approved to merged.
    ApproveToMerge,
    /// Time as a draft.
    Draft,
    /// Ready to the first review by a bot.
    BotLatency,
    /// Lines changed.
    Size,
    /// Rounds of review.
    ReviewRounds,
    /// Merged within seven days of the opening.
    MergedShare,
    /// Closed without a merge, of all.
    Abandoned,
    /// Reverted within 30 days.
    Reverted,
    /// Merged without a review by another person.
    Unreviewed,
    /// Made with AI.
    Adoption,
    /// Reviewed by an AI tool.
    AiReviewed,
}

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds, shown as hours or days.
    Seconds,
    /// Lines.
    Lines,
    /// A count.
    Count,
    /// A share of pull requests.
    Share,
}

/// The definition of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Definition {
    /// The metric.
    pub metric: Metric,
    /// The name in headings.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub words: &'static str,
    /// Where it starts, or what is counted.
    pub start: &'static str,
    /// Where it ends, or out of what it is counted.
    pub end: &'static str,
    /// The unit.
    pub unit: Unit,
    /// What is left out, and when the number is not known.
    pub exclusions: &'static str,
    /// Where the definition comes from, and how others differ.
    pub source: &'static str,
}

const REVIEWER: &str = "another person: not the author, not who asked an agent for the change, not a bot; \
     pending reviews do not count";

const DEFINITIONS: [Definition; 16] = [
    Definition {
        metric: Metric::Cycle,
        title: "cycle time",
        words: "How long a pull request takes from ready for review to merged. The headline. Not \"lead time\", which needs deployments.",
        start: "ready for review: the opening, or, if opened as a draft, the first time it was marked ready",
        end: "merged",
        unit: Unit::Seconds,
        exclusions: "not merged; never marked ready; merged before it was ready (not known, never zero)",
        source: "as DORA-style tools that start at ready; tools that start at the opening count draft time of agents that open drafts first",
    },
    Definition {
        metric: Metric::Full,
        title: "full time",
        words: "How long a change takes from its first commit to merged.",
        start: "the earliest author date of its commits, at the latest the opening",
        end: "merged",
        unit: Unit::Seconds,
        exclusions: "not merged; commit dates not known. Unreliable after rebase, force-push and squash: read it with its coverage",
        source: "as tools that start at the first commit",
    },
    Definition {
        metric: Metric::Coding,
        title: "coding time",
        words: "How long a change was worked on before the pull request was opened, as far as commits show it.",
        start: "the earliest author date of its commits, at the latest the opening",
        end: "opened",
        unit: Unit::Seconds,
        exclusions: "commit dates not known. Unreliable after rebase, force-push and squash",
        source: "as tools that start at the first commit",
    },
    Definition {
        metric: Metric::Pickup,
        title: "pickup time",
        words: "How long a pull request waits until another person reviews it or comments on it.",
        start: "ready for review: the opening, or, if opened as a draft, the first time it was marked ready",
        end: "the first review, review comment or comment by another person: not the author, not who asked an agent for the change, not a bot",
        unit: Unit::Seconds,
        exclusions: "no such review before the end (counted by its own rate, never as zero); pending reviews; reviews before it was ready",
        source: "several tools count bots here, which turns hours into seconds",
    },
    Definition {
        metric: Metric::Review,
        title: "review time",
        words: "How long a pull request takes from the first review by another person to merged.",
        start: "the first review, review comment or comment by another person",
        end: "merged",
        unit: Unit::Seconds,
        exclusions: "not merged; merged without a review by another person",
        source: "as tools that split cycle time into pickup and review",
    },
    Definition {
        metric: Metric::ApproveToMerge,
        title: "approval to merge",
        words: "How long an approved pull request waits for its merge.",
        start: "the first approval by another person",
        end: "merged",
        unit: Unit::Seconds,
        exclusions: "not merged; never approved; approved after the merge",
        source: "as tools that split review time",
    },
    Definition {
        metric: Metric::Draft,
        title: "time as a draft",
        words: "How long a pull request was a draft, in all intervals together. Apart from cycle time.",
        start: "opened as a draft, or converted to one",
        end: "marked ready, or the end",
        unit: Unit::Seconds,
        exclusions: "timeline events not known; still a draft",
        source: "drafts are a workspace for some agents; their time is not review time",
    },
    Definition {
        metric: Metric::BotLatency,
        title: "bot latency",
        words: "How long the first review or comment by a bot takes. Never mixed with pickup time.",
        start: "ready for review",
        end: "the first review or comment by a bot that is not the author",
        unit: Unit::Seconds,
        exclusions: "no bot came",
        source: "kept apart since bots answer in seconds",
    },
    Definition {
        metric: Metric::Size,
        title: "size",
        words: "Lines added and deleted.",
        start: "lines added and deleted by hand",
        end: "",
        unit: Unit::Lines,
        exclusions: "lock files, vendored and generated files; sizes that are not known",
        source: "buckets XS 0-9, S 10-29, M 30-99, L 100-499, XL 500-999, XXL 1,000 and more, as the usual labelling bots",
    },
    Definition {
        metric: Metric::ReviewRounds,
        title: "rounds of review",
        words: "How often reviews by other people and new commits took turns. Two reviews without a commit between them are one round.",
        start: "reviews by other people",
        end: "",
        unit: Unit::Count,
        exclusions: "reviews not known; commit dates not known where there are two reviews or more",
        source: "counting each request for changes counts two reviewers twice",
    },
    Definition {
        metric: Metric::MergedShare,
        title: "merged share",
        words: "Share of pull requests that were merged within seven days of their opening.",
        start: "merged at most seven days after the opening",
        end: "of those opened at least seven days ago, whether over or open",
        unit: Unit::Share,
        exclusions: "opened less than seven days ago",
        source: "the same seven days for all: shares of those that are over grow with age, and the survival view has the rest",
    },
    Definition {
        metric: Metric::Abandoned,
        title: "abandoned share",
        words: "Share of pull requests that were closed without a merge, of those that are over.",
        start: "closed without a merge",
        end: "of those merged or closed",
        unit: Unit::Share,
        exclusions: "open pull requests",
        source: "dropping them would flatter tools whose work is often closed",
    },
    Definition {
        metric: Metric::Reverted,
        title: "reverted share",
        words: "Share of merged pull requests of which a merged revert was opened within 30 days of the merge.",
        start: "a merged pull request titled Revert \"...\", or that says \"This reverts commit\", or from a branch revert-<n>-, that names it by number or title",
        end: "of those merged at least 30 days ago",
        unit: Unit::Share,
        exclusions: "merged less than 30 days ago and not reverted; reverts that name only a commit",
        source: "titles that merely contain the word are no reverts",
    },
    Definition {
        metric: Metric::Unreviewed,
        title: "merged without a human review",
        words: "Share of merged pull requests on which no other person had said a word before the merge.",
        start: "merged without a review or comment by another person",
        end: "of those merged",
        unit: Unit::Share,
        exclusions: "reviews not known; merged before it was ready",
        source: "a rate of its own, so that these never count as zero in pickup and review",
    },
    Definition {
        metric: Metric::Adoption,
        title: "adoption",
        words: "Share of pull requests in which AI was found to have written or helped to write. A lower bound: what leaves no trace is not found.",
        start: "made by an agent, or with a tool's help",
        end: "of all by people and agents; also of those whose record tells",
        unit: Unit::Share,
        exclusions: "plain bots leave numerator and denominator",
        source: "tools that merely reviewed are never authors",
    },
    Definition {
        metric: Metric::AiReviewed,
        title: "reviewed by AI",
        words: "Share of pull requests that an AI tool reviewed, commented on or summarised.",
        start: "reviewed by an AI tool",
        end: "of all by people and agents",
        unit: Unit::Share,
        exclusions: "plain bots leave numerator and denominator",
        source: "apart from authorship",
    },
];

impl Metric {
    /// Every metric, in the order in which they are explained.
    pub fn all() -> impl Iterator<Item = Metric> {
        DEFINITIONS.iter().map(|definition| definition.metric)
    }

    /// The definition.
    pub fn definition(self) -> &'static Definition {
        // The table has a row for each metric, which a test holds.
        DEFINITIONS
            .iter()
            .find(|definition| definition.metric == self)
            .unwrap_or(&DEFINITIONS[0])
    }

    /// The word on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Cycle => "cycle",
            Metric::Full => "full",
            Metric::Coding => "coding",
            Metric::Pickup => "pickup",
            Metric::Review => "review",
            Metric::ApproveToMerge => "approve_to_merge",
            Metric::Draft => "draft",
            Metric::BotLatency => "bot_latency",
            Metric::Size => "size",
            Metric::ReviewRounds => "review_rounds",
            Metric::MergedShare => "merged_share",
            Metric::Abandoned => "abandoned",
            Metric::Reverted => "reverted",
            Metric::Unreviewed => "unreviewed",
            Metric::Adoption => "adoption",
            Metric::AiReviewed => "ai_reviewed",
        }
    }

    /// The clock behind a duration.
    pub fn clock(self) -> Option<Clock> {
        match self {
            Metric::Cycle => Some(Clock::Cycle),
            Metric::Full => Some(Clock::Full),
            Metric::Coding => Some(Clock::Coding),
            Metric::Pickup => Some(Clock::Pickup),
            Metric::Review => Some(Clock::Review),
            Metric::ApproveToMerge => Some(Clock::ApproveToMerge),
            Metric::BotLatency => Some(Clock::BotLatency),
            _ => None,
        }
    }

    /// Who counts as a reviewer, in words.
    pub fn reviewer_in_words() -> &'static str {
        REVIEWER
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = String;

    /// Reads the word that [`Metric::as_str`] writes; a dash counts as an underscore.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.trim().to_ascii_lowercase().replace('-', "_");
        Metric::all()
            .find(|metric| metric.as_str() == word)
            .ok_or_else(|| {
                let known: Vec<&str> = Metric::all().map(Metric::as_str).collect();
                format!(
                    "there is no metric '{text}'; known are {}",
                    known.join(", ")
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_one_definition_of_its_own() {
        for definition in &DEFINITIONS {
            let metric = definition.metric;
            assert_eq!(metric.definition(), definition, "{metric}");
            assert_eq!(metric.as_str().parse(), Ok(metric));
            assert_eq!(
                serde_json::to_value(metric).expect("serialises"),
                metric.as_str()
            );
            assert_eq!(
                metric.clock().is_some(),
                definition.unit == Unit::Seconds && metric != Metric::Draft
            );
        }
        let mut words: Vec<&str> = Metric::all().map(Metric::as_str).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), DEFINITIONS.len());
        assert!("lead_time".parse::<Metric>().is_err());
    }
}
