//! What became of pull requests, by tool.

use insights::questions::Endings;
use plotly::common::{Marker, Orientation};
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, Layout, Trace};

use super::flow::{step_trace, time_axis};
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;

/// Tools whose curves are drawn; more cannot be told apart.
const CURVES: usize = 6;

fn name_of(ending: &Endings) -> &str {
    ending.tool.as_deref().unwrap_or("none detected")
}

/// Picks a count of a group.
type Part = fn(&Endings) -> u64;

/// Merged, closed and open, by tool.
pub(crate) fn outcomes(view: &View<'_>) -> Figure {
    let title = "What became of them, by tool";
    let groups = &view.report.questions.endings.groups;
    if groups.is_empty() {
        return Figure::nothing("outcomes", title, "No group has five pull requests.");
    }
    let names: Vec<String> = (groups.iter().rev())
        .map(|group| name_of(group).to_owned())
        .collect();
    let parts: [(&str, Part, &'static str); 3] = [
        ("Merged", |group| group.merged, "var(--series-3)"),
        (
            "Closed without a merge",
            |group| group.closed,
            "var(--series-2)",
        ),
        ("Open", |group| group.open, colour::UNKNOWN),
    ];
    let traces: Vec<Box<dyn Trace>> = parts
        .into_iter()
        .map(|(name, part, colour)| -> Box<dyn Trace> {
            let shares: Vec<f64> = (groups.iter().rev())
                .map(|group| part(group) as f64 / group.n.max(1) as f64 * 100.0)
                .collect();
            Bar::new(shares, names.clone())
                .name(name)
                .orientation(Orientation::Horizontal)
                .marker(Marker::new().color(colour))
                .hover_template("%{y}: %{x:.1f} %")
        })
        .collect();
    let at = At::report("questions").to("endings").to("groups");
    let mut table = Table::new(&[
        "Tool",
        ">Pull requests",
        ">Merged",
        ">Closed",
        ">Open",
        ">Merged of those over (95 %)",
        ">Median cycle",
    ]);
    for (index, group) in groups.iter().enumerate() {
        let at = at.to(index);
        let link = |outcome: &str| {
            let tool = group.tool.as_deref()?;
            let filter = [("tool", tool), ("place", "author"), ("outcome", outcome)];
            view.counted_link(&filter)
        };
        table.row(vec![
            Cell::text(name_of(group)),
            Cell::number(at.to("n").count(group.n)),
            Cell::number_link(at.to("merged").count(group.merged), link("merged")),
            Cell::number_link(at.to("closed").count(group.closed), link("closed")),
            Cell::number_link(at.to("open").count(group.open), link("open")),
            Cell::number(
                at.to("merged_of_ended")
                    .proportion(Some(group.merged_of_ended)),
            ),
            Cell::number(
                at.to("median_cycle_seconds")
                    .seconds(group.median_cycle_seconds),
            ),
        ]);
    }
    let left_out = view.report.questions.endings.tools_left_out;
    let more = if left_out > 0 {
        format!(" {left_out} rarer tools are left out.")
    } else {
        String::new()
    };
    Figure::plot(
        "outcomes",
        title,
        format!("% of the tool's pull requests; one with several tools counts with each.{more}"),
        &traces,
        Layout::new()
            .bar_mode(BarMode::Stack)
            .x_axis(
                Axis::new()
                    .title("% of pull requests")
                    .range(vec![0.0, 100.0]),
            )
            .y_axis(Axis::new().type_(AxisType::Category)),
        table,
    )
    .height(140 + 30 * u32::try_from(groups.len()).unwrap_or(0))
}

/// The share merged by the time since ready, a close without a merge competing.
pub(crate) fn merge_curves(view: &View<'_>) -> Figure {
    let title = "How soon they are merged, by tool";
    let groups: Vec<&Endings> = (view.report.questions.endings.groups.iter())
        .filter(|group| !group.merged_curve.is_empty())
        .collect();
    let none = groups.iter().find(|group| group.tool.is_none());
    let tools = groups
        .iter()
        .filter(|group| group.tool.is_some())
        .take(CURVES);
    let mut traces: Vec<Box<dyn Trace>> = tools
        .zip(colour::SERIES)
        .map(|(group, colour)| step_trace(name_of(group), colour, &group.merged_curve, "merged"))
        .collect();
    if let Some(none) = none {
        traces.push(step_trace(
            name_of(none),
            colour::NONE,
            &none.merged_curve,
            "merged",
        ));
    }
    if traces.is_empty() {
        return Figure::nothing(
            "merge-curves",
            title,
            "No group has twenty pull requests that were ready.",
        );
    }
    Figure::plot(
        "merge-curves",
        title,
        "Cumulative incidence (Aalen-Johansen): % merged by the time since ready; a close without a merge competes, open \
         ones are censored. The numbers stand with the outcomes above.",
        &traces,
        Layout::new()
            .x_axis(time_axis("time since ready"))
            .y_axis(Axis::new().title("% merged").range(vec![0.0, 100.0])),
        Table::default(),
    )
}
