//! How far two judges of the same things agree, and whether one succeeds where the other fails.

use serde::{Deserialize, Serialize};

use crate::distribution::Z_95;
use crate::error::StatsError;
use crate::paired::sign_test;
use crate::proportion::Interval;

/// The normal quantile of 80 % power.
const Z_POWER: f64 = 0.841_621_233_572_914_3;

/// Cohen's kappa: agreement beyond what the judges' habits alone would bring.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Kappa {
    /// Things judged by both.
    pub n: u64,
    /// Share of the same judgements.
    pub observed: f64,
    /// Share that independent judges with the same habits would agree on.
    pub expected: f64,
    /// `(observed - expected) / (1 - expected)`; `None` where `expected` is 1, since two judges who
    /// always say the same one thing tell nothing apart.
    pub kappa: Option<f64>,
    /// Its large-sample standard error; `None` where kappa is.
    pub standard_error: Option<f64>,
    /// 95 % interval, within -1 to 1; `None` where kappa is, and where the standard error is 0,
    /// because a sample without any disagreement does not prove that there is none.
    pub interval: Option<Interval>,
}

/// Returns Cohen's kappa of a square table: `table[i][j]` things that the first judge put into
/// category `i` and the second into `j`.
///
/// Kappa: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
/// Measurement 20 (1960) 37-46. Standard error, not that under the hypothesis of no agreement: J. L.
/// Fleiss, J. Cohen and B. S. Everitt, "Large sample standard errors of kappa and weighted kappa",
/// Psychological Bulletin 72 (1969) 323-327, equation 13.
///
/// # Errors
/// When the table is empty, not square, or has no things in it.
pub fn cohens_kappa(table: &[&[u64]]) -> Result<Kappa, StatsError> {
    for row in table {
        if row.len() != table.len() {
            return Err(StatsError::LengthMismatch {
                what: "a row of the table",
                expected: table.len(),
                got: row.len(),
            });
        }
    }
    let n: u64 = table.iter().copied().flatten().sum();
    if n == 0 {
        return Err(StatsError::Empty { what: "the table" });
    }
    let share = |count: u64| count as f64 / n as f64;
    let of_first: Vec<f64> = table.iter().map(|row| share(row.iter().sum())).collect();
    let of_second: Vec<f64> = (0..table.len())
        .map(|column| share(table.iter().filter_map(|row| row.get(column)).sum()))
        .collect();
    let agreed: u64 = table
        .iter()
        .enumerate()
        .filter_map(|(place, row)| row.get(place))
        .sum();
    let observed = share(agreed);
    let pairs = of_first.iter().zip(&of_second);
    let expected: f64 = pairs.map(|(first, second)| first * second).sum();
    let room = 1.0 - expected;
    if room <= f64::EPSILON {
        return Ok(Kappa {
            n,
            observed,
            expected,
            kappa: None,
            standard_error: None,
            interval: None,
        });
    }
    let kappa = (observed - expected) / room;
    let missed = 1.0 - kappa;
    let mut variance = 0.0;
    for (i, (row, first_of_row)) in table.iter().zip(&of_first).enumerate() {
        for (j, (count, second_of_column)) in row.iter().zip(&of_second).enumerate() {
            let share = share(*count);
            if i == j {
                let weight = 1.0 - (first_of_row + second_of_column) * missed;
                variance += share * weight * weight;
            } else {
                // The habits of the other judge: how often each uses the other's category.
                let (second_of_row, first_of_column) = (
                    of_second.get(i).copied().unwrap_or_default(),
                    of_first.get(j).copied().unwrap_or_default(),
                );
                let weight = (second_of_row + first_of_column) * missed;
                variance += share * weight * weight;
            }
        }
    }
    let mean = kappa - expected * missed;
    let variance = (variance - mean * mean).max(0.0) / (n as f64 * room * room);
    let standard_error = variance.sqrt();
    let interval = (standard_error > 1e-12).then(|| Interval {
        low: (kappa - Z_95 * standard_error).max(-1.0),
        high: (kappa + Z_95 * standard_error).min(1.0),
    });
    Ok(Kappa {
        n,
        observed,
        expected,
        kappa: Some(kappa),
        standard_error: Some(standard_error),
        interval,
    })
}

/// Returns the two-sided p-value of the exact test of McNemar: of the things at which exactly one of
/// two succeeded, the first succeeded at `only_first`, the second at `only_second`. 1 where there is
/// no such thing.
///
/// Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
/// percentages", Psychometrika 12 (1947) 153-157; exact by the binomial distribution.
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    sign_test(only_first, only_first.saturating_add(only_second)).unwrap_or(1.0)
}

