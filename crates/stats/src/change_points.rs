//! When did a share or a count change its level?

use serde::{Deserialize, Serialize};

use crate::distribution::normal_quantile;
use crate::error::{StatsError, require_at_least, require_length};
use crate::quantile::sorted_copy;

/// The share of neighbouring pairs that tell the dispersion; the others may be steps.
const SHARE_WITHOUT_STEP: f64 = 0.8;

/// A level that lasts for less is not told from an outlier.
const SHORTEST_SEGMENT: usize = 2;

/// What is added to the penalty because the dispersion is estimated from few points.
const UNCERTAIN_DISPERSION: f64 = 1.5;

/// A stretch of points with one level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Segment {
    /// Its first point.
    pub start: usize,
    /// The point after its last.
    pub end: usize,
    /// The share of successes, or the mean count.
    pub level: f64,
}

/// The levels of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Segmentation {
    /// In the order of time; a single one when nothing changed.
    pub segments: Vec<Segment>,
    /// How much more neighbouring points vary than independent draws would; at least 1.
    pub dispersion: f64,
}

/// Finds the levels of a share over time, such as the steps in which a tool is adopted.
///
/// The segmentation with the smallest sum of binomial deviances, divided by the dispersion, plus
/// `3 ln T + 1.5` for each change among T points. Exact, by dynamic programming with the pruning of R. Killick,
/// P. Fearnhead and I. A. Eckley, "Optimal detection of changepoints with a linear computational cost",
/// JASA 107 (2012) 1590-1598; the penalty is the leading term of N. R. Zhang and D. O. Siegmund, Biometrics
/// 63 (2007) 22-32, and by simulation what a dispersion from 5 to 11 pairs of points is uncertain by. The dispersion is the mean of the smaller 80 % of the chi-squares of neighbouring
/// points over its expectation, which a few steps cannot move. A level lasts for at least 2 points.
pub fn change_points_of_shares(
    successes: &[u64],
    totals: &[u64],
) -> Result<Segmentation, StatsError> {
    require_length("totals", successes.len(), totals.len())?;
    if let Some((&success, _)) = successes.iter().zip(totals).find(|it| it.0 > it.1) {
        return Err(StatsError::OutOfRange {
            what: "successes",
            value: success as f64,
        });
    }
    segment(successes, totals, |events, total| {
        // -2 ln L of the binomial at its own share.
        -2.0 * (x_ln_x(events) + x_ln_x(total - events) - x_ln_x(total))
    })
}

/// Finds the levels of a count over time, as [`change_points_of_shares`] with the Poisson deviance.
pub fn change_points_of_counts(counts: &[u64]) -> Result<Segmentation, StatsError> {
    segment(counts, &vec![1; counts.len()], |events, points| {
        // -2 ln L of the Poisson at its own mean, less what does not depend on the segments.
        -2.0 * (x_ln_x(events)
            - if events > 0.0 {
                events * points.ln()
            } else {
                0.0
            })
    })
}

fn x_ln_x(x: f64) -> f64 {
    if x > 0.0 { x * x.ln() } else { 0.0 }
}

/// Running sums, and what a segment costs.
struct Costs<F: Fn(f64, f64) -> f64> {
    events: Vec<f64>,
    totals: Vec<f64>,
    deviance: F,
}

impl<F: Fn(f64, f64) -> f64> Costs<F> {
    fn of(&self, start: usize, end: usize) -> f64 {
        (self.deviance)(
            self.events[end] - self.events[start],
            self.totals[end] - self.totals[start],
        )
    }

    fn level(&self, start: usize, end: usize) -> f64 {
        let total = self.totals[end] - self.totals[start];
        if total > 0.0 {
            (self.events[end] - self.events[start]) / total
        } else {
            0.0
        }
    }
}

fn segment(
    events: &[u64],
    totals: &[u64],
    deviance: impl Fn(f64, f64) -> f64,
) -> Result<Segmentation, StatsError> {
    let points = events.len();
    require_at_least("points", SHORTEST_SEGMENT, points)?;
    let running = |column: &[u64]| {
        let mut sum = 0.0;
        let mut sums = vec![0.0];
        sums.extend(column.iter().map(|&value| {
            sum += value as f64;
            sum
        }));
        sums
    };
    let costs = Costs {
        events: running(events),
        totals: running(totals),
        deviance,
    };
    let neighbours: Vec<f64> = (1..points)
        .filter(|&point| totals[point - 1] > 0 && totals[point] > 0)
        .map(|point| {
            let apart = costs.of(point - 1, point) + costs.of(point, point + 1);
            (costs.of(point - 1, point + 1) - apart).max(0.0)
        })
        .collect();
    let dispersion = dispersion(&neighbours);
    let penalty = (3.0 * (points as f64).ln() + UNCERTAIN_DISPERSION) * dispersion;
    let starts = best_starts(&costs, points, penalty);
    let mut segments = Vec::new();
    let mut end = points;
    while end > 0 {
        let start = starts[end];
        segments.push(Segment {
            start,
            end,
            level: costs.level(start, end),
        });
        end = start;
    }
    segments.reverse();
    Ok(Segmentation {
        segments,
        dispersion,
    })
}

