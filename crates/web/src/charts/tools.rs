//! Tools: how the mix shifts.

use std::collections::BTreeMap;

use insights::adoption::{Adoption, ToolMonth, ToolShare};
use plotly::common::{Marker, Mode};
use plotly::layout::{Axis, AxisType};
use plotly::{Layout, Scatter, Trace};

use super::adoption::{incomplete_note, month_label};
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::percent;

/// Tools that have a colour of their own; the others are one series.
const TOOLS_SHOWN: usize = 7;

/// How the mix of tools shifts over the months.
pub(crate) fn tool_months(view: &View<'_>, adoption: &Adoption) -> Figure {
    let title = "Tools that wrote or helped to write, by month";
    let wanted: Vec<&str> = adoption
        .author_tools
        .iter()
        .take(TOOLS_SHOWN)
        .map(|tool| tool.tool.as_str())
        .collect();
    if wanted.is_empty() {
        return Figure::nothing(
            "tool-months",
            title,
            "No tool was found in the pull requests of this scope.",
        );
    }
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let of_authors = |cell: &&ToolMonth| !cell.reviewed && cell.may_be_told();
    for cell in adoption.tool_months.iter().filter(of_authors) {
        let tool = if wanted.contains(&cell.tool.as_str()) {
            cell.tool.as_str()
        } else {
            "others"
        };
        *counts.entry((tool, cell.month.as_str())).or_default() += cell.share.successes;
    }
    let months: Vec<&str> = (adoption.by_month.iter())
        .filter(|month| month.group.may_be_told())
        .map(|month| month.name.as_str())
        .collect();
    let labels: Vec<String> = (months.iter())
        .map(|month| month_label(adoption, month))
        .collect();
    let has_others = counts.keys().any(|(tool, _)| *tool == "others");
    let series = wanted.iter().copied().chain(has_others.then_some("others"));
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (tool, colour) in series.zip(colour::SERIES) {
        let values: Vec<u64> = (months.iter())
            .map(|month| counts.get(&(tool, *month)).copied().unwrap_or(0))
            .collect();
        traces.push(
            Scatter::new(labels.clone(), values)
                .name(tool)
                .mode(Mode::Lines)
                .stack_group("tools")
                .marker(Marker::new().color(colour))
                .hover_template("%{y} pull requests"),
        );
    }
    Figure::plot(
        "tool-months",
        title,
        format!(
            "Pull requests a month; one with several tools counts for each. {} of all pull requests carry at \
             least one.{}",
            percent(adoption.overall.of_all.and_then(|of_all| of_all.share)),
            incomplete_note(adoption)
        ),
        &traces,
        Layout::new()
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().title("pull requests")),
        month_table(view, adoption),
    )
}

/// The shares of each tool in each month.
fn month_table(view: &View<'_>, adoption: &Adoption) -> Table {
    let at = At::report("adoption_by_created").to("tool_months");
    let mut table = Table::new(&[
        "Tool",
        "Month",
        ">Pull requests",
        ">Share of the month (95 %)",
    ]);
    for (index, cell) in adoption.tool_months.iter().enumerate() {
        if cell.reviewed || !cell.may_be_told() {
            continue;
        }
        let at = at.to(index).to("share");
        table.row(vec![
            Cell::text(&cell.tool),
            Cell::text(&cell.month),
            Cell::number_link(
                at.to("successes").count(cell.share.successes),
                view.counted_link(&[
                    ("tool", &cell.tool),
                    ("place", "author"),
                    ("opened", &cell.month),
                ]),
            ),
            Cell::number(at.proportion(Some(cell.share))),
        ]);
    }
    table
}

/// Tools with their shares: `author_tools` or `review_tools` of the adoption.
pub(crate) fn tool_table(view: &View<'_>, field: &str, tools: &[ToolShare]) -> Table {
    let at = At::report("adoption_by_created").to(field);
    let place = if field == "review_tools" {
        "review"
    } else {
        "author"
    };
    let mut table = Table::new(&["Tool", ">Pull requests", ">Share of all (95 %)"]);
    for (index, tool) in tools.iter().enumerate() {
        let at = at.to(index);
        table.row(vec![
            Cell::link(&tool.tool, view.pull_requests_link(&[("tool", &tool.tool)])),
            Cell::number_link(
                at.to("pull_requests").count(tool.pull_requests),
                view.counted_link(&[("tool", &tool.tool), ("place", place)]),
            ),
            Cell::number(at.to("share").proportion(Some(tool.share))),
        ]);
    }
    table
}
