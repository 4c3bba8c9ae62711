//! Adoption: how much of the work AI was found in, by team, month and tool.

mod observed;
#[cfg(test)]
mod tests;
mod tool_use;
mod trend;

use std::collections::BTreeMap;

use model::{Origin, Role};
use serde::Serialize;
use stats::Proportion;

use crate::wording::FEWEST_SHOWN;
pub(crate) use observed::Counts;
pub use observed::{AdoptionClock, adoption_of};
pub use tool_use::{ToolChange, ToolChangeKind, ToolMonth};
pub use trend::{AdoptionStep, AdoptionTrend};

/// A count of pull requests that agree in everything named here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptionCell {
    /// The team.
    pub team: String,
    /// Month, `2026-05`, UTC, by the clock in use; `None` when the record has no date.
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
    /// The team.
    pub team: String,
    /// Month, as in [`AdoptionCell`].
    pub month: Option<String>,
    /// The tool's slug.
    pub tool: String,
    /// What it did. `Assisted` counts with `Authored` in the table of authors.
    pub role: Role,
    /// How many pull requests.
    pub count: u64,
}

/// Adoption over a set of pull requests.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Adoption {
    /// All teams together.
    pub overall: Group,
    /// By team, by name.
    pub by_team: Vec<NamedGroup>,
    /// By month, oldest first; pull requests without a date are left out.
    pub by_month: Vec<NamedGroup>,
    /// By team and month.
    pub by_team_month: Vec<TeamMonth>,
    /// Tools that wrote or helped to write, most frequent first.
    pub author_tools: Vec<ToolShare>,
    /// Tools that reviewed, most frequent first.
    pub review_tools: Vec<ToolShare>,
    /// How it changes over the complete months, all together first.
    pub trends: Vec<AdoptionTrend>,
    /// By tool and month: the mix and how it shifts.
    pub tool_months: Vec<ToolMonth>,
    /// Tools that a team took up or gave up, oldest first.
    pub tool_changes: Vec<ToolChange>,
    /// The last month, when it is the one named as current: it is not complete.
    pub incomplete_month: Option<String>,
}

/// Counts of one group, and the shares that follow from them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct NamedGroup {
    /// Team, or month as `2026-05`.
    pub name: String,
    /// Its counts and shares.
    #[serde(flatten)]
    pub group: Group,
}

/// A team in a month.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ToolShare {
    /// The tool's slug.
    pub tool: String,
    /// Pull requests.
    pub pull_requests: u64,
    /// Out of all pull requests (plain bots left out). Shares of several tools may overlap.
    pub share: Proportion,
}

impl Adoption {
    /// The same without months, and months of teams, that have too few pull requests to be told to others:
    /// what one person did could be read off.
    pub fn without_small_cells(&self) -> Adoption {
        let mut adoption = self.clone();
        adoption.by_month.retain(|month| month.group.may_be_told());
        adoption
            .by_team_month
            .retain(|cell| cell.group.may_be_told());
        adoption.tool_months.retain(ToolMonth::may_be_told);
        adoption
    }
}

impl Group {
    /// Whether it is large enough to be told to others.
    pub fn may_be_told(&self) -> bool {
        self.pull_requests >= FEWEST_SHOWN as u64
    }

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
    let tool_months = tool_use::by_month(tools, &months);
    let tool_changes = tool_use::changes(tools, &team_months, current_month);
    let trends = trend::trends(&months, &team_months, current_month);
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
        trends,
        tool_months,
        tool_changes,
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
