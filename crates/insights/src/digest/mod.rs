//! The week in short: what changed against the week before.

mod tools;
mod week;

use measures::{Clock, Code, Metric, Observation, Observations};
use schemars::JsonSchema;
use serde::Serialize;
use stats::{
    Clustered, ClusteredSample, Interval, Proportion, QuantileEstimate, compare_shares_clustered,
    hodges_lehmann_clustered,
};

use crate::effects::{Gated, Reading};
use crate::gates::{ArmSize, too_few_for_shares, too_rare, too_small, with_interval_if};
use crate::wording::{FEWEST_SHOWN, FEWEST_SUFFICIENT};
pub use tools::{ToolNews, ToolNewsKind};
pub use week::{Week, WeekError};

/// The clocks that are told, in order.
const CLOCKS: [Metric; 3] = [Metric::Pickup, Metric::Review, Metric::Cycle];

/// What is taken off before the logarithm of a duration, as in comparisons.
const DURATION_OFFSET_SECONDS: f64 = 60.0;

/// How far the record may lag behind before it is said, in seconds.
const TOLERATED_LAG_SECONDS: i64 = 86_400;

/// A week against the week before.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Digest {
    /// The week.
    pub week: Week,
    /// The same days of the week before.
    pub before: Week,
    /// Whether the week is over.
    pub is_over: bool,
    /// The latest moment known of any pull request, in RFC 3339; `None` where there is none.
    pub known_until: Option<String>,
    /// Whether the record ends more than a day before the week, or what is over of it, does.
    pub record_ends_early: bool,
    /// Pull requests opened by people and agents, and how many of them AI wrote or helped to write.
    pub adoption: ShareChange,
    /// Pull requests opened by people and agents, and how many of them AI reviewed.
    pub ai_reviewed: ShareChange,
    /// Pull requests of people and agents that were merged.
    pub merged: CountChange,
    /// Durations, by the moment at which they ended.
    pub clocks: Vec<ClockChange>,
    /// Tools that came and went, by team.
    pub tools: Vec<ToolNews>,
}

/// A count in two weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CountChange {
    /// In the week.
    pub now: u64,
    /// In the week before.
    pub before: u64,
}

/// A share in two weeks.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ShareChange {
    /// In the week.
    pub now: Proportion,
    /// In the week before.
    pub before: Proportion,
    /// By how much it changed, clustered by author.
    pub change: Gated<Change>,
}

/// A duration in two weeks.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClockChange {
    /// Which.
    pub metric: Metric,
    /// In the week; `None` below five pull requests.
    pub now: Option<Typical>,
    /// In the week before.
    pub before: Option<Typical>,
    /// By which factor it changed, clustered by author.
    pub change: Gated<Change>,
}

/// What is typical of a week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Typical {
    /// Pull requests.
    pub n: usize,
    /// Fewer than 20: too few to lean on.
    pub insufficient: bool,
    /// The median in seconds with its 95 % interval, clustered by author.
    pub median: QuantileEstimate,
}

/// A change from the week before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// A factor for durations, a difference for shares (0.01 is one percentage point).
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Whether the interval excludes "no change".
    pub is_clear: bool,
}

/// Compares a week with the week before. Of a week that is not over, the days so far are compared with
/// the same days of the week before.
pub fn digest(observations: &Observations, week: &Week, reading: &Reading) -> Digest {
    let until = week.end.min(reading.now).max(week.start);
    let span = week.start..until;
    let before = week.before();
    let span_before = before.start..before.start + (until - week.start);
    let known_until = known_until(observations, reading.now);
    let opened = |span: &std::ops::Range<i64>| -> Vec<&Observation> {
        rows(observations)
            .filter(|row| row.opened.seconds().is_some_and(|at| span.contains(&at)))
            .collect()
    };
    let (now_opened, before_opened) = (opened(&span), opened(&span_before));
    let share = |of: fn(&Observation) -> bool| share_change(&now_opened, &before_opened, of);
    let merged_in = |span: &std::ops::Range<i64>| {
        rows(observations)
            .filter(|row| row.merged.seconds().is_some_and(|at| span.contains(&at)))
            .count() as u64
    };
    Digest {
        is_over: reading.now >= week.end,
        record_ends_early: known_until.is_none_or(|known| known < until - TOLERATED_LAG_SECONDS),
        known_until: known_until
            .and_then(|known| jiff::Timestamp::from_second(known).ok())
            .map(|known| known.to_string()),
        adoption: share(|row| {
            matches!(
                row.origin,
                Some(model::Origin::Agent | model::Origin::Assisted)
            )
        }),
        ai_reviewed: share(|row| row.ai_reviewed),
        merged: CountChange {
            now: merged_in(&span),
            before: merged_in(&span_before),
        },
        clocks: CLOCKS
            .into_iter()
            .filter_map(|metric| {
                let clock = metric.clock()?;
                Some(clock_change(
                    metric,
                    &ended_in(observations, clock, reading, &span),
                    &ended_in(observations, clock, reading, &span_before),
                ))
            })
            .collect(),
        tools: tools::news(observations, week),
        week: week.clone(),
        before,
    }
}

