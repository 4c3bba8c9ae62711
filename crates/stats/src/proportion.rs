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
    let ends = wilson_of(successes as f64 / n as f64, n as f64, Z_95);
    // Rounding must not push the ends past what the counts allow.
    let low = if successes == 0 {
        0.0
    } else {
        ends.low.max(0.0)
    };
    let high = if successes == n {
        1.0
    } else {
        ends.high.min(1.0)
    };
    Some(Interval { low, high })
}

/// Returns the Wilson interval of a share out of `n` rows, which may be an effective number, with the
/// quantile `z` of the distribution it is read from.
pub(crate) fn wilson_of(share: f64, n: f64, z: f64) -> Interval {
    let z_squared = z * z;
    let scale = 1.0 + z_squared / n;
    let centre = (share + z_squared / (2.0 * n)) / scale;
    let variance = share * (1.0 - share) / n + z_squared / (4.0 * n * n);
    let half_width = z * variance.sqrt() / scale;
    Interval {
        low: centre - half_width,
        high: centre + half_width,
    }
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

    /// Textbook cases, computed with statsmodels 0.15.0 (`proportion_confint(method="wilson")`).
    #[test]
    fn wilson_reproduces_textbook_cases() {
        check(81, 263, 0.255_288_519_9, 0.366_209_577_0, 5e-11);
        check(15, 148, 0.062_386_399_5, 0.160_487_241_7, 5e-11);
        check(0, 20, 0.0, 0.161_125_158_1, 5e-11);
        check(1, 29, 0.006_113_214_3, 0.171_755_218_8, 5e-11);
        check(24, 25, 0.804_559_362_6, 0.992_903_766_5, 5e-11);
        check(25, 25, 0.866_807_749_1, 1.0, 5e-11);
        check(17, 17, 0.815_681_865_0, 1.0, 5e-11);
        check(344, 12_360, 0.025_075_283_0, 0.030_881_553_8, 5e-11);
    }

    #[test]
    fn nothing_of_nothing_has_no_interval() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(2, 1), None);
        assert_eq!(wilson(0, 5).map(|interval| interval.low), Some(0.0));
    }
}
