//! Step 5: what has not ended yet is censored, not dropped.
//!
//! Dropping open pull requests makes young arms look fast: AI's are younger. Here they count for as long
//! as they have waited.

use measures::{Metric, Observation};
use serde::Serialize;
use stats::{
    CoxData, CumulativeIncidence, CurvePoint, Ending, Interval, KaplanMeier, StatsError,
    SurvivalQuantile, cox, log_rank_clustered,
};

use super::Gated;
use super::outcome::{Exposure, Reading};

const DAY_SECONDS: f64 = 86_400.0;
/// Fewest events in each arm.
const FEWEST_EVENTS: usize = 10;
/// Below this p-value hazards are not taken as proportional.
const PROPORTIONAL_P: f64 = 0.05;
/// Above this many rows no hazard ratio is estimated: the curves say it all, and the ratio takes long.
const MOST_ROWS_FOR_COX: usize = 100_000;

/// One arm over time.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SurvivalArm {
    /// Pull requests, open ones included.
    pub n: usize,
    /// Those in which it happened.
    pub events: usize,
    /// Median time with its interval, by author; in seconds.
    pub median: SurvivalQuantile,
    /// Share in which it has happened after a day.
    pub within_a_day: CurvePoint,
    /// Share in which it has happened after seven days.
    pub within_seven_days: CurvePoint,
}

/// Time to the first review by a person, or to the merge, with open ones censored.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Survival {
    /// What is waited for, and what ends the wait otherwise.
    pub event: &'static str,
    /// With AI.
    pub with_ai: SurvivalArm,
    /// Without AI detected.
    pub without_ai: SurvivalArm,
    /// P-value of the log-rank test within repositories, clustered by author.
    pub log_rank_p: Option<f64>,
    /// Hazard ratio within repositories, clustered by author; above 1 it happens sooner with AI.
    pub hazard_ratio: Gated<HazardRatio>,
}

/// How much sooner it happens with AI.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct HazardRatio {
    /// The ratio.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value.
    pub p: f64,
    /// P-value of proportional hazards, which is not rejected.
    pub proportionality_p: f64,
}

/// Columns of equal length: those with AI first, in each arm by time and person, so that none of the
/// methods has to sort them.
struct Waits {
    seconds: Vec<f64>,
    ends: Vec<Ending>,
    events: Vec<bool>,
    person: Vec<u32>,
    repo: Vec<u32>,
    n_ai: usize,
}

/// One wait, packed for sorting.
#[derive(Clone, Copy)]
struct Wait {
    without_ai: bool,
    seconds: u32,
    person: u32,
    repo: u32,
    end: Ending,
}

impl Waits {
    fn new(mut waits: Vec<Wait>) -> Self {
        let n_ai = partition(&mut waits);
        let (with, without) = waits.split_at_mut(n_ai);
        for arm in [with, without] {
            arm.sort_unstable_by_key(|it| (u64::from(it.seconds) << 32) | u64::from(it.person));
        }
        Waits {
            seconds: waits.iter().map(|it| f64::from(it.seconds)).collect(),
            ends: waits.iter().map(|it| it.end).collect(),
            events: waits.iter().map(|it| it.end == Ending::Event).collect(),
            person: waits.iter().map(|it| it.person).collect(),
            repo: waits.iter().map(|it| it.repo).collect(),
            n_ai,
        }
    }

    fn arm<'c, T>(&self, column: &'c [T], with_ai: bool) -> &'c [T] {
        let (with, without) = column.split_at(self.n_ai);
        if with_ai { with } else { without }
    }

    fn events_in(&self, with_ai: bool) -> usize {
        let events = self.arm(&self.events, with_ai).iter();
        events.filter(|event| **event).count()
    }
}

/// Puts those with AI first and returns how many they are.
fn partition(waits: &mut [Wait]) -> usize {
    let mut n_ai = 0;
    for index in 0..waits.len() {
        if !waits[index].without_ai {
            waits.swap(n_ai, index);
            n_ai += 1;
        }
    }
    n_ai
}

/// Follows pull requests from ready on; for cycle and pickup.
pub(crate) fn survival<'r>(
    rows: impl Iterator<Item = &'r Observation>,
    exposure: Exposure,
    metric: Metric,
    reading: &Reading,
) -> Gated<Survival> {
    if !matches!(metric, Metric::Cycle | Metric::Pickup) {
        return Gated::refused("for cycle and pickup only");
    }
    let mut waits = Vec::new();
    for row in rows.filter(|row| row.measured) {
        let (Some(ai), Some((seconds, end))) = (exposure.arm(row), wait_of(row, metric, reading))
        else {
            continue;
        };
        let repo = row.repo.index().unwrap_or(0) as u32;
        waits.push(Wait {
            without_ai: !ai,
            seconds: seconds as u32,
            person: match row.person.index() {
                Some(person) => person as u32,
                None => u32::MAX - repo,
            },
            repo,
            end,
        });
    }
    let waits = Waits::new(waits);
    let fewest = waits.events_in(true).min(waits.events_in(false));
    if fewest < FEWEST_EVENTS {
        return Gated::refused(format!(
            "it happened {fewest} times in one arm, {FEWEST_EVENTS} are needed"
        ));
    }
    follow(&waits, metric).map_or_else(|error| Gated::refused(error.to_string()), Gated::Shown)
}

