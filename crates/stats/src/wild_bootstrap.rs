//! Regression with few clusters: the wild cluster bootstrap.

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::clustered_sample::Resampling;
use crate::codes::DenseCodes;
use crate::error::{StatsError, require_at_least};
use crate::proportion::Interval;
use crate::regression::Regression;

/// Below this many clusters two-point weights have too few combinations.
const FEWEST_CLUSTERS_FOR_TWO_POINTS: usize = 12;

/// The six values of Webb's weights, each as likely, are plus and minus the roots of these.
const WEBB_SQUARES: [f64; 3] = [0.5, 1.0, 1.5];

/// How often an end of the interval is halved.
const HALVINGS: usize = 60;

/// How many standard errors away an end of the interval is looked for, at most.
const FARTHEST: f64 = 1e4;

/// A coefficient judged by the wild cluster bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WildBootstrap {
    /// The coefficient.
    pub estimate: f64,
    /// Two-sided p-value of "no change".
    pub p: f64,
    /// The 95 % interval: the values that the bootstrap does not reject; an end that is not found is
    /// infinite.
    pub interval: Interval,
    /// How many rows entered.
    pub n: usize,
    /// How many clusters.
    pub clusters: usize,
    /// Which random weights the clusters got.
    pub weights: WildWeights,
}

/// The random weights of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WildWeights {
    /// Plus or minus 1.
    Rademacher,
    /// Webb's six points, for fewer than 12 clusters.
    Webb,
}

/// Judges the coefficient of `regressor`, counted as in [`crate::LinearFit`], by resampling clusters.
///
/// The hypothesis is imposed: residuals of the regression without the regressor are multiplied by one
/// random weight for each cluster, the regression is run on the result, and its cluster-robust t is
/// compared to the one observed. The interval holds every hypothetical coefficient that is not rejected
/// at 5 %, all under the same weights. Source: A. C. Cameron, J. B. Gelbach and D. L. Miller,
/// "Bootstrap-based improvements for inference with clustered errors", Review of Economics and
/// Statistics 90 (2008) 414-427; weights below 12 clusters: M. D. Webb, "Reworking wild bootstrap based
/// inference for clustered errors" (2014). Each resample is O(clusters^2): with `a` the regressor less
/// its projection on everything else, all t-statistics are functions of the cluster sums of `a u` and
/// of the matrix of `a_g' M u_h`.
pub fn wild_cluster_bootstrap(
    regression: &Regression,
    regressor: usize,
    clusters: &[u32],
    resampling: Resampling,
) -> Result<WildBootstrap, StatsError> {
    if regression.effects.is_none() && regressor == 0 {
        return Err(StatsError::Unsupported {
            what: "a wild bootstrap of the constant",
        });
    }
    let clusters = DenseCodes::new(&regression.pick_clusters(clusters)?);
    require_at_least("clusters", 2, clusters.groups)?;
    require_at_least("replicates", 99, resampling.replicates)?;
    let sums = ClusterSums::new(regression, regressor, &clusters)?;
    let estimate = sums.outcome.iter().sum::<f64>() / sums.regressor.iter().sum::<f64>();
    let observed = sums.statistic(&vec![1.0; clusters.groups]);
    let kind = if clusters.groups < FEWEST_CLUSTERS_FOR_TWO_POINTS {
        WildWeights::Webb
    } else {
        WildWeights::Rademacher
    };
    let mut rng = ChaCha8Rng::seed_from_u64(resampling.seed);
    let mut weights = vec![0.0; clusters.groups];
    let resampled: Vec<Statistic> = (0..resampling.replicates)
        .map(|_| {
            for weight in &mut weights {
                *weight = draw(&mut rng, kind);
            }
            sums.statistic(&weights)
        })
        .collect();
    let p = |hypothesis: f64| {
        let bound = observed.squared(hypothesis);
        // Resamples that repeat the sample must count as equal to it.
        let bound = bound - 1e-10 * bound.abs();
        let beyond = resampled
            .iter()
            .filter(|it| it.squared(hypothesis) >= bound);
        beyond.count() as f64 / resampled.len() as f64
    };
    let unit = observed.squares_of_outcome.max(0.0).sqrt() / sums.regressor.iter().sum::<f64>();
    Ok(WildBootstrap {
        estimate,
        p: p(0.0),
        interval: Interval {
            low: end_of_interval(p, estimate, -unit),
            high: end_of_interval(p, estimate, unit),
        },
        n: regression.n(),
        clusters: clusters.groups,
        weights: kind,
    })
}

fn draw(rng: &mut ChaCha8Rng, kind: WildWeights) -> f64 {
    let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
    match kind {
        WildWeights::Rademacher => sign,
        WildWeights::Webb => sign * WEBB_SQUARES[rng.random_range(0..3)].sqrt(),
    }
}