/// Returns how much larger the chi-squares of neighbouring points are than those of independent draws.
fn dispersion(neighbours: &[f64]) -> f64 {
    if neighbours.is_empty() {
        return 1.0;
    }
    let kept = (neighbours.len() as f64 * SHARE_WITHOUT_STEP).ceil();
    let sorted = sorted_copy(neighbours);
    let mean = sorted[..kept as usize].iter().sum::<f64>() / kept;
    let share = kept / neighbours.len() as f64;
    (mean / mean_of_smaller_chi_squares(share)).max(1.0)
}

/// Returns the mean of a chi-square with 1 degree of freedom below its quantile `share`.
fn mean_of_smaller_chi_squares(share: f64) -> f64 {
    if share >= 1.0 {
        return 1.0;
    }
    let root = normal_quantile(f64::midpoint(1.0, share));
    // The integral of x^2 phi(x) between -root and root.
    1.0 - 2.0 * root * (-0.5 * root * root).exp() / (share * std::f64::consts::TAU.sqrt())
}

/// Returns for each end the start of the last segment in the best segmentation up to it.
fn best_starts<F: Fn(f64, f64) -> f64>(
    costs: &Costs<F>,
    points: usize,
    penalty: f64,
) -> Vec<usize> {
    let mut best = vec![f64::INFINITY; points + 1];
    let mut starts = vec![0; points + 1];
    best[0] = -penalty;
    let mut candidates = vec![0];
    for end in SHORTEST_SEGMENT..=points {
        for &start in &candidates {
            let total = best[start] + costs.of(start, end) + penalty;
            if total < best[end] {
                best[end] = total;
                starts[end] = start;
            }
        }
        // A start that cannot win now never will.
        candidates.retain(|&start| best[start] + costs.of(start, end) <= best[end]);
        let next = end + 1 - SHORTEST_SEGMENT;
        if best[next].is_finite() {
            candidates.push(next);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(segmentation: &Segmentation) -> Vec<usize> {
        segmentation.segments.iter().map(|it| it.start).collect()
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let successes = [2, 3, 2, 1, 3, 2, 20, 22, 19, 21, 20, 23];
        let found = change_points_of_shares(&successes, &[40; 12]).expect("valid");
        assert_eq!(starts(&found), [0, 6]);
        assert!((found.segments[1].level - 125.0 / 240.0).abs() < 1e-12);
        let counts = [5, 6, 4, 5, 30, 28, 33, 31, 6, 5, 4];
        let found = change_points_of_counts(&counts).expect("valid");
        assert_eq!(starts(&found), [0, 4, 8]);
    }

    #[test]
    fn a_level_series_has_one_segment() {
        let found = change_points_of_shares(&[5, 7, 6, 4, 8, 5, 6], &[30; 7]).expect("valid");
        assert_eq!(starts(&found), [0]);
        let found = change_points_of_shares(&[0; 5], &[0; 5]).expect("valid");
        assert_eq!(starts(&found), [0]);
        assert!(change_points_of_shares(&[2], &[1]).is_err());
        assert!(change_points_of_counts(&[]).is_err());
    }

    /// The pruned search must find what trying all segmentations finds.
    #[test]
    fn the_pruned_search_is_exact() {
        for seed in 1..60_u64 {
            let successes: Vec<u64> = (0..9)
                .map(|i| (i * i * seed + seed) % 17 * (i % 4))
                .collect();
            let found = change_points_of_counts(&successes).expect("valid");
            let cost = |starts: &[usize]| -> f64 {
                let ends = starts.iter().skip(1).copied().chain([9]);
                let segments = starts.iter().zip(ends);
                let sum: f64 = segments
                    .map(|(&start, end)| {
                        let events = successes[start..end].iter().sum::<u64>() as f64;
                        -2.0 * (x_ln_x(events) - events * ((end - start) as f64).ln())
                    })
                    .sum();
                sum + 3.0 * 9_f64.ln() * found.dispersion * (starts.len() as f64 - 1.0)
            };
            let mut best = f64::INFINITY;
            for mask in 0..256_u32 {
                let mut starts = vec![0];
                starts.extend((1..9).filter(|point| mask >> (point - 1) & 1 == 1));
                let ends = starts.iter().skip(1).copied().chain([9]);
                if starts.iter().zip(ends).all(|(start, end)| end - start >= 2) {
                    best = best.min(cost(&starts));
                }
            }
            assert!(
                (cost(&starts(&found)) - best).abs() < 1e-9,
                "seed {seed}: {found:?}"
            );
        }
    }
}
