//! Step 2: the arms as they are, with clusters counted.

use serde::Serialize;
use stats::{
    Interval, compare_clustered, compare_shares_clustered, minimum_detectable_of_interval,
};

use super::sample::Sample;
use super::{EffectUnit, Gated};
use crate::gates::{too_few_for_shares, too_rare, too_small};
use crate::wording::FEWEST_SHOWN;

/// The arms as they are.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Unadjusted {
    /// The ratio (Hodges-Lehmann on logarithms) or the difference of shares.
    pub value: f64,
    /// Its 95 % interval, clustered by author.
    pub interval: Interval,
    /// Two-sided p-value, clustered by author.
    pub p: f64,
    /// How often a pull request with AI has the larger value, less how often the smaller; for ratios.
    pub cliffs_delta: Option<f64>,
    /// The smallest difference that would have shown four times in five.
    pub detectable: Option<f64>,
    /// Which method it is, in words.
    pub method: &'static str,
}

/// Compares the arms as they are.
pub(crate) fn unadjusted(sample: &Sample<'_>) -> Gated<Unadjusted> {
    let fewest = sample.fewest();
    if fewest < FEWEST_SHOWN {
        return Gated::refused(format!(
            "one arm has {fewest} pull requests; fewer than {FEWEST_SHOWN} are not shown"
        ));
    }
    if let Some(why) = sample
        .all_alike()
        .or_else(|| too_small(sample.sizes(), "arm"))
    {
        return Gated::refused(why);
    }
    let computed = match sample.unit {
        EffectUnit::Ratio => ratio(sample),
        EffectUnit::Points => match too_rare(sample.events(), sample.len())
            .or_else(|| too_few_for_shares(sample.people.count()))
        {
            Some(why) => return Gated::refused(why),
            None => points(sample),
        },
    };
    computed.map_or_else(|error| Gated::refused(error.to_string()), Gated::Shown)
}

fn ratio(sample: &Sample<'_>) -> Result<Unadjusted, stats::StatsError> {
    let (with, without) = sample.arms();
    let (shift, ranks) = compare_clustered(with, without)?;
    let half_width = (shift.interval.high - shift.interval.low) / 2.0;
    let df = sample.people.count() as f64 - 1.0;
    Ok(Unadjusted {
        value: shift.estimate.exp(),
        interval: Interval {
            low: shift.interval.low.exp(),
            high: shift.interval.high.exp(),
        },
        p: ranks.p,
        cliffs_delta: Some(ranks.cliffs_delta),
        detectable: minimum_detectable_of_interval(half_width, df)
            .ok()
            .map(f64::exp),
        method: "Hodges-Lehmann ratio and Mann-Whitney test, clustered by author",
    })
}

fn points(sample: &Sample<'_>) -> Result<Unadjusted, stats::StatsError> {
    let (with, without) = sample.arms();
    let found = compare_shares_clustered(with, without)?;
    let half_width = (found.interval.high - found.interval.low) / 2.0;
    let df = sample.people.count() as f64 - 1.0;
    Ok(Unadjusted {
        value: found.estimate,
        interval: found.interval,
        p: found.p,
        cliffs_delta: None,
        detectable: minimum_detectable_of_interval(half_width, df).ok(),
        method: "difference of shares, clustered by author",
    })
}
