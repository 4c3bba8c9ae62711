//! How large pull requests are.

use insights::questions::Sizes;
use model::Origin;
use plotly::common::{Line, Marker, Mode};
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, Layout, Scatter, Trace};

use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::{count, short_month};

fn origin_words(origin: Origin) -> (&'static str, &'static str) {
    match origin {
        Origin::Agent => ("Agent", colour::AGENT),
        Origin::Assisted => ("Assisted", colour::ASSISTED),
        Origin::NoneDetected => ("None detected", colour::NONE),
        Origin::Unknown => ("Unknown", colour::UNKNOWN),
    }
}

/// The distribution over buckets, by origin.
pub(crate) fn size_buckets(view: &View<'_>) -> Figure {
    let title = "How large pull requests are, by origin";
    let Sizes { origins, .. } = &view.report.questions.sizes;
    if origins.is_empty() {
        return Figure::nothing("sizes", title, "No pull request has a known size.");
    }
    let mut table = Table::new(&[
        "Origin",
        ">Pull requests",
        ">Median lines",
        ">Over 500 lines (95 %)",
        ">XS 0-9",
        ">S 10-29",
        ">M 30-99",
        ">L 100-499",
        ">XL 500-999",
        ">XXL 1,000+",
    ]);
    let at = At::report("questions").to("sizes").to("origins");
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (index, origin) in origins.iter().enumerate() {
        let at = at.to(index);
        let (name, colour) = origin_words(origin.origin);
        let mut cells = vec![
            Cell::text(name),
            Cell::number(at.to("n").count(origin.n)),
            Cell::number(at.to("median_lines").decimal(origin.median_lines, 0)),
            Cell::number(at.to("very_large").proportion(Some(origin.very_large))),
        ];
        cells.extend(origin.buckets.iter().enumerate().map(|(place, bucket)| {
            Cell::number(
                at.to("buckets")
                    .to(place)
                    .to("share")
                    .share(Some(bucket.share)),
            )
        }));
        table.row(cells);
        let labels: Vec<&str> = origin.buckets.iter().map(|bucket| bucket.bucket).collect();
        let shares = origin
            .buckets
            .iter()
            .map(|bucket| bucket.share * 100.0)
            .collect();
        traces.push(
            Bar::new(labels, shares)
                .name(name)
                .marker(Marker::new().color(colour))
                .hover_template("%{x}: %{y:.1f} %"),
        );
    }
    let n: u64 = origins.iter().map(|origin| origin.n).sum();
    Figure::plot(
        "sizes",
        title,
        format!(
            "% of the origin's pull requests by lines changed, generated files left out; n = {}. XS under 10, S under 30, \
             M under 100, L under 500, XL under 1,000, XXL above. The adjusted effect on size stands with the effects.",
            count(n)
        ),
        &traces,
        Layout::new()
            .bar_mode(BarMode::Group)
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().title("% of pull requests")),
        table,
    )
}

/// Medians month by month.
pub(crate) fn size_months(view: &View<'_>) -> Figure {
    let title = "Are pull requests getting bigger?";
    let Sizes { months, .. } = &view.report.questions.sizes;
    let at = At::report("questions").to("sizes").to("months");
    let mut table = Table::new(&[
        "Month",
        ">Median with AI",
        ">Median, none detected",
        ">Over 500 lines, of all (95 %)",
    ]);
    for (index, month) in months.iter().enumerate() {
        let at = at.to(index);
        table.row(vec![
            Cell::text(&month.month),
            Cell::number(at.to("with_ai_median").decimal(month.with_ai_median, 0)),
            Cell::number(
                at.to("without_ai_median")
                    .decimal(month.without_ai_median, 0),
            ),
            Cell::number(at.to("very_large").proportion(Some(month.very_large))),
        ]);
    }
    let line = |name: &str,
                colour: &'static str,
                pick: fn(&insights::questions::MonthSizes) -> Option<f64>|
     -> Box<dyn Trace> {
        let known: Vec<(String, f64)> = (months.iter())
            .filter_map(|month| Some((short_month(&month.month), pick(month)?)))
            .collect();
        Scatter::new(
            known.iter().map(|(month, _)| month.clone()).collect(),
            known.iter().map(|(_, lines)| *lines).collect(),
        )
        .name(name)
        .mode(Mode::LinesMarkers)
        .line(Line::new().color(colour).width(2.5))
        .marker(Marker::new().color(colour).size(6))
        .hover_template("%{x}: median %{y:.0f} lines")
    };
    if months.len() < 2 {
        return Figure::nothing(
            "size-months",
            title,
            "There are fewer than two complete months.",
        )
        .with_table(table);
    }
    let order: Vec<String> = months
        .iter()
        .map(|month| short_month(&month.month))
        .collect();
    Figure::plot(
        "size-months",
        title,
        "Median lines of the pull requests opened in a month; months with fewer than five are left out. Complete months only.",
        &[
            line("With AI", colour::AGENT, |month| month.with_ai_median),
            line("None detected", colour::NONE, |month| {
                month.without_ai_median
            }),
        ],
        Layout::new()
            .x_axis(
                Axis::new()
                    .type_(AxisType::Category)
                    .category_order(plotly::layout::CategoryOrder::Array)
                    .category_array(order),
            )
            .y_axis(
                Axis::new()
                    .title("median lines")
                    .range_mode(plotly::layout::RangeMode::ToZero),
            ),
        table,
    )
}
