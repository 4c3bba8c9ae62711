//! Tails and quantiles of the distributions that tests are read from.
//!
//! Thin over `statrs`, but for the error function: that of `libm` is right to the last digits, the one
//! of `statrs` to ten. Each upper tail is computed as a tail, so that small p-values keep their digits.

use libm::erfc;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// The 97.5 % quantile of the standard normal distribution.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// Returns P(Z > z) of a standard normal Z.
pub(crate) fn normal_upper(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// Returns P(|Z| > |z|) of a standard normal Z.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2).min(1.0)
}

/// Returns the quantile of the standard normal distribution at `probability` in (0, 1).
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}

/// Returns P(|T| > |t|) of Student's t with `df` degrees of freedom.
pub(crate) fn student_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    checked_beta_reg(0.5 * df, 0.5, df / (df + t * t)).map_or(f64::NAN, |p| p.min(1.0))
}

/// Returns P(T > t) of Student's t with `df` degrees of freedom.
pub(crate) fn student_upper(t: f64, df: f64) -> f64 {
    let half = 0.5 * student_two_sided(t, df);
    if t >= 0.0 { half } else { 1.0 - half }
}

/// Returns the 97.5 % quantile of Student's t; the normal one when `df` is large.
pub(crate) fn student_97_5(df: f64) -> f64 {
    if df > 1.0e7 {
        return Z_95;
    }
    student_quantile(0.975, df)
}

/// Returns a quantile of Student's t; the normal one when `df` is large.
pub(crate) fn student_quantile(probability: f64, df: f64) -> f64 {
    if df > 1.0e7 {
        return normal_quantile(probability);
    }
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |t| t.inverse_cdf(probability))
}

/// Returns P(X > x) of a chi-square X with `df` degrees of freedom.
pub(crate) fn chi_square_upper(x: f64, df: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    checked_gamma_ur(0.5 * df, 0.5 * x).unwrap_or(f64::NAN)
}

/// Returns P(F > f) of Fisher's F with `df` and `spare` degrees of freedom.
pub(crate) fn f_upper(f: f64, df: f64, spare: f64) -> f64 {
    if f <= 0.0 {
        return 1.0;
    }
    checked_beta_reg(0.5 * spare, 0.5 * df, spare / (spare + df * f)).unwrap_or(f64::NAN)
}

/// Returns P(X <= k) of a binomial X over `n` draws with probability one half.
pub(crate) fn fair_binomial_lower(k: u64, n: u64) -> f64 {
    let ln_factorial = |count: u64| ln_gamma(count as f64 + 1.0);
    let whole = ln_factorial(n) - n as f64 * std::f64::consts::LN_2;
    (0..=k.min(n))
        .map(|i| (whole - ln_factorial(i) - ln_factorial(n - i)).exp())
        .sum::<f64>()
        .min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: f64, want: f64, relative: f64) {
        assert!(
            (got - want).abs() <= relative * want.abs(),
            "{got} instead of {want}"
        );
    }

    /// Computed with scipy 1.17.1.
    #[test]
    fn tails_keep_their_digits() {
        check(normal_two_sided(20.0), 5.507_248_237_212_62e-89, 1e-13);
        check(normal_two_sided(3.3), 0.000_966_848_284_767_554_9, 1e-13);
        check(
            student_two_sided(14.0, 244.0),
            4.380_864_997_447_757e-33,
            1e-12,
        );
        check(normal_quantile(0.975), Z_95, 1e-14);
        check(student_97_5(9.0), 2.262_157_162_798_205, 1e-12);
        check(student_97_5(1.0), 12.706_204_736_174_694, 1e-12);
        check(student_97_5(33.7), 2.032_911_091_207_303, 1e-12);
        check(f_upper(3.7, 2.0, 11.0), 0.059_042_092_633_061_524, 1e-12);
        check(
            chi_square_upper(388.271_177_994_560_4, 4.0),
            9.513_086_398_671_828e-83,
            1e-12,
        );
        check(
            fair_binomial_lower(21, 48),
            0.5 * 0.470_879_013_621_712,
            1e-12,
        );
    }
}
