//! The overview: the three questions, answered at the top.

use insights::Report;
use insights::effects::{Comparison, Finding};
use maud::{Markup, html};
use measures::Metric;

use crate::charts::{adoption_by_month, adoption_heat_map, forest};
use crate::view::View;
use crate::words::{count, percent, proportion};

/// Insights that are named here; the page of insights has all.
const SHOWN: usize = 3;

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    let report = view.report;
    if report.pull_requests == 0 {
        return empty();
    }
    let cycle = of(report, Metric::Cycle);
    html! {
        (answers(view))
        div.grid {
            div.wide { (adoption_by_month(view, &report.adoption_by_created)) }
            @if report.scope.team.is_none() && report.adoption_by_created.by_team.len() > 1 {
                div.wide { (adoption_heat_map(view, &report.adoption_by_created)) }
            }
            div.wide { (forest(view, "cycle-forest", "Cycle time: AI-authored against none detected", &cycle)) }
            (top_insights(view))
            (freshness(report))
        }
    }
}

/// All comparisons of a metric, all together first.
pub(super) fn of(report: &Report, metric: Metric) -> Vec<&Comparison> {
    report
        .authorship
        .iter()
        .filter(|one| one.metric == metric)
        .collect()
}

/// What is said while there is nothing.
fn empty() -> Markup {
    html! {
        section.card.message {
            h2 { "There are no pull requests yet" }
            p { "Read some in, then find the AI in them:" }
            pre { code { "tandem import prs.jsonl.gz\ntandem sync --org acme\ntandem detect" } }
            p { "This page fills itself as soon as they are there." }
        }
    }
}

/// The three questions with their uncertainty.
fn answers(view: &View<'_>) -> Markup {
    let report = view.report;
    let overall = &report.adoption_by_created.overall;
    let cycle = of(report, Metric::Cycle);
    let together = cycle.iter().find(|one| one.team.is_none());
    let advice: usize = report
        .advice
        .teams
        .iter()
        .map(|team| team.advice.len())
        .sum();
    let weightiest = report
        .advice
        .teams
        .iter()
        .filter_map(|team| Some((team, team.advice.first()?)))
        .max_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight));
    html! {
        div.answers {
            section.card.answer {
                h2 { "How much is made with AI?" }
                p.big { "at least " (percent(overall.of_all.and_then(|of_all| of_all.share))) }
                p { (proportion(overall.of_all)) " of " (count(overall.pull_requests))
                    " pull requests carry a trace of an AI author; AI reviewed "
                    (percent(overall.reviewed_of_all.and_then(|reviewed| reviewed.share))) "." }
            }
            section.card.answer {
                h2 { "What does it go along with?" }
                @if let Some(one) = together {
                    p.big { (headline(one)) }
                    p { (one.sentence) "." }
                    @if one.simpson.is_some() {
                        p.warning { "Pooled and adjusted figures point in opposite directions: where AI is used differs from where it is not." }
                    }
                } @else { p { "Nothing was compared." } }
            }
            section.card.answer {
                h2 { "What to do next?" }
                @if let Some((team, one)) = weightiest {
                    p.big { (one.title) }
                    p { strong { (team.team) } ": " (one.statement) }
                    @if let Some(address) = view.link("/insights") {
                        p { a href=(address) { "All " (advice) " pieces of advice" } }
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
fn headline(one: &Comparison) -> String {
    match (one.finding, one.headline) {
        (Finding::NotEnoughData, _) | (_, None) => "not enough data".to_owned(),
        (Finding::NoMeaningfulChange, Some(_)) => "no difference".to_owned(),
        (_, Some(headline)) => format!(
            "{} {}",
            insights::wording::effect_text(one.unit, headline.value),
            insights::wording::finding_words(one.metric, one.finding)
        ),
    }
}

/// The weightiest advice of each team.
fn top_insights(view: &View<'_>) -> Markup {
    let mut all: Vec<_> = view
        .report
        .advice
        .teams
        .iter()
        .flat_map(|team| team.advice.iter().map(move |advice| (team, advice)))
        .collect();
    all.sort_by(|(_, one), (_, other)| other.weight.total_cmp(&one.weight));
    html! {
        section.card {
            h2 { "Insights" }
            @if all.is_empty() { p.note { "No rule fires on the last full month." } }
            ul.plain {
                @for (team, advice) in all.iter().take(SHOWN) {
                    li { strong { (team.team) ": " (advice.title) } p { (advice.next_step) } }
                }
            }
            @if let Some(address) = view.link("/insights") { p { a href=(address) { "All insights" } } }
        }
    }
}

/// How fresh and how complete the data is.
fn freshness(report: &Report) -> Markup {
    let overall = &report.adoption_by_created.overall;
    html! {
        section.card {
            h2 { "What this rests on" }
            dl.facts {
                dt { "Pull requests" } dd { (count(report.pull_requests)) }
                dt { "Of plain bots, in no share" } dd { (count(overall.plain_bots)) }
                dt { "Record does not tell" } dd { (count(overall.unknown)) }
                dt { "Not measured yet" } dd { (count(report.not_measured)) @if report.not_measured > 0 { " (tandem detect)" } }
                dt { "Month that is not over" } dd { (report.current_month) }
                @if let Some(calendar) = report.calendar { dt { "Clocks run" } dd { (calendar) } }
            }
        }
    }
}
