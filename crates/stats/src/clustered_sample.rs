//! Quantiles of rows that come in clusters, such as the pull requests of one author.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::codes::DenseCodes;
use crate::distribution::{Z_95, student_97_5};
use crate::error::{StatsError, require_finite, require_length, require_probability};
use crate::proportion::Interval;
use crate::quantile::{interpolate, quantile_of_sorted};

/// With more clusters than this the bootstrap's own limit is computed instead of drawn.
const MOST_CLUSTERS_DRAWN: usize = 2_000;

/// How many places of the sorted column keep the running counts of every cluster.
const CHECKPOINTS: usize = 512;

/// How often to resample, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Resampling {
    /// How many resamples are drawn.
    pub replicates: usize,
    /// Where the random numbers begin; the same seed gives the same interval.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Resampling {
            replicates: 2_000,
            seed: 20_250_710,
        }
    }
}

/// A quantile with its 95 % interval and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QuantileEstimate {
    /// The quantile of type 7.
    pub estimate: f64,
    /// Its 95 % interval; `None` with fewer than 2 clusters.
    pub interval: Option<Interval>,
    /// How many rows.
    pub n: usize,
    /// How many clusters.
    pub clusters: usize,
}

/// A column sorted once, with the cluster of each row.
#[derive(Debug, Clone)]
pub struct ClusteredSample {
    values: Vec<f64>,
    /// The cluster of each value, in the order of the values.
    codes: Vec<u32>,
    sizes: Vec<u32>,
}

impl ClusteredSample {
    /// Sorts `values`; `clusters` names the cluster of each by any code.
    pub fn new(values: &[f64], clusters: &[u32]) -> Result<Self, StatsError> {
        require_finite("values", values)?;
        require_length("clusters", values.len(), clusters.len())?;
        let dense = DenseCodes::new(clusters);
        let sizes = dense.sizes();
        let mut rows: Vec<(f64, u32)> = values.iter().copied().zip(dense.codes).collect();
        // Ties are ordered by cluster, so that the order of the rows leaves no trace.
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (values, codes) = rows.into_iter().unzip();
        Ok(ClusteredSample {
            values,
            codes,
            sizes,
        })
    }

    /// Returns how many rows there are.
    pub fn n(&self) -> usize {
        self.values.len()
    }

    /// Returns how many clusters there are.
    pub fn clusters(&self) -> usize {
        self.sizes.len()
    }

    /// Returns a quantile with the 95 % interval that inverts a cluster-robust test.
    ///
    /// The interval holds every value `v` that the test of "a share `p` lies at or below `v`" does not
    /// reject: with `s_c(v)` the count of cluster `c` at or below `v` less `p` times its size,
    /// `|sum s_c| <= t sqrt(G/(G-1) sum (s_c - mean)^2)`, `t` being the 97.5 % quantile of Student's t
    /// with `G - 1` degrees of freedom over `G` clusters. Source: R. S. Woodruff, "Confidence intervals
    /// for medians and other position measures", JASA 47 (1952) 635-646, with the between-cluster
    /// variance. It holds its level with few clusters, where the bootstrap's does not, and needs no
    /// random numbers.
    pub fn quantile(&self, probability: f64) -> Result<QuantileEstimate, StatsError> {
        require_probability("probability", probability)?;
        let groups = self.clusters();
        let interval = (groups >= 2)
            .then(|| self.score_interval(probability, student_97_5((groups - 1) as f64)));
        Ok(self.estimate(probability, interval))
    }

    /// Returns the quantile of type 7 alone, which costs no walk over the rows.
    pub fn point(&self, probability: f64) -> Result<f64, StatsError> {
        require_probability("probability", probability)?;
        Ok(quantile_of_sorted(&self.values, probability))
    }

