//! Is one sample larger than another within strata, and by how much?

use serde::{Deserialize, Serialize};

use crate::codes::DenseCodes;
use crate::differences::Differences;
use crate::distribution::{Z_95, normal_two_sided, student_97_5, student_two_sided};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::proportion::Interval;

/// Rows in two arms and in strata.
#[derive(Debug, Clone, Copy)]
pub struct Stratified<'a> {
    /// The observations.
    pub values: &'a [f64],
    /// Whether a row belongs to the first arm.
    pub first: &'a [bool],
    /// The stratum of each row, such as repository by size by type.
    pub strata: &'a [u32],
}

/// The first arm against the second within strata.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StratifiedComparison {
    /// The standardised van Elteren statistic; positive when the first arm is larger.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// The shift of the first arm within strata: the median of the differences within strata, those of
    /// a stratum of N rows weighing 1 / (N + 1).
    pub shift: f64,
    /// The 95 % interval of the shift: what the test does not reject.
    pub interval: Interval,
    /// How many strata hold both arms.
    pub strata: usize,
    /// How many rows of the first arm are in such a stratum.
    pub comparable_first: usize,
    /// How many rows of the second arm are in such a stratum.
    pub comparable_second: usize,
    /// How many rows the first arm has in all.
    pub n: usize,
    /// How many rows the second arm has in all.
    pub m: usize,
}

/// Compares two arms within strata by van Elteren's test.
///
/// `T = sum over strata of (R - n (N + 1) / 2) / (N + 1)`, R being the rank sum of the first arm's n rows
/// among the N of the stratum; its variance is the sum of `n m (N + 1) / 12 / (N + 1)^2`, corrected for
/// ties; normal. The shift and its interval invert the test. Source: P. H. van Elteren, "On the
/// combination of independent two sample tests of Wilcoxon", Bulletin of the International Statistical
/// Institute 37 (1960) 351-361. It takes every row as independent; [`van_elteren_clustered`] does not.
pub fn van_elteren(rows: Stratified) -> Result<StratifiedComparison, StatsError> {
    let mut sorted = SortedStrata::new(rows, None)?;
    let centre = sorted.shift_at(0.0);
    let deviation = sorted.independent_variance().sqrt();
    sorted.compare(centre, deviation, None)
}

/// Compares two arms within strata when rows come in clusters.
///
/// As [`van_elteren`], but the variance of T sums the squares of cluster totals: a row of rank R adds
/// `(a - mean a) (R - (N + 1) / 2) sqrt(N / (N - 1)) / (N + 1)`, a being 1 in the first arm, so that for
/// independent rows it is the variance over all permutations; about their mean, times `G / (G - 1)` for G
/// clusters. The ranks are those after the estimated shift is removed, and the mean is taken off since ties
/// can hide the shift, so that an effect does not count as noise. Student's t
/// with G - 1 degrees of freedom.
pub fn van_elteren_clustered(
    rows: Stratified,
    clusters: &[u32],
) -> Result<StratifiedComparison, StatsError> {
    let mut sorted = SortedStrata::new(rows, Some(clusters))?;
    require_at_least("clusters with both arms nearby", 2, sorted.clusters_used)?;
    let centre = sorted.shift_at(0.0);
    let df = (sorted.clusters_used - 1) as f64;
    let deviation = sorted.clustered_variance(centre).about_mean.sqrt();
    sorted.compare(centre, deviation, Some(df))
}

/// The rows of strata that hold both arms, by stratum and then in ascending order.
struct SortedStrata {
    strata: Vec<Stratum>,
    differences: Differences,
    clusters: usize,
    clusters_used: usize,
    n: usize,
    m: usize,
    spread: f64,
}

/// The variance of T from what clusters add to it.
struct ClusterSpread {
    about_mean: f64,
    about_zero: f64,
}

struct Stratum {
    first: Vec<(f64, u32)>,
    second: Vec<(f64, u32)>,
}

impl SortedStrata {
    fn new(rows: Stratified, clusters: Option<&[u32]>) -> Result<Self, StatsError> {
        require_finite("values", rows.values)?;
        require_length("first", rows.values.len(), rows.first.len())?;
        require_length("strata", rows.values.len(), rows.strata.len())?;
        let clusters = match clusters {
            Some(clusters) => {
                require_length("clusters", rows.values.len(), clusters.len())?;
                DenseCodes::new(clusters)
            }
            None => DenseCodes {
                codes: vec![0; rows.values.len()],
                groups: 1,
            },
        };
        let strata = strata_with_both_arms(rows, &clusters.codes);
        require_at_least("strata with both arms", 1, strata.len())?;
        let n = rows.first.iter().filter(|first| **first).count();
        let smallest = rows.values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = rows
            .values
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let spread = largest - smallest;
        if !(spread > 0.0 && spread < f64::MAX / 4.0) {
            return Err(StatsError::Constant { what: "values" });
        }
        let mut is_used = vec![false; clusters.groups];
        for stratum in &strata {
            for row in stratum.first.iter().chain(&stratum.second) {
                is_used[row.1 as usize] = true;
            }
        }
        let weighed = strata.iter().map(|stratum| {
            let weight = 1.0 / (stratum.first.len() + stratum.second.len() + 1) as f64;
            let first = stratum.first.iter().map(|row| row.0);
            (weight, first, stratum.second.iter().map(|row| row.0))
        });
        Ok(SortedStrata {
            differences: Differences::of_strata(weighed),
            strata,
            clusters: clusters.groups,
            clusters_used: is_used.into_iter().filter(|it| *it).count(),
            n,
            m: rows.values.len() - n,
            spread,
        })
    }

