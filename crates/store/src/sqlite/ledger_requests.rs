//! Requests and attempts of the ledger.

use batch::ledger::{
    Member, Next, OutcomeRecord, ReadyGroup, ReadyRequest, RunId, ShardId, StoredRequest, Variant,
    Verdict,
};
use batch::{Failure, FailureKind, Payload, Usage};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codes::{count, uncount};
use super::ledger::{Wrong, conflict};
use super::ledger_runs::{self as runs, Change};
use super::ledger_shards::{effort_code, variant};
use super::meta;

/// States of requests and attempts.
pub(super) const READY: i64 = 0;
pub(super) const ANSWERED: i64 = 2;
pub(super) const FAILED: i64 = 3;
pub(super) const QUARANTINED: i64 = 4;
pub(super) const RELEASED: i64 = 5;
pub(super) const DROPPED: i64 = 6;
const ATTEMPT_ANSWERED: i64 = 1;
const ATTEMPT_FAILED: i64 = 2;

pub(super) fn end_ready(
    transaction: &Transaction<'_>,
    run: RunId,
    failure: &Failure,
) -> Result<u64, Wrong> {
    transaction
        .prepare_cached(
            "DELETE FROM batch_payload WHERE request_id IN (SELECT id FROM batch_request \
             WHERE run_id = ?1 AND state = 0 AND standing_tier IS NOT NULL)",
        )?
        .execute([run.0])?;
    let standing = transaction
        .prepare_cached(
            "UPDATE batch_request SET state = 2 \
             WHERE run_id = ?1 AND state = 0 AND standing_tier IS NOT NULL",
        )?
        .execute([run.0])?;
    let ended = transaction
        .prepare_cached(
            "UPDATE batch_request SET state = 3, failure_kind = ?2, failure_detail = ?3 \
             WHERE run_id = ?1 AND state = 0",
        )?
        .execute(params![run.0, failure.kind.as_str(), failure.detail])?;
    let ended = ended as u64;
    runs::add(
        transaction,
        run,
        &Change {
            waiting: -count(ended),
            failed: count(ended),
            in_doubt: -count(standing as u64),
            ..Change::default()
        },
    )?;
    Ok(ended)
}

pub(super) fn ready_groups(
    transaction: &Transaction<'_>,
    run: RunId,
    most: u64,
) -> Result<Vec<ReadyGroup>, Wrong> {
    // From group to group along the index, so that neither step reads more than it tells.
    let mut next = transaction.prepare_cached(
        "SELECT tier, max_completion_tokens, effort FROM batch_request \
         WHERE run_id = ?1 AND state = 0 AND (tier, max_completion_tokens, effort) > (?2, ?3, ?4) \
         ORDER BY tier, max_completion_tokens, effort LIMIT 1",
    )?;
    let mut counted = transaction.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM batch_request WHERE run_id = ?1 AND state = 0 \
         AND tier = ?2 AND max_completion_tokens = ?3 AND effort = ?4 LIMIT ?5)",
    )?;
    let mut groups: Vec<ReadyGroup> = Vec::new();
    let mut after: (i64, i64, i64) = (-1, -1, -1);
    loop {
        let found = next
            .query_row(params![run.0, after.0, after.1, after.2], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, variant(row, 0)))
            })
            .optional()?;
        let Some((tier, cap, effort, variant)) = found else {
            return Ok(groups);
        };
        after = (tier, cap, effort);
        let requests: i64 = counted.query_row(
            params![run.0, tier, cap, effort, count(most.max(1))],
            |row| row.get(0),
        )?;
        groups.push(ReadyGroup {
            variant: variant?,
            requests: uncount(requests),
        });
    }
}

