//! The table of operations. Router and OpenAPI document are both made of it.

use std::future::Future;
use std::pin::Pin;

use insights::Report;
use insights::advice::AdviceReport;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::answer::Answer;
use super::parameters::{Kind, Parameter, Place};
use super::{Asked, Problem, openapi, pull_requests, reports, runs, search};
use crate::documents::{
    AdoptionDocument, CoverageDocument, EffectsDocument, TeamsDocument, ToolsDocument,
};

type Answering = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

/// One path that can be asked with GET.
pub(crate) struct Operation {
    /// The path after the prefix, parts in braces being parameters.
    pub(crate) path: &'static str,
    /// A name for programs that are made from the document.
    pub(crate) id: &'static str,
    /// What it gives, in a line.
    pub(crate) summary: &'static str,
    /// The verb whose `--json` has the same values, or where the values are found.
    pub(crate) same_as: &'static str,
    /// What may be said.
    pub(crate) parameters: &'static [Parameter],
    /// Whether it is made of a report, which may have to be worked out first.
    pub(crate) is_of_report: bool,
    /// The schema of the answer.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// Answers.
    pub(crate) answer: fn(Asked) -> Answering,
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const fn query(name: &'static str, words: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        place: Place::Query,
        words,
        kind,
    }
}

const fn path(name: &'static str, words: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        place: Place::Path,
        words,
        kind,
    }
}

/// Most items of a page.
pub(super) const MOST_ITEMS: u64 = 200;

const TEAM: Parameter = query("team", "Only this team.", Kind::Text(100));
const FROM: Parameter = query(
    "from",
    "Only pull requests opened in this month or later.",
    Kind::Month,
);
const TO: Parameter = query(
    "to",
    "Only pull requests opened in this month or earlier.",
    Kind::Month,
);
const LIMIT: Parameter = query(
    "limit",
    "Items on the page at most; 50 where it is not given.",
    Kind::Integer(1, MOST_ITEMS),
);

const SCOPE: &[Parameter] = &[TEAM, FROM, TO];

