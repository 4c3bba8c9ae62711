//! Precision and recall by the corrections that stand.

use detect::evaluation::{Evaluation, Tally, ToolTally};
use maud::{Markup, html};
use stats::Interval;

use crate::charts::{Cell, Table, linked};
use crate::documents::CORRECTIONS_CAUTION;
use crate::shown::At;
use crate::source::Labels;
use crate::view::View;
use crate::words::{count, sentence_case};

/// The card.
pub(super) fn card(view: &View<'_>, labels: &Labels) -> Markup {
    let list = view.pull_requests_link(&[("corrected", "yes")]);
    html! {
        section.card id="truth" {
            h2 { "Precision and recall" }
            @if labels.corrections == 0 {
                div.empty { div {
                    p { strong { "No verdict was corrected yet" } }
                    p { "Both need a truth that somebody wrote down; without one a number here would be made up. \"This is wrong\" on the page of a pull request writes one down, and a file of labels is held against the verdicts by:" }
                    pre { code { "tandem evaluate --truth truth.jsonl" } }
                } }
            } @else {
                p { "What signatures and models say, held against " (linked(list, &html! { (count(labels.corrections)) @if labels.corrections == 1 { " correction" } @else { " corrections" } }))
                    ". " strong { "Corrections are no random sample: " } (sentence_case(CORRECTIONS_CAUTION)) }
                (table(&labels.evaluation))
                p.note { "95 % intervals by Wilson's method. Precision: right among those found; recall: found among those there. Left out: "
                    (count(labels.evaluation.excluded.unknown)) " whose origin the correction leaves open, "
                    (count(labels.evaluation.excluded.plain_bot)) " by plain bots. The same: " code { "tandem evaluate --corrections" } "." }
            }
        }
    }
}

fn table(evaluation: &Evaluation) -> Table {
    let mut table = Table::new(&[
        "What",
        ">Found, and right",
        ">Found, and wrong",
        ">Missed",
        ">Precision (95 %), n",
        ">Recall (95 %), n",
    ]);
    table.row(cells(
        "AI wrote or helped",
        &evaluation.authored,
        &At::evaluation("authored"),
    ));
    let mut of_tools =
        |what: &str, field: &str, tools: &mut dyn Iterator<Item = (&String, &ToolTally)>| {
            for (slug, tool) in tools.filter(|(_, tool)| tool.in_truth) {
                let at = At::evaluation(field).to(slug);
                table.row(cells(&format!("{slug} {what}"), &tool.tally, &at));
            }
        };
    of_tools("wrote or helped", "tools", &mut evaluation.tools.iter());
    of_tools(
        "reviewed",
        "review_tools",
        &mut evaluation.review_tools.iter(),
    );
    table
}

fn cells(what: &str, tally: &Tally, at: &At) -> Vec<Cell> {
    let rate = |field: &str, share: Option<f64>, interval: Option<Interval>, n: u64| {
        Cell::number(html! {
            @if share.is_some() {
                (at.to(field).share(share))
                @if let Some(interval) = interval {
                    " (" (at.end(field, "low", interval.low)) "–" (at.end(field, "high", interval.high)) ")"
                }
                ", " (count(n))
            } @else { "–" }
        })
    };
    vec![
        Cell::text(what),
        Cell::number(at.to("tp").count(tally.tp)),
        Cell::number(at.to("fp").count(tally.fp)),
        Cell::number(at.to("fn").count(tally.fn_)),
        rate(
            "precision",
            tally.precision,
            tally.intervals.precision,
            tally.tp + tally.fp,
        ),
        rate(
            "recall",
            tally.recall,
            tally.intervals.recall,
            tally.tp + tally.fn_,
        ),
    ]
}
