//! The columns of verdicts: a line of `verdicts --json` without its evidence.

use store::{Corrected, VerdictRecord};

use super::{MONTH_OF_OPENING, PARTITION, Subject, month, number, repo, team};
use crate::column::{Column, Kind};
use crate::value::Value;

type Read = for<'a, 'd> fn(&'a Subject<'d>, &'a VerdictRecord) -> Value;

pub(super) static COLUMNS: &[Column<Read>] = &[
    Column::nullable(PARTITION, Kind::Text, MONTH_OF_OPENING, |it, _| month(it)),
    Column::new(
        "repo",
        Kind::Text,
        "The repository, `owner/name`.",
        |it, _| repo(it),
    ),
    Column::new(
        "number",
        Kind::Integer,
        "The number within the repository.",
        |it, _| number(it),
    ),
    Column::new("team", Kind::Text, "The team that has it.", |it, _| {
        team(it)
    }),
    Column::new(
        "origin",
        Kind::Text,
        "Where the change came from, as far as the evidence reaches: `agent`, `assisted`, `none_detected` (not: human) or `unknown`.",
        |_, record| Value::word(&record.verdict.origin),
    ),
    Column::nullable(
        "ai_authored",
        Kind::Flag,
        "True for agent or assisted, false for none detected, null for unknown.",
        |_, record| Value::flag(record.verdict.ai_authored),
    ),
    Column::new(
        "ai_reviewed",
        Kind::Flag,
        "Whether an AI tool reviewed, commented or summarised.",
        |_, record| Value::Flag(record.verdict.ai_reviewed),
    ),
    Column::new(
        "author_tools",
        Kind::Texts,
        "Slugs of the tools behind the origin, sorted.",
        |_, record| Value::Texts(record.verdict.author_tools.clone()),
    ),
    Column::new(
        "review_tools",
        Kind::Texts,
        "Slugs of the tools that reviewed, sorted.",
        |_, record| Value::Texts(record.verdict.review_tools.clone()),
    ),
    Column::new(
        "plain_bot",
        Kind::Flag,
        "Whether plain automation opened it: in no share.",
        |_, record| Value::Flag(record.verdict.plain_bot),
    ),
    Column::nullable(
        "confidence",
        Kind::Number,
        "Confidence in the origin, 0 to 1.",
        |_, record| Value::number(Some(record.verdict.confidence)),
    ),
    Column::in_text(
        "notes",
        Kind::Texts,
        false,
        "Where evidence and model disagree, or why a claim was set aside.",
        |it, record| it.proses(&record.verdict.notes),
    ),
    Column::new(
        "content_is_current",
        Kind::Flag,
        "Whether the pull request is still the one the verdict was drawn from.",
        |_, record| Value::Flag(record.content_is_current),
    ),
    Column::new(
        "catalogue_version",
        Kind::Text,
        "The version of the signatures that gave the verdict.",
        |_, record| Value::Text(record.catalogue_version.clone()),
    ),
    Column::named(
        "corrected_by",
        Kind::Text,
        "Who corrected the verdict; null where nobody did.",
        |it, record| {
            it.naming(of_correction(record, |corrected| {
                Value::Text(corrected.record.by.clone())
            }))
        },
    ),
    Column::nullable(
        "corrected_at",
        Kind::Moment,
        "When the verdict was corrected; null where it was not.",
        |_, record| of_correction(record, |corrected| Value::Moment(corrected.record.at)),
    ),
    Column::in_text(
        "corrected_note",
        Kind::Text,
        true,
        "Why the verdict was corrected; null where it was not.",
        |it, record| of_correction(record, |corrected| it.prose(&corrected.record.note)),
    ),
    Column::nullable(
        "corrected_automatic_origin",
        Kind::Text,
        "What signatures and models say of the origin; null where nothing was corrected.",
        |_, record| of_correction(record, |corrected| Value::word(&corrected.automatic.origin)),
    ),
    Column::nullable(
        "corrected_automatic_ai_authored",
        Kind::Flag,
        "What signatures and models say of `ai_authored`; null where nothing was corrected.",
        |_, record| {
            of_correction(record, |corrected| {
                Value::flag(corrected.automatic.ai_authored)
            })
        },
    ),
    Column::nullable(
        "corrected_automatic_ai_reviewed",
        Kind::Flag,
        "What signatures and models say of `ai_reviewed`; null where nothing was corrected.",
        |_, record| {
            of_correction(record, |corrected| {
                Value::Flag(corrected.automatic.ai_reviewed)
            })
        },
    ),
    Column::nullable(
        "corrected_automatic_author_tools",
        Kind::Texts,
        "The tools behind the origin by signatures and models; null where nothing was corrected.",
        |_, record| {
            of_correction(record, |corrected| {
                Value::Texts(corrected.automatic.author_tools.clone())
            })
        },
    ),
    Column::nullable(
        "corrected_automatic_review_tools",
        Kind::Texts,
        "The tools that reviewed by signatures and models; null where nothing was corrected.",
        |_, record| {
            of_correction(record, |corrected| {
                Value::Texts(corrected.automatic.review_tools.clone())
            })
        },
    ),
];

fn of_correction(record: &VerdictRecord, read: impl FnOnce(&Corrected) -> Value) -> Value {
    record.corrected.as_ref().map_or(Value::Null, read)
}
