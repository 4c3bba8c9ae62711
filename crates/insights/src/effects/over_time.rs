//! Step 6: do teams differ from themselves in months with more AI?

use std::collections::HashMap;

use measures::Observations;
use serde::Serialize;
use stats::{
    EffectsCounted, FixedEffects, Interval, Regression, Resampling, StandardErrors, StatsError,
    median, moving_block_spearman, within_spearman,
};

use super::Gated;
use super::groups::each_once;
use super::outcome::{Exposure, Outcome, Reading};
use crate::months::month_index;

/// Fewest teams of the panel.
const FEWEST_TEAMS: usize = 6;
/// Fewest months in which teams have enough pull requests.
const FEWEST_MONTHS: usize = 6;
/// Fewest pull requests of a team in a month.
const FEWEST_IN_CELL: usize = 5;
/// Months that hang together in the bootstrap.
const BLOCK_MONTHS: usize = 3;

/// Team-months: the share of AI against the median of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct OverTime {
    /// Ratio of the median in a month with ten points more AI, within team and month.
    pub ratio_for_ten_points: f64,
    /// Its 95 % interval, clustered by team.
    pub interval: Interval,
    /// Two-sided p-value.
    pub p: f64,
    /// Spearman's correlation within teams.
    pub within_rho: f64,
    /// Its 95 % interval, by blocks of three months.
    pub rho_interval: Interval,
    /// Teams.
    pub teams: usize,
    /// Months.
    pub months: usize,
    /// Team-months.
    pub n: usize,
}

/// A team in a month.
#[derive(Default)]
struct Cell {
    with_ai: u32,
    all: u32,
    values: Vec<u32>,
}

impl Cell {
    /// Adds the rows of another, which is empty after it.
    fn take(&mut self, other: &mut Cell) {
        self.with_ai += std::mem::take(&mut other.with_ai);
        self.all += std::mem::take(&mut other.all);
        self.values.append(&mut other.values);
    }
}

/// Builds the panel of team-months and regresses. Complete months only.
pub(crate) fn over_time(
    observations: &Observations,
    exposure: Exposure,
    outcome: Outcome,
    reading: &Reading,
) -> Gated<OverTime> {
    let current = month_index(reading.now);
    let mut cells: HashMap<(u32, u32), Cell> = HashMap::new();
    // Rows of a repository stand in order: most are of the same team and month as the one before.
    let mut last = (u32::MAX, u32::MAX);
    let mut open = Cell::default();
    for row in &observations.rows {
        let (Some(ai), Some(team), Some(opened)) =
            (exposure.arm(row), row.team.index(), row.opened.seconds())
        else {
            continue;
        };
        let month = month_index(opened);
        if month >= current {
            continue;
        }
        let key = (team as u32, month);
        if key != last {
            cells.entry(last).or_default().take(&mut open);
            last = key;
        }
        open.with_ai += u32::from(ai);
        open.all += 1;
        if let Some(value) = outcome.value(row, reading) {
            open.values.push(value);
        }
    }
    cells.entry(last).or_default().take(&mut open);
    let mut cells: Vec<((u32, u32), Cell)> = cells.into_iter().collect();
    cells.sort_unstable_by_key(|it| it.0);
    let (mut share, mut level, mut teams, mut months) = (vec![], vec![], vec![], vec![]);
    for ((team, month), cell) in cells {
        if cell.values.len() < FEWEST_IN_CELL {
            continue;
        }
        let scaled: Vec<f64> = cell
            .values
            .iter()
            .map(|value| outcome.scaled(*value))
            .collect();
        if let Ok(median) = median(&scaled) {
            share.push(f64::from(cell.with_ai) / f64::from(cell.all));
            level.push(median);
            teams.push(team);
            months.push(month);
        }
    }
    let (team_count, month_count) = (each_once(&teams).len(), each_once(&months).len());
    if team_count < FEWEST_TEAMS || month_count < FEWEST_MONTHS {
        return Gated::refused(format!(
            "{team_count} teams over {month_count} months, {FEWEST_TEAMS} and {FEWEST_MONTHS} are needed"
        ));
    }
    estimate(&share, &level, &teams, &months).map_or_else(
        |error| Gated::refused(error.to_string()),
        |mut found| {
            found.teams = team_count;
            found.months = month_count;
            Gated::Shown(found)
        },
    )
}

fn estimate(
    share: &[f64],
    level: &[f64],
    teams: &[u32],
    months: &[u32],
) -> Result<OverTime, StatsError> {
    let effects = FixedEffects::new(&[teams, months])?;
    let regression = Regression::absorbing(level, &[share], &effects)?;
    let fit = regression.fit(StandardErrors::Clustered {
        clusters: teams,
        counting: EffectsCounted::NotNested,
    })?;
    let slope = (fit.coefficients.first().copied().flatten()).ok_or(StatsError::Constant {
        what: "the share of AI within teams",
    })?;
    let ten_points = |slope: f64| (slope * 0.1).exp();
    let rho = within_spearman(share, level, teams)?;
    Ok(OverTime {
        ratio_for_ten_points: ten_points(slope.estimate),
        interval: Interval {
            low: ten_points(slope.interval.low),
            high: ten_points(slope.interval.high),
        },
        p: slope.p,
        within_rho: rho.rho,
        rho_interval: moving_block_spearman(
            share,
            level,
            teams,
            BLOCK_MONTHS,
            Resampling {
                replicates: 500,
                ..Resampling::default()
            },
        )?,
        teams: 0,
        months: 0,
        n: share.len(),
    })
}
