//! Textbook cases of rank statistics and of many comparisons.

use stats::{
    benjamini_hochberg, bonferroni, hodges_lehmann, mann_whitney, sign_test, wilcoxon_signed_rank,
};

use crate::close_to::{close_to, same_digits};

/// Permeability of the human chorioamnion: M. Hollander and D. A. Wolfe, "Nonparametric statistical
/// methods" (1973), p. 69; the example of R's `wilcox.test`.
const PERMEABILITY_AT_TERM: [f64; 10] =
    [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const PERMEABILITY_EARLY: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

#[test]
fn permeability() {
    let test = mann_whitney(&PERMEABILITY_AT_TERM, &PERMEABILITY_EARLY).expect("valid");
    assert!(test.exact);
    assert_eq!(test.u, 35.0);
    same_digits(test.p_greater, 0.127_206_127_206_127_2, 14);
    same_digits(test.p, 0.254_412_254_412_254_4, 14);
    let shift = hodges_lehmann(&PERMEABILITY_AT_TERM, &PERMEABILITY_EARLY).expect("valid");
    close_to(shift.estimate, 0.305, 1e-12);
    close_to(shift.interval.low, -0.15, 1e-12);
    close_to(shift.interval.high, 0.76, 1e-12);
    close_to(shift.level, 0.960, 5e-4);
}

/// Y. Benjamini and Y. Hochberg, JRSS B 57 (1995), section 4.1.
#[test]
fn benjamini_and_hochberg_1995() {
    let p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ];
    let want = [
        0.0015, 0.003, 0.0095, 0.035_625, 0.0603, 0.063_857, 0.063_857, 0.0645, 0.0765, 0.486,
        0.581_182, 0.714_875, 0.753_231, 0.813_214, 1.0,
    ];
    let q_values = benjamini_hochberg(&p_values).expect("valid");
    for (q, want) in q_values.iter().zip(want) {
        close_to(*q, want, 5.1e-7);
    }
    let rejected = |adjusted: &[f64]| adjusted.iter().filter(|p| **p <= 0.05).count();
    assert_eq!(rejected(&q_values), 4);
    assert_eq!(rejected(&bonferroni(&p_values).expect("valid")), 3);
    // The order of the tests does not matter.
    let mut reversed = p_values;
    reversed.reverse();
    let mut of_reversed = benjamini_hochberg(&reversed).expect("valid");
    of_reversed.reverse();
    assert_eq!(of_reversed, q_values);
    assert_eq!(benjamini_hochberg(&[]), Ok(vec![]));
    assert!(benjamini_hochberg(&[1.5]).is_err());
    assert!(bonferroni(&[f64::NAN]).is_err());
}

/// Hamilton depression scale before and after: Hollander and Wolfe (1973), p. 29; the paired example
/// of R's `wilcox.test`.
#[test]
#[expect(clippy::approx_constant, reason = "an observation that looks like pi")]
fn depression() {
    let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
    let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    let test = wilcoxon_signed_rank(&before, &after).expect("valid");
    assert!(test.exact);
    assert_eq!(test.v, 40.0);
    close_to(test.p_greater, 0.019_531_25, 1e-15);
}

/// Computed with scipy 1.17.1, `binomtest(21, 48)`.
#[test]
fn sign_test_21_of_48() {
    same_digits(sign_test(21, 48).expect("valid"), 0.470_879_013_621_712, 13);
}
