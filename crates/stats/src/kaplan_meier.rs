//! How long until something happens, when some have not got there yet.

use serde::{Deserialize, Serialize};

use crate::codes::DenseCodes;
use crate::distribution::{Z_95, student_97_5};
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::proportion::Interval;

/// A quantile of a survival time; an end that the follow-up does not reach is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SurvivalQuantile {
    /// The first time at which the curve is at or below the level.
    pub estimate: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// How many rows.
    pub n: usize,
    /// How many of them have the event.
    pub events: usize,
}

/// A point of a curve with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CurvePoint {
    /// The time.
    pub time: f64,
    /// The share: still without the event for survival, with it for incidence.
    pub share: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// How many rows were still under observation just before.
    pub at_risk: usize,
}

/// The Kaplan-Meier estimate of the share still without the event.
#[derive(Debug, Clone)]
pub struct KaplanMeier {
    n: usize,
    events: usize,
    steps: Vec<Step>,
    critical: f64,
    /// Every observed time in ascending order, for the count at risk.
    times: Vec<f64>,
}

/// What the curve is right after a time with events.
#[derive(Debug, Clone, Copy)]
struct Step {
    time: f64,
    survival: f64,
    /// The variance of the logarithm of the survival.
    variance_of_log: f64,
}

impl KaplanMeier {
    /// Estimates the curve from times and whether each ended with the event or was cut off there.
    ///
    /// `S(t) = product over event times u <= t of (1 - d / Y)`, d of the Y at risk having the event at u;
    /// those cut off at u are at risk there. The variance of `ln S` is Greenwood's `sum d / (Y (Y - d))`,
    /// the interval is taken on `ln(-ln S)`. Sources: E. L. Kaplan and P. Meier, JASA 53 (1958) 457-481; J.
    /// D. Kalbfleisch and R. L. Prentice, "The statistical analysis of failure time data" (1980), section
    /// 1.3.
    pub fn new(times: &[f64], events: &[bool]) -> Result<Self, StatsError> {
        Ok(KaplanMeier::of_rows(&sorted_rows(times, events, None)?))
    }

    fn of_rows(rows: &[SurvivalRow]) -> Self {
        let mut survival = 1.0;
        let mut variance = 0.0;
        let mut steps = Vec::new();
        let mut at_risk = rows.len();
        for tied in rows.chunk_by(|a, b| a.time == b.time) {
            let deaths = tied.iter().filter(|row| row.event).count();
            if deaths > 0 {
                let (risk, dead) = (at_risk as f64, deaths as f64);
                survival *= 1.0 - dead / risk;
                variance += dead / (risk * (risk - dead));
                steps.push(Step {
                    time: tied[0].time,
                    survival,
                    variance_of_log: variance,
                });
            }
            at_risk -= tied.len();
        }
        KaplanMeier {
            n: rows.len(),
            events: rows.iter().filter(|row| row.event).count(),
            steps,
            critical: Z_95,
            times: rows.iter().map(|row| row.time).collect(),
        }
    }

    /// Estimates the curve with intervals that are valid for rows in clusters.
    ///
    /// The variance of `ln S(t)` sums the squares of what each cluster adds: a row adds `1 / Y` at its event
    /// less `sum d / Y^2` while it is at risk, until t. Student's t has clusters less 1 degrees of freedom.
    /// Source: Z. Ying and L. J. Wei, "The Kaplan-Meier estimate for dependent failure time observations",
    /// J. Multivariate Analysis 50 (1994) 17-29. Needs 2 clusters.
    pub fn clustered(times: &[f64], events: &[bool], clusters: &[u32]) -> Result<Self, StatsError> {
        require_length("clusters", times.len(), clusters.len())?;
        let clusters = DenseCodes::new(clusters);
        let rows = sorted_rows(times, events, Some(&clusters.codes))?;
        require_at_least("clusters", 2, clusters.groups)?;
        let mut curve = KaplanMeier::of_rows(&rows);
        let groups = clusters.groups as f64;
        // A cluster's part at t is its events' 1/Y, less the running sum H(t) of d/Y^2 for each of its
        // rows still at risk, less H at the end of each other. Kept as a - H r, with the sums of squares
        // beside it, so that a row costs O(1).
        let mut ended = vec![0.0; clusters.groups];
        let mut open: Vec<f64> = clusters.sizes().into_iter().map(f64::from).collect();
        let mut squares = Squares::new(&ended, &open);
        let mut hazard = 0.0;
        let mut at_risk = rows.len() as f64;
        let mut step = 0;
        for tied in rows.chunk_by(|a, b| a.time == b.time) {
            let deaths = tied.iter().filter(|row| row.event).count() as f64;
            hazard += deaths / (at_risk * at_risk);
            for row in tied {
                let cluster = row.cluster as usize;
                squares.remove(ended[cluster], open[cluster]);
                ended[cluster] -= hazard;
                if row.event {
                    ended[cluster] += 1.0 / at_risk;
                }
                open[cluster] -= 1.0;
                squares.add(ended[cluster], open[cluster]);
            }
            if deaths > 0.0 {
                curve.steps[step].variance_of_log = squares.at(hazard) * groups / (groups - 1.0);
                step += 1;
            }
            at_risk -= tied.len() as f64;
        }
        curve.critical = student_97_5(groups - 1.0);
        Ok(curve)
    }

