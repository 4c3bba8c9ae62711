//! Shards of the ledger.

use batch::ledger::{
    LedgerError, NewShard, RunId, Shard, ShardFilter, ShardId, ShardState, ShardStep, ShardTally,
    Variant,
};
use batch::{Effort, ModelRef, Money, TokenPrice};
use jiff::Timestamp;
use rusqlite::{Row, Transaction, params};

use super::codes::{count, uncount};
use super::ledger::{Wrong, conflict};
use super::ledger_runs::{self as runs, Change, optional_time, time, unreadable};

const COLUMNS: &str = "id, run_id, tier, max_completion_tokens, effort, provider, model, token, \
     state, requests, input_bytes, prompt_tokens, reserved_pico_usd, input_price, output_price, \
     sync_input_price, sync_output_price, file_id, input_hash, batch_id, remote_status, \
     output_file_id, error_file_id, batch_errors, note, planned_at, create_started_at, created_at, \
     ended_at, closed_at, files_deleted, tally";

/// The code of an effort; 0 is none.
pub(super) fn effort_code(effort: Option<Effort>) -> i64 {
    match effort {
        None => 0,
        Some(Effort::Low) => 1,
        Some(Effort::Medium) => 2,
        Some(Effort::High) => 3,
    }
}

/// The effort of a code.
pub(super) fn effort(code: i64) -> Result<Option<Effort>, Wrong> {
    match code {
        0 => Ok(None),
        1 => Ok(Some(Effort::Low)),
        2 => Ok(Some(Effort::Medium)),
        3 => Ok(Some(Effort::High)),
        _ => Err(unreadable(format!("{code} is no code of an effort"))),
    }
}

/// Reads the settings that stand in three columns from `first` on.
pub(super) fn variant(row: &Row<'_>, first: usize) -> Result<Variant, Wrong> {
    Ok(Variant {
        tier: row.get(first)?,
        max_completion_tokens: row.get(first + 1)?,
        effort: effort(row.get(first + 2)?)?,
    })
}

pub(super) fn create(
    transaction: &Transaction<'_>,
    shard: &NewShard,
    members: &[u64],
) -> Result<ShardId, Wrong> {
    if members.is_empty() {
        return conflict("a shard needs one or more different requests");
    }
    let id = transaction
        .prepare_cached(
            "INSERT INTO batch_shard (run_id, tier, max_completion_tokens, effort, provider, \
             model, token, state, requests, input_bytes, prompt_tokens, reserved_pico_usd, \
             input_price, output_price, sync_input_price, sync_output_price, batch_errors, \
             planned_at, tally) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
             ?14, ?15, ?16, '[]', ?17, ?18)",
        )?
        .insert(params![
            shard.run.0,
            shard.variant.tier,
            shard.variant.max_completion_tokens,
            effort_code(shard.variant.effort),
            shard.model.provider,
            shard.model.model,
            shard.token,
            ShardState::Planned.as_str(),
            count(members.len() as u64),
            count(shard.input_bytes),
            count(shard.prompt_tokens),
            shard.reserved.picodollars(),
            shard.price.input.picodollars(),
            shard.price.output.picodollars(),
            shard.sync_price.input.picodollars(),
            shard.sync_price.output.picodollars(),
            shard.at.as_microsecond(),
            serde_json::to_string(&ShardTally::default()).map_err(unreadable)?,
        ])?;
    let mut take = transaction.prepare_cached(
        "UPDATE batch_request SET state = 1, attempts = attempts + 1 \
         WHERE run_id = ?1 AND seq = ?2 AND state = 0 AND tier = ?3 \
         AND max_completion_tokens = ?4 AND effort = ?5",
    )?;
    let mut attempt = transaction.prepare_cached(
        "INSERT INTO batch_attempt (request_id, attempt, shard_id, tier, tier_attempts, \
         second_opinion) \
         SELECT id, attempts, ?3, tier, tier_attempts, standing_tier IS NOT NULL \
         FROM batch_request WHERE run_id = ?1 AND seq = ?2 RETURNING second_opinion",
    )?;
    let mut moved = 0;
    for seq in members {
        let taken = take.execute(params![
            shard.run.0,
            count(*seq),
            shard.variant.tier,
            shard.variant.max_completion_tokens,
            effort_code(shard.variant.effort),
        ])?;
        if taken != 1 {
            return conflict(format!("request {seq} does not wait with these settings"));
        }
        let has_answer: bool =
            attempt.query_row(params![shard.run.0, count(*seq), id], |row| row.get(0))?;
        moved += i64::from(!has_answer);
    }
    runs::add(
        transaction,
        shard.run,
        &Change {
            waiting: -moved,
            in_flight: moved,
            ..Change::default()
        },
    )?;
    Ok(ShardId(id))
}

