//! The log of who changed what. It only grows.

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use serde_json::Value;

use super::codes::{count, uncount};
use super::fault::Fault;
use crate::corrections::{AuditEntry, AuditRecord};

pub(super) fn append(transaction: &Transaction<'_>, entry: &AuditEntry) -> Result<(), Fault> {
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    transaction
        .prepare_cached(
            "INSERT INTO audit (at, who, action, subject, old, new) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            entry.at.as_microsecond(),
            entry.who,
            entry.action,
            entry.subject,
            text(&entry.old),
            text(&entry.new),
        ])?;
    Ok(())
}

/// A page, the latest first.
pub(super) fn list(
    transaction: &Transaction<'_>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<AuditRecord>, Fault> {
    let mut prepared = transaction.prepare_cached(
        "SELECT id, at, who, action, subject, old, new FROM audit WHERE id < ?1 \
         ORDER BY id DESC LIMIT ?2",
    )?;
    let before = before.map_or(i64::MAX, count);
    let mut rows = prepared.query([before, count(limit as u64)])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(1)?;
        let value = |column: usize| -> Result<Option<Value>, Fault> {
            let text: Option<String> = row.get(column)?;
            text.map(|text| {
                serde_json::from_str(&text)
                    .map_err(|error| Fault::Damaged(format!("the log of changes: {error}")))
            })
            .transpose()
        };
        records.push(AuditRecord {
            id: uncount(row.get(0)?),
            entry: AuditEntry {
                at: Timestamp::from_microsecond(at)
                    .map_err(|_| Fault::Damaged(format!("{at} is not a time")))?,
                who: row.get(2)?,
                action: row.get(3)?,
                subject: row.get(4)?,
                old: value(5)?,
                new: value(6)?,
            },
        });
    }
    Ok(records)
}
