//! Tools: which, and how the mix shifts.

use insights::effects::EffectUnit;
use insights::questions::EventKind;
use maud::{Markup, html};

use super::contents;
use crate::charts::{
    Rows, all_metrics, event_studies, forest, merge_curves, outcomes, tool_months, tool_table,
    work_matrices,
};
use crate::shown::At;
use crate::view::View;

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let adoption = &view.report.adoption_by_created;
    let authors = tool_table(view, "author_tools", &adoption.author_tools);
    let reviewers = tool_table(view, "review_tools", &adoption.review_tools);
    let report = view.report;
    let team = report.scope.team.as_deref();
    let review = all_metrics("review", &report.review, team, EffectUnit::Ratio);
    let latency = report.questions.bot_latency;
    let at = At::report("questions").to("bot_latency");
    html! {
        (contents(&[("mix-part", "Mix"), ("ending-part", "Outcomes"), ("work-part", "Work"), ("review-part", "AI review")]))
        div.grid id="mix-part" {
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
        h2.part id="ending-part" { "Is AI work abandoned?" }
        div.grid { (outcomes(view)) (merge_curves(view)) }
        h2.part id="work-part" { "Which work suits AI?" }
        div.grid { @for matrix in work_matrices(view) { div.wide { (matrix) } } }
        h2.part id="review-part" { "Does AI review help?" }
        p.note { "Event studies: each repository before and after its first AI reviewer, against repositories that had none yet; below, pull requests reviewed by AI against the others." }
        div.grid {
            (event_studies(view, EventKind::AiReviewIntroduced))
            section.card id="bot-latency" {
                h2 { "How fast bots answer" }
                @match latency {
                    Some(latency) => {
                        p.big { (at.to("seconds").seconds(Some(latency.seconds))) }
                        p { "median from ready to the first word of a bot, n = " (at.to("n").count(latency.n)) ". Never mixed with the time to the first look by a person." }
                    }
                    None => p.note { "Not enough data: fewer than five pull requests with a bot's answer." },
                }
            }
            div.wide { (forest(view, "review-forest", "Reviewed by AI against not", Rows::Metrics, &review)) }
        }
    }
}
