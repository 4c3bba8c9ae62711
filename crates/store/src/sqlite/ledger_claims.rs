//! Claims: which requests a run gets, and why it does not get the others.

use batch::ledger::{Admission, LedgerError, RunId, Variant};
use batch::{FailureKind, NewRequest};
use rusqlite::{OptionalExtension, Transaction, params};

use super::codes::count;
use super::ledger::Wrong;
use super::ledger_runs::{self as runs, Change};
use super::ledger_shards::effort_code;

pub(super) fn add(
    transaction: &Transaction<'_>,
    run: RunId,
    variant: Variant,
    requests: &[NewRequest],
) -> Result<Vec<Admission>, Wrong> {
    let (task, prompt_version, schema_version, started_at): (i64, String, String, i64) =
        transaction
            .prepare_cached(
                "SELECT task_id, prompt_version, schema_version, started_at \
                 FROM batch_run WHERE id = ?1",
            )?
            .query_row([run.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?
            .ok_or(LedgerError::NoSuchRun(run))?;
    let mut next_seq: i64 = transaction
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM batch_request WHERE run_id = ?1")?
        .query_row([run.0], |row| row.get(0))?;
    let mut known_id = transaction
        .prepare_cached("SELECT 1 FROM batch_request WHERE run_id = ?1 AND custom_id = ?2")?;
    let mut holder = transaction.prepare_cached(
        "SELECT run_id FROM batch_request INDEXED BY batch_request_by_subject \
         WHERE task_id = ?1 AND subject = ?2 AND state <= 1",
    )?;
    let mut quarantine = transaction.prepare_cached(
        "SELECT r.run_id FROM batch_request AS r INDEXED BY batch_request_by_subject \
         JOIN batch_run ON batch_run.id = r.run_id \
         WHERE r.task_id = ?1 AND r.subject = ?2 AND r.content_hash = ?3 AND (r.state = 6 \
         OR r.state = 4 AND batch_run.prompt_version = ?4 AND batch_run.schema_version = ?5) \
         ORDER BY r.run_id LIMIT 1",
    )?;
    let mut answered = transaction.prepare_cached(
        "SELECT r.run_id FROM batch_request AS r INDEXED BY batch_request_by_subject \
         JOIN batch_run ON batch_run.id = r.run_id \
         JOIN batch_attempt AS a ON a.request_id = r.id AND a.attempt = r.attempts \
         WHERE r.task_id = ?1 AND r.subject = ?2 AND r.content_hash = ?3 AND r.state = 2 \
         AND batch_run.prompt_version = ?4 AND batch_run.schema_version = ?5 \
         AND r.run_id <> ?6 AND a.recorded_at > ?7 ORDER BY r.run_id LIMIT 1",
    )?;
    let mut prior = transaction.prepare_cached(
        "SELECT count(*) FROM batch_request AS r INDEXED BY batch_request_by_subject \
         JOIN batch_run ON batch_run.id = r.run_id \
         JOIN batch_attempt AS a ON a.request_id = r.id \
         WHERE r.task_id = ?1 AND r.subject = ?2 AND r.content_hash = ?3 AND r.state = 3 \
         AND batch_run.prompt_version = ?4 AND batch_run.schema_version = ?5 \
         AND a.state <> 0 AND coalesce(a.failure_kind, '') <> ?6",
    )?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO batch_request (run_id, seq, task_id, custom_id, subject, belongs_to, \
         content_hash, payload_bytes, prompt_tokens, prior_attempts, tier, \
         max_completion_tokens, effort) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let mut payload = transaction
        .prepare_cached("INSERT INTO batch_payload (request_id, messages) VALUES (?1, ?2)")?;
    let mut admissions = Vec::with_capacity(requests.len());
    let mut claimed = 0;
    for request in requests {
        let of_content = params![
            task,
            request.subject,
            request.content_hash,
            prompt_version,
            schema_version,
        ];
        let held: Option<i64> = if known_id.exists(params![run.0, request.custom_id])? {
            admissions.push(Admission::RepeatedId);
            continue;
        } else {
            holder
                .query_row(params![task, request.subject], |row| row.get(0))
                .optional()?
        };
        if let Some(holder) = held {
            admissions.push(Admission::Held(RunId(holder)));
            continue;
        }
        let quarantined: Option<i64> = quarantine
            .query_row(of_content, |row| row.get(0))
            .optional()?;
        if let Some(by) = quarantined {
            admissions.push(Admission::Quarantined(RunId(by)));
            continue;
        }
        let answered_by: Option<i64> = answered
            .query_row(
                params![
                    task,
                    request.subject,
                    request.content_hash,
                    prompt_version,
                    schema_version,
                    run.0,
                    started_at,
                ],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(by) = answered_by {
            admissions.push(Admission::Answered(RunId(by)));
            continue;
        }
        let prior_attempts: i64 = prior.query_row(
            params![
                task,
                request.subject,
                request.content_hash,
                prompt_version,
                schema_version,
                FailureKind::Config.as_str(),
            ],
            |row| row.get(0),
        )?;
        next_seq += 1;
        let messages = request.payload.as_json();
        let id = insert.insert(params![
            run.0,
            next_seq,
            task,
            request.custom_id,
            request.subject,
            request.group,
            request.content_hash,
            count(messages.len() as u64),
            request.prompt_tokens,
            prior_attempts,
            variant.tier,
            variant.max_completion_tokens,
            effort_code(variant.effort),
        ])?;
        payload.execute(params![id, messages])?;
        claimed += 1;
        admissions.push(Admission::Claimed);
    }
    runs::add(
        transaction,
        run,
        &Change {
            requests: claimed,
            waiting: claimed,
            ..Change::default()
        },
    )?;
    Ok(admissions)
}
