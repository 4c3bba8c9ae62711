//! When "no meaningful change" may be said.

use serde::{Deserialize, Serialize};

use crate::distribution::{normal_upper, student_upper};
use crate::error::StatsError;
use crate::proportion::Interval;

/// What an interval says about a margin of indifference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Equivalence {
    /// The whole interval lies within the margin: no meaningful change.
    Equivalent,
    /// The interval excludes "no change" and does not lie within the margin.
    Different,
    /// Neither: there is not enough data to say.
    Inconclusive,
}

/// Judges an interval of a ratio against the margin `1 - margin ..= 1 + margin`.
///
/// "No meaningful change" only when the whole interval lies inside of the margin. With a 95 %
/// interval that is two one-sided tests at 2.5 %, stricter than the usual 5 %. Source: D. J.
/// Schuirmann, "A comparison of the two one-sided tests procedure and the power approach", J.
/// Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680.
pub fn equivalence_of_ratio(interval: Interval, margin: f64) -> Result<Equivalence, StatsError> {
    if !(margin > 0.0 && margin < 1.0) {
        return Err(StatsError::OutOfRange {
            what: "margin",
            value: margin,
        });
    }
    if interval.low >= 1.0 - margin && interval.high <= 1.0 + margin {
        Ok(Equivalence::Equivalent)
    } else if interval.low > 1.0 || interval.high < 1.0 {
        Ok(Equivalence::Different)
    } else {
        Ok(Equivalence::Inconclusive)
    }
}

/// Returns the p-value of two one-sided tests that an estimate lies within `margin`.
///
/// The larger of P(T > (estimate - low) / se) and P(T > (high - estimate) / se); Student's t with
/// `df`, the normal distribution without. Source: Schuirmann 1987, as above.
pub fn two_one_sided_tests(
    estimate: f64,
    standard_error: f64,
    df: Option<f64>,
    margin: Interval,
) -> Result<f64, StatsError> {
    if !estimate.is_finite() {
        return Err(StatsError::NonFinite {
            what: "estimate",
            index: 0,
        });
    }
    if !(standard_error.is_finite() && standard_error > 0.0) {
        return Err(StatsError::OutOfRange {
            what: "standard_error",
            value: standard_error,
        });
    }
    let upper = |t: f64| match df {
        Some(df) => student_upper(t, df),
        None => normal_upper(t),
    };
    let above_low = upper((estimate - margin.low) / standard_error);
    let below_high = upper((margin.high - estimate) / standard_error);
    Ok(above_low.max(below_high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(low: f64, high: f64, want: Equivalence) {
        assert_eq!(equivalence_of_ratio(Interval { low, high }, 0.10), Ok(want));
    }

    #[test]
    fn only_an_interval_inside_of_the_margin_is_equivalent() {
        check(0.95, 1.08, Equivalence::Equivalent);
        // A small change that is surely there is still not a meaningful one.
        check(1.01, 1.08, Equivalence::Equivalent);
        check(0.80, 1.08, Equivalence::Inconclusive);
        check(1.02, 1.30, Equivalence::Different);
        check(0.50, 0.90, Equivalence::Different);
    }

    #[test]
    fn two_one_sided_tests_agree_with_the_interval() {
        let margin = Interval {
            low: -0.1,
            high: 0.1,
        };
        let p = two_one_sided_tests(0.0, 0.05, None, margin).expect("valid");
        // P(Z > 2), Abramowitz and Stegun, table 26.1.
        assert!((p - 0.022_750_131_948_179_2).abs() < 1e-14);
        assert!(two_one_sided_tests(0.2, 0.05, Some(9.0), margin).expect("valid") > 0.9);
        assert!(two_one_sided_tests(0.2, 0.0, None, margin).is_err());
    }
}
