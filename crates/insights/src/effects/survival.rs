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

#[derive(Default)]
struct Waits {
    seconds: Vec<f64>,
    ends: Vec<Ending>,
    person: Vec<u32>,
    repo: Vec<u32>,
    ai: Vec<bool>,
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
    let mut waits = Waits::default();
    for row in rows.filter(|row| row.measured) {
        let (Some(ai), Some((seconds, end))) = (exposure.arm(row), wait_of(row, metric, reading))
        else {
            continue;
        };
        let repo = row.repo.index().unwrap_or(0) as u32;
        waits.seconds.push(seconds);
        waits.ends.push(end);
        waits.ai.push(ai);
        waits.repo.push(repo);
        waits.person.push(
            row.person
                .index()
                .map_or(u32::MAX - repo, |person| person as u32),
        );
    }
    let events_with = |arm: bool| {
        waits
            .ends
            .iter()
            .zip(&waits.ai)
            .filter(|(end, ai)| **end == Ending::Event && **ai == arm)
            .count()
    };
    let fewest = events_with(true).min(events_with(false));
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
    let events: Vec<bool> = waits.ends.iter().map(|end| *end == Ending::Event).collect();
    let groups: Vec<u32> = waits.ai.iter().map(|ai| u32::from(*ai)).collect();
    let log_rank = log_rank_clustered(
        &waits.seconds,
        &events,
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
        hazard_ratio: hazard_ratio(waits, &events),
    })
}

fn arm(waits: &Waits, with_ai: bool, metric: Metric) -> Result<SurvivalArm, StatsError> {
    let (mut seconds, mut ends, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for (index, ai) in waits.ai.iter().enumerate() {
        if *ai == with_ai {
            seconds.push(waits.seconds[index]);
            ends.push(waits.ends[index]);
            people.push(waits.person[index]);
        }
    }
    let events: Vec<bool> = ends.iter().map(|end| *end == Ending::Event).collect();
    let curve = KaplanMeier::clustered(&seconds, &events, &people)?;
    let incidence = CumulativeIncidence::new(&seconds, &ends)?;
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
        events: events.iter().filter(|event| **event).count(),
        median: curve.median(),
        within_a_day: happened(1.0),
        within_seven_days: happened(7.0),
    })
}

fn hazard_ratio(waits: &Waits, events: &[bool]) -> Gated<HazardRatio> {
    if waits.seconds.len() > MOST_ROWS_FOR_COX {
        return Gated::refused(format!(
            "not estimated above {MOST_ROWS_FOR_COX} pull requests: the curves say it all"
        ));
    }
    let ai: Vec<f64> = waits.ai.iter().map(|ai| f64::from(u8::from(*ai))).collect();
    let fit = cox(&CoxData {
        times: &waits.seconds,
        events,
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
