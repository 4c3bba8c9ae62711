//! Uncertainty by leaving out one cluster at a time.

use crate::codes::DenseCodes;
use crate::error::{StatsError, require_at_least};
use crate::regression::Coefficient;

/// More clusters than this are left out in groups of equal number.
const MOST_PARTS: usize = 60;

/// Judges an estimate by the spread of those that leave out one cluster each.
///
/// `estimate` is asked for the rows that stay, in ascending order, all of them first. The variance is
/// `(G - 1) / G sum (estimate without k - estimate)^2` and Student's t has G - 1 degrees of freedom; rows of
/// a cluster may depend on each other in any way. Above 60 clusters they are left out in 60 groups. Sources:
/// J. W. Tukey, Annals of Mathematical Statistics 29 (1958) 614; P. S. Kott, "The delete-a-group jackknife",
/// Journal of Official Statistics 17 (2001) 521-526; J. G. MacKinnon, M. O. Nielsen and M. D. Webb, Journal
/// of Applied Econometrics 38 (2023) 671-694, who find it the most careful of its kind with few clusters.
///
/// # Errors
/// What `estimate` fails with, with all rows or with a part of them; fewer than 3 clusters; estimates that
/// do not vary.
pub fn cluster_jackknife(
    clusters: &[u32],
    estimate: impl Fn(&[u32]) -> Result<f64, StatsError>,
) -> Result<Coefficient, StatsError> {
    let codes = DenseCodes::new(clusters);
    require_at_least("clusters", 3, codes.groups)?;
    let parts = codes.groups.min(MOST_PARTS) as u32;
    let all: Vec<u32> = (0..clusters.len() as u32).collect();
    let whole = estimate(&all)?;
    let mut squares = 0.0;
    for part in 0..parts {
        let rest: Vec<u32> = (all.iter().copied())
            .filter(|row| codes.codes[*row as usize] % parts != part)
            .collect();
        squares += (estimate(&rest)? - whole).powi(2);
    }
    let groups = f64::from(parts);
    let variance = squares * (groups - 1.0) / groups;
    if variance <= 0.0 {
        return Err(StatsError::Constant {
            what: "the estimates without a cluster",
        });
    }
    Ok(Coefficient::new(whole, variance.sqrt(), groups - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a mean of clusters of one it is the usual standard error.
    #[test]
    fn of_a_mean_it_is_the_usual_error() {
        let values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0];
        let mean = |rows: &[u32]| {
            let sum: f64 = rows.iter().map(|row| values[*row as usize]).sum();
            Ok(sum / rows.len() as f64)
        };
        let found = cluster_jackknife(&[7, 1, 9, 4, 5, 2], mean).expect("valid");
        let whole = values.iter().sum::<f64>() / 6.0;
        let squares: f64 = values.iter().map(|value| (value - whole).powi(2)).sum();
        assert!((found.standard_error - (squares / 30.0).sqrt()).abs() < 1e-12);
        assert_eq!(found.df, 5.0);
        assert!(cluster_jackknife(&[1, 1, 2, 2, 1, 2], mean).is_err());
        assert!(cluster_jackknife(&[1, 2, 3], |_| Ok(1.0)).is_err());
    }
}
