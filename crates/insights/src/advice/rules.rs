//! The rules, as they are written.

use measures::Metric;
use serde::Deserialize;
use thiserror::Error;

use crate::effects::{Exposure, Finding};

const BUILTIN: &str = include_str!("rules.toml");

/// A rule of advice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The name of the rule.
    pub id: String,
    /// What triggers it.
    pub when: Trigger,
    /// By which advice is ranked; more is first.
    pub weight: f64,
    /// Whether it is silent where another rule fires for the team.
    #[serde(default)]
    pub only_alone: bool,
    /// What it is about.
    pub title: String,
    /// One thing to do.
    pub next_step: String,
    /// What would show that it is wrong or done.
    pub would_change_our_mind: String,
}

/// What triggers a rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "trigger", rename_all = "snake_case")]
pub enum Trigger {
    /// The upper quarter of pickup times grew, and so did AI's share, between two stretches of months.
    PickupGrowsWithAi {
        /// Months of each stretch.
        months: u32,
        /// Least growth of the upper quarter, as a ratio.
        p75_growth: f64,
        /// Least growth of AI's share; 0.1 is ten points.
        share_growth: f64,
        /// Fewest pull requests in each stretch.
        fewest: usize,
    },
    /// A share among AI-authored pull requests is above a limit, for certain.
    AiShareAbove {
        /// The last months looked at.
        months: u32,
        /// The share.
        metric: Metric,
        /// The limit.
        share: f64,
        /// Fewest pull requests.
        fewest: usize,
    },
    /// The same for the work of one tool; the worst of them.
    ToolShareAbove {
        /// The last months looked at.
        months: u32,
        /// The share.
        metric: Metric,
        /// The limit.
        share: f64,
        /// Fewest pull requests of the tool.
        fewest: usize,
    },
    /// A comparison has this finding.
    Finding {
        /// What is compared.
        exposure: Exposure,
        /// In which metric.
        metric: Metric,
        /// Which finding.
        finding: Finding,
    },
    /// The interval excludes no difference, but the correction over the page does not hold it.
    Unconfirmed {
        /// What is compared.
        exposure: Exposure,
        /// In which metric.
        metric: Metric,
    },
    /// The arms as they are differ by more than a ratio, for certain.
    RatioAbove {
        /// What is compared.
        exposure: Exposure,
        /// In which metric.
        metric: Metric,
        /// The ratio.
        ratio: f64,
        /// Fewest pull requests in each arm.
        fewest: usize,
    },
    /// A bot comes first in most pull requests, and people come no sooner.
    BotFirstWithoutEffect {
        /// The last months looked at.
        months: u32,
        /// Least share of pull requests in which a bot came first.
        share: f64,
        /// Fewest pull requests.
        fewest: usize,
    },
    /// AI's share is below a limit, for certain, in a team in which AI was found.
    AdoptionBelow {
        /// The last months looked at.
        months: u32,
        /// The limit.
        share: f64,
        /// Fewest pull requests.
        fewest: usize,
    },
    /// A tool was given up.
    ToolStopped {
        /// In the last months.
        months: u32,
    },
    /// Pooled and within point in opposite directions, for certain.
    Simpson {
        /// What is compared.
        exposure: Exposure,
        /// In which metric.
        metric: Metric,
    },
    /// The record of more than a share of pull requests does not tell.
    UnknownAbove {
        /// The last months looked at.
        months: u32,
        /// The limit.
        share: f64,
        /// Fewest pull requests.
        fewest: usize,
    },
}

/// Why rules cannot be read.
#[derive(Debug, Error)]
pub enum RulesError {
    /// The file is not a list of rules.
    #[error("the rules of advice cannot be read")]
    Shape(#[source] toml::de::Error),
    /// Two rules have one name.
    #[error("two rules of advice are named '{0}'")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// Reads rules from TOML.
pub fn parse_rules(text: &str) -> Result<Vec<Rule>, RulesError> {
    let file: File = toml::from_str(text).map_err(RulesError::Shape)?;
    let mut names: Vec<&str> = Vec::new();
    for rule in &file.rule {
        if names.contains(&rule.id.as_str()) {
            return Err(RulesError::Twice(rule.id.clone()));
        }
        names.push(&rule.id);
    }
    Ok(file.rule)
}

/// The rules that come with Tandem.
pub fn builtin_rules() -> Result<Vec<Rule>, RulesError> {
    parse_rules(BUILTIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_come_along_can_be_read() {
        let rules = builtin_rules().expect("rules");
        assert!(rules.len() >= 10);
        for rule in &rules {
            assert!(
                rule.next_step.ends_with('.') && rule.weight > 0.0,
                "{}",
                rule.id
            );
        }
        let twice = format!("{BUILTIN}\n{BUILTIN}");
        assert!(matches!(parse_rules(&twice), Err(RulesError::Twice(_))));
        let wrong = BUILTIN.replace("weight = 9.0", "wait = 9.0");
        assert!(matches!(parse_rules(&wrong), Err(RulesError::Shape(_))));
    }
}
