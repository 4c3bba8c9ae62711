//! Methods: which question is answered where, and what every number is.

mod questions;

use maud::{Markup, html};
use measures::Metric;

use super::contents;
use crate::view::View;
use crate::words::sentence_case;

/// The page.
pub(crate) fn body(view: &View<'_>) -> Markup {
    html! {
        (contents(&[("questions", "Fifteen questions"), ("how", "How numbers are made"), ("gates", "Gates"), ("caveats", "Caveats"), ("definitions", "Definitions")]))
        (questions::table(view))
        div.grid.thirds {
            (how())
            (gates())
            (caveats())
        }
        h2.part id="definitions" { "Definitions" }
        p.note { "The registry that the command line prints with " code { "tandem insights --explain METRIC" } "." }
        div.grid {
            @for metric in Metric::all() { (definition(metric)) }
        }
    }
}

fn definition(metric: Metric) -> Markup {
    let definition = metric.definition();
    html! {
        section.card id={ "metric-" (metric) } {
            h3 { (sentence_case(definition.title).trim_end_matches('.')) " " code { (metric) } }
            p { (sentence_case(definition.words)) }
            dl.facts {
                @for (name, words) in [("From", definition.start), ("To", definition.end), ("Left out", definition.exclusions), ("Source", definition.source)] {
                    @if !words.is_empty() { dt { (name) } dd { (words) } }
                }
            }
        }
    }
}

fn how() -> Markup {
    html! {
        section.card.list id="how" {
            h2 { "How numbers are made here" }
            p { "Everything on these pages is worked out by the same functions as the command line, and every number carries its place in the document of " code { "tandem insights --json" } "." }
            ol {
                li { "Described: n, median, quarter and tenth, share with its Wilson interval." }
                li { "As they are: ratio of the two sides (Hodges-Lehmann on logarithms), or the difference of shares." }
                li { "Adjusted, which is told first: within the same author and the same repository, with size, files, draft, type, weekday and month taken out; intervals clustered by author." }
                li { "Like with like: within repository, size and type; where pooled and within point in opposite directions, the page says so (Simpson's paradox)." }
                li { "Survival: what is still open is censored, not dropped; a close without a merge competes with the merge." }
                li { "Over time: event studies against those that had not started yet, with the months before shown." }
                li { "Sensitivity: the same under other definitions, and what mistakes of detection could make of it." }
            }
        }
    }
}

fn gates() -> Markup {
    html! {
        section.card.list id="gates" {
            h2 { "Gates: when nothing is said" }
            p { "A gate that is not passed leaves the place empty and says why." }
            ul {
                li { "Fewer than five pull requests or people: not shown, so that nobody is recognised. Fewer than twenty: greyed, too few to lean on." }
                li { "Adjusted: at least 30 pull requests on each side, and 10 authors who have both kinds." }
                li { "A finding needs a q-value of at most 0.10 over its page and an interval that excludes no difference." }
                li { "\"No difference\" needs the whole interval within 10 %. Everything else is \"not enough data\", with the smallest effect that would have shown." }
                li { "Event studies: at least 8 teams or repositories, 4 that started with three months known before, and 3 that had not." }
                li { "Differences of shares: of 20 people or more, 10 pull requests of which it is so and 10 of which it is not." }
                li { "Odds: at least 30 pull requests on each side, 10 of which it is so and 10 of which it is not." }
            }
        }
    }
}

fn caveats() -> Markup {
    html! {
        section.card.list id="caveats" {
            h2 { "Caveats and exclusions" }
            ul {
                li { "Adoption is a lower bound: what leaves no trace is not seen. \"None detected\" does not mean that a person wrote it." }
                li { "Effects are associations. How hard the task was is not known; neither is AI that left no trace, which draws estimates towards no difference." }
                li { "Plain bots (dependency updates and the like) leave every share, above and below the line." }
                li { "A bot's review is not a review: clocks end with the first person who is not the author. How fast bots answer is told apart." }
                li { "Clocks start when a pull request is ready for review; time as a draft is told apart." }
                li { "Merged without a review has no pickup time: it is not counted as zero, and has a rate of its own." }
                li { "The month that is not over is marked, and no rule of advice looks at it." }
                li { "A pull request with several tools counts with each of them; once in every total." }
            }
        }
    }
}
