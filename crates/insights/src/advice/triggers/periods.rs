//! Triggers that look at stretches of months.

use measures::{Calendar, Clock, Metric, Observation};
use model::Origin;
use stats::{Clustered, Interval, Proportion, hodges_lehmann_clustered, quantile};

use super::{Number, Seen, is_surely_above, share_number, share_text};
use crate::adoption::ToolChangeKind;
use crate::advice::behind::Behind;
use crate::advice::context::Context;
use crate::effects::{Exposure, Finding};
use crate::gates::{ArmSize, too_small};
use crate::months::{month_index, month_of_name};
use crate::wording::duration_text;

pub(super) fn pickup_grows(
    context: &Context<'_>,
    team: usize,
    months: u32,
    p75_growth: f64,
    share_growth: f64,
    fewest: usize,
) -> Option<Seen> {
    let pickups = |back: u32| -> (Vec<f64>, Vec<u32>, Vec<Observation>) {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for row in context.rows_of(team, months, back) {
            if let Some(seconds) = row.clock(Clock::Pickup, &context.reading.calendar) {
                columns.0.push(seconds as f64);
                let person = row.person.index().map_or(u32::MAX, |person| person as u32);
                columns.1.push(person);
                columns.2.push(row);
            }
        }
        columns
    };
    let share = |back: u32| {
        let (mut with, mut all) = (0, 0);
        for arm in context
            .rows_of(team, months, back)
            .filter_map(|row| Exposure::AiAuthored.arm(&row))
        {
            all += 1;
            with += u64::from(arm);
        }
        Proportion::new(with, all)
    };
    let (later, earlier) = (pickups(0), pickups(1));
    let sizes = [ArmSize::of(&later.1), ArmSize::of(&earlier.1)];
    if later.0.len() < fewest || earlier.0.len() < fewest || too_small(sizes, "period").is_some() {
        return None;
    }
    let logs = |values: &[f64]| -> Vec<f64> {
        values.iter().map(|seconds| (seconds + 60.0).ln()).collect()
    };
    let (later_logs, earlier_logs) = (logs(&later.0), logs(&earlier.0));
    let shift = hodges_lehmann_clustered(
        Clustered {
            values: &later_logs,
            clusters: &later.1,
        },
        Clustered {
            values: &earlier_logs,
            clusters: &earlier.1,
        },
    )
    .ok()?;
    let (p75_later, p75_earlier) = (
        quantile(&later.0, 0.75).ok()?,
        quantile(&earlier.0, 0.75).ok()?,
    );
    let (share_later, share_earlier) = (share(0), share(1));
    let growth = share_later.share? - share_earlier.share?;
    let apart = share_later.interval?.low > share_earlier.interval?.high;
    let slow = (later.0.iter().zip(later.2.iter()))
        .filter(|(seconds, _)| **seconds >= p75_later)
        .map(|(_, row)| *row);
    let slow: Behind = slow.collect();
    let ratio = p75_later / p75_earlier.max(1.0);
    Some(Seen {
        fires: ratio >= p75_growth && shift.interval.low > 0.0 && growth >= share_growth && apart,
        statement: format!(
            "a quarter of pull requests wait longer than {} for a first look, before it was {}; AI's share \
             went from {} to {}",
            duration_text(p75_later),
            duration_text(p75_earlier),
            share_text(share_earlier),
            share_text(share_later)
        ),
        numbers: vec![
            Number {
                name: "upper quarter of pickup time, growth".to_owned(),
                value: ratio,
                interval: None,
                n: later.0.len() as u64,
            },
            Number {
                name: "pickup time, growth".to_owned(),
                value: shift.estimate.exp(),
                interval: Some(Interval {
                    low: shift.interval.low.exp(),
                    high: shift.interval.high.exp(),
                }),
                n: later.0.len() as u64,
            },
            share_number("AI's share before", share_earlier),
            share_number("AI's share now", share_later),
        ],
        rows: slow,
    })
}