/// Every operation.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        path: "/report",
        id: "report",
        summary: "Everything that is said of a scope: adoption, what AI goes along with, advice",
        same_as: "tandem report --json",
        parameters: SCOPE,
        is_of_report: true,
        schema: schema_of::<Report>,
        answer: |asked| Box::pin(reports::report(asked)),
    },
    Operation {
        path: "/adoption",
        id: "adoption",
        summary: "Adoption by team, month and tool: always a lower bound",
        same_as: "tandem adoption --json",
        parameters: &[
            TEAM,
            FROM,
            TO,
            query(
                "by",
                "Which moment puts a pull request into a month; created where it is not given.",
                Kind::Choice(|| vec!["created", "merged"]),
            ),
        ],
        is_of_report: true,
        schema: schema_of::<AdoptionDocument<'static>>,
        answer: |asked| Box::pin(reports::adoption(asked)),
    },
    Operation {
        path: "/effects",
        id: "effects",
        summary: "Pull requests with AI against those without, all together and by team: associations, not causes",
        same_as: "the comparisons of tandem report --json",
        parameters: &[
            TEAM,
            FROM,
            TO,
            query(
                "of",
                "Which use of AI is compared; authored where it is not given.",
                Kind::Choice(|| vec!["authored", "reviewed"]),
            ),
            query(
                "metric",
                "Only this metric.",
                Kind::Choice(reports::compared_metrics),
            ),
        ],
        is_of_report: true,
        schema: schema_of::<EffectsDocument<'static>>,
        answer: |asked| Box::pin(reports::effects(asked)),
    },
    Operation {
        path: "/insights",
        id: "insights",
        summary: "What to do next, by team, and what became of the advice before",
        same_as: "the advice of tandem insights --json",
        parameters: SCOPE,
        is_of_report: true,
        schema: schema_of::<AdviceReport>,
        answer: |asked| Box::pin(reports::insights(asked)),
    },
    Operation {
        path: "/coverage",
        id: "coverage",
        summary: "How many pull requests have a current analysis, and why the others have none",
        same_as: "tandem coverage --json",
        parameters: &[TEAM],
        is_of_report: false,
        schema: schema_of::<CoverageDocument>,
        answer: |asked| Box::pin(reports::coverage(asked)),
    },
    Operation {
        path: "/teams",
        id: "teams",
        summary: "The teams with their adoption",
        same_as: "by_team of tandem adoption --json",
        parameters: &[FROM, TO],
        is_of_report: true,
        schema: schema_of::<TeamsDocument<'static>>,
        answer: |asked| Box::pin(reports::teams(asked)),
    },
    Operation {
        path: "/tools",
        id: "tools",
        summary: "The tools that wrote, helped or reviewed, and how the mix shifts",
        same_as: "the tools of tandem adoption --json",
        parameters: SCOPE,
        is_of_report: true,
        schema: schema_of::<ToolsDocument<'static>>,
        answer: |asked| Box::pin(reports::tools(asked)),
    },
    Operation {
        path: "/definitions",
        id: "definitions",
        summary: "What every number is: from where to where, what is left out",
        same_as: "tandem effects --explain METRIC",
        parameters: &[],
        is_of_report: false,
        schema: schema_of::<reports::DefinitionsDocument>,
        answer: |_| Box::pin(async { reports::definitions() }),
    },
    Operation {
        path: "/pull-requests",
        id: "pull_requests",
        summary: "Pull requests by filters that must hold together, in any order",
        same_as: "the page of pull requests",
        parameters: &[
            TEAM,
            query("repo", "Only this repository, owner/name.", Kind::Text(100)),
            query(
                "author",
                "Only those opened by this login, where names of people are shown.",
                Kind::Text(100),
            ),
            query("opened", "Only those opened in this month.", Kind::Month),
            query("merged", "Only those merged in this month.", Kind::Month),
            query(
                "origin",
                "What the verdict says.",
                Kind::Choice(search::origins),
            ),
            query("ai_reviewed", "Whether an AI tool reviewed.", Kind::Flag),
            query(
                "plain_bot",
                "Whether plain automation opened it.",
                Kind::Flag,
            ),
            query(
                "tool",
                "Only those in which this tool (its slug) took part.",
                Kind::Text(100),
            ),
            query("size", "How large.", Kind::Choice(search::sizes)),
            query(
                "outcome",
                "What became of it.",
                Kind::Choice(search::outcomes),
            ),
            query(
                "signal",
                "Only those with evidence of this kind.",
                Kind::Choice(search::signals),
            ),
            query(
                "title",
                "Words of the title, each from its beginning.",
                Kind::Text(100),
            ),
            query(
                "unreviewed",
                "Whether it was merged before any other person said a word.",
                Kind::Flag,
            ),
            query(
                "corrected",
                "Whether a person corrected its verdict.",
                Kind::Flag,
            ),
            query(
                "least_confidence",
                "The least confidence of the verdict, in hundredths.",
                Kind::Integer(0, 100),
            ),
            query(
                "most_confidence",
                "The most confidence of the verdict, in hundredths.",
                Kind::Integer(0, 100),
            ),
            query(
                "sort",
                "What it goes by; opened where it is not given.",
                Kind::Choice(search::orders),
            ),
            query(
                "direction",
                "Which way; descending where it is not given.",
                Kind::Choice(|| vec!["descending", "ascending"]),
            ),
            LIMIT,
            query(
                "after",
                "Where the page before ended: its next.",
                Kind::Cursor,
            ),
        ],
        is_of_report: false,
        schema: schema_of::<search::PullRequestsPage>,
        answer: |asked| Box::pin(search::list(asked)),
    },
    Operation {
        path: "/pull-requests/{owner}/{name}/{number}",
        id: "pull_request",
        summary: "One pull request with its verdict, the evidence and the analysis",
        same_as: "tandem verdicts OWNER/NAME#NUMBER --json, for the verdict",
        parameters: &[
            path("owner", "The owner of the repository.", Kind::Name(100)),
            path("name", "The name of the repository.", Kind::Name(100)),
            path(
                "number",
                "The number within the repository.",
                Kind::Integer(1, u32::MAX as u64),
            ),
        ],
        is_of_report: false,
        schema: schema_of::<pull_requests::PullRequestDocument<'static>>,
        answer: |asked| Box::pin(pull_requests::one(asked)),
    },
    Operation {
        path: "/runs",
        id: "runs",
        summary: "The runs of analysis, newest first",
        same_as: "tandem runs --json",
        parameters: &[
            LIMIT,
            query(
                "after",
                "Where the page before ended: its next.",
                Kind::Integer(1, i64::MAX as u64),
            ),
        ],
        is_of_report: false,
        schema: schema_of::<runs::RunsPage>,
        answer: |asked| Box::pin(runs::list(asked)),
    },
    Operation {
        path: "/runs/{id}",
        id: "run",
        summary: "One run: tiers, failures by kind, tokens, money, shards",
        same_as: "tandem runs show ID --json",
        parameters: &[path(
            "id",
            "The number of the run.",
            Kind::Integer(1, i64::MAX as u64),
        )],
        is_of_report: false,
        schema: schema_of::<batch::ledger::RunSummary>,
        answer: |asked| Box::pin(runs::one(asked)),
    },
    Operation {
        path: "/openapi.json",
        id: "openapi",
        summary: "This document",
        same_as: "docs/api.md",
        parameters: &[],
        is_of_report: false,
        schema: |_| schemars::json_schema!({"type": "object"}),
        answer: |asked| Box::pin(async move { openapi::answer(&asked) }),
    },
];
