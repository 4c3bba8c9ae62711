//! Where the time goes.

use insights::questions::{CycleSplit, StageMedian, StageMedians, StepPoint, WaitCurve};
use measures::Metric;
use plotly::common::{Line, LineShape, Marker, Mode, Orientation};
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, Layout, Scatter, Trace};

use super::effects::of_metric;
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::count;

const HOUR: f64 = 3_600.0;

/// Marks of a logarithmic axis of hours.
const HOUR_MARKS: [(f64, &str); 7] = [
    (1.0 / 60.0, "1 min"),
    (1.0 / 6.0, "10 min"),
    (1.0, "1 h"),
    (4.0, "4 h"),
    (24.0, "1 d"),
    (168.0, "7 d"),
    (720.0, "30 d"),
];

/// A logarithmic axis of time, from a minute on.
pub(super) fn time_axis(title: &str) -> Axis {
    Axis::new()
        .title(title)
        .type_(AxisType::Log)
        .range(vec![(1.0_f64 / 60.0).log10(), 720.0_f64.log10()])
        .tick_values(HOUR_MARKS.iter().map(|(hours, _)| *hours).collect())
        .tick_text(
            HOUR_MARKS
                .iter()
                .map(|(_, text)| (*text).to_owned())
                .collect(),
        )
}

/// A step curve in percent over hours.
pub(super) fn step_trace(
    name: &str,
    colour: &'static str,
    points: &[StepPoint],
    verb: &str,
) -> Box<dyn Trace> {
    // A logarithmic axis has no zero: what holds at the start holds at a minute.
    let x = points
        .iter()
        .map(|point| (point.seconds / HOUR).max(1.0 / 60.0))
        .collect();
    let y = points.iter().map(|point| point.share * 100.0).collect();
    Scatter::new(x, y)
        .name(name)
        .mode(Mode::Lines)
        .line(Line::new().color(colour).width(2.5).shape(LineShape::Hv))
        .hover_template(format!("%{{y:.1f}} % {verb} after %{{x:.2f}} h"))
}

/// Picks a stage of an arm.
type Pick = fn(&StageMedians) -> Option<StageMedian>;

