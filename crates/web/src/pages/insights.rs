//! Insights: what to do next, and what became of the advice before.

use insights::advice::{Advice, FollowUpOutcome, TeamAdvice};
use maud::{Markup, html};

use crate::view::View;
use crate::words::count;

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let advice = &view.report.advice;
    html! {
        p.lead { "As things stood when " (advice.month) " ended. Rules look at full months only and give the same advice however often they are asked." }
        @if advice.teams.is_empty() {
            section.card.message { p { "No rule of advice fires. Rules need a full month and enough pull requests; Methods has their definitions." } }
        }
        @for team in &advice.teams {
            section.team-advice {
                h2 { @if let Some(address) = view.team_link(&team.team) { a href=(address) { (team.team) } } @else { (team.team) } }
                div.grid { @for one in &team.advice { (piece(view, one)) } }
                (follow_up(team))
            }
        }
    }
}

fn piece(view: &View<'_>, advice: &Advice) -> Markup {
    html! {
        article.card.advice id=(advice.id) {
            h3 { (advice.title) @if advice.given_before { span.badge { "again" } } }
            p { (advice.statement) }
            p.next { strong { "Next: " } (advice.next_step) }
            p.note { strong { "What would change our mind: " } (advice.would_change_our_mind) }
            @if advice.pull_requests.total > 0 {
                details {
                    summary { (count(advice.pull_requests.total)) " pull requests behind it" }
                    ul.keys { @for key in &advice.pull_requests.newest {
                        li { @if let Some(address) = view.pull_request_link(key) { a href=(address) { (key) } } @else { (key) } }
                    } }
                }
            }
        }
    }
}

fn follow_up(team: &TeamAdvice) -> Markup {
    if team.follow_up.is_empty() {
        return html! {};
    }
    html! {
        details.card {
            summary { "What became of the advice of the month before (" (team.follow_up.len()) ")" }
            ul.plain { @for one in &team.follow_up {
                li {
                    strong { (one.title) } " "
                    span.badge { (match one.outcome {
                        FollowUpOutcome::StillHolds => "still holds",
                        FollowUpOutcome::NoLongerHolds => "no longer holds",
                        FollowUpOutcome::CannotTell => "cannot tell",
                    }) }
                    p { "Then: " (one.then) }
                    @if let Some(now) = &one.now { p { "Now: " (now) } }
                }
            } }
        }
    }
}