pub(super) fn get(transaction: &Transaction<'_>, shard: ShardId) -> Result<Shard, Wrong> {
    let sql = format!("SELECT {COLUMNS} FROM batch_shard WHERE id = ?1");
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query([shard.0])?;
    match rows.next()? {
        Some(row) => read(row),
        None => Err(LedgerError::NoSuchShard(shard).into()),
    }
}

pub(super) fn list(
    transaction: &Transaction<'_>,
    run: RunId,
    filter: ShardFilter,
) -> Result<Vec<Shard>, Wrong> {
    let condition = match filter {
        ShardFilter::All => "TRUE",
        ShardFilter::Unfinished => "NOT (state IN ('collected', 'abandoned') AND files_deleted)",
    };
    let sql =
        format!("SELECT {COLUMNS} FROM batch_shard WHERE run_id = ?1 AND {condition} ORDER BY id");
    let mut prepared = transaction.prepare_cached(&sql)?;
    let mut rows = prepared.query([run.0])?;
    let mut shards = Vec::new();
    while let Some(row) = rows.next()? {
        shards.push(read(row)?);
    }
    if shards.is_empty() {
        // An unknown run is an error, not a run without shards.
        runs::get(transaction, run)?;
    }
    Ok(shards)
}

pub(super) fn advance(
    transaction: &Transaction<'_>,
    id: ShardId,
    step: &ShardStep,
) -> Result<(), Wrong> {
    let mut shard = get(transaction, id)?;
    if let Err(state) = shard.apply(step) {
        return conflict(format!("shard {id} is {state}"));
    }
    write(transaction, &shard)
}

/// Writes what can change of a shard.
fn write(transaction: &Transaction<'_>, shard: &Shard) -> Result<(), Wrong> {
    let microseconds = |time: Option<Timestamp>| time.map(Timestamp::as_microsecond);
    transaction
        .prepare_cached(
            "UPDATE batch_shard SET state = ?2, file_id = ?3, input_hash = ?4, batch_id = ?5, \
             remote_status = ?6, output_file_id = ?7, error_file_id = ?8, batch_errors = ?9, \
             note = ?10, create_started_at = ?11, created_at = ?12, ended_at = ?13, \
             closed_at = ?14, files_deleted = ?15, tally = ?16 WHERE id = ?1",
        )?
        .execute(params![
            shard.id.0,
            shard.state.as_str(),
            shard.file_id,
            shard.input_hash,
            shard.batch_id,
            shard.remote_status,
            shard.output_file_id,
            shard.error_file_id,
            serde_json::to_string(&shard.batch_errors).map_err(unreadable)?,
            shard.note,
            microseconds(shard.create_started_at),
            microseconds(shard.created_at),
            microseconds(shard.ended_at),
            microseconds(shard.closed_at),
            shard.files_deleted,
            serde_json::to_string(&shard.tally).map_err(unreadable)?,
        ])?;
    Ok(())
}