    /// Returns the share still without the event right after `time`.
    pub fn survival_at(&self, time: f64) -> CurvePoint {
        let passed = self.steps.partition_point(|step| step.time <= time);
        let (share, interval) = match passed.checked_sub(1).map(|last| self.steps[last]) {
            Some(step) => (step.survival, self.interval(step)),
            None => (
                1.0,
                Interval {
                    low: 1.0,
                    high: 1.0,
                },
            ),
        };
        CurvePoint {
            time,
            share,
            interval,
            at_risk: self.n - self.times.partition_point(|it| *it < time),
        }
    }

    /// Returns the points right after each time with events, in ascending order.
    pub fn curve(&self) -> impl Iterator<Item = CurvePoint> {
        self.steps.iter().map(|step| self.survival_at(step.time))
    }

    /// Returns the median time: the first at which no more than half are still without the event.
    pub fn median(&self) -> SurvivalQuantile {
        self.quantile(0.5)
    }

    /// Returns the first time at which a share `probability` has had the event.
    ///
    /// The interval holds the times at which the interval of the curve holds the level. Source: R.
    /// Brookmeyer and J. Crowley, "A confidence interval for the median survival time", Biometrics 38
    /// (1982) 29-41.
    pub fn quantile(&self, probability: f64) -> SurvivalQuantile {
        // Products of shares miss a level that they meet exactly by the last digit.
        let level = 1.0 - probability + 1e-12;
        let first = |passes: &dyn Fn(&Step) -> bool| {
            let step = self.steps.iter().find(|step| passes(step));
            step.map(|step| step.time)
        };
        SurvivalQuantile {
            estimate: first(&|step| step.survival <= level),
            // A curve has as many steps as there are times of events: most are passed over without a power.
            low: first(&|step| self.reaches(step, level) && self.interval(*step).low <= level),
            high: first(&|step| step.survival <= level && self.interval(*step).high <= level),
            n: self.n,
            events: self.events,
        }
    }

    /// Tells whether the lower end of the interval may be at or below `level`, at little cost.
    fn reaches(&self, step: &Step, level: f64) -> bool {
        let log = step.survival.ln();
        if log >= 0.0 || level <= 0.0 {
            return true;
        }
        // The end is exp(ln S exp(w)), so that exp(w) must be at least ln level / ln S.
        let width = self.critical * step.variance_of_log.sqrt() / log.abs();
        let needed = level.ln() / log;
        // A hair's breadth for rounding; where nobody is left the width is not a number.
        width.is_nan() || width.exp() >= needed * (1.0 - 1e-9)
    }

    fn interval(&self, step: Step) -> Interval {
        log_log_interval(step.survival, step.variance_of_log, self.critical)
    }
}

/// The sum of squares of `a - H r` over clusters, as a function of H.
struct Squares {
    constant: f64,
    mixed: f64,
    slope: f64,
}

impl Squares {
    fn new(ended: &[f64], open: &[f64]) -> Self {
        let mut squares = Squares {
            constant: 0.0,
            mixed: 0.0,
            slope: 0.0,
        };
        for (a, r) in ended.iter().zip(open) {
            squares.add(*a, *r);
        }
        squares
    }

