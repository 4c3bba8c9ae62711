//! Pairs: does the difference tend to one side?

use serde::{Deserialize, Serialize};

use crate::distribution::{fair_binomial_lower, normal_two_sided, normal_upper};
use crate::error::{StatsError, require_finite, require_length};
use crate::ranks::midranks;

/// Up to this many pairs without ties the distribution of V is counted out, as R does.
const MOST_PAIRS_COUNTED: usize = 49;

/// The Wilcoxon signed-rank test of first - second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SignedRank {
    /// The sum of the ranks of the positive differences.
    pub v: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// One-sided p-value of "the first is larger".
    pub p_greater: f64,
    /// Whether the p-values were counted out instead of approximated.
    pub exact: bool,
    /// How many pairs differ.
    pub n: usize,
}

/// Tests whether paired differences are symmetric about zero.
///
/// Pairs without a difference are dropped. V is the sum of the ranks of |difference| over the positive
/// ones; exact below 50 pairs without ties or zeros, else normal with continuity correction and the
/// variance `n (n + 1) (2 n + 1) / 24 - sum (t^3 - t) / 48`. Source: F. Wilcoxon, "Individual
/// comparisons by ranking methods", Biometrics Bulletin 1 (1945) 80-83; as R's `wilcox.test`.
pub fn wilcoxon_signed_rank(first: &[f64], second: &[f64]) -> Result<SignedRank, StatsError> {
    require_finite("first", first)?;
    require_finite("second", second)?;
    require_length("second", first.len(), second.len())?;
    let differences: Vec<f64> = first
        .iter()
        .zip(second)
        .map(|(one, other)| one - other)
        .filter(|difference| *difference != 0.0)
        .collect();
    let n = differences.len();
    if n == 0 {
        return Err(StatsError::Constant {
            what: "the differences",
        });
    }
    let sizes: Vec<f64> = differences.iter().map(|it| it.abs()).collect();
    let ranked = midranks(&sizes);
    let positive = ranked
        .ranks
        .iter()
        .zip(&differences)
        .filter(|it| *it.1 > 0.0);
    let v: f64 = positive.map(|it| *it.0).sum();
    let count = n as f64;
    let largest = count * (count + 1.0) / 2.0;
    let exact = n <= MOST_PAIRS_COUNTED && n == first.len() && ranked.tie_term == 0.0;
    let (p, p_greater) = if exact {
        let at_least = |v: f64| signed_rank_upper(n, v as usize);
        ((2.0 * at_least(v.max(largest - v))).min(1.0), at_least(v))
    } else {
        let variance = largest * (2.0 * count + 1.0) / 12.0 - ranked.tie_term / 48.0;
        let deviation = variance.sqrt();
        let excess = v - largest / 2.0;
        let distance = ((excess.abs() - 0.5) / deviation).max(0.0);
        (
            normal_two_sided(distance),
            normal_upper((excess - 0.5) / deviation),
        )
    };
    Ok(SignedRank {
        v,
        p,
        p_greater,
        exact,
        n,
    })
}

/// Returns P(V >= v) over all `2^n` signs, by counting subsets of 1..=n by their sum.
fn signed_rank_upper(n: usize, v: usize) -> f64 {
    let largest = n * (n + 1) / 2;
    let mut shares = vec![0.0; largest + 1];
    shares[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..=largest).rev() {
            let with = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = 0.5 * (shares[sum] + with);
        }
    }
    shares.iter().skip(v).sum::<f64>().min(1.0)
}

/// Returns the two-sided p-value of the sign test: `positive` of `n` differences that are not zero.
///
/// `min(1, 2 P(X <= min(positive, n - positive)))` for a fair binomial X. Source: W. J. Dixon and A. M.
/// Mood, "The statistical sign test", JASA 41 (1946) 557-566.
pub fn sign_test(positive: u64, n: u64) -> Result<f64, StatsError> {
    if n == 0 {
        return Err(StatsError::Empty {
            what: "differences",
        });
    }
    if positive > n {
        return Err(StatsError::OutOfRange {
            what: "positive",
            value: positive as f64,
        });
    }
    Ok((2.0 * fair_binomial_lower(positive.min(n - positive), n)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_pairs_are_refused() {
        assert!(wilcoxon_signed_rank(&[1.0], &[1.0, 2.0]).is_err());
        assert!(wilcoxon_signed_rank(&[1.0, 2.0], &[1.0, 2.0]).is_err());
        assert!(sign_test(3, 2).is_err());
        assert!(sign_test(0, 0).is_err());
        assert_eq!(sign_test(5, 10), Ok(1.0));
    }
}
