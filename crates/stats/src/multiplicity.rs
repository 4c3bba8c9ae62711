//! Many comparisons on one page.

use crate::error::{StatsError, require_finite};

/// Returns the Benjamini-Hochberg q-value of each p-value, in the order given.
///
/// With the p-values in ascending order, `q(i) = min over j >= i of p(j) m / j`, at most 1. Calling
/// everything with `q <= 0.10` a finding keeps the expected share of false findings below 10 % for
/// independent or positively dependent tests. Source: Y. Benjamini and Y. Hochberg, "Controlling the
/// false discovery rate", JRSS B 57 (1995) 289-300.
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, StatsError> {
    require_p_values(p_values)?;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_unstable_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let tests = p_values.len() as f64;
    let mut q_values = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[index] * tests / (rank + 1) as f64);
        q_values[index] = smallest;
    }
    Ok(q_values)
}

/// Returns the Bonferroni-adjusted p-values `min(1, m p)`, in the order given.
pub fn bonferroni(p_values: &[f64]) -> Result<Vec<f64>, StatsError> {
    require_p_values(p_values)?;
    let tests = p_values.len() as f64;
    Ok(p_values.iter().map(|p| (p * tests).min(1.0)).collect())
}

fn require_p_values(p_values: &[f64]) -> Result<(), StatsError> {
    if p_values.is_empty() {
        return Ok(());
    }
    require_finite("p_values", p_values)?;
    match p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        Some(&value) => Err(StatsError::OutOfRange {
            what: "p_values",
            value,
        }),
        None => Ok(()),
    }
}
