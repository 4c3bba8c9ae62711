//! What AI goes along with: comparisons of pull requests with and without AI, step by step.
//!
//! In this order, each with its gate: described, unadjusted, adjusted (the headline), stratified,
//! survival, over time, sensitivity. A gate that is not passed refuses with a reason; the steps before it stand.

mod adjusted;
mod compare;
mod described;
mod family;
mod groups;
mod ordered;
mod outcome;
mod over_time;
mod packed;
mod prepared;
mod sample;
mod sensitivity;
mod stratified;
mod survival;
mod table;
mod unadjusted;

use measures::{Metric, Observation, Observations};
use serde::{Deserialize, Serialize};
use stats::Interval;

pub use adjusted::Adjusted;

pub use described::ArmDescription;
pub(crate) use family::{Family, families};
pub use outcome::{Exposure, Reading};
pub use over_time::OverTime;
pub(crate) use packed::Packed;
pub(crate) use prepared::Prepared;
pub use sensitivity::Variant;
pub use stratified::{Stratified, StratifiedUnit};
pub(crate) use survival::wait_of;
pub use survival::{HazardRatio, Survival, SurvivalArm};
pub use unadjusted::Unadjusted;

/// The metrics that are compared by default, in the order in which they are shown.
pub const METRICS: [Metric; 8] = [
    Metric::Cycle,
    Metric::Pickup,
    Metric::Size,
    Metric::ReviewRounds,
    Metric::MergedShare,
    Metric::Abandoned,
    Metric::Reverted,
    Metric::Unreviewed,
];

/// The metrics on which AI review is compared.
pub const REVIEW_METRICS: [Metric; 3] = [Metric::Pickup, Metric::Cycle, Metric::ReviewRounds];

/// How large an effect is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectUnit {
    /// A ratio; 1 is no difference.
    Ratio,
    /// A difference of shares, 0.01 being one percentage point; 0 is no difference.
    Points,
}

impl EffectUnit {
    /// The value that stands for no difference.
    pub fn none(self) -> f64 {
        match self {
            EffectUnit::Ratio => 1.0,
            EffectUnit::Points => 0.0,
        }
    }
}

/// A result, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Gated<T> {
    /// The gate was passed.
    Shown(T),
    /// It was not.
    Refused {
        /// Why, in words.
        reason: String,
    },
}

impl<T> Gated<T> {
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Gated::Refused {
            reason: reason.into(),
        }
    }

    /// The result, if the gate was passed.
    pub fn shown(&self) -> Option<&T> {
        match self {
            Gated::Shown(result) => Some(result),
            Gated::Refused { .. } => None,
        }
    }

    /// Why there is no result.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Gated::Shown(_) => None,
            Gated::Refused { reason } => Some(reason),
        }
    }
}

/// One step from all pull requests to those compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Step {
    /// What is left after the step, or what was left out.
    pub what: String,
    /// How many pull requests are left.
    pub n: u64,
}

/// What is said in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Associated with a higher value.
    Higher,
    /// Associated with a lower value.
    Lower,
    /// The interval lies within 10 % of no difference.
    NoMeaningfulChange,
    /// Neither can be said.
    NotEnoughData,
}

/// What an estimate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Within author and repository, with covariates.
    Adjusted,
    /// The two arms as they are.
    Unadjusted,
}

/// The estimate that is told first: the adjusted one, or, where its gate is not passed, the unadjusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Headline {
    /// What it rests on.
    pub basis: Basis,
    /// The estimate.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// Two-sided p-value of no difference.
    pub p: Option<f64>,
    /// The smallest difference that would have shown four times in five: a ratio above 1, or points.
    pub detectable: Option<f64>,
}

impl Headline {
    /// Whether the interval excludes "no difference".
    pub fn excludes_none(&self, unit: EffectUnit) -> bool {
        let none = unit.none();
        self.interval
            .is_some_and(|interval| interval.low > none || interval.high < none)
    }
}

/// Pooled and within go different ways.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Simpson {
    /// The estimate over all pull requests as they are.
    pub pooled: f64,
    /// The estimate within authors and repositories.
    pub within: f64,
    /// Whether both intervals exclude "no difference".
    pub both_certain: bool,
}

/// AI against none detected in one metric, for one team or all together.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// What is compared.
    pub exposure: Exposure,
    /// In which metric.
    pub metric: Metric,
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// How the effect is measured.
    pub unit: EffectUnit,
    /// From all pull requests to those compared.
    pub steps: Vec<Step>,
    /// With AI; `None` below five pull requests.
    pub with_ai: Option<ArmDescription>,
    /// Without AI detected; `None` below five pull requests.
    pub without_ai: Option<ArmDescription>,
    /// The arms as they are.
    pub unadjusted: Gated<Unadjusted>,
    /// Within author and repository.
    pub adjusted: Gated<Adjusted>,
    /// Like with like, by repository, size and type.
    pub stratified: Gated<Stratified>,
    /// From ready on, open ones censored; for cycle and pickup.
    pub survival: Gated<Survival>,
    /// Within teams over time; for all together, and for durations and sizes.
    pub over_time: Gated<OverTime>,
    /// The same under other definitions; only where asked for.
    pub sensitivity: Vec<Variant>,
    /// Pooled and within go different ways.
    pub simpson: Option<Simpson>,
    /// The estimate that is told first.
    pub headline: Option<Headline>,
    /// The share of false findings among those at least as clear as this, over the page's family.
    pub q: Option<f64>,
    /// What is said in the end.
    pub finding: Finding,
    /// The same in words.
    pub sentence: String,
}

impl Comparison {
    /// Whether the interval excludes "no difference" while the correction over the page does not hold it:
    /// neither a finding nor "no measurable difference".
    pub fn is_unconfirmed(&self) -> bool {
        self.finding == Finding::NotEnoughData
            && self.q.is_some_and(|q| q > crate::wording::Q_LIMIT)
            && self
                .headline
                .is_some_and(|headline| headline.excludes_none(self.unit))
    }
}

/// Which comparisons to make.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is compared.
    pub exposure: Exposure,
    /// In which metrics.
    pub metrics: Vec<Metric>,
    /// Whether for all together, or for each team as well.
    pub groups: Groups,
    /// Whether other definitions are tried for all together.
    pub sensitivity: Sensitivity,
}

/// Which groups are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// All together only.
    Together,
    /// All together, and each team where there are several.
    TogetherAndTeams,
}

/// Whether other definitions are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitivity {
    /// Not.
    Skip,
    /// For all together.
    Together,
}

/// A metric of one pull request; `None` where it is not known, never zero instead.
pub(crate) fn value_of(metric: Metric, row: &Observation, reading: &Reading) -> Option<u32> {
    outcome::Outcome::of(metric).value(row, reading)
}

/// The same on the scale of comparisons: logarithms for durations, sizes and counts.
pub(crate) fn scaled_value_of(metric: Metric, row: &Observation, reading: &Reading) -> Option<f64> {
    let outcome = outcome::Outcome::of(metric);
    outcome
        .value(row, reading)
        .map(|value| outcome.scaled(value))
}

/// Makes the comparisons of a question: one family, over which q-values are computed.
pub fn compare(
    observations: &Observations,
    question: &Question,
    reading: &Reading,
) -> Vec<Comparison> {
    let prepared = Prepared::new(observations, reading);
    let family = Family {
        question: question.clone(),
        as_of: None,
    };
    let families = families(&prepared, &[family]);
    families.into_iter().flatten().collect()
}
