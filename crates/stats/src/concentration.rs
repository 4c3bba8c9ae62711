//! How unevenly something is spread, such as reviews over reviewers.

use crate::error::{StatsError, require_finite};
use crate::quantile::sorted_copy;

/// Returns the Gini coefficient of amounts that are not negative: 0 when all are equal, near 1 when one
/// has everything.
///
/// `sum (2 i - n - 1) x(i) / (n sum x)` over the amounts in ascending order. Source: C. Gini, "Variabilità
/// e mutabilità" (1912).
pub fn gini(amounts: &[f64]) -> Result<f64, StatsError> {
    let (sorted, total) = ordered_amounts(amounts)?;
    let n = sorted.len() as f64;
    let weighted = (1..)
        .zip(&sorted)
        .map(|(rank, amount)| (2.0 * f64::from(rank) - n - 1.0) * amount);
    Ok(weighted.sum::<f64>() / (n * total))
}

/// Returns the share of the whole that the largest `fraction` of holders has, rounded up to whole holders.
pub fn share_of_top(amounts: &[f64], fraction: f64) -> Result<f64, StatsError> {
    if !(fraction > 0.0 && fraction <= 1.0) {
        return Err(StatsError::OutOfRange {
            what: "fraction",
            value: fraction,
        });
    }
    let (sorted, total) = ordered_amounts(amounts)?;
    // Rounding must not turn 10 % of 30 into 4 holders.
    let holders = ((sorted.len() as f64 * fraction - 1e-9).ceil() as usize).max(1);
    Ok(sorted.iter().rev().take(holders).sum::<f64>() / total)
}

fn ordered_amounts(amounts: &[f64]) -> Result<(Vec<f64>, f64), StatsError> {
    require_finite("amounts", amounts)?;
    if let Some(&value) = amounts.iter().find(|amount| **amount < 0.0) {
        return Err(StatsError::OutOfRange {
            what: "amounts",
            value,
        });
    }
    let total: f64 = amounts.iter().sum();
    if total == 0.0 {
        return Err(StatsError::Constant { what: "amounts" });
    }
    Ok((sorted_copy(amounts), total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_spreads() {
        let check = |amounts: &[f64], want: f64| {
            assert!((gini(amounts).expect("valid") - want).abs() < 1e-15);
        };
        check(&[5.0, 5.0, 5.0], 0.0);
        check(&[0.0, 0.0, 0.0, 8.0], 0.75);
        check(&[1.0, 3.0, 2.0], 2.0 / 9.0);
        assert_eq!(share_of_top(&[1.0, 3.0, 2.0, 4.0], 0.25), Ok(0.4));
        let thirty = [1.0; 30];
        assert_eq!(share_of_top(&thirty, 0.1), Ok(0.1));
        assert!(gini(&[0.0]).is_err());
        assert!(gini(&[-1.0, 2.0]).is_err());
        assert!(share_of_top(&[1.0], 0.0).is_err());
    }
}
