//! What the ledger tells of runs, tiers and requests.

use batch::ledger::{
    AttemptLine, FailedRequest, RequestCursor, RunId, ShardId, TierLine, WaitingRequest,
};
use batch::{FailureKind, Money, Usage};
use rusqlite::{Row, Transaction, params};

use super::codes::{count, uncount};
use super::ledger::Wrong;
use super::ledger_requests::{DROPPED, QUARANTINED};
use super::ledger_runs::{self as runs, known_task, unreadable};

pub(super) fn kind(word: Option<String>) -> Result<FailureKind, Wrong> {
    word.unwrap_or_default().parse().map_err(unreadable)
}

pub(super) fn attempt_lines(
    transaction: &Transaction<'_>,
    run: RunId,
) -> Result<Vec<AttemptLine>, Wrong> {
    runs::get(transaction, run)?;
    let mut prepared = transaction.prepare_cached(
        "SELECT a.shard_id, a.failure_kind, count(*), count(a.repair), \
         coalesce(sum(a.input_tokens), 0), coalesce(sum(a.output_tokens), 0), \
         sum(a.cost_pico_usd), sum(a.possible_cost_pico_usd), a.second_opinion \
         FROM batch_shard AS s JOIN batch_attempt AS a ON a.shard_id = s.id \
         WHERE s.run_id = ?1 AND a.state <> 0 GROUP BY 1, 2, 9 ORDER BY 1, 2, 9",
    )?;
    let mut rows = prepared.query([run.0])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let word: Option<String> = row.get(1)?;
        lines.push(AttemptLine {
            shard: ShardId(row.get(0)?),
            kind: word.map(|word| kind(Some(word))).transpose()?,
            second_opinion: row.get(8)?,
            attempts: uncount(row.get(2)?),
            repaired: uncount(row.get(3)?),
            usage: Usage {
                input_tokens: uncount(row.get(4)?),
                output_tokens: uncount(row.get(5)?),
            },
            cost: Money::from_picodollars(row.get(6)?),
            possible_cost: Money::from_picodollars(row.get(7)?),
        });
    }
    Ok(lines)
}

pub(super) fn tier_lines(
    transaction: &Transaction<'_>,
    run: RunId,
) -> Result<Vec<TierLine>, Wrong> {
    runs::get(transaction, run)?;
    let mut lines = Vec::new();
    // The last recorded attempt of each request at each tier, unless the request is still at it.
    let mut left = transaction.prepare_cached(
        "SELECT a.tier, a.failure_kind, count(*), a.doubt_reason, \
         count(*) FILTER (WHERE r.standing_tier = a.tier) FROM batch_request AS r \
         JOIN batch_attempt AS a ON a.request_id = r.id \
         WHERE r.run_id = ?1 AND a.state <> 0 AND NOT (r.state <= 1 AND r.tier = a.tier) \
         AND NOT EXISTS (SELECT 1 FROM batch_attempt AS later \
         WHERE later.request_id = a.request_id AND later.attempt = a.attempt + 1 \
         AND later.tier = a.tier AND later.state <> 0) GROUP BY 1, 2, 4 ORDER BY 1, 2, 4",
    )?;
    let mut rows = left.query([run.0])?;
    while let Some(row) = rows.next()? {
        let tier = row.get(0)?;
        let word: Option<String> = row.get(1)?;
        let requests = uncount(row.get(2)?);
        let reason: Option<String> = row.get(3)?;
        let standing = uncount(row.get(4)?);
        lines.push(match (word, reason) {
            (None, None) => TierLine::Answered { tier, requests },
            (None, Some(reason)) => TierLine::Doubted {
                tier,
                reason,
                standing,
                replaced: requests.saturating_sub(standing),
            },
            (Some(word), _) => TierLine::Failed {
                tier,
                kind: kind(Some(word))?,
                requests,
            },
        });
    }
    // Requests that ended while they waited for a tier.
    let mut ended = transaction.prepare_cached(
        "SELECT r.tier, r.failure_kind, count(*) FROM batch_request AS r \
         WHERE r.run_id = ?1 AND r.state >= 3 AND NOT EXISTS (SELECT 1 FROM batch_attempt AS a \
         WHERE a.request_id = r.id AND a.tier = r.tier AND a.state <> 0) \
         GROUP BY 1, 2 ORDER BY 1, 2",
    )?;
    let mut rows = ended.query([run.0])?;
    while let Some(row) = rows.next()? {
        lines.push(TierLine::Failed {
            tier: row.get(0)?,
            kind: kind(row.get(1)?)?,
            requests: uncount(row.get(2)?),
        });
    }
    let mut open = transaction.prepare_cached(
        "SELECT tier, count(*) FROM batch_request WHERE run_id = ?1 AND state <= 1 \
         GROUP BY 1 ORDER BY 1",
    )?;
    let mut rows = open.query([run.0])?;
    while let Some(row) = rows.next()? {
        lines.push(TierLine::Open {
            tier: row.get(0)?,
            requests: uncount(row.get(1)?),
        });
    }
    Ok(lines)
}

pub(super) fn failures(
    transaction: &Transaction<'_>,
    run: RunId,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<FailedRequest>, Wrong> {
    let mut prepared = transaction.prepare_cached(
        "SELECT seq, custom_id, subject, belongs_to, tier, attempts, failure_kind, \
         failure_detail, state FROM batch_request \
         WHERE run_id = ?1 AND state >= 3 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut rows = prepared.query(params![
        run.0,
        count(after.unwrap_or(0)),
        count(limit as u64)
    ])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let detail: Option<String> = row.get(7)?;
        page.push(FailedRequest {
            seq: uncount(row.get(0)?),
            custom_id: row.get(1)?,
            subject: row.get(2)?,
            group: row.get(3)?,
            tier: row.get(4)?,
            attempts: row.get(5)?,
            kind: kind(row.get(6)?)?,
            detail: detail.unwrap_or_default(),
            quarantined: matches!(row.get(8)?, QUARANTINED | DROPPED),
        });
    }
    if page.is_empty() {
        runs::get(transaction, run)?;
    }
    Ok(page)
}

pub(super) fn cursor(row: &Row<'_>) -> rusqlite::Result<RequestCursor> {
    Ok(RequestCursor {
        run: RunId(row.get(0)?),
        seq: uncount(row.get(1)?),
    })
}

pub(super) fn place(after: Option<RequestCursor>) -> (i64, i64) {
    after.map_or((0, 0), |after| (after.run.0, count(after.seq)))
}

pub(super) fn waiting(
    transaction: &Transaction<'_>,
    task: &str,
    after: Option<RequestCursor>,
    limit: usize,
) -> Result<Vec<WaitingRequest>, Wrong> {
    let Some(task) = known_task(transaction, task)? else {
        return Ok(Vec::new());
    };
    let (run, seq) = place(after);
    let mut prepared = transaction.prepare_cached(
        "SELECT run_id, seq, subject, belongs_to, state, standing_tier IS NOT NULL \
         FROM batch_request \
         WHERE task_id = ?1 AND state <= 1 AND (run_id, seq) > (?2, ?3) \
         ORDER BY run_id, seq LIMIT ?4",
    )?;
    let mut rows = prepared.query(params![task, run, seq, count(limit as u64)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(WaitingRequest {
            cursor: cursor(row)?,
            subject: row.get(2)?,
            group: row.get(3)?,
            in_flight: row.get::<_, i64>(4)? == 1,
            has_answer: row.get(5)?,
        });
    }
    Ok(page)
}