    /// Returns quantiles with 95 % percentile intervals of the cluster bootstrap.
    ///
    /// Whole clusters are drawn with replacement, as many as there are; the interval runs from the
    /// 2.5 % to the 97.5 % point of the resampled quantiles. With more than 2,000 clusters the limit of
    /// that distribution is computed instead: the sum of cluster scores is then normal. Source: A. C.
    /// Davison and D. V. Hinkley, "Bootstrap methods and their application" (1997), sections 3.8 and
    /// 5.3. Too narrow below about 40 clusters: see [`ClusteredSample::quantile`].
    pub fn bootstrap_quantiles(
        &self,
        probabilities: &[f64],
        resampling: Resampling,
    ) -> Result<Vec<QuantileEstimate>, StatsError> {
        for &probability in probabilities {
            require_probability("probability", probability)?;
        }
        let groups = self.clusters();
        if groups < 2 || resampling.replicates == 0 {
            return Ok(probabilities
                .iter()
                .map(|&p| self.estimate(p, None))
                .collect());
        }
        if groups > MOST_CLUSTERS_DRAWN {
            let limit = |&p: &f64| self.estimate(p, Some(self.score_interval(p, Z_95)));
            return Ok(probabilities.iter().map(limit).collect());
        }
        let mut draws = self.draw_quantiles(probabilities, resampling);
        let mut estimates = Vec::with_capacity(probabilities.len());
        for (&probability, resampled) in probabilities.iter().zip(&mut draws) {
            resampled.sort_unstable_by(f64::total_cmp);
            let interval = Interval {
                low: quantile_of_sorted(resampled, 0.025),
                high: quantile_of_sorted(resampled, 0.975),
            };
            estimates.push(self.estimate(probability, Some(interval)));
        }
        Ok(estimates)
    }

    fn estimate(&self, probability: f64, interval: Option<Interval>) -> QuantileEstimate {
        QuantileEstimate {
            estimate: quantile_of_sorted(&self.values, probability),
            interval,
            n: self.n(),
            clusters: self.clusters(),
        }
    }

    /// Walks up the sorted values once and keeps the cluster scores as it goes.
    fn score_interval(&self, probability: f64, critical: f64) -> Interval {
        let groups = self.sizes.len() as f64;
        let mut scores: Vec<f64> = self
            .sizes
            .iter()
            .map(|&n| -probability * n as f64)
            .collect();
        let mut total: f64 = scores.iter().sum();
        let mut squares: f64 = scores.iter().map(|score| score * score).sum();
        let last = self.values.len() - 1;
        let (mut low, mut high) = (None, None);
        for (index, (&value, &code)) in self.values.iter().zip(&self.codes).enumerate() {
            let score = &mut scores[code as usize];
            squares += 2.0 * *score + 1.0;
            *score += 1.0;
            total += 1.0;
            if index < last && self.values[index + 1] == value {
                continue;
            }
            let variance = (squares - total * total / groups).max(0.0) * groups / (groups - 1.0);
            let width = critical * variance.sqrt();
            if low.is_none() && total >= -width {
                low = Some(value);
            }
            if total <= width {
                high = None;
            } else if high.is_none() {
                high = Some(value);
            }
        }
        Interval {
            low: low.unwrap_or(self.values[0]),
            high: high.unwrap_or(self.values[last]),
        }
    }

    /// Draws the resampled quantiles, one list for each probability.
    fn draw_quantiles(&self, probabilities: &[f64], resampling: Resampling) -> Vec<Vec<f64>> {
        let index = CheckpointIndex::new(&self.codes, self.sizes.len());
        let mut rng = ChaCha8Rng::seed_from_u64(resampling.seed);
        let mut weights = vec![0_u32; self.sizes.len()];
        let mut draws = vec![Vec::with_capacity(resampling.replicates); probabilities.len()];
        for _ in 0..resampling.replicates {
            draw_weights(&mut rng, &mut weights);
            let rows: u64 = weighted_sum(&weights, &self.sizes);
            for (&probability, resampled) in probabilities.iter().zip(&mut draws) {
                let position = (rows - 1) as f64 * probability;
                let below = position.floor();
                let (low, high) = index.adjacent(&self.codes, &weights, below as u64);
                let high = high.unwrap_or(low);
                let fraction = position - below;
                resampled.push(interpolate(self.values[low], self.values[high], fraction));
            }
        }
        draws
    }
}

/// Draws how often each cluster enters one resample.
pub(crate) fn draw_weights(rng: &mut ChaCha8Rng, weights: &mut [u32]) {
    weights.fill(0);
    let clusters = weights.len() as u32;
    for _ in 0..clusters {
        weights[rng.random_range(0..clusters) as usize] += 1;
    }
}

fn weighted_sum(weights: &[u32], counts: &[u32]) -> u64 {
    let products = weights.iter().zip(counts);
    products
        .map(|(&weight, &count)| u64::from(weight) * u64::from(count))
        .sum()
}

/// Running counts of every cluster at some places of the sorted column, so that a resampled rank is
/// found without a walk over all rows.
struct CheckpointIndex {
    stride: usize,
    /// Row `k` holds the counts of the clusters among the first `k * stride` rows.
    counts: Vec<Vec<u32>>,
}