    /// Returns T.
    fn statistic(&self) -> f64 {
        let of_stratum = |stratum: &Stratum| {
            let (n, m) = (stratum.first.len() as f64, stratum.second.len() as f64);
            let (mut below, mut up_to, mut pairs) = (0, 0, 0);
            for row in &stratum.first {
                let others = &stratum.second;
                while others.get(below).is_some_and(|other| other.0 < row.0) {
                    below += 1;
                }
                up_to = up_to.max(below);
                while others.get(up_to).is_some_and(|other| other.0 <= row.0) {
                    up_to += 1;
                }
                pairs += below + up_to;
            }
            (0.5 * pairs as f64 - 0.5 * n * m) / (n + m + 1.0)
        };
        self.strata.iter().map(of_stratum).sum()
    }

    fn independent_variance(&self) -> f64 {
        let of_stratum = |stratum: &Stratum| {
            let (n, m) = (stratum.first.len() as f64, stratum.second.len() as f64);
            let size = n + m;
            let mut ties = 0.0;
            stratum.walk(0.0, |run| ties += run.size.powi(3) - run.size);
            let variance = n * m / 12.0 * ((size + 1.0) - ties / (size * (size - 1.0)));
            variance / (size + 1.0).powi(2)
        };
        self.strata.iter().map(of_stratum).sum()
    }

    fn clustered_variance(&self, shift: f64) -> ClusterSpread {
        let mut totals = vec![0.0; self.clusters];
        let mut magnitude = 0.0;
        for stratum in &self.strata {
            let (n, m) = (stratum.first.len() as f64, stratum.second.len() as f64);
            let size = n + m;
            let scale = (size / (size - 1.0)).sqrt() / (size + 1.0);
            stratum.walk(shift, |run| {
                let excess = (run.rank - f64::midpoint(size, 1.0)) * scale;
                magnitude += run.size * excess.abs();
                for row in run.first {
                    totals[row.1 as usize] += m / size * excess;
                }
                for row in run.second {
                    totals[row.1 as usize] -= n / size * excess;
                }
            });
        }
        let used = self.clusters_used as f64;
        let squares: f64 = totals.iter().map(|total| total * total).sum();
        let sum: f64 = totals.iter().sum();
        // What is left by rounding would depend on the order of the rows.
        let clean = |squares: f64| {
            if squares <= (1e-12 * magnitude).powi(2) {
                0.0
            } else {
                squares * used / (used - 1.0)
            }
        };
        ClusterSpread {
            about_mean: clean(squares - sum * sum / used),
            about_zero: clean(squares),
        }
    }

    fn compare(
        &mut self,
        centre: f64,
        deviation_at_centre: f64,
        df: Option<f64>,
    ) -> Result<StratifiedComparison, StatsError> {
        // Where the shift explains everything, nothing is left to vary.
        let deviation = if deviation_at_centre > 0.0 || df.is_none() {
            deviation_at_centre
        } else {
            self.clustered_variance(0.0).about_zero.sqrt()
        };
        if deviation <= 0.0 {
            return Err(StatsError::Constant {
                what: "values within strata",
            });
        }
        let z = self.statistic() / deviation;
        let (p, critical) = match df {
            Some(df) => (student_two_sided(z, df), student_97_5(df)),
            None => (normal_two_sided(z), Z_95),
        };
        let width = critical * deviation;
        let interval = Interval {
            low: self.shift_at(width).min(centre),
            high: self.shift_at(-width).max(centre),
        };
        let sizes = |of: fn(&Stratum) -> usize| self.strata.iter().map(of).sum();
        Ok(StratifiedComparison {
            z,
            p,
            shift: centre,
            interval,
            strata: self.strata.len(),
            comparable_first: sizes(|stratum| stratum.first.len()),
            comparable_second: sizes(|stratum| stratum.second.len()),
            n: self.n,
            m: self.m,
        })
    }

    /// Finds where T, which falls as the first arm is moved down, passes `level`.
    ///
    /// T is half the weight of all differences less that of those below the shift, so that it passes the
    /// level at one of them, or is level between two: then the middle is as good as any.
    fn shift_at(&mut self, level: f64) -> f64 {
        let total = self.differences.total();
        let target = 0.5 * total - level;
        if target <= 0.0 {
            -self.spread
        } else if target > total {
            self.spread
        } else {
            self.differences.locate(target).middle()
        }
    }
}

