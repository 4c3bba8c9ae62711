//! Does something rise or fall over time?

use serde::{Deserialize, Serialize};

use crate::correlation::KendallCounts;
use crate::distribution::{Z_95, normal_two_sided, student_97_5, student_two_sided};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::proportion::Interval;
use crate::quantile::{median, sorted_copy};

/// All pairs of points are compared, so that more than this many are refused: a trend is asked of months.
const MOST_POINTS: usize = 2_000;

/// With fewer points no tail of the statistic is near 5 %.
const FEWEST_POINTS: usize = 9;

/// Up to this many points without ties the statistic's distribution is exact.
const MOST_POINTS_EXACT: usize = 60;

/// Shares that lie on a line by chance are not certain for that.
const LEAST_DISPERSION: f64 = 0.01;

/// A trend with its slope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trend {
    /// The change for one more unit of time.
    pub slope: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value of "no trend".
    pub p: f64,
    /// How many points.
    pub n: usize,
}

/// A trend of shares over time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShareTrend {
    /// The change of the share for one more unit of time.
    pub slope: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value of "no trend".
    pub p: f64,
    /// How much more the shares vary about the line than independent draws would.
    pub dispersion: f64,
    /// How many points.
    pub n: usize,
}

/// Tests for a monotone trend, with the median slope.
///
/// Mann and Kendall: `S = sum of signs over pairs`. Its distribution over all orders is exact without ties up
/// to 60 points, otherwise normal with continuity correction and its variance corrected for ties. Slope by
/// Theil and Sen, the median of the slopes of all pairs, its interval between the slopes whose ranks the
/// test does not reject. Sources: H. B. Mann, Econometrica 13 (1945) 245-259; M. G. Kendall, "Rank
/// correlation methods" (1955), chapter 5; P. K. Sen, JASA 63 (1968) 1379-1389. It supposes that what is
/// left beside the trend does not carry over from point to point.
///
/// Needs 9 points, takes 2,000 at most: S has few values, and with fewer than 9 points none of its tails is
/// near 5 % (0 of 4 points, 1.7 % of 6, 3.0 % of 7; from 9 on between 4.05 and 4.98 %).
pub fn mann_kendall(times: &[f64], values: &[f64]) -> Result<Trend, StatsError> {
    require_finite("times", times)?;
    require_finite("values", values)?;
    require_length("values", times.len(), values.len())?;
    require_at_least("points", FEWEST_POINTS, times.len())?;
    if times.len() > MOST_POINTS {
        return Err(StatsError::OutOfRange {
            what: "the number of points",
            value: times.len() as f64,
        });
    }
    let mut slopes = Vec::with_capacity(times.len() * (times.len() - 1) / 2);
    for (index, (time, value)) in times.iter().zip(values).enumerate() {
        for (later, other) in times.iter().zip(values).skip(index + 1) {
            if later != time {
                slopes.push((other - value) / (later - time));
            }
        }
    }
    if slopes.is_empty() {
        return Err(StatsError::Constant { what: "times" });
    }
    let counted = KendallCounts::new(times, values);
    let variance = counted.variance();
    if variance <= 0.0 {
        return Err(StatsError::Constant { what: "values" });
    }
    let deviation = variance.sqrt();
    let slopes = sorted_copy(&slopes);
    let pairs = slopes.len();
    let (p, lower) = if counted.is_untied() && times.len() <= MOST_POINTS_EXACT {
        let lower_tails = lower_tails(times.len());
        let discordant = pairs - usize::midpoint(pairs, counted.score.abs() as usize);
        // At most as many discordant pairs as this happen in 2.5 % of all orders.
        let rank = lower_tails.partition_point(|tail| *tail <= 0.025);
        ((2.0 * lower_tails[discordant]).min(1.0), rank)
    } else {
        let distance = (counted.score.abs() - 1.0).max(0.0) / deviation;
        let rank = (0.5 * (pairs as f64 - Z_95 * deviation)).round();
        (normal_two_sided(distance), rank.max(1.0) as usize)
    };
    let lower = lower.clamp(1, pairs.div_ceil(2));
    Ok(Trend {
        slope: median(&slopes)?,
        interval: Interval {
            low: slopes[lower - 1],
            high: slopes[slopes.len() - lower],
        },
        p,
        n: times.len(),
    })
}

/// Returns the share of all orders of `n` points with at most 0, 1, 2, ... discordant pairs.
///
/// A point added to k others makes 0 to k new discordant pairs, each as often.
fn lower_tails(n: usize) -> Vec<f64> {
    let mut shares = vec![1.0];
    for others in 1..n {
        let mut next = vec![0.0; shares.len() + others];
        for (count, share) in shares.iter().enumerate() {
            for slot in &mut next[count..=count + others] {
                *slot += share / (others + 1) as f64;
            }
        }
        shares = next;
    }
    let mut sum = 0.0;
    for share in &mut shares {
        sum += *share;
        *share = sum;
    }
    shares
}

