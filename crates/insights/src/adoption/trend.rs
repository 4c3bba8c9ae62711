//! Trends and steps of adoption, team by team.

use std::collections::BTreeMap;

use serde::Serialize;
use stats::{Interval, change_points_of_shares, cochran_armitage};

use super::Group;
use crate::gates::too_rare;

/// Fewest complete months for a trend.
const FEWEST_MONTHS: usize = 4;
/// Fewest pull requests of a month that counts.
const FEWEST_IN_MONTH: u64 = 5;
/// Fewest complete months for steps.
const FEWEST_MONTHS_FOR_STEPS: usize = 6;

/// How adoption changes over the complete months.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AdoptionTrend {
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// Change of the share a month; 0.01 is one percentage point.
    pub slope_a_month: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value of no trend, months varying more than by chance allowed for.
    pub p: f64,
    /// Complete months.
    pub months: usize,
    /// Months in which the level changed, with the levels before and after.
    pub steps: Vec<AdoptionStep>,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AdoptionStep {
    /// The first month of the new level.
    pub month: String,
    /// The share before.
    pub before: f64,
    /// The share from then on.
    pub after: f64,
}

/// Trends of all together and of each team, where there are months enough.
pub(super) fn trends(
    months: &BTreeMap<&str, Group>,
    team_months: &BTreeMap<(&str, &str), Group>,
    current_month: Option<&str>,
) -> Vec<AdoptionTrend> {
    let mut series: BTreeMap<Option<&str>, Vec<(&str, u64, u64)>> = BTreeMap::new();
    let point = |month: &'_ str, group: &Group| {
        (group.pull_requests >= FEWEST_IN_MONTH && Some(month) != current_month)
            .then_some((group.agent + group.assisted, group.pull_requests))
    };
    for (month, group) in months {
        if let Some((found, all)) = point(month, group) {
            series.entry(None).or_default().push((month, found, all));
        }
    }
    for ((team, month), group) in team_months {
        if let Some((found, all)) = point(month, group) {
            let of_team = series.entry(Some(team)).or_default();
            of_team.push((month, found, all));
        }
    }
    series
        .into_iter()
        .filter_map(|(team, points)| trend(team, &points))
        .collect()
}

fn trend(team: Option<&str>, points: &[(&str, u64, u64)]) -> Option<AdoptionTrend> {
    if points.len() < FEWEST_MONTHS {
        return None;
    }
    let first = crate::months::month_of_name(points.first()?.0)?;
    let times: Vec<f64> = points
        .iter()
        .map(|(month, _, _)| {
            let month = crate::months::month_of_name(month).unwrap_or(first);
            f64::from(month - first)
        })
        .collect();
    let found: Vec<u64> = points.iter().map(|point| point.1).collect();
    let all: Vec<u64> = points.iter().map(|point| point.2).collect();
    if too_rare(
        found.iter().sum::<u64>() as usize,
        all.iter().sum::<u64>() as usize,
    )
    .is_some()
    {
        return None;
    }
    let trend = cochran_armitage(&times, &found, &all).ok()?;
    let steps = if points.len() < FEWEST_MONTHS_FOR_STEPS {
        Vec::new()
    } else {
        let levels = change_points_of_shares(&found, &all).ok()?;
        levels
            .segments
            .windows(2)
            .filter_map(|pair| {
                let [before, after] = pair else { return None };
                Some(AdoptionStep {
                    month: points.get(after.start)?.0.to_owned(),
                    before: before.level,
                    after: after.level,
                })
            })
            .collect()
    };
    Some(AdoptionTrend {
        team: team.map(str::to_owned),
        slope_a_month: trend.slope,
        interval: trend.interval,
        p: trend.p,
        months: trend.n,
        steps,
    })
}
