//! Questions 8 and 12: did things change when a team adopted AI, or a repository an AI reviewer?

use std::collections::HashMap;

use measures::{Metric, Observations};
use serde::Serialize;
use stats::{
    Coefficient, EventStudy, EventStudyData, EventWindow, Interval, benjamini_hochberg, event_study,
};

use super::panel::{Cell, Panel, first_of_two};
use super::starts::ADOPTED_SHARE;
use crate::effects::{EffectUnit, Gated};
use crate::months::month_name;
use crate::wording::{Q_LIMIT, direction, interval_text, percent_text, ratio_text};

/// Months around the start; the base is the three before it.
const WINDOW: EventWindow = EventWindow {
    before: 6,
    after: 6,
    base: 3,
};
/// Fewest teams or repositories that take part.
const FEWEST_UNITS: usize = 8;
/// Fewest of them that start with three months known before.
const FEWEST_STARTED: usize = 4;
/// Fewest that have not started, at some time.
const FEWEST_CONTROLS: usize = 3;
/// Below this p-value they went their own way before already.
const OWN_WAY_P: f64 = 0.10;
/// Units beyond these, those with the fewest months, are left out: time grows with their square.
const MOST_UNITS: usize = 1_500;
/// Starts that are listed.
const LISTED: usize = 200;

/// What was taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A team adopted AI: the first of two months in a row with at least 10 % AI-authored.
    AiAdopted,
    /// A repository got an AI reviewer: the first of two months in a row with at least 10 % AI-reviewed.
    AiReviewIntroduced,
}

/// When one of them started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct EventStart {
    /// The team or repository.
    pub name: String,
    /// The month, `2026-05`.
    pub month: String,
}

/// A ratio with its uncertainty; 1 is no change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventRatio {
    /// The ratio.
    pub ratio: f64,
    /// Its 95 % interval, by leaving out one team or repository at a time.
    pub interval: Interval,
    /// Two-sided p-value of no change.
    pub p: f64,
}

/// A month relative to the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventMonth {
    /// Months since the start, -6 to 6; 0 is the month of the start, -3 to -1 are the base.
    pub relative: i32,
    /// The median against the base and against those that had not started; `None` where nobody can be compared.
    pub ratio: Option<EventRatio>,
    /// Those that started and are known in this month.
    pub started: usize,
}

/// What changed around the start.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventEffect {
    /// The thirteen months around the start, leads included: for the plot.
    pub months: Vec<EventMonth>,
    /// The mean over the months from the start on.
    pub after: EventRatio,
    /// The trend over the six months before, a month: 1 where they ran alongside the others.
    pub trend_before: Option<EventRatio>,
    /// Whether no trend of their own was seen before (p at least 0.10). Only then may the change be laid to the
    /// start.
    pub ran_alongside: bool,
    /// Those that started with three months known before.
    pub started: usize,
    /// Those that had not started yet, or never did.
    pub controls: usize,
    /// All that take part.
    pub units: usize,
}

/// One event and one metric.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EventReport {
    /// What was taken up.
    pub event: EventKind,
    /// `teams` or `repositories`.
    pub of: &'static str,
    /// In which metric; of each month its median (at least five pull requests).
    pub metric: Metric,
    /// Who started when, in order of month; at most 200.
    pub starts: Vec<EventStart>,
    /// What changed, or why nothing can be said.
    pub study: Gated<EventEffect>,
    /// The share of false findings among those as clear as this, over all event studies of the report.
    pub q: Option<f64>,
    /// The same in words.
    pub sentence: String,
}

/// All event studies: adoption against cycle and pickup, AI review against pickup, rounds and cycle.
pub(super) fn events(
    observations: &Observations,
    teams: &Panel,
    repositories: &Panel,
) -> Vec<EventReport> {
    let mut reports: Vec<EventReport> = [
        (EventKind::AiAdopted, Metric::Cycle),
        (EventKind::AiAdopted, Metric::Pickup),
        (EventKind::AiReviewIntroduced, Metric::Pickup),
        (EventKind::AiReviewIntroduced, Metric::ReviewRounds),
        (EventKind::AiReviewIntroduced, Metric::Cycle),
    ]
    .into_iter()
    .map(|(event, metric)| match event {
        EventKind::AiAdopted => one(event, metric, teams, observations.teams.names()),
        EventKind::AiReviewIntroduced => {
            one(event, metric, repositories, observations.repos.names())
        }
    })
    .collect();
    let with_p: Vec<usize> = (0..reports.len())
        .filter(|index| reports[*index].study.shown().is_some())
        .collect();
    let p_values: Vec<f64> = with_p
        .iter()
        .filter_map(|index| reports[*index].study.shown().map(|effect| effect.after.p))
        .collect();
    if let Ok(q_values) = benjamini_hochberg(&p_values) {
        for (index, q) in with_p.into_iter().zip(q_values) {
            reports[index].q = Some(q);
        }
    }
    for report in &mut reports {
        report.sentence = sentence(report);
    }
    reports
}

