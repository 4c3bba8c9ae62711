//! The columns of evidence: the list in a line of `verdicts --json`.

use model::Evidence;

use super::{MONTH_OF_OPENING, PARTITION, Subject, month, number, repo, team};
use crate::column::{Column, Kind};
use crate::value::Value;

type Read = for<'a, 'd> fn(&'a Subject<'d>, u64, &'a Evidence) -> Value;

pub(super) static COLUMNS: &[Column<Read>] = &[
    Column::nullable(PARTITION, Kind::Text, MONTH_OF_OPENING, |it, _, _| {
        month(it)
    }),
    Column::new(
        "repo",
        Kind::Text,
        "The repository, `owner/name`.",
        |it, _, _| repo(it),
    ),
    Column::new(
        "number",
        Kind::Integer,
        "The number within the repository.",
        |it, _, _| number(it),
    ),
    Column::new("team", Kind::Text, "The team that has it.", |it, _, _| {
        team(it)
    }),
    Column::new(
        "place",
        Kind::Integer,
        "Its place among the hits of the pull request in reading order, from 0.",
        |_, place, _| Value::count(place),
    ),
    Column::new("tool", Kind::Text, "The tool's slug.", |_, _, hit| {
        Value::Text(hit.tool.clone())
    }),
    Column::new(
        "role",
        Kind::Text,
        "What the tool did: `authored`, `assisted` or `reviewed`.",
        |_, _, hit| Value::word(&hit.role),
    ),
    Column::new(
        "signal",
        Kind::Text,
        "The kind of place, for instance `co_author`.",
        |_, _, hit| Value::word(&hit.signal),
    ),
    Column::new(
        "field",
        Kind::Text,
        "The place, for instance `commits[2].message`.",
        |_, _, hit| Value::Text(hit.field.clone()),
    ),
    Column::in_text(
        "quote",
        Kind::Text,
        false,
        "The text that matched, at most 200 characters.",
        |it, _, hit| it.prose(&hit.quote),
    ),
    Column::new("rule", Kind::Text, "The signature's id.", |_, _, hit| {
        Value::Text(hit.rule.clone())
    }),
    Column::new(
        "confidence",
        Kind::Text,
        "How sure the signature is: `low`, `medium` or `high`.",
        |_, _, hit| Value::word(&hit.confidence),
    ),
    Column::new(
        "offset_bytes",
        Kind::Integer,
        "Where the quote begins in the field, in bytes.",
        |_, _, hit| Value::count(hit.offset_bytes),
    ),
];
