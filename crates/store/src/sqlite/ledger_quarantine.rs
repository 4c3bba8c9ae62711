//! What the ledger keeps from being asked again, and the decisions about it.

use batch::ledger::{Decision, QuarantinedRequest, RequestCursor, Ruling, RulingLine, RunId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codes::{count, uncount};
use super::ledger::Wrong;
use super::ledger_reports::{cursor, kind, place};
use super::ledger_requests::{DROPPED, QUARANTINED, RELEASED};
use super::ledger_runs::{known_task, time, unreadable};
use super::meta;

pub(super) fn list(
    transaction: &Transaction<'_>,
    task: &str,
    after: Option<RequestCursor>,
    limit: usize,
) -> Result<Vec<QuarantinedRequest>, Wrong> {
    let Some(task) = known_task(transaction, task)? else {
        return Ok(Vec::new());
    };
    let (run, seq) = place(after);
    let mut prepared = transaction.prepare_cached(
        "SELECT r.run_id, r.seq, r.custom_id, r.subject, r.belongs_to, r.content_hash, \
         batch_run.prompt_version, batch_run.schema_version, r.tier, r.attempts, \
         r.failure_kind, r.failure_detail, r.state, \
         (SELECT note FROM batch_ruling WHERE request_id = r.id ORDER BY id DESC LIMIT 1) \
         FROM batch_request AS r JOIN batch_run ON batch_run.id = r.run_id \
         WHERE r.task_id = ?1 AND r.state IN (4, 6) AND (r.run_id, r.seq) > (?2, ?3) \
         ORDER BY r.run_id, r.seq LIMIT ?4",
    )?;
    let mut rows = prepared.query(params![task, run, seq, count(limit as u64)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let detail: Option<String> = row.get(11)?;
        page.push(QuarantinedRequest {
            cursor: cursor(row)?,
            custom_id: row.get(2)?,
            subject: row.get(3)?,
            group: row.get(4)?,
            content_hash: row.get(5)?,
            prompt_version: row.get(6)?,
            schema_version: row.get(7)?,
            tier: row.get(8)?,
            attempts: row.get(9)?,
            kind: kind(row.get(10)?)?,
            detail: detail.unwrap_or_default(),
            dropped: row.get::<_, i64>(12)? == DROPPED,
            note: row.get(13)?,
        });
    }
    Ok(page)
}

pub(super) fn rule(
    transaction: &Transaction<'_>,
    places: &[RequestCursor],
    ruling: &Ruling,
) -> Result<u64, Wrong> {
    let mut find = transaction
        .prepare_cached("SELECT id, state FROM batch_request WHERE run_id = ?1 AND seq = ?2")?;
    let mut change =
        transaction.prepare_cached("UPDATE batch_request SET state = ?2 WHERE id = ?1")?;
    let mut enter = transaction.prepare_cached(
        "INSERT INTO batch_ruling (request_id, decision, note, ruled_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut changed = 0;
    for place in places {
        let found: Option<(i64, i64)> = find
            .query_row(params![place.run.0, count(place.seq)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (request, state) = match (ruling.decision, found) {
            (Decision::Retry, Some((request, QUARANTINED | DROPPED))) => (request, RELEASED),
            (Decision::Drop, Some((request, QUARANTINED))) => (request, DROPPED),
            _ => continue,
        };
        change.execute(params![request, state])?;
        enter.execute(params![
            request,
            ruling.decision.as_str(),
            ruling.note,
            ruling.at.as_microsecond(),
        ])?;
        changed += 1;
    }
    if changed > 0 {
        meta::count_change(transaction)?;
    }
    Ok(changed)
}

pub(super) fn rulings(
    transaction: &Transaction<'_>,
    task: &str,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<RulingLine>, Wrong> {
    let Some(task) = known_task(transaction, task)? else {
        return Ok(Vec::new());
    };
    let mut prepared = transaction.prepare_cached(
        "SELECT ruling.id, r.run_id, r.seq, r.subject, ruling.decision, ruling.note, \
         ruling.ruled_at FROM batch_ruling AS ruling \
         JOIN batch_request AS r ON r.id = ruling.request_id \
         WHERE r.task_id = ?1 AND ruling.id > ?2 ORDER BY ruling.id LIMIT ?3",
    )?;
    let mut rows = prepared.query(params![
        task,
        count(after.unwrap_or(0)),
        count(limit as u64)
    ])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let decision: String = row.get(4)?;
        page.push(RulingLine {
            id: uncount(row.get(0)?),
            run: RunId(row.get(1)?),
            seq: uncount(row.get(2)?),
            subject: row.get(3)?,
            decision: decision.parse().map_err(unreadable)?,
            note: row.get(5)?,
            at: time(row.get(6)?)?,
        });
    }
    Ok(page)
}
