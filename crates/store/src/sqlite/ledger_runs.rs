//! Runs of the ledger.

use batch::ledger::{Lease, LedgerError, Run, RunId, RunLine, RunState, Takeover};
use batch::{Money, RunSpec, Totals};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::codes::uncount;
use super::ledger::{Wrong, conflict};

/// The format of specifications written here: the JSON of `batch::RunSpec`.
const SPEC_FORMAT: i64 = 1;

/// A word or document in the ledger that cannot be read.
pub(super) fn unreadable(what: impl std::fmt::Display) -> Wrong {
    Wrong::Ledger(LedgerError::Unreadable(what.to_string()))
}

/// A time of the ledger.
pub(super) fn time(microseconds: i64) -> Result<Timestamp, Wrong> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| unreadable(format!("{microseconds} is not a time")))
}

/// A time that may be missing.
pub(super) fn optional_time(microseconds: Option<i64>) -> Result<Option<Timestamp>, Wrong> {
    microseconds.map(time).transpose()
}

/// The id of a task, made where it is new.
pub(super) fn task_id(transaction: &Transaction<'_>, name: &str) -> Result<i64, Wrong> {
    if let Some(id) = known_task(transaction, name)? {
        return Ok(id);
    }
    Ok(transaction
        .prepare_cached("INSERT INTO batch_task (name) VALUES (?1)")?
        .insert([name])?)
}

/// The id of a task, if it is known.
pub(super) fn known_task(transaction: &Transaction<'_>, name: &str) -> Result<Option<i64>, Wrong> {
    Ok(transaction
        .prepare_cached("SELECT id FROM batch_task WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn create(
    transaction: &Transaction<'_>,
    spec: &RunSpec,
    at: Timestamp,
) -> Result<RunId, Wrong> {
    let task = task_id(transaction, &spec.task.name)?;
    let id = transaction
        .prepare_cached(
            "INSERT INTO batch_run (task_id, prompt_version, schema_version, spec_format, spec, \
             state, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .insert(params![
            task,
            spec.task.prompt_version,
            spec.task.schema_version,
            SPEC_FORMAT,
            serde_json::to_string(spec).map_err(unreadable)?,
            RunState::Stopped.as_str(),
            at.as_microsecond(),
        ])?;
    Ok(RunId(id))
}

pub(super) fn get(transaction: &Transaction<'_>, run: RunId) -> Result<Run, Wrong> {
    let mut prepared = transaction.prepare_cached(
        "SELECT spec_format, spec, state, note, started_at, ended_at FROM batch_run WHERE id = ?1",
    )?;
    let mut rows = prepared.query([run.0])?;
    let row = rows.next()?.ok_or(LedgerError::NoSuchRun(run))?;
    let format: i64 = row.get(0)?;
    if format != SPEC_FORMAT {
        return Err(unreadable(format!(
            "run {run} has a specification of format {format}, known is {SPEC_FORMAT}"
        )));
    }
    let spec: String = row.get(1)?;
    Ok(Run {
        id: run,
        spec: serde_json::from_str(&spec).map_err(unreadable)?,
        state: state_of(row, 2)?,
        note: row.get(3)?,
        started_at: time(row.get(4)?)?,
        ended_at: optional_time(row.get(5)?)?,
    })
}

fn state_of(row: &Row<'_>, column: usize) -> Result<RunState, Wrong> {
    let word: String = row.get(column)?;
    word.parse().map_err(unreadable)
}

pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<RunLine>, Wrong> {
    let mut prepared = transaction.prepare_cached(
        "SELECT id, state, started_at, requests, answered, failed, cost_pico_usd \
         FROM batch_run ORDER BY id DESC",
    )?;
    let mut rows = prepared.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(RunLine {
            id: RunId(row.get(0)?),
            state: state_of(row, 1)?,
            started_at: time(row.get(2)?)?,
            requests: uncount(row.get(3)?),
            answered: uncount(row.get(4)?),
            failed: uncount(row.get(5)?),
            cost_usd: Money::from_picodollars(row.get(6)?),
        });
    }
    Ok(lines)
}

/// Whether a change met its run.
fn met(changed: usize, run: RunId) -> Result<(), Wrong> {
    if changed == 1 {
        Ok(())
    } else {
        Err(LedgerError::NoSuchRun(run).into())
    }
}

pub(super) fn set_state(
    transaction: &Transaction<'_>,
    run: RunId,
    state: RunState,
    note: Option<&str>,
    at: Timestamp,
) -> Result<(), Wrong> {
    let ended = matches!(state, RunState::Finished | RunState::Cancelled);
    let changed = transaction
        .prepare_cached("UPDATE batch_run SET state = ?2, note = ?3, ended_at = ?4 WHERE id = ?1")?
        .execute(params![
            run.0,
            state.as_str(),
            note,
            ended.then(|| at.as_microsecond()),
        ])?;
    met(changed, run)
}

