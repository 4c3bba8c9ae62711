//! The questions that leaders ask, and where each is answered.

use maud::{Markup, html};

use crate::view::View;

/// Where a question is answered.
struct Answer {
    question: &'static str,
    /// What answers it: page, place on it, and what stands there.
    places: &'static [(&'static str, &'static str, &'static str)],
}

/// All fifteen, in their order.
const ANSWERS: [Answer; 15] = [
    Answer {
        question: "How much of our work is made with AI, by team, month by month?",
        places: &[
            ("/", "adoption", "stacked by month"),
            ("/", "heat-map", "heat map of teams and months"),
        ],
    },
    Answer {
        question: "Which tools, and is it shifting?",
        places: &[
            ("/tools", "tool-months", "tools by month"),
            ("/tools", "author-tools", "tools with their shares"),
        ],
    },
    Answer {
        question: "Which teams have not started, which lead?",
        places: &[(
            "/teams",
            "team-ranks",
            "ranked teams with their adoption month",
        )],
    },
    Answer {
        question: "Are AI pull requests faster to merge than comparable ones?",
        places: &[(
            "/",
            "cycle-forest",
            "as they are beside adjusted, team by team",
        )],
    },
    Answer {
        question: "Is review getting slower? Where is the wait?",
        places: &[
            ("/", "cycle-split", "medians of the stages"),
            ("/", "first-review", "waiting for the first look"),
        ],
    },
    Answer {
        question: "Are reviewers drowning?",
        places: &[
            ("/teams", "reviewer-load", "reviews for each and what waits"),
            ("/teams", "load-card", "how the load is spread"),
        ],
    },
    Answer {
        question: "What is merged without a human look?",
        places: &[
            ("/", "unseen", "rate by origin and team"),
            ("/", "unseen-large", "large changes merged unseen"),
        ],
    },
    Answer {
        question: "Does AI review help?",
        places: &[
            ("/tools", "review-part", "event studies of repositories"),
            ("/tools", "review-forest", "reviewed by AI against not"),
            ("/tools", "bot-latency", "how fast bots answer"),
        ],
    },
    Answer {
        question: "Quality: more reverts, more rounds of review?",
        places: &[("/", "quality", "odds within repository, size and type")],
    },
    Answer {
        question: "Are pull requests getting bigger?",
        places: &[
            ("/", "sizes", "size buckets by origin"),
            ("/", "size-months", "medians month by month"),
            ("/", "ratio-forest", "size adjusted"),
        ],
    },
    Answer {
        question: "Is AI work abandoned?",
        places: &[
            ("/tools", "outcomes", "merged, closed and open by tool"),
            ("/tools", "merge-curves", "how soon they are merged"),
        ],
    },
    Answer {
        question: "Did things change when a team adopted?",
        places: &[("/teams", "change-part", "event studies of teams")],
    },
    Answer {
        question: "Which work suits AI here?",
        places: &[
            ("/tools", "work", "kinds of change by tool"),
            ("/tools", "work-language", "languages by tool"),
            ("/tools", "work-repository", "repositories by tool"),
        ],
    },
    Answer {
        question: "Can the detection and the claims be trusted?",
        places: &[
            ("/detection", "evidence-mix", "evidence"),
            ("/detection", "confidence", "confidence"),
            ("/detection", "truth", "precision and recall"),
            ("/detection", "sensitivity-part", "sensitivity"),
            ("/detection", "exclusions", "exclusions"),
        ],
    },
    Answer {
        question: "What next, and what became of last month's advice?",
        places: &[("/insights", "follow-up", "ranked insights and follow-up")],
    },
];

/// The table of questions.
pub(super) fn table(view: &View<'_>) -> Markup {
    html! {
        section.card id="questions" {
            h2 { "Fifteen questions, and where they are answered" }
            div.table-wrap tabindex="0" role="group" aria-label="Table" {
                table {
                    thead { tr { th.number scope="col" { "#" } th scope="col" { "Question" } th scope="col" { "Answered by" } } }
                    tbody {
                        @for (index, answer) in ANSWERS.iter().enumerate() {
                            tr {
                                td { (index + 1) }
                                th scope="row" { (answer.question) }
                                td { @for (place, (path, id, what)) in answer.places.iter().enumerate() {
                                    @if place > 0 { ", " }
                                    (link(view, path, id, what))
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// To the place on its page; in a file, where places have other names, the words alone.
fn link(view: &View<'_>, path: &str, id: &str, what: &str) -> Markup {
    html! {
        @match view.link(path) {
            Some(page) => a href={ (page) "#" (id) } { (what) },
            None => (what),
        }
    }
}
