//! Mann-Whitney and Hodges-Lehmann for rows that come in clusters.

use serde::{Deserialize, Serialize};

use crate::codes::DenseCodes;
use crate::differences::Differences;
use crate::distribution::{student_97_5, student_two_sided};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::hodges_lehmann::{Shift, lower_rank, middle_difference, shift_between_ranks};
use crate::mann_whitney::cliffs_delta;
use crate::proportion::Interval;

/// One sample with the cluster of each row; the same code in both samples is the same cluster.
#[derive(Debug, Clone, Copy)]
pub struct Clustered<'a> {
    /// The observations.
    pub values: &'a [f64],
    /// The cluster of each.
    pub clusters: &'a [u32],
}

/// The Mann-Whitney test of a first sample against a second, with cluster-robust variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClusteredMannWhitney {
    /// In how many pairs the first is larger, ties counting one half.
    pub u: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Cliff's delta of the first against the second.
    pub cliffs_delta: f64,
    /// The 95 % interval of Cliff's delta.
    pub interval: Interval,
    /// How many times larger the variance of U is than for independent rows.
    pub design_effect: f64,
    /// Size of the first sample.
    pub n: usize,
    /// Size of the second sample.
    pub m: usize,
    /// How many clusters there are in both together.
    pub clusters: usize,
}

/// Tests whether `first` tends to be larger or smaller than `second` when rows come in clusters.
///
/// With `theta = U / (n m)`, the placement of a row is the share of the other sample that it exceeds
/// (or is exceeded by); the variance of `theta` sums the squares of the cluster totals of the centred
/// placements, with the covariance of clusters that are in both samples. The p-value takes the variance
/// after the estimated shift is removed, as the interval of the shift does: at the observed placements it
/// would reject too often with few clusters. The statistic `(theta - 1/2) / se` is read from Student's t, the degrees of freedom counting clusters
/// (Satterthwaite). Source: N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data",
/// Biometrics 53 (1997) 567-578. Needs 2 clusters in each sample.
pub fn mann_whitney_clustered(
    first: Clustered,
    second: Clustered,
) -> Result<ClusteredMannWhitney, StatsError> {
    Compared::new(first, second)?.ranks()
}

/// Returns the Hodges-Lehmann shift with an interval that is valid for rows in clusters.
///
/// As [`crate::hodges_lehmann()`], but the half-width of the interval of U is that of
/// [`mann_whitney_clustered`], its variance taken after the estimated shift is removed.
pub fn hodges_lehmann_clustered(first: Clustered, second: Clustered) -> Result<Shift, StatsError> {
    Ok(Compared::new(first, second)?.shift())
}

/// Returns what [`hodges_lehmann_clustered`] and [`mann_whitney_clustered`] do, in half the time.
pub fn compare_clustered(
    first: Clustered,
    second: Clustered,
) -> Result<(Shift, ClusteredMannWhitney), StatsError> {
    let mut compared = Compared::new(first, second)?;
    let ranks = compared.ranks()?;
    Ok((compared.shift(), ranks))
}

/// Two samples with their placements after the estimated shift is removed.
struct Compared {
    samples: SortedSamples,
    differences: Differences,
    without_shift: Placed,
}

impl Compared {
    fn new(first: Clustered, second: Clustered) -> Result<Self, StatsError> {
        let samples = SortedSamples::new(first, second)?;
        let mut differences = samples.differences();
        let placed = samples.placements(middle_difference(&mut differences));
        // Where the shift explains everything, nothing is left to vary.
        let without_shift = if placed.standard_error > 0.0 {
            placed
        } else {
            samples.placements(0.0)
        };
        Ok(Compared {
            samples,
            differences,
            without_shift,
        })
    }

    fn sizes(&self) -> (usize, usize) {
        (self.samples.first.len(), self.samples.second.len())
    }

