//! Tools: which, and how the mix shifts.

use maud::{Markup, html};

use crate::charts::{tool_months, tool_table};
use crate::view::View;

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let adoption = &view.report.adoption_by_created;
    let authors = tool_table(view, "author_tools", &adoption.author_tools);
    let reviewers = tool_table(view, "review_tools", &adoption.review_tools);
    html! {
        div.grid {
            div.wide { (tool_months(view, adoption)) }
            section.card id="author-tools" {
                h2 { "Tools that wrote or helped to write" }
                @if authors.is_empty() { p.note { "None was found." } } @else { (authors) }
            }
            section.card id="review-tools" {
                h2 { "Tools that reviewed" }
                @if reviewers.is_empty() { p.note { "None was found." } } @else { (reviewers) }
            }
        }
    }
}