    fn add(&mut self, a: f64, r: f64) {
        self.constant += a * a;
        self.mixed += a * r;
        self.slope += r * r;
    }

    fn remove(&mut self, a: f64, r: f64) {
        self.constant -= a * a;
        self.mixed -= a * r;
        self.slope -= r * r;
    }

    fn at(&self, hazard: f64) -> f64 {
        (self.constant - 2.0 * hazard * self.mixed + hazard * hazard * self.slope).max(0.0)
    }
}

/// Returns the interval of a share from the variance of its logarithm, taken on `ln(-ln share)`.
pub(crate) fn log_log_interval(share: f64, variance_of_log: f64, critical: f64) -> Interval {
    if share >= 1.0 || share <= 0.0 || !variance_of_log.is_finite() {
        // Nothing has happened yet, or nobody is left: the transformation has no value.
        return Interval {
            low: if share >= 1.0 { 1.0 } else { 0.0 },
            high: if share <= 0.0 { 0.0 } else { 1.0 },
        };
    }
    let half_width = critical * variance_of_log.sqrt() / share.ln().abs();
    Interval {
        low: share.powf(half_width.exp()),
        high: share.powf((-half_width).exp()),
    }
}

/// A row of survival data.
pub(crate) struct SurvivalRow {
    pub(crate) time: f64,
    pub(crate) event: bool,
    pub(crate) cluster: u32,
}

fn sorted_rows(
    times: &[f64],
    events: &[bool],
    clusters: Option<&[u32]>,
) -> Result<Vec<SurvivalRow>, StatsError> {
    check_times(times, events.len())?;
    let mut rows: Vec<SurvivalRow> = (0..times.len())
        .map(|row| SurvivalRow {
            time: times[row],
            event: events[row],
            cluster: clusters.map_or(0, |clusters| clusters[row]),
        })
        .collect();
    rows.sort_unstable_by(|a, b| a.time.total_cmp(&b.time).then(a.cluster.cmp(&b.cluster)));
    Ok(rows)
}

/// Refuses times that are missing, not finite or negative.
pub(crate) fn check_times(times: &[f64], events: usize) -> Result<(), StatsError> {
    require_finite("times", times)?;
    require_length("events", times.len(), events)?;
    match times.iter().find(|time| **time < 0.0) {
        Some(&value) => Err(StatsError::OutOfRange {
            what: "times",
            value,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_with_the_event_has_no_median() {
        let curve = KaplanMeier::new(&[1.0, 2.0, 3.0], &[false; 3]).expect("valid");
        assert_eq!(curve.median().estimate, None);
        assert_eq!(curve.survival_at(2.0).share, 1.0);
        assert_eq!(curve.survival_at(2.0).at_risk, 2);
        assert!(KaplanMeier::new(&[-1.0], &[true]).is_err());
        assert!(KaplanMeier::new(&[1.0], &[]).is_err());
        assert!(KaplanMeier::clustered(&[1.0, 2.0], &[true; 2], &[1, 1]).is_err());
    }

    /// The plain way: what each cluster adds, recomputed at every time.
    #[test]
    fn the_running_cluster_variance_is_the_plain_one() {
        let times = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0];
        let events = [
            true, true, false, true, true, false, true, true, false, true,
        ];
        let clusters = [1, 2, 3, 1, 2, 3, 4, 4, 1, 2];
        let curve = KaplanMeier::clustered(&times, &events, &clusters).expect("valid");
        for step in &curve.steps {
            let mut totals = [0.0; 5];
            for row in 0..10 {
                let at_risk = |time: f64| times.iter().filter(|it| **it >= time).count() as f64;
                let mut part = 0.0;
                if events[row] && times[row] <= step.time {
                    part += 1.0 / at_risk(times[row]);
                }
                for other in 0..10 {
                    if events[other] && times[other] <= step.time.min(times[row]) {
                        part -= 1.0 / at_risk(times[other]).powi(2);
                    }
                }
                totals[clusters[row] as usize] += part;
            }
            let want = totals.iter().map(|it| it * it).sum::<f64>() * 4.0 / 3.0;
            assert!(
                (step.variance_of_log - want).abs() < 1e-12,
                "{step:?} {want}"
            );
        }
    }
}
