//! What the ledger tells of money.

use batch::ledger::{AttemptRecord, CostCell, CostFilter, RequestCost, RunId, ShardId};
use batch::{ModelRef, Money, Usage};
use jiff::Timestamp;
use rusqlite::{Row, Transaction, named_params, params};

use super::codes::{count, uncount};
use super::ledger::Wrong;
use super::ledger_reports::kind;
use super::ledger_runs::{self as runs, time};

pub(super) fn attempts(
    transaction: &Transaction<'_>,
    run: RunId,
    seqs: &[u64],
) -> Result<Vec<AttemptRecord>, Wrong> {
    let mut prepared = transaction.prepare_cached(
        "SELECT a.attempt, a.tier, s.provider, s.model, a.shard_id, a.failure_kind, \
         a.failure_detail, a.repair, a.finish_reason, a.input_tokens, a.output_tokens, \
         a.cost_pico_usd, a.possible_cost_pico_usd, coalesce(a.recorded_at, 0), a.doubt_reason \
         FROM batch_request AS r JOIN batch_attempt AS a ON a.request_id = r.id \
         JOIN batch_shard AS s ON s.id = a.shard_id \
         WHERE r.run_id = ?1 AND r.seq = ?2 AND a.state <> 0 ORDER BY a.attempt",
    )?;
    let mut records = Vec::new();
    for seq in seqs {
        let mut rows = prepared.query(params![run.0, count(*seq)])?;
        while let Some(row) = rows.next()? {
            records.push(read_attempt(*seq, row)?);
        }
    }
    if records.is_empty() {
        runs::get(transaction, run)?;
    }
    Ok(records)
}

fn read_attempt(seq: u64, row: &Row<'_>) -> Result<AttemptRecord, Wrong> {
    let word: Option<String> = row.get(5)?;
    let (input_tokens, output_tokens): (Option<i64>, Option<i64>) = (row.get(9)?, row.get(10)?);
    Ok(AttemptRecord {
        seq,
        attempt: row.get(0)?,
        tier: row.get(1)?,
        model: ModelRef {
            provider: row.get(2)?,
            model: row.get(3)?,
        },
        shard: ShardId(row.get(4)?),
        kind: word.map(|word| kind(Some(word))).transpose()?,
        detail: row.get(6)?,
        doubt: row.get(14)?,
        repair: row.get(7)?,
        finish_reason: row.get(8)?,
        usage: input_tokens.zip(output_tokens).map(usage),
        cost: Money::from_picodollars(row.get(11)?),
        possible_cost: Money::from_picodollars(row.get(12)?),
        recorded_at: time(row.get(13)?)?,
    })
}

fn usage((input_tokens, output_tokens): (i64, i64)) -> Usage {
    Usage {
        input_tokens: uncount(input_tokens),
        output_tokens: uncount(output_tokens),
    }
}

/// The filter on an attempt of a request; wants `:from`, `:before` and `:belongs_to`.
const COUNTS: &str = "a.state <> 0 AND a.recorded_at >= :from AND a.recorded_at < :before \
     AND (:belongs_to IS NULL OR r.belongs_to = :belongs_to)";

/// The span of a filter in microseconds, the end exclusive.
fn span(filter: &CostFilter) -> (i64, i64) {
    let microseconds = |at: Option<Timestamp>, other| at.map_or(other, Timestamp::as_microsecond);
    (
        microseconds(filter.from, i64::MIN),
        microseconds(filter.before, i64::MAX),
    )
}

/// The cells of a run: those of its attempts, and those of lines that answered a request again.
const CELLS: &str = "SELECT a.shard_id, r.belongs_to, \
     strftime('%Y-%m', a.recorded_at / 1000000, 'unixepoch'), \
     count(*), sum(a.state = 1 AND NOT a.second_opinion), sum(a.state = 2), \
     coalesce(sum(a.input_tokens) FILTER (WHERE a.state = 1 AND NOT a.second_opinion), 0), \
     coalesce(sum(a.output_tokens) FILTER (WHERE a.state = 1 AND NOT a.second_opinion), 0), \
     coalesce(sum(a.input_tokens), 0), coalesce(sum(a.output_tokens), 0), \
     sum(a.cost_pico_usd), sum(a.possible_cost_pico_usd) \
     FROM batch_shard AS s JOIN batch_attempt AS a ON a.shard_id = s.id \
     JOIN batch_request AS r ON r.id = a.request_id \
     WHERE s.run_id = :run AND {COUNTS} GROUP BY 1, 2, 3 \
     UNION ALL SELECT s.id, NULL, strftime('%Y-%m', s.closed_at / 1000000, 'unixepoch'), \
     0, 0, 0, 0, 0, s.tally ->> '$.extra_usage.input_tokens', \
     s.tally ->> '$.extra_usage.output_tokens', s.tally ->> '$.extra_cost', 0 \
     FROM batch_shard AS s WHERE s.run_id = :run AND :belongs_to IS NULL \
     AND s.closed_at >= :from AND s.closed_at < :before \
     AND (s.tally ->> '$.extra_usage.input_tokens' <> 0 \
     OR s.tally ->> '$.extra_usage.output_tokens' <> 0 OR s.tally ->> '$.extra_cost' <> 0) \
     ORDER BY 1, 2, 3";

