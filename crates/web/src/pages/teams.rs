//! Teams: all beside each other, and one by itself.

use maud::{Markup, html};

use super::{contents, overview};
use crate::charts::{Cell, Table, tool_months};
use crate::shown::At;
use crate::view::View;

/// All teams.
pub(crate) fn list(view: &View<'_>) -> Markup {
    let at = At::report("adoption_by_created").to("by_team");
    let mut table = Table::new(&[
        "Team",
        ">Pull requests",
        ">AI-authored, at least (95 %)",
        ">Reviewed by AI (95 %)",
        ">Plain bots",
    ]);
    for (index, team) in view.report.adoption_by_created.by_team.iter().enumerate() {
        let at = at.to(index);
        table.row(vec![
            Cell::link(&team.name, view.team_link(&team.name)),
            Cell::number(at.to("pull_requests").count(team.group.pull_requests)),
            Cell::number(at.to("of_all").proportion(team.group.of_all)),
            Cell::number(
                at.to("reviewed_of_all")
                    .proportion(team.group.reviewed_of_all),
            ),
            Cell::number(at.to("plain_bots").count(team.group.plain_bots)),
        ]);
    }
    html! {
        section.card id="team-list" { h2 { "All teams" } @if table.is_empty() { p.note { "There are none yet." } } @else { (table) } }
    }
}

/// One team.
pub(crate) fn one(view: &View<'_>) -> Markup {
    let report = view.report;
    let team = report.scope.team.as_deref().unwrap_or_default();
    html! {
        (overview::answers(view))
        (contents(&[("adoption-part", "Adoption"), ("effect-part", "What it goes along with"), ("tools-part", "Tools"), ("basis-part", "What this rests on")]))
        @if let Some(address) = view.pull_requests_link(&[("team", team)]) {
            p { a.button.quiet href=(address) { "Its pull requests" } }
        }
        (overview::adoption_part(view))
        (overview::effect_part(view))
        h2.part id="tools-part" { "Tools" }
        div.grid {
            div.wide { (tool_months(view, &report.adoption_by_created)) }
            div.wide { (overview::basis(view)) }
        }
    }
}
