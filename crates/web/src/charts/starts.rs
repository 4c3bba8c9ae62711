//! Who has started, who leads.

use insights::questions::TeamStart;
use plotly::Layout;
use plotly::layout::Axis;

use super::effects::{Point, Series, forest_height, forest_traces, row_axis};
use super::{Cell, Figure, Table, colour};
use crate::shown::At;
use crate::view::View;
use crate::words::chart_name;
use insights::effects::EffectUnit;

/// The most teams that are drawn; the table has all.
const MOST_DRAWN: usize = 40;

/// Teams in order of their share of late, with when they adopted.
pub(crate) fn team_ranks(view: &View<'_>) -> Figure {
    let title = "Who has started, who leads";
    let starts = &view.report.questions.starts;
    if starts.is_empty() {
        return Figure::nothing("team-ranks", title, "No team has a complete month yet.");
    }
    let drawn: Vec<&TeamStart> = starts.iter().take(MOST_DRAWN).collect();
    let points = |pick: fn(&TeamStart) -> &stats::Proportion| {
        (drawn.iter().enumerate())
            .filter_map(|(row, start)| {
                let share = pick(start);
                Some((
                    row,
                    Point::new(share.share?, share.interval?, EffectUnit::Points),
                ))
            })
            .collect()
    };
    let all = [
        Series {
            name: "first three months",
            colour: colour::NONE,
            size: 7,
            shift: 0.16,
            points: points(|start| &start.first_months),
        },
        Series {
            name: "last three months",
            colour: colour::AGENT,
            size: 11,
            shift: -0.16,
            points: points(|start| &start.last_months),
        },
    ];
    let names: Vec<String> = drawn
        .iter()
        .map(|start| match &start.adopted {
            Some(month) if start.may_be_earlier => {
                format!("{} (by {month})", chart_name(&start.team))
            }
            Some(month) => format!("{} (since {month})", chart_name(&start.team)),
            None => format!("{} (not yet)", chart_name(&start.team)),
        })
        .collect();
    Figure::plot(
        "team-ranks",
        title,
        "AI-authored share of the team's pull requests, at least, with 95 % interval; complete months only. In \
         brackets the adoption month: the first of two in a row with at least 10 %.",
        &forest_traces(&all, EffectUnit::Points),
        Layout::new()
            .x_axis(Axis::new().title("% of pull requests").range(vec![0.0, 100.0]))
            .y_axis(row_axis(&names)),
        table(view, starts),
    )
    .height(forest_height(names.len()))
}

fn table(view: &View<'_>, starts: &[TeamStart]) -> Table {
    let at = At::report("questions").to("starts");
    let mut table = Table::new(&[
        "Team",
        "Adopted",
        "First seen",
        ">First three months (95 %)",
        ">Last three months (95 %)",
        ">Change",
        ">Quartile of change",
    ]);
    for (index, start) in starts.iter().enumerate() {
        let at = at.to(index);
        let adopted = match &start.adopted {
            Some(month) if start.may_be_earlier => format!("{month} or earlier"),
            Some(month) => month.clone(),
            None => "not yet".to_owned(),
        };
        table.row(vec![
            Cell::name(&start.team, view.team_link(&start.team)),
            Cell::text(adopted),
            Cell::text(start.first_seen.as_deref().unwrap_or("–")),
            Cell::number(at.to("first_months").proportion(Some(start.first_months))),
            Cell::number(at.to("last_months").proportion(Some(start.last_months))),
            Cell::number(at.to("change").effect(EffectUnit::Points, start.change)),
            Cell::number(
                at.to("quartile_of_change")
                    .decimal(start.quartile_of_change.map(f64::from), 0),
            ),
        ]);
    }
    table
}
