//! By how much, or by which factor, one sample is shifted against another.

use serde::{Deserialize, Serialize};

use crate::differences::Differences;
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
/// difference is stored: ranks are found in O((n + m) log(n m)). It takes every row as independent;
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
    let mut differences = Differences::of_samples(&first, &second);
    Ok(shift_between_ranks(&mut differences, (n, m), rank, level))
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

/// Reads the estimate and the interval off the differences of two samples of `n` and `m` rows.
pub(crate) fn shift_between_ranks(
    differences: &mut Differences,
    (n, m): (usize, usize),
    rank: u64,
    level: f64,
) -> Shift {
    let pairs = n as u64 * m as u64;
    Shift {
        estimate: middle_difference(differences),
        interval: Interval {
            low: differences.locate(rank as f64).at,
            high: differences.locate((pairs + 1 - rank) as f64).at,
        },
        level,
        n,
        m,
    }
}

/// Returns the median of the differences of two samples.
pub(crate) fn middle_difference(differences: &mut Differences) -> f64 {
    differences.locate(0.5 * differences.total()).middle()
}

#[cfg(test)]
mod tests {
    use super::*;

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
