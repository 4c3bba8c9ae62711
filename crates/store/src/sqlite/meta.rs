//! Counts, small values, and the look for damage.

use rusqlite::{OptionalExtension, Transaction};

use super::codes::{time, uncount};
use super::fault::Fault;
use super::team_counts;
use crate::statistics::Statistics;

/// How many findings of a damaged database are named.
const FINDINGS_NAMED: usize = 3;
/// Where the number of changes is kept.
const CHANGES: &str = "changes";

pub(super) fn statistics(transaction: &Transaction<'_>) -> Result<Statistics, Fault> {
    let number = |sql: &str| -> Result<u64, Fault> {
        Ok(uncount(transaction.query_row(sql, [], |row| row.get(0))?))
    };
    let (earliest, latest) = transaction.query_row(
        "SELECT (SELECT min(created_at) FROM pr), (SELECT max(created_at) FROM pr)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Statistics {
        schema_version: transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        size_bytes: number("PRAGMA page_count")? * number("PRAGMA page_size")?,
        pull_requests: number("SELECT count(*) FROM pr")?,
        repositories: number("SELECT count(*) FROM repo")?,
        teams: team_counts::names(transaction)?.len() as u64,
        verdicts: number("SELECT count(*) FROM pr WHERE origin IS NOT NULL")?,
        analyses: number("SELECT count(*) FROM analysis")?,
        earliest: time(earliest)?,
        latest: time(latest)?,
    })
}

pub(super) fn get(transaction: &Transaction<'_>, name: &str) -> Result<Option<String>, Fault> {
    Ok(transaction
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn set(transaction: &Transaction<'_>, name: &str, value: &str) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute([name, value])?;
    Ok(())
}

/// Says that something was written of which reports are made.
pub(super) fn count_change(transaction: &Transaction<'_>) -> Result<(), Fault> {
    set(
        transaction,
        CHANGES,
        &(changes(transaction)? + 1).to_string(),
    )
}

/// How often that was said.
pub(super) fn changes(transaction: &Transaction<'_>) -> Result<u64, Fault> {
    let Some(text) = get(transaction, CHANGES)? else {
        return Ok(0);
    };
    text.parse()
        .map_err(|_| Fault::Damaged(format!("'{text}' is not a number of changes")))
}

pub(super) fn check_integrity(transaction: &Transaction<'_>) -> Result<(), Fault> {
    let mut findings = Vec::new();
    let mut prepared = transaction.prepare("PRAGMA integrity_check")?;
    let mut rows = prepared.query([])?;
    while let Some(row) = rows.next()? {
        let finding: String = row.get(0)?;
        if finding != "ok" {
            findings.push(finding);
        }
    }
    let mut prepared = transaction.prepare("PRAGMA foreign_key_check")?;
    let mut rows = prepared.query([])?;
    while let Some(row) = rows.next()? {
        let table: String = row.get(0)?;
        findings.push(format!("a row of {table} belongs to nothing"));
    }
    if findings.is_empty() {
        return Ok(());
    }
    let named = findings.len().min(FINDINGS_NAMED);
    let more = findings.len() - named;
    findings.truncate(named);
    if more > 0 {
        findings.push(format!("and {more} more"));
    }
    let what = findings.join("; ");
    Err(Fault::Damaged(what))
}
