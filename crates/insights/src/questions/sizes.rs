//! Question 10: are pull requests getting bigger?

use std::collections::BTreeMap;

use measures::{Arm, Observations, SizeBucket};
use model::Origin;
use serde::Serialize;
use stats::{Proportion, median};

use crate::effects::Reading;
use crate::months::{month_index, month_name};
use crate::wording::FEWEST_SHOWN;

/// Above this many lines a pull request counts as very large.
const VERY_LARGE_LINES: u32 = 500;

const BUCKETS: [SizeBucket; 6] = [
    SizeBucket::Xs,
    SizeBucket::S,
    SizeBucket::M,
    SizeBucket::L,
    SizeBucket::Xl,
    SizeBucket::Xxl,
];

/// How many pull requests are in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BucketCount {
    /// `XS` 0-9 lines, `S` 10-29, `M` 30-99, `L` 100-499, `XL` 500-999, `XXL` 1,000 and more.
    pub bucket: &'static str,
    /// Pull requests.
    pub n: u64,
    /// Out of those of the origin.
    pub share: f64,
}

/// Sizes of pull requests of an origin.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct OriginSizes {
    /// Where the changes came from.
    pub origin: Origin,
    /// Pull requests whose size is known.
    pub n: u64,
    /// The median in lines; `None` below five.
    pub median_lines: Option<f64>,
    /// Those above 500 lines.
    pub very_large: Proportion,
    /// From small to large, six of them.
    pub buckets: Vec<BucketCount>,
}

/// Sizes of an arm in a month.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MonthSizes {
    /// The month of opening, `2026-05`.
    pub month: String,
    /// With AI: the median in lines; `None` below five pull requests.
    pub with_ai_median: Option<f64>,
    /// Without AI detected.
    pub without_ai_median: Option<f64>,
    /// Of all pull requests of the month in either arm, those above 500 lines.
    pub very_large: Proportion,
}

/// How large pull requests are. The effect of AI on size, adjusted, is in the comparisons.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Sizes {
    /// By origin: agent, assisted, none detected.
    pub origins: Vec<OriginSizes>,
    /// By complete month, oldest first.
    pub months: Vec<MonthSizes>,
}

pub(super) fn sizes(observations: &Observations, reading: &Reading) -> Sizes {
    let current = month_index(reading.now);
    let mut by_origin: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
    let mut by_month: BTreeMap<u32, [Vec<f64>; 2]> = BTreeMap::new();
    for row in &observations.rows {
        let (Some(arm), Some(lines)) = (row.arm(), row.size_lines()) else {
            continue;
        };
        let lines = f64::from(lines);
        let place = ORIGINS
            .iter()
            .position(|origin| Some(*origin) == row.origin);
        if let Some(place) = place {
            by_origin.entry(place as u8).or_default().push(lines);
        }
        if let Some(month) = row.opened.seconds().map(month_index)
            && month < current
        {
            by_month.entry(month).or_default()[usize::from(arm != Arm::Ai)].push(lines);
        }
    }
    Sizes {
        origins: by_origin
            .into_iter()
            .filter_map(|(place, lines)| Some(of_origin(*ORIGINS.get(usize::from(place))?, &lines)))
            .collect(),
        months: by_month
            .into_iter()
            .map(|(month, [with_ai, without_ai])| {
                let n = (with_ai.len() + without_ai.len()) as u64;
                MonthSizes {
                    month: month_name(month),
                    with_ai_median: shown_median(&with_ai),
                    without_ai_median: shown_median(&without_ai),
                    very_large: Proportion::new(very_large(&with_ai) + very_large(&without_ai), n),
                }
            })
            .collect(),
    }
}

const ORIGINS: [Origin; 3] = [Origin::Agent, Origin::Assisted, Origin::NoneDetected];

fn of_origin(origin: Origin, lines: &[f64]) -> OriginSizes {
    let mut counts = [0_u64; BUCKETS.len()];
    for value in lines {
        let bucket = SizeBucket::of(*value as u64);
        if let Some(place) = BUCKETS.iter().position(|one| *one == bucket) {
            counts[place] += 1;
        }
    }
    OriginSizes {
        origin,
        n: lines.len() as u64,
        median_lines: shown_median(lines),
        very_large: Proportion::new(very_large(lines), lines.len() as u64),
        buckets: (BUCKETS.iter().zip(counts))
            .map(|(bucket, n)| BucketCount {
                bucket: bucket.as_str(),
                n,
                share: n as f64 / lines.len().max(1) as f64,
            })
            .collect(),
    }
}

fn very_large(lines: &[f64]) -> u64 {
    let limit = f64::from(VERY_LARGE_LINES);
    lines.iter().filter(|lines| **lines > limit).count() as u64
}

fn shown_median(lines: &[f64]) -> Option<f64> {
    if lines.len() < FEWEST_SHOWN {
        return None;
    }
    median(lines).ok()
}