impl CheckpointIndex {
    fn new(codes: &[u32], groups: usize) -> Self {
        let stride = codes.len().div_ceil(CHECKPOINTS).max(64);
        let mut running = vec![0; groups];
        let mut counts = vec![running.clone()];
        for chunk in codes.chunks_exact(stride) {
            for &code in chunk {
                running[code as usize] += 1;
            }
            counts.push(running.clone());
        }
        CheckpointIndex { stride, counts }
    }

    /// Returns the rows that hold the weighted ranks `rank` and `rank + 1`, from 0.
    fn adjacent(&self, codes: &[u32], weights: &[u32], rank: u64) -> (usize, Option<usize>) {
        let checkpoint = self
            .counts
            .partition_point(|counts| weighted_sum(weights, counts) <= rank)
            .saturating_sub(1);
        let mut before = weighted_sum(weights, &self.counts[checkpoint]);
        let start = checkpoint * self.stride;
        let mut low = None;
        for (offset, &code) in codes[start..].iter().enumerate() {
            let row = start + offset;
            before += u64::from(weights[code as usize]);
            if low.is_none() && before > rank {
                low = Some(row);
            }
            if let Some(low) = low
                && before > rank + 1
            {
                return (low, Some(row));
            }
        }
        (low.unwrap_or(codes.len() - 1), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the same resamples the plain way: repeat the rows, sort, read off.
    fn plain_bootstrap(
        values: &[f64],
        clusters: &[u32],
        p: f64,
        resampling: Resampling,
    ) -> Interval {
        let dense = DenseCodes::new(clusters);
        let mut rng = ChaCha8Rng::seed_from_u64(resampling.seed);
        let mut weights = vec![0; dense.groups];
        let mut resampled = Vec::new();
        for _ in 0..resampling.replicates {
            draw_weights(&mut rng, &mut weights);
            let rows = values.iter().zip(&dense.codes).flat_map(|(&value, &code)| {
                std::iter::repeat_n(value, weights[code as usize] as usize)
            });
            resampled.push(crate::quantile(&rows.collect::<Vec<_>>(), p).expect("not empty"));
        }
        Interval {
            low: crate::quantile(&resampled, 0.025).expect("not empty"),
            high: crate::quantile(&resampled, 0.975).expect("not empty"),
        }
    }

    fn made_up_rows(n: usize, groups: u32) -> (Vec<f64>, Vec<u32>) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        (0..n)
            .map(|_| {
                let value: f64 = rng.random();
                ((value * 200.0).round(), rng.random_range(0..groups))
            })
            .unzip()
    }

    #[test]
    fn the_quick_bootstrap_draws_what_the_plain_one_draws() {
        for (n, groups) in [(37, 5), (1_000, 40), (3_000, 12)] {
            let (values, clusters) = made_up_rows(n, groups);
            let sample = ClusteredSample::new(&values, &clusters).expect("valid");
            let resampling = Resampling {
                replicates: 200,
                seed: 3,
            };
            let quick = sample
                .bootstrap_quantiles(&[0.5, 0.9], resampling)
                .expect("valid");
            for (estimate, p) in quick.iter().zip([0.5, 0.9]) {
                let plain = plain_bootstrap(&values, &clusters, p, resampling);
                assert_eq!(estimate.interval, Some(plain), "n {n}, p {p}");
            }
        }
    }

    #[test]
    fn many_clusters_meet_the_limit_of_the_bootstrap() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let values: Vec<f64> = (0..4_000).map(|_| rng.random::<f64>()).collect();
        let drawn_clusters: Vec<u32> = (0..4_000).map(|row| row / 2).collect();
        let sample = ClusteredSample::new(&values, &drawn_clusters).expect("valid");
        let drawn = sample
            .bootstrap_quantiles(&[0.5], Resampling::default())
            .expect("valid")[0];
        let limit = sample.score_interval(0.5, Z_95);
        let drawn = drawn.interval.expect("many clusters");
        assert!((drawn.low - limit.low).abs() < 0.002, "{drawn:?} {limit:?}");
        assert!(
            (drawn.high - limit.high).abs() < 0.002,
            "{drawn:?} {limit:?}"
        );
    }

    #[test]
    fn one_cluster_has_no_interval() {
        let sample = ClusteredSample::new(&[1.0, 2.0], &[4, 4]).expect("valid");
        assert_eq!(sample.quantile(0.5).expect("valid").interval, None);
        let drawn = sample.bootstrap_quantiles(&[0.5], Resampling::default());
        assert_eq!(drawn.expect("valid")[0].interval, None);
        assert!(ClusteredSample::new(&[1.0], &[]).is_err());
        assert!(sample.quantile(1.0).is_err());
    }
}