pub(super) fn ready(
    transaction: &Transaction<'_>,
    run: RunId,
    variant: Variant,
    limit: usize,
) -> Result<Vec<ReadyRequest>, Wrong> {
    let mut prepared = transaction.prepare_cached(
        "SELECT seq, length(custom_id), payload_bytes, prompt_tokens FROM batch_request \
         WHERE run_id = ?1 AND state = 0 AND tier = ?2 AND max_completion_tokens = ?3 \
         AND effort = ?4 ORDER BY standing_tier, seq LIMIT ?5",
    )?;
    let mut rows = prepared.query(params![
        run.0,
        variant.tier,
        variant.max_completion_tokens,
        effort_code(variant.effort),
        count(limit as u64),
    ])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(ReadyRequest {
            seq: uncount(row.get(0)?),
            custom_id_bytes: uncount(row.get(1)?),
            payload_bytes: uncount(row.get(2)?),
            prompt_tokens: row.get(3)?,
        });
    }
    Ok(page)
}

/// The requests of a shard from a place on. Ids within a run are in the order of `seq`.
const AFTER_IN_SHARD: &str = "a.shard_id = ?1 AND a.request_id > coalesce((SELECT request.id \
     FROM batch_request AS request JOIN batch_shard AS shard ON shard.run_id = request.run_id \
     WHERE shard.id = ?1 AND request.seq = ?2), 0) ORDER BY a.request_id LIMIT ?3";

