//! Rows of a Cox model whose one regressor has two values: counts take the place of sums.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use crate::cox::CoxData;
use crate::cox_residuals::{MOST_CLUSTERS_CORRECTED, Residuals};
use crate::cox_rows::{Checked, HazardRows, Likelihood, TimeRanks, mean_and_scale};
use crate::error::StatsError;

/// A product of weights is turned into a logarithm before it can overflow.
const LARGEST_PRODUCT: f64 = 1e150;

/// Rows by stratum and rising time, with what happens at each time that has events.
///
/// A row is one of two, so that what is at risk is two counts: a walk along the times takes the place of
/// one along the rows, and no exponential is taken of a row.
pub(crate) struct TwoGroupRows {
    /// The regressor of either group, centred and scaled.
    values: [f64; 2],
    scale: [f64; 1],
    events: usize,
    clusters: usize,
    rank_squares: f64,
    rows: Vec<Row>,
    moments: Vec<Moment>,
    strata: Vec<Stratum>,
}

#[derive(Clone, Copy)]
struct Row {
    time: f64,
    rank: f64,
    cluster: u32,
    group: u8,
    event: bool,
}

/// A time with events within a stratum.
struct Moment {
    /// The rows that end here, with the event or not.
    rows: Range<u32>,
    at_risk: [u32; 2],
    dying: [u32; 2],
    /// The centred rank of the time among those of all events.
    rank: f64,
}

struct Stratum {
    rows: Range<u32>,
    moments: Range<u32>,
}

/// What a unit of weight at risk bears at a time or up to it.
#[derive(Clone, Copy, Default)]
struct Hazards {
    /// `sum 1 / W`.
    hazard: f64,
    /// `sum mean / W`.
    mean: f64,
    /// `sum mean^2 / W`.
    outer: f64,
    /// The first two with the centred rank of time as a factor.
    ranked: f64,
    ranked_mean: f64,
}

impl Hazards {
    fn of(weight: f64, mean: f64, rank: f64) -> Self {
        Hazards {
            hazard: weight,
            mean: mean * weight,
            outer: mean * mean * weight,
            ranked: rank * weight,
            ranked_mean: rank * mean * weight,
        }
    }

    fn add(&mut self, other: &Hazards, sign: f64) {
        self.hazard += sign * other.hazard;
        self.mean += sign * other.mean;
        self.outer += sign * other.outer;
        self.ranked += sign * other.ranked;
        self.ranked_mean += sign * other.ranked_mean;
    }
}

/// The risk set as events that are tied leave it bit by bit.
struct Shrinking {
    /// Which share of the dying has left.
    share: f64,
    weight: f64,
    mean: f64,
    mean_square: f64,
}

impl TwoGroupRows {
    /// Sorts the rows; `None` where there is not one regressor of two values.
    pub(crate) fn new(data: &CoxData, ranks: TimeRanks) -> Result<Option<Self>, StatsError> {
        let &[regressor] = data.regressors else {
            return Ok(None);
        };
        let Some((low, high)) = two_values(regressor) else {
            return Ok(None);
        };
        let checked = Checked::new(data, ranks)?;
        let Some((mean, scale)) = mean_and_scale(regressor) else {
            return Ok(None);
        };
        let mut sizes = vec![0; checked.strata.groups];
        for &stratum in &checked.strata.codes {
            sizes[stratum as usize] += 1;
        }
        let mut places = Vec::with_capacity(sizes.len());
        let mut start = 0_u32;
        for size in &sizes {
            places.push(start);
            start += size;
        }
        let nobody = Row {
            time: 0.0,
            rank: 0.0,
            cluster: 0,
            group: 0,
            event: false,
        };
        let mut rows = vec![nobody; data.times.len()];
        for (index, &stratum) in checked.strata.codes.iter().enumerate() {
            let place = &mut places[stratum as usize];
            rows[*place as usize] = Row {
                time: data.times[index],
                rank: checked.ranks[index],
                cluster: checked.clusters.codes[index],
                group: u8::from(regressor[index] == high),
                event: data.events[index],
            };
            *place += 1;
        }
        let mut sorted = TwoGroupRows {
            values: [(low - mean) / scale, (high - mean) / scale],
            scale: [scale],
            events: checked.events,
            clusters: checked.clusters.groups,
            rank_squares: checked.ranks.iter().map(|rank| rank * rank).sum(),
            rows,
            moments: Vec::new(),
            strata: Vec::with_capacity(sizes.len()),
        };
        let mut start = 0;
        for size in sizes {
            sorted.add_stratum(start..start + size);
            start += size;
        }
        Ok(Some(sorted))
    }