/// Sorts the rows of each arm of each stratum; strata with one arm tell nothing.
fn strata_with_both_arms(rows: Stratified, clusters: &[u32]) -> Vec<Stratum> {
    let codes = DenseCodes::new(rows.strata);
    let mut sizes = vec![[0_usize; 2]; codes.groups];
    for (&code, &first) in codes.codes.iter().zip(rows.first) {
        sizes[code as usize][usize::from(!first)] += 1;
    }
    let mut places = vec![None; codes.groups];
    let mut strata: Vec<Stratum> = Vec::new();
    for (place, [n, m]) in places.iter_mut().zip(sizes) {
        if n > 0 && m > 0 {
            *place = Some(strata.len());
            strata.push(Stratum {
                first: Vec::with_capacity(n),
                second: Vec::with_capacity(m),
            });
        }
    }
    for (row, &code) in codes.codes.iter().enumerate() {
        if let Some(place) = places[code as usize] {
            let stratum = &mut strata[place];
            let arm = if rows.first[row] {
                &mut stratum.first
            } else {
                &mut stratum.second
            };
            arm.push((rows.values[row], clusters[row]));
        }
    }
    // Rows that come in the order of their values are left as they are.
    for arm in strata
        .iter_mut()
        .flat_map(|it| [&mut it.first, &mut it.second])
    {
        arm.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    strata
}

/// Rows of a stratum that are tied.
struct Run<'a> {
    rank: f64,
    size: f64,
    first: &'a [(f64, u32)],
    second: &'a [(f64, u32)],
}

impl Stratum {
    /// Visits the runs of ties in ascending order, the first arm being moved down by `shift`.
    fn walk(&self, shift: f64, mut visit: impl FnMut(Run)) {
        let (mut of_first, mut of_second) = (0, 0);
        while of_first < self.first.len() || of_second < self.second.len() {
            let one = self.first.get(of_first).map(|row| row.0 - shift);
            let other = self.second.get(of_second).map(|row| row.0);
            let value = match (one, other) {
                (Some(one), Some(other)) => one.min(other),
                (Some(only), None) | (None, Some(only)) => only,
                (None, None) => break,
            };
            let equal = |row: &&(f64, u32)| row.0 == value;
            let shifted_equal = |row: &&(f64, u32)| row.0 - shift == value;
            let in_first = self.first[of_first..]
                .iter()
                .take_while(shifted_equal)
                .count();
            let in_second = self.second[of_second..].iter().take_while(equal).count();
            if in_first + in_second == 0 {
                // Only a shift that is not a number leaves nothing equal to the smallest.
                return;
            }
            let size = (in_first + in_second) as f64;
            visit(Run {
                rank: (of_first + of_second) as f64 + f64::midpoint(size, 1.0),
                size,
                first: &self.first[of_first..of_first + in_first],
                second: &self.second[of_second..of_second + in_second],
            });
            of_first += in_first;
            of_second += in_second;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stratum_is_the_mann_whitney_test() {
        let values = [3.1, 4.2, 5.9, 1.0, 2.0, 2.0, 7.0, 8.5];
        let first = [true, true, true, true, false, false, false, false];
        let strata = [5; 8];
        let rows = Stratified {
            values: &values,
            first: &first,
            strata: &strata,
        };
        let whole = van_elteren(rows).expect("valid");
        let shift = crate::hodges_lehmann(&values[..4], &values[4..]).expect("valid");
        assert!(
            (whole.shift - shift.estimate).abs() < 1e-6,
            "{whole:?} {shift:?}"
        );
        // U = 8 of 16, so that nothing speaks for either.
        let u = crate::mann_whitney(&values[..4], &values[4..])
            .expect("valid")
            .u;
        let variance = 16.0 / 12.0 * (9.0 - 6.0 / 56.0);
        assert!((whole.z - (u - 8.0) / f64::sqrt(variance)).abs() < 1e-12);
    }

    #[test]
    fn strata_without_both_arms_are_not_comparable() {
        let values = [1.0, 2.0, 3.0, 4.0, 9.0, 8.0];
        let first = [true, false, true, false, true, true];
        let strata = [1, 1, 2, 2, 3, 3];
        let rows = Stratified {
            values: &values,
            first: &first,
            strata: &strata,
        };
        let compared = van_elteren(rows).expect("valid");
        assert_eq!(
            (compared.strata, compared.comparable_first, compared.n),
            (2, 2, 4)
        );
        // Two pairs, each -1/2 over 3, variance 1/4 over 9 each.
        assert!(
            (compared.z + 1.0 / 0.5_f64.sqrt()).abs() < 1e-12,
            "{compared:?}"
        );
        assert!((compared.shift + 1.0).abs() < 1e-6);
        let clustered = van_elteren_clustered(rows, &[1, 2, 3, 4, 5, 6]).expect("valid");
        // The same but for the factor of 4 clusters.
        let want = compared.z * 0.75_f64.sqrt();
        assert!((clustered.z - want).abs() < 1e-12, "{clustered:?}");
        let apart = Stratified {
            strata: &[1, 2, 1, 2, 3, 3],
            ..rows
        };
        assert!(van_elteren(apart).is_err());
    }
}
