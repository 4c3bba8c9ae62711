//! The overview: the three questions, answered at the top.

use insights::Report;
use insights::advice::{Advice, TeamAdvice};
use insights::effects::{Comparison, EffectUnit, Finding};
use insights::wording::finding_words;
use maud::{Markup, html};
use measures::Metric;

use super::contents;
use crate::charts::{
    Compared, Rows, adoption_by_month, adoption_heat_map, all_metrics, cycle_split, first_review,
    forest, of_metric, quality, size_buckets, size_months, unseen_list, unseen_shares,
};
use crate::shown::At;
use crate::view::View;

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

/// The three questions with their uncertainty.
pub(super) fn answers(view: &View<'_>) -> Markup {
    let report = view.report;
    let overall = &report.adoption_by_created.overall;
    let at = At::report("adoption_by_created").to("overall");
    let cycle = of_metric(report, Metric::Cycle);
    let together = cycle.iter().find(|compared| compared.one.team.is_none());
    let advice = ranked(report);
    html! {
        div.answers {
            section.card.answer {
                h2 { "How much is made with AI?" }
                p.big { "at least " (at.to("of_all").share_of(overall.of_all)) }
                p { (at.to("of_all").proportion(overall.of_all)) " of " (at.to("pull_requests").count(overall.pull_requests))
                    " pull requests carry a trace of an AI author; AI reviewed "
                    (at.to("reviewed_of_all").share_of(overall.reviewed_of_all)) "." }
            }
            section.card.answer {
                h2 { "What does it go along with?" }
                @if let Some(Compared { one, at }) = together {
                    p.big { (headline(one, at)) }
                    p { (at.to("sentence").sentence(&one.sentence)) }
                    @if one.simpson.is_some() {
                        p.warning { "Pooled and adjusted figures point in opposite directions: where AI is used differs from where it is not." }
                    }
                } @else { p { "Nothing was compared." } }
            }
            section.card.answer {
                h2 { "What to do next?" }
                @if let Some((team, one, at)) = advice.first() {
                    p.big { (at.to("title").words(&one.title)) }
                    p { strong { (team.team) } ": " (at.to("statement").sentence(&one.statement)) }
                    @if let Some(address) = view.link("/insights") {
                        p { a href=(address) { "All insights (" (advice.len()) ")" } }
                    }
                } @else {
                    p.big { "Nothing urgent" }
                    p { "No rule of advice fires on the last full month (" (report.advice.month) "). Rules need a full month and enough pull requests." }
                }
            }
        }
    }
}

/// The effect in large letters, or that there is none to tell.
fn headline(one: &Comparison, at: &At) -> Markup {
    match (one.finding, one.headline) {
        (Finding::NotEnoughData, _) if one.is_unconfirmed() => html! { "not confirmed" },
        (Finding::NotEnoughData, _) | (_, None) => html! { "not enough data" },
        (Finding::NoMeaningfulChange, Some(_)) => html! { "no difference" },
        (_, Some(headline)) => html! {
            (at.to("headline/value").effect(one.unit, Some(headline.value))) " " (finding_words(one))
        },
    }
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
                    li { strong { (team.team) ": " (at.to("title").words(&advice.title)) } p { (at.to("next_step").sentence(&advice.next_step)) } }
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
                dt { "Pull requests" } dd { (At::report("pull_requests").count(report.pull_requests)) }
                dt { "Of plain bots, in no share" } dd { (at.to("plain_bots").count(overall.plain_bots)) }
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
