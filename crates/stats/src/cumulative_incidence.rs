//! Which of two ends comes first, when some have not ended yet.

use serde::{Deserialize, Serialize};

use crate::distribution::Z_95;
use crate::error::StatsError;
use crate::kaplan_meier::{CurvePoint, check_times, log_log_interval};
use crate::proportion::Interval;

/// How an observation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It has not: the follow-up is cut off here.
    Censored,
    /// With the event that is asked for, such as a merge.
    Event,
    /// With one that makes it impossible, such as being closed unmerged.
    Competing,
}

/// The Aalen-Johansen estimate of the share that has had the event.
#[derive(Debug, Clone)]
pub struct CumulativeIncidence {
    steps: Vec<Step>,
    times: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    time: f64,
    incidence: f64,
    variance: f64,
}

impl CumulativeIncidence {
    /// Estimates the curve from times and how each ended.
    ///
    /// `I(t) = sum over u <= t of S(u-) d1 / Y`, S being the Kaplan-Meier curve of any ending and d1 of the Y
    /// at risk having the event at u. Counting the competing ending as censored, as one minus Kaplan-Meier
    /// does, would overstate it. The variance is the delta method's; the interval is taken on
    /// `ln(-ln(1 - I))`. Sources: O. O. Aalen and S. Johansen, Scandinavian Journal of Statistics 5 (1978)
    /// 141-150; E. Marubini and M. G. Valsecchi, "Analysing survival data from clinical trials" (1995),
    /// section 10.3.
    pub fn new(times: &[f64], endings: &[Ending]) -> Result<Self, StatsError> {
        check_times(times, endings.len())?;
        let mut rows: Vec<(f64, Ending)> =
            times.iter().copied().zip(endings.iter().copied()).collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut steps = Vec::new();
        let mut at_risk = rows.len() as f64;
        let (mut survival, mut incidence) = (1.0, 0.0);
        let mut sums = VarianceSums::default();
        for tied in rows.chunk_by(|a, b| a.0 == b.0) {
            let count = |ending| tied.iter().filter(|row| row.1 == ending).count() as f64;
            let events = count(Ending::Event);
            let ended = events + count(Ending::Competing);
            if ended > 0.0 {
                incidence += survival * events / at_risk;
                sums.add(at_risk, events, ended, survival, incidence);
                survival *= 1.0 - ended / at_risk;
                steps.push(Step {
                    time: tied[0].0,
                    incidence,
                    variance: sums.variance(incidence),
                });
            }
            at_risk -= tied.len() as f64;
        }
        Ok(CumulativeIncidence {
            steps,
            times: rows.into_iter().map(|row| row.0).collect(),
        })
    }

    /// Returns the share that has had the event by `time`.
    pub fn incidence_at(&self, time: f64) -> CurvePoint {
        let passed = self.steps.partition_point(|step| step.time <= time);
        let (share, interval) = match passed.checked_sub(1).map(|last| self.steps[last]) {
            Some(step) => (step.incidence, interval(step)),
            None => (
                0.0,
                Interval {
                    low: 0.0,
                    high: 0.0,
                },
            ),
        };
        CurvePoint {
            time,
            share,
            interval,
            at_risk: self.times.len() - self.times.partition_point(|it| *it < time),
        }
    }

    /// Returns the points right after each time at which something ended, in ascending order.
    pub fn curve(&self) -> impl Iterator<Item = CurvePoint> {
        self.steps.iter().map(|step| self.incidence_at(step.time))
    }
}

fn interval(step: Step) -> Interval {
    let without = 1.0 - step.incidence;
    let of_rest = log_log_interval(without, step.variance / (without * without), Z_95);
    Interval {
        low: 1.0 - of_rest.high,
        high: 1.0 - of_rest.low,
    }
}

/// Sums over times u from which the variance at any later t follows, with I(t) put in at the end:
/// `sum (I(t) - I(u))^2 d / (Y (Y - d)) + S(u-)^2 d1 (Y - d1) / Y^3 - 2 (I(t) - I(u)) S(u-) d1 / Y^2`.
#[derive(Default)]
struct VarianceSums {
    any: [f64; 3],
    own: f64,
    mixed: [f64; 2],
}

impl VarianceSums {
    fn add(&mut self, at_risk: f64, events: f64, ended: f64, survival: f64, incidence: f64) {
        // When nobody is left the curve stays, and the first term stays zero.
        if at_risk > ended {
            let rate = ended / (at_risk * (at_risk - ended));
            self.any[0] += rate;
            self.any[1] += rate * incidence;
            self.any[2] += rate * incidence * incidence;
        }
        self.own += survival.powi(2) * events * (at_risk - events) / at_risk.powi(3);
        let mixed = survival * events / at_risk.powi(2);
        self.mixed[0] += mixed;
        self.mixed[1] += mixed * incidence;
    }

    fn variance(&self, incidence: f64) -> f64 {
        let any = incidence * incidence * self.any[0] - 2.0 * incidence * self.any[1] + self.any[2];
        let mixed = incidence * self.mixed[0] - self.mixed[1];
        (any + self.own - 2.0 * mixed).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without competing endings it is one minus Kaplan-Meier, and the variance is Greenwood's.
    #[test]
    fn without_competition_it_is_kaplan_meier() {
        let times = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 6.0, 9.0, 10.0, 11.0];
        let events = [
            true, true, true, true, true, true, false, false, false, false,
        ];
        let endings = events.map(|event| {
            if event {
                Ending::Event
            } else {
                Ending::Censored
            }
        });
        let incidence = CumulativeIncidence::new(&times, &endings).expect("valid");
        let survival = crate::KaplanMeier::new(&times, &events).expect("valid");
        for time in [1.0, 6.0, 8.0, 10.0] {
            let (one, other) = (incidence.incidence_at(time), survival.survival_at(time));
            assert!((one.share + other.share - 1.0).abs() < 1e-12);
            assert!(
                (one.interval.low + other.interval.high - 1.0).abs() < 1e-9,
                "{one:?} {other:?}"
            );
            assert_eq!(one.at_risk, other.at_risk);
        }
    }

    /// Without censoring it is the plain share, and so is the variance.
    #[test]
    fn without_censoring_it_is_a_share() {
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        let ending = |index: usize| {
            if index.is_multiple_of(3) {
                Ending::Competing
            } else {
                Ending::Event
            }
        };
        let endings: Vec<Ending> = (0..20).map(ending).collect();
        let curve = CumulativeIncidence::new(&times, &endings).expect("valid");
        let share = 7.0 / 20.0;
        let step = curve.steps[10];
        assert!((step.incidence - share).abs() < 1e-12, "{step:?}");
        assert!(
            (step.variance - share * (1.0 - share) / 20.0).abs() < 1e-12,
            "{step:?}"
        );
        assert!(CumulativeIncidence::new(&[], &[]).is_err());
    }
}
