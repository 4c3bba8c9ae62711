//! The ledger of the cascade, method by method.

use batch::ledger::{
    Admission, AttemptLine, AttemptRecord, CostCell, CostFilter, FailedRequest, Lease, Ledger,
    LedgerError, Member, NewShard, OutcomeRecord, QuarantinedRequest, ReadyGroup, ReadyRequest,
    RequestCost, RequestCursor, Ruling, RulingLine, Run, RunId, RunLine, RunState, Shard,
    ShardFilter, ShardId, ShardStep, ShardTally, StoredRequest, TierLine, Variant, WaitingRequest,
};
use batch::{Failure, NewRequest, RunSpec, Totals};
use jiff::Timestamp;
use rusqlite::Transaction;

use super::ledger_claims as claims;
use super::ledger_costs as costs;
use super::ledger_quarantine as quarantine;
use super::ledger_reports as reports;
use super::ledger_requests as requests;
use super::ledger_runs as runs;
use super::ledger_shards as shards;
use super::{Fault, SqliteStore};

/// What goes wrong inside a transaction of the ledger: a fault of the store, or a refusal.
#[derive(Debug)]
pub(super) enum Wrong {
    Fault(Fault),
    Ledger(LedgerError),
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Wrong::Fault(fault)
    }
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Wrong::Fault(error.into())
    }
}

impl From<LedgerError> for Wrong {
    fn from(error: LedgerError) -> Self {
        Wrong::Ledger(error)
    }
}

/// A refusal.
pub(super) fn conflict<T>(reason: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Ledger(LedgerError::Conflict(reason.into())))
}

impl SqliteStore {
    fn ledger_write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Wrong>,
    ) -> Result<T, LedgerError> {
        let mut refusal = None;
        let written = self.write(doing, |transaction| {
            work(transaction).map_err(|wrong| as_fault(wrong, &mut refusal))
        });
        settle(written, refusal)
    }

    fn ledger_read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Wrong>,
    ) -> Result<T, LedgerError> {
        let mut refusal = None;
        let read = self.read(doing, |transaction| {
            work(transaction).map_err(|wrong| as_fault(wrong, &mut refusal))
        });
        settle(read, refusal)
    }
}

/// Keeps a refusal aside, so that the transaction is rolled back and the refusal is still told as it is.
fn as_fault(wrong: Wrong, refusal: &mut Option<LedgerError>) -> Fault {
    match wrong {
        Wrong::Fault(fault) => fault,
        Wrong::Ledger(error) => {
            let words = error.to_string();
            *refusal = Some(error);
            Fault::Damaged(words)
        }
    }
}

fn settle<T>(
    result: Result<T, crate::StoreError>,
    refusal: Option<LedgerError>,
) -> Result<T, LedgerError> {
    match (result, refusal) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(refusal)) => Err(refusal),
        (Err(error), None) => Err(LedgerError::Storage(Box::new(error))),
    }
}

impl Ledger for SqliteStore {
    fn create_run(&self, spec: &RunSpec, at: Timestamp) -> Result<RunId, LedgerError> {
        self.ledger_write("open a run", |transaction| {
            runs::create(transaction, spec, at)
        })
    }

    fn run(&self, run: RunId) -> Result<Run, LedgerError> {
        self.ledger_read("read a run", |transaction| runs::get(transaction, run))
    }

    fn runs(&self) -> Result<Vec<RunLine>, LedgerError> {
        self.ledger_read("list the runs", runs::list)
    }

    fn set_run_state(
        &self,
        run: RunId,
        state: RunState,
        note: Option<&str>,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.ledger_write("set the state of a run", |transaction| {
            runs::set_state(transaction, run, state, note, at)
        })
    }

    fn set_run_spec(&self, run: RunId, spec: &RunSpec) -> Result<(), LedgerError> {
        self.ledger_write("change a run", |transaction| {
            runs::set_spec(transaction, run, spec)
        })
    }

    fn lease_run(&self, run: RunId, lease: &Lease) -> Result<(), LedgerError> {
        self.ledger_write("lease a run", |transaction| {
            runs::lease(transaction, run, lease)
        })
    }

    fn release_run(&self, run: RunId, owner: &str) -> Result<(), LedgerError> {
        self.ledger_write("give a run back", |transaction| {
            runs::release(transaction, run, owner)
        })
    }

    fn discard_run(&self, run: RunId) -> Result<(), LedgerError> {
        self.ledger_write("discard a run", |transaction| {
            runs::discard(transaction, run)
        })
    }

    fn add_requests(
        &self,
        run: RunId,
        variant: Variant,
        new: &[NewRequest],
    ) -> Result<Vec<Admission>, LedgerError> {
        self.ledger_write("claim requests", |transaction| {
            claims::add(transaction, run, variant, new)
        })
    }

    fn end_ready_requests(
        &self,
        run: RunId,
        failure: &Failure,
        _at: Timestamp,
    ) -> Result<u64, LedgerError> {
        self.ledger_write("end requests", |transaction| {
            requests::end_ready(transaction, run, failure)
        })
    }

