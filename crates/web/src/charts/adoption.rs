//! Adoption: by month, by team and month, by tool.

use std::collections::{BTreeMap, BTreeSet};

use insights::adoption::{Adoption, Group};
use plotly::common::{Marker, Mode};
use plotly::layout::{Axis, AxisType, BarMode};
use plotly::{Bar, HeatMap, Layout, Scatter, Trace};

use super::{Cell, Figure, Table, colour};
use crate::view::View;
use crate::words::{count, percent, proportion};

/// Tools that have a colour of their own; the others are one series.
const TOOLS_SHOWN: usize = 7;

/// Below this many pull requests a cell says nothing and could point at a person.
const FEWEST_SHOWN: u64 = insights::wording::FEWEST_SHOWN as u64;

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    }
}

/// Shares of the pull requests of each month, stacked.
pub(crate) fn adoption_by_month(view: &View<'_>, adoption: &Adoption) -> Figure {
    let title = "Who wrote it, by month of opening";
    let months: Vec<_> = adoption
        .by_month
        .iter()
        .filter(|month| month.group.pull_requests > 0)
        .collect();
    if months.is_empty() {
        return Figure::nothing(
            "adoption",
            title,
            "No pull request of this scope has a date of opening.",
        );
    }
    type Part = fn(&Group) -> u64;
    let parts: [(&str, Part, &'static str); 4] = [
        ("Agent", |group| group.agent, colour::AGENT),
        ("Assisted", |group| group.assisted, colour::ASSISTED),
        ("None detected", |group| group.none_detected, colour::NONE),
        ("Unknown", |group| group.unknown, colour::UNKNOWN),
    ];
    let names: Vec<String> = months.iter().map(|month| month.name.clone()).collect();
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (name, part, colour) in parts {
        let values: Vec<f64> = months
            .iter()
            .map(|month| share(part(&month.group), month.group.pull_requests))
            .collect();
        let hover: Vec<String> = months
            .iter()
            .map(|month| {
                format!(
                    "{} of {}",
                    count(part(&month.group)),
                    count(month.group.pull_requests)
                )
            })
            .collect();
        traces.push(
            Bar::new(names.clone(), values)
                .name(name)
                .marker(Marker::new().color(colour))
                .hover_text_array(hover)
                .hover_template("%{x}: %{y:.1f} % (%{hovertext})"),
        );
    }
    let reviewed: Vec<f64> = months
        .iter()
        .map(|month| share(month.group.ai_reviewed, month.group.pull_requests))
        .collect();
    traces.push(
        Scatter::new(names, reviewed)
            .name("Reviewed by AI")
            .mode(Mode::LinesMarkers)
            .marker(Marker::new().color(colour::REVIEWED).size(7))
            .hover_template("%{x}: %{y:.1f} % reviewed by AI"),
    );
    let mut table = Table::new(&[
        "Month",
        ">Pull requests",
        ">Agent",
        ">Assisted",
        ">None detected",
        ">Unknown",
        ">AI, of all (95 %)",
        ">AI, of known (95 %)",
        ">Reviewed by AI",
    ]);
    for month in &months {
        let group = &month.group;
        let link = |origin: &str| {
            let mut filter = vec![("opened", month.name.as_str()), ("origin", origin)];
            if let Some(team) = &view.report.scope.team {
                filter.push(("team", team));
            }
            view.pull_requests_link(&filter)
        };
        table.row(vec![
            Cell::text(&month.name),
            Cell::number(count(group.pull_requests)),
            Cell::number_link(&count(group.agent), link("agent")),
            Cell::number_link(&count(group.assisted), link("assisted")),
            Cell::number_link(&count(group.none_detected), link("none_detected")),
            Cell::number_link(&count(group.unknown), link("unknown")),
            Cell::number(proportion(group.of_all)),
            Cell::number(proportion(group.of_known)),
            Cell::number(proportion(group.reviewed_of_all)),
        ]);
    }
    let overall = &adoption.overall;
    let incomplete = adoption
        .incomplete_month
        .as_ref()
        .map_or_else(String::new, |month| format!(" {month} is not over."));
    Figure::plot(
        "adoption",
        title,
        format!(
            "Share of pull requests, n = {}; {} of plain bots are in no share. What leaves no trace is not \
             seen: at least.{incomplete}",
            count(overall.pull_requests),
            count(overall.plain_bots)
        ),
        &traces,
        Layout::new()
            .bar_mode(BarMode::Stack)
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(
                Axis::new()
                    .title("% of pull requests")
                    .range(vec![0.0, 100.0]),
            ),
        table,
    )
}

/// The AI-authored share of every team in every month.
pub(crate) fn adoption_heat_map(view: &View<'_>, adoption: &Adoption) -> Figure {
    let title = "AI-authored share by team and month";
    let months: BTreeSet<&str> = adoption
        .by_team_month
        .iter()
        .map(|cell| cell.month.as_str())
        .collect();
    let mut teams: BTreeMap<&str, BTreeMap<&str, &Group>> = BTreeMap::new();
    for cell in &adoption.by_team_month {
        teams
            .entry(&cell.team)
            .or_default()
            .insert(&cell.month, &cell.group);
    }
    if teams.is_empty() {
        return Figure::nothing(
            "heat-map",
            title,
            "There is no team with a dated pull request.",
        );
    }
    let months: Vec<String> = months.into_iter().map(ToOwned::to_owned).collect();
    let mut z: Vec<Vec<Option<f64>>> = Vec::new();
    let mut hover: Vec<Vec<String>> = Vec::new();
    let mut table = Table::new(&["Team", "Month", ">Pull requests", ">AI-authored (95 %)"]);
    for (team, cells) in &teams {
        let shown = |month: &String| {
            cells
                .get(month.as_str())
                .filter(|group| group.pull_requests >= FEWEST_SHOWN)
        };
        z.push(
            months
                .iter()
                .map(|month| {
                    shown(month)
                        .and_then(|group| group.of_all?.share)
                        .map(|share| share * 100.0)
                })
                .collect(),
        );
        hover.push(
            months
                .iter()
                .map(|month| match (cells.get(month.as_str()), shown(month)) {
                    (_, Some(group)) => format!(
                        "{team}, {month}: {} of {} pull requests",
                        proportion(group.of_all),
                        count(group.pull_requests)
                    ),
                    (Some(_), None) => {
                        format!("{team}, {month}: fewer than {FEWEST_SHOWN} pull requests")
                    }
                    (None, None) => format!("{team}, {month}: none"),
                })
                .collect(),
        );
        for month in &months {
            if let Some(group) = shown(month) {
                table.row(vec![
                    Cell::link(team, view.team_link(team)),
                    Cell::link(
                        month,
                        view.pull_requests_link(&[("team", team), ("opened", month)]),
                    ),
                    Cell::number(count(group.pull_requests)),
                    Cell::number(proportion(group.of_all)),
                ]);
            }
        }
    }
    let names: Vec<String> = teams.keys().map(|team| (*team).to_owned()).collect();
    let height = 130 + 30 * names.len().min(40) as u32;
    let trace = HeatMap::new(months, names, z)
        .text_matrix(hover)
        .hover_template("%{text}<extra></extra>")
        .zmin(0.0)
        .connect_gaps(false);
    Figure::plot(
        "heat-map",
        title,
        format!(
            "% of the team's pull requests opened in the month, at least; cells under {FEWEST_SHOWN} pull \
             requests are left blank. Intervals are in the table and on hover."
        ),
        &[trace],
        Layout::new()
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().type_(AxisType::Category)),
        table,
    )
    .height(height)
}

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
    let months: Vec<String> = adoption
        .by_month
        .iter()
        .map(|month| month.name.clone())
        .collect();
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for cell in adoption.tool_months.iter().filter(|cell| !cell.reviewed) {
        let tool = if wanted.contains(&cell.tool.as_str()) {
            cell.tool.as_str()
        } else {
            "others"
        };
        *counts.entry((tool, cell.month.as_str())).or_default() += cell.share.successes;
    }
    let has_others = counts.keys().any(|(tool, _)| *tool == "others");
    let series = wanted.iter().copied().chain(has_others.then_some("others"));
    let mut traces: Vec<Box<dyn Trace>> = Vec::new();
    for (tool, colour) in series.zip(colour::SERIES) {
        let values: Vec<u64> = months
            .iter()
            .map(|month| counts.get(&(tool, month.as_str())).copied().unwrap_or(0))
            .collect();
        traces.push(
            Scatter::new(months.clone(), values)
                .name(tool)
                .mode(Mode::Lines)
                .stack_group("tools")
                .marker(Marker::new().color(colour))
                .hover_template("%{y} pull requests"),
        );
    }
    let mut table = Table::new(&["Tool", ">Pull requests", ">Share of all (95 %)"]);
    for tool in &adoption.author_tools {
        table.row(vec![
            Cell::link(&tool.tool, view.pull_requests_link(&[("tool", &tool.tool)])),
            Cell::number(count(tool.pull_requests)),
            Cell::number(proportion(Some(tool.share))),
        ]);
    }
    Figure::plot(
        "tool-months",
        title,
        format!(
            "Pull requests a month; one with several tools counts for each. {} of all pull requests carry at \
             least one.",
            percent(adoption.overall.of_all.and_then(|of_all| of_all.share))
        ),
        &traces,
        Layout::new()
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().title("pull requests")),
        table,
    )
}
