//! Teams: all beside each other, and one by itself.

use maud::{Markup, html};
use measures::Metric;

use super::overview;
use crate::charts::{Cell, Table, adoption_by_month, forest, tool_months};
use crate::view::View;
use crate::words::{count, proportion};

/// All teams.
pub(crate) fn list(view: &View<'_>) -> Markup {
    let mut table = Table::new(&[
        "Team",
        ">Pull requests",
        ">AI-authored, at least (95 %)",
        ">Reviewed by AI (95 %)",
        ">Plain bots",
    ]);
    for team in &view.report.adoption_by_created.by_team {
        table.row(vec![
            Cell::link(&team.name, view.team_link(&team.name)),
            Cell::number(count(team.group.pull_requests)),
            Cell::number(proportion(team.group.of_all)),
            Cell::number(proportion(team.group.reviewed_of_all)),
            Cell::number(count(team.group.plain_bots)),
        ]);
    }
    html! {
        section.card { h2 { "Teams" } @if table.is_empty() { p.note { "There are none yet." } } @else { (table) } }
    }
}

/// One team.
pub(crate) fn one(view: &View<'_>) -> Markup {
    let report = view.report;
    let cycle = overview::of(report, Metric::Cycle);
    let pickup = overview::of(report, Metric::Pickup);
    html! {
        div.grid {
            div.wide { (adoption_by_month(view, &report.adoption_by_created)) }
            div.wide { (tool_months(view, &report.adoption_by_created)) }
            div.wide { (forest(view, "cycle-forest", "Cycle time: AI-authored against none detected", &cycle)) }
            div.wide { (forest(view, "pickup-forest", "Pickup time: AI-authored against none detected", &pickup)) }
        }
    }
}
