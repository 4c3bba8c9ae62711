//! Several groups against each other, by ranks or by counts.

use serde::{Deserialize, Serialize};

use crate::distribution::chi_square_upper;
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::ranks::midranks;

/// A statistic that follows a chi-square distribution when nothing differs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChiSquare {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub df: usize,
    /// P(X >= statistic).
    pub p: f64,
    /// How many observations.
    pub n: u64,
}

impl ChiSquare {
    pub(crate) fn new(statistic: f64, df: usize, n: u64) -> Self {
        ChiSquare {
            statistic,
            df,
            p: chi_square_upper(statistic, df as f64),
            n,
        }
    }
}

/// Tests whether several samples come from one distribution, by ranks.
///
/// `H = 12 / (N (N + 1)) sum R^2 / n - 3 (N + 1)`, divided by `1 - sum (t^3 - t) / (N^3 - N)`.
/// Source: W. H. Kruskal and W. A. Wallis, "Use of ranks in one-criterion variance analysis", JASA 47
/// (1952) 583-621.
pub fn kruskal_wallis(samples: &[&[f64]]) -> Result<ChiSquare, StatsError> {
    require_at_least("samples", 2, samples.len())?;
    for sample in samples {
        require_finite("samples", sample)?;
    }
    let ranked = midranks(&samples.concat());
    let all = ranked.ranks.len() as f64;
    let untied = 1.0 - ranked.tie_term / (all * all * all - all);
    if untied <= 0.0 {
        return Err(StatsError::Constant {
            what: "all samples together",
        });
    }
    let mut rest = ranked.ranks.as_slice();
    let mut between = 0.0;
    for sample in samples {
        let (own, others) = rest.split_at(sample.len());
        // Centred on the mean rank, so that large samples do not cancel.
        let excess: f64 = own.iter().map(|rank| rank - f64::midpoint(all, 1.0)).sum();
        between += excess * excess / sample.len() as f64;
        rest = others;
    }
    let h = 12.0 / (all * (all + 1.0)) * between / untied;
    Ok(ChiSquare::new(
        h,
        samples.len() - 1,
        ranked.ranks.len() as u64,
    ))
}

/// Tests whether the rows of a table of counts have the same shares.
///
/// Pearson's `sum (observed - expected)^2 / expected` without correction; rows and columns without any
/// count are left out. Source: K. Pearson, Philosophical Magazine 50 (1900) 157-175.
pub fn chi_square_of_table(rows: &[&[u64]]) -> Result<ChiSquare, StatsError> {
    let Some(first) = rows.first() else {
        return Err(StatsError::Empty { what: "rows" });
    };
    for row in rows {
        require_length("row", first.len(), row.len())?;
    }
    let row_sums: Vec<u64> = rows.iter().map(|row| row.iter().sum()).collect();
    let column_sum = |column: usize| rows.iter().map(|row| row[column]).sum();
    let column_sums: Vec<u64> = (0..first.len()).map(column_sum).collect();
    let used = |sums: &[u64]| sums.iter().filter(|sum| **sum > 0).count();
    require_at_least("rows with counts", 2, used(&row_sums))?;
    require_at_least("columns with counts", 2, used(&column_sums))?;
    let n: u64 = row_sums.iter().sum();
    let mut statistic = 0.0;
    for (row, &row_sum) in rows.iter().zip(&row_sums) {
        for (&observed, &column_sum) in row.iter().zip(&column_sums) {
            let expected = row_sum as f64 * column_sum as f64 / n as f64;
            if expected > 0.0 {
                statistic += (observed as f64 - expected).powi(2) / expected;
            }
        }
    }
    let df = (used(&row_sums) - 1) * (used(&column_sums) - 1);
    Ok(ChiSquare::new(statistic, df, n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with scipy 1.17.1: `kruskal([1, 2, 2], [3, 4, 2], [9, 8, 7])`.
    #[test]
    fn ties_are_corrected() {
        let test = kruskal_wallis(&[&[1.0, 2.0, 2.0], &[3.0, 4.0, 2.0], &[9.0, 8.0, 7.0]]);
        let test = test.expect("valid");
        assert!(
            (test.statistic - 6.712_643_678_160_910_5).abs() < 1e-12,
            "{test:?}"
        );
        assert_eq!((test.df, test.n), (2, 9));
        assert!(kruskal_wallis(&[&[1.0], &[1.0]]).is_err());
        assert!(kruskal_wallis(&[&[1.0], &[]]).is_err());
        assert!(kruskal_wallis(&[&[1.0]]).is_err());
    }

    #[test]
    fn tables_without_contrast_are_refused() {
        assert!(chi_square_of_table(&[]).is_err());
        assert!(chi_square_of_table(&[&[1, 2], &[0, 0]]).is_err());
        assert!(chi_square_of_table(&[&[1, 0], &[3, 0]]).is_err());
        assert!(chi_square_of_table(&[&[1, 0], &[3]]).is_err());
    }
}
