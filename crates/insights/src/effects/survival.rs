//! Step 5: what has not ended yet is censored, not dropped.
//!
//! Dropping open pull requests makes young arms look fast: AI's are younger. Here they count for as long
//! as they have waited.

use measures::{Metric, Observation};
use serde::Serialize;
use stats::{
    CoxData, CoxFit, CurvePoint, Ending, Interval, KaplanMeier, StatsError, SurvivalQuantile,
    incidence_clustered, log_rank_and_cox, log_rank_of_regressors,
};

use super::Gated;
use super::ordered::{ByTeam, Entry, UNKNOWN, sorted};
use super::outcome::{Exposure, Reading};
use super::table::Table;
use crate::gates::{ArmSize, FEWEST_PEOPLE};

const DAY_SECONDS: f64 = 86_400.0;
/// Fewest events in each arm.
const FEWEST_EVENTS: usize = 20;
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

/// The waits of all pull requests, sorted once for all arms and teams.
pub(crate) struct Waits {
    metric: Metric,
    /// Seconds in their order, then in that of people.
    entries: Vec<Entry>,
    /// How each ended, by row.
    ends: Vec<Ending>,
}

/// The same by team.
pub(crate) struct WaitsByTeam {
    metric: Metric,
    entries: ByTeam,
    ends: Vec<Ending>,
}

impl Waits {
    /// Reads the waits of a metric; `None` for one that is not followed.
    pub(crate) fn new(table: &Table<'_>, metric: Metric, reading: &Reading) -> Option<Self> {
        if !matches!(metric, Metric::Cycle | Metric::Pickup) {
            return None;
        }
        let rows = &table.observations.rows;
        let mut ends = Vec::with_capacity(rows.len());
        let mut seconds = Vec::with_capacity(rows.len());
        for row in rows {
            let wait = wait_of(row, metric, reading).filter(|_| row.measured);
            ends.push(wait.map_or(Ending::Censored, |it| it.1));
            seconds.push(wait.map_or(UNKNOWN, |it| it.0 as u32));
        }
        Some(Waits {
            metric,
            entries: sorted(table, &seconds),
            ends,
        })
    }

    /// Follows all pull requests from ready on.
    pub(crate) fn of_all(&self, exposure: Exposure) -> Gated<Survival> {
        survival(&self.entries, &self.ends, exposure, self.metric)
    }

    /// Puts the waits of each of `teams` together.
    pub(crate) fn by_team(self, teams: usize) -> WaitsByTeam {
        WaitsByTeam {
            metric: self.metric,
            entries: ByTeam::new(&self.entries, teams),
            ends: self.ends,
        }
    }
}

impl WaitsByTeam {
    /// Follows the pull requests of a team from ready on.
    pub(crate) fn of_team(&self, exposure: Exposure, team: usize) -> Gated<Survival> {
        survival(self.entries.of(team), &self.ends, exposure, self.metric)
    }
}

fn survival(
    entries: &[Entry],
    ends: &[Ending],
    exposure: Exposure,
    metric: Metric,
) -> Gated<Survival> {
    let mut columns = Columns::with_capacity(entries.len());
    for entry in entries {
        if let Some(ai) = entry.flags.arm(exposure) {
            columns.push(ai, ends[entry.row as usize], entry);
        }
    }
    let fewest = columns.arms.iter().map(Arm::event_count).min().unwrap_or(0);
    if fewest < FEWEST_EVENTS {
        return Gated::refused(format!(
            "it happened {fewest} times in one arm, {FEWEST_EVENTS} are needed"
        ));
    }
    let people = columns
        .arms
        .each_ref()
        .map(|arm| ArmSize::of(&arm.person).people);
    let fewest = people[0].min(people[1]);
    if fewest < FEWEST_PEOPLE {
        return Gated::refused(format!(
            "{fewest} authors in one arm, {FEWEST_PEOPLE} are needed"
        ));
    }
    follow(&columns, metric).map_or_else(|error| Gated::refused(error.to_string()), Gated::Shown)
}

/// Columns of equal length in order of time and person, so that none of the methods has to sort them.
struct Columns {
    seconds: Vec<f64>,
    events: Vec<bool>,
    /// 1 with AI, 0 without.
    ai: Vec<f64>,
    person: Vec<u32>,
    repo: Vec<u32>,
    /// The same by arm, the one with AI first.
    arms: [Arm; 2],
}

/// One arm of them.
#[derive(Default)]
struct Arm {
    seconds: Vec<f64>,
    ends: Vec<Ending>,
    events: Vec<bool>,
    person: Vec<u32>,
}

impl Arm {
    fn event_count(&self) -> usize {
        self.events.iter().filter(|event| **event).count()
    }
}

impl Columns {
    fn with_capacity(rows: usize) -> Self {
        Columns {
            seconds: Vec::with_capacity(rows),
            events: Vec::with_capacity(rows),
            ai: Vec::with_capacity(rows),
            person: Vec::with_capacity(rows),
            repo: Vec::with_capacity(rows),
            arms: [Arm::default(), Arm::default()],
        }
    }

    fn push(&mut self, ai: bool, end: Ending, entry: &Entry) {
        let (seconds, is_event) = (f64::from(entry.value), end == Ending::Event);
        self.seconds.push(seconds);
        self.events.push(is_event);
        self.ai.push(f64::from(ai));
        self.person.push(entry.person);
        self.repo.push(entry.stratum.repo());
        let arm = &mut self.arms[usize::from(!ai)];
        arm.seconds.push(seconds);
        arm.ends.push(end);
        arm.events.push(is_event);
        arm.person.push(entry.person);
    }
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

fn follow(columns: &Columns, metric: Metric) -> Result<Survival, StatsError> {
    let data = CoxData {
        times: &columns.seconds,
        events: &columns.events,
        regressors: &[&columns.ai],
        strata: Some(&columns.repo),
        clusters: Some(&columns.person),
    };
    let (log_rank, hazard_ratio) = if columns.seconds.len() > MOST_ROWS_FOR_COX {
        let too_many =
            format!("not estimated above {MOST_ROWS_FOR_COX} pull requests: the curves say it all");
        (log_rank_of_regressors(&data), Gated::refused(too_many))
    } else {
        let (log_rank, fit) = log_rank_and_cox(&data);
        (log_rank, hazard_ratio(fit))
    };
    let [with_ai, without_ai] = &columns.arms;
    Ok(Survival {
        event: if metric == Metric::Cycle {
            "merged; closed without a merge ends the wait as well, open ones wait on"
        } else {
            "first review by another person; merged or closed without one, and open ones, are censored"
        },
        with_ai: describe(with_ai)?,
        without_ai: describe(without_ai)?,
        log_rank_p: log_rank.ok().map(|test| test.p),
        hazard_ratio,
    })
}

fn describe(arm: &Arm) -> Result<SurvivalArm, StatsError> {
    let curve = KaplanMeier::clustered(&arm.seconds, &arm.events, &arm.person)?;
    let at = [DAY_SECONDS, 7.0 * DAY_SECONDS];
    let happened = incidence_clustered(&arm.seconds, &arm.ends, &arm.person, &at)?;
    let [within_a_day, within_seven_days] = happened[..] else {
        return Err(StatsError::Empty { what: "times" });
    };
    Ok(SurvivalArm {
        n: arm.seconds.len(),
        events: arm.event_count(),
        median: curve.median(),
        within_a_day,
        within_seven_days,
    })
}

fn hazard_ratio(fit: Result<CoxFit, StatsError>) -> Gated<HazardRatio> {
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
