//! The overview: the three questions, answered at the top.

use insights::Report;
use insights::advice::{Advice, TeamAdvice};
use insights::effects::EffectUnit;
use maud::{Markup, html};
use measures::Metric;

use super::contents;
use crate::charts::{
    Rows, adoption_by_month, adoption_heat_map, all_metrics, cycle_split, first_review, forest,
    linked, of_metric, quality, size_buckets, size_months, unseen_list, unseen_shares,
};
use crate::shown::At;
use crate::view::View;
use crate::words::name;

/// Insights that are named here; the page of insights has all.
const SHOWN: usize = 3;

/// The parts that the overview and the page of a team have in common.
pub(super) const PARTS: [(&str, &str); 5] = [
    ("adoption-part", "Adoption"),
    ("effect-part", "What it goes along with"),
    ("time-part", "Time"),
    ("quality-part", "Quality and size"),
    ("basis-part", "What this rests on"),
];

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let report = view.report;
    if report.pull_requests == 0 {
        return empty(view);
    }
    html! {
        (answers(view))
        (contents(&PARTS))
        (adoption_part(view))
        (effect_part(view))
        (time_part(view))
        (quality_part(view))
        div.grid {
            (top_insights(view))
            (basis(view))
        }
    }
}

/// Who wrote it, and where.
pub(super) fn adoption_part(view: &View<'_>) -> Markup {
    let adoption = &view.report.adoption_by_created;
    let has_teams = view.report.scope.team.is_none() && adoption.by_team.len() > 1;
    html! {
        h2.part id="adoption-part" { "Adoption" }
        div.grid {
            div.wide { (adoption_by_month(view, adoption)) }
            @if has_teams { div.wide { (adoption_heat_map(view, adoption)) } }
        }
    }
}

/// Effects, adjusted beside as they are.
pub(super) fn effect_part(view: &View<'_>) -> Markup {
    let report = view.report;
    let team = report.scope.team.as_deref();
    let durations = all_metrics("authorship", &report.authorship, team, EffectUnit::Ratio);
    let shares = all_metrics("authorship", &report.authorship, team, EffectUnit::Points);
    html! {
        h2.part id="effect-part" { "What AI goes along with" }
        p.note { "AI-authored against none detected. Associations, not causes." }
        div.grid {
            @if team.is_none() {
                div.wide { (forest(view, "cycle-forest", "Cycle time, team by team", Rows::Teams, &of_metric(report, Metric::Cycle))) }
            }
            (forest(view, "ratio-forest", "Durations, sizes and rounds", Rows::Metrics, &durations))
            (forest(view, "share-forest", "Shares", Rows::Metrics, &shares))
        }
    }
}

/// Where the time goes.
pub(super) fn time_part(view: &View<'_>) -> Markup {
    html! {
        h2.part id="time-part" { "Time" }
        p.note { "Is review getting slower, and where is the wait?" }
        div.grid {
            (cycle_split(view))
            (first_review(view))
        }
    }
}

/// Quality, size, and what nobody looked at.
pub(super) fn quality_part(view: &View<'_>) -> Markup {
    html! {
        h2.part id="quality-part" { "Quality and size" }
        div.grid {
            div.wide { (unseen_shares(view)) }
            (unseen_list(view))
            div.wide { (quality(view)) }
            (size_buckets(view))
            (size_months(view))
        }
    }
}

/// What is said while there is nothing.
fn empty(view: &View<'_>) -> Markup {
    let has_period = view.period.from.is_some() || view.period.to.is_some();
    html! {
        section.card.message {
            @if has_period {
                h2 { "No pull request was opened in these months" }
                @if let Some(address) = view.whole_link("/") { p { a href=(address) { "All months" } } }
            } @else {
                h2 { "There are no pull requests yet" }
                p { "Read some in, then find the AI in them:" }
                pre { code { "tandem import prs.jsonl.gz\ntandem sync --org acme\ntandem detect" } }
                p { "This page fills itself as soon as they are there." }
            }
        }
    }
}