fn one(
    event: EventKind,
    metric: Metric,
    panel: &Panel,
    names: &[std::sync::Arc<str>],
) -> EventReport {
    let count: fn(&Cell) -> u32 = match event {
        EventKind::AiAdopted => |cell| cell.with_ai,
        EventKind::AiReviewIntroduced => |cell| cell.ai_reviewed,
    };
    let of = match event {
        EventKind::AiAdopted => "teams",
        EventKind::AiReviewIntroduced => "repositories",
    };
    let starts: HashMap<u32, u32> = panel
        .units()
        .filter_map(|months| {
            let (start, _) = first_of_two(months, ADOPTED_SHARE, count)?;
            Some((months.first()?.0, start))
        })
        .collect();
    let mut listed: Vec<(u32, &str)> = starts
        .iter()
        .filter_map(|(unit, start)| Some((*start, names.get(*unit as usize)?.as_ref())))
        .collect();
    listed.sort_unstable();
    let columns = Columns::of(panel, metric, &starts);
    EventReport {
        event,
        of,
        metric,
        starts: listed
            .into_iter()
            .take(LISTED)
            .map(|(month, name)| EventStart {
                name: name.to_owned(),
                month: month_name(month),
            })
            .collect(),
        study: study(&columns, of),
        q: None,
        sentence: String::new(),
    }
}

#[derive(Default)]
struct Columns {
    units: Vec<u32>,
    periods: Vec<u32>,
    outcome: Vec<f64>,
    starts: Vec<Option<u32>>,
}

impl Columns {
    fn of(panel: &Panel, metric: Metric, starts: &HashMap<u32, u32>) -> Columns {
        let mut units: Vec<(u32, Vec<(u32, f64)>)> = panel
            .units()
            .filter_map(|months| {
                let known: Vec<(u32, f64)> = months
                    .iter()
                    .filter_map(|(_, month, cell)| Some((*month, cell.median(metric)?)))
                    .collect();
                // The base and one month more.
                (known.len() > WINDOW.base as usize).then_some((months.first()?.0, known))
            })
            .collect();
        units.sort_by_key(|(unit, known)| (std::cmp::Reverse(known.len()), *unit));
        units.truncate(MOST_UNITS);
        let mut columns = Columns::default();
        for (unit, known) in units {
            for (month, median) in known {
                columns.units.push(unit);
                columns.periods.push(month);
                columns.outcome.push(median);
                columns.starts.push(starts.get(&unit).copied());
            }
        }
        columns
    }
}

fn study(columns: &Columns, of: &str) -> Gated<EventEffect> {
    let data = EventStudyData {
        units: &columns.units,
        periods: &columns.periods,
        outcome: &columns.outcome,
        starts: &columns.starts,
    };
    match event_study(data, WINDOW) {
        Ok(found) => effect_of(&found, of),
        Err(error) => Gated::refused(format!(
            "no {of} that started have three months known before and others to be compared with ({error})"
        )),
    }
}

fn effect_of(found: &EventStudy, of: &str) -> Gated<EventEffect> {
    if found.units < FEWEST_UNITS {
        return Gated::refused(format!(
            "{} {of} with months enough, {FEWEST_UNITS} are needed",
            found.units
        ));
    }
    if found.started < FEWEST_STARTED {
        return Gated::refused(format!(
            "{} {of} started with three months known before, {FEWEST_STARTED} are needed",
            found.started
        ));
    }
    if found.controls < FEWEST_CONTROLS {
        return Gated::refused(format!(
            "{} {of} had not started, {FEWEST_CONTROLS} are needed to compare with",
            found.controls
        ));
    }
    let Some(after) = found.after else {
        return Gated::refused(format!("the spread between {of} cannot be told"));
    };
    let trend_before = found.trend_before.map(ratio_of);
    Gated::Shown(EventEffect {
        months: found
            .points
            .iter()
            .map(|point| EventMonth {
                relative: point.relative,
                ratio: point.difference.map(ratio_of),
                started: point.started,
            })
            .collect(),
        after: ratio_of(after),
        trend_before,
        ran_alongside: trend_before.is_some_and(|trend| trend.p >= OWN_WAY_P),
        started: found.started,
        controls: found.controls,
        units: found.units,
    })
}

fn ratio_of(difference: Coefficient) -> EventRatio {
    EventRatio {
        ratio: difference.estimate.exp(),
        interval: Interval {
            low: difference.interval.low.exp(),
            high: difference.interval.high.exp(),
        },
        p: difference.p,
    }
}

fn sentence(report: &EventReport) -> String {
    let title = report.metric.definition().title;
    let (what, of) = (
        match report.event {
            EventKind::AiAdopted => "teams adopted AI",
            EventKind::AiReviewIntroduced => "repositories got an AI reviewer",
        },
        report.of,
    );
    let effect = match &report.study {
        Gated::Refused { reason } => {
            return format!("{title} when {what}: not enough data to say ({reason})");
        }
        Gated::Shown(effect) => effect,
    };
    let after = effect.after;
    let numbers = format!(
        "{}, 95 % interval {}; {} that started against {} that had not yet, months 0 to 6 against the three \
         before",
        ratio_text(after.ratio),
        interval_text(EffectUnit::Ratio, after.interval),
        effect.started,
        effect.controls
    );
    if !effect.ran_alongside {
        return format!(
            "{title} when {what}: these {of} went their own way before already, so that nothing can be laid to \
             it ({numbers})"
        );
    }
    let excludes = after.interval.low > 1.0 || after.interval.high < 1.0;
    if excludes && report.q.is_some_and(|q| q <= Q_LIMIT) {
        return format!(
            "when {what}, {} {} {title} went along with it ({numbers})",
            percent_text(after.ratio),
            direction(report.metric, after.ratio > 1.0)
        );
    }
    if excludes {
        return format!(
            "{title} when {what}: the interval excludes no change, but not once the number of such \
             comparisons is allowed for ({numbers})"
        );
    }
    format!("{title} when {what}: no change could be told ({numbers})")
}
