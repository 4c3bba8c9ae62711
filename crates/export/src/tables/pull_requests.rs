//! The columns of pull requests: those of the API's list, and what else is known in numbers.

use super::{MONTH_OF_OPENING, PARTITION, Subject, month, number, repo, team};
use crate::column::{Column, Kind};
use crate::value::{Value, word};

type Read = for<'a, 'd> fn(&'a Subject<'d>) -> Value;

/// Characters after which the store cuts titles.
const TITLE_CHARACTERS: usize = 500;

pub(super) static COLUMNS: &[Column<Read>] = &[
    Column::nullable(PARTITION, Kind::Text, MONTH_OF_OPENING, month),
    Column::new("repo", Kind::Text, "The repository, `owner/name`.", repo),
    Column::new(
        "number",
        Kind::Integer,
        "The number within the repository.",
        number,
    ),
    Column::new("team", Kind::Text, "The team that has it.", team),
    Column::in_text(
        "title",
        Kind::Text,
        false,
        "Its title, cut to 500 characters.",
        title,
    ),
    Column::named(
        "author",
        Kind::Text,
        "The login of the author; null for deleted accounts.",
        |it| it.naming(Value::text(it.dossier.row.author.clone())),
    ),
    Column::new(
        "outcome",
        Kind::Text,
        "`open`, `closed` (without a merge) or `merged`.",
        |it| Value::word(&it.dossier.row.outcome),
    ),
    Column::nullable("draft", Kind::Flag, "Whether it is a draft now.", |it| {
        Value::flag(it.dossier.row.draft)
    }),
    Column::nullable(
        "language",
        Kind::Text,
        "The main language of the repository.",
        |it| Value::text(it.dossier.facts.language.clone()),
    ),
    Column::nullable("opened_at", Kind::Moment, "When it was opened.", |it| {
        Value::moment(it.dossier.row.opened_at)
    }),
    Column::nullable(
        "first_commit_at",
        Kind::Moment,
        "When its first commit was made.",
        |it| Value::moment(it.dossier.facts.first_commit_at),
    ),
    Column::nullable(
        "ready_at",
        Kind::Moment,
        "When it was ready for review.",
        |it| Value::moment(it.dossier.facts.ready_at),
    ),
    Column::nullable(
        "human_review_at",
        Kind::Moment,
        "When another person first said a word, once it was ready.",
        |it| Value::moment(it.dossier.facts.human_review_at),
    ),
    Column::nullable(
        "approved_at",
        Kind::Moment,
        "When another person first approved it.",
        |it| Value::moment(it.dossier.facts.approved_at),
    ),
    Column::nullable("merged_at", Kind::Moment, "When it was merged.", |it| {
        Value::moment(it.dossier.row.merged_at)
    }),
    Column::nullable(
        "closed_at",
        Kind::Moment,
        "When it was closed, merged or not.",
        |it| Value::moment(it.dossier.row.closed_at),
    ),
    Column::nullable(
        "updated_at",
        Kind::Moment,
        "When the host last changed it.",
        |it| Value::moment(it.dossier.facts.updated_at),
    ),
    Column::nullable("additions", Kind::Integer, "Lines added.", |it| {
        Value::known_count(it.dossier.facts.additions)
    }),
    Column::nullable("deletions", Kind::Integer, "Lines deleted.", |it| {
        Value::known_count(it.dossier.facts.deletions)
    }),
    Column::nullable("changed_files", Kind::Integer, "Files changed.", |it| {
        Value::known_count(it.dossier.facts.changed_files)
    }),
    Column::nullable("commits", Kind::Integer, "Commits that are known.", |it| {
        Value::known_count(it.dossier.facts.commits)
    }),
    Column::nullable(
        "reviews",
        Kind::Integer,
        "Reviews that are known, of people and bots.",
        |it| Value::known_count(it.dossier.facts.reviews),
    ),
    Column::nullable(
        "comments",
        Kind::Integer,
        "Comments that are known, of people and bots.",
        |it| Value::known_count(it.dossier.facts.comments),
    ),
    Column::new(
        "empty_body",
        Kind::Flag,
        "Whether there is no description, or only white space.",
        |it| Value::Flag(it.dossier.row.empty_body),
    ),
    Column::nullable(
        "size_lines",
        Kind::Integer,
        "Lines added and deleted, without generated files; null where not known or not yet measured.",
        |it| Value::known_count(it.dossier.row.size_lines),
    ),
    Column::nullable(
        "cycle_seconds",
        Kind::Integer,
        "From ready to merged, in seconds.",
        |it| Value::known_count(it.dossier.row.cycle_seconds),
    ),
    Column::nullable(
        "pickup_seconds",
        Kind::Integer,
        "From ready to the first word of another person, in seconds.",
        |it| Value::known_count(it.dossier.row.pickup_seconds),
    ),
    Column::nullable(
        "merged_without_human_review",
        Kind::Flag,
        "Whether it was merged before any other person said a word; null where that is not known.",
        |it| Value::flag(it.dossier.row.merged_without_human_review),
    ),
    Column::nullable(
        "human_reviews",
        Kind::Integer,
        "Reviews by other people.",
        |it| Value::known_count(it.dossier.facts.human_reviews),
    ),
    Column::nullable(
        "human_reviewers",
        Kind::Integer,
        "Other people who reviewed.",
        |it| Value::known_count(it.dossier.facts.human_reviewers),
    ),
    Column::named(
        "reviewers",
        Kind::Texts,
        "Logins of the other people who reviewed, in order; empty where there are none or they are not known.",
        |it| it.naming(Value::Texts(it.dossier.facts.reviewers.clone())),
    ),
    Column::nullable("review_rounds", Kind::Integer, "Rounds of review.", |it| {
        Value::known_count(it.dossier.facts.review_rounds)
    }),
    Column::nullable(
        "change_type",
        Kind::Text,
        "The kind of change as the title names it: `feature`, `bugfix`, `refactor`, `docs`, `test`, `chore`, `ci`, `performance` or `revert`.",
        |it| Value::known_word(it.dossier.facts.change_type.as_ref()),
    ),
    Column::nullable(
        "origin",
        Kind::Text,
        "What the verdict says of its origin: `agent`, `assisted`, `none_detected` (not: human) or `unknown`; null before detection.",
        |it| {
            Value::known_word(
                it.dossier
                    .row
                    .verdict
                    .map(|verdict| verdict.origin)
                    .as_ref(),
            )
        },
    ),
    Column::nullable(
        "ai_authored",
        Kind::Flag,
        "True for agent or assisted, false for none detected, null for unknown and before detection.",
        |it| {
            Value::flag(
                it.dossier
                    .row
                    .verdict
                    .and_then(|verdict| verdict.ai_authored),
            )
        },
    ),
    Column::nullable(
        "ai_reviewed",
        Kind::Flag,
        "Whether an AI tool reviewed; null before detection.",
        |it| Value::flag(it.dossier.row.verdict.map(|verdict| verdict.ai_reviewed)),
    ),
    Column::nullable(
        "plain_bot",
        Kind::Flag,
        "Whether plain automation opened it: in no share; null before detection.",
        |it| Value::flag(it.dossier.row.verdict.map(|verdict| verdict.plain_bot)),
    ),
    Column::nullable(
        "confidence",
        Kind::Number,
        "Confidence in the origin, 0 to 1; null before detection.",
        |it| Value::number(it.dossier.row.verdict.map(|verdict| verdict.confidence)),
    ),
    Column::new(
        "author_tools",
        Kind::Texts,
        "Slugs of the tools behind the origin, sorted.",
        |it| Value::Texts(it.dossier.row.author_tools.clone()),
    ),
    Column::new(
        "review_tools",
        Kind::Texts,
        "Slugs of the tools that reviewed, sorted.",
        |it| Value::Texts(it.dossier.row.review_tools.clone()),
    ),
    Column::new(
        "signals",
        Kind::Texts,
        "Which kinds of evidence there are.",
        |it| Value::Texts(it.dossier.row.signals.iter().filter_map(word).collect()),
    ),
    Column::new(
        "is_corrected",
        Kind::Flag,
        "Whether the verdict is a user's correction.",
        |it| Value::Flag(it.dossier.row.corrected),
    ),
];

/// The title; where people are hidden, one that was cut ends with a whole word, since half a name would not
/// be recognised.
fn title(it: &Subject<'_>) -> Value {
    let title = it.dossier.row.title.as_str();
    if it.tells_names || title.chars().count() < TITLE_CHARACTERS {
        return it.prose(title);
    }
    let whole = title.rfind(char::is_whitespace).unwrap_or(title.len());
    it.prose(title.get(..whole).unwrap_or(title))
}
