//! Coverage and detection: what was looked at, what was found, and how far it can be trusted.

mod labels;

use insights::effects::{Comparison, Step};
use maud::{Markup, html};
use measures::Metric;
use store::{AnalysisOrigin, Coverage};

use super::contents;
use crate::charts::{Cell, Table, evidence_mix, linked, sensitivity};
use crate::shown::At;
use crate::source::Basis;
use crate::view::View;
use crate::words::sentence_case;

/// Metrics whose sensitivity is shown.
const TRIED: [Metric; 2] = [Metric::Cycle, Metric::Pickup];

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    html! {
        p.lead { "Can the detection be trusted, and the claims made from it? What is found is a lower bound: a trace proves AI, and no trace proves nothing." }
        (contents(&[("coverage", "Coverage"), ("detection-part", "Detection"), ("truth", "Precision and recall"), ("sensitivity-part", "Sensitivity"), ("exclusions", "Exclusions")]))
        @match view.basis {
            Some(basis) => (coverage(view, &basis.coverage)),
            None => section.card.message { p { "Coverage is being counted." } },
        }
        h2.part id="detection-part" { "Detection" }
        p.note { "Over the whole database, whatever team and months are chosen above." }
        div.grid {
            @if let Some(Basis { evidence, .. }) = view.basis { div.wide { (evidence_mix(view, evidence)) } }
        }
        div.grid.thirds { (left_out(view)) }
        @if let Some(basis) = view.basis { (labels::card(view, &basis.labels)) }
        (sensitivity_part(view))
        (exclusions(view))
    }
}

/// How many have a current analysis: both denominators.
fn coverage(view: &View<'_>, coverage: &Coverage) -> Markup {
    let at = |field: &str| At::coverage(field);
    let mut teams = Table::new(&[
        "Team",
        ">All",
        ">Analysed",
        ">Of all",
        ">Of those with a description",
        ">Wait",
        ">Stale",
        ">Quarantined",
    ]);
    for (index, team) in coverage.by_team.iter().enumerate() {
        let at = at("by_team").to(index);
        teams.row(vec![
            Cell::name(&team.team, view.team_link(&team.team)),
            Cell::number(at.to("total").count(team.total)),
            Cell::number(at.to("analyzed").count(team.analyzed)),
            Cell::number(at.to("rates/of_all").share(team.rates.of_all)),
            Cell::number(at.to("rates/of_nonempty").share(team.rates.of_nonempty)),
            Cell::number(at.to("waiting").count(team.waiting)),
            Cell::number(at.to("stale").count(team.stale)),
            Cell::number(at.to("quarantined").count(team.quarantined)),
        ]);
    }
    let mut tiers = Table::new(&["Tier", "Answered by", ">Analyses"]);
    for (index, tier) in coverage.by_tier.iter().enumerate() {
        let (name, by) = match tier.origin {
            AnalysisOrigin::Rules => ("rules".to_owned(), "no model was asked".to_owned()),
            AnalysisOrigin::Model => (
                tier.tier.to_string(),
                format!("{}:{}", tier.provider, tier.model),
            ),
        };
        tiers.row(vec![
            Cell::text(name),
            Cell::text(by),
            Cell::number(at("by_tier").to(index).to("analyzed").count(tier.analyzed)),
        ]);
    }
    html! {
        div.answers id="coverage" {
            section.card.answer {
                h2 { "Analysed, of all pull requests" }
                p.big { (at("rates/of_all").share(coverage.rates.of_all)) }
                p { (at("analyzed").count(coverage.analyzed)) " of " (at("total").count(coverage.total)) " have a current analysis." }
            }
            section.card.answer {
                h2 { "Analysed, of those with a description" }
                p.big { (at("rates/of_nonempty").share(coverage.rates.of_nonempty)) }
                p { (at("empty_body").count(coverage.empty_body)) " have an empty description; they are analysed from title, commits and files." }
            }
            section.card.answer {
                h2 { "Why the others have none" }
                dl.facts {
                    dt { "Wait to be asked" } dd { (at("waiting").count(coverage.waiting)) }
                    dt { "Changed since" } dd { (at("stale").count(coverage.stale)) }
                    dt { "Given up on" } dd { (at("quarantined").count(coverage.quarantined)) }
                }
            }
        }
        div.grid {
            section.card.wide { h2 { "By team" } @if teams.is_empty() { p.note { "There are no pull requests yet." } } @else { (teams) } }
            section.card.wide { h2 { "By who answered" } @if tiers.is_empty() { p.note { "Nothing was analysed yet: tandem analyze, or tandem batch." } } @else { (tiers) } }
        }
    }
}

