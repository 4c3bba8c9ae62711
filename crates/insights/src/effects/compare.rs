//! One comparison, and what is said of the comparisons of a family.

use stats::{Equivalence, benjamini_hochberg, equivalence_of_ratio};

use super::sample::{Cut, Sample};
use super::{
    Basis, Comparison, EffectUnit, Finding, Gated, Headline, Simpson, adjusted, described,
    unadjusted,
};
use crate::wording::{self, MARGIN, Q_LIMIT};

/// Below this ratio (or above its inverse) a difference is large enough to be called opposite.
const SIMPSON_RATIO: f64 = 1.05;

/// Describes the arms and compares them, as they are and within author and repository.
pub(super) fn one(sample: &Sample<'_>, cut: Cut, team: Option<usize>) -> Comparison {
    let unadjusted = unadjusted::unadjusted(sample);
    let adjusted = adjusted::adjusted(sample);
    let headline = match (adjusted.shown(), unadjusted.shown()) {
        (Some(adjusted), _) => Some(Headline {
            basis: Basis::Adjusted,
            value: adjusted.value,
            interval: Some(adjusted.interval),
            p: Some(adjusted.p),
            detectable: adjusted.detectable,
        }),
        (None, Some(unadjusted)) => Some(Headline {
            basis: Basis::Unadjusted,
            value: unadjusted.value,
            interval: Some(unadjusted.interval),
            p: Some(unadjusted.p),
            detectable: unadjusted.detectable,
        }),
        (None, None) => None,
    };
    let simpson = match (unadjusted.shown(), adjusted.shown()) {
        (Some(pooled), Some(within)) => simpson(
            sample.unit,
            (pooled.value, pooled.interval),
            (within.value, within.interval),
        ),
        _ => None,
    };
    Comparison {
        exposure: cut.exposure,
        metric: sample.metric,
        team: team.and_then(|team| sample.team_name(team)),
        unit: sample.unit,
        with_ai: described::describe(sample, true),
        without_ai: described::describe(sample, false),
        stratified: Gated::refused("not asked for"),
        survival: Gated::refused("not followed"),
        over_time: Gated::refused("for all together, and for durations and sizes only"),
        steps: sample.steps(cut.exposure, team),
        unadjusted,
        adjusted,
        sensitivity: Vec::new(),
        simpson,
        headline,
        q: None,
        finding: Finding::NotEnoughData,
        sentence: String::new(),
    }
}

fn simpson(
    unit: EffectUnit,
    pooled: (f64, stats::Interval),
    within: (f64, stats::Interval),
) -> Option<Simpson> {
    let none = unit.none();
    let is_far = |value: f64| match unit {
        EffectUnit::Ratio => value.ln().abs() > SIMPSON_RATIO.ln(),
        EffectUnit::Points => value.abs() > SIMPSON_RATIO - 1.0,
    };
    let opposite = (pooled.0 > none) != (within.0 > none);
    let excludes = |interval: stats::Interval| interval.low > none || interval.high < none;
    (opposite && is_far(pooled.0) && is_far(within.0)).then(|| Simpson {
        pooled: pooled.0,
        within: within.0,
        both_certain: excludes(pooled.1) && excludes(within.1),
    })
}

/// Computes q-values over the family and says what each comparison finds.
///
/// What the gates refuse has no p-value and is not in the family. Leaving it out by its size alone keeps the
/// procedure valid (R. Bourgon, R. Gentleman and W. Huber, "Independent
/// filtering increases detection power", PNAS 107 (2010) 9546-9551).
pub(super) fn judge(comparisons: &mut [Comparison]) {
    let with_p: Vec<(usize, f64)> = comparisons
        .iter()
        .enumerate()
        .filter_map(|(index, comparison)| {
            let p = comparison.headline?.p?;
            p.is_finite().then_some((index, p))
        })
        .collect();
    let p_values: Vec<f64> = with_p.iter().map(|(_, p)| *p).collect();
    if let Ok(q_values) = benjamini_hochberg(&p_values) {
        for ((index, _), q) in with_p.iter().zip(q_values) {
            if let Some(comparison) = comparisons.get_mut(*index) {
                comparison.q = Some(q);
            }
        }
    }
    for comparison in comparisons {
        comparison.finding = finding(comparison);
        comparison.sentence = wording::sentence(
            comparison.exposure,
            comparison.metric,
            comparison.unit,
            comparison.finding,
            comparison.headline.as_ref(),
            comparison.q,
        );
    }
}

fn finding(comparison: &Comparison) -> Finding {
    let Some(Headline {
        value,
        interval: Some(interval),
        ..
    }) = comparison.headline
    else {
        return Finding::NotEnoughData;
    };
    let none = comparison.unit.none();
    let as_ratio = |value: f64| match comparison.unit {
        EffectUnit::Ratio => value,
        // Ten points of a share are the margin there.
        EffectUnit::Points => 1.0 + value,
    };
    let ratios = stats::Interval {
        low: as_ratio(interval.low),
        high: as_ratio(interval.high),
    };
    let is_equivalent = matches!(
        equivalence_of_ratio(ratios, MARGIN),
        Ok(Equivalence::Equivalent)
    );
    let excludes = interval.low > none || interval.high < none;
    let is_clear = excludes && comparison.q.is_some_and(|q| q <= Q_LIMIT);
    match (is_clear, is_equivalent) {
        // A small difference can be certain; of a share it may still matter, of a duration it does
        // not.
        (true, true) if comparison.unit == EffectUnit::Ratio => Finding::NoMeaningfulChange,
        (true, _) if value > none => Finding::Higher,
        (true, _) => Finding::Lower,
        (false, true) => Finding::NoMeaningfulChange,
        (false, false) => Finding::NotEnoughData,
    }
}
