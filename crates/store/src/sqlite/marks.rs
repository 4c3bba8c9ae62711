//! What is to be read again by the next sync.

use github::{Mark, Marked};
use rusqlite::{Transaction, params};

use super::codes::{count, uncount};
use super::fault::Fault;

/// The number that marks the repository itself.
pub(super) const REPOSITORY: i64 = 0;

/// Marks a pull request, or the repository; anew where it is marked already.
pub(super) fn set(transaction: &Transaction<'_>, repo_id: i64, number: i64) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "INSERT INTO sync_mark (repo_id, number, sequence) SELECT ?1, ?2, \
             1 + coalesce(max(sequence), 0) FROM sync_mark WHERE repo_id = ?1 \
             ON CONFLICT (repo_id, number) DO UPDATE SET sequence = excluded.sequence",
        )?
        .execute([repo_id, number])?;
    Ok(())
}

/// The marks of a repository.
pub(super) fn list(transaction: &Transaction<'_>, repo_id: i64) -> Result<Vec<Mark>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT number, sequence FROM sync_mark WHERE repo_id = ?1 ORDER BY number",
    )?;
    let mut rows = prepared.query([repo_id])?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        marks.push(Mark {
            what: if number == REPOSITORY {
                Marked::Repository
            } else {
                Marked::PullRequest(uncount(number))
            },
            sequence: uncount(row.get(1)?),
        });
    }
    Ok(marks)
}

/// Takes away marks that were not set again since.
pub(super) fn clear(
    transaction: &Transaction<'_>,
    repo_id: i64,
    heeded: &[Mark],
) -> Result<(), Fault> {
    let mut prepared = transaction.prepare_cached(
        "DELETE FROM sync_mark WHERE repo_id = ?1 AND number = ?2 AND sequence <= ?3",
    )?;
    for mark in heeded {
        let number = match mark.what {
            Marked::Repository => REPOSITORY,
            Marked::PullRequest(number) => count(number),
        };
        prepared.execute(params![repo_id, number, count(mark.sequence)])?;
    }
    Ok(())
}
