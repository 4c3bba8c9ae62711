//! Which work suits AI.

use insights::effects::EffectUnit;
use insights::questions::WorkCell;
use plotly::layout::{Axis, AxisType};
use plotly::{HeatMap, Layout, Trace};

use super::{Cell, Figure, Table};
use crate::shown::At;
use crate::view::View;
use crate::words::{count, proportion};

/// The most tools that are drawn; the table has all.
const MOST_DRAWN: usize = 10;

fn tool_name(tool: Option<&str>) -> &str {
    tool.unwrap_or("none detected")
}

/// Kinds of change by tool: the share merged. Cells under 20 are left out of the colours.
pub(crate) fn work_matrix(view: &View<'_>) -> Figure {
    let title = "Which work suits AI here?";
    let work = &view.report.questions.work;
    if work.cells.is_empty() {
        return Figure::nothing(
            "work",
            title,
            "No kind of change has five pull requests that are over.",
        );
    }
    let last = work.tools.len().saturating_sub(1);
    let tools: Vec<Option<&str>> = (work.tools.iter().enumerate())
        .filter(|(place, tool)| *place < MOST_DRAWN - 1 || (*place == last && tool.is_none()))
        .map(|(_, tool)| tool.as_deref())
        .collect();
    let cell_of = |kind: &str, tool: Option<&str>| -> Option<&WorkCell> {
        (work.cells.iter()).find(|cell| cell.kind == kind && cell.tool.as_deref() == tool)
    };
    let mut shares: Vec<Vec<Option<f64>>> = Vec::new();
    let mut weak: Vec<Vec<Option<f64>>> = Vec::new();
    let mut hover: Vec<Vec<String>> = Vec::new();
    for kind in work.kinds.iter().rev() {
        let cells = || tools.iter().map(|tool| (tool, cell_of(kind, *tool)));
        shares.push(
            cells()
                .map(|(_, cell)| {
                    let cell = cell.filter(|cell| !cell.insufficient)?;
                    Some(cell.merged.share? * 100.0)
                })
                .collect(),
        );
        weak.push(
            cells()
                .map(|(_, cell)| cell.filter(|cell| cell.insufficient).map(|_| 1.0))
                .collect(),
        );
        hover.push(
            cells()
                .map(|(tool, cell)| {
                    let tool = tool_name(*tool);
                    match cell {
                        Some(cell) if cell.insufficient => format!(
                            "{kind}, {tool}: {} pull requests, too few to lean on",
                            count(cell.n)
                        ),
                        Some(cell) => format!(
                            "{kind}, {tool}: merged {} of {}",
                            proportion(Some(cell.merged)),
                            count(cell.n)
                        ),
                        None => format!("{kind}, {tool}: fewer than five"),
                    }
                })
                .collect(),
        );
    }
    let kinds: Vec<String> = work.kinds.iter().rev().map(ToString::to_string).collect();
    let height = 140 + 30 * u32::try_from(kinds.len()).unwrap_or(0);
    let trace = |name: &str, values: Vec<Vec<Option<f64>>>| -> Box<dyn Trace> {
        HeatMap::new(
            (tools.iter())
                .map(|tool| tool_name(*tool).to_owned())
                .collect(),
            kinds.clone(),
            values,
        )
        .name(name)
        .text_matrix(hover.clone())
        .hover_template("%{text}<extra></extra>")
        .connect_gaps(false)
    };
    // The script greys the trace of this name.
    let traces = [trace("too few", weak), trace("merged", shares)];
    Figure::plot(
        "work",
        title,
        "% merged of those that are over, by kind of change (as the title names it) and tool. Grey: fewer than 20, too \
         few to lean on. Blank: fewer than five. As they are, not adjusted for who and where.",
        &traces,
        Layout::new()
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().type_(AxisType::Category)),
        table(view),
    )
    .height(height)
}

fn table(view: &View<'_>) -> Table {
    let at = At::report("questions").to("work").to("cells");
    let mut table = Table::new(&[
        "Kind",
        "Tool",
        ">Over",
        ">Merged (95 %)",
        ">Median cycle",
        ">Ratio to none detected",
    ]);
    for (index, cell) in view.report.questions.work.cells.iter().enumerate() {
        let at = at.to(index);
        let weak = cell.insufficient;
        table.row(vec![
            Cell::text(cell.kind).weak_if(weak),
            Cell::text(tool_name(cell.tool.as_deref())).weak_if(weak),
            Cell::number(at.to("n").count(cell.n)).weak_if(weak),
            Cell::number(at.to("merged").proportion(Some(cell.merged))).weak_if(weak),
            Cell::number(
                at.to("median_cycle_seconds")
                    .seconds(cell.median_cycle_seconds),
            )
            .weak_if(weak),
            Cell::number(
                at.to("cycle_ratio")
                    .effect(EffectUnit::Ratio, cell.cycle_ratio),
            )
            .weak_if(weak),
        ]);
    }
    table
}
