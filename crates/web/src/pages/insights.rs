//! Insights: what to do next, and what became of the advice before.

use insights::advice::{Advice, FollowUp, FollowUpOutcome, TeamAdvice};
use insights::wording::ADVICE_LOOKS_AT;
use maud::{Markup, html};

use crate::shown::At;
use crate::view::View;
use crate::words::name;

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let advice = &view.report.advice;
    let at = At::report("advice").to("teams");
    html! {
        p.lead { "As things stood when " (advice.month) " ended. " (ADVICE_LOOKS_AT) " Rules give the same advice however often they are asked. At most five for a team, the weightiest first." }
        @if advice.teams.is_empty() {
            section.card.message {
                h2 { "Nothing to advise" }
                p { "No rule fires. Rules need a full month and enough pull requests; Methods has their definitions." }
            }
        }
        (summary(view))
        @for (place, team) in advice.teams.iter().enumerate() {
            @let at = at.to(place);
            section.team-advice id={ "team-" (place) } {
                h2.part { @if let Some(address) = view.team_link(&team.team) { a href=(address) { (name(&team.team)) } } @else { (name(&team.team)) } }
                @if team.advice.is_empty() { p.note { "Nothing new; what was advised before is followed up below." } }
                div.grid {
                    @for (rank, one) in team.advice.iter().enumerate() { (piece(view, one, &at.to("advice").to(rank))) }
                    (follow_up(team, &at.to("follow_up")))
                }
            }
        }
    }
}

/// How many there are, and what became of those before.
fn summary(view: &View<'_>) -> Markup {
    let teams = &view.report.advice.teams;
    let given: usize = teams.iter().map(|team| team.advice.len()).sum();
    let followed: Vec<&FollowUp> = teams.iter().flat_map(|team| &team.follow_up).collect();
    let of = |outcome| followed.iter().filter(|one| one.outcome == outcome).count();
    if teams.is_empty() {
        return html! {};
    }
    html! {
        section.card id="follow-up" {
            h2 { "Follow-up" }
            p { (given) " pieces of advice now. Of the " (followed.len()) " of the month before, "
                (of(FollowUpOutcome::StillHolds)) " still hold, " (of(FollowUpOutcome::NoLongerHolds)) " no longer hold, and of "
                (of(FollowUpOutcome::CannotTell)) " there is too little to say." }
        }
    }
}

fn piece(view: &View<'_>, advice: &Advice, at: &At) -> Markup {
    html! {
        article.card.advice id=(advice.id) {
            h3 { (at.to("title").words(&advice.title)) @if advice.given_before { span.badge { "again" } } }
            p { (at.to("statement").sentence(&advice.statement)) }
            p.next { strong { "Next: " } (at.to("next_step").sentence(&advice.next_step)) }
            p.note { strong { "What would change our mind: " } (at.to("would_change_our_mind").sentence(&advice.would_change_our_mind)) }
            @if advice.pull_requests.total > 0 {
                details {
                    summary { (at.to("pull_requests/total").count(advice.pull_requests.total)) " pull requests behind it" }
                    ul.keys { @for key in &advice.pull_requests.newest {
                        li { @if let Some(address) = view.pull_request_link(key) { a href=(address) { (name(key)) } } @else { (name(key)) } }
                    } }
                }
            }
        }
    }
}

fn follow_up(team: &TeamAdvice, at: &At) -> Markup {
    if team.follow_up.is_empty() {
        return html! {};
    }
    html! {
        section.card.follow-up {
            h3 { "What became of the advice of the month before" }
            ul.plain { @for (index, one) in team.follow_up.iter().enumerate() {
                @let at = at.to(index);
                li {
                    strong { (at.to("title").words(&one.title)) }
                    span.badge { (outcome_words(one.outcome)) }
                    p { "Then: " (at.to("then").sentence(&one.then)) }
                    @if let Some(now) = &one.now { p { "Now: " (at.to("now").sentence(now)) } }
                }
            } }
        }
    }
}

fn outcome_words(outcome: FollowUpOutcome) -> &'static str {
    match outcome {
        FollowUpOutcome::StillHolds => "still holds",
        FollowUpOutcome::NoLongerHolds => "no longer holds",
        FollowUpOutcome::CannotTell => "cannot tell",
    }
}