    fn ranks(&self) -> Result<ClusteredMannWhitney, StatsError> {
        let placed = self.samples.placements(0.0);
        let (n, m) = self.sizes();
        let pairs = n as f64 * m as f64;
        let error = self.without_shift.standard_error;
        if error == 0.0 {
            return Err(StatsError::Constant {
                what: "the placements of all clusters",
            });
        }
        let delta = cliffs_delta(placed.theta * pairs, n, m);
        let half_width = 2.0 * student_97_5(placed.df) * placed.standard_error.max(error);
        let independent = (n + m + 1) as f64 / (12.0 * pairs);
        Ok(ClusteredMannWhitney {
            u: placed.theta * pairs,
            p: student_two_sided((placed.theta - 0.5) / error, self.without_shift.df),
            cliffs_delta: delta,
            interval: Interval {
                low: (delta - half_width).max(-1.0),
                high: (delta + half_width).min(1.0),
            },
            design_effect: error * error / independent,
            n,
            m,
            clusters: self.samples.groups,
        })
    }

    fn shift(&mut self) -> Shift {
        let (n, m) = self.sizes();
        let pairs = n as u64 * m as u64;
        let placed = &self.without_shift;
        let width = student_97_5(placed.df) * placed.standard_error * pairs as f64;
        let rank = lower_rank(pairs, width);
        shift_between_ranks(&mut self.differences, (n, m), rank, 0.95)
    }
}

/// Both samples in ascending order, with dense cluster codes that they share.
struct SortedSamples {
    first: Vec<(f64, u32)>,
    second: Vec<(f64, u32)>,
    groups: usize,
}

/// What the placements tell at one shift.
struct Placed {
    theta: f64,
    standard_error: f64,
    df: f64,
}

/// What one cluster holds of one sample.
#[derive(Clone, Copy, Default)]
struct ClusterTotal {
    rows: f64,
    placements: f64,
}

impl SortedSamples {
    fn new(first: Clustered, second: Clustered) -> Result<Self, StatsError> {
        require_finite("first", first.values)?;
        require_finite("second", second.values)?;
        require_length(
            "clusters of first",
            first.values.len(),
            first.clusters.len(),
        )?;
        require_length(
            "clusters of second",
            second.values.len(),
            second.clusters.len(),
        )?;
        let dense = DenseCodes::of_column([first.clusters, second.clusters].concat());
        let sorted = |values: &[f64], codes: &[u32]| {
            let mut rows: Vec<(f64, u32)> =
                values.iter().copied().zip(codes.iter().copied()).collect();
            rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            rows
        };
        let (of_first, of_second) = dense.codes.split_at(first.values.len());
        for (what, codes) in [
            ("clusters of first", of_first),
            ("clusters of second", of_second),
        ] {
            let has_others = codes.iter().any(|code| Some(code) != codes.first());
            require_at_least(what, 2, 1 + usize::from(has_others))?;
        }
        Ok(SortedSamples {
            first: sorted(first.values, of_first),
            second: sorted(second.values, of_second),
            groups: dense.groups,
        })
    }

    fn differences(&self) -> Differences {
        let first = self.first.iter().map(|row| row.0);
        let second = self.second.iter().map(|row| row.0);
        Differences::of_strata([(1.0, first, second)])
    }