/// Pull requests of people and agents.
fn rows(observations: &Observations) -> impl Iterator<Item = &Observation> {
    observations.rows.iter().filter(|row| !row.plain_bot)
}

/// The latest moment that is known of any pull request, not later than now.
fn known_until(observations: &Observations, now: i64) -> Option<i64> {
    observations
        .rows
        .iter()
        .flat_map(|row| [row.opened, row.merged, row.closed, row.human_review])
        .filter_map(measures::Moment::seconds)
        .filter(|at| *at <= now)
        .max()
}

/// Values with the person of each.
#[derive(Default)]
struct Sample {
    values: Vec<f64>,
    people: Vec<u32>,
}

/// Durations that ended in a span.
fn ended_in(
    observations: &Observations,
    clock: Clock,
    reading: &Reading,
    span: &std::ops::Range<i64>,
) -> Sample {
    let mut sample = Sample::default();
    for row in rows(observations) {
        let end = match clock {
            Clock::Pickup => row.human_review,
            _ => row.merged,
        };
        if !end.seconds().is_some_and(|at| span.contains(&at)) {
            continue;
        }
        if let Some(seconds) = row.clock(clock, &reading.calendar) {
            sample.values.push(seconds as f64);
            sample.people.push(person(row));
        }
    }
    sample
}

/// The cluster of a row: its person, or, where there is none, the row by itself.
fn person(row: &Observation) -> u32 {
    match row.person.index() {
        Some(index) => index as u32,
        // From the other end of the range, so that it meets no person.
        None => u32::MAX - row.number,
    }
}

fn typical(sample: &Sample) -> Option<Typical> {
    if sample.values.len() < FEWEST_SHOWN {
        return None;
    }
    let clustered = ClusteredSample::new(&sample.values, &sample.people).ok()?;
    Some(Typical {
        n: sample.values.len(),
        insufficient: sample.values.len() < FEWEST_SUFFICIENT,
        median: with_interval_if(ArmSize::of(&sample.people), clustered.quantile(0.5).ok()?),
    })
}

/// Refuses what is too small for an interval.
fn too_few<T>(now: &[u32], before: &[u32]) -> Option<Gated<T>> {
    too_small([ArmSize::of(now), ArmSize::of(before)], "week").map(Gated::refused)
}

fn clock_change(metric: Metric, now: &Sample, before: &Sample) -> ClockChange {
    let change = too_few(&now.people, &before.people).unwrap_or_else(|| {
        let logs = |sample: &Sample| -> Vec<f64> {
            let scaled = |value: &f64| (value + DURATION_OFFSET_SECONDS).ln();
            sample.values.iter().map(scaled).collect()
        };
        let (first, second) = (logs(now), logs(before));
        if are_alike(first.iter().chain(&second)) {
            return Gated::refused("all have the same value");
        }
        hodges_lehmann_clustered(
            Clustered {
                values: &first,
                clusters: &now.people,
            },
            Clustered {
                values: &second,
                clusters: &before.people,
            },
        )
        .map_or_else(
            |error| Gated::refused(error.to_string()),
            |shift| {
                let shift = shift.exponential();
                Gated::Shown(Change {
                    value: shift.estimate,
                    interval: shift.interval,
                    is_clear: shift.interval.low > 1.0 || shift.interval.high < 1.0,
                })
            },
        )
    });
    ClockChange {
        metric,
        now: typical(now),
        before: typical(before),
        change,
    }
}

fn share_change(
    now: &[&Observation],
    before: &[&Observation],
    of: fn(&Observation) -> bool,
) -> ShareChange {
    let count = |rows: &[&Observation]| {
        let successes = rows.iter().filter(|row| of(row)).count() as u64;
        Proportion::new(successes, rows.len() as u64)
    };
    let people =
        |rows: &[&Observation]| -> Vec<u32> { rows.iter().map(|row| person(row)).collect() };
    let change = too_few(&people(now), &people(before)).unwrap_or_else(|| {
        let events = now.iter().chain(before).filter(|row| of(row)).count();
        let of_both = [people(now), people(before)].concat();
        let why = too_rare(events, of_both.len())
            .or_else(|| too_few_for_shares(ArmSize::of(&of_both).people));
        if let Some(why) = why {
            return Gated::refused(why);
        }
        difference(now, before, of)
            .map_or_else(|error| Gated::refused(error.to_string()), Gated::Shown)
    });
    ShareChange {
        now: count(now),
        before: count(before),
        change,
    }
}