pub(super) fn cells(
    transaction: &Transaction<'_>,
    run: RunId,
    filter: &CostFilter,
) -> Result<Vec<CostCell>, Wrong> {
    runs::get(transaction, run)?;
    let (from, before) = span(filter);
    let mut prepared = transaction.prepare_cached(&CELLS.replace("{COUNTS}", COUNTS))?;
    let mut rows = prepared.query(named_params! {
        ":run": run.0, ":from": from, ":before": before, ":belongs_to": filter.group,
    })?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        cells.push(CostCell {
            shard: ShardId(row.get(0)?),
            group: row.get(1)?,
            month: row.get(2)?,
            attempts: uncount(row.get(3)?),
            answered: uncount(row.get(4)?),
            failed: uncount(row.get(5)?),
            answered_usage: usage((row.get(6)?, row.get(7)?)),
            usage: usage((row.get(8)?, row.get(9)?)),
            cost: Money::from_picodollars(row.get(10)?),
            possible_cost: Money::from_picodollars(row.get(11)?),
        });
    }
    Ok(cells)
}

/// The requests of a run with their attempts within the filter.
const BY_REQUEST: &str = "SELECT r.seq, r.custom_id, r.subject, r.belongs_to, \
     max(a.tier) FILTER (WHERE a.state = 1), count(*), \
     sum(a.state = 1 AND NOT a.second_opinion), sum(a.state = 2), \
     coalesce(sum(a.input_tokens) FILTER (WHERE a.state = 1 AND NOT a.second_opinion), 0), \
     coalesce(sum(a.output_tokens) FILTER (WHERE a.state = 1 AND NOT a.second_opinion), 0), \
     coalesce(sum(a.input_tokens), 0), coalesce(sum(a.output_tokens), 0), \
     sum(a.cost_pico_usd), sum(a.possible_cost_pico_usd), \
     sum(coalesce(a.input_tokens, 0) * s.sync_input_price \
     + coalesce(a.output_tokens, 0) * s.sync_output_price) \
     FROM batch_request AS r JOIN batch_attempt AS a ON a.request_id = r.id \
     JOIN batch_shard AS s ON s.id = a.shard_id \
     WHERE r.run_id = :run AND r.seq > :after AND {COUNTS} \
     GROUP BY r.seq ORDER BY r.seq LIMIT :limit";

pub(super) fn by_request(
    transaction: &Transaction<'_>,
    run: RunId,
    filter: &CostFilter,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<RequestCost>, Wrong> {
    let (from, before) = span(filter);
    let mut prepared = transaction.prepare_cached(&BY_REQUEST.replace("{COUNTS}", COUNTS))?;
    let mut rows = prepared.query(named_params! {
        ":run": run.0, ":from": from, ":before": before, ":belongs_to": filter.group,
        ":after": count(after.unwrap_or(0)), ":limit": count(limit as u64),
    })?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(RequestCost {
            seq: uncount(row.get(0)?),
            custom_id: row.get(1)?,
            subject: row.get(2)?,
            group: row.get(3)?,
            answered_by: row.get(4)?,
            attempts: uncount(row.get(5)?),
            answered: uncount(row.get(6)?),
            failed: uncount(row.get(7)?),
            answered_usage: usage((row.get(8)?, row.get(9)?)),
            usage: usage((row.get(10)?, row.get(11)?)),
            cost: Money::from_picodollars(row.get(12)?),
            possible_cost: Money::from_picodollars(row.get(13)?),
            sync_cost: Money::from_picodollars(row.get(14)?),
        });
    }
    if page.is_empty() {
        runs::get(transaction, run)?;
    }
    Ok(page)
}
