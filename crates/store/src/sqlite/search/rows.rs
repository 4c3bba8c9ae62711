//! The rows of a list.

use model::{PrKey, Signal};
use rusqlite::{Row, Transaction, params};

use super::columns::{SEARCHED_COLUMNS, SEARCHED_WIDTH, Searched, signal_bit};
use crate::search::PullRequestRow;
use crate::sqlite::codes::{time, uncount};
use crate::sqlite::facts::read_verdict;
use crate::sqlite::fault::Fault;

/// Every kind of evidence.
const SIGNALS: [Signal; 12] = [
    Signal::Author,
    Signal::Branch,
    Signal::Title,
    Signal::Body,
    Signal::Label,
    Signal::CommitIdentity,
    Signal::CoAuthor,
    Signal::Trailer,
    Signal::Reviewer,
    Signal::Commenter,
    Signal::CommentText,
    Signal::Event,
];

/// What stands in a row beside the searched columns.
const ROW_COLUMNS: &str = "repo.name, pr.number, team.name, title.text, author.text, pr.draft, \
     pr.empty_body, author_tools.text, review_tools.text, pr.created_at, pr.merged_at, \
     pr.closed_at, pr.origin, pr.ai_authored, pr.ai_reviewed, pr.plain_bot, pr.confidence, \
     pr.corrected";

const ROW_WIDTH: usize = 18;

/// How many columns [`list_columns`] are.
pub(in crate::sqlite) const LIST_WIDTH: usize = SEARCHED_WIDTH + ROW_WIDTH;

/// The joins that go with [`list_columns`], after `pr` and `title`.
pub(in crate::sqlite) const LIST_JOINS: &str = "CROSS JOIN repo ON repo.id = pr.repo_id \
     CROSS JOIN team ON team.id = pr.team_id \
     LEFT JOIN word AS author ON author.id = pr.author_id \
     LEFT JOIN word AS author_tools ON author_tools.id = pr.author_tools_id \
     LEFT JOIN word AS review_tools ON review_tools.id = pr.review_tools_id";

/// What [`read`] wants to find in the first columns of a row.
pub(in crate::sqlite) fn list_columns() -> String {
    format!("{SEARCHED_COLUMNS}, {ROW_COLUMNS}")
}

pub(super) fn sql() -> String {
    format!(
        "SELECT {} FROM title \
         CROSS JOIN pr ON pr.repo_id = title.repo_id AND pr.number = title.number {LIST_JOINS} \
         WHERE title.id = ?1",
        list_columns()
    )
}

/// The row of a pull request that was found.
pub(super) fn get(transaction: &Transaction<'_>, id: u32) -> Result<PullRequestRow, Fault> {
    let mut prepared = transaction.prepare_cached(&sql())?;
    let mut rows = prepared.query(params![id])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Damaged(format!(
            "a search found document {id}, which is not there"
        )));
    };
    read(row)
}

/// Reads a row that begins with [`list_columns`].
pub(in crate::sqlite) fn read(row: &Row<'_>) -> Result<PullRequestRow, Fault> {
    const FIRST: usize = SEARCHED_WIDTH;
    let searched = Searched::read(row)?;
    let signals = SIGNALS
        .into_iter()
        .filter(|signal| searched.signals & signal_bit(*signal) != 0);
    Ok(PullRequestRow {
        key: PrKey {
            repo: row.get(FIRST)?,
            number: uncount(row.get(FIRST + 1)?),
        },
        team: row.get(FIRST + 2)?,
        title: row.get(FIRST + 3)?,
        author: row.get(FIRST + 4)?,
        outcome: searched.outcome,
        draft: row.get(FIRST + 5)?,
        opened_at: time(row.get(FIRST + 9)?)?,
        merged_at: time(row.get(FIRST + 10)?)?,
        closed_at: time(row.get(FIRST + 11)?)?,
        size_lines: searched.size_lines,
        cycle_seconds: searched.cycle_seconds,
        pickup_seconds: searched.pickup_seconds,
        merged_without_human_review: searched.unreviewed,
        empty_body: row.get(FIRST + 6)?,
        verdict: read_verdict(row, FIRST + 12)?,
        corrected: row.get(FIRST + 17)?,
        author_tools: joined_words(row.get(FIRST + 7)?),
        review_tools: joined_words(row.get(FIRST + 8)?),
        signals: signals.collect(),
    })
}

/// The words of several that are joined by commas.
pub(in crate::sqlite) fn joined_words(joined: Option<String>) -> Vec<String> {
    joined.map_or_else(Vec::new, |joined| {
        joined.split(',').map(str::to_owned).collect()
    })
}
