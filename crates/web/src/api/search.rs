//! The list of pull requests: filters, order, pages by key.

use std::ops::RangeInclusive;

use http::StatusCode;
use jiff::Timestamp;
use measures::SizeBucket;
use model::{Origin, Signal};
use names::Names;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{
    Direction, Outcome, PullRequestQuery, PullRequestRow, SearchCursor, Sort, SortBy, TimeSpan,
};

use super::answer::Answer;
use super::{Asked, Problem};

/// Pull requests on a page where nobody says otherwise.
const USUAL_PAGE: u64 = 50;

/// A page of pull requests.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PullRequestsPage {
    /// In the order asked for.
    items: Vec<PullRequestItem>,
    /// Give it as `after`, with the same filters and order, to get the page that follows; null at the end.
    next: Option<String>,
}

/// A pull request in a list. Times are kept to the second.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PullRequestItem {
    /// The repository, `owner/name`.
    repo: String,
    /// The number within the repository.
    number: u64,
    /// The team.
    team: String,
    /// Its title, cut to 500 characters.
    title: String,
    /// The login of the author; null where names of people are not shown, and for deleted accounts.
    author: Option<String>,
    /// Open, closed or merged.
    outcome: Outcome,
    /// Whether it is a draft now; null where that is not known.
    draft: Option<bool>,
    /// When it was opened.
    #[schemars(with = "Option<String>")]
    opened_at: Option<Timestamp>,
    /// When it was merged.
    #[schemars(with = "Option<String>")]
    merged_at: Option<Timestamp>,
    /// When it was closed, merged or not.
    #[schemars(with = "Option<String>")]
    closed_at: Option<Timestamp>,
    /// Lines, without generated files; null where not known or not yet measured.
    size_lines: Option<u64>,
    /// Ready to merged.
    cycle_seconds: Option<u64>,
    /// Ready to the first word of another person.
    pickup_seconds: Option<u64>,
    /// Whether it was merged before any other person said a word.
    merged_without_human_review: Option<bool>,
    /// What the verdict says of its origin; null before detection.
    origin: Option<Origin>,
    /// Whether an AI tool reviewed; null before detection.
    ai_reviewed: Option<bool>,
    /// Whether plain automation opened it; null before detection.
    plain_bot: Option<bool>,
    /// Confidence in the origin, 0 to 1; null before detection.
    confidence: Option<f64>,
    /// Slugs of the tools behind the origin, sorted.
    author_tools: Vec<String>,
    /// Slugs of the tools that reviewed, sorted.
    review_tools: Vec<String>,
    /// Which kinds of evidence there are.
    signals: Vec<Signal>,
}

impl PullRequestItem {
    fn new(row: &PullRequestRow, names: &Names) -> Self {
        PullRequestItem {
            repo: row.key.repo.clone(),
            number: row.key.number,
            team: row.team.clone(),
            title: names.without_people(&row.title),
            author: row.author.clone().filter(|_| names.are_shown()),
            outcome: row.outcome,
            draft: row.draft,
            opened_at: row.opened_at,
            merged_at: row.merged_at,
            closed_at: row.closed_at,
            size_lines: row.size_lines,
            cycle_seconds: row.cycle_seconds,
            pickup_seconds: row.pickup_seconds,
            merged_without_human_review: row.merged_without_human_review,
            origin: row.verdict.map(|verdict| verdict.origin),
            ai_reviewed: row.verdict.map(|verdict| verdict.ai_reviewed),
            plain_bot: row.verdict.map(|verdict| verdict.plain_bot),
            confidence: row.verdict.map(|verdict| verdict.confidence),
            author_tools: row.author_tools.clone(),
            review_tools: row.review_tools.clone(),
            signals: row.signals.clone(),
        }
    }
}

/// What can be sorted by.
pub(super) fn orders() -> Vec<&'static str> {
    vec!["opened", "merged", "size", "cycle", "pickup"]
}

/// What can have become of a pull request.
pub(super) fn outcomes() -> Vec<&'static str> {
    vec!["open", "closed", "merged"]
}

/// The sizes.
pub(super) fn sizes() -> Vec<&'static str> {
    vec!["xs", "s", "m", "l", "xl", "xxl"]
}

/// The kinds of evidence.
pub(super) fn signals() -> Vec<&'static str> {
    vec![
        "author",
        "branch",
        "title",
        "body",
        "label",
        "commit_identity",
        "co_author",
        "trailer",
        "reviewer",
        "commenter",
        "comment_text",
        "event",
    ]
}

