//! Effects: what AI goes along with.

use insights::Report;
use insights::effects::{ArmDescription, Comparison, EffectUnit};
use insights::wording::finding_words;
use measures::Metric;
use plotly::common::{ErrorData, ErrorType, Marker, Mode};
use plotly::layout::{Axis, AxisType, Shape, ShapeLine, ShapeType};
use plotly::{Layout, Scatter, Trace};

use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::{sentence_case, short_line};

/// The most rows that are drawn; the table has all.
const MOST_DRAWN: usize = 40;

/// Marks of a logarithmic axis of ratios: close ones for a short axis, far ones for a long one.
const CLOSEST_MARKS: [f64; 7] = [0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25];
const CLOSE_MARKS: [f64; 8] = [0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0];
const MARKS: [f64; 9] = [0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0];
const FAR_MARKS: [f64; 7] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0];

/// The marks for an axis between two ratios.
pub(super) fn ratio_marks(low: f64, high: f64) -> &'static [f64] {
    match (high / low).log10() {
        ..0.2 => &CLOSEST_MARKS,
        0.2..0.5 => &CLOSE_MARKS,
        0.5..1.0 => &MARKS,
        _ => &FAR_MARKS,
    }
}

/// A comparison with its place in the report.
#[derive(Clone)]
pub(crate) struct Compared<'r> {
    /// The comparison.
    pub(crate) one: &'r Comparison,
    /// Where it stands.
    pub(crate) at: At,
}

/// All comparisons of authorship in a metric, all together first.
pub(crate) fn of_metric(report: &Report, metric: Metric) -> Vec<Compared<'_>> {
    placed("authorship", &report.authorship)
        .filter(|compared| compared.one.metric == metric)
        .collect()
}

/// The comparisons of all together, one for each metric measured in a unit; of `authorship` or `review`.
pub(crate) fn all_metrics<'r>(
    field: &'static str,
    comparisons: &'r [Comparison],
    team: Option<&str>,
    unit: EffectUnit,
) -> Vec<Compared<'r>> {
    placed(field, comparisons)
        .filter(|compared| compared.one.unit == unit)
        .filter(|compared| compared.one.team.is_none() || compared.one.team.as_deref() == team)
        .collect()
}

fn placed<'r>(
    field: &'static str,
    comparisons: &'r [Comparison],
) -> impl Iterator<Item = Compared<'r>> {
    let at = At::report(field);
    (comparisons.iter().enumerate()).map(move |(index, one)| Compared {
        one,
        at: at.to(index),
    })
}

/// What the rows of a forest plot are called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Teams.
    Teams,
    /// Metrics.
    Metrics,
}

/// A point of a forest plot with its interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Point {
    pub(super) fn new(value: f64, interval: stats::Interval, unit: EffectUnit) -> Self {
        let scale = if unit == EffectUnit::Points {
            100.0
        } else {
            1.0
        };
        Point {
            value: value * scale,
            low: interval.low * scale,
            high: interval.high * scale,
        }
    }
}

/// One series of points, each in a row; rows are counted from the top.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) colour: &'static str,
    pub(super) size: usize,
    /// How far below the middle of its row it stands, in rows.
    pub(super) shift: f64,
    pub(super) points: Vec<(usize, Point)>,
}

/// Adjusted beside unadjusted effects, a row each.
pub(crate) fn forest(
    view: &View<'_>,
    id: &'static str,
    title: &str,
    rows: Rows,
    comparisons: &[Compared<'_>],
) -> Figure {
    let Some(unit) = comparisons.first().map(|compared| compared.one.unit) else {
        return Figure::nothing(id, title, "This was not compared.");
    };
    let has_point = |compared: &&Compared<'_>| {
        compared.one.adjusted.shown().is_some() || compared.one.unadjusted.shown().is_some()
    };
    let drawn: Vec<&Compared<'_>> = comparisons
        .iter()
        .filter(has_point)
        .take(MOST_DRAWN)
        .collect();
    if drawn.is_empty() {
        let why = comparisons
            .first()
            .and_then(|compared| compared.one.unadjusted.reason())
            .unwrap_or("too few pull requests on one side");
        return Figure::nothing(id, title, sentence_case(why)).with_table(table(
            view,
            rows,
            unit,
            comparisons,
        ));
    }
    let series =
        |name, colour, size, shift, pick: fn(&Comparison) -> Option<(f64, stats::Interval)>| {
            Series {
                name,
                colour,
                size,
                shift,
                points: (drawn.iter().enumerate())
                    .filter_map(|(row, compared)| {
                        let (value, interval) = pick(compared.one)?;
                        Some((row, Point::new(value, interval, unit)))
                    })
                    .collect(),
            }
        };
    let all = [
        series("as they are", colour::NONE, 8, 0.16, |one| {
            one.unadjusted
                .shown()
                .map(|shown| (shown.value, shown.interval))
        }),
        series(
            "adjusted for who and where",
            colour::AGENT,
            11,
            -0.16,
            |one| {
                one.adjusted
                    .shown()
                    .map(|shown| (shown.value, shown.interval))
            },
        ),
    ];
    let names: Vec<String> = drawn
        .iter()
        .map(|compared| name_of(view, rows, compared.one))
        .collect();
    Figure::plot(
        id,
        title,
        "Associations, not causes. Adjusted within author and repository for size, files, draft, type, weekday and \
         month; bars are 95 % intervals, clustered by author. Where a point is missing its gate was not passed; the \
         table says what is known.",
        &forest_traces(&all, unit),
        forest_layout(&names, &all, unit),
        table(view, rows, unit, comparisons),
    )
    .height(forest_height(names.len()))
}

/// The height of a forest plot.
pub(super) fn forest_height(rows: usize) -> u32 {
    130 + 44 * u32::try_from(rows).unwrap_or(0)
}

