//! Tools over time: the mix by month, and which tools a team took up or gave up.

use std::collections::{BTreeMap, BTreeSet};

use model::Role;
use serde::Serialize;
use stats::Proportion;

use super::{Group, ToolCell};
use crate::months::month_of_name;
use crate::wording::FEWEST_SHOWN;

/// Fewest pull requests of a team in a month for the month to tell that a tool is not used.
const FEWEST_IN_MONTH: u64 = 5;
/// Fewest pull requests with a tool in the months after it appeared, or before it went.
const FEWEST_WITH_TOOL: u64 = 5;
/// Months that must be without the tool, on the other side.
const QUIET_MONTHS: usize = 2;

/// A tool in a month, all teams together.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ToolMonth {
    /// The month, `2026-05`.
    pub month: String,
    /// The tool's slug.
    pub tool: String,
    /// Whether it reviewed; otherwise it wrote or helped to.
    pub reviewed: bool,
    /// Pull requests with it, out of those of the month.
    pub share: Proportion,
}

impl ToolMonth {
    /// Whether its month is large enough to be told to others.
    pub fn may_be_told(&self) -> bool {
        self.share.n >= FEWEST_SHOWN as u64
    }
}

/// Whether a tool came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolChangeKind {
    /// It is new.
    New,
    /// It is used no more.
    Stopped,
}

/// A tool that a team took up or gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ToolChange {
    /// The first month with the tool, or the first one without it.
    pub month: String,
    /// The team.
    pub team: String,
    /// The tool's slug.
    pub tool: String,
    /// Whether it reviewed; otherwise it wrote or helped to.
    pub reviewed: bool,
    /// Whether it came or went.
    pub kind: ToolChangeKind,
    /// Pull requests with it, in all.
    pub pull_requests: u64,
}

/// The share of each tool in each month.
pub(super) fn by_month(tools: &[ToolCell], months: &BTreeMap<&str, Group>) -> Vec<ToolMonth> {
    let mut counts: BTreeMap<(&str, bool, &str), u64> = BTreeMap::new();
    for cell in tools {
        if let Some(month) = cell.month.as_deref() {
            let reviewed = cell.role == Role::Reviewed;
            *counts.entry((month, reviewed, &cell.tool)).or_default() += cell.count;
        }
    }
    counts
        .into_iter()
        .map(|((month, reviewed, tool), count)| {
            let all = months.get(month).map_or(0, |group| group.pull_requests);
            ToolMonth {
                month: month.to_owned(),
                tool: tool.to_owned(),
                reviewed,
                share: Proportion::new(count, all.max(count)),
            }
        })
        .collect()
}

/// Tools that came or went. The current month is not over, so that nothing stops in it.
pub(super) fn changes(
    tools: &[ToolCell],
    team_months: &BTreeMap<(&str, &str), Group>,
    current_month: Option<&str>,
) -> Vec<ToolChange> {
    let mut used: BTreeMap<(&str, bool, &str), BTreeMap<&str, u64>> = BTreeMap::new();
    for cell in tools {
        if let Some(month) = cell.month.as_deref() {
            let key = (
                cell.team.as_str(),
                cell.role == Role::Reviewed,
                cell.tool.as_str(),
            );
            *used.entry(key).or_default().entry(month).or_default() += cell.count;
        }
    }
    let mut changes = Vec::new();
    for ((team, reviewed, tool), months_used) in used {
        let pull_requests: u64 = months_used.values().sum();
        if pull_requests < FEWEST_WITH_TOOL {
            continue;
        }
        // Months that could have shown the tool: complete ones with work enough.
        let telling: BTreeSet<&str> = team_months
            .range((team, "")..)
            .take_while(|((one, _), _)| *one == team)
            .filter(|((_, month), group)| {
                group.pull_requests >= FEWEST_IN_MONTH && Some(*month) != current_month
            })
            .map(|((_, month), _)| *month)
            .collect();
        let change = |month: &str, kind| ToolChange {
            month: month.to_owned(),
            team: team.to_owned(),
            tool: tool.to_owned(),
            reviewed,
            kind,
            pull_requests,
        };
        let (Some(first), Some(last)) = (
            months_used.keys().next().copied(),
            months_used.keys().next_back().copied(),
        ) else {
            continue;
        };
        if telling.range(..first).count() >= QUIET_MONTHS {
            changes.push(change(first, ToolChangeKind::New));
        }
        let quiet: Vec<&str> = telling
            .iter()
            .copied()
            .filter(|month| month_of_name(month) > month_of_name(last))
            .collect();
        if let Some(first_without) = quiet.first().filter(|_| quiet.len() >= QUIET_MONTHS) {
            changes.push(change(first_without, ToolChangeKind::Stopped));
        }
    }
    changes.sort_by(|one, other| {
        (&one.month, &one.team, &one.tool).cmp(&(&other.month, &other.team, &other.tool))
    });
    changes
}
