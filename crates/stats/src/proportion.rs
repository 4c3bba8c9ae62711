//! Proportions and their intervals.

use serde::{Deserialize, Serialize};

use crate::distribution::Z_95;

/// A two-sided interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A share of a whole with its 95 % Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Proportion {
    /// How many of them.
    pub successes: u64,
    /// Out of how many.
    pub n: u64,
    /// `successes / n`; `None` when `n` is 0.
    pub share: Option<f64>,
    /// 95 % Wilson interval; `None` when `n` is 0.
    pub interval: Option<Interval>,
}

impl Proportion {
    /// Builds the proportion of `successes` out of `n`.
    pub fn new(successes: u64, n: u64) -> Self {
        let share = (n > 0).then(|| successes as f64 / n as f64);
        Proportion {
            successes,
            n,
            share,
            interval: wilson(successes, n),
        }
    }
}

/// Returns the 95 % Wilson score interval of a proportion, without continuity correction.
///
/// Centre `(p + z^2/2n) / (1 + z^2/n)`, half-width `z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n)`.
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22 (1927) 209-212. `None` when `n` is 0 or `successes` exceeds it.
pub fn wilson(successes: u64, n: u64) -> Option<Interval> {
    if n == 0 || successes > n {
        return None;
    }
    let n_real = n as f64;
    let share = successes as f64 / n_real;
    let z_squared = Z_95 * Z_95;
    let scale = 1.0 + z_squared / n_real;
    let centre = (share + z_squared / (2.0 * n_real)) / scale;
    let variance = share * (1.0 - share) / n_real + z_squared / (4.0 * n_real * n_real);
    let half_width = Z_95 * variance.sqrt() / scale;
    // Rounding must not push the ends past what the counts allow.
    let low = if successes == 0 {
        0.0
    } else {
        (centre - half_width).max(0.0)
    };
    let high = if successes == n {
        1.0
    } else {
        (centre + half_width).min(1.0)
    };
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(successes: u64, n: u64, low: f64, high: f64, tolerance: f64) {
        let interval = wilson(successes, n).expect("n is not 0");
        assert!((interval.low - low).abs() < tolerance, "{interval:?}");
        assert!((interval.high - high).abs() < tolerance, "{interval:?}");
    }

    /// Merge rates of AIDev-pop (arXiv 2507.15003), computed with statsmodels 0.15.0.
    #[test]
    fn wilson_reproduces_the_merge_rates_of_aidev() {
        check(1754, 2686, 0.634_807_011_3, 0.670_787_207_8, 5e-11);
        check(1335, 2729, 0.470_463_652_2, 0.507_947_096_9, 5e-11);
        check(559, 1462, 0.357_781_827_6, 0.407_540_678_5, 5e-11);
        check(74, 144, 0.432_961_093_4, 0.594_094_916_7, 5e-11);
        check(53, 101, 0.428_249_843_6, 0.619_441_213_5, 5e-11);
    }

    /// The specification's model table: 24/25 is 80-99 %, 25/25 is 87-100 %, 17/17 is 82-100 %.
    #[test]
    fn wilson_shows_what_25_samples_cannot_tell() {
        check(24, 25, 0.80, 0.99, 0.005);
        check(25, 25, 0.87, 1.00, 0.005);
        check(17, 17, 0.82, 1.00, 0.005);
    }

    #[test]
    fn nothing_of_nothing_has_no_interval() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(2, 1), None);
        assert_eq!(wilson(0, 5).map(|interval| interval.low), Some(0.0));
    }
}
