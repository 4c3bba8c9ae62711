//! Facts: the narrow rows, without any document.

use std::sync::Arc;

use model::PrKey;
use rusqlite::{Row, Transaction};

use super::codes::{self, time, uncount};
use super::fault::Fault;
use super::pages::{PageQuery, page};
use super::team_of::TeamNames;
use super::words::Texts;
use crate::facts::{Fact, VerdictFact};
use crate::selection::Selection;

const FACT_COLUMNS: &str = "repo.name, pr.team_id, pr.number, pr.author_id, pr.language_id, \
     pr.outcome, pr.draft, pr.created_at, pr.updated_at, pr.closed_at, pr.merged_at, \
     pr.additions, pr.deletions, pr.changed_files, pr.commit_count, pr.review_count, \
     pr.comment_count, pr.empty_body, pr.origin, pr.ai_authored, pr.ai_reviewed, pr.plain_bot, \
     pr.confidence";

/// A page of facts.
pub(super) fn list(
    transaction: &Transaction<'_>,
    selection: &Selection,
    after: Option<&PrKey>,
    limit: usize,
) -> Result<Vec<Fact>, Fault> {
    let query = PageQuery {
        columns: FACT_COLUMNS,
        joins: "",
        condition: "TRUE",
        parameters: &[],
    };
    let mut texts = Texts::new(transaction);
    let mut teams = TeamNames::new(transaction);
    let mut last: Option<Arc<str>> = None;
    page(transaction, &query, selection, after, limit, |row| {
        let name = text(row, 0)?;
        let repo = match &last {
            Some(repo) if **repo == *name => Arc::clone(repo),
            _ => Arc::from(name),
        };
        last = Some(Arc::clone(&repo));
        let team = teams.get(row.get(1)?)?;
        read(row, repo, team, &mut texts)
    })
}

fn read(
    row: &Row<'_>,
    repo: Arc<str>,
    team: Arc<str>,
    texts: &mut Texts<'_>,
) -> Result<Fact, Fault> {
    let number_at = |column: usize| -> Result<Option<u64>, Fault> {
        Ok(row.get::<_, Option<i64>>(column)?.map(uncount))
    };
    Ok(Fact {
        repo,
        team,
        number: uncount(row.get(2)?),
        author: texts.get(row.get(3)?)?,
        language: texts.get(row.get(4)?)?,
        outcome: codes::outcome(row.get(5)?)?,
        draft: row.get(6)?,
        created_at: time(row.get(7)?)?,
        updated_at: time(row.get(8)?)?,
        closed_at: time(row.get(9)?)?,
        merged_at: time(row.get(10)?)?,
        additions: number_at(11)?,
        deletions: number_at(12)?,
        changed_files: number_at(13)?,
        commits: number_at(14)?,
        reviews: number_at(15)?,
        comments: number_at(16)?,
        empty_body: row.get(17)?,
        verdict: read_verdict(row, 18)?,
    })
}

/// Reads origin, ai_authored, ai_reviewed, plain_bot and confidence from five columns.
pub(super) fn read_verdict(row: &Row<'_>, first: usize) -> Result<Option<VerdictFact>, Fault> {
    let Some(origin) = row.get::<_, Option<i64>>(first)? else {
        return Ok(None);
    };
    Ok(Some(VerdictFact {
        origin: codes::origin(origin)?,
        ai_authored: row.get(first + 1)?,
        ai_reviewed: row.get(first + 2)?,
        plain_bot: row.get(first + 3)?,
        confidence: row.get(first + 4)?,
    }))
}

/// Text without a copy.
fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, Fault> {
    row.get_ref(column)?
        .as_str()
        .map_err(|error| Fault::Damaged(error.to_string()))
}