/// Walks away from the estimate until the hypothesis is rejected, then halves.
fn end_of_interval(p: impl Fn(f64) -> f64, estimate: f64, unit: f64) -> f64 {
    if unit == 0.0 || !unit.is_finite() {
        return estimate;
    }
    let mut distance = 2.0;
    let mut inside = 0.0;
    while p(estimate + distance * unit) > 0.05 {
        inside = distance;
        distance *= 1.5;
        if distance > FARTHEST {
            return f64::INFINITY.copysign(unit);
        }
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (inside + distance);
        if p(estimate + middle * unit) > 0.05 {
            inside = middle;
        } else {
            distance = middle;
        }
    }
    estimate + inside * unit
}

/// What the clusters contribute, for the outcome and for the regressor itself: under the hypothesis
/// `beta` the restricted residuals are those of the outcome less `beta` times those of the regressor.
struct ClusterSums {
    outcome: Vec<f64>,
    regressor: Vec<f64>,
    /// Row g, column h: `a_g' M u_h`.
    outcome_after: DMatrix<f64>,
    regressor_after: DMatrix<f64>,
}

/// A t-statistic as a function of the hypothesis: linear above, quadratic below.
#[derive(Clone, Copy)]
struct Statistic {
    outcome: f64,
    regressor: f64,
    squares_of_outcome: f64,
    squares_mixed: f64,
    squares_of_regressor: f64,
}

impl Statistic {
    fn squared(&self, hypothesis: f64) -> f64 {
        let numerator = self.outcome - hypothesis * self.regressor;
        let variance = self.squares_of_outcome - 2.0 * hypothesis * self.squares_mixed
            + hypothesis * hypothesis * self.squares_of_regressor;
        if variance <= 0.0 {
            return f64::INFINITY;
        }
        numerator * numerator / variance
    }
}

impl ClusterSums {
    fn new(
        regression: &Regression,
        regressor: usize,
        clusters: &DenseCodes,
    ) -> Result<Self, StatsError> {
        let solved = &regression.solved;
        let slot = solved.used.iter().position(|&column| column == regressor);
        let Some(slot) = slot else {
            return Err(StatsError::Collinear { column: regressor });
        };
        // S S' has (X'X)^-1 in it; X S S' e_j / (S S')_jj is the regressor less its projection on the
        // other columns.
        let row = solved.inverse_factor.row(slot);
        let weights = &solved.inverse_factor * row.transpose();
        let scale = weights[slot];
        let mut own = vec![0.0; regression.n()];
        for (&column, &weight) in solved.used.iter().zip(weights.iter()) {
            for (value, entry) in own.iter_mut().zip(&regression.columns[column]) {
                *value += weight / scale * entry;
            }
        }
        // Leaving the regressor out puts its part back into the residuals.
        let coefficient = solved.coefficients[slot];
        let pairs = solved.residuals.iter().zip(&own);
        let restricted: Vec<f64> = pairs.map(|(e, a)| e + coefficient * a).collect();
        let groups = clusters.groups;
        let mut sums = ClusterSums {
            outcome: vec![0.0; groups],
            regressor: vec![0.0; groups],
            outcome_after: DMatrix::zeros(groups, groups),
            regressor_after: DMatrix::zeros(groups, groups),
        };
        for ((&a, &u), &code) in own.iter().zip(&restricted).zip(&clusters.codes) {
            sums.outcome[code as usize] += a * u;
            sums.regressor[code as usize] += a * a;
        }
        for group in 0..groups {
            let only = own.iter().zip(&clusters.codes);
            let only = only.map(|(&a, &code)| if code as usize == group { a } else { 0.0 });
            let mut only = [only.collect::<Vec<f64>>()];
            if let Some(effects) = regression.effects {
                effects.absorb(&mut only)?;
            }
            let [mut only] = only;
            solved.remove_projection(&regression.columns, &mut only);
            for (index, &code) in clusters.codes.iter().enumerate() {
                sums.outcome_after[(group, code as usize)] += only[index] * restricted[index];
                sums.regressor_after[(group, code as usize)] += only[index] * own[index];
            }
        }
        Ok(sums)
    }

    fn statistic(&self, weights: &[f64]) -> Statistic {
        let dot = |values: &[f64]| values.iter().zip(weights).map(|(v, w)| v * w).sum();
        let mut statistic = Statistic {
            outcome: dot(&self.outcome),
            regressor: dot(&self.regressor),
            squares_of_outcome: 0.0,
            squares_mixed: 0.0,
            squares_of_regressor: 0.0,
        };
        let groups = weights.len();
        let (mut outcome, mut regressor) = (vec![0.0; groups], vec![0.0; groups]);
        for (column, weight) in weights.iter().enumerate() {
            for group in 0..groups {
                outcome[group] += weight * self.outcome_after[(group, column)];
                regressor[group] += weight * self.regressor_after[(group, column)];
            }
        }
        for (y, a) in outcome.iter().zip(&regressor) {
            statistic.squares_of_outcome += y * y;
            statistic.squares_mixed += y * a;
            statistic.squares_of_regressor += a * a;
        }
        statistic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EffectsCounted, FixedEffects, StandardErrors};

