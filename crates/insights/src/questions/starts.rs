//! Question 3: who has started, who leads, and what has moved.

use measures::Observations;
use serde::Serialize;
use stats::Proportion;

use super::panel::{Cell, Panel, first_of_two};
use crate::months::month_name;

/// The share at which a team counts as having adopted.
pub(super) const ADOPTED_SHARE: f64 = 0.10;
/// Complete months at either end that are compared.
const MONTHS_COMPARED: usize = 3;
/// Fewest teams with a change for quartiles.
const FEWEST_FOR_QUARTILES: usize = 4;

/// Where a team stands with AI authorship. Shares are at least; months are complete ones, by opening.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TeamStart {
    /// The team.
    pub team: String,
    /// The adoption month: the first of two months in a row with at least 10 % (months below five pull
    /// requests tell nothing). `None` while it has not adopted.
    pub adopted: Option<String>,
    /// Whether the adoption month is the first month of the record that tells, so that adoption may lie before.
    pub may_be_earlier: bool,
    /// The first month with any pull request with AI.
    pub first_seen: Option<String>,
    /// The share in the first three months.
    pub first_months: Proportion,
    /// The share in the last three months; teams with fewer than six months have the same rows in both.
    pub last_months: Proportion,
    /// The last share less the first, 0.01 being a point; `None` below six months.
    pub change: Option<f64>,
    /// 1 for the quarter of teams that moved least, 4 for the quarter that moved most; `None` below four
    /// teams with a change.
    pub quartile_of_change: Option<u8>,
}

pub(super) fn starts(observations: &Observations, teams: &Panel) -> Vec<TeamStart> {
    let mut starts: Vec<TeamStart> = teams
        .units()
        .filter_map(|months| start(observations, months))
        .collect();
    set_quartiles(&mut starts);
    starts.sort_by(|one, other| {
        let share = |start: &TeamStart| start.last_months.share.unwrap_or(-1.0);
        share(other)
            .total_cmp(&share(one))
            .then(one.team.cmp(&other.team))
    });
    starts
}

fn start(observations: &Observations, months: &[(u32, u32, Cell)]) -> Option<TeamStart> {
    let unit = months.first()?.0 as usize;
    let adopted = first_of_two(months, ADOPTED_SHARE, |cell| cell.with_ai);
    let share = |months: &[(u32, u32, Cell)]| {
        let sum = |count: fn(&Cell) -> u32| {
            let counts = months.iter().map(|(_, _, cell)| u64::from(count(cell)));
            counts.sum::<u64>()
        };
        Proportion::new(sum(|cell| cell.with_ai), sum(|cell| cell.all))
    };
    let compared = MONTHS_COMPARED.min(months.len());
    let first_months = share(months.get(..compared)?);
    let last_months = share(months.get(months.len() - compared..)?);
    let change = (months.len() >= 2 * MONTHS_COMPARED)
        .then(|| Some(last_months.share? - first_months.share?))
        .flatten();
    Some(TeamStart {
        team: observations.teams.names().get(unit)?.to_string(),
        adopted: adopted.map(|(month, _)| month_name(month)),
        may_be_earlier: adopted.is_some_and(|(_, is_first)| is_first),
        first_seen: months
            .iter()
            .find(|(_, _, cell)| cell.with_ai > 0)
            .map(|(_, month, _)| month_name(*month)),
        first_months,
        last_months,
        change,
        quartile_of_change: None,
    })
}

/// A team's quartile by the share of teams that moved less.
fn set_quartiles(starts: &mut [TeamStart]) {
    let changes: Vec<f64> = starts.iter().filter_map(|start| start.change).collect();
    if changes.len() < FEWEST_FOR_QUARTILES {
        return;
    }
    for start in starts {
        start.quartile_of_change = start.change.map(|own| {
            let less = changes.iter().filter(|change| **change < own).count();
            (4 * less / changes.len()) as u8 + 1
        });
    }
}
