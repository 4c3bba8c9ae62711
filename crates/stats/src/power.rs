//! What a sample of this size could have shown.

use crate::distribution::{Z_95, normal_quantile, student_97_5, student_quantile};
use crate::error::StatsError;

/// The power that a minimum detectable effect is stated for.
const POWER: f64 = 0.80;

/// Returns the smallest ratio that two samples would show as different four times in five.
///
/// `exp((z(.975) + z(.80)) sd sqrt(1/n + 1/m))` for a two-sided test at 5 % on natural logarithms
/// with the standard deviation `sd_of_logs`. Its inverse is the smallest ratio below 1. Source: the
/// usual normal power formula, e.g. S.-C. Chow et al., "Sample size calculations in clinical
/// research", section 3.2.
pub fn minimum_detectable_ratio(sd_of_logs: f64, n: usize, m: usize) -> Result<f64, StatsError> {
    if n == 0 || m == 0 {
        return Err(StatsError::Empty { what: "samples" });
    }
    minimum_detectable_ratio_of(sd_of_logs * (1.0 / n as f64 + 1.0 / m as f64).sqrt())
}

/// Returns the smallest ratio that an estimate on logarithms with this standard error would show as
/// different from 1 four times in five: `exp((z(.975) + z(.80)) se)`.
pub fn minimum_detectable_ratio_of(standard_error: f64) -> Result<f64, StatsError> {
    if !(standard_error.is_finite() && standard_error >= 0.0) {
        return Err(StatsError::OutOfRange {
            what: "standard_error",
            value: standard_error,
        });
    }
    Ok(minimum_detectable_difference_of(standard_error).exp())
}

/// Returns the smallest difference that an estimate with this standard error would show as other than 0
/// four times in five: `(z(.975) + z(.80)) se`.
pub fn minimum_detectable_difference_of(standard_error: f64) -> f64 {
    (Z_95 + normal_quantile(POWER)) * standard_error
}

/// Returns the smallest effect that an interval of this half-width would show as different from none four times
/// in five: `half_width (1 + t(.80) / t(.975))` with Student's t of `df` degrees of freedom.
///
/// The formula for known standard errors, with what few clusters cost: at 10 clusters the normal one promises
/// an effect that is found 59 times in a hundred, this one about 80.
pub fn minimum_detectable_of_interval(half_width: f64, df: f64) -> Result<f64, StatsError> {
    if !(half_width.is_finite() && half_width >= 0.0) {
        return Err(StatsError::OutOfRange {
            what: "half_width",
            value: half_width,
        });
    }
    let ratio = student_quantile(POWER, df) / student_97_5(df);
    if !ratio.is_finite() {
        return Err(StatsError::OutOfRange {
            what: "df",
            value: df,
        });
    }
    Ok(half_width * (1.0 + ratio))
}

/// Returns how many observations each of two equal samples needs to show `ratio` four times in five:
/// `2 ((z(.975) + z(.80)) sd / ln ratio)^2`, rounded up.
pub fn observations_needed(sd_of_logs: f64, ratio: f64) -> Result<u64, StatsError> {
    if !(ratio.is_finite() && ratio > 0.0) || ratio == 1.0 {
        return Err(StatsError::OutOfRange {
            what: "ratio",
            value: ratio,
        });
    }
    if !(sd_of_logs.is_finite() && sd_of_logs >= 0.0) {
        return Err(StatsError::OutOfRange {
            what: "sd_of_logs",
            value: sd_of_logs,
        });
    }
    let root = (Z_95 + normal_quantile(POWER)) * sd_of_logs / ratio.ln();
    Ok((2.0 * root * root).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of minimum detectable ratios, computed with Python from the formula above.
    #[test]
    fn the_table_is_reproduced() {
        let table = [
            (2.0, [5.882, 3.067, 2.209, 1.751, 1.486]),
            (2.5, [9.160, 4.058, 2.693, 2.015, 1.641]),
            (3.0, [14.265, 5.371, 3.283, 2.317, 1.812]),
        ];
        for (sd, ratios) in table {
            for (n, want) in [20, 50, 100, 200, 400].into_iter().zip(ratios) {
                let got = minimum_detectable_ratio(sd, n, n).expect("valid");
                assert!((got - want).abs() < 5e-4, "sd {sd}, n {n}: {got}");
            }
        }
        // At a standard deviation of 2.5 and 100 in each arm only a reduction by 63 % is detectable.
        let smallest = 1.0 / minimum_detectable_ratio(2.5, 100, 100).expect("valid");
        assert!((smallest - 0.37).abs() < 0.005);
    }

    /// t(.80) of 9 degrees of freedom is 0.883404, t(.975) 2.262157.
    #[test]
    fn few_clusters_make_it_larger() {
        let found = minimum_detectable_of_interval(2.262_157, 9.0).expect("valid");
        assert!((found - (2.262_157 + 0.883_404)).abs() < 1e-5, "{found}");
        let many = minimum_detectable_of_interval(Z_95, 1e9).expect("valid");
        let usual = minimum_detectable_ratio_of(1.0).expect("valid").ln();
        assert!((many - usual).abs() < 1e-6);
        assert!(minimum_detectable_of_interval(f64::INFINITY, 9.0).is_err());
        assert!(minimum_detectable_of_interval(1.0, 0.0).is_err());
    }

    #[test]
    fn the_needed_size_inverts_the_detectable_ratio() {
        for n in [20, 100, 400] {
            let ratio = minimum_detectable_ratio(2.5, n, n).expect("valid");
            let needed = observations_needed(2.5, ratio).expect("valid");
            assert!(needed.abs_diff(n as u64) <= 1, "{needed} for {n}");
        }
        assert!(observations_needed(2.0, 1.0).is_err());
        assert!(observations_needed(f64::NAN, 2.0).is_err());
        assert!(minimum_detectable_ratio(2.0, 0, 5).is_err());
    }
}
