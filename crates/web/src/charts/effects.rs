//! Effects: what AI goes along with.

use insights::effects::{Comparison, EffectUnit};
use insights::wording::{effect_text, interval_text};
use plotly::common::{ErrorData, ErrorType, Marker, Mode};
use plotly::layout::{Axis, AxisType, Shape, ShapeType};
use plotly::{Layout, Scatter, Trace};

use super::{Cell, Figure, Table, colour};
use crate::view::View;
use crate::words::count;

/// One row of a forest plot.
struct Row {
    name: String,
    adjusted: Option<Point>,
    unadjusted: Option<Point>,
}

struct Point {
    value: f64,
    below: f64,
    above: f64,
}

impl Point {
    fn new(value: f64, interval: stats::Interval, unit: EffectUnit) -> Self {
        let scale = if unit == EffectUnit::Points {
            100.0
        } else {
            1.0
        };
        Point {
            value: value * scale,
            below: (value - interval.low) * scale,
            above: (interval.high - value) * scale,
        }
    }
}

/// Adjusted beside unadjusted effects of one metric, all together and team by team.
pub(crate) fn forest(
    view: &View<'_>,
    id: &'static str,
    title: &str,
    comparisons: &[&Comparison],
) -> Figure {
    let Some(unit) = comparisons.first().map(|one| one.unit) else {
        return Figure::nothing(id, title, "This metric was not compared.");
    };
    let rows: Vec<Row> = comparisons
        .iter()
        .map(|one| Row {
            name: name_of(view, one).to_owned(),
            adjusted: (one.adjusted.shown())
                .map(|shown| Point::new(shown.value, shown.interval, unit)),
            unadjusted: (one.unadjusted.shown())
                .map(|shown| Point::new(shown.value, shown.interval, unit)),
        })
        .filter(|row| row.adjusted.is_some() || row.unadjusted.is_some())
        .collect();
    if rows.is_empty() {
        let why = comparisons
            .first()
            .and_then(|one| one.unadjusted.reason())
            .unwrap_or("Too few pull requests on one side.");
        return Figure::nothing(id, title, format!("{why}."));
    }
    let series = |name: &'static str,
                  colour: &'static str,
                  symbol_size: usize,
                  pick: fn(&Row) -> Option<&Point>| {
        let points: Vec<(&str, &Point)> = rows
            .iter()
            .rev()
            .filter_map(|row| Some((row.name.as_str(), pick(row)?)))
            .collect();
        let x: Vec<f64> = points.iter().map(|(_, point)| point.value).collect();
        let y: Vec<String> = points.iter().map(|(name, _)| (*name).to_owned()).collect();
        let above = points.iter().map(|(_, point)| point.above).collect();
        let below = points.iter().map(|(_, point)| point.below).collect();
        Scatter::new(x, y)
            .name(name)
            .mode(Mode::Markers)
            .marker(Marker::new().color(colour).size(symbol_size))
            .error_x(
                ErrorData::new(ErrorType::Data)
                    .array(above)
                    .array_minus(below)
                    .color(colour),
            )
            .hover_template(if unit == EffectUnit::Ratio {
                "%{y}: ×%{x:.2f}"
            } else {
                "%{y}: %{x:+.1f} points"
            })
    };
    let traces: Vec<Box<dyn Trace>> = vec![
        series("as they are", colour::NONE, 8, |row| {
            row.unadjusted.as_ref()
        }),
        series("adjusted for who and where", colour::AGENT, 11, |row| {
            row.adjusted.as_ref()
        }),
    ];
    let mut table = Table::new(&[
        "Team",
        ">n with AI",
        ">n without",
        ">As they are",
        ">Adjusted",
        ">95 % interval",
        ">Switching authors",
        ">Detectable",
        ">q",
        "Finding",
    ]);
    for one in comparisons {
        let adjusted = one.adjusted.shown();
        let n = |arm: &Option<insights::effects::ArmDescription>| {
            arm.as_ref()
                .map_or_else(|| "< 5".to_owned(), |arm| count(arm.n as u64))
        };
        let effect = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| effect_text(unit, value))
        };
        let detectable = one.headline.and_then(|headline| headline.detectable);
        table.row(vec![
            Cell::link(
                name_of(view, one),
                one.team.as_ref().and_then(|team| view.team_link(team)),
            ),
            Cell::number(n(&one.with_ai)),
            Cell::number(n(&one.without_ai)),
            Cell::number(effect(one.unadjusted.shown().map(|shown| shown.value))),
            Cell::number(effect(adjusted.map(|shown| shown.value))),
            Cell::number(
                one.headline
                    .and_then(|headline| headline.interval)
                    .map_or_else(|| "–".to_owned(), |interval| interval_text(unit, interval)),
            ),
            Cell::number(adjusted.map_or_else(
                || "–".to_owned(),
                |shown| shown.switching_authors.to_string(),
            )),
            Cell::number(effect(detectable)),
            Cell::number(one.q.map_or_else(|| "–".to_owned(), |q| format!("{q:.3}"))),
            Cell::text(insights::wording::finding_words(one.metric, one.finding)),
        ]);
    }
    let none = if unit == EffectUnit::Ratio { 1.0 } else { 0.0 };
    let axis = if unit == EffectUnit::Ratio {
        Axis::new()
            .title("ratio, with AI / without (1 is no difference)")
            .type_(AxisType::Log)
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
        .line(
            plotly::layout::ShapeLine::new()
                .color("var(--muted)")
                .width(1.5),
        );
    let height = 150 + 34 * rows.len().min(40) as u32;
    Figure::plot(
        id,
        title,
        "Associations, not causes. Adjusted within author and repository for size, files, draft, type, weekday and \
         month; bars are 95 % intervals, clustered by author. Missing points: the gate was not passed, the table \
         and Methods say why.",
        &traces,
        Layout::new()
            .x_axis(axis)
            .y_axis(Axis::new().type_(AxisType::Category))
            .shapes(vec![line]),
        table,
    )
    .height(height)
}

fn name_of<'c>(view: &'c View<'_>, one: &'c Comparison) -> &'c str {
    one.team
        .as_deref()
        .or(view.report.scope.team.as_deref())
        .unwrap_or("All teams")
}