/// Returns how many things both have to judge so that the test of McNemar finds a difference with
/// 80 % power at 5 %, when exactly the first succeeds at a share `only_first` of all things and
/// exactly the second at `only_second`. `None` where the shares do not differ or are no shares.
///
/// `(z_a sqrt(d) + z_b sqrt(d - e^2))^2 / e^2` with `d` their sum and `e` their difference. R. J.
/// Connor, "Sample size for testing differences in proportions for the paired-sample design",
/// Biometrics 43 (1987) 207-211, equation 3.
pub fn pairs_needed(only_first: f64, only_second: f64) -> Option<u64> {
    let discordant = only_first + only_second;
    let difference = (only_first - only_second).abs();
    let are_shares = only_first >= 0.0 && only_second >= 0.0 && discordant <= 1.0;
    if !are_shares || difference <= 0.0 {
        return None;
    }
    let spread = (discordant - difference * difference).max(0.0);
    let root = Z_95 * discordant.sqrt() + Z_POWER * spread.sqrt();
    Some((root * root / (difference * difference)).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{found} instead of {expected}"
        );
    }

    /// J. L. Fleiss, Statistical Methods for Rates and Proportions, 2nd edition (1981), table 13.1 and
    /// pages 217-221: two judges, three diagnoses, 100 subjects; kappa 0.68, standard error 0.087.
    #[test]
    fn kappa_of_fleiss_diagnoses() {
        let kappa = cohens_kappa(&[&[75, 1, 4], &[5, 4, 1], &[0, 0, 10]]).unwrap();
        assert_eq!(kappa.n, 100);
        close(kappa.observed, 0.89, 1e-12);
        close(kappa.expected, 0.66, 1e-12);
        close(kappa.kappa.unwrap(), 0.23 / 0.34, 1e-12);
        close(kappa.standard_error.unwrap(), 0.087, 0.001);
    }

    /// The textbook table of 50 grant applications: kappa 0.4; its standard error by the delta method,
    /// worked out independently with numerical derivatives: 0.126996.
    #[test]
    fn kappa_of_two_readers() {
        let kappa = cohens_kappa(&[&[20, 5], &[10, 15]]).unwrap();
        close(kappa.observed, 0.7, 1e-12);
        close(kappa.expected, 0.5, 1e-12);
        close(kappa.kappa.unwrap(), 0.4, 1e-12);
        close(kappa.standard_error.unwrap(), SE_OF_TWO_READERS, 1e-6);
        let interval = kappa.interval.unwrap();
        close(
            interval.high - interval.low,
            2.0 * Z_95 * SE_OF_TWO_READERS,
            1e-5,
        );
    }

    const SE_OF_TWO_READERS: f64 = 0.126_996;

    #[test]
    fn kappa_at_the_edges() {
        let perfect = cohens_kappa(&[&[5, 0], &[0, 7]]).unwrap();
        close(perfect.kappa.unwrap(), 1.0, 1e-12);
        assert_eq!(perfect.interval, None);
        let one_habit = cohens_kappa(&[&[9, 0], &[0, 0]]).unwrap();
        assert_eq!((one_habit.observed, one_habit.kappa), (1.0, None));
        let opposed = cohens_kappa(&[&[0, 5], &[5, 0]]).unwrap();
        close(opposed.kappa.unwrap(), -1.0, 1e-12);
        assert!(cohens_kappa(&[]).is_err());
        assert!(cohens_kappa(&[&[0, 0], &[0, 0]]).is_err());
        assert!(cohens_kappa(&[&[1, 2]]).is_err());
    }

    /// The published example of 6 against 16: p = 0.0525 exactly.
    #[test]
    fn mcnemar_of_sixteen_against_six() {
        close(mcnemar_exact(6, 16), 0.052_479, 1e-6);
        close(mcnemar_exact(16, 6), 0.052_479, 1e-6);
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(1, 0), 1.0);
        // The first that reaches 5 %: 2 / 2^6.
        close(mcnemar_exact(6, 0), 0.03125, 1e-12);
    }

    /// By hand: (1.959964 sqrt(0.3) + 0.841621 sqrt(0.29))^2 / 0.01 = 233.03, and for 4 % against
    /// none, as in 24 of 25 beside 25 of 25: (1.959964 * 0.2 + 0.841621 sqrt(0.0384))^2 / 0.0016.
    #[test]
    fn pairs_for_known_differences() {
        assert_eq!(pairs_needed(0.2, 0.1), Some(234));
        assert_eq!(pairs_needed(0.0, 0.04), Some(194));
        assert_eq!(pairs_needed(0.04, 0.0), pairs_needed(0.0, 0.04));
        assert_eq!(pairs_needed(0.1, 0.1), None);
        assert_eq!(pairs_needed(0.9, 0.9), None);
    }

    /// The approximation holds against the exact power: with the pairs it names, the chi-squared test
    /// of McNemar finds the difference in 78 to 84 of 100 samples (84 where few pairs differ).
    #[test]
    fn the_pairs_named_have_the_power_promised() {
        for (only_first, only_second) in [(0.2, 0.1), (0.15, 0.05), (0.1, 0.02)] {
            let pairs = pairs_needed(only_first, only_second).unwrap();
            close(power(only_first, only_second, pairs), 0.81, 0.03);
        }
    }

    /// Exact power of the uncorrected chi-squared test, by adding up the trinomial distribution.
    fn power(only_first: f64, only_second: f64, pairs: u64) -> f64 {
        let log_factorials: Vec<f64> = (0..=pairs)
            .scan(0.0, |sum, number| {
                *sum += if number == 0 {
                    0.0
                } else {
                    (number as f64).ln()
                };
                Some(*sum)
            })
            .collect();
        let log_factorial = |number: u64| log_factorials[number as usize];
        let rest = (1.0 - only_first - only_second).ln();
        let mut power = 0.0;
        for first in 0..=pairs {
            for second in 0..=(pairs - first) {
                let (a, b) = (first as f64, second as f64);
                if (a - b).powi(2) < Z_95 * Z_95 * (a + b) || first + second == 0 {
                    continue;
                }
                let others = pairs - first - second;
                let log = log_factorial(pairs)
                    - log_factorial(first)
                    - log_factorial(second)
                    - log_factorial(others)
                    + a * only_first.ln()
                    + b * only_second.ln()
                    + others as f64 * rest;
                power += log.exp();
            }
        }
        power
    }
}