/// How many seconds it was waited for a merge or a first look, and how that ended; `None` where it
/// was never ready or nobody knows.
pub(crate) fn wait_of(
    row: &Observation,
    metric: Metric,
    reading: &Reading,
) -> Option<(f64, Ending)> {
    let ready = row.ready.seconds()?;
    let (at, end) = end_of(row, metric, reading.now)?;
    let seconds = reading.calendar.seconds_between(ready, at)?;
    // What happens in the first second has still taken time.
    Some(((seconds as f64).max(1.0), end))
}

/// When the wait ended, and how.
fn end_of(row: &Observation, metric: Metric, now: i64) -> Option<(i64, Ending)> {
    let ended = row.ended();
    if metric == Metric::Cycle {
        return Some(match (row.merged.seconds(), ended) {
            (Some(merged), _) => (merged, Ending::Event),
            (None, Some(closed)) => (closed, Ending::Competing),
            (None, None) => (now, Ending::Censored),
        });
    }
    // Without known reviews nobody knows whether one came.
    row.human_reviews()?;
    let reviewed = row.human_review.seconds();
    Some(match (reviewed, ended) {
        (Some(at), Some(end)) if at <= end => (at, Ending::Event),
        (Some(at), None) => (at, Ending::Event),
        (_, Some(end)) => (end, Ending::Censored),
        (None, None) => (now, Ending::Censored),
    })
}

fn follow(waits: &Waits, metric: Metric) -> Result<Survival, StatsError> {
    let groups: Vec<u32> = (0..waits.seconds.len())
        .map(|row| u32::from(row < waits.n_ai))
        .collect();
    let log_rank = log_rank_clustered(
        &waits.seconds,
        &waits.events,
        &groups,
        Some(&waits.repo),
        &waits.person,
    );
    Ok(Survival {
        event: if metric == Metric::Cycle {
            "merged; closed without a merge ends the wait as well, open ones wait on"
        } else {
            "first review by another person; merged or closed without one, and open ones, are censored"
        },
        with_ai: arm(waits, true, metric)?,
        without_ai: arm(waits, false, metric)?,
        log_rank_p: log_rank.ok().map(|test| test.p),
        hazard_ratio: hazard_ratio(waits),
    })
}

fn arm(waits: &Waits, with_ai: bool, metric: Metric) -> Result<SurvivalArm, StatsError> {
    let seconds = waits.arm(&waits.seconds, with_ai);
    let curve = KaplanMeier::clustered(
        seconds,
        waits.arm(&waits.events, with_ai),
        waits.arm(&waits.person, with_ai),
    )?;
    let incidence = CumulativeIncidence::new(seconds, waits.arm(&waits.ends, with_ai))?;
    let happened = |days: f64| -> CurvePoint {
        if metric == Metric::Cycle {
            return incidence.incidence_at(days * DAY_SECONDS);
        }
        let waiting = curve.survival_at(days * DAY_SECONDS);
        CurvePoint {
            share: 1.0 - waiting.share,
            interval: Interval {
                low: 1.0 - waiting.interval.high,
                high: 1.0 - waiting.interval.low,
            },
            ..waiting
        }
    };
    Ok(SurvivalArm {
        n: seconds.len(),
        events: waits.events_in(with_ai),
        median: curve.median(),
        within_a_day: happened(1.0),
        within_seven_days: happened(7.0),
    })
}

fn hazard_ratio(waits: &Waits) -> Gated<HazardRatio> {
    if waits.seconds.len() > MOST_ROWS_FOR_COX {
        return Gated::refused(format!(
            "not estimated above {MOST_ROWS_FOR_COX} pull requests: the curves say it all"
        ));
    }
    let ai: Vec<f64> = (0..waits.seconds.len())
        .map(|row| f64::from(row < waits.n_ai))
        .collect();
    let fit = cox(&CoxData {
        times: &waits.seconds,
        events: &waits.events,
        regressors: &[&ai],
        strata: Some(&waits.repo),
        clusters: Some(&waits.person),
    });
    let coefficient = match fit {
        Ok(fit) => fit.coefficients.into_iter().next(),
        Err(error) => return Gated::refused(error.to_string()),
    };
    let Some(coefficient) = coefficient else {
        return Gated::refused("nothing varies");
    };
    let proportionality_p = coefficient.proportionality.p;
    if proportionality_p < PROPORTIONAL_P {
        return Gated::refused(format!(
            "hazards are not proportional (p {proportionality_p:.3}): read the curves"
        ));
    }
    Gated::Shown(HazardRatio {
        value: coefficient.estimate.exp(),
        interval: Interval {
            low: coefficient.interval.low.exp(),
            high: coefficient.interval.high.exp(),
        },
        p: coefficient.p,
        proportionality_p,
    })
}
