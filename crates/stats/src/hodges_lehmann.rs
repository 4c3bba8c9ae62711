//! By how much, or by which factor, one sample is shifted against another.

use serde::{Deserialize, Serialize};

use crate::distribution::Z_95;
use crate::error::{StatsError, require_finite};
use crate::mann_whitney::{PooledRanks, UDistribution};
use crate::proportion::Interval;
use crate::quantile::sorted_copy;

/// Up to this many pairs without ties the interval has its exact level.
const MOST_PAIRS_COUNTED: usize = 400;

/// A shift of a first sample against a second with its distribution-free interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Shift {
    /// The median of all differences first - second; as a ratio, its exponential.
    pub estimate: f64,
    /// The 95 % interval that inverts the Mann-Whitney test.
    pub interval: Interval,
    /// The level of the interval: exact for small samples without ties, else the nominal 0.95.
    pub level: f64,
    /// Size of the first sample.
    pub n: usize,
    /// Size of the second sample.
    pub m: usize,
}

impl Shift {
    /// Reads a shift of natural logarithms as a ratio.
    pub fn exponential(self) -> Self {
        Shift {
            estimate: self.estimate.exp(),
            interval: Interval {
                low: self.interval.low.exp(),
                high: self.interval.high.exp(),
            },
            ..self
        }
    }
}

/// Returns the Hodges-Lehmann shift: the median of all `n m` differences first - second.
///
/// The interval runs between the differences of rank `k` and `n m + 1 - k`, with `k` the lower
/// critical value of U: counted out when `n m <= 400` without ties, else `n m / 2 - 1/2 - z sd(U)`
/// rounded up, with the variance corrected for ties. Source: J. L. Hodges and E. L. Lehmann,
/// "Estimates of location based on rank tests", Annals of Mathematical Statistics 34 (1963) 598-611;
/// M. Hollander and D. A. Wolfe, "Nonparametric statistical methods" (1999), section 4.3. No
/// difference is stored: ranks are selected in O((n + m) log(n m)). It takes every row as independent;
/// [`crate::hodges_lehmann_clustered`] does not.
pub fn hodges_lehmann(first: &[f64], second: &[f64]) -> Result<Shift, StatsError> {
    require_finite("first", first)?;
    require_finite("second", second)?;
    let first = sorted_copy(first);
    let second = sorted_copy(second);
    let (n, m) = (first.len(), second.len());
    let pairs = n as u64 * m as u64;
    let pooled = PooledRanks::new(&first, &second);
    let (rank, level) = if pairs <= MOST_PAIRS_COUNTED as u64 && pooled.tie_term == 0.0 {
        let (critical, _) = UDistribution::new(n, m).quantile(0.025);
        let rank = critical.max(1);
        let level = 1.0 - 2.0 * (1.0 - UDistribution::new(n, m).at_least(rank));
        (rank as u64, level)
    } else {
        let width = Z_95 * pooled.variance(n, m).sqrt();
        (lower_rank(pairs, width), 0.95)
    };
    Ok(shift_between_ranks(&first, &second, rank, level))
}

/// Returns the Hodges-Lehmann ratio of two positive samples: the exponential of the shift of their
/// natural logarithms, "the first takes x0.8 (0.6-1.1)".
pub fn hodges_lehmann_ratio(first: &[f64], second: &[f64]) -> Result<Shift, StatsError> {
    let logs = |what, values: &[f64]| -> Result<Vec<f64>, StatsError> {
        match values.iter().find(|value| value.is_nan() || **value <= 0.0) {
            Some(&value) => Err(StatsError::OutOfRange { what, value }),
            None => Ok(values.iter().map(|value| value.ln()).collect()),
        }
    };
    let shift = hodges_lehmann(&logs("first", first)?, &logs("second", second)?)?;
    Ok(shift.exponential())
}

/// Returns the rank of the lower end for an interval of U with half-width `width`.
pub(crate) fn lower_rank(pairs: u64, width: f64) -> u64 {
    ((pairs as f64 / 2.0 - 0.5 - width).ceil().max(1.0) as u64).min(pairs.div_ceil(2))
}

/// Reads the estimate and the interval off the sorted samples.
pub(crate) fn shift_between_ranks(first: &[f64], second: &[f64], rank: u64, level: f64) -> Shift {
    let pairs = first.len() as u64 * second.len() as u64;
    let differences = Differences { first, second };
    let middle = differences.select(pairs.div_ceil(2));
    let estimate = if pairs % 2 == 1 {
        middle
    } else {
        0.5 * middle + 0.5 * differences.select(pairs / 2 + 1)
    };
    Shift {
        estimate,
        interval: Interval {
            low: differences.select(rank),
            high: differences.select(pairs + 1 - rank),
        },
        level,
        n: first.len(),
        m: second.len(),
    }
}

