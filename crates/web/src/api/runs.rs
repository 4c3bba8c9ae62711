//! Operations on the runs of the ledger.

use batch::RunId;
use batch::ledger::{LedgerError, RunLine};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::{Asked, Problem};
use crate::source::SourceError;

/// Runs on a page where nobody says otherwise.
const USUAL_PAGE: u64 = 50;

/// A page of runs, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RunsPage {
    /// As `runs --json` has them.
    items: Vec<RunLine>,
    /// Give it as `after` to get the page that follows; null at the end.
    next: Option<String>,
}

pub(super) async fn list(asked: Asked) -> Result<Answer, Problem> {
    let limit = asked.given.integer("limit").unwrap_or(USUAL_PAGE) as usize;
    let after = match asked.given.text("after") {
        None => None,
        Some(text) => Some(text.parse::<RunId>().map_err(|_| {
            Problem::wrong("after is not a place in the list of runs")
                .hint("give the value of next from the page before")
        })?),
    };
    let runs = asked
        .site
        .ask(|source| source.store().ledger().runs().map_err(told))
        .await?;
    let mut items: Vec<RunLine> = runs
        .into_iter()
        .filter(|run| after.is_none_or(|after| run.id < after))
        .collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| has_more)
        .map(|run| run.id.to_string());
    Answer::of(&RunsPage { items, next })
}

pub(super) async fn one(asked: Asked) -> Result<Answer, Problem> {
    let id = asked.given.integer("id").unwrap_or_default();
    let run = RunId(i64::try_from(id).unwrap_or(i64::MAX));
    let found = asked
        .site
        .ask(move |source| match source.store().ledger().summary(run) {
            Ok(summary) => Ok(Some(summary)),
            Err(LedgerError::NoSuchRun(_)) => Ok(None),
            Err(error) => Err(told(error)),
        })
        .await?;
    match found {
        Some(summary) => Answer::of(&summary),
        None => {
            Err(Problem::missing(format!("there is no run {id}")).hint("/api/v1/runs lists them"))
        }
    }
}

fn told(error: LedgerError) -> SourceError {
    SourceError::Other(error.to_string())
}
