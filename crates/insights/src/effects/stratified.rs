//! Step 4: like with like, by repository, size bucket and type.

use measures::Metric;
use serde::Serialize;
use stats::{
    Interval, StatsError, Stratified as Rows, TwoByTwo, mantel_haenszel, mantel_haenszel_clustered,
    van_elteren_clustered,
};

use super::sample::Sample;
use super::{EffectUnit, Gated};
use crate::gates::{FEWEST_PEOPLE, too_rare};

/// Fewest pull requests with AI that have a counterpart in their stratum.
const FEWEST_COMPARABLE: usize = 20;

/// What a stratified estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StratifiedUnit {
    /// A ratio within strata (Hodges-Lehmann on logarithms, van Elteren's test).
    Ratio,
    /// An odds ratio within strata (Mantel-Haenszel).
    OddsRatio,
}

/// The arms compared within strata.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Stratified {
    /// What the estimate is.
    pub unit: StratifiedUnit,
    /// The estimate within strata.
    pub value: f64,
    /// Its 95 % interval, clustered by author.
    pub interval: Interval,
    /// Two-sided p-value, clustered by author.
    pub p: f64,
    /// The same without strata, for odds ratios.
    pub pooled: Option<f64>,
    /// Strata that hold both arms; `None` for odds ratios, whose strata without both weigh nothing.
    pub strata: Option<usize>,
    /// Share of the pull requests with AI that have a counterpart in their stratum.
    pub overlap: f64,
}

/// Compares within strata.
pub(crate) fn stratified(sample: &Sample<'_>) -> Gated<Stratified> {
    let strata = strata(sample);
    let n_ai = sample.n_ai;
    let comparable = comparable_with_ai(sample, &strata);
    if comparable < FEWEST_COMPARABLE {
        return Gated::refused(format!(
            "{comparable} pull requests with AI have a counterpart of the same repository, size and type, \
             {FEWEST_COMPARABLE} are needed"
        ));
    }
    let people = sample.people.count();
    if people < FEWEST_PEOPLE {
        return Gated::refused(format!("{people} authors, {FEWEST_PEOPLE} are needed"));
    }
    if sample.unit == EffectUnit::Points
        && let Some(why) = too_rare(sample.events(), sample.len())
    {
        return Gated::refused(why);
    }
    let overlap = comparable as f64 / n_ai.max(1) as f64;
    let computed = match sample.unit {
        EffectUnit::Ratio => ratio(sample, &strata, overlap),
        EffectUnit::Points => odds_ratio(sample, &strata, overlap),
    };
    computed.map_or_else(|error| Gated::refused(error.to_string()), Gated::Shown)
}

/// The stratum of each row. Sizes are no stratum of themselves.
fn strata(sample: &Sample<'_>) -> Vec<u32> {
    let strata = sample.stratum.iter();
    if sample.metric == Metric::Size {
        strata.map(|it| it.without_size().0).collect()
    } else {
        strata.map(|it| it.0).collect()
    }
}

fn comparable_with_ai(sample: &Sample<'_>, strata: &[u32]) -> usize {
    let count = strata.iter().max().map_or(0, |last| *last as usize + 1);
    let mut has_others = vec![false; count];
    for stratum in sample.arm(strata, false) {
        has_others[*stratum as usize] = true;
    }
    let with_ai = sample.arm(strata, true).iter();
    with_ai
        .filter(|stratum| has_others[**stratum as usize])
        .count()
}

fn ratio(sample: &Sample<'_>, strata: &[u32], overlap: f64) -> Result<Stratified, StatsError> {
    let ai = sample.ai();
    let rows = Rows {
        values: &sample.scaled,
        first: &ai,
        strata,
    };
    let compared = van_elteren_clustered(rows, &sample.person)?;
    Ok(Stratified {
        unit: StratifiedUnit::Ratio,
        value: compared.shift.exp(),
        interval: Interval {
            low: compared.interval.low.exp(),
            high: compared.interval.high.exp(),
        },
        p: compared.p,
        pooled: None,
        strata: Some(compared.strata),
        overlap,
    })
}

fn odds_ratio(sample: &Sample<'_>, strata: &[u32], overlap: f64) -> Result<Stratified, StatsError> {
    let events: Vec<bool> = sample.value.iter().map(|value| *value == 1).collect();
    let compared = mantel_haenszel_clustered(&sample.ai(), &events, strata, &sample.person)?;
    let count = |with_ai: bool| {
        let events = sample.arm(&events, with_ai);
        let with_event = events.iter().filter(|event| **event).count();
        (with_event as u64, (events.len() - with_event) as u64)
    };
    let ((first_event, first_other), (second_event, second_other)) = (count(true), count(false));
    let table = TwoByTwo {
        first_event,
        first_other,
        second_event,
        second_other,
    };
    let pooled = mantel_haenszel(&[table]).ok();
    Ok(Stratified {
        unit: StratifiedUnit::OddsRatio,
        value: compared.odds_ratio,
        interval: compared.interval,
        p: compared.p,
        pooled: pooled.map(|pooled| pooled.odds_ratio),
        strata: None,
        overlap,
    })
}
