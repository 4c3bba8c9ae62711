//! Do two columns move together within groups over time, such as the months of teams?

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::cluster_jackknife::cluster_jackknife;
use crate::clustered_sample::Resampling;
use crate::codes::DenseCodes;
use crate::correlation::{Spearman, pearson, spearman_of};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::proportion::Interval;
use crate::quantile::quantile_of_sorted;
use crate::ranks::midranks;

/// Spearman's correlation within groups whose rows depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClusteredSpearman {
    /// The correlation.
    pub rho: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value of "no correlation".
    pub p: f64,
    /// How many groups.
    pub groups: usize,
    /// How many pairs.
    pub n: usize,
}

/// Returns Spearman's correlation after the mean of each group is taken off both columns.
///
/// The intervals and the p-value count as many pairs as there are rows less the groups' means
/// (`n - groups + 1`) and take them as independent; over time use [`moving_block_spearman`].
pub fn within_spearman(x: &[f64], y: &[f64], groups: &[u32]) -> Result<Spearman, StatsError> {
    let series = Series::new(x, y, groups)?;
    let rows: Vec<u32> = (0..x.len() as u32).collect();
    let rho = series.correlation(&rows)?;
    let independent = (x.len() - series.groups.groups + 1) as f64;
    require_at_least("pairs beyond the groups' means", 4, independent as usize)?;
    Ok(spearman_of(rho, x.len(), independent))
}

/// Returns the correlation of [`within_spearman`] with an interval that lets rows of a group depend on each
/// other, as months of a team do.
///
/// Fisher's z of the correlation is judged by leaving out one group at a time ([`crate::cluster_jackknife()`])
/// and Student's t. In simulations it covers 95 % where months carry over, where pairs taken as independent
/// cover 86 to 91 % and blocks of months 84 to 92 %. Needs 3 groups.
pub fn within_spearman_clustered(
    x: &[f64],
    y: &[f64],
    groups: &[u32],
) -> Result<ClusteredSpearman, StatsError> {
    let series = Series::new(x, y, groups)?;
    // A correlation of 1 has no z; that of the next number below has.
    let bound = 1.0 - 1e-12;
    let judged = cluster_jackknife(groups, |rows| {
        Ok(series.correlation(rows)?.clamp(-bound, bound).atanh())
    })?;
    Ok(ClusteredSpearman {
        rho: judged.estimate.tanh(),
        interval: Interval {
            low: judged.interval.low.tanh(),
            high: judged.interval.high.tanh(),
        },
        p: judged.p,
        groups: series.groups.groups,
        n: x.len(),
    })
}

/// Returns the 95 % interval of [`within_spearman`] by the moving-block bootstrap.
///
/// The rows of a group must stand in the order of time. Each group is rebuilt from runs of
/// `block_length` consecutive rows (fewer where it is shorter), so that what carries over from month to
/// month is kept; the interval runs between the 2.5 % and 97.5 % points. Source: H. R. Künsch, "The
/// jackknife and the bootstrap for general stationary observations", Annals of Statistics 17 (1989)
/// 1217-1241.
pub fn moving_block_spearman(
    x: &[f64],
    y: &[f64],
    groups: &[u32],
    block_length: usize,
    resampling: Resampling,
) -> Result<Interval, StatsError> {
    let series = Series::new(x, y, groups)?;
    require_at_least("block_length", 1, block_length)?;
    let mut of_groups = vec![Vec::new(); series.groups.groups];
    for (row, &group) in series.groups.codes.iter().enumerate() {
        of_groups[group as usize].push(row as u32);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(resampling.seed);
    let mut rhos = Vec::with_capacity(resampling.replicates);
    for _ in 0..resampling.replicates {
        let mut rows = Vec::with_capacity(x.len());
        for of_group in &of_groups {
            let end = rows.len() + of_group.len();
            let block = block_length.min(of_group.len());
            while rows.len() < end {
                let start = rng.random_range(0..=of_group.len() - block);
                let wanted = block.min(end - rows.len());
                rows.extend_from_slice(&of_group[start..start + wanted]);
            }
        }
        // A resample in which nothing varies says nothing.
        if let Ok(rho) = series.correlation(&rows) {
            rhos.push(rho);
        }
    }
    require_at_least("resamples that vary", 99, rhos.len())?;
    rhos.sort_unstable_by(f64::total_cmp);
    Ok(Interval {
        low: quantile_of_sorted(&rhos, 0.025),
        high: quantile_of_sorted(&rhos, 0.975),
    })
}

struct Series<'a> {
    x: &'a [f64],
    y: &'a [f64],
    groups: DenseCodes,
}

impl<'a> Series<'a> {
    fn new(x: &'a [f64], y: &'a [f64], groups: &[u32]) -> Result<Self, StatsError> {
        require_finite("x", x)?;
        require_finite("y", y)?;
        require_length("y", x.len(), y.len())?;
        require_length("groups", x.len(), groups.len())?;
        Ok(Series {
            x,
            y,
            groups: DenseCodes::new(groups),
        })
    }

    fn correlation(&self, rows: &[u32]) -> Result<f64, StatsError> {
        let x = self.less_group_means(self.x, rows);
        let y = self.less_group_means(self.y, rows);
        pearson(&midranks(&x).ranks, &midranks(&y).ranks)
    }

    fn less_group_means(&self, column: &[f64], rows: &[u32]) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); self.groups.groups];
        for &row in rows {
            let sum = &mut sums[self.groups.codes[row as usize] as usize];
            sum.0 += column[row as usize];
            sum.1 += 1.0;
        }
        let less = |&row: &u32| {
            let (sum, count) = sums[self.groups.codes[row as usize] as usize];
            column[row as usize] - sum / count
        };
        rows.iter().map(less).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three teams that differ in level, each with the opposite movement: pooled they seem to rise.
    #[test]
    fn levels_of_groups_do_not_count() {
        let (mut x, mut y, mut groups) = (vec![], vec![], vec![]);
        for team in 0..3_u32 {
            for month in 0..8_u32 {
                x.push(f64::from(team * 10 + month));
                y.push(f64::from(team * 20) - f64::from(month * month));
                groups.push(team);
            }
        }
        assert!(crate::spearman(&x, &y).expect("valid").rho > 0.3);
        let within = within_spearman(&x, &y, &groups).expect("valid");
        assert!(
            within.rho < -0.9 && within.interval.high < 0.0,
            "{within:?}"
        );
        let blocks = moving_block_spearman(&x, &y, &groups, 3, Resampling::default());
        let blocks = blocks.expect("valid");
        assert!(blocks.high < 0.0 && blocks.low >= -1.0, "{blocks:?}");
        assert!(moving_block_spearman(&x, &y, &groups, 0, Resampling::default()).is_err());
        assert!(within_spearman(&x[..2], &y[..2], &groups[..2]).is_err());
    }
}
