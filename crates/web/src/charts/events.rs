//! Did things change when a team adopted AI, or a repository an AI reviewer?

use insights::effects::EffectUnit;
use insights::questions::{EventEffect, EventKind, EventReport};
use maud::{Markup, html};
use plotly::common::{ErrorData, ErrorType, Line, Marker, Mode};
use plotly::layout::{Axis, AxisType, Shape, ShapeLine, ShapeType};
use plotly::{Layout, Scatter, Trace};

use super::effects::ratio_marks;
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::sentence_case;

/// The figures of one kind of event, one for each metric, with the sentence under each.
pub(crate) fn event_studies(view: &View<'_>, kind: EventKind) -> Markup {
    let at = At::report("questions").to("events");
    html! {
        @for (index, report) in view.report.questions.events.iter().enumerate() {
            @if report.event == kind { (one(report, &at.to(index), index)) }
        }
    }
}

/// Names of figures, for links: by place in the report.
const IDS: [&str; 8] = [
    "event-1", "event-2", "event-3", "event-4", "event-5", "event-6", "event-7", "event-8",
];

fn one(report: &EventReport, at: &At, index: usize) -> Figure {
    let id = IDS.get(index).copied().unwrap_or("event");
    let title = format!(
        "{} around {}",
        sentence_case(report.metric.definition().title).trim_end_matches('.'),
        match report.event {
            EventKind::AiAdopted => "a team's adoption of AI",
            EventKind::AiReviewIntroduced => "the first AI reviewer of a repository",
        }
    );
    let mut starts = Table::new(&["Team or repository", "Started in"]);
    for start in &report.starts {
        starts.row(vec![Cell::text(&start.name), Cell::text(&start.month)]);
    }
    let Some(effect) = report.study.shown() else {
        return Figure::nothing(
            id,
            title,
            sentence_case(report.study.reason().unwrap_or_default()),
        )
        .with_table(starts);
    };
    let at = at.to("study");
    let mut table = Table::new(&[
        "Month since the start",
        ">Ratio",
        ">95 % interval",
        ">Known that started",
    ]);
    for (place, month) in effect.months.iter().enumerate() {
        let at = at.to("months").to(place);
        let ratio = at.to("ratio");
        table.row(vec![
            Cell::text(format!("{:+}", month.relative)),
            Cell::number(
                ratio
                    .to("ratio")
                    .effect(EffectUnit::Ratio, month.ratio.map(|it| it.ratio)),
            ),
            Cell::number(
                ratio
                    .to("interval")
                    .interval(EffectUnit::Ratio, month.ratio.map(|it| it.interval)),
            ),
            Cell::number(at.to("started").count(month.started)),
        ]);
    }
    Figure::plot(
        id,
        title,
        format!(
            "{} Month 0 is the month of the start; months -3 to -1 are the base. {} that started, {} that had not, {} in \
             all; 95 % intervals by leaving out one at a time.",
            sentence_case(&report.sentence),
            effect.started,
            effect.controls,
            effect.units
        ),
        &traces(effect),
        layout(effect),
        table,
    )
}

fn traces(effect: &EventEffect) -> Vec<Box<dyn Trace>> {
    let known: Vec<(f64, insights::questions::EventRatio)> = (effect.months.iter())
        .filter_map(|month| Some((f64::from(month.relative), month.ratio?)))
        .collect();
    let x = known.iter().map(|(relative, _)| *relative).collect();
    let y = known.iter().map(|(_, ratio)| ratio.ratio).collect();
    let above = known
        .iter()
        .map(|(_, it)| it.interval.high - it.ratio)
        .collect();
    let below = known
        .iter()
        .map(|(_, it)| it.ratio - it.interval.low)
        .collect();
    vec![
        Scatter::new(x, y)
            .name("ratio to the base and to those that had not started")
            .mode(Mode::LinesMarkers)
            .line(Line::new().color(colour::AGENT).width(1.5))
            .marker(Marker::new().color(colour::AGENT).size(9))
            .error_y(
                ErrorData::new(ErrorType::Data)
                    .array(above)
                    .array_minus(below)
                    .color(colour::AGENT),
            )
            .hover_template("month %{x:+d}: ×%{y:.2f}"),
    ]
}

fn layout(effect: &EventEffect) -> Layout {
    let ends = || effect.months.iter().filter_map(|month| month.ratio);
    let low = ends()
        .map(|it| it.interval.low)
        .fold(0.95_f64, f64::min)
        .max(0.02);
    let high = ends()
        .map(|it| it.interval.high)
        .fold(1.05_f64, f64::max)
        .min(50.0);
    let marks = ratio_marks(low, high);
    let line = |shape: Shape| {
        shape
            .shape_type(ShapeType::Line)
            .line(ShapeLine::new().color("var(--muted)").width(1.5))
    };
    Layout::new()
        .x_axis(Axis::new().title("months since the start").dtick(1.0))
        .y_axis(
            Axis::new()
                .title("ratio (1 is no change)")
                .type_(AxisType::Log)
                .range(vec![low.log10() - 0.02, high.log10() + 0.02])
                .tick_values(marks.to_vec())
                .tick_text(marks.iter().map(|mark| format!("×{mark}")).collect()),
        )
        .shapes(vec![
            line(
                Shape::new()
                    .x_ref("paper")
                    .y_ref("y")
                    .x0(0)
                    .x1(1)
                    .y0(1.0)
                    .y1(1.0),
            ),
            line(
                Shape::new()
                    .x_ref("x")
                    .y_ref("paper")
                    .x0(-0.5)
                    .x1(-0.5)
                    .y0(0)
                    .y1(1),
            ),
        ])
}
