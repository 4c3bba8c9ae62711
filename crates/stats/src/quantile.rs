//! Quantiles and what describes one column.

use serde::{Deserialize, Serialize};

use crate::error::{StatsError, require_finite};

/// What describes one column: its size, its quartiles and its 90 % point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Description {
    /// How many observations.
    pub n: usize,
    /// The smallest.
    pub minimum: f64,
    /// 25 % lie at or below.
    pub p25: f64,
    /// The middle.
    pub median: f64,
    /// 75 % lie at or below.
    pub p75: f64,
    /// 90 % lie at or below.
    pub p90: f64,
    /// The largest.
    pub maximum: f64,
}

/// Describes a column by its quantiles.
pub fn describe(values: &[f64]) -> Result<Description, StatsError> {
    require_finite("values", values)?;
    let sorted = sorted_copy(values);
    let at = |probability| quantile_of_sorted(&sorted, probability);
    Ok(Description {
        n: sorted.len(),
        minimum: sorted[0],
        p25: at(0.25),
        median: at(0.5),
        p75: at(0.75),
        p90: at(0.9),
        maximum: sorted[sorted.len() - 1],
    })
}

/// Returns the median.
pub fn median(values: &[f64]) -> Result<f64, StatsError> {
    quantile(values, 0.5)
}

/// Returns the quantile of type 7 at `probability` in \[0, 1\].
///
/// With the values in order, counted from 0, and `h = (n - 1) p`, it is the value at `floor(h)` plus
/// the fraction of `h` times the step to the next value. Source: R. J. Hyndman and Y. Fan, "Sample
/// quantiles in statistical packages", The American Statistician 50 (1996) 361-365, definition 7,
/// the default of R and numpy. Linear time, by selection.
pub fn quantile(values: &[f64], probability: f64) -> Result<f64, StatsError> {
    require_finite("values", values)?;
    if !(0.0..=1.0).contains(&probability) {
        return Err(StatsError::OutOfRange {
            what: "probability",
            value: probability,
        });
    }
    let position = (values.len() - 1) as f64 * probability;
    let below = (position.floor() as usize).min(values.len() - 1);
    let mut scratch = values.to_vec();
    let (_, &mut low, above) = scratch.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Ok(interpolate(low, high, position - below as f64))
}

/// Returns the quantile of type 7 of values that are sorted and not empty.
pub(crate) fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = last as f64 * probability;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    interpolate(sorted[below], sorted[above], position - below as f64)
}

/// Returns the point between `low` and `high`, exactly `low` at 0 and where both are equal.
pub(crate) fn interpolate(low: f64, high: f64, fraction: f64) -> f64 {
    if fraction == 0.0 || low == high {
        return low;
    }
    // Written as a mean, so that the step between extreme values cannot overflow.
    low * (1.0 - fraction) + high * fraction
}

/// Returns the values in ascending order.
pub(crate) fn sorted_copy(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantile type 7: 0.75 of 1, 2, 3, 4 is 3.25 (R's default).
    #[test]
    fn type_7_interpolates() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.75), Ok(3.25));
        assert_eq!(quantile(&values, 0.0), Ok(1.0));
        assert_eq!(quantile(&values, 1.0), Ok(4.0));
        assert_eq!(median(&values), Ok(2.5));
        assert_eq!(median(&[7.0]), Ok(7.0));
        assert_eq!(describe(&values).map(|it| it.p75), Ok(3.25));
    }

    #[test]
    fn unusable_values_are_refused() {
        assert_eq!(median(&[]), Err(StatsError::Empty { what: "values" }));
        assert_eq!(
            median(&[1.0, f64::NAN]),
            Err(StatsError::NonFinite {
                what: "values",
                index: 1
            })
        );
        assert!(quantile(&[1.0], 1.5).is_err());
        assert!(quantile(&[1.0], f64::NAN).is_err());
        assert_eq!(median(&[f64::MAX, f64::MAX]), Ok(f64::MAX));
    }
}