pub(super) fn members(
    transaction: &Transaction<'_>,
    shard: ShardId,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<Member>, Wrong> {
    let sql = format!(
        "SELECT r.seq, r.custom_id, a.attempt, a.tier_attempts, r.prior_attempts, \
         r.prompt_tokens, a.state, coalesce(a.input_tokens, 0), coalesce(a.output_tokens, 0) \
         FROM batch_attempt AS a JOIN batch_request AS r ON r.id = a.request_id \
         WHERE {AFTER_IN_SHARD}"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query(params![shard.0, after.map(count), count(limit as u64)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let is_recorded = row.get::<_, i64>(6)? != 0;
        let usage = Usage {
            input_tokens: uncount(row.get(7)?),
            output_tokens: uncount(row.get(8)?),
        };
        page.push(Member {
            seq: uncount(row.get(0)?),
            custom_id: row.get(1)?,
            attempt: row.get(2)?,
            tier_attempts: row.get(3)?,
            prior_attempts: row.get(4)?,
            prompt_tokens: row.get(5)?,
            recorded: is_recorded.then_some(usage),
        });
    }
    if page.is_empty() && after.is_none() {
        super::ledger_shards::get(transaction, shard)?;
    }
    Ok(page)
}

const STORED_COLUMNS: &str = "r.seq, r.custom_id, r.subject, r.belongs_to, r.content_hash, \
     p.messages, r.prompt_tokens";

fn read_stored(row: &Row<'_>) -> rusqlite::Result<StoredRequest> {
    Ok(StoredRequest {
        seq: uncount(row.get(0)?),
        custom_id: row.get(1)?,
        subject: row.get(2)?,
        group: row.get(3)?,
        content_hash: row.get(4)?,
        payload: Payload::from_stored(row.get(5)?),
        prompt_tokens: row.get(6)?,
    })
}

pub(super) fn of_shard(
    transaction: &Transaction<'_>,
    shard: ShardId,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<StoredRequest>, Wrong> {
    let sql = format!(
        "SELECT {STORED_COLUMNS} FROM batch_attempt AS a \
         JOIN batch_request AS r ON r.id = a.request_id \
         JOIN batch_payload AS p ON p.request_id = r.id WHERE {AFTER_IN_SHARD}"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let rows = prepared.query_map(
        params![shard.0, after.map(count), count(limit as u64)],
        read_stored,
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn stored(
    transaction: &Transaction<'_>,
    run: RunId,
    seqs: &[u64],
) -> Result<Vec<StoredRequest>, Wrong> {
    let sql = format!(
        "SELECT {STORED_COLUMNS} FROM batch_request AS r \
         JOIN batch_payload AS p ON p.request_id = r.id \
         WHERE r.run_id = ?1 AND r.seq = ?2 AND r.state <= 1"
    );
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(seqs.len());
    for seq in seqs {
        found.extend(
            prepared
                .query_row(params![run.0, count(*seq)], read_stored)
                .optional()?,
        );
    }
    Ok(found)
}

/// A request about to get an outcome.
struct Asked {
    id: i64,
    attempt: i64,
    tier: u32,
    tier_attempts: u32,
    has_answer: bool,
}

pub(super) fn record(
    transaction: &Transaction<'_>,
    shard: ShardId,
    outcomes: &[OutcomeRecord],
    at: Timestamp,
) -> Result<(), Wrong> {
    let run = super::ledger_shards::get(transaction, shard)?.run;
    let mut change = Change::default();
    let mut is_coverage_changed = false;
    for outcome in outcomes {
        let asked: Option<Asked> = transaction
            .prepare_cached(
                "SELECT r.id, a.attempt, r.tier, r.tier_attempts, r.standing_tier IS NOT NULL \
                 FROM batch_request AS r \
                 JOIN batch_attempt AS a ON a.request_id = r.id AND a.attempt = r.attempts \
                 WHERE r.run_id = ?1 AND r.seq = ?2 AND a.shard_id = ?3 AND a.state = 0",
            )?
            .query_row(params![run.0, count(outcome.seq), shard.0], |row| {
                Ok(Asked {
                    id: row.get(0)?,
                    attempt: row.get(1)?,
                    tier: row.get(2)?,
                    tier_attempts: row.get(3)?,
                    has_answer: row.get(4)?,
                })
            })
            .optional()?;
        let Some(asked) = asked else {
            return conflict(format!(
                "request {} has no open place in shard {shard}",
                outcome.seq
            ));
        };
        if !outcome.is_consistent(asked.tier) {
            return conflict(format!(
                "what comes next for request {} does not go with its outcome",
                outcome.seq
            ));
        }
        write_attempt(transaction, &asked, outcome, at)?;
        move_on(transaction, &asked, outcome)?;
        change.cost += outcome.cost;
        change.possible_cost += outcome.possible_cost;
        count_outcome(&mut change, &asked, outcome);
        is_coverage_changed |= matches!(outcome.next, Next::Quarantined);
    }
    if is_coverage_changed {
        meta::count_change(transaction)?;
    }
    runs::add(transaction, run, &change)
}

/// Counts an outcome. A request with a doubted answer was counted as answered when it got it.
fn count_outcome(change: &mut Change, asked: &Asked, outcome: &OutcomeRecord) {
    let is_doubted = outcome.verdict.doubt().is_some();
    if asked.has_answer {
        let stays_open = matches!(outcome.next, Next::Again { .. });
        change.in_doubt -= i64::from(!stays_open);
        return;
    }
    change.in_flight -= 1;
    match outcome.next {
        Next::Done => change.answered += 1,
        Next::Again { .. } if is_doubted => {
            change.answered += 1;
            change.in_doubt += 1;
        }
        Next::Again { .. } => change.waiting += 1,
        Next::Failed | Next::Quarantined => change.failed += 1,
    }
}

fn write_attempt(
    transaction: &Transaction<'_>,
    asked: &Asked,
    outcome: &OutcomeRecord,
    at: Timestamp,
) -> Result<(), Wrong> {
    let state = match &outcome.verdict {
        Verdict::Answered { .. } | Verdict::Doubted { .. } => ATTEMPT_ANSWERED,
        Verdict::Failed(_) => ATTEMPT_FAILED,
    };
    let failure = outcome.verdict.failure();
    let doubt = outcome.verdict.doubt();
    transaction
        .prepare_cached(
            "UPDATE batch_attempt SET state = ?3, failure_kind = ?4, failure_detail = ?5, \
             repair = ?6, finish_reason = ?7, input_tokens = ?8, output_tokens = ?9, \
             cost_pico_usd = ?10, possible_cost_pico_usd = ?11, latency_ms = ?12, \
             recorded_at = ?13, doubt_reason = ?14, doubt_score = ?15 \
             WHERE request_id = ?1 AND attempt = ?2",
        )?
        .execute(params![
            asked.id,
            asked.attempt,
            state,
            failure.map(|failure| failure.kind.as_str()),
            failure.map(|failure| failure.detail.as_str()),
            outcome.verdict.repair(),
            outcome.finish_reason,
            outcome.usage.map(|usage| count(usage.input_tokens)),
            outcome.usage.map(|usage| count(usage.output_tokens)),
            outcome.cost.picodollars(),
            outcome.possible_cost.picodollars(),
            outcome.latency_ms.map(count),
            at.as_microsecond(),
            doubt.map(|doubt| doubt.reason.as_str()),
            doubt.map(|doubt| doubt.score),
        ])?;
    Ok(())
}

fn move_on(
    transaction: &Transaction<'_>,
    asked: &Asked,
    outcome: &OutcomeRecord,
) -> Result<(), Wrong> {
    let failure = outcome.verdict.failure();
    let end = |state: i64| -> Result<(), Wrong> {
        transaction
            .prepare_cached(
                "UPDATE batch_request SET state = ?2, failure_kind = ?3, failure_detail = ?4 \
                 WHERE id = ?1",
            )?
            .execute(params![
                asked.id,
                state,
                failure.map(|failure| failure.kind.as_str()),
                failure.map(|failure| failure.detail.as_str()),
            ])?;
        Ok(())
    };
    match &outcome.next {
        Next::Done => {
            set_standing(transaction, asked, None)?;
            end_answered(transaction, asked)
        }
        Next::Failed | Next::Quarantined if asked.has_answer => end_answered(transaction, asked),
        Next::Failed => end(FAILED),
        Next::Quarantined => end(QUARANTINED),
        Next::Again { variant, shrunk } => {
            if outcome.verdict.doubt().is_some() {
                set_standing(transaction, asked, Some(asked.tier))?;
            }
            let counts = failure.is_none_or(|failure| failure.kind != FailureKind::Config);
            let tier_attempts = if variant.tier == asked.tier {
                asked.tier_attempts.saturating_add(u32::from(counts))
            } else {
                0
            };
            transaction
                .prepare_cached(
                    "UPDATE batch_request SET state = ?2, tier = ?3, max_completion_tokens = ?4, \
                     effort = ?5, tier_attempts = ?6 WHERE id = ?1",
                )?
                .execute(params![
                    asked.id,
                    READY,
                    variant.tier,
                    variant.max_completion_tokens,
                    effort_code(variant.effort),
                    tier_attempts,
                ])?;
            if let Some(shrunk) = shrunk {
                let messages = shrunk.payload.as_json();
                transaction
                    .prepare_cached("UPDATE batch_payload SET messages = ?2 WHERE request_id = ?1")?
                    .execute(params![asked.id, messages])?;
                transaction
                    .prepare_cached(
                        "UPDATE batch_request SET payload_bytes = ?2, prompt_tokens = ?3 \
                         WHERE id = ?1",
                    )?
                    .execute(params![
                        asked.id,
                        count(messages.len() as u64),
                        shrunk.prompt_tokens,
                    ])?;
            }
            Ok(())
        }
    }
}

/// Ends a request with the answer it has, and forgets its messages.
fn end_answered(transaction: &Transaction<'_>, asked: &Asked) -> Result<(), Wrong> {
    transaction
        .prepare_cached("UPDATE batch_request SET state = ?2 WHERE id = ?1")?
        .execute(params![asked.id, ANSWERED])?;
    transaction
        .prepare_cached("DELETE FROM batch_payload WHERE request_id = ?1")?
        .execute([asked.id])?;
    Ok(())
}

/// Notes whose doubted answer a request has.
fn set_standing(
    transaction: &Transaction<'_>,
    asked: &Asked,
    tier: Option<u32>,
) -> Result<(), Wrong> {
    if tier.is_some() || asked.has_answer {
        transaction
            .prepare_cached("UPDATE batch_request SET standing_tier = ?2 WHERE id = ?1")?
            .execute(params![asked.id, tier])?;
    }
    Ok(())
}
