//! When did a share or a count change its level?

use serde::{Deserialize, Serialize};

use crate::error::{StatsError, require_at_least, require_length};
use crate::level_steps::{Series, steps};

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
    /// How much more points vary about their level than independent draws would.
    pub dispersion: f64,
}

/// Finds the levels of a share over time, such as the steps in which a tool is adopted.
///
/// Shares are taken as `x = asin sqrt((r + 3/8) / (n + 3/4))`, whose variance is `1 / (4 n + 2)` times the
/// dispersion at any level (F. J. Anscombe, Biometrika 35 (1948) 246-254). One or two more changes are
/// looked for at a time, at the places that leave the smallest weighted sum of squares; what is judged is
/// the larger of `(T / 2) ln(S / S') - 1.5 ln T` for one and `(T / 2) ln(S / S') - 3 ln T` for two among T
/// points (up and down again shows only in two). As a ratio of sums of squares it does not depend on the
/// dispersion, so that months that vary more than draws do are no steps. Its p-value is the share of 999
/// series without a further change that reach it, drawn from a seed that the series gives: a Monte Carlo test of the maximum
/// over all places and both numbers (G. A. Barnard, JRSS B 25 (1963) 294), so that the level holds for all
/// places together. A step that is found is kept, and more are looked for within the levels, each time at
/// 5 % (J. Bai and P. Perron, Econometrica 66 (1998) 47-78); one change is preferred to two where it reaches
/// the level by itself. Series are drawn as normal, or, below 5 successes or failures a point, as binomial. A level
/// lasts for at least 2 points.
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
    segment(successes, totals, &Series::of_shares(successes, totals))
}

/// Finds the levels of a count over time, as [`change_points_of_shares`] with `x = sqrt(count + 3/8)`, whose
/// variance is 1/4, and Poisson draws.
pub fn change_points_of_counts(counts: &[u64]) -> Result<Segmentation, StatsError> {
    segment(counts, &vec![1; counts.len()], &Series::of_counts(counts))
}

fn segment(events: &[u64], totals: &[u64], series: &Series) -> Result<Segmentation, StatsError> {
    require_at_least("points", 2, events.len())?;
    let found = steps(series);
    let level = |start: usize, end: usize| {
        let total: u64 = totals[start..end].iter().sum();
        events[start..end].iter().sum::<u64>() as f64 / total.max(1) as f64
    };
    Ok(Segmentation {
        segments: found
            .bounds
            .windows(2)
            .map(|bounds| Segment {
                start: bounds[0],
                end: bounds[1],
                level: level(bounds[0], bounds[1]),
            })
            .collect(),
        dispersion: found.dispersion,
    })
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
    fn steps_up_a_stair_are_found_one_by_one() {
        let levels = [10_u64, 40, 80, 40, 10];
        let counts: Vec<u64> = (0..25)
            .map(|point| levels[point / 5] + [0, 3, 1, 2, 4][point % 5])
            .collect();
        let found = change_points_of_counts(&counts).expect("valid");
        assert_eq!(starts(&found), [0, 5, 10, 15, 20]);
        assert_eq!(found, change_points_of_counts(&counts).expect("valid"));
    }

    #[test]
    fn a_level_series_has_one_segment() {
        let found = change_points_of_shares(&[5, 7, 6, 4, 8, 5, 6], &[30; 7]).expect("valid");
        assert_eq!(starts(&found), [0]);
        let found = change_points_of_shares(&[0; 5], &[0; 5]).expect("valid");
        assert_eq!(starts(&found), [0]);
        // Three in sixty, all in the last months, is what chance does.
        let found = change_points_of_shares(&[0, 0, 0, 0, 1, 2], &[10; 6]).expect("valid");
        assert_eq!(starts(&found), [0]);
        assert!(change_points_of_shares(&[2], &[1]).is_err());
        assert!(change_points_of_counts(&[]).is_err());
    }
}