/// Tests for a linear trend of shares, such as the monthly share of AI-authored pull requests.
///
/// Cochran and Armitage: `z = sum t (r - n p) / sqrt(p (1 - p) sum n (t - mean t)^2)`; the slope is the
/// least-squares one with the counts as weights. Months of a team vary more than independent draws, so
/// that z is divided by the square root of the dispersion, Pearson's chi-square about the line per degree
/// of freedom, and read from Student's t with points less 2. The dispersion is taken as it is found, also
/// below 1: held at 1 and read from the normal distribution there, the test rejects 3 % of nulls in plain
/// draws and 8 % with 4 points that vary more. Sources: P. Armitage, Biometrics 11 (1955) 375-386; P.
/// McCullagh and J. A. Nelder, "Generalized linear models" (1989), section 4.5. Needs 3 points with counts.
pub fn cochran_armitage(
    times: &[f64],
    successes: &[u64],
    totals: &[u64],
) -> Result<ShareTrend, StatsError> {
    require_finite("times", times)?;
    require_length("successes", times.len(), successes.len())?;
    require_length("totals", times.len(), totals.len())?;
    let mut points = Vec::new();
    for ((&time, &success), &total) in times.iter().zip(successes).zip(totals) {
        if success > total {
            return Err(StatsError::OutOfRange {
                what: "successes",
                value: success as f64,
            });
        }
        if total > 0 {
            points.push((time, success as f64, total as f64));
        }
    }
    require_at_least("points with counts", 3, points.len())?;
    let all: f64 = points.iter().map(|it| it.2).sum();
    let share = points.iter().map(|it| it.1).sum::<f64>() / all;
    let mean_time = points.iter().map(|it| it.0 * it.2).sum::<f64>() / all;
    let squares: f64 = points
        .iter()
        .map(|it| it.2 * (it.0 - mean_time).powi(2))
        .sum();
    if squares == 0.0 {
        return Err(StatsError::Constant { what: "times" });
    }
    if share == 0.0 || share == 1.0 {
        return Err(StatsError::Constant { what: "shares" });
    }
    let cross: f64 = points
        .iter()
        .map(|it| (it.0 - mean_time) * (it.1 - it.2 * share))
        .sum();
    let slope = cross / squares;
    let binomial = share * (1.0 - share);
    let excess: f64 = points
        .iter()
        .map(|it| {
            let fitted = share + slope * (it.0 - mean_time);
            it.2 * (it.1 / it.2 - fitted).powi(2) / binomial
        })
        .sum();
    let df = points.len() as f64 - 2.0;
    let dispersion = (excess / df).max(LEAST_DISPERSION);
    let error = (dispersion * binomial / squares).sqrt();
    let half_width = student_97_5(df) * error;
    Ok(ShareTrend {
        slope,
        interval: Interval {
            low: slope - half_width,
            high: slope + half_width,
        },
        p: student_two_sided(slope / error, df),
        dispersion,
        n: points.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_has_its_slope() {
        let times: Vec<f64> = (0..12).map(f64::from).collect();
        let values: Vec<f64> = times.iter().map(|time| 3.0 - 0.5 * time).collect();
        let trend = mann_kendall(&times, &values).expect("valid");
        assert_eq!(trend.slope, -0.5);
        assert!(trend.p < 1e-4);
        assert!(mann_kendall(&times, &[1.0; 12]).is_err());
        assert!(mann_kendall(&[1.0; 12], &values).is_err());
        assert!(mann_kendall(&times[..8], &values[..8]).is_err());
        let many: Vec<f64> = (0..3000).map(f64::from).collect();
        assert!(mann_kendall(&many, &many).is_err());
    }

    /// Of the 10! orders, counted with whole numbers in Python, 4.66 % have at most 11 discordant pairs or at
    /// most 11 others.
    #[test]
    fn few_points_are_judged_exactly() {
        let times: Vec<f64> = (0..10).map(f64::from).collect();
        // 11 discordant pairs of 45: a score of 23.
        let values = [5.0, 1.0, 4.0, 0.0, 2.0, 3.0, 6.0, 9.0, 7.0, 8.0];
        let trend = mann_kendall(&times, &values).expect("valid");
        assert!(
            (trend.p - 0.046_622_574_955_908_29).abs() < 1e-12,
            "{trend:?}"
        );
        let tails = lower_tails(9);
        assert_eq!(tails.len(), 37);
        assert!((tails[36] - 1.0).abs() < 1e-12);
        // Two of the 9! orders have no discordant pair, or no other.
        assert!((tails[0] * 362_880.0 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn shares_on_a_line_have_its_slope() {
        let times = [0.0, 1.0, 2.0, 3.0];
        let trend = cochran_armitage(&times, &[10, 20, 30, 40], &[100; 4]).expect("valid");
        assert!((trend.slope - 0.1).abs() < 1e-12);
        assert_eq!(trend.dispersion, LEAST_DISPERSION);
        assert!(trend.interval.low > 0.08 && trend.interval.low < 0.099);
        assert!(trend.p > 1e-6 && trend.p < 0.01, "{trend:?}");
        assert!(cochran_armitage(&times, &[0; 4], &[5; 4]).is_err());
        assert!(cochran_armitage(&times, &[6, 1, 1, 1], &[5; 4]).is_err());
        assert!(cochran_armitage(&times, &[1, 1, 0, 0], &[5, 5, 0, 0]).is_err());
    }
}