pub(super) fn close(
    transaction: &Transaction<'_>,
    id: ShardId,
    tally: &ShardTally,
    at: Timestamp,
) -> Result<(), Wrong> {
    let mut shard = get(transaction, id)?;
    if shard.state != ShardState::Ended {
        return conflict(format!("shard {id} is {}", shard.state));
    }
    let has_open = transaction
        .prepare_cached("SELECT 1 FROM batch_attempt WHERE shard_id = ?1 AND state = 0")?
        .exists([id.0])?;
    if has_open {
        return conflict(format!("shard {id} has requests without outcome"));
    }
    shard.state = ShardState::Collected;
    shard.tally = tally.clone();
    shard.closed_at = Some(at);
    write(transaction, &shard)?;
    runs::add(
        transaction,
        shard.run,
        &Change {
            cost: tally.extra_cost,
            ..Change::default()
        },
    )
}

pub(super) fn abandon(
    transaction: &Transaction<'_>,
    id: ShardId,
    note: &str,
    at: Timestamp,
) -> Result<(), Wrong> {
    let mut shard = get(transaction, id)?;
    if matches!(shard.state, ShardState::Collected | ShardState::Abandoned) {
        return conflict(format!("shard {id} is {}", shard.state));
    }
    shard.state = ShardState::Abandoned;
    shard.note = Some(note.to_owned());
    shard.closed_at = Some(at);
    write(transaction, &shard)?;
    transaction
        .prepare_cached(
            "UPDATE batch_request SET state = 0, attempts = attempts - 1 WHERE id IN \
             (SELECT request_id FROM batch_attempt WHERE shard_id = ?1 AND state = 0)",
        )?
        .execute([id.0])?;
    // Those with a doubted answer count neither as waiting nor as in flight.
    let freed: i64 = transaction
        .prepare_cached(
            "SELECT count(*) FROM batch_attempt \
             WHERE shard_id = ?1 AND state = 0 AND NOT second_opinion",
        )?
        .query_row([id.0], |row| row.get(0))?;
    transaction
        .prepare_cached("DELETE FROM batch_attempt WHERE shard_id = ?1 AND state = 0")?
        .execute([id.0])?;
    runs::add(
        transaction,
        shard.run,
        &Change {
            waiting: freed,
            in_flight: -freed,
            ..Change::default()
        },
    )
}

/// Reads a row of [`COLUMNS`].
fn read(row: &Row<'_>) -> Result<Shard, Wrong> {
    let state: String = row.get(8)?;
    let batch_errors: String = row.get(23)?;
    let tally: String = row.get(31)?;
    let money =
        |column: usize| -> Result<Money, Wrong> { Ok(Money::from_picodollars(row.get(column)?)) };
    Ok(Shard {
        id: ShardId(row.get(0)?),
        run: RunId(row.get(1)?),
        variant: variant(row, 2)?,
        model: ModelRef {
            provider: row.get(5)?,
            model: row.get(6)?,
        },
        token: row.get(7)?,
        state: state.parse().map_err(unreadable)?,
        requests: uncount(row.get(9)?),
        input_bytes: uncount(row.get(10)?),
        prompt_tokens: uncount(row.get(11)?),
        reserved: money(12)?,
        price: TokenPrice {
            input: money(13)?,
            output: money(14)?,
        },
        sync_price: TokenPrice {
            input: money(15)?,
            output: money(16)?,
        },
        file_id: row.get(17)?,
        input_hash: row.get(18)?,
        batch_id: row.get(19)?,
        remote_status: row.get(20)?,
        output_file_id: row.get(21)?,
        error_file_id: row.get(22)?,
        batch_errors: serde_json::from_str(&batch_errors).map_err(unreadable)?,
        note: row.get(24)?,
        planned_at: time(row.get(25)?)?,
        create_started_at: optional_time(row.get(26)?)?,
        created_at: optional_time(row.get(27)?)?,
        ended_at: optional_time(row.get(28)?)?,
        closed_at: optional_time(row.get(29)?)?,
        files_deleted: row.get(30)?,
        tally: serde_json::from_str(&tally).map_err(unreadable)?,
    })
}
