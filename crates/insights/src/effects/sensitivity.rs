//! Step 8: the same under other definitions.

use measures::{Calendar, Clock, Metric};
use serde::Serialize;
use stats::{Interval, misclassification_range};

use jiff::tz::TimeZone;

use super::ordered::{Entry, ordered};
use super::outcome::{Outcome, Reading};
use super::prepared::Prepared;
use super::sample::{Cut, Sample};
use super::table::Table;
use super::{Basis, EffectUnit, Headline, adjusted, unadjusted};

/// Confidence from which a verdict counts as hard.
const HARD_PERCENT: u8 = 90;
/// Below this many seconds a merge is instant.
const INSTANT_SECONDS: i64 = 60;

/// What share of AI's work detection is assumed to find.
const SENSITIVITY: Interval = Interval {
    low: 0.6,
    high: 0.95,
};
/// What share of other work it is assumed to leave alone.
const SPECIFICITY: Interval = Interval {
    low: 0.98,
    high: 1.0,
};

/// The estimate under another definition.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Variant {
    /// What is different.
    pub what: &'static str,
    /// Pull requests compared.
    pub n: usize,
    /// What the estimate rests on; `None` where there is none.
    pub basis: Option<Basis>,
    /// The estimate.
    pub value: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
}

/// Tries the other definitions that a metric has.
pub(crate) fn variants(prepared: &Prepared<'_>, entries: &[Entry], cut: Cut) -> Vec<Variant> {
    let metric = cut.outcome.metric;
    let table = &prepared.table;
    let mut variants = vec![estimate(
        "AI by hard evidence only",
        table,
        entries,
        Cut {
            keep: Some(|row, ai| !ai || row.confidence_percent >= HARD_PERCENT),
            ..cut
        },
    )];
    if metric.clock().is_none() {
        return variants;
    }
    variants.push(estimate(
        "without merges within a minute",
        table,
        entries,
        Cut {
            keep: Some(|row, _| {
                row.clock(Clock::Cycle, &Calendar::Always)
                    .is_none_or(|seconds| seconds >= INSTANT_SECONDS)
            }),
            ..cut
        },
    ));
    let business = Reading {
        calendar: Calendar::business_hours(TimeZone::UTC, &[]),
        ..prepared.reading.clone()
    };
    let mut read_by = |what, clock, reading: &Reading| {
        let outcome = Outcome {
            metric,
            clock: Some(clock),
        };
        let values = outcome.values(table.observations, reading);
        let entries = ordered(table, outcome, &values);
        variants.push(estimate(what, table, &entries, Cut { outcome, ..cut }));
    };
    if let Some(clock) = cut.outcome.clock {
        read_by(
            "business hours only (Monday to Friday, 9 to 18 UTC)",
            clock,
            &business,
        );
    }
    let reading = &prepared.reading;
    match metric {
        Metric::Cycle => read_by(
            "from the opening instead of ready",
            Clock::OpenToMerge,
            reading,
        ),
        Metric::Pickup => {
            read_by(
                "from the opening instead of ready",
                Clock::PickupFromOpen,
                reading,
            );
            read_by(
                "bots counted as reviewers (the trap, to show it)",
                Clock::ReviewByAnyone,
                reading,
            );
        }
        _ => {}
    }
    variants
}

/// What the estimate would be, were detection perfect: it dilutes differences, since work with AI that
/// leaves no trace counts as work without.
pub(crate) fn if_detection_misses(headline: &Headline, unit: EffectUnit) -> Option<Variant> {
    let effect = match unit {
        EffectUnit::Ratio => headline.value.ln(),
        EffectUnit::Points => headline.value,
    };
    let range = misclassification_range(effect, SENSITIVITY, SPECIFICITY).ok()?;
    let shown = |value: f64| match unit {
        EffectUnit::Ratio => value.exp(),
        EffectUnit::Points => value,
    };
    Some(Variant {
        what: "were 60 to 95 % of AI's work found, and 98 to 100 % of the rest left alone",
        n: 0,
        basis: Some(headline.basis),
        value: None,
        interval: Some(Interval {
            low: shown(range.low),
            high: shown(range.high),
        }),
    })
}

fn estimate(what: &'static str, table: &Table<'_>, entries: &[Entry], cut: Cut) -> Variant {
    let sample = Sample::new(table, entries, cut);
    let mut variant = Variant {
        what,
        n: sample.len(),
        basis: None,
        value: None,
        interval: None,
    };
    if let Some(adjusted) = adjusted::adjusted(&sample).shown() {
        variant.basis = Some(Basis::Adjusted);
        variant.value = Some(adjusted.value);
        variant.interval = Some(adjusted.interval);
    } else if let Some(unadjusted) = unadjusted::unadjusted(&sample).shown() {
        variant.basis = Some(Basis::Unadjusted);
        variant.value = Some(unadjusted.value);
        variant.interval = Some(unadjusted.interval);
    }
    variant
}