/// What a verdict can say.
pub(super) fn origins() -> Vec<&'static str> {
    vec!["agent", "assisted", "none_detected", "unknown"]
}

/// A word that was checked as a value of the type that JSON writes so.
fn value<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

/// A range of confidences in hundredths; `None` where neither end is given.
fn confidence(least: Option<u64>, most: Option<u64>) -> Option<RangeInclusive<u8>> {
    // Both were checked to be at most a hundred.
    let end = |given: Option<u64>, otherwise: u8| {
        given.map_or(otherwise, |given| u8::try_from(given).unwrap_or(100))
    };
    (least.is_some() || most.is_some()).then(|| end(least, 0)..=end(most, 100))
}

fn query_of(asked: &Asked) -> Result<PullRequestQuery, Problem> {
    let given = &asked.given;
    let text = |name: &str| given.text(name).map(ToOwned::to_owned);
    let month = |name: &str| {
        given
            .text(name)
            .and_then(TimeSpan::month)
            .unwrap_or_default()
    };
    if given.text("author").is_some() && !asked.site.settings.people {
        return Err(
            Problem::new(StatusCode::FORBIDDEN, "names of people are not shown here")
                .hint("whoever runs this server can set privacy.people"),
        );
    }
    Ok(PullRequestQuery {
        team: text("team"),
        repo: text("repo"),
        author: text("author"),
        opened: month("opened"),
        merged: month("merged"),
        origins: given
            .text("origin")
            .and_then(value::<Origin>)
            .into_iter()
            .collect(),
        ai_reviewed: given.flag("ai_reviewed"),
        plain_bot: given.flag("plain_bot"),
        tool: text("tool"),
        tool_place: None,
        sizes: given
            .text("size")
            .and_then(value::<SizeBucket>)
            .into_iter()
            .collect(),
        outcomes: given
            .text("outcome")
            .and_then(value::<Outcome>)
            .into_iter()
            .collect(),
        signal: given.text("signal").and_then(value),
        title: text("title"),
        merged_without_human_review: given.flag("unreviewed"),
        corrected: given.flag("corrected"),
        confidence_percent: confidence(
            given.integer("least_confidence"),
            given.integer("most_confidence"),
        ),
        sort: Sort {
            by: match given.text("sort") {
                Some("merged") => SortBy::Merged,
                Some("size") => SortBy::Size,
                Some("cycle") => SortBy::Cycle,
                Some("pickup") => SortBy::Pickup,
                _ => SortBy::Opened,
            },
            direction: match given.text("direction") {
                Some("ascending") => Direction::Ascending,
                _ => Direction::Descending,
            },
        },
    })
}

pub(super) async fn list(asked: Asked) -> Result<Answer, Problem> {
    let query = query_of(&asked)?;
    let limit = asked.given.integer("limit").unwrap_or(USUAL_PAGE) as usize;
    let elsewhere = || {
        Problem::wrong("after is not a place in this list")
            .hint("give the value of next from the page before, with the same filters and order")
    };
    let after: Option<SearchCursor> = match asked.given.text("after") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| elsewhere())?),
    };
    let found = asked
        .site
        .search(query, after, limit)
        .await?
        .map_err(|_| elsewhere())?;
    let names = Names::of_nobody(asked.site.settings.people);
    Answer::of(&PullRequestsPage {
        next: found.next.as_ref().map(ToString::to_string),
        items: found
            .rows
            .iter()
            .map(|row| PullRequestItem::new(row, &names))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_has_ends_where_one_is_given() {
        assert_eq!(confidence(None, None), None);
        assert_eq!(confidence(Some(80), None), Some(80..=100));
        assert_eq!(confidence(None, Some(79)), Some(0..=79));
    }

    #[test]
    fn every_word_of_a_choice_is_a_value() {
        assert!(
            origins()
                .into_iter()
                .all(|word| value::<Origin>(word).is_some())
        );
        assert!(
            outcomes()
                .into_iter()
                .all(|word| value::<Outcome>(word).is_some())
        );
        assert!(
            sizes()
                .into_iter()
                .all(|word| value::<SizeBucket>(word).is_some())
        );
        assert!(
            signals()
                .into_iter()
                .all(|word| value::<Signal>(word).is_some())
        );
        assert!(value::<Origin>("human").is_none());
    }
}
