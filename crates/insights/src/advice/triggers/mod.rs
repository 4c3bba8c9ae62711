//! Triggers: whether a rule fires for a team, and the numbers either way.

mod periods;

use std::collections::BTreeMap;

use measures::{Metric, Observation};
use serde::Serialize;
use stats::{Interval, Proportion};

use super::behind::Behind;
use super::context::Context;
use super::rules::Trigger;
use crate::effects::{Exposure, value_of};
use crate::wording::{effect_text, interval_text, ratio_text};
use periods::{adoption_below, bot_first, pickup_grows, tool_stopped, unknown_above};

/// A number behind advice.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Number {
    /// What it is.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its 95 % interval, where it has one.
    pub interval: Option<Interval>,
    /// The pull requests it rests on.
    pub n: u64,
}

/// What a trigger saw.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) fires: bool,
    pub(super) statement: String,
    pub(super) numbers: Vec<Number>,
    /// The pull requests behind it; comparisons tell them where the trigger fires.
    pub(super) rows: Behind,
}

/// Looks whether a trigger fires; `None` where there is too little to say.
pub(super) fn look(trigger: &Trigger, context: &Context<'_>, team: usize) -> Option<Seen> {
    match trigger {
        Trigger::PickupGrowsWithAi {
            months,
            p75_growth,
            share_growth,
            fewest,
        } => pickup_grows(context, team, *months, *p75_growth, *share_growth, *fewest),
        Trigger::AiShareAbove {
            months,
            metric,
            share,
            fewest,
        } => {
            let rows = context
                .rows_of(team, *months, 0)
                .filter(|row| Exposure::AiAuthored.arm(row) == Some(true));
            share_above(context, rows, *metric, *share, *fewest, "AI-authored")
        }
        Trigger::ToolShareAbove {
            months,
            metric,
            share,
            fewest,
        } => worst_tool(context, team, *months, *metric, *share, *fewest),
        Trigger::Finding {
            exposure,
            metric,
            finding,
        } => comparison_has(context, team, *exposure, *metric, |one| {
            one.finding == *finding && !one.is_unconfirmed()
        }),
        Trigger::Unconfirmed { exposure, metric } => {
            comparison_has(context, team, *exposure, *metric, |one| {
                one.is_unconfirmed()
            })
        }
        Trigger::RatioAbove {
            exposure,
            metric,
            ratio,
            fewest,
        } => ratio_above(context, team, *exposure, *metric, *ratio, *fewest),
        Trigger::BotFirstWithoutEffect {
            months,
            share,
            fewest,
        } => bot_first(context, team, *months, *share, *fewest),
        Trigger::AdoptionBelow {
            months,
            share,
            fewest,
        } => adoption_below(context, team, *months, *share, *fewest),
        Trigger::ToolStopped { months } => Some(tool_stopped(context, team, *months)),
        Trigger::Simpson { exposure, metric } => {
            let mut seen = comparison_has(context, team, *exposure, *metric, |one| {
                one.simpson.is_some_and(|simpson| simpson.both_certain)
            })?;
            if let Some(simpson) = context
                .comparison(team, *exposure, *metric)
                .and_then(|one| one.simpson)
            {
                seen.statement = format!(
                    "{}: pooled {}, within author and repository {}",
                    metric.definition().title,
                    ratio_text(simpson.pooled),
                    ratio_text(simpson.within)
                );
            }
            Some(seen)
        }
        Trigger::UnknownAbove {
            months,
            share,
            fewest,
        } => unknown_above(context, team, *months, *share, *fewest),
    }
}

fn share_text(share: Proportion) -> String {
    let percent = |value: f64| format!("{:.0}", value * 100.0);
    match (share.share, share.interval) {
        (Some(value), Some(interval)) => format!(
            "{} % ({} of {}, 95 % interval {} to {})",
            percent(value),
            share.successes,
            share.n,
            percent(interval.low),
            percent(interval.high)
        ),
        _ => "-".to_owned(),
    }
}

fn share_number(name: &str, share: Proportion) -> Number {
    Number {
        name: name.to_owned(),
        value: share.share.unwrap_or(f64::NAN),
        interval: share.interval,
        n: share.n,
    }
}

