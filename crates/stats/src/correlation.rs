//! Do two columns rise together?

use serde::{Deserialize, Serialize};

use crate::distribution::{Z_95, normal_two_sided, student_two_sided};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::inversions::sort_counting_inversions;
use crate::proportion::Interval;
use crate::ranks::midranks;

/// Spearman's correlation of ranks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Spearman {
    /// The correlation.
    pub rho: f64,
    /// The 95 % interval of Bonett and Wright.
    pub interval: Interval,
    /// The 95 % interval of Fisher, which is too narrow for strong correlations.
    pub fisher_interval: Interval,
    /// Two-sided p-value of "no correlation".
    pub p: f64,
    /// How many pairs.
    pub n: usize,
}

/// Kendall's tau-b.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Kendall {
    /// The correlation.
    pub tau: f64,
    /// The 95 % interval of Fieller, Hartley and Pearson; `None` below 5 pairs.
    pub interval: Option<Interval>,
    /// Two-sided p-value of "no correlation".
    pub p: f64,
    /// How many pairs.
    pub n: usize,
}

/// Returns Spearman's correlation: Pearson's of the ranks, ties sharing their mean.
///
/// The p-value is read from Student's t, `t = rho sqrt((n - 2) / (1 - rho^2))`. The intervals are taken
/// on Fisher's z: with `SE = sqrt((1 + rho^2 / 2) / (n - 3))` (D. G. Bonett and T. A. Wright, "Sample size
/// requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65 (2000)
/// 23-28) and with `1 / sqrt(n - 3)`. Source: C. Spearman, American Journal of Psychology 15 (1904)
/// 72-101. Needs 4 pairs.
pub fn spearman(x: &[f64], y: &[f64]) -> Result<Spearman, StatsError> {
    check_pairs(x, y)?;
    let rho = pearson(&midranks(x).ranks, &midranks(y).ranks)?;
    Ok(spearman_of(rho, x.len(), x.len() as f64))
}

/// Reads a correlation as if it came from `independent` pairs.
pub(crate) fn spearman_of(rho: f64, n: usize, independent: f64) -> Spearman {
    let spare = independent - 2.0;
    let t = rho * (spare / ((1.0 - rho) * (1.0 + rho)).max(0.0)).sqrt();
    let error = ((1.0 + 0.5 * rho * rho) / (independent - 3.0)).sqrt();
    Spearman {
        rho,
        interval: fisher_interval(rho, error),
        fisher_interval: fisher_interval(rho, 1.0 / (independent - 3.0).sqrt()),
        p: if spare > 0.0 {
            student_two_sided(t, spare)
        } else {
            1.0
        },
        n,
    }
}

/// Returns Kendall's tau-b with its tie-corrected test, in O(n log n).
///
/// `(concordant - discordant) / sqrt((pairs - ties in x) (pairs - ties in y))`; the test is normal with
/// the variance corrected for ties. The interval is taken on Fisher's z with `SE = sqrt(0.437 / (n - 4))`
/// (E. C. Fieller, H. O. Hartley and E. S. Pearson, Biometrika 44 (1957) 470-481). Source: M. G. Kendall,
/// "Rank correlation methods" (1970); counting after W. R. Knight, JASA 61 (1966) 436-439.
pub fn kendall(x: &[f64], y: &[f64]) -> Result<Kendall, StatsError> {
    check_pairs(x, y)?;
    let counted = KendallCounts::new(x, y);
    let untied = (counted.pairs - counted.x.pairs) * (counted.pairs - counted.y.pairs);
    if untied <= 0.0 {
        return Err(StatsError::Constant { what: "a column" });
    }
    let tau = (counted.score / untied.sqrt()).clamp(-1.0, 1.0);
    let n = x.len();
    let interval = (n >= 5).then(|| fisher_interval(tau, (0.437 / (n as f64 - 4.0)).sqrt()));
    Ok(Kendall {
        tau,
        interval,
        p: normal_two_sided(counted.score / counted.variance().sqrt()),
        n,
    })
}

/// What Kendall's score and its variance are made of.
pub(crate) struct KendallCounts {
    n: f64,
    pairs: f64,
    x: TieSums,
    y: TieSums,
    /// Concordant less discordant pairs.
    pub(crate) score: f64,
}

/// Sums over the runs of t equal values.
#[derive(Default)]
struct TieSums {
    /// `sum t (t - 1) / 2`.
    pairs: f64,
    /// `sum t (t - 1) (t - 2)`.
    triples: f64,
    /// `sum t (t - 1) (2 t + 5)`.
    weighted: f64,
}

impl TieSums {
    fn of_sorted(sorted: &[f64]) -> Self {
        let mut sums = TieSums::default();
        for run in sorted.chunk_by(|a, b| a == b) {
            let t = run.len() as f64;
            sums.pairs += t * (t - 1.0) / 2.0;
            sums.triples += t * (t - 1.0) * (t - 2.0);
            sums.weighted += t * (t - 1.0) * (2.0 * t + 5.0);
        }
        sums
    }
}

impl KendallCounts {
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Self {
        // Adding zero makes -0 and 0 one value for the order below.
        let mut rows: Vec<(f64, f64)> = x.iter().zip(y).map(|(x, y)| (x + 0.0, y + 0.0)).collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let joint_runs = rows.chunk_by(|a, b| a == b);
        let joint: f64 = joint_runs
            .map(|run| run.len() as f64 * (run.len() as f64 - 1.0) / 2.0)
            .sum();
        let (xs, mut ys): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        let x = TieSums::of_sorted(&xs);
        let discordant = sort_counting_inversions(&mut ys) as f64;
        let y = TieSums::of_sorted(&ys);
        let n = xs.len() as f64;
        let pairs = n * (n - 1.0) / 2.0;
        let untied = pairs - x.pairs - y.pairs + joint;
        KendallCounts {
            n,
            pairs,
            score: untied - 2.0 * discordant,
            x,
            y,
        }
    }

    /// Whether no two values of either column are the same.
    pub(crate) fn is_untied(&self) -> bool {
        self.x.pairs == 0.0 && self.y.pairs == 0.0
    }

    /// Returns the variance of the score when the columns are unrelated.
    pub(crate) fn variance(&self) -> f64 {
        let ordered = 2.0 * self.pairs;
        let plain = ordered * (2.0 * self.n + 5.0) - self.x.weighted - self.y.weighted;
        let of_pairs = 2.0 * self.x.pairs * self.y.pairs / ordered;
        let of_triples = self.x.triples * self.y.triples / (9.0 * ordered * (self.n - 2.0));
        plain / 18.0 + of_pairs + of_triples
    }
}

/// Returns Pearson's correlation.
pub(crate) fn pearson(x: &[f64], y: &[f64]) -> Result<f64, StatsError> {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    if xx <= 0.0 || yy <= 0.0 {
        return Err(StatsError::Constant { what: "a column" });
    }
    Ok((xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

fn fisher_interval(correlation: f64, error_of_z: f64) -> Interval {
    let z = correlation.atanh();
    Interval {
        low: (z - Z_95 * error_of_z).tanh(),
        high: (z + Z_95 * error_of_z).tanh(),
    }
}

fn check_pairs(x: &[f64], y: &[f64]) -> Result<(), StatsError> {
    require_finite("x", x)?;
    require_finite("y", y)?;
    require_length("y", x.len(), y.len())?;
    require_at_least("pairs", 4, x.len())
}
