//! Methods: what every number is.

use maud::{Markup, html};
use measures::Metric;

use crate::view::View;

/// The page.
pub(crate) fn body(_view: &View<'_>) -> Markup {
    html! {
        section.card.prose {
            h2 { "How numbers are made here" }
            p { "Everything on these pages is worked out by the same functions as the command line; " code { "tandem insights --explain METRIC" } " prints the same definitions and every step from all pull requests to those compared." }
            ul {
                li { "Adoption is a lower bound: what leaves no trace is not seen. \"None detected\" does not mean that a person wrote it." }
                li { "Effects are associations. The adjusted figure compares pull requests of the same author in the same repository, with size, files, draft, type, weekday and month taken out." }
                li { "Findings need a q-value of at most 0.10 over the whole page and an interval that excludes no difference. \"No difference\" needs the interval within 10 %. Everything else is \"not enough data\", with the smallest effect that would have shown." }
                li { "Cells under five pull requests are not shown." }
            }
        }
        @for metric in Metric::all() {
            @let definition = metric.definition();
            section.card.prose id={ "metric-" (metric) } {
                h2 { (definition.title) }
                p { (definition.words) }
                dl.facts {
                    @for (name, words) in [("From", definition.start), ("To", definition.end), ("Left out", definition.exclusions), ("Source", definition.source)] {
                        @if !words.is_empty() { dt { (name) } dd { (words) } }
                    }
                }
            }
        }
    }
}
