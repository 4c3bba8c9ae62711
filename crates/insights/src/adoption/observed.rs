//! Adoption from observations.

use std::collections::HashMap;

use measures::{Code, Observations};
use model::{Origin, Role};
use serde::{Deserialize, Serialize};

use super::{Adoption, AdoptionCell, ToolCell, adoption};
use crate::months::{month_index, month_name};

/// Which moment puts a pull request into a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdoptionClock {
    /// When it was opened: when the decision for AI was taken.
    Created,
    /// When it was merged; others are left out.
    Merged,
}

/// Measures adoption over observations. `current_month` (`2026-05`) is marked as incomplete.
pub fn adoption_of(
    observations: &Observations,
    clock: AdoptionClock,
    current_month: Option<&str>,
) -> Adoption {
    Counts::of(observations, clock).adoption(observations, u32::MAX, current_month)
}

/// Pull requests counted by team and month.
pub(crate) struct Counts {
    team_months: Vec<TeamMonthCounts>,
}

/// What a team did in a month; the month is 0 where the record has no date.
struct TeamMonthCounts {
    team: Code,
    month: u32,
    kinds: Vec<(Kind, u64)>,
    tools: Vec<((Code, Role), u64)>,
}

/// What is counted together.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    origin: Option<Origin>,
    ai_reviewed: bool,
    plain_bot: bool,
}

impl Counts {
    pub(crate) fn of(observations: &Observations, clock: AdoptionClock) -> Self {
        let mut places: HashMap<(Code, u32), usize> = HashMap::new();
        let mut team_months: Vec<TeamMonthCounts> = Vec::new();
        // Rows of a repository stand in order: most are of the same team and month as the one before.
        let mut last = None;
        for row in &observations.rows {
            let moment = match clock {
                AdoptionClock::Created => row.opened.seconds(),
                AdoptionClock::Merged => row.merged.seconds(),
            };
            if moment.is_none() && clock == AdoptionClock::Merged {
                continue;
            }
            let key = (row.team, moment.map_or(0, month_index));
            let place = match last {
                Some((known, place)) if known == key => place,
                _ => *places.entry(key).or_insert_with(|| {
                    team_months.push(TeamMonthCounts {
                        team: key.0,
                        month: key.1,
                        kinds: Vec::new(),
                        tools: Vec::new(),
                    });
                    team_months.len() - 1
                }),
            };
            last = Some((key, place));
            let Some(counts) = team_months.get_mut(place) else {
                continue;
            };
            let kind = Kind {
                origin: row.origin,
                ai_reviewed: row.ai_reviewed,
                plain_bot: row.plain_bot,
            };
            count(&mut counts.kinds, kind);
            if row.plain_bot {
                continue;
            }
            for (names, role) in [
                (row.author_tools, Role::Authored),
                (row.review_tools, Role::Reviewed),
            ] {
                if names != Code::NONE {
                    count(&mut counts.tools, (names, role));
                }
            }
        }
        Counts { team_months }
    }

    /// Sums up the months before `until`; `u32::MAX` for all.
    pub(crate) fn adoption(
        &self,
        observations: &Observations,
        until: u32,
        current_month: Option<&str>,
    ) -> Adoption {
        let (mut cells, mut tool_cells) = (Vec::new(), Vec::new());
        for counts in self.team_months.iter().filter(|it| it.month < until) {
            let team = observations.teams.name(counts.team).unwrap_or_default();
            let month = (counts.month > 0).then(|| month_name(counts.month));
            for (kind, count) in &counts.kinds {
                cells.push(AdoptionCell {
                    team: team.to_owned(),
                    month: month.clone(),
                    origin: kind.origin,
                    ai_reviewed: kind.ai_reviewed,
                    plain_bot: kind.plain_bot,
                    count: *count,
                });
            }
            for ((names, role), count) in &counts.tools {
                // Each of several tools counts.
                let names = observations.tools.name(*names).unwrap_or_default();
                for tool in names.split(',') {
                    tool_cells.push(ToolCell {
                        team: team.to_owned(),
                        month: month.clone(),
                        tool: tool.to_owned(),
                        role: *role,
                        count: *count,
                    });
                }
            }
        }
        adoption(&cells, &tool_cells, current_month)
    }
}

/// Counts one more of a kind; there are few kinds.
fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, kind: T) {
    match counts.iter_mut().find(|it| it.0 == kind) {
        Some((_, count)) => *count += 1,
        None => counts.push((kind, 1)),
    }
}