    /// Places every row in the other sample, the first being moved down by `shift`.
    fn placements(&self, shift: f64) -> Placed {
        let n = self.first.len() as f64;
        let m = self.second.len() as f64;
        let first = self.totals(&self.first, &self.second, |value, other| {
            value - shift - other
        });
        let second = self.totals(&self.second, &self.first, |value, other| {
            value - (other - shift)
        });
        let theta = first.iter().map(|it| it.placements).sum::<f64>() / (n * m);
        // A placement of the second is the share of the first below it; turned round here.
        let of_first = |it: &ClusterTotal| (it.placements / m - it.rows * theta) / n;
        let of_second = |it: &ClusterTotal| (it.rows * (1.0 - theta) - it.placements / n) / m;
        let (mut in_first, mut in_second) = (0.0, 0.0);
        let (mut from_first, mut from_second, mut from_both) = (0.0, 0.0, 0.0);
        for (a, b) in first.iter().zip(&second) {
            in_first += f64::from(u8::from(a.rows > 0.0));
            in_second += f64::from(u8::from(b.rows > 0.0));
            from_first += of_first(a).powi(2);
            from_second += of_second(b).powi(2);
            from_both += of_first(a) * of_second(b);
        }
        let all = self.groups as f64;
        from_first *= in_first / (in_first - 1.0);
        from_second *= in_second / (in_second - 1.0);
        from_both *= all / (all - 1.0);
        let variance = (from_first + from_second + 2.0 * from_both).max(0.0);
        let satterthwaite = (from_first + from_second).powi(2)
            / (from_first.powi(2) / (in_first - 1.0) + from_second.powi(2) / (in_second - 1.0));
        let fewest = in_first.min(in_second) - 1.0;
        Placed {
            theta,
            standard_error: variance.sqrt(),
            df: if satterthwaite.is_finite() {
                satterthwaite.clamp(fewest, all - 1.0)
            } else {
                fewest
            },
        }
    }

    /// Adds up, for each cluster, how many of `others` lie below its rows, ties counting one half.
    fn totals(
        &self,
        rows: &[(f64, u32)],
        others: &[(f64, u32)],
        difference: impl Fn(f64, f64) -> f64,
    ) -> Vec<ClusterTotal> {
        let mut totals = vec![ClusterTotal::default(); self.groups];
        let (mut below, mut up_to) = (0, 0);
        for &(value, code) in rows {
            while let Some(other) = others.get(below)
                && difference(value, other.0) > 0.0
            {
                below += 1;
            }
            up_to = up_to.max(below);
            while let Some(other) = others.get(up_to)
                && difference(value, other.0) >= 0.0
            {
                up_to += 1;
            }
            let total = &mut totals[code as usize];
            total.rows += 1.0;
            total.placements += 0.5 * (below + up_to) as f64;
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one row in each cluster the variance is that of DeLong, near the one of independent rows.
    #[test]
    fn clusters_of_one_are_independent_rows() {
        let first: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 101)).collect();
        let second: Vec<f64> = (0..50).map(|i| f64::from(i * 53 % 97)).collect();
        let of_first: Vec<u32> = (0..60).collect();
        let of_second: Vec<u32> = (100..150).collect();
        let first = Clustered {
            values: &first,
            clusters: &of_first,
        };
        let second = Clustered {
            values: &second,
            clusters: &of_second,
        };
        let clustered = mann_whitney_clustered(first, second).expect("valid");
        let plain = crate::mann_whitney(first.values, second.values).expect("valid");
        assert_eq!(clustered.u, plain.u);
        assert!((clustered.design_effect - 1.0).abs() < 0.15);
        assert!((clustered.p - plain.p).abs() < 0.05);
        let shift = hodges_lehmann_clustered(first, second).expect("valid");
        let plain = crate::hodges_lehmann(first.values, second.values).expect("valid");
        assert_eq!(shift.estimate, plain.estimate);
        assert!((shift.interval.low - plain.interval.low).abs() < 3.0);
    }

    /// Repeating every row within its cluster adds no information.
    #[test]
    fn repeating_rows_within_clusters_changes_nothing() {
        let values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0];
        let clusters = [1, 2, 3, 4, 5, 6, 7, 8];
        let (first, second) = (&values[..4], &values[4..]);
        let once = mann_whitney_clustered(
            Clustered {
                values: first,
                clusters: &clusters[..4],
            },
            Clustered {
                values: second,
                clusters: &clusters[4..],
            },
        )
        .expect("valid");
        let thrice = mann_whitney_clustered(
            Clustered {
                values: &first.repeat(3),
                clusters: &clusters[..4].repeat(3),
            },
            Clustered {
                values: &second.repeat(3),
                clusters: &clusters[4..].repeat(3),
            },
        )
        .expect("valid");
        assert!((once.p - thrice.p).abs() < 1e-12);
        assert!((once.cliffs_delta - thrice.cliffs_delta).abs() < 1e-12);
    }
}