/// The traces of a forest plot.
pub(super) fn forest_traces(all: &[Series], unit: EffectUnit) -> Vec<Box<dyn Trace>> {
    let trace = |series: &Series| -> Box<dyn Trace> {
        let x = series.points.iter().map(|(_, point)| point.value).collect();
        let y = (series.points.iter())
            .map(|(row, _)| *row as f64 + series.shift)
            .collect();
        let above = (series.points.iter())
            .map(|(_, point)| point.high - point.value)
            .collect();
        let below = (series.points.iter())
            .map(|(_, point)| point.value - point.low)
            .collect();
        Scatter::new(x, y)
            .name(series.name)
            .mode(Mode::Markers)
            .marker(Marker::new().color(series.colour).size(series.size))
            .error_x(
                ErrorData::new(ErrorType::Data)
                    .array(above)
                    .array_minus(below)
                    .color(series.colour),
            )
            .hover_template(if unit == EffectUnit::Ratio {
                "×%{x:.2f}"
            } else {
                "%{x:+.1f} points"
            })
    };
    all.iter()
        .filter(|series| !series.points.is_empty())
        .map(trace)
        .collect()
}

/// The axes of a forest plot, with a line at no difference.
pub(super) fn forest_layout(names: &[String], all: &[Series], unit: EffectUnit) -> Layout {
    let none = if unit == EffectUnit::Ratio { 1.0 } else { 0.0 };
    let axis = if unit == EffectUnit::Ratio {
        let ends = || (all.iter()).flat_map(|series| series.points.iter().map(|(_, point)| point));
        let low = ends()
            .map(|point| point.low)
            .fold(0.8_f64, f64::min)
            .max(0.02);
        let high = ends()
            .map(|point| point.high)
            .fold(1.25_f64, f64::max)
            .min(50.0);
        let marks = ratio_marks(low, high);
        Axis::new()
            .title("ratio, with AI / without (1 is no difference)")
            .type_(AxisType::Log)
            .range(vec![low.log10() - 0.04, high.log10() + 0.04])
            .tick_values(marks.to_vec())
            .tick_text(marks.iter().map(|mark| format!("×{mark}")).collect())
    } else {
        Axis::new().title("difference in percentage points (0 is none)")
    };
    let line = Shape::new()
        .shape_type(ShapeType::Line)
        .x_ref("x")
        .y_ref("paper")
        .x0(none)
        .x1(none)
        .y0(0)
        .y1(1)
        .line(ShapeLine::new().color("var(--muted)").width(1.5));
    Layout::new()
        .x_axis(axis)
        .y_axis(row_axis(names))
        .shapes(vec![line])
}

/// Characters of the name of a row.
const ROW_NAME: usize = 56;

/// An axis of named rows, counted from the top.
pub(super) fn row_axis(names: &[String]) -> Axis {
    Axis::new()
        .tick_values((0..names.len()).map(|row| row as f64).collect())
        .tick_text(
            names
                .iter()
                .map(|name| short_line(name, ROW_NAME))
                .collect(),
        )
        .range(vec![names.len() as f64 - 0.4, -0.6])
        .zero_line(false)
        .show_grid(false)
}

fn table(view: &View<'_>, rows: Rows, unit: EffectUnit, comparisons: &[Compared<'_>]) -> Table {
    let mut table = Table::new(&[
        if rows == Rows::Teams {
            "Team"
        } else {
            "Metric"
        },
        ">n with AI",
        ">n without",
        ">As they are",
        ">Adjusted",
        ">95 % interval",
        ">Switching authors",
        ">Switching repositories",
        ">Detectable",
        ">q",
        "Finding",
    ]);
    for Compared { one, at } in comparisons {
        let adjusted = one.adjusted.shown();
        let headline = one.headline;
        let arm = |field: &str, arm: &Option<ArmDescription>| {
            at.to(field)
                .to("n")
                .some_count(arm.as_ref().map(|arm| arm.n))
        };
        let switching = |field: &str, of: Option<usize>| {
            of.map_or_else(
                || maud::html! { "–" },
                |of| at.to("adjusted").to(field).count(of),
            )
        };
        table.row(vec![
            Cell::name(
                &name_of(view, rows, one),
                one.team.as_ref().and_then(|team| view.team_link(team)),
            ),
            Cell::number(arm("with_ai", &one.with_ai)),
            Cell::number(arm("without_ai", &one.without_ai)),
            Cell::number(
                at.to("unadjusted")
                    .to("value")
                    .effect(unit, one.unadjusted.shown().map(|shown| shown.value)),
            ),
            Cell::number(
                at.to("adjusted")
                    .to("value")
                    .effect(unit, adjusted.map(|shown| shown.value)),
            ),
            Cell::number(
                at.to("headline")
                    .to("interval")
                    .interval(unit, headline.and_then(|headline| headline.interval)),
            ),
            Cell::number(switching(
                "switching_authors",
                adjusted.map(|it| it.switching_authors),
            )),
            Cell::number(switching(
                "switching_repos",
                adjusted.map(|it| it.switching_repos),
            )),
            Cell::number(
                at.to("headline")
                    .to("detectable")
                    .effect(unit, headline.and_then(|headline| headline.detectable)),
            ),
            Cell::number(at.to("q").q(one.q)),
            Cell::text(finding_words(one)),
        ]);
    }
    table
}

fn name_of(view: &View<'_>, rows: Rows, one: &Comparison) -> String {
    match rows {
        Rows::Metrics => sentence_case(one.metric.definition().title)
            .trim_end_matches('.')
            .to_owned(),
        Rows::Teams => one
            .team
            .as_deref()
            .or(view.report.scope.team.as_deref())
            .unwrap_or("All teams")
            .to_owned(),
    }
}
