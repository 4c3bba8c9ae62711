//! Adoption: how much of the work AI was found in, by team, month and tool.

use std::collections::BTreeMap;

use model::{Origin, Role};
use serde::Serialize;
use stats::Proportion;

/// A count of pull requests that agree in everything named here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptionCell {
    /// The team.
    pub team: String,
    /// Month of opening, `2026-05`, UTC; `None` when the record has no date.
    pub month: Option<String>,
    /// Where the changes came from; `None` when detection has not run.
    pub origin: Option<Origin>,
    /// Whether an AI tool reviewed.
    pub ai_reviewed: bool,
    /// Whether plain automation opened them.
    pub plain_bot: bool,
    /// How many.
    pub count: u64,
}

/// A count of pull requests in which a tool had a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCell {
    /// The tool's slug.
    pub tool: String,
    /// What it did. `Assisted` counts with `Authored` in the table of authors.
    pub role: Role,
    /// How many pull requests.
    pub count: u64,
}

/// Adoption over a set of pull requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adoption {
    /// All teams together.
    pub overall: Group,
    /// By team, by name.
    pub by_team: Vec<NamedGroup>,
    /// By month of opening, oldest first; pull requests without a date are left out.
    pub by_month: Vec<NamedGroup>,
    /// By team and month.
    pub by_team_month: Vec<TeamMonth>,
    /// Tools that wrote or helped to write, most frequent first.
    pub author_tools: Vec<ToolShare>,
    /// Tools that reviewed, most frequent first.
    pub review_tools: Vec<ToolShare>,
    /// The last month, when it is the one named as current: it is not complete.
    pub incomplete_month: Option<String>,
}

/// Counts of one group, and the shares that follow from them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// Pull requests by people and agents (plain bots left out).
    pub pull_requests: u64,
    /// Made by an agent.
    pub agent: u64,
    /// Made by a person with a tool's help.
    pub assisted: u64,
    /// Nothing found in a record complete enough to look in.
    pub none_detected: u64,
    /// The record does not tell, or detection has not run.
    pub unknown: u64,
    /// Reviewed by an AI tool.
    pub ai_reviewed: u64,
    /// Opened by plain bots; in no share.
    pub plain_bots: u64,
    /// Agent and assisted out of all: a lower bound.
    pub of_all: Option<Proportion>,
    /// Agent and assisted out of those whose record tells: a lower bound.
    pub of_known: Option<Proportion>,
    /// Reviewed by an AI tool, out of all.
    pub reviewed_of_all: Option<Proportion>,
}

/// A group with its name: a team or a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedGroup {
    /// Team, or month as `2026-05`.
    pub name: String,
    /// Its counts and shares.
    #[serde(flatten)]
    pub group: Group,
}

/// A team in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TeamMonth {
    /// The team.
    pub team: String,
    /// The month, `2026-05`.
    pub month: String,
    /// Its counts and shares.
    #[serde(flatten)]
    pub group: Group,
}

/// How many pull requests a tool was found in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolShare {
    /// The tool's slug.
    pub tool: String,
    /// Pull requests.
    pub pull_requests: u64,
    /// Out of all pull requests (plain bots left out). Shares of several tools may overlap.
    pub share: Proportion,
}

impl Group {
    fn add(&mut self, cell: &AdoptionCell) {
        if cell.plain_bot {
            self.plain_bots += cell.count;
            return;
        }
        self.pull_requests += cell.count;
        match cell.origin {
            Some(Origin::Agent) => self.agent += cell.count,
            Some(Origin::Assisted) => self.assisted += cell.count,
            Some(Origin::NoneDetected) => self.none_detected += cell.count,
            Some(Origin::Unknown) | None => self.unknown += cell.count,
        }
        if cell.ai_reviewed {
            self.ai_reviewed += cell.count;
        }
    }

    fn finish(&mut self) {
        let found = self.agent + self.assisted;
        self.of_all = Some(Proportion::new(found, self.pull_requests));
        self.of_known = Some(Proportion::new(found, self.pull_requests - self.unknown));
        self.reviewed_of_all = Some(Proportion::new(self.ai_reviewed, self.pull_requests));
    }
}

/// Sums cells into adoption. `current_month` (`2026-05`) is marked as incomplete where it occurs.
///
/// The memory needed grows with teams times months, not with pull requests.
pub fn adoption(
    cells: &[AdoptionCell],
    tools: &[ToolCell],
    current_month: Option<&str>,
) -> Adoption {
    let mut overall = Group::default();
    let mut teams: BTreeMap<&str, Group> = BTreeMap::new();
    let mut months: BTreeMap<&str, Group> = BTreeMap::new();
    let mut team_months: BTreeMap<(&str, &str), Group> = BTreeMap::new();
    for cell in cells {
        overall.add(cell);
        teams.entry(&cell.team).or_default().add(cell);
        if let Some(month) = cell.month.as_deref() {
            months.entry(month).or_default().add(cell);
            team_months
                .entry((&cell.team, month))
                .or_default()
                .add(cell);
        }
    }
    let incomplete_month = current_month
        .filter(|month| months.contains_key(month))
        .map(ToOwned::to_owned);
    overall.finish();
    let denominator = overall.pull_requests;
    Adoption {
        by_team: named(teams),
        by_month: named(months),
        by_team_month: team_months
            .into_iter()
            .map(|((team, month), mut group)| {
                group.finish();
                TeamMonth {
                    team: team.to_owned(),
                    month: month.to_owned(),
                    group,
                }
            })
            .collect(),
        author_tools: tool_shares(tools, denominator, |role| role != Role::Reviewed),
        review_tools: tool_shares(tools, denominator, |role| role == Role::Reviewed),
        overall,
        incomplete_month,
    }
}

