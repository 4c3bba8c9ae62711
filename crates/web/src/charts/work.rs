//! Which work suits AI.

use insights::effects::EffectUnit;
use insights::questions::{WorkAxis, WorkCell, WorkMatrix};
use plotly::layout::{Axis, AxisType};
use plotly::{HeatMap, Layout, Trace};

use super::{Cell, Figure, Table};
use crate::shown::At;
use crate::view::View;
use crate::words::{chart_names, count, proportion};

/// The most tools that are drawn; the table has all.
const MOST_DRAWN: usize = 10;

fn tool_name(tool: Option<&str>) -> &str {
    tool.unwrap_or("none detected")
}

/// Kinds of change, languages and repositories, each by tool.
pub(crate) fn work_matrices(view: &View<'_>) -> Vec<Figure> {
    let matrices = view.report.questions.work.iter().enumerate();
    matrices
        .map(|(place, matrix)| {
            let at = At::report("questions").to("work").to(place);
            figure(matrix, &at)
        })
        .collect()
}

fn id(axis: WorkAxis) -> &'static str {
    match axis {
        WorkAxis::Kind => "work",
        WorkAxis::Language => "work-language",
        WorkAxis::Repository => "work-repository",
    }
}

/// One matrix: the share merged. Cells under 20 are left out of the colours.
fn figure(work: &WorkMatrix, at: &At) -> Figure {
    let axis = work.axis.title().to_lowercase();
    let title = format!("Merged, by {axis} and tool");
    if work.cells.is_empty() {
        let nothing = format!("No {axis} has five pull requests that are over.");
        return Figure::nothing(id(work.axis), &title, &nothing);
    }
    let last = work.tools.len().saturating_sub(1);
    let tools: Vec<Option<&str>> = (work.tools.iter().enumerate())
        .filter(|(place, tool)| *place < MOST_DRAWN - 1 || (*place == last && tool.is_none()))
        .map(|(_, tool)| tool.as_deref())
        .collect();
    let rows: Vec<Vec<Option<&WorkCell>>> = (work.rows.iter().rev())
        .map(|row| tools.iter().map(|tool| cell_of(work, row, *tool)).collect())
        .collect();
    let numbers = |number: fn(&WorkCell) -> Option<f64>| -> Vec<Vec<Option<f64>>> {
        let of_row =
            |row: &Vec<Option<&WorkCell>>| row.iter().map(|cell| number((*cell)?)).collect();
        rows.iter().map(of_row).collect()
    };
    let shares = numbers(|cell| {
        let share = cell.merged.share.filter(|_| !cell.insufficient)?;
        Some(share * 100.0)
    });
    let weak = numbers(|cell| cell.insufficient.then_some(1.0));
    let names = chart_names(work.rows.iter().rev().map(String::as_str));
    let hover: Vec<Vec<String>> = (work.rows.iter().rev().zip(&rows))
        .map(|(name, row)| {
            let cells = tools.iter().zip(row);
            cells
                .map(|(tool, cell)| hover_text(name, tool_name(*tool), *cell))
                .collect()
        })
        .collect();
    let trace = |name: &str, values: Vec<Vec<Option<f64>>>| -> Box<dyn Trace> {
        let tools = tools.iter().map(|tool| tool_name(*tool).to_owned());
        HeatMap::new(tools.collect(), names.clone(), values)
            .name(name)
            .text_matrix(hover.clone())
            .hover_template("%{text}<extra></extra>")
            .connect_gaps(false)
    };
    // The script greys the trace of this name.
    let traces = [trace("too few", weak), trace("merged", shares)];
    let height = 140 + 30 * u32::try_from(names.len()).unwrap_or(0);
    Figure::plot(
        id(work.axis),
        &title,
        note(work),
        &traces,
        Layout::new()
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().type_(AxisType::Category)),
        table(work, at),
    )
    .height(height)
}

fn cell_of<'w>(work: &'w WorkMatrix, row: &str, tool: Option<&str>) -> Option<&'w WorkCell> {
    (work.cells.iter()).find(|cell| cell.row == row && cell.tool.as_deref() == tool)
}

fn hover_text(row: &str, tool: &str, cell: Option<&WorkCell>) -> String {
    match cell {
        Some(cell) if cell.insufficient => format!(
            "{row}, {tool}: {} pull requests, too few to lean on",
            count(cell.n)
        ),
        Some(cell) => format!(
            "{row}, {tool}: merged {} of {}",
            proportion(Some(cell.merged)),
            count(cell.n)
        ),
        None => format!("{row}, {tool}: fewer than five"),
    }
}

/// What is shown, and what is not.
fn note(work: &WorkMatrix) -> String {
    let rows = match work.axis {
        WorkAxis::Kind => "kind of change (as the title names it)",
        WorkAxis::Language => "main language of the repository, where it is known,",
        WorkAxis::Repository => "repository",
    };
    let more = match work.more_rows {
        0 => String::new(),
        more => format!(
            " The {} with the most; {} more are left out.",
            work.rows.len(),
            count(more)
        ),
    };
    format!(
        "% merged of those that are over, by {rows} and tool. Grey: fewer than 20, too few to lean on. Blank: fewer \
         than five. As they are, not adjusted for who and where.{more}"
    )
}

fn table(work: &WorkMatrix, at: &At) -> Table {
    let mut table = Table::new(&[
        work.axis.title(),
        "Tool",
        ">Over",
        ">Merged (95 %)",
        ">Median cycle",
        ">Ratio to none detected",
    ]);
    for (index, cell) in work.cells.iter().enumerate() {
        let at = at.to("cells").to(index);
        let weak = cell.insufficient;
        table.row(vec![
            Cell::text(&cell.row).weak_if(weak),
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