/// Verdicts and how sure they are; what no share and no clock counts.
fn left_out(view: &View<'_>) -> Markup {
    let card = &view.report.questions.detection;
    let of_card = At::report("questions").to("detection");
    let report = view.report;
    let overall = &report.adoption_by_created.overall;
    let at = At::report("adoption_by_created").to("overall");
    let of_origin = |origin| view.counted_link(&[("origin", origin)]);
    let sure = |word| view.counted_link(&[("origin", "ai"), ("confidence", word)]);
    html! {
        section.card id="verdicts" {
            h2 { "Verdicts" }
            dl.facts {
                dt { "Agent" } dd { (linked(of_origin("agent"), &at.to("agent").count(overall.agent))) }
                dt { "Assisted" } dd { (linked(of_origin("assisted"), &at.to("assisted").count(overall.assisted))) }
                dt { "None detected" } dd { (linked(of_origin("none_detected"), &at.to("none_detected").count(overall.none_detected))) " (not \"human\")" }
                dt { "Unknown" } dd { (of_card.to("unknown").count(card.unknown)) }
                dt { "Not looked at yet" } dd { (of_card.to("not_detected_yet").count(card.not_detected_yet)) }
                dt { "Plain bots, in no share" } dd { (linked(view.counted_link(&[("bots", "yes")]), &of_card.to("plain_bots").count(card.plain_bots))) }
                dt { "Not measured, in no clock" } dd { (of_card.to("not_measured").count(card.not_measured)) }
                dt { "Person not known" } dd { (of_card.to("without_person").count(card.without_person)) }
            }
        }
        section.card id="confidence" {
            h2 { "How sure the verdicts with AI are" }
            dl.facts {
                dt { "Hard: 0.95 and more" } dd { (linked(sure("hard"), &of_card.to("with_ai/hard").count(card.with_ai.hard))) " by an account or an exact trailer" }
                dt { "Firm: 0.80 to 0.95" } dd { (linked(sure("firm"), &of_card.to("with_ai/firm").count(card.with_ai.firm))) }
                dt { "Soft: below 0.80" } dd { (linked(sure("soft"), &of_card.to("with_ai/soft").count(card.with_ai.soft))) " by a model's word or a soft sign" }
            }
        }
    }
}

fn sensitivity_part(view: &View<'_>) -> Markup {
    html! {
        h2.part id="sensitivity-part" { "Sensitivity" }
        p.note { "The effect on all teams together under other definitions: who counts as AI, which merges, which hours, whose reviews." }
        div.grid {
            @for (metric, id) in TRIED.into_iter().zip(["sensitivity-cycle", "sensitivity-pickup"]) {
                @for (index, one) in of(&view.report.authorship, metric).enumerate().take(1) {
                    div.wide { (sensitivity(id, one, index)) }
                }
            }
        }
    }
}

fn of(comparisons: &[Comparison], metric: Metric) -> impl Iterator<Item = &Comparison> {
    (comparisons.iter()).filter(move |one| one.metric == metric)
}

/// From all pull requests to those compared, metric by metric.
fn exclusions(view: &View<'_>) -> Markup {
    let at = At::report("authorship");
    let mut seen: Vec<Metric> = Vec::new();
    let mut tables: Vec<(Metric, Table)> = Vec::new();
    for (index, one) in view.report.authorship.iter().enumerate() {
        if seen.contains(&one.metric)
            || one.team
                != view
                    .report
                    .authorship
                    .first()
                    .and_then(|first| first.team.clone())
        {
            continue;
        }
        seen.push(one.metric);
        let mut table = Table::new(&["Step", ">Pull requests left"]);
        for (place, Step { what, n }) in one.steps.iter().enumerate() {
            let at = at.to(index).to("steps").to(place);
            table.row(vec![
                Cell::text(at.to("what").words(what)),
                Cell::number(at.to("n").count(*n)),
            ]);
        }
        tables.push((one.metric, table));
    }
    html! {
        h2.part id="exclusions" { "Exclusions" }
        p.note { "How many pull requests are left at each step, from all of the scope to those compared." }
        div.grid {
            @for (metric, table) in &tables {
                section.card { h2 { (sentence_case(metric.definition().title).trim_end_matches('.')) } (table) }
            }
        }
    }
}