fn named(groups: BTreeMap<&str, Group>) -> Vec<NamedGroup> {
    groups
        .into_iter()
        .map(|(name, mut group)| {
            group.finish();
            NamedGroup {
                name: name.to_owned(),
                group,
            }
        })
        .collect()
}

fn tool_shares(
    tools: &[ToolCell],
    denominator: u64,
    wanted: impl Fn(Role) -> bool,
) -> Vec<ToolShare> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for cell in tools.iter().filter(|cell| wanted(cell.role)) {
        *counts.entry(&cell.tool).or_default() += cell.count;
    }
    let mut shares: Vec<ToolShare> = counts
        .into_iter()
        .map(|(tool, pull_requests)| ToolShare {
            tool: tool.to_owned(),
            pull_requests,
            share: Proportion::new(pull_requests, denominator),
        })
        .collect();
    shares.sort_by(|a, b| {
        b.pull_requests
            .cmp(&a.pull_requests)
            .then(a.tool.cmp(&b.tool))
    });
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(team: &str, month: &str, origin: Option<Origin>, count: u64) -> AdoptionCell {
        AdoptionCell {
            team: team.to_owned(),
            month: Some(month.to_owned()),
            origin,
            ai_reviewed: false,
            plain_bot: false,
            count,
        }
    }

    #[test]
    fn unknown_stays_in_the_cautious_denominator_only() {
        let cells = [
            cell("a", "2026-01", Some(Origin::Agent), 3),
            cell("a", "2026-01", Some(Origin::Assisted), 1),
            cell("a", "2026-01", Some(Origin::NoneDetected), 4),
            cell("a", "2026-01", Some(Origin::Unknown), 1),
            cell("a", "2026-01", None, 1),
        ];
        let adoption = adoption(&cells, &[], None);
        let overall = &adoption.overall;
        assert_eq!(overall.of_all.and_then(|share| share.share), Some(0.4));
        assert_eq!(overall.of_known.and_then(|share| share.share), Some(0.5));
    }

    #[test]
    fn plain_bots_leave_numerator_and_denominator() {
        let bots = AdoptionCell {
            plain_bot: true,
            ai_reviewed: true,
            ..cell("a", "2026-01", Some(Origin::NoneDetected), 90)
        };
        let adoption = adoption(
            &[bots, cell("a", "2026-01", Some(Origin::Agent), 10)],
            &[],
            None,
        );
        assert_eq!(adoption.overall.pull_requests, 10);
        assert_eq!(adoption.overall.plain_bots, 90);
        assert_eq!(adoption.overall.ai_reviewed, 0);
        assert_eq!(
            adoption.overall.of_all.and_then(|share| share.share),
            Some(1.0)
        );
    }

    #[test]
    fn a_team_of_bots_only_has_no_share_rather_than_zero() {
        let bots = AdoptionCell {
            plain_bot: true,
            ..cell("a", "2026-01", None, 2)
        };
        let adoption = adoption(&[bots], &[], None);
        assert_eq!(adoption.overall.of_all.and_then(|share| share.share), None);
    }

    #[test]
    fn months_are_in_order_and_the_current_one_is_marked() {
        let cells = [
            cell("b", "2026-02", Some(Origin::Agent), 1),
            cell("a", "2026-01", Some(Origin::Agent), 1),
        ];
        let result = adoption(&cells, &[], Some("2026-02"));
        let months: Vec<&str> = result
            .by_month
            .iter()
            .map(|month| month.name.as_str())
            .collect();
        assert_eq!(months, ["2026-01", "2026-02"]);
        assert_eq!(result.incomplete_month.as_deref(), Some("2026-02"));
        assert_eq!(
            adoption(&cells, &[], Some("2026-03")).incomplete_month,
            None
        );
    }

    #[test]
    fn reviewers_are_never_counted_as_authors() {
        let tool = |tool: &str, role, count| ToolCell {
            tool: tool.to_owned(),
            role,
            count,
        };
        let tools = [
            tool("copilot", Role::Authored, 2),
            tool("copilot", Role::Assisted, 1),
            tool("coderabbit", Role::Reviewed, 5),
        ];
        let cells = [cell("a", "2026-01", Some(Origin::Agent), 10)];
        let adoption = adoption(&cells, &tools, None);
        assert_eq!(adoption.author_tools.len(), 1);
        assert_eq!(adoption.author_tools[0].pull_requests, 3);
        assert_eq!(adoption.review_tools[0].tool, "coderabbit");
    }
}
