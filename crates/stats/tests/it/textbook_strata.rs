//! Textbook cases with strata.

use stats::{TwoByTwo, mantel_haenszel};

use crate::close_to::same_digits;

/// Admissions to Berkeley in 1973 by department: P. J. Bickel, E. A. Hammel and J. W. O'Connell, Science
/// 187 (1975) 398-404; R's `UCBAdmissions`. Men admitted, men rejected, women admitted, women rejected.
const ADMISSIONS: [[u64; 4]; 6] = [
    [512, 313, 89, 19],
    [353, 207, 17, 8],
    [120, 205, 202, 391],
    [138, 279, 131, 244],
    [53, 138, 94, 299],
    [22, 351, 24, 317],
];

/// Pooled, men seem to be favoured; within departments they are not.
#[test]
fn admissions_to_berkeley() {
    let strata = ADMISSIONS.map(|[a, b, c, d]| TwoByTwo {
        first_event: a,
        first_other: b,
        second_event: c,
        second_other: d,
    });
    let result = mantel_haenszel(&strata).expect("valid");
    let pooled = result.pooled_odds_ratio.expect("no empty cell");
    same_digits(pooled, 1.841_080_037_181_292_3, 14);
    same_digits(result.odds_ratio, 0.904_696_828_258_623_1, 14);
    let with_continuity = result.test_with_continuity;
    same_digits(with_continuity.statistic, 1.426_946_228_586_688_3, 13);
    same_digits(with_continuity.p, 0.232_263_462_817_048_02, 13);
    same_digits(result.test.statistic, 1.524_606_660_443_435_6, 13);
    assert_eq!((result.strata, result.n), (6, 4526));
    // R's mantelhaen.test prints the interval 0.7719074 to 1.0603298.
    same_digits(result.interval.low, 0.771_907_4, 7);
    same_digits(result.interval.high, 1.060_329_8, 7);
}
