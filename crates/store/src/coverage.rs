//! Coverage: how many pull requests have a current analysis, and why the others have none.

use serde::{Deserialize, Serialize};

use crate::analyses::AnalysisOrigin;

/// The coverage of a selection. Every pull request is in exactly one of `analyzed`, `stale`,
/// `waiting` and `quarantined`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coverage {
    /// All pull requests.
    pub total: u64,
    /// With a current analysis.
    pub analyzed: u64,
    /// With an analysis of another content, prompt or schema.
    pub stale: u64,
    /// Without an analysis, and nothing stands in the way.
    pub waiting: u64,
    /// Without a current analysis, and given up on until told otherwise.
    pub quarantined: u64,
    /// With an empty description, whether analysed or not.
    pub empty_body: u64,
    /// The shares.
    pub rates: CoverageRates,
    /// By team, in order of name.
    pub by_team: Vec<TeamCoverage>,
    /// The current analyses by who answered, in order of tier, provider, model.
    pub by_tier: Vec<TierCoverage>,
}

/// Shares of pull requests with a current analysis, 0 to 1; `None` where there is nothing to divide by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CoverageRates {
    /// Of all pull requests.
    pub of_all: Option<f64>,
    /// Of those with a description: both sides without the empty ones.
    pub of_nonempty: Option<f64>,
}

/// The coverage of one team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TeamCoverage {
    /// The team.
    pub team: String,
    /// All pull requests.
    pub total: u64,
    /// With a current analysis.
    pub analyzed: u64,
    /// With an analysis that is not current.
    pub stale: u64,
    /// Without an analysis.
    pub waiting: u64,
    /// Given up on.
    pub quarantined: u64,
    /// With an empty description.
    pub empty_body: u64,
    /// The shares.
    pub rates: CoverageRates,
}

/// How many current analyses one tier gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TierCoverage {
    /// The step of the cascade; 0 for rules.
    pub tier: u32,
    /// Rules or a model.
    pub origin: AnalysisOrigin,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Current analyses.
    pub analyzed: u64,
}

/// Counts from which coverage is computed; they add up over teams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoverageCounts {
    /// With a current analysis.
    pub analyzed: u64,
    /// With an analysis that is not current.
    pub stale: u64,
    /// Without an analysis.
    pub waiting: u64,
    /// Given up on.
    pub quarantined: u64,
    /// With an empty description.
    pub empty_body: u64,
    /// With an empty description and a current analysis.
    pub empty_body_analyzed: u64,
}

impl CoverageCounts {
    /// All pull requests.
    pub fn total(self) -> u64 {
        self.analyzed + self.stale + self.waiting + self.quarantined
    }

    /// The shares.
    pub fn rates(self) -> CoverageRates {
        let nonempty = self.total() - self.empty_body;
        CoverageRates {
            of_all: share(self.analyzed, self.total()),
            of_nonempty: share(self.analyzed - self.empty_body_analyzed, nonempty),
        }
    }

    /// The row of one team.
    pub fn for_team(self, team: String) -> TeamCoverage {
        TeamCoverage {
            team,
            total: self.total(),
            analyzed: self.analyzed,
            stale: self.stale,
            waiting: self.waiting,
            quarantined: self.quarantined,
            empty_body: self.empty_body,
            rates: self.rates(),
        }
    }
}

impl std::ops::AddAssign for CoverageCounts {
    fn add_assign(&mut self, other: Self) {
        self.analyzed += other.analyzed;
        self.stale += other.stale;
        self.waiting += other.waiting;
        self.quarantined += other.quarantined;
        self.empty_body += other.empty_body;
        self.empty_body_analyzed += other.empty_body_analyzed;
    }
}

impl Coverage {
    /// Adds the teams up.
    pub fn from_counts(
        teams: impl IntoIterator<Item = (String, CoverageCounts)>,
        by_tier: Vec<TierCoverage>,
    ) -> Self {
        let mut all = CoverageCounts::default();
        let mut by_team = Vec::new();
        for (team, counts) in teams {
            all += counts;
            by_team.push(counts.for_team(team));
        }
        by_team.sort_by(|one, other| one.team.cmp(&other.team));
        Self {
            total: all.total(),
            analyzed: all.analyzed,
            stale: all.stale,
            waiting: all.waiting,
            quarantined: all.quarantined,
            empty_body: all.empty_body,
            rates: all.rates(),
            by_team,
            by_tier,
        }
    }
}

/// `part / whole`; `None` when there is no whole.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the reference deployment: everything with a description is analysed.
    #[test]
    fn both_denominators_of_the_reference_figures() {
        let counts = CoverageCounts {
            analyzed: 53_876,
            waiting: 6_669,
            empty_body: 6_669,
            ..CoverageCounts::default()
        };
        let coverage = Coverage::from_counts([("all".to_owned(), counts)], Vec::new());
        assert_eq!(coverage.total, 60_545);
        assert_eq!(
            coverage.rates.of_all.map(|rate| (rate * 1000.0).round()),
            Some(890.0)
        );
        assert_eq!(coverage.rates.of_nonempty, Some(1.0));
    }

    #[test]
    fn analysed_empty_bodies_stay_out_of_the_second_rate() {
        let counts = CoverageCounts {
            analyzed: 3,
            waiting: 1,
            empty_body: 2,
            empty_body_analyzed: 2,
            ..CoverageCounts::default()
        };
        assert_eq!(counts.rates().of_all, Some(0.75));
        assert_eq!(counts.rates().of_nonempty, Some(0.5));
    }

    #[test]
    fn nothing_divided_by_nothing_is_not_a_rate() {
        assert_eq!(
            CoverageCounts::default().rates(),
            CoverageRates {
                of_all: None,
                of_nonempty: None
            }
        );
    }
}
