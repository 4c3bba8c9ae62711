//! The columns of analyses: the API's record, nested names joined.

use store::AnalysisRecord;

use super::{MONTH_OF_OPENING, PARTITION, Subject, month, number, repo, team};
use crate::column::{Column, Kind};
use crate::value::{Value, word};

type Read = for<'a, 'd> fn(&'a Subject<'d>, &'a AnalysisRecord) -> Value;

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
        "Who answered: `rules` or `model`.",
        |_, record| Value::word(&record.origin),
    ),
    Column::new("run_id", Kind::Text, "The run that asked.", |_, record| {
        Value::Text(record.run_id.clone())
    }),
    Column::new(
        "tier",
        Kind::Integer,
        "The step of the cascade, from 1; 0 for rules.",
        |_, record| Value::count(u64::from(record.tier)),
    ),
    Column::new(
        "provider",
        Kind::Text,
        "The provider; `rules` for rules.",
        |_, record| Value::Text(record.provider.clone()),
    ),
    Column::new(
        "model",
        Kind::Text,
        "The model as the provider names it.",
        |_, record| Value::Text(record.model.clone()),
    ),
    Column::new(
        "attempt",
        Kind::Integer,
        "Which attempt at this tier gave the answer, from 1.",
        |_, record| Value::count(u64::from(record.attempt)),
    ),
    Column::new(
        "prompt_version",
        Kind::Text,
        "The version of the prompt.",
        |_, record| Value::Text(record.prompt_version.clone()),
    ),
    Column::new(
        "schema_version",
        Kind::Text,
        "The version of the answer's schema.",
        |_, record| Value::Text(record.schema_version.clone()),
    ),
    Column::new(
        "content_hash",
        Kind::Text,
        "The hash of the content that was asked about, 64 hex digits.",
        |_, record| Value::Text(record.content_hash.clone()),
    ),
    Column::new(
        "content_is_current",
        Kind::Flag,
        "Whether the pull request still has that content.",
        |it, record| Value::Flag(it.dossier.facts.content_hash == record.content_hash),
    ),
    Column::nullable(
        "finish_reason",
        Kind::Text,
        "Why the model stopped, in the provider's word.",
        |_, record| Value::text(record.finish_reason.clone()),
    ),
    Column::new(
        "input_tokens",
        Kind::Integer,
        "Tokens in the request.",
        |_, record| Value::count(record.input_tokens),
    ),
    Column::new(
        "output_tokens",
        Kind::Integer,
        "Tokens in the answer.",
        |_, record| Value::count(record.output_tokens),
    ),
    Column::new(
        "cost_pico_usd",
        Kind::Integer,
        "What it cost, in 10^-12 US dollars.",
        |_, record| Value::count(record.cost_pico_usd),
    ),
    Column::new(
        "answered_at",
        Kind::Moment,
        "When the answer was collected.",
        |_, record| Value::Moment(record.answered_at),
    ),
    Column::nullable(
        "repaired",
        Kind::Text,
        "How the answer had to be repaired; null when it was sound.",
        |_, record| Value::text(record.repaired.clone()),
    ),
    Column::nullable(
        "quote_supported",
        Kind::Flag,
        "Whether the quote stands in the input; null when there is no quote.",
        |_, record| Value::flag(record.quote_supported),
    ),
    Column::new(
        "ai_is_assisted",
        Kind::Flag,
        "Whether an AI tool wrote or helped to write the change, as the answer claims.",
        |_, record| Value::Flag(record.answer.ai.is_assisted),
    ),
    Column::new(
        "ai_role",
        Kind::Text,
        "What the AI tool did, as the answer claims: `authored`, `assisted`, `reviewed` or `none`.",
        |_, record| Value::word(&record.answer.ai.role),
    ),
    Column::new(
        "ai_tools",
        Kind::Texts,
        "The tools that the answer names.",
        |_, record| Value::Texts(record.answer.ai.tools.clone()),
    ),
    Column::nullable(
        "ai_confidence",
        Kind::Number,
        "How sure the answer says it is, 0 to 1.",
        |_, record| Value::number(Some(record.answer.ai.confidence)),
    ),
    Column::in_text(
        "ai_quote",
        Kind::Text,
        true,
        "The words of the input that show it, as the answer quotes them.",
        |it, record| it.known_prose(record.answer.ai.quote.as_deref()),
    ),
    Column::new(
        "tech_languages",
        Kind::Texts,
        "Programming languages of the changed files.",
        |_, record| Value::Texts(record.answer.tech.languages.clone()),
    ),
    Column::new(
        "tech_frameworks",
        Kind::Texts,
        "Frameworks and libraries the change is about.",
        |_, record| Value::Texts(record.answer.tech.frameworks.clone()),
    ),
    Column::new(
        "tech_categories",
        Kind::Texts,
        "Areas of the change, for instance `backend`.",
        |_, record| {
            Value::Texts(
                record
                    .answer
                    .tech
                    .categories
                    .iter()
                    .filter_map(word)
                    .collect(),
            )
        },
    ),
    Column::in_text(
        "summary_title",
        Kind::Text,
        false,
        "What the change does, in a line.",
        |it, record| it.prose(&record.answer.summary.title),
    ),
    Column::in_text(
        "summary_description",
        Kind::Text,
        false,
        "What the change does, in one to three sentences.",
        |it, record| it.prose(&record.answer.summary.description),
    ),
    Column::new(
        "summary_type",
        Kind::Text,
        "The kind of change: `feature`, `bugfix`, `refactor`, `docs`, `test`, `chore`, `ci`, `performance` or `revert`.",
        |_, record| Value::word(&record.answer.summary.change_type),
    ),
    Column::new(
        "health_review_friction",
        Kind::Text,
        "How hard the review was: `low`, `medium`, `high` or `unknown`.",
        |_, record| Value::word(&record.answer.health.review_friction),
    ),
    Column::new(
        "health_scope",
        Kind::Text,
        "How large the change is: `small`, `medium`, `large` or `xlarge`.",
        |_, record| Value::word(&record.answer.health.scope),
    ),
    Column::new(
        "health_risk_level",
        Kind::Text,
        "How risky the change is: `low`, `medium` or `high`.",
        |_, record| Value::word(&record.answer.health.risk_level),
    ),
    Column::in_text(
        "health_insights",
        Kind::Texts,
        false,
        "Observations that a lead can act on, at most three.",
        |it, record| it.proses(&record.answer.health.insights),
    ),
];