    fn add_stratum(&mut self, range: Range<u32>) {
        let rows = &mut self.rows[range.start as usize..range.end as usize];
        // Groups that come one after the other, each in the order of its times, are only merged.
        rows.sort_by(|a, b| a.time.total_cmp(&b.time).then(a.cluster.cmp(&b.cluster)));
        let first_moment = self.moments.len() as u32;
        let mut at_risk = [0; 2];
        for row in &*rows {
            at_risk[row.group as usize] += 1;
        }
        let mut start = range.start;
        for tied in rows.chunk_by(|a, b| a.time == b.time) {
            let end = start + tied.len() as u32;
            let (mut dying, mut ending, mut rank) = ([0; 2], [0; 2], 0.0);
            for row in tied {
                ending[row.group as usize] += 1;
                if row.event {
                    dying[row.group as usize] += 1;
                    rank = row.rank;
                }
            }
            if dying != [0; 2] {
                self.moments.push(Moment {
                    rows: start..end,
                    at_risk,
                    dying,
                    rank,
                });
            }
            at_risk = [at_risk[0] - ending[0], at_risk[1] - ending[1]];
            start = end;
        }
        self.strata.push(Stratum {
            rows: range,
            moments: first_moment..self.moments.len() as u32,
        });
    }

    fn weights(&self, coefficients: &DVector<f64>) -> [f64; 2] {
        let coefficient = coefficients.iter().next().copied().unwrap_or(0.0);
        self.values.map(|value| (coefficient * value).exp())
    }

    /// Visits the risk set of a moment as the events leave it, as often as there are events.
    fn shrink(&self, moment: &Moment, weights: [f64; 2], mut visit: impl FnMut(&Shrinking)) {
        let [low, high] = self.values;
        let at_risk = |group: usize| f64::from(moment.at_risk[group]) * weights[group];
        let dying = |group: usize| f64::from(moment.dying[group]) * weights[group];
        let deaths = moment.dying[0] + moment.dying[1];
        for step in 0..deaths {
            let share = f64::from(step) / f64::from(deaths);
            let left = [at_risk(0) - share * dying(0), at_risk(1) - share * dying(1)];
            let weight = left[0] + left[1];
            visit(&Shrinking {
                share,
                weight,
                mean: (left[0] * low + left[1] * high) / weight,
                mean_square: (left[0] * low * low + left[1] * high * high) / weight,
            });
        }
    }
}

/// Returns the two values of a column that has just two.
fn two_values(column: &[f64]) -> Option<(f64, f64)> {
    let first = *column.first()?;
    let second = *column.iter().find(|value| **value != first)?;
    let is_one = |value: &f64| *value == first || *value == second;
    (column.iter().all(is_one)).then(|| (first.min(second), first.max(second)))
}

impl HazardRows for TwoGroupRows {
    fn width(&self) -> usize {
        1
    }

    fn scales(&self) -> &[f64] {
        &self.scale
    }

    fn events(&self) -> usize {
        self.events
    }

    fn clusters(&self) -> usize {
        self.clusters
    }

    fn likelihood(&self, coefficients: &DVector<f64>) -> Likelihood {
        let weights = self.weights(coefficients);
        let coefficient = coefficients.iter().next().copied().unwrap_or(0.0);
        let (mut value, mut gradient, mut information) = (0.0, 0.0, 0.0);
        let mut product = 1.0;
        for moment in &self.moments {
            for (count, entry) in moment.dying.iter().zip(self.values) {
                gradient += f64::from(*count) * entry;
                value += f64::from(*count) * entry * coefficient;
            }
            self.shrink(moment, weights, |it| {
                product *= it.weight;
                if !(1.0 / LARGEST_PRODUCT..LARGEST_PRODUCT).contains(&product) {
                    value -= product.ln();
                    product = 1.0;
                }
                gradient -= it.mean;
                information += it.mean_square - it.mean * it.mean;
            });
        }
        Likelihood {
            value: value - f64::ln(product),
            gradient: DVector::from_element(1, gradient),
            information: DMatrix::from_element(1, 1, information),
        }
    }

