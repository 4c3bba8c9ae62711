//! Writing the searched columns of what changed.

use rusqlite::Transaction;

use super::columns::{
    self, CHUNK_ROWS, Column, SEARCHED_COLUMNS, SEARCHED_WIDTH, Searched, UNKNOWN,
};
use crate::sqlite::fault::Fault;

/// Pull requests that changed since their chunk was written; wants the first and the last id.
pub(super) fn pending_sql() -> String {
    format!(
        "SELECT {SEARCHED_COLUMNS}, search_pending.id FROM search_pending \
         CROSS JOIN title ON title.id = search_pending.id \
         CROSS JOIN pr ON pr.repo_id = title.repo_id AND pr.number = title.number \
         WHERE search_pending.id BETWEEN ?1 AND ?2 ORDER BY search_pending.id"
    )
}

/// Calls `each` for the pull requests with ids between these that changed since their chunk was written.
pub(super) fn each_pending(
    transaction: &Transaction<'_>,
    (first, last): (i64, i64),
    mut each: impl FnMut(u32, &Searched) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let sql = pending_sql();
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query([first, last])?;
    while let Some(row) = rows.next()? {
        let id = columns::document_id(row.get(SEARCHED_WIDTH)?)?;
        each(id, &Searched::read(row)?)?;
    }
    Ok(())
}

/// What was written anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sqlite) struct Refreshed {
    /// Chunks.
    pub(in crate::sqlite) chunks: usize,
    /// Pull requests that had changed in them.
    pub(in crate::sqlite) pull_requests: u64,
}

/// Writes at most this many chunks in which something changed.
pub(in crate::sqlite) fn refresh(
    transaction: &Transaction<'_>,
    chunks: usize,
) -> Result<Refreshed, Fault> {
    let mut refreshed = Refreshed::default();
    let mut after: i64 = -1;
    for _ in 0..chunks {
        let next: Option<i64> = transaction
            .prepare_cached("SELECT min(id) FROM search_pending WHERE id > ?1")?
            .query_row([after], |row| row.get(0))?;
        let Some(next) = next else { break };
        let (chunk, _) = columns::place(columns::document_id(next)?);
        refreshed.pull_requests += refresh_chunk(transaction, chunk)?;
        refreshed.chunks += 1;
        after = columns::ids(chunk).1;
    }
    Ok(refreshed)
}

/// Says that all pull requests of a repository changed: they came from another one.
pub(in crate::sqlite) fn repository_changed(
    transaction: &Transaction<'_>,
    repo_id: i64,
) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO search_pending (id) SELECT document_id FROM pr \
             WHERE repo_id = ?1",
        )?
        .execute([repo_id])?;
    Ok(())
}

fn refresh_chunk(transaction: &Transaction<'_>, chunk: u32) -> Result<u64, Fault> {
    let mut values: [Vec<u32>; Column::ALL.len()] = Default::default();
    for (column, values) in Column::ALL.into_iter().zip(&mut values) {
        columns::load(transaction, column, chunk, values)?;
    }
    let (first, last) = columns::ids(chunk);
    // What is no more has no values; what is gets them anew.
    let mut prepared = transaction
        .prepare_cached("SELECT id FROM search_pending WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = prepared.query([first, last])?;
    while let Some(row) = rows.next()? {
        let (_, slot) = columns::place(columns::document_id(row.get(0)?)?);
        for value in values.iter_mut().filter_map(|values| values.get_mut(slot)) {
            *value = UNKNOWN;
        }
    }
    let mut refreshed = 0;
    each_pending(transaction, (first, last), |id, searched| {
        let (_, slot) = columns::place(id);
        for (values, value) in values.iter_mut().zip(searched.values) {
            if values.len() <= slot {
                values.resize(slot + 1, UNKNOWN);
            }
            values[slot] = value;
        }
        refreshed += 1;
        Ok(())
    })?;
    debug_assert!(
        values
            .iter()
            .all(|values| values.len() <= CHUNK_ROWS as usize)
    );
    for (column, values) in Column::ALL.into_iter().zip(&values) {
        columns::store(transaction, column, chunk, values)?;
    }
    transaction
        .prepare_cached("DELETE FROM search_pending WHERE id BETWEEN ?1 AND ?2")?
        .execute([first, last])?;
    Ok(refreshed)
}
