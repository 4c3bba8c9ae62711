//! The heat map of teams and months.

use std::collections::{BTreeMap, BTreeSet};

use insights::adoption::{Adoption, Group};
use insights::wording::FEWEST_SHOWN;
use plotly::layout::{Axis, AxisType};
use plotly::{HeatMap, Layout};

use super::adoption::{incomplete_note, month_label};
use super::{Cell, Figure, Table};
use crate::shown::At;
use crate::view::View;
use crate::words::{chart_name, chart_names, count, proportion};

/// The most teams that are drawn; the table has all.
const MOST_DRAWN: usize = 40;

/// A team's cells by month, each with its place in the report.
type Row<'a> = BTreeMap<&'a str, (usize, &'a Group)>;

/// The AI-authored share of every team in every month. The team with the highest share stands on top.
pub(crate) fn adoption_heat_map(view: &View<'_>, adoption: &Adoption) -> Figure {
    let title = "AI-authored share by team and month";
    let cells = &adoption.by_team_month;
    let months: BTreeSet<&str> = cells.iter().map(|cell| cell.month.as_str()).collect();
    let months: Vec<&str> = months.into_iter().collect();
    let mut by_team: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let row = by_team.entry(&cell.team).or_default();
        row.insert(&cell.month, (index, &cell.group));
    }
    if by_team.is_empty() {
        return Figure::nothing(
            "heat-map",
            title,
            "There is no team with a dated pull request.",
        );
    }
    let share_of = |team: &str| {
        let named = adoption.by_team.iter().find(|named| named.name == team);
        named
            .and_then(|named| named.group.of_all?.share)
            .unwrap_or(0.0)
    };
    let mut teams: Vec<(&str, Row<'_>)> = by_team.into_iter().collect();
    teams.sort_by(|one, other| share_of(other.0).total_cmp(&share_of(one.0)));
    let drawn = teams.len().min(MOST_DRAWN);
    // The first row of a heat map is drawn at the bottom.
    let rows: Vec<_> = teams.iter().take(drawn).rev().collect();
    let shares = rows
        .iter()
        .map(|(_, row)| months.iter().map(|month| share_in(row, month)).collect())
        .collect::<Vec<Vec<Option<f64>>>>();
    let hover: Vec<Vec<String>> = rows
        .iter()
        .map(|(team, row)| {
            months
                .iter()
                .map(|month| hover_of(team, month, row))
                .collect()
        })
        .collect();
    let left_out = teams.len() - drawn;
    let more = if left_out > 0 {
        format!(" {left_out} teams with lower shares are in the table only.")
    } else {
        String::new()
    };
    let trace = HeatMap::new(
        (months.iter())
            .map(|month| month_label(adoption, month))
            .collect(),
        chart_names(rows.iter().map(|(team, _)| *team)),
        shares,
    )
    .text_matrix(hover)
    .hover_template("%{text}<extra></extra>")
    .zmin(0.0)
    .connect_gaps(false);
    Figure::plot(
        "heat-map",
        title,
        format!(
            "% of the team's pull requests opened in the month, at least; cells under {FEWEST_SHOWN} pull \
             requests are left blank. Intervals are in the table and on hover.{}{more}",
            incomplete_note(adoption)
        ),
        &[trace],
        Layout::new()
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().type_(AxisType::Category)),
        table(view, &months, &teams),
    )
    .height(130 + 30 * u32::try_from(drawn).unwrap_or(0))
}

/// The cell, if it may be shown.
fn shown<'a>(row: &Row<'a>, month: &str) -> Option<(usize, &'a Group)> {
    let (index, group) = row.get(month)?;
    group.may_be_told().then_some((*index, *group))
}

/// The share in percent.
fn share_in(row: &Row<'_>, month: &str) -> Option<f64> {
    let (_, group) = shown(row, month)?;
    Some(group.of_all?.share? * 100.0)
}

fn hover_of(team: &str, month: &str, row: &Row<'_>) -> String {
    let team = chart_name(team);
    match (row.get(month), shown(row, month)) {
        (_, Some((_, group))) => format!(
            "{team}, {month}: {} of {} pull requests",
            proportion(group.of_all),
            count(group.pull_requests)
        ),
        (Some(_), None) => format!("{team}, {month}: fewer than {FEWEST_SHOWN} pull requests"),
        (None, None) => format!("{team}, {month}: none"),
    }
}

fn table(view: &View<'_>, months: &[&str], teams: &[(&str, Row<'_>)]) -> Table {
    let at = At::report("adoption_by_created").to("by_team_month");
    let mut table = Table::new(&["Team", "Month", ">Pull requests", ">AI-authored (95 %)"]);
    for (team, row) in teams {
        for month in months {
            if let Some((index, group)) = shown(row, month) {
                let at = at.to(index);
                table.row(vec![
                    Cell::name(team, view.team_link(team)),
                    Cell::text(month),
                    Cell::number_link(
                        at.to("pull_requests").count(group.pull_requests),
                        view.counted_link(&[("team", team), ("opened", month)]),
                    ),
                    Cell::number_link(
                        at.to("of_all").proportion(group.of_all),
                        view.counted_link(&[("team", team), ("opened", month), ("origin", "ai")]),
                    ),
                ]);
            }
        }
    }
    table
}