    struct Rows {
        outcome: Vec<f64>,
        regressor: Vec<f64>,
        other: Vec<f64>,
        clusters: Vec<u32>,
        months: Vec<u32>,
    }

    fn rows(clusters: u32) -> Rows {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let codes: Vec<u32> = (0..60).map(|row| row % clusters).collect();
        let regressor: Vec<f64> = codes
            .iter()
            .map(|_| f64::from(rng.random_range(0..2)))
            .collect();
        let other: Vec<f64> = codes.iter().map(|_| rng.random()).collect();
        let noise = |code: &u32| f64::from(code % 4) + rng.random::<f64>() * 3.0;
        let noise: Vec<f64> = codes.iter().map(noise).collect();
        let parts = regressor.iter().zip(&other).zip(&noise);
        Rows {
            outcome: parts.map(|((x, z), e)| 0.5 * x + z + e).collect(),
            regressor,
            other,
            months: (0..60).map(|row| row / 15).collect(),
            clusters: codes,
        }
    }

    fn squared_t(outcome: &[f64], rows: &Rows, effects: &FixedEffects) -> f64 {
        let regression = Regression::absorbing(outcome, &[&rows.regressor, &rows.other], effects)
            .expect("valid");
        let fit = regression.fit(StandardErrors::Clustered {
            clusters: &rows.clusters,
            counting: EffectsCounted::None,
        });
        let coefficient = fit.expect("valid").coefficients[0].expect("varies");
        (coefficient.estimate / coefficient.standard_error).powi(2)
    }

    /// The plain way: make every resampled outcome and run the whole regression on it.
    #[test]
    fn the_quick_bootstrap_resamples_what_the_plain_one_does() {
        for clusters in [6, 15] {
            let rows = rows(clusters);
            let effects = FixedEffects::new(&[&rows.months]).expect("valid");
            let regressors: [&[f64]; 2] = [&rows.regressor, &rows.other];
            let regression = Regression::absorbing(&rows.outcome, &regressors, &effects);
            let regression = regression.expect("valid");
            let resampling = Resampling {
                replicates: 199,
                seed: 9,
            };
            let quick = wild_cluster_bootstrap(&regression, 0, &rows.clusters, resampling);
            let quick = quick.expect("valid");
            let restricted = Regression::absorbing(&rows.outcome, &[&rows.other], &effects);
            let restricted = restricted.expect("valid");
            let observed = squared_t(&rows.outcome, &rows, &effects);
            let mut rng = ChaCha8Rng::seed_from_u64(resampling.seed);
            let mut beyond = 0.0;
            for _ in 0..resampling.replicates {
                let weights: Vec<f64> = (0..clusters)
                    .map(|_| draw(&mut rng, quick.weights))
                    .collect();
                let made = rows
                    .outcome
                    .iter()
                    .zip(restricted.residuals())
                    .zip(&rows.clusters);
                let made: Vec<f64> = made
                    .map(|((y, u), &code)| y - u + u * weights[code as usize])
                    .collect();
                if squared_t(&made, &rows, &effects) >= observed * (1.0 - 1e-10) {
                    beyond += 1.0;
                }
            }
            assert!(
                (quick.p - beyond / 199.0).abs() < 1e-12,
                "{} {beyond}",
                quick.p
            );
            assert!(quick.interval.low < quick.estimate && quick.estimate < quick.interval.high);
            let fitted = regression.fit(StandardErrors::Classical).expect("valid");
            let fitted = fitted.coefficients[0].expect("varies").estimate;
            assert!((quick.estimate - fitted).abs() < 1e-12);
        }
    }

    #[test]
    fn the_interval_holds_what_is_not_rejected() {
        let rows = rows(15);
        let resampling = Resampling::default();
        let judge = |shift: f64| {
            let shifted = rows.outcome.iter().zip(&rows.regressor);
            let shifted: Vec<f64> = shifted.map(|(y, x)| y - shift * x).collect();
            let regression = Regression::new(&shifted, &[&rows.regressor]).expect("valid");
            wild_cluster_bootstrap(&regression, 1, &rows.clusters, resampling).expect("valid")
        };
        let interval = judge(0.0).interval;
        for (inside, outside) in [
            (interval.low + 1e-6, interval.low - 1e-2),
            (interval.high - 1e-6, interval.high + 1e-2),
        ] {
            assert!(judge(inside).p > 0.05);
            assert!(judge(outside).p <= 0.05);
        }
        let regression = Regression::new(&rows.outcome, &[&rows.regressor]).expect("valid");
        assert!(wild_cluster_bootstrap(&regression, 0, &rows.clusters, resampling).is_err());
        assert!(wild_cluster_bootstrap(&regression, 7, &rows.clusters, resampling).is_err());
    }
}