/// The advice of all teams, the weightiest first, each with its place in the report.
fn ranked(report: &Report) -> Vec<(&TeamAdvice, &Advice, At)> {
    let at = At::report("advice").to("teams");
    let mut all: Vec<(&TeamAdvice, &Advice, At)> = Vec::new();
    for (place, team) in report.advice.teams.iter().enumerate() {
        for (rank, advice) in team.advice.iter().enumerate() {
            all.push((team, advice, at.to(place).to("advice").to(rank)));
        }
    }
    all.sort_by(|one, other| other.1.weight.total_cmp(&one.1.weight));
    all
}

/// The three questions with their uncertainty, in the words of the report.
pub(super) fn answers(view: &View<'_>) -> Markup {
    let at = At::report("answers");
    html! {
        div.answers {
            @for (index, answer) in view.report.answers.iter().enumerate() {
                @let at = at.to(index);
                section.card.answer {
                    h2 { (at.to("question").words(answer.question)) }
                    p.big { (at.to("headline").words(&answer.headline)) }
                    p { (at.to("sentence").words(&answer.sentence)) }
                    (behind(view, index))
                }
            }
        }
    }
}

/// What leads on from an answer.
fn behind(view: &View<'_>, index: usize) -> Markup {
    let (address, words) = match index {
        0 => (view.counted_link(&[("origin", "ai")]), "Those with a trace"),
        1 => (Some("#effect-part".to_owned()), "All comparisons"),
        _ => (view.link("/insights"), "All insights"),
    };
    html! { @if let Some(address) = address { p { a href=(address) { (words) } } } }
}

/// The weightiest advice.
fn top_insights(view: &View<'_>) -> Markup {
    let all = ranked(view.report);
    html! {
        section.card id="insights-part" {
            h2 { "Insights" }
            @if all.is_empty() { p.note { "No rule fires on the last full month." } }
            ul.plain {
                @for (team, advice, at) in all.iter().take(SHOWN) {
                    li { strong { (name(&team.team)) ": " (at.to("title").words(&advice.title)) } p { (at.to("next_step").sentence(&advice.next_step)) } }
                }
            }
            @if let Some(address) = view.link("/insights") { p { a href=(address) { "All insights" } } }
        }
    }
}

/// How fresh and how complete the data is.
pub(super) fn basis(view: &View<'_>) -> Markup {
    let report = view.report;
    let overall = &report.adoption_by_created.overall;
    let at = At::report("adoption_by_created").to("overall");
    html! {
        section.card id="basis-part" {
            h2 { "What this rests on" }
            dl.facts {
                dt { "Pull requests" } dd { (linked(view.counted_link(&[("bots", "")]), &At::report("pull_requests").count(report.pull_requests))) }
                dt { "Of plain bots, in no share" } dd { (linked(view.counted_link(&[("bots", "yes")]), &at.to("plain_bots").count(overall.plain_bots))) }
                dt { "Record does not tell" } dd { (at.to("unknown").count(overall.unknown)) }
                dt { "Not measured yet" } dd { (At::report("not_measured").count(report.not_measured)) @if report.not_measured > 0 { " (tandem detect)" } }
                dt { "Month that is not over" } dd { (report.current_month) }
                @if let Some(calendar) = &report.calendar { dt { "Clocks run" } dd { (calendar) } }
                @if let Some(basis) = view.basis {
                    @let rates = At::coverage("rates");
                    dt { "Analysed, of all" } dd { (rates.to("of_all").share(basis.coverage.rates.of_all)) }
                    dt { "Analysed, of those with a description" } dd { (rates.to("of_nonempty").share(basis.coverage.rates.of_nonempty)) }
                }
            }
            @if let Some(address) = view.link("/detection") { p { a href=(address) { "Coverage and detection" } } }
        }
    }
}
