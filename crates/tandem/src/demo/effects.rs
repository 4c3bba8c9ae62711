//! What was found of the planted effects, beside what was planted.

use insights::Report;
use insights::effects::{Finding, Headline};
use insights::wording::{interval_text, ratio_text};
use measures::Metric;
use serde::Serialize;
use stats::Interval;

use crate::demo::organisation::PlantedSummary;
use crate::error::CliError;
use crate::output::Output;

/// One team's effect on one clock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EffectComparison {
    /// The team.
    pub(crate) team: String,
    /// The clock.
    pub(crate) metric: Metric,
    /// The factor that was planted, within author, repository and size.
    pub(crate) planted: f64,
    /// Pooled over all pull requests as they are.
    pub(crate) pooled: Option<f64>,
    /// The estimate that is told first.
    pub(crate) found: Option<f64>,
    /// Its 95 % interval.
    pub(crate) interval: Option<Interval>,
    /// Whether the interval holds what was planted.
    pub(crate) covered: Option<bool>,
    /// What is said.
    pub(crate) finding: Finding,
    /// Whether pooled and within are told to point in opposite directions.
    pub(crate) simpson: bool,
}

/// Puts what a report says of cycle and pickup beside the plan.
pub(crate) fn compare(planted: &PlantedSummary, report: &Report) -> Vec<EffectComparison> {
    let mut found = Vec::new();
    for comparison in &report.authorship {
        let Some(team) = &comparison.team else {
            continue;
        };
        let Some(effect) = planted.effects.iter().find(|effect| effect.team == *team) else {
            continue;
        };
        let ratio = match comparison.metric {
            Metric::Cycle => effect.cycle_ratio,
            Metric::Pickup => effect.pickup_ratio,
            _ => continue,
        };
        let interval = comparison.headline.and_then(|headline| headline.interval);
        found.push(EffectComparison {
            team: team.clone(),
            metric: comparison.metric,
            planted: ratio,
            pooled: comparison.unadjusted.shown().map(|shown| shown.value),
            found: comparison.headline.map(|Headline { value, .. }| value),
            interval,
            covered: interval.map(|interval| interval.low <= ratio && ratio <= interval.high),
            finding: comparison.finding,
            simpson: comparison.simpson.is_some(),
        });
    }
    found
}

/// Prints it as people read it.
pub(crate) fn print(output: &Output, effects: &[EffectComparison]) -> Result<(), CliError> {
    output.heading("What AI goes along with, beside what was planted")?;
    let ratio = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), ratio_text);
    let rows: Vec<Vec<String>> = effects
        .iter()
        .map(|effect| {
            vec![
                effect.team.clone(),
                effect.metric.definition().title.to_owned(),
                ratio_text(effect.planted),
                ratio(effect.pooled),
                ratio(effect.found),
                effect.interval.map_or_else(
                    || "-".to_owned(),
                    |interval| interval_text(insights::effects::EffectUnit::Ratio, interval),
                ),
                match (effect.covered, effect.simpson) {
                    (Some(true), false) => "covered",
                    (Some(true), true) => "covered; pooled misleads (Simpson)",
                    (Some(false), true) => "diluted; pooled misleads (Simpson)",
                    (Some(false), false) => "not covered",
                    (None, _) => "too few to say",
                }
                .to_owned(),
            ]
        })
        .collect();
    output.table(
        &[
            "Team",
            "Clock",
            ">Planted",
            ">Pooled",
            ">Adjusted",
            ">95 % interval",
            "",
        ],
        &rows,
    )?;
    output.remark(
        "  AI that left no trace counts as none detected, which draws estimates towards x1. tandem insights says more.",
    )
}
