//! Step 1: what each arm looks like.

use serde::Serialize;
use stats::{ClusteredSample, Proportion, QuantileEstimate};

use super::EffectUnit;
use super::sample::Sample;
use crate::gates::with_interval_if;
use crate::wording::{FEWEST_SHOWN, FEWEST_SUFFICIENT};

/// One arm of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ArmDescription {
    /// Pull requests.
    pub n: usize,
    /// People to whom they belong.
    pub authors: usize,
    /// Fewer than 20: too few to lean on.
    pub insufficient: bool,
    /// Median with its interval, clustered by author, from 20 pull requests of six people on; for shares
    /// `None`.
    pub median: Option<QuantileEstimate>,
    /// The lower quarter.
    pub p25: Option<f64>,
    /// The upper quarter.
    pub p75: Option<f64>,
    /// The upper tenth.
    pub p90: Option<f64>,
    /// The share, for metrics that are one.
    pub share: Option<Proportion>,
}

/// Describes an arm; `None` where it is too small to show.
pub(crate) fn describe(sample: &Sample<'_>, with_ai: bool) -> Option<ArmDescription> {
    let values = sample.arm(&sample.value, with_ai);
    if values.len() < FEWEST_SHOWN {
        return None;
    }
    let mut description = ArmDescription {
        n: values.len(),
        authors: sample.people.in_arm(with_ai),
        insufficient: values.len() < FEWEST_SUFFICIENT,
        median: None,
        p25: None,
        p75: None,
        p90: None,
        share: None,
    };
    match sample.unit {
        EffectUnit::Points => {
            let successes = values.iter().filter(|value| **value == 1).count() as u64;
            description.share = Some(Proportion::new(successes, values.len() as u64));
        }
        EffectUnit::Ratio => {
            let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
            let people = sample.arm(&sample.person, with_ai);
            let clustered = ClusteredSample::new(&values, people).ok()?;
            // The interval inverts a cluster-robust test: it keeps its level with few authors, where the
            // bootstrap does not, and costs one walk.
            let size = sample.sizes()[usize::from(!with_ai)];
            let median = clustered.quantile(0.5).ok();
            description.median = median.map(|median| with_interval_if(size, median));
            description.p25 = clustered.point(0.25).ok();
            description.p75 = clustered.point(0.75).ok();
            description.p90 = clustered.point(0.9).ok();
        }
    }
    Some(description)
}