fn is_surely_above(share: Proportion, limit: f64) -> bool {
    share.interval.is_some_and(|interval| interval.low > limit)
}

fn share_above(
    context: &Context<'_>,
    rows: impl Iterator<Item = Observation>,
    metric: Metric,
    limit: f64,
    fewest: usize,
    whose: &str,
) -> Option<Seen> {
    let (mut all, mut with) = (0, Behind::default());
    for row in rows {
        let Some(value) = value_of(metric, &row, &context.reading) else {
            continue;
        };
        all += 1;
        if value == 1 {
            with.push(&row);
        }
    }
    if all < fewest {
        return None;
    }
    let share = Proportion::new(with.total(), all as u64);
    let title = metric.definition().title;
    Some(Seen {
        fires: is_surely_above(share, limit),
        statement: format!("{title}, {whose}: {}", share_text(share)),
        numbers: vec![share_number(title, share)],
        rows: with,
    })
}

fn worst_tool(
    context: &Context<'_>,
    team: usize,
    months: u32,
    metric: Metric,
    limit: f64,
    fewest: usize,
) -> Option<Seen> {
    let mut tools: BTreeMap<&str, Vec<Observation>> = BTreeMap::new();
    for row in context.rows_of(team, months, 0) {
        let names = context.observations.tools.name(row.author_tools);
        for tool in names
            .unwrap_or_default()
            .split(',')
            .filter(|one| !one.is_empty())
        {
            tools.entry(tool).or_default().push(row);
        }
    }
    tools
        .into_iter()
        .filter_map(|(tool, rows)| {
            share_above(context, rows.into_iter(), metric, limit, fewest, tool)
        })
        .max_by(|one, other| {
            let share = |seen: &Seen| seen.numbers.first().map_or(0.0, |number| number.value);
            share(one).total_cmp(&share(other))
        })
}

fn comparison_has(
    context: &Context<'_>,
    team: usize,
    exposure: Exposure,
    metric: Metric,
    fires: impl Fn(&crate::effects::Comparison) -> bool,
) -> Option<Seen> {
    let comparison = context.comparison(team, exposure, metric)?;
    let headline = comparison.headline?;
    // Of a share, those that have it; of a measure, all that have it with AI.
    let is_share = metric.definition().unit == measures::Unit::Share;
    let fires = fires(comparison);
    // Asked for where the rule fires, and only there.
    let rows = if fires {
        context
            .with_ai(team, exposure)
            .filter(|row| {
                value_of(metric, row, &context.reading).is_some_and(|value| !is_share || value == 1)
            })
            .collect()
    } else {
        Behind::default()
    };
    Some(Seen {
        fires,
        statement: comparison.sentence.clone(),
        numbers: vec![Number {
            name: metric.definition().title.to_owned(),
            value: headline.value,
            interval: headline.interval,
            n: comparison.with_ai.as_ref().map_or(0, |arm| arm.n as u64),
        }],
        rows,
    })
}

fn ratio_above(
    context: &Context<'_>,
    team: usize,
    exposure: Exposure,
    metric: Metric,
    ratio: f64,
    fewest: usize,
) -> Option<Seen> {
    let comparison = context.comparison(team, exposure, metric)?;
    let unadjusted = comparison.unadjusted.shown()?;
    let enough =
        |arm: Option<&crate::effects::ArmDescription>| arm.is_some_and(|arm| arm.n >= fewest);
    if !enough(comparison.with_ai.as_ref()) || !enough(comparison.without_ai.as_ref()) {
        return None;
    }
    let mut seen = comparison_has(context, team, exposure, metric, |_| {
        unadjusted.value > ratio && unadjusted.interval.low > 1.0
    })?;
    seen.statement = format!(
        "{} with AI {} (95 % interval {}), as they are",
        metric.definition().title,
        effect_text(comparison.unit, unadjusted.value),
        interval_text(comparison.unit, unadjusted.interval)
    );
    seen.numbers = vec![Number {
        name: metric.definition().title.to_owned(),
        value: unadjusted.value,
        interval: Some(unadjusted.interval),
        n: comparison.with_ai.as_ref().map_or(0, |arm| arm.n as u64),
    }];
    Some(seen)
}