/// All differences first - second of two sorted samples, never written out.
struct Differences<'a> {
    first: &'a [f64],
    second: &'a [f64],
}

/// What lies on either side of a threshold.
struct Split {
    /// How many differences are at or below it.
    count: u64,
    /// The largest of those.
    largest_below: f64,
    /// The smallest of the others.
    smallest_above: f64,
}

impl Differences<'_> {
    /// Returns the difference of the given rank, from 1.
    ///
    /// Keeps a bracket with known counts at both ends, which always are differences that occur; steps
    /// by interpolating the counts and by halving in turn, and writes out what is left once that is no
    /// more than a few times the samples.
    fn select(&self, rank: u64) -> f64 {
        let (Some(first_low), Some(first_high)) = (self.first.first(), self.first.last()) else {
            return f64::NAN;
        };
        let (Some(second_low), Some(second_high)) = (self.second.first(), self.second.last())
        else {
            return f64::NAN;
        };
        let pairs = self.first.len() as u64 * self.second.len() as u64;
        let enough = 4 * (self.first.len() + self.second.len()) as u64;
        // The candidates are the differences in low..=high; `below` of all lie under low.
        let (mut low, mut below) = (first_low - second_high, 0);
        let (mut high, mut up_to) = (first_high - second_low, pairs);
        let mut interpolate = true;
        while low < high {
            if up_to - below <= enough {
                return self.select_between(low, high, rank - below);
            }
            let fraction = if interpolate {
                (rank - below) as f64 / (up_to - below) as f64
            } else {
                0.5
            };
            interpolate = !interpolate;
            let mut threshold = low * (1.0 - fraction) + high * fraction;
            if !(threshold >= low && threshold < high) {
                threshold = low;
            }
            let split = self.split(threshold);
            if split.count >= rank {
                high = split.largest_below;
                up_to = split.count;
            } else {
                low = split.smallest_above;
                below = split.count;
            }
        }
        low
    }

    /// Counts the differences at or below `threshold` in one walk along the staircase.
    fn split(&self, threshold: f64) -> Split {
        let mut split = Split {
            count: 0,
            largest_below: f64::NEG_INFINITY,
            smallest_above: f64::INFINITY,
        };
        let mut start = 0;
        for &value in self.first {
            while let Some(other) = self.second.get(start)
                && value - other > threshold
            {
                start += 1;
            }
            if start > 0 {
                split.smallest_above = split.smallest_above.min(value - self.second[start - 1]);
            }
            if let Some(other) = self.second.get(start) {
                split.largest_below = split.largest_below.max(value - other);
            }
            split.count += (self.second.len() - start) as u64;
        }
        split
    }

    /// Writes out the differences in `low..=high` and selects the one of `rank`, from 1.
    fn select_between(&self, low: f64, high: f64, rank: u64) -> f64 {
        let mut candidates = Vec::new();
        let mut start = 0;
        for &value in self.first {
            while let Some(other) = self.second.get(start)
                && value - other > high
            {
                start += 1;
            }
            let differences = self.second[start..].iter().map(|other| value - other);
            candidates.extend(differences.take_while(|&difference| difference >= low));
        }
        let index = (rank as usize - 1).min(candidates.len() - 1);
        *candidates.select_nth_unstable_by(index, f64::total_cmp).1
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn selection_equals_sorting_all_differences() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (n, m, grid) in [
            (1, 1, 5.0),
            (7, 9, 3.0),
            (60, 50, 4.0),
            (60, 50, 1e9),
            (200, 3, 50.0),
        ] {
            let mut draw = |size: usize| -> Vec<f64> {
                let values = (0..size).map(|_| (rng.random::<f64>() * grid).round() / 7.0);
                sorted_copy(&values.collect::<Vec<_>>())
            };
            let (first, second) = (draw(n), draw(m));
            let pairs = first.iter().flat_map(|a| second.iter().map(move |b| a - b));
            let all = sorted_copy(&pairs.collect::<Vec<_>>());
            let differences = Differences {
                first: &first,
                second: &second,
            };
            for (index, &want) in all.iter().enumerate() {
                assert_eq!(
                    differences.select(index as u64 + 1),
                    want,
                    "{n} {m} {index}"
                );
            }
        }
    }

    #[test]
    fn ratios_need_positive_values() {
        let ratio = hodges_lehmann_ratio(&[2.0, 4.0, 8.0], &[1.0, 2.0, 4.0]).expect("valid");
        assert!((ratio.estimate - 2.0).abs() < 1e-12);
        assert!(hodges_lehmann_ratio(&[0.0], &[1.0]).is_err());
        assert!(hodges_lehmann(&[], &[1.0]).is_err());
        let extreme = hodges_lehmann(&[f64::MAX, -f64::MAX], &[-f64::MAX, f64::MAX]);
        assert!(extreme.is_ok());
    }
}
