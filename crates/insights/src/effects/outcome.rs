//! What is compared: the arm of a pull request, and its value in a metric.

use measures::{Arm, Calendar, Clock, Metric, Observation, Observations, Unit};
use serde::{Deserialize, Serialize};

use super::EffectUnit;
use super::ordered::UNKNOWN;

/// How long a pull request has to be merged in to count in the merged share.
const MERGED_WITHIN_SECONDS: i64 = 7 * 86_400;

/// What is taken off before the logarithm: durations of a second or two are as good as none.
const DURATION_OFFSET_SECONDS: f64 = 60.0;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// AI wrote or helped to write.
    AiAuthored,
    /// An AI tool reviewed.
    AiReviewed,
}

impl Exposure {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Exposure::AiAuthored => "ai_authored",
            Exposure::AiReviewed => "ai_reviewed",
        }
    }

    /// Whether a pull request is in the arm with AI; `None` when it is in neither.
    pub fn arm(self, row: &Observation) -> Option<bool> {
        match self {
            Exposure::AiAuthored => row.arm().map(|arm| arm == Arm::Ai),
            Exposure::AiReviewed => {
                (!row.plain_bot && row.origin.is_some()).then_some(row.ai_reviewed)
            }
        }
    }
}

/// How values are read off observations.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The moment up to which things are known, in seconds since 1970.
    pub now: i64,
    /// Which seconds count.
    pub calendar: Calendar,
}

/// A metric read by one of its definitions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) metric: Metric,
    /// The clock in place of the metric's own, for sensitivity.
    pub(crate) clock: Option<Clock>,
}

impl Outcome {
    pub(crate) fn of(metric: Metric) -> Self {
        Outcome {
            metric,
            clock: metric.clock(),
        }
    }

    pub(crate) fn unit(self) -> EffectUnit {
        match self.metric.definition().unit {
            Unit::Share => EffectUnit::Points,
            Unit::Seconds | Unit::Lines | Unit::Count => EffectUnit::Ratio,
        }
    }

    /// The value in whole seconds, lines or counts, or 1 for what is so of a share; `None` where it is not
    /// known, never zero instead.
    pub(crate) fn value(self, row: &Observation, reading: &Reading) -> Option<u32> {
        if let Some(clock) = self.clock {
            // Moments have 32 bits, and so has what lies between two.
            let seconds = row.clock(clock, &reading.calendar)?;
            return u32::try_from(seconds).ok();
        }
        let share = u32::from;
        match self.metric {
            Metric::Draft => row.draft_seconds(),
            Metric::Size => row.size_lines(),
            Metric::ReviewRounds => row.review_rounds(),
            Metric::MergedShare => {
                let opened = row.opened.seconds()?;
                let in_time = |merged: i64| merged - opened <= MERGED_WITHIN_SECONDS;
                (reading.now - opened >= MERGED_WITHIN_SECONDS)
                    .then(|| share(row.merged.seconds().is_some_and(in_time)))
            }
            Metric::Abandoned => row.is_merged_of_ended().map(|merged| share(!merged)),
            Metric::Reverted => row.reverted_within_30_days(reading.now).map(share),
            Metric::Unreviewed => row.merged_without_human_review().map(share),
            Metric::Adoption => row.arm().map(|arm| share(arm == Arm::Ai)),
            Metric::AiReviewed => (!row.plain_bot).then(|| share(row.ai_reviewed)),
            _ => None,
        }
    }

    /// The values of all rows; [`UNKNOWN`] where they are not known.
    pub(crate) fn values(self, observations: &Observations, reading: &Reading) -> Vec<u32> {
        let rows = observations.rows.iter();
        rows.map(|row| self.value(row, reading).unwrap_or(UNKNOWN))
            .collect()
    }

    /// The value on the scale of the comparison: logarithms for ratios.
    pub(crate) fn scaled(self, value: u32) -> f64 {
        let value = f64::from(value);
        match self.metric.definition().unit {
            Unit::Seconds => (value + DURATION_OFFSET_SECONDS).ln(),
            Unit::Lines | Unit::Count => (value + 1.0).ln(),
            Unit::Share => value,
        }
    }
}
