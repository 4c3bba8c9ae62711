//! Step 6: do teams differ from themselves in months with more AI?

use serde::Serialize;
use stats::{
    Coefficient, EffectsCounted, FixedEffects, Interval, Regression, StandardErrors, StatsError,
    cluster_jackknife, median, within_spearman_clustered,
};

use super::Gated;
use super::groups::distinct;
use super::ordered::Entry;
use super::outcome::{Exposure, Outcome};
use super::prepared::Prepared;
use crate::months::month_index;
use crate::wording::too_few_team_months;

/// Fewest teams of the panel.
const FEWEST_TEAMS: usize = 6;
/// Fewest months in which teams have enough pull requests.
const FEWEST_MONTHS: usize = 6;
/// Fewest pull requests of a team in a month.
const FEWEST_IN_CELL: usize = 5;
/// Below this many teams the jackknife takes the place of the usual errors.
const FEW_TEAMS: usize = 40;

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
    /// Its 95 % interval, leaving out one team at a time.
    pub rho_interval: Interval,
    /// Teams.
    pub teams: usize,
    /// Months.
    pub months: usize,
    /// Team-months.
    pub n: usize,
}

/// Builds the panel of team-months and regresses. Complete months only.
pub(crate) fn over_time(
    prepared: &Prepared<'_>,
    entries: &[Entry],
    exposure: Exposure,
    outcome: Outcome,
) -> Gated<OverTime> {
    let cells = prepared.table.months();
    let current = month_index(prepared.reading.now);
    let place_of = |entry: &Entry| {
        let is_wanted = entry.flags.arm(exposure).is_some() && u32::from(entry.month) < current;
        cells
            .place(entry.team, entry.month)
            .filter(|place| is_wanted && *place < cells.cells())
    };
    let mut starts = vec![0; cells.cells() + 1];
    for place in entries.iter().filter_map(place_of) {
        starts[place + 1] += 1;
    }
    for place in 0..cells.cells() {
        starts[place + 1] += starts[place];
    }
    // Sorted as the entries are, values stay sorted within each cell.
    let mut ends = starts.clone();
    let mut values = vec![0; starts[cells.cells()]];
    for entry in entries {
        if let Some(place) = place_of(entry) {
            values[ends[place]] = entry.value;
            ends[place] += 1;
        }
    }
    let (mut share, mut level, mut teams, mut months) = (vec![], vec![], vec![], vec![]);
    for place in 0..cells.cells() {
        let of_cell = &values[starts[place]..starts[place + 1]];
        if of_cell.len() < FEWEST_IN_CELL {
            continue;
        }
        let middle = &of_cell[(of_cell.len() - 1) / 2..=of_cell.len() / 2];
        let middle: Vec<f64> = middle.iter().map(|it| outcome.scaled(*it)).collect();
        let (Ok(median), Some(of_ai)) = (median(&middle), cells.share(place, exposure)) else {
            continue;
        };
        share.push(of_ai);
        level.push(median);
        teams.push((place / cells.months) as u32);
        months.push(cells.first_month + (place % cells.months) as u32);
    }
    let (team_count, month_count) = (distinct(&teams), distinct(&months));
    if team_count < FEWEST_TEAMS || month_count < FEWEST_MONTHS {
        return Gated::refused(too_few_team_months(
            [team_count, month_count],
            [FEWEST_TEAMS, FEWEST_MONTHS],
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
    let slope = slope(share, level, teams, months)?;
    let ten_points = |slope: f64| (slope * 0.1).exp();
    let rho = within_spearman_clustered(share, level, teams)?;
    Ok(OverTime {
        ratio_for_ten_points: ten_points(slope.estimate),
        interval: Interval {
            low: ten_points(slope.interval.low),
            high: ten_points(slope.interval.high),
        },
        p: slope.p,
        within_rho: rho.rho,
        rho_interval: rho.interval,
        teams: 0,
        months: 0,
        n: share.len(),
    })
}

/// The slope within team and month; with few teams judged by leaving out one at a time.
fn slope(
    share: &[f64],
    level: &[f64],
    teams: &[u32],
    months: &[u32],
) -> Result<Coefficient, StatsError> {
    let of_columns = |share: &[f64], level: &[f64], teams: &[u32], months: &[u32]| {
        let effects = FixedEffects::new(&[teams, months])?;
        let regression = Regression::absorbing(level, &[share], &effects)?;
        let fit = regression.fit(StandardErrors::Clustered {
            clusters: teams,
            counting: EffectsCounted::NotNested,
        })?;
        (fit.coefficients.first().copied().flatten()).ok_or(StatsError::Constant {
            what: "the share of AI within teams",
        })
    };
    if distinct(teams) >= FEW_TEAMS {
        return of_columns(share, level, teams, months);
    }
    cluster_jackknife(teams, |rows| {
        let reals =
            |column: &[f64]| -> Vec<f64> { rows.iter().map(|row| column[*row as usize]).collect() };
        let codes =
            |column: &[u32]| -> Vec<u32> { rows.iter().map(|row| column[*row as usize]).collect() };
        let slope = of_columns(&reals(share), &reals(level), &codes(teams), &codes(months))?;
        Ok(slope.estimate)
    })
}
