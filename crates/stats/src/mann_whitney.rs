//! Does one sample tend to be larger than another?

use serde::{Deserialize, Serialize};

use crate::distribution::{normal_two_sided, normal_upper};
use crate::error::{StatsError, require_finite};
use crate::quantile::sorted_copy;

/// Up to this many pairs the distribution of U is counted out.
const MOST_PAIRS_COUNTED: usize = 400;

/// The Mann-Whitney test of a first sample against a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MannWhitney {
    /// In how many pairs the first is larger, ties counting one half.
    pub u: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// One-sided p-value of "the first is larger".
    pub p_greater: f64,
    /// Whether the p-values were counted out instead of approximated.
    pub exact: bool,
    /// Cliff's delta of the first against the second.
    pub cliffs_delta: f64,
    /// Size of the first sample.
    pub n: usize,
    /// Size of the second sample.
    pub m: usize,
}

/// How large a Cliff's delta is called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Magnitude {
    /// Below 0.147.
    Negligible,
    /// Below 0.33.
    Small,
    /// Below 0.474.
    Medium,
    /// At least 0.474.
    Large,
}

impl Magnitude {
    /// Names the size of a delta, whatever its sign.
    ///
    /// Source: J. Romano et al., "Appropriate statistics for ordinal level data", Florida Association
    /// of Institutional Research (2006).
    pub fn of(cliffs_delta: f64) -> Self {
        match cliffs_delta.abs() {
            size if size < 0.147 => Magnitude::Negligible,
            size if size < 0.33 => Magnitude::Small,
            size if size < 0.474 => Magnitude::Medium,
            _ => Magnitude::Large,
        }
    }
}

/// Returns Cliff's delta `2 U / (n m) - 1`: the share of pairs in which the first is larger less the
/// share in which it is smaller.
///
/// Source: N. Cliff, "Dominance statistics: ordinal analyses to answer ordinal questions",
/// Psychological Bulletin 114 (1993) 494-509.
pub fn cliffs_delta(u: f64, n: usize, m: usize) -> f64 {
    2.0 * u / (n as f64 * m as f64) - 1.0
}

/// Tests whether `first` tends to be larger or smaller than `second`.
///
/// Exact when `n m <= 400` and no values are tied. Otherwise normal with continuity correction, mean
/// `n m / 2` and the variance corrected for ties, `n m / 12 ((N + 1) - sum (t^3 - t) / (N (N - 1)))`.
/// Source: H. B. Mann and D. R. Whitney, "On a test of whether one of two random variables is
/// stochastically larger than the other", Annals of Mathematical Statistics 18 (1947) 50-60. It takes
/// every row as independent.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Result<MannWhitney, StatsError> {
    require_finite("first", first)?;
    require_finite("second", second)?;
    let (n, m) = (first.len(), second.len());
    let pooled = PooledRanks::new(&sorted_copy(first), &sorted_copy(second));
    let u = pooled.u;
    let pairs = n as f64 * m as f64;
    let exact = n.saturating_mul(m) <= MOST_PAIRS_COUNTED && pooled.tie_term == 0.0;
    let (p, p_greater) = if exact {
        let upper_tails = UDistribution::new(n, m);
        let larger = u.max(pairs - u);
        let two_sided = (2.0 * upper_tails.at_least(larger as usize)).min(1.0);
        (two_sided, upper_tails.at_least(u as usize))
    } else {
        let deviation = pooled.variance(n, m).sqrt();
        if deviation == 0.0 {
            return Err(StatsError::Constant {
                what: "both samples together",
            });
        }
        let distance = ((u - pairs / 2.0).abs() - 0.5) / deviation;
        let greater = normal_upper((u - pairs / 2.0 - 0.5) / deviation);
        // Within half a pair of the middle nothing speaks against it.
        let two_sided = if distance <= 0.0 {
            1.0
        } else {
            normal_two_sided(distance)
        };
        (two_sided, greater)
    };
    Ok(MannWhitney {
        u,
        p,
        p_greater,
        exact,
        cliffs_delta: cliffs_delta(u, n, m),
        n,
        m,
    })
}

/// What one walk over two sorted samples tells.
pub(crate) struct PooledRanks {
    /// Pairs in which the first is larger, ties counting one half.
    pub(crate) u: f64,
    /// The sum of `t^3 - t` over the runs of ties.
    pub(crate) tie_term: f64,
}

