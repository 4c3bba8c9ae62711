//! Teams: all beside each other, and one by itself.

use insights::questions::EventKind;
use maud::{Markup, html};

use super::{contents, overview};
use crate::charts::{
    Cell, Table, event_studies, load_card, merge_curves, outcomes, reviewer_load, team_ranks,
    tool_months, work_matrices,
};
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
        let counted = |filter: &[(&str, &str)]| {
            let mut pairs = vec![("team", team.name.as_str())];
            pairs.extend(filter);
            view.counted_link(&pairs)
        };
        table.row(vec![
            Cell::name(&team.name, view.team_link(&team.name)),
            Cell::number_link(
                at.to("pull_requests").count(team.group.pull_requests),
                counted(&[]),
            ),
            Cell::number_link(
                at.to("of_all").proportion(team.group.of_all),
                counted(&[("origin", "ai")]),
            ),
            Cell::number_link(
                at.to("reviewed_of_all")
                    .proportion(team.group.reviewed_of_all),
                counted(&[("reviewed", "yes")]),
            ),
            Cell::number_link(
                at.to("plain_bots").count(team.group.plain_bots),
                counted(&[("bots", "yes")]),
            ),
        ]);
    }
    let chapters = view
        .chapters()
        .filter(|chapters| *chapters < view.report.adoption_by_created.by_team.len());
    html! {
        (contents(&[("start-part", "Who has started"), ("load-part", "Reviewers"), ("change-part", "What changed"), ("team-list", "All teams")]))
        div.grid id="start-part" { div.wide { (team_ranks(view)) } }
        (load_part(view))
        h2.part id="change-part" { "Did things change when teams adopted AI?" }
        p.note { "Event studies: each team before and after its start, against teams that had not started yet. A team counts only with three complete months before." }
        div.grid { (event_studies(view, EventKind::AiAdopted)) }
        h2.part { "All teams" }
        @if let Some(chapters) = chapters {
            p.note { "The " (chapters) " teams with the most pull requests have a chapter each; tandem report --team NAME makes the report of another." }
        }
        div.grid {
            section.card.wide id="team-list" { h2 { "Teams by name" } @if table.is_empty() { p.note { "There are none yet." } } @else { (table) } }
        }
    }
}

/// Whether reviewers keep up.
fn load_part(view: &View<'_>) -> Markup {
    html! {
        h2.part id="load-part" { "Reviewers" }
        div.grid {
            div.wide { (reviewer_load(view)) }
            div.wide { (load_card(view)) }
        }
    }
}

/// One team.
pub(crate) fn one(view: &View<'_>) -> Markup {
    let report = view.report;
    let team = report.scope.team.as_deref().unwrap_or_default();
    html! {
        (overview::answers(view))
        (contents(&overview::PARTS))
        @if let Some(address) = view.pull_requests_link(&[("team", team)]) {
            p { a.button.quiet href=(address) { "Its pull requests" } }
        }
        (overview::adoption_part(view))
        (overview::effect_part(view))
        (overview::time_part(view))
        (load_part(view))
        (overview::quality_part(view))
        h2.part id="tools-part" { "Tools" }
        div.grid {
            div.wide { (tool_months(view, &report.adoption_by_created)) }
            (outcomes(view))
            (merge_curves(view))
            @for matrix in work_matrices(view) { div.wide { (matrix) } }
            div.wide { (overview::basis(view)) }
        }
    }
}