/// Whether nothing varies: an estimate would come with an interval of no width, which is more than is known.
fn are_alike<'v>(values: impl Iterator<Item = &'v f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(*value), high.max(*value))
    });
    high <= low
}

/// The difference of two shares, with clusters counted.
fn difference(
    now: &[&Observation],
    before: &[&Observation],
    of: fn(&Observation) -> bool,
) -> Result<Change, stats::StatsError> {
    let column = |rows: &[&Observation]| -> (Vec<f64>, Vec<u32>) {
        rows.iter()
            .map(|row| (f64::from(u8::from(of(row))), person(row)))
            .unzip()
    };
    let (now, before) = (column(now), column(before));
    let found = compare_shares_clustered(
        Clustered {
            values: &now.0,
            clusters: &now.1,
        },
        Clustered {
            values: &before.0,
            clusters: &before.1,
        },
    )?;
    let interval = found.interval;
    Ok(Change {
        value: found.estimate,
        interval,
        is_clear: interval.low > 0.0 || interval.high < 0.0,
    })
}

/// The names behind a joined code of tools.
fn tool_names(observations: &Observations, code: Code) -> impl Iterator<Item = &str> {
    observations
        .tools
        .name(code)
        .unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use measures::Moment;
    use model::Origin;

    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    /// Some pull requests a day, merged after so many hours, every so manyth by an agent.
    fn days(observations: &mut Observations, week: &Week, a_day: u32, hours: i64, every: u32) {
        let team = observations.teams.code("web");
        let tool = observations.tools.code("claude_code");
        for index in 0..a_day * 7 {
            let opened = week.start + i64::from(index / a_day) * DAY + HOUR;
            let is_ai = index % every == 0;
            observations.rows.push(Observation {
                team,
                person: observations.people.code(&format!("p{}", index % 21)),
                author_tools: if is_ai { tool } else { Code::NONE },
                number: index,
                opened: Moment::new(Some(opened)),
                ready: Moment::new(Some(opened)),
                merged: Moment::new(Some(opened + hours * HOUR + i64::from(index % 5) * 60)),
                origin: Some(if is_ai {
                    Origin::Agent
                } else {
                    Origin::NoneDetected
                }),
                measured: true,
                ..Observation::default()
            });
        }
    }

    fn two_weeks() -> (Observations, Week) {
        let week: Week = "2026-W21".parse().expect("a week");
        let mut observations = Observations::default();
        days(&mut observations, &week.before(), 4, 8, 4);
        days(&mut observations, &week, 4, 4, 2);
        (observations, week)
    }

    fn reading(now: i64) -> Reading {
        Reading {
            now,
            ..Reading::default()
        }
    }

    #[test]
    fn a_week_is_held_against_the_week_before() {
        let (observations, week) = two_weeks();
        let digest = digest(&observations, &week, &reading(week.end + DAY));
        assert!(digest.is_over && !digest.record_ends_early);
        assert_eq!(
            (digest.adoption.now.successes, digest.adoption.now.n),
            (14, 28)
        );
        assert_eq!(
            (digest.adoption.before.successes, digest.adoption.before.n),
            (7, 28)
        );
        let change = digest.adoption.change.shown().expect("enough");
        assert!((change.value - 0.25).abs() < 1e-9, "{change:?}");
        let cycle = digest
            .clocks
            .iter()
            .find(|one| one.metric == Metric::Cycle)
            .expect("cycle");
        let factor = cycle.change.shown().expect("enough");
        assert!(
            (factor.value - 0.5).abs() < 0.05 && factor.is_clear,
            "{factor:?}"
        );
        assert_eq!(cycle.now.map(|one| one.n), Some(28));
        assert_eq!(digest.tools, [], "the tool was there before");
    }

    #[test]
    fn of_a_week_that_is_not_over_the_same_days_are_compared() {
        let (observations, week) = two_weeks();
        let digest = digest(&observations, &week, &reading(week.start + 2 * DAY));
        assert!(!digest.is_over);
        assert_eq!(digest.adoption.now.n, 8);
        assert_eq!(digest.adoption.before.n, 8);
    }

    #[test]
    fn a_record_that_ends_before_the_week_does_is_told() {
        let (mut observations, week) = two_weeks();
        observations
            .rows
            .retain(|row| row.merged.seconds() < Some(week.start + 3 * DAY));
        let digest = digest(&observations, &week, &reading(week.end + DAY));
        assert!(digest.record_ends_early);
        assert!(digest.known_until.is_some());
    }

    #[test]
    fn nothing_is_said_of_fewer_than_five() {
        let week: Week = "2026-W21".parse().expect("a week");
        let digest = digest(&Observations::default(), &week, &reading(week.end));
        assert!(digest.adoption.change.reason().is_some());
        assert!(digest.clocks.iter().all(|one| one.now.is_none()));
        assert!(digest.record_ends_early);
    }
}
