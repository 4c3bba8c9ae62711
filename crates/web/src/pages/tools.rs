//! Tools: which, and how the mix shifts.

use maud::{Markup, html};

use crate::charts::{Cell, Table, tool_months};
use crate::view::View;
use crate::words::{count, proportion};

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let adoption = &view.report.adoption_by_created;
    let mut reviewers = Table::new(&["Tool", ">Pull requests", ">Share of all (95 %)"]);
    for tool in &adoption.review_tools {
        reviewers.row(vec![
            Cell::link(&tool.tool, view.pull_requests_link(&[("tool", &tool.tool)])),
            Cell::number(count(tool.pull_requests)),
            Cell::number(proportion(Some(tool.share))),
        ]);
    }
    html! {
        div.grid {
            div.wide { (tool_months(view, adoption)) }
            section.card.wide {
                h2 { "Tools that reviewed" }
                @if reviewers.is_empty() { p.note { "None was found." } } @else { (reviewers) }
            }
        }
    }
}
