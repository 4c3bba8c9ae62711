//! Whether reviewers keep up.

use insights::questions::{Load, LoadMonth};
use maud::{Markup, html};
use plotly::common::{Line, Marker, Mode};
use plotly::layout::{Axis, AxisType};
use plotly::{Bar, Layout, Scatter, Trace};

use super::{Cell, Figure, Table};
use crate::shown::At;
use crate::view::View;
use crate::words::{sentence_case, short_month};

/// Reviews for each reviewer, how evenly they are spread, and what waits.
pub(crate) fn reviewer_load(view: &View<'_>) -> Figure {
    let title = "Are reviewers keeping up?";
    let load = &view.report.questions.reviewer_load;
    let Some(all) = load.groups.first().filter(|all| !all.months.is_empty()) else {
        return Figure::nothing(
            "reviewer-load",
            title,
            "No complete month has a review by a person.",
        );
    };
    let months: Vec<String> = all
        .months
        .iter()
        .map(|month| short_month(&month.month))
        .collect();
    let without_ai = |month: &LoadMonth| month.waiting - month.waiting_with_ai;
    let mut traces: Vec<Box<dyn Trace>> = vec![
        Bar::new(months.clone(), all.months.iter().map(without_ai).collect())
            .name("waiting, none detected")
            .marker(Marker::new().color("var(--none)"))
            .hover_template("%{x}: %{y} waiting, none detected"),
        Bar::new(
            months.clone(),
            all.months
                .iter()
                .map(|month| month.waiting_with_ai)
                .collect(),
        )
        .name("waiting, with AI")
        .marker(Marker::new().color("var(--agent)"))
        .hover_template("%{x}: %{y} waiting, with AI"),
    ];
    let known: Vec<&LoadMonth> = (all.months.iter())
        .filter(|month| month.per_reviewer.is_some())
        .collect();
    if !known.is_empty() {
        traces.push(
            Scatter::new(
                known
                    .iter()
                    .map(|month| short_month(&month.month))
                    .collect(),
                known
                    .iter()
                    .filter_map(|month| month.per_reviewer)
                    .collect(),
            )
            .name("reviews for each reviewer (right)")
            .y_axis("y2")
            .mode(Mode::LinesMarkers)
            .line(Line::new().color("var(--series-2)").width(2.5))
            .marker(Marker::new().color("var(--series-2)").size(6))
            .hover_template("%{x}: %{y:.1f} reviews for each"),
        );
    }
    Figure::plot(
        "reviewer-load",
        title,
        "Bars: pull requests that waited for a first look when the month ended. Line: reviews for each person who \
         reviewed; months with fewer than five of them are not told. Complete months, all teams of the scope.",
        &traces,
        Layout::new()
            .bar_mode(plotly::layout::BarMode::Stack)
            .x_axis(Axis::new().type_(AxisType::Category))
            .y_axis(Axis::new().title("waiting"))
            .y_axis2(
                Axis::new()
                    .title("reviews for each")
                    .overlaying("y")
                    .side(plotly::common::AxisSide::Right)
                    .range_mode(plotly::layout::RangeMode::ToZero)
                    .show_grid(false),
            ),
        table(view, &load.groups),
    )
}

fn table(view: &View<'_>, groups: &[Load]) -> Table {
    let at = At::report("questions").to("reviewer_load").to("groups");
    let mut table = Table::new(&[
        "Team",
        "Month",
        ">Reviews",
        ">Reviewers",
        ">For each",
        ">Gini",
        ">Waiting",
        ">of them with AI",
        ">Median age",
    ]);
    for (index, load) in groups.iter().enumerate() {
        for (place, month) in load.months.iter().enumerate() {
            let at = at.to(index).to("months").to(place);
            table.row(vec![
                Cell::name(
                    load.team.as_deref().unwrap_or("All"),
                    load.team.as_ref().and_then(|team| view.team_link(team)),
                ),
                Cell::text(&month.month),
                Cell::number(at.to("reviews").count(month.reviews)),
                Cell::number(at.to("reviewers").some_count(month.reviewers)),
                Cell::number(at.to("per_reviewer").decimal(month.per_reviewer, 1)),
                Cell::number(at.to("gini").decimal(month.gini, 2)),
                Cell::number(at.to("waiting").count(month.waiting)),
                Cell::number(at.to("waiting_with_ai").count(month.waiting_with_ai)),
                Cell::number(
                    at.to("median_age_seconds")
                        .seconds(month.median_age_seconds),
                ),
            ]);
        }
    }
    table
}

/// How reviews are spread over people, and whether more AI goes along with slower pickup a month later.
pub(crate) fn load_card(view: &View<'_>) -> Markup {
    let load = &view.report.questions.reviewer_load;
    let at = At::report("questions").to("reviewer_load");
    let tenth = load.groups.first().map(|all| &all.busiest_tenth);
    html! {
        section.card id="load-card" {
            h2 { "How the load is spread" }
            @match tenth.and_then(|gated| gated.shown()) {
                Some(tenth) => {
                    @let at = at.to("groups/0/busiest_tenth");
                    p { "Of " (at.to("reviewers").count(tenth.reviewers)) " people who reviewed, the busiest tenth did "
                        (at.to("of_ai").share(tenth.of_ai)) " of the reviews of pull requests with AI and "
                        (at.to("of_others").share(tenth.of_others)) " of the others." }
                }
                None => p.note { "Not enough data. " (sentence_case(tenth.and_then(|gated| gated.reason()).unwrap_or("nobody reviewed"))) },
            }
            h3 { "More AI, slower pickup a month later?" }
            @match load.share_to_next_pickup.shown() {
                Some(found) => {
                    @let at = at.to("share_to_next_pickup");
                    p { "Correlation within teams (Spearman) " (at.to("rho").decimal(Some(found.rho), 2))
                        ", 95 % interval " (at.to("interval/low").decimal(Some(found.interval.low), 2)) " to " (at.to("interval/high").decimal(Some(found.interval.high), 2))
                        "; " (at.to("teams").count(found.teams)) " teams over " (at.to("months").count(found.months)) " months. An association, not a cause." }
                }
                None => p.note { "Not enough data. " (sentence_case(load.share_to_next_pickup.reason().unwrap_or_default())) },
            }
            @if load.without_reviewers > 0 {
                p.note { (at.to("without_reviewers").count(load.without_reviewers)) " reviewed pull requests have no stored reviewers: tandem detect reads them." }
            }
        }
    }
}