    /// Walks the rows once: what a row has borne is the sum over the times up to its own.
    fn residuals(&self, coefficients: &DVector<f64>) -> Residuals {
        let weights = self.weights(coefficients);
        let mut scores = vec![0.0; self.clusters];
        let mut trends = vec![0.0; self.clusters];
        let mut information = vec![0.0; self.clusters];
        let (mut products, mut whole_trend) = (0.0, 0.0);
        // Takes what a row bears; a row with the event also the mean of those at risk with it.
        let mut add = |row: &Row, borne: &Hazards, mean: Option<f64>| {
            let (value, weight) = (self.values[row.group as usize], weights[row.group as usize]);
            let mut own = -weight * (value * borne.hazard - borne.mean);
            let mut trend = -weight * (value * borne.ranked - borne.ranked_mean);
            if let Some(mean) = mean {
                let schoenfeld = value - mean;
                own += schoenfeld;
                trend += row.rank * schoenfeld;
                whole_trend += row.rank * schoenfeld;
            }
            let cluster = row.cluster as usize;
            scores[cluster] += own;
            trends[cluster] += trend;
            products += own * own;
            let squares = value * value * borne.hazard + borne.outer - 2.0 * value * borne.mean;
            information[cluster] += weight * squares;
        };
        for stratum in &self.strata {
            let mut until = Hazards::default();
            let mut next = stratum.rows.start;
            let range = stratum.moments.start as usize..stratum.moments.end as usize;
            for moment in &self.moments[range] {
                for row in &self.rows[next as usize..moment.rows.start as usize] {
                    add(row, &until, None);
                }
                let (mut spared, mut mean, mut events) = (Hazards::default(), 0.0, 0.0);
                self.shrink(moment, weights, |it| {
                    let borne = Hazards::of(1.0 / it.weight, it.mean, moment.rank);
                    until.add(&borne, 1.0);
                    spared.add(&borne, it.share);
                    mean += it.mean;
                    events += 1.0;
                });
                let mut until_own_event = until;
                until_own_event.add(&spared, -1.0);
                let rows = moment.rows.start as usize..moment.rows.end as usize;
                for row in &self.rows[rows] {
                    if row.event {
                        add(row, &until_own_event, Some(mean / events));
                    } else {
                        add(row, &until, None);
                    }
                }
                next = moment.rows.end;
            }
            for row in &self.rows[next as usize..stratum.rows.end as usize] {
                add(row, &until, None);
            }
        }
        let corrected = self.clusters <= MOST_CLUSTERS_CORRECTED;
        let single = |value: f64| DMatrix::from_element(1, 1, value);
        Residuals {
            cluster_scores: DMatrix::from_vec(self.clusters, 1, scores),
            cluster_trends: DMatrix::from_vec(self.clusters, 1, trends),
            cluster_information: corrected.then(|| information.into_iter().map(single).collect()),
            row_products: single(products),
            trend: DVector::from_element(1, whole_trend),
            rank_squares: self.rank_squares,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::cox_rows::CoxRows;

    /// Both ways of keeping the rows tell the same, with ties, strata and clusters.
    #[test]
    fn counts_tell_what_sums_tell() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (n, ticks) in [(12, 4.0), (300, 25.0), (900, 1e9)] {
            let times: Vec<f64> = (0..n)
                .map(|_| (rng.random::<f64>() * ticks).round() + 1.0)
                .collect();
            let events: Vec<bool> = (0..n).map(|_| rng.random_bool(0.7)).collect();
            let group: Vec<f64> = (0..n)
                .map(|row| {
                    if row == 0 || rng.random_bool(0.3) {
                        3.0
                    } else {
                        1.0
                    }
                })
                .collect();
            let strata: Vec<u32> = (0..n).map(|_| rng.random_range(0..4)).collect();
            let clusters: Vec<u32> = (0..n).map(|_| rng.random_range(0..9)).collect();
            let data = CoxData {
                times: &times,
                events: &events,
                regressors: &[&group],
                strata: Some(&strata),
                clusters: Some(&clusters),
            };
            let counts = TwoGroupRows::new(&data, TimeRanks::Known)
                .expect("valid")
                .expect("two values");
            let sums = CoxRows::new(&data, TimeRanks::Known).expect("valid");
            for coefficient in [0.0, -0.8, 0.3] {
                let coefficients = DVector::from_element(1, coefficient);
                let (one, other) = (
                    counts.likelihood(&coefficients),
                    sums.likelihood(&coefficients),
                );
                assert!((one.value - other.value).abs() < 1e-9 * n as f64);
                assert!((one.gradient - other.gradient).amax() < 1e-9 * n as f64);
                assert!((one.information - other.information).amax() < 1e-9 * n as f64);
                let (one, other) = (
                    counts.residuals(&coefficients),
                    sums.residuals(&coefficients),
                );
                assert!((one.cluster_scores - other.cluster_scores).amax() < 1e-8);
                assert!((one.cluster_trends - other.cluster_trends).amax() < 1e-6);
                assert!((one.row_products - other.row_products).amax() < 1e-8);
                assert!((one.trend - other.trend).amax() < 1e-6);
                let information = one.cluster_information.expect("few clusters");
                let others = other.cluster_information.expect("few clusters");
                for (one, other) in information.iter().zip(&others) {
                    assert!((one - other).amax() < 1e-8);
                }
            }
        }
    }

    #[test]
    fn other_regressors_are_left_to_others() {
        assert_eq!(two_values(&[1.0, 1.0]), None);
        assert_eq!(two_values(&[1.0, 2.0, 3.0]), None);
        assert_eq!(two_values(&[2.0, 1.0, 2.0]), Some((1.0, 2.0)));
        assert_eq!(two_values(&[1.0, f64::NAN]), None);
    }
}