/// The medians of the stages, with AI beside without.
pub(crate) fn cycle_split(view: &View<'_>) -> Figure {
    let title = "Where the time goes";
    let splits = &view.report.questions.cycle_split;
    let Some(all) = splits.first() else {
        return Figure::nothing("cycle-split", title, "No pull request was measured yet.");
    };
    if all.with_ai.is_none() && all.without_ai.is_none() {
        return Figure::nothing(
            "cycle-split",
            title,
            "Neither side has five measured pull requests.",
        );
    }
    let stages: [(&str, Pick, &'static str); 4] = [
        ("As a draft", |arm| arm.draft, "var(--series-8)"),
        ("Pickup", |arm| arm.pickup, "var(--series-5)"),
        ("Review", |arm| arm.review, "var(--series-1)"),
        (
            "Approval to merge",
            |arm| arm.approve_to_merge,
            "var(--series-3)",
        ),
    ];
    let is_known = |arm: &StageMedians| stages.iter().any(|(_, pick, _)| pick(arm).is_some());
    if ![&all.with_ai, &all.without_ai]
        .into_iter()
        .flatten()
        .any(is_known)
    {
        return Figure::nothing(
            "cycle-split",
            title,
            "No stage is known of five pull requests on either side.",
        );
    }
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    let names = vec!["With AI", "None detected"];
    for (name, pick, colour) in stages {
        let hours = [&all.with_ai, &all.without_ai].map(|arm| {
            arm.as_ref()
                .and_then(pick)
                .map_or(0.0, |it| it.seconds / HOUR)
        });
        traces.push(
            Bar::new(hours.to_vec(), names.clone())
                .name(name)
                .orientation(Orientation::Horizontal)
                .marker(Marker::new().color(colour))
                .hover_template("%{y}: median %{x:.1f} h"),
        );
    }
    Figure::plot(
        "cycle-split",
        title,
        format!(
            "Median hours of each stage, each of the pull requests that have it (n in the table): they do not add up \
             to the median cycle. Approval to merge is the last part of the review. n = {} with AI, {} without.",
            arm_n(all.with_ai.as_ref()),
            arm_n(all.without_ai.as_ref())
        ),
        &traces,
        Layout::new()
            .bar_mode(BarMode::Group)
            .x_axis(Axis::new().title("median hours"))
            .y_axis(Axis::new().type_(AxisType::Category).range(vec![1.5, -0.5])),
        split_table(view, splits),
    )
    .height(330)
}

fn arm_n(arm: Option<&StageMedians>) -> String {
    arm.map_or_else(|| "fewer than 5".to_owned(), |arm| count(arm.n as u64))
}

fn split_table(view: &View<'_>, splits: &[CycleSplit]) -> Table {
    let at = At::report("questions").to("cycle_split");
    let mut table = Table::new(&[
        "Team",
        "Arm",
        ">Pull requests",
        ">As a draft (n)",
        ">Pickup (n)",
        ">Review (n)",
        ">Approval to merge (n)",
        ">Cycle (n)",
    ]);
    for (index, split) in splits.iter().enumerate() {
        for (field, name, arm) in [
            ("with_ai", "with AI", &split.with_ai),
            ("without_ai", "none detected", &split.without_ai),
        ] {
            let at = at.to(index).to(field);
            let Some(arm) = arm else { continue };
            let stage = |field: &str, stage: Option<StageMedian>| {
                let at = at.to(field);
                Cell::number(maud::html! {
                    (at.to("seconds").seconds(stage.map(|it| it.seconds)))
                    @if let Some(stage) = stage { " (" (at.to("n").count(stage.n)) ")" }
                })
            };
            table.row(vec![
                Cell::name(
                    split.team.as_deref().unwrap_or("All"),
                    split.team.as_ref().and_then(|team| view.team_link(team)),
                ),
                Cell::text(name),
                Cell::number(at.to("n").count(arm.n)),
                stage("draft", arm.draft),
                stage("pickup", arm.pickup),
                stage("review", arm.review),
                stage("approve_to_merge", arm.approve_to_merge),
                stage("cycle", arm.cycle),
            ]);
        }
    }
    table
}

/// How long the first look by a person takes: the share still waiting.
pub(crate) fn first_review(view: &View<'_>) -> Figure {
    let title = "Waiting for the first look by a person";
    let curves = &view.report.questions.first_review;
    let arms = [
        ("With AI", colour::AGENT, &curves.with_ai, "with_ai"),
        (
            "None detected",
            colour::NONE,
            &curves.without_ai,
            "without_ai",
        ),
    ];
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (name, colour, curve, _) in &arms {
        if let Some(WaitCurve { points, .. }) = curve
            && !points.is_empty()
        {
            traces.push(step_trace(name, colour, points, "still waiting"));
        }
    }
    if traces.is_empty() {
        return Figure::nothing(
            "first-review",
            title,
            "Neither side has five pull requests whose reviews are known and one that somebody looked at.",
        );
    }
    let mut table = Table::new(&[
        "Arm",
        ">Pull requests",
        ">Looked at",
        ">Median (95 %)",
        ">Looked at within a day (95 %)",
        ">Within seven days (95 %)",
    ]);
    let pickup = of_metric(view.report, Metric::Pickup);
    let survival = pickup
        .first()
        .and_then(|compared| Some((compared.one.survival.shown()?, compared.at.to("survival"))));
    let at = At::report("questions").to("first_review");
    for (name, _, curve, field) in &arms {
        let Some(curve) = curve else { continue };
        let at = at.to(field);
        let mut cells = vec![
            Cell::text(name),
            Cell::number(at.to("n").count(curve.n)),
            Cell::number(at.to("events").count(curve.events)),
        ];
        match &survival {
            Some((survival, at)) => {
                let arm = if *field == "with_ai" {
                    &survival.with_ai
                } else {
                    &survival.without_ai
                };
                let at = at.to(field);
                let median = at.to("median");
                cells.push(Cell::number(maud::html! {
                    (median.to("estimate").seconds(arm.median.estimate))
                    " (" (median.to("low").seconds(arm.median.low)) "–" (median.to("high").seconds(arm.median.high)) ")"
                }));
                for (step, point) in [
                    ("within_a_day", &arm.within_a_day),
                    ("within_seven_days", &arm.within_seven_days),
                ] {
                    let at = at.to(step);
                    cells.push(Cell::number(maud::html! {
                        (at.to("share").share(Some(point.share)))
                        " (" (at.to("interval/low").share(Some(point.interval.low))) "–" (at.to("interval/high").share(Some(point.interval.high))) ")"
                    }));
                }
            }
            None => cells.extend((0..3).map(|_| Cell::number("–"))),
        }
        table.row(cells);
    }
    Figure::plot(
        "first-review",
        title,
        "Kaplan-Meier: % still waiting by the time since ready. Ended without a look, and still open, are censored, \
         not dropped. Bots do not count as people.",
        &traces,
        Layout::new()
            .x_axis(time_axis("time since ready"))
            .y_axis(Axis::new().title("% still waiting").range(vec![0.0, 100.0])),
        table,
    )
}