    fn totals(&self, run: RunId) -> Result<Totals, LedgerError> {
        self.ledger_read("count a run", |transaction| runs::totals(transaction, run))
    }

    fn ready_groups(&self, run: RunId, most: u64) -> Result<Vec<ReadyGroup>, LedgerError> {
        self.ledger_read("count waiting requests", |transaction| {
            requests::ready_groups(transaction, run, most)
        })
    }

    fn ready(
        &self,
        run: RunId,
        variant: Variant,
        limit: usize,
    ) -> Result<Vec<ReadyRequest>, LedgerError> {
        self.ledger_read("read waiting requests", |transaction| {
            requests::ready(transaction, run, variant, limit)
        })
    }

    fn create_shard(&self, shard: &NewShard, members: &[u64]) -> Result<ShardId, LedgerError> {
        self.ledger_write("plan a shard", |transaction| {
            shards::create(transaction, shard, members)
        })
    }

    fn shard(&self, shard: ShardId) -> Result<Shard, LedgerError> {
        self.ledger_read("read a shard", |transaction| {
            shards::get(transaction, shard)
        })
    }

    fn shards(&self, run: RunId, filter: ShardFilter) -> Result<Vec<Shard>, LedgerError> {
        self.ledger_read("list shards", |transaction| {
            shards::list(transaction, run, filter)
        })
    }

    fn advance_shard(&self, shard: ShardId, step: &ShardStep) -> Result<(), LedgerError> {
        self.ledger_write("move a shard on", |transaction| {
            shards::advance(transaction, shard, step)
        })
    }

    fn members(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Member>, LedgerError> {
        self.ledger_read("read the requests of a shard", |transaction| {
            requests::members(transaction, shard, after, limit)
        })
    }

    fn shard_requests(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRequest>, LedgerError> {
        self.ledger_read("read the messages of a shard", |transaction| {
            requests::of_shard(transaction, shard, after, limit)
        })
    }

    fn stored(&self, run: RunId, seqs: &[u64]) -> Result<Vec<StoredRequest>, LedgerError> {
        self.ledger_read("read requests", |transaction| {
            requests::stored(transaction, run, seqs)
        })
    }

    fn record(
        &self,
        shard: ShardId,
        outcomes: &[OutcomeRecord],
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.ledger_write("record outcomes", |transaction| {
            requests::record(transaction, shard, outcomes, at)
        })
    }

    fn close_shard(
        &self,
        shard: ShardId,
        tally: &ShardTally,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.ledger_write("close a shard", |transaction| {
            shards::close(transaction, shard, tally, at)
        })
    }

    fn abandon_shard(&self, shard: ShardId, note: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.ledger_write("give a shard up", |transaction| {
            shards::abandon(transaction, shard, note, at)
        })
    }

    fn attempt_lines(&self, run: RunId) -> Result<Vec<AttemptLine>, LedgerError> {
        self.ledger_read("count attempts", |transaction| {
            reports::attempt_lines(transaction, run)
        })
    }

    fn tier_lines(&self, run: RunId) -> Result<Vec<TierLine>, LedgerError> {
        self.ledger_read("count requests by tier", |transaction| {
            reports::tier_lines(transaction, run)
        })
    }

    fn failures(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<FailedRequest>, LedgerError> {
        self.ledger_read("list failures", |transaction| {
            reports::failures(transaction, run, after, limit)
        })
    }

    fn attempts(&self, run: RunId, seqs: &[u64]) -> Result<Vec<AttemptRecord>, LedgerError> {
        self.ledger_read("read attempts", |transaction| {
            costs::attempts(transaction, run, seqs)
        })
    }

    fn quarantined(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<QuarantinedRequest>, LedgerError> {
        self.ledger_read("list quarantined requests", |transaction| {
            quarantine::list(transaction, task, after, limit)
        })
    }

    fn rule(&self, places: &[RequestCursor], ruling: &Ruling) -> Result<u64, LedgerError> {
        self.ledger_write("rule on a quarantine", |transaction| {
            quarantine::rule(transaction, places, ruling)
        })
    }

    fn rulings(
        &self,
        task: &str,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RulingLine>, LedgerError> {
        self.ledger_read("list decisions", |transaction| {
            quarantine::rulings(transaction, task, after, limit)
        })
    }

    fn cost_cells(&self, run: RunId, filter: &CostFilter) -> Result<Vec<CostCell>, LedgerError> {
        self.ledger_read("sum up costs", |transaction| {
            costs::cells(transaction, run, filter)
        })
    }

    fn request_costs(
        &self,
        run: RunId,
        filter: &CostFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RequestCost>, LedgerError> {
        self.ledger_read("list costs", |transaction| {
            costs::by_request(transaction, run, filter, after, limit)
        })
    }

    fn waiting(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<WaitingRequest>, LedgerError> {
        self.ledger_read("list waiting requests", |transaction| {
            reports::waiting(transaction, task, after, limit)
        })
    }
}