pub(super) fn set_spec(
    transaction: &Transaction<'_>,
    run: RunId,
    spec: &RunSpec,
) -> Result<(), Wrong> {
    let changed = transaction
        .prepare_cached("UPDATE batch_run SET spec_format = ?2, spec = ?3 WHERE id = ?1")?
        .execute(params![
            run.0,
            SPEC_FORMAT,
            serde_json::to_string(spec).map_err(unreadable)?,
        ])?;
    met(changed, run)
}

pub(super) fn lease(transaction: &Transaction<'_>, run: RunId, lease: &Lease) -> Result<(), Wrong> {
    let held: Option<(Option<String>, Option<i64>)> = transaction
        .prepare_cached("SELECT lease_owner, lease_until FROM batch_run WHERE id = ?1")?
        .query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (owner, until) = held.ok_or(LedgerError::NoSuchRun(run))?;
    if let (Some(owner), Some(until)) = (owner, until)
        && owner != lease.owner
        && until > lease.now.as_microsecond()
        && lease.takeover == Takeover::WhenIdle
    {
        let until = time(until)?;
        return Err(LedgerError::Busy { run, until }.into());
    }
    transaction
        .prepare_cached("UPDATE batch_run SET lease_owner = ?2, lease_until = ?3 WHERE id = ?1")?
        .execute(params![run.0, lease.owner, lease.until.as_microsecond()])?;
    Ok(())
}

pub(super) fn release(transaction: &Transaction<'_>, run: RunId, owner: &str) -> Result<(), Wrong> {
    transaction
        .prepare_cached(
            "UPDATE batch_run SET lease_owner = NULL, lease_until = NULL \
             WHERE id = ?1 AND lease_owner = ?2",
        )?
        .execute(params![run.0, owner])?;
    Ok(())
}

pub(super) fn discard(transaction: &Transaction<'_>, run: RunId) -> Result<(), Wrong> {
    let has_shards = transaction
        .prepare_cached("SELECT 1 FROM batch_shard WHERE run_id = ?1")?
        .exists([run.0])?;
    if has_shards {
        return conflict(format!("run {run} has shards already"));
    }
    let changed = transaction
        .prepare_cached("DELETE FROM batch_run WHERE id = ?1")?
        .execute([run.0])?;
    met(changed, run)
}

pub(super) fn totals(transaction: &Transaction<'_>, run: RunId) -> Result<Totals, Wrong> {
    transaction
        .prepare_cached(
            "SELECT requests, answered, failed, waiting, in_flight, in_doubt, cost_pico_usd, \
             possible_cost_pico_usd, (SELECT coalesce(sum(reserved_pico_usd), 0) FROM batch_shard \
             WHERE run_id = ?1 AND NOT (state IN ('collected', 'abandoned') AND files_deleted) \
             AND state NOT IN ('collected', 'abandoned')) FROM batch_run WHERE id = ?1",
        )?
        .query_row([run.0], |row| {
            Ok(Totals {
                requests: uncount(row.get(0)?),
                answered: uncount(row.get(1)?),
                failed: uncount(row.get(2)?),
                waiting: uncount(row.get(3)?),
                in_flight: uncount(row.get(4)?),
                in_doubt: uncount(row.get(5)?),
                cost: Money::from_picodollars(row.get(6)?),
                possible_cost: Money::from_picodollars(row.get(7)?),
                reserved: Money::from_picodollars(row.get(8)?),
            })
        })
        .optional()?
        .ok_or_else(|| LedgerError::NoSuchRun(run).into())
}

/// How much the counts and the money of a run change.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change {
    pub(super) requests: i64,
    pub(super) answered: i64,
    pub(super) failed: i64,
    pub(super) waiting: i64,
    pub(super) in_flight: i64,
    pub(super) in_doubt: i64,
    pub(super) cost: Money,
    pub(super) possible_cost: Money,
}

/// Adds to the counts and the money of a run.
pub(super) fn add(transaction: &Transaction<'_>, run: RunId, change: &Change) -> Result<(), Wrong> {
    let changed = transaction
        .prepare_cached(
            "UPDATE batch_run SET requests = requests + ?2, answered = answered + ?3, \
             failed = failed + ?4, waiting = waiting + ?5, in_flight = in_flight + ?6, \
             cost_pico_usd = cost_pico_usd + ?7, \
             possible_cost_pico_usd = possible_cost_pico_usd + ?8, \
             in_doubt = in_doubt + ?9 WHERE id = ?1",
        )?
        .execute(params![
            run.0,
            change.requests,
            change.answered,
            change.failed,
            change.waiting,
            change.in_flight,
            change.cost.picodollars(),
            change.possible_cost.picodollars(),
            change.in_doubt,
        ])?;
    met(changed, run)
}