impl PooledRanks {
    pub(crate) fn new(first: &[f64], second: &[f64]) -> Self {
        let (mut of_first, mut of_second) = (0, 0);
        let (mut u, mut tie_term) = (0.0, 0.0);
        while of_first < first.len() || of_second < second.len() {
            let value = match (first.get(of_first), second.get(of_second)) {
                (Some(&one), Some(&other)) => one.min(other),
                (Some(&only), None) | (None, Some(&only)) => only,
                (None, None) => break,
            };
            let tied_in_first = run_length(&first[of_first..], value);
            let tied_in_second = run_length(&second[of_second..], value);
            u += tied_in_first as f64 * (of_second as f64 + 0.5 * tied_in_second as f64);
            let tied = (tied_in_first + tied_in_second) as f64;
            tie_term += tied * tied * tied - tied;
            of_first += tied_in_first;
            of_second += tied_in_second;
        }
        PooledRanks { u, tie_term }
    }

    /// Returns the variance of U under the hypothesis of no difference.
    pub(crate) fn variance(&self, n: usize, m: usize) -> f64 {
        let (n, m) = (n as f64, m as f64);
        let all = n + m;
        n * m / 12.0 * ((all + 1.0) - self.tie_term / (all * (all - 1.0)))
    }
}

/// Returns how many of the leading values equal `value`.
pub(crate) fn run_length(sorted: &[f64], value: f64) -> usize {
    sorted.iter().take_while(|&&it| it == value).count()
}

/// The distribution of U without ties, by counting.
pub(crate) struct UDistribution {
    /// The probability of each U from 0 to `n m`.
    probabilities: Vec<f64>,
}

impl UDistribution {
    /// Counts the arrangements: the coefficients of the Gaussian binomial `[n + m choose n]`.
    pub(crate) fn new(n: usize, m: usize) -> Self {
        let pairs = n * m;
        let mut counts = vec![0.0; pairs + 1];
        counts[0] = 1.0;
        for i in 1..=n {
            // Times (1 - q^(m + i)), then divided by (1 - q^i).
            for power in (m + i..=pairs).rev() {
                counts[power] -= counts[power - m - i];
            }
            for power in i..=pairs {
                counts[power] += counts[power - i];
            }
        }
        let total: f64 = counts.iter().sum();
        let probabilities = counts.iter().map(|count| count / total).collect();
        UDistribution { probabilities }
    }

    /// Returns P(U >= u).
    pub(crate) fn at_least(&self, u: usize) -> f64 {
        self.probabilities.iter().skip(u).sum::<f64>().min(1.0)
    }

    /// Returns the smallest `u` with P(U <= u) >= `probability`, and P(U < u).
    pub(crate) fn quantile(&self, probability: f64) -> (usize, f64) {
        let mut below = 0.0;
        for (u, mass) in self.probabilities.iter().enumerate() {
            if below + mass >= probability {
                return (u, below);
            }
            below += mass;
        }
        (self.probabilities.len() - 1, below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_case_is_counted_out() {
        // 3 of the 10 arrangements of 2 among 5 give U >= 4 of 6: 6, 5 and 4 and 4 -> 4 of 10.
        let result = mann_whitney(&[3.0, 4.0], &[1.0, 2.0, 5.0]).expect("valid");
        assert!(result.exact);
        assert_eq!(result.u, 4.0);
        assert!((result.p_greater - 0.4).abs() < 1e-15);
        assert!((result.p - 0.8).abs() < 1e-15);
    }

    #[test]
    fn ties_count_one_half_and_are_not_exact() {
        let result = mann_whitney(&[1.0, 2.0, 2.0], &[2.0, 3.0]).expect("valid");
        assert!(!result.exact);
        assert_eq!(result.u, 1.0);
        assert_eq!(
            mann_whitney(&[1.0, 1.0], &[1.0]),
            Err(StatsError::Constant {
                what: "both samples together"
            })
        );
    }

    #[test]
    fn magnitudes_follow_the_cut_offs() {
        assert_eq!(Magnitude::of(-0.146), Magnitude::Negligible);
        assert_eq!(Magnitude::of(0.147), Magnitude::Small);
        assert_eq!(Magnitude::of(-0.33), Magnitude::Medium);
        assert_eq!(Magnitude::of(0.474), Magnitude::Large);
    }
}