pub(super) fn bot_first(
    context: &Context<'_>,
    team: usize,
    months: u32,
    limit: f64,
    fewest: usize,
) -> Option<Seen> {
    let (mut all, mut with) = (0, Behind::default());
    for row in context.rows_of(team, months, 0) {
        let bot = row.clock(Clock::BotLatency, &Calendar::Always);
        let person = row.clock(Clock::Pickup, &Calendar::Always);
        if bot.is_none() && person.is_none() {
            continue;
        }
        all += 1;
        if bot.is_some_and(|bot| person.is_none_or(|person| bot < person)) {
            with.push(&row);
        }
    }
    if all < fewest {
        return None;
    }
    let share = Proportion::new(with.total(), all as u64);
    let pickup = context.comparison(team, Exposure::AiReviewed, Metric::Pickup);
    // Without a finding nobody can say that people come no sooner.
    let finding = pickup.map(|pickup| pickup.finding);
    let no_sooner = matches!(finding, Some(Finding::NoMeaningfulChange | Finding::Higher));
    let effect = pickup.map_or_else(
        || "pickup time cannot be compared".to_owned(),
        |pickup| pickup.sentence.clone(),
    );
    Some(Seen {
        fires: is_surely_above(share, limit) && no_sooner,
        statement: format!("a bot came first in {}; {effect}", share_text(share)),
        numbers: vec![share_number("bot first", share)],
        rows: with,
    })
}

pub(super) fn adoption_below(
    context: &Context<'_>,
    team: usize,
    months: u32,
    limit: f64,
    fewest: usize,
) -> Option<Seen> {
    let ever = context.with_ai(team, Exposure::AiAuthored).next().is_some();
    let (mut all, mut with) = (0, Behind::default());
    for row in context.rows_of(team, months, 0) {
        all += 1;
        if Exposure::AiAuthored.arm(&row) == Some(true) {
            with.push(&row);
        }
    }
    if all < fewest || !ever {
        return None;
    }
    let share = Proportion::new(with.total(), all as u64);
    Some(Seen {
        fires: share.interval.is_some_and(|interval| interval.high < limit),
        statement: format!("AI was found in at least {}", share_text(share)),
        numbers: vec![share_number("adoption", share)],
        rows: with,
    })
}

pub(super) fn tool_stopped(context: &Context<'_>, team: usize, months: u32) -> Seen {
    let name = context.team_name(team);
    let since = month_index(context.reading.now).saturating_sub(months);
    let stopped: Vec<_> = context
        .adoption
        .tool_changes
        .iter()
        .filter(|change| {
            change.team == name
                && change.kind == ToolChangeKind::Stopped
                && month_of_name(&change.month).is_some_and(|month| month >= since)
        })
        .collect();
    let texts: Vec<String> = stopped
        .iter()
        .map(|change| {
            format!(
                "{} not seen since {}, {} pull requests before",
                change.tool, change.month, change.pull_requests
            )
        })
        .collect();
    Seen {
        fires: !stopped.is_empty(),
        statement: if texts.is_empty() {
            "no tool was given up of late".to_owned()
        } else {
            texts.join("; ")
        },
        numbers: stopped
            .iter()
            .map(|change| Number {
                name: change.tool.clone(),
                value: change.pull_requests as f64,
                interval: None,
                n: change.pull_requests,
            })
            .collect(),
        rows: Behind::default(),
    }
}

pub(super) fn unknown_above(
    context: &Context<'_>,
    team: usize,
    months: u32,
    limit: f64,
    fewest: usize,
) -> Option<Seen> {
    let (mut all, mut with) = (0, Behind::default());
    for row in context.rows_of(team, months, 0) {
        all += 1;
        if matches!(row.origin, None | Some(Origin::Unknown)) {
            with.push(&row);
        }
    }
    if all < fewest {
        return None;
    }
    let share = Proportion::new(with.total(), all as u64);
    Some(Seen {
        fires: is_surely_above(share, limit),
        statement: format!("the record does not tell for {}", share_text(share)),
        numbers: vec![share_number("unknown", share)],
        rows: with,
    })
}
