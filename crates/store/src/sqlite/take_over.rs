//! One repository that takes over another: pull requests that came from files are those of a
//! repository that later got their name.

use rusqlite::Transaction;

use super::fault::Fault;
use super::{pull_requests, search};

/// Tables with a row for each pull request or for parts of it, beside `pr` itself. A test holds them
/// against the schema.
pub(super) const OF_PULL_REQUESTS: &[&str] = &[
    "document",
    "title",
    "evidence",
    "verdict_tool",
    "verdict_note",
    "analysis",
    "analysis_answer",
    "sync_pr",
    "sync_mark",
    "correction",
    "corrected",
];

/// Gives everything of the repository `from` to `taker`, which is about to get its name and with it the
/// teams, and ends `from`. A pull request that both have
/// is merged; of what was found out about it, the taker's stays.
pub(super) fn take_over(transaction: &Transaction<'_>, from: i64, taker: i64) -> Result<(), Fault> {
    transaction.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    pull_requests::merge_shared(transaction, from, taker)?;
    search::forget_shared(transaction, from, taker)?;
    transaction
        .prepare_cached(
            "DELETE FROM pr WHERE repo_id = ?1 AND number IN \
             (SELECT number FROM pr WHERE repo_id = ?2)",
        )?
        .execute([from, taker])?;
    transaction
        .prepare_cached(
            "DELETE FROM document WHERE repo_id = ?1 AND id NOT IN \
             (SELECT document_id FROM pr WHERE repo_id = ?1)",
        )?
        .execute([from])?;
    for table in ["pr"].iter().chain(OF_PULL_REQUESTS) {
        let sql = format!("UPDATE {table} SET repo_id = ?2 WHERE repo_id = ?1");
        transaction.prepare_cached(&sql)?.execute([from, taker])?;
    }
    search::repository_changed(transaction, taker)?;
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO team_repo (team_id, repo_id) \
             SELECT team_id, ?2 FROM team_repo WHERE repo_id = ?1",
        )?
        .execute([from, taker])?;
    transaction
        .prepare_cached("DELETE FROM team_repo WHERE repo_id = ?1")?
        .execute([from])?;
    transaction
        .prepare_cached("DELETE FROM repo WHERE id = ?1")?
        .execute([from])?;
    Ok(())
}
