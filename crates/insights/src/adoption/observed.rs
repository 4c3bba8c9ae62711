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
    let mut cells: HashMap<(Code, u32, Option<Origin>, bool, bool), u64> = HashMap::new();
    let mut tools: HashMap<(Code, u32, Code, Role), u64> = HashMap::new();
    for row in &observations.rows {
        let moment = match clock {
            AdoptionClock::Created => row.opened.seconds(),
            AdoptionClock::Merged => row.merged.seconds(),
        };
        if moment.is_none() && clock == AdoptionClock::Merged {
            continue;
        }
        let month = moment.map_or(0, month_index);
        let key = (row.team, month, row.origin, row.ai_reviewed, row.plain_bot);
        *cells.entry(key).or_default() += 1;
        if row.plain_bot {
            continue;
        }
        for (names, role) in [
            (row.author_tools, Role::Authored),
            (row.review_tools, Role::Reviewed),
        ] {
            if names != Code::NONE {
                *tools.entry((row.team, month, names, role)).or_default() += 1;
            }
        }
    }
    let team_name = |team: Code| observations.teams.name(team).unwrap_or_default().to_owned();
    let name_of_month = |month: u32| (month > 0).then(|| month_name(month));
    let cells: Vec<AdoptionCell> = cells
        .into_iter()
        .map(
            |((team, month, origin, ai_reviewed, plain_bot), count)| AdoptionCell {
                team: team_name(team),
                month: name_of_month(month),
                origin,
                ai_reviewed,
                plain_bot,
                count,
            },
        )
        .collect();
    let mut tool_cells = Vec::new();
    for ((team, month, names, role), count) in tools {
        // Each of several tools counts.
        for tool in observations
            .tools
            .name(names)
            .unwrap_or_default()
            .split(',')
        {
            tool_cells.push(ToolCell {
                team: team_name(team),
                month: name_of_month(month),
                tool: tool.to_owned(),
                role,
                count,
            });
        }
    }
    adoption(&cells, &tool_cells, current_month)
}
