//! A ledger in memory: for library users who need no resume, and for property tests.

mod costs;
mod quarantine;
mod reports;
mod requests;
mod shards;
mod state;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::ledger::records::{
    Admission, AttemptLine, AttemptRecord, CostCell, CostFilter, FailedRequest, Lease, Member,
    NewShard, OutcomeRecord, QuarantinedRequest, ReadyGroup, ReadyRequest, RequestCost,
    RequestCursor, Ruling, RulingLine, Run, RunId, RunState, Shard, ShardFilter, ShardId,
    ShardStep, ShardTally, StoredRequest, Takeover, TierLine, Variant, WaitingRequest,
};
use crate::ledger::summary::RunLine;
use crate::ledger::{Ledger, LedgerError};
use crate::observer::Totals;
use crate::outcome::Failure;
use crate::task::{NewRequest, RunSpec};
use state::{RunData, State, conflict};

/// A ledger that lives as long as the process. Its rules are those of the durable ledgers.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<State>,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> MemoryLedger {
        MemoryLedger::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for MemoryLedger {
    fn create_run(&self, spec: &RunSpec, at: Timestamp) -> Result<RunId, LedgerError> {
        let mut state = self.lock();
        let last = state.runs.keys().next_back().map_or(0, |run| run.0);
        let id = RunId(last + 1);
        state.runs.insert(
            id,
            RunData {
                run: Run {
                    id,
                    spec: spec.clone(),
                    state: RunState::Stopped,
                    note: None,
                    started_at: at,
                    ended_at: None,
                },
                lease: None,
                requests: Vec::new(),
                by_custom_id: HashMap::new(),
                ready: BTreeMap::new(),
                totals: Totals::default(),
            },
        );
        Ok(id)
    }

    fn run(&self, run: RunId) -> Result<Run, LedgerError> {
        Ok(self.lock().run(run)?.run.clone())
    }

    fn runs(&self) -> Result<Vec<RunLine>, LedgerError> {
        let state = self.lock();
        let lines = state.runs.values().rev().map(|data| RunLine {
            id: data.run.id,
            state: data.run.state,
            started_at: data.run.started_at,
            requests: data.totals.requests,
            answered: data.totals.answered,
            failed: data.totals.failed,
            cost_usd: data.totals.cost,
        });
        Ok(lines.collect())
    }

    fn set_run_state(
        &self,
        run: RunId,
        new_state: RunState,
        note: Option<&str>,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        data.run.state = new_state;
        data.run.note = note.map(str::to_owned);
        data.run.ended_at =
            matches!(new_state, RunState::Finished | RunState::Cancelled).then_some(at);
        Ok(())
    }

    fn set_run_spec(&self, run: RunId, spec: &RunSpec) -> Result<(), LedgerError> {
        self.lock().run_mut(run)?.run.spec = spec.clone();
        Ok(())
    }

    fn lease_run(&self, run: RunId, lease: &Lease) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        if let Some((owner, until)) = &data.lease
            && *owner != lease.owner
            && *until > lease.now
            && lease.takeover == Takeover::WhenIdle
        {
            return Err(LedgerError::Busy { run, until: *until });
        }
        data.lease = Some((lease.owner.clone(), lease.until));
        Ok(())
    }

    fn release_run(&self, run: RunId, owner: &str) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let data = state.run_mut(run)?;
        if data
            .lease
            .as_ref()
            .is_some_and(|(holder, _)| holder == owner)
        {
            data.lease = None;
        }
        Ok(())
    }

    fn discard_run(&self, run: RunId) -> Result<(), LedgerError> {
        let mut state = self.lock();
        state.run(run)?;
        if state.shards.values().any(|data| data.shard.run == run) {
            return conflict(format!("run {run} has shards already"));
        }
        state.runs.remove(&run);
        state.claims.retain(|_, holder| *holder != run);
        state.by_subject.retain(|_, places| {
            places.retain(|place| place.run != run);
            !places.is_empty()
        });
        Ok(())
    }

    fn add_requests(
        &self,
        run: RunId,
        variant: Variant,
        requests: &[NewRequest],
    ) -> Result<Vec<Admission>, LedgerError> {
        self.lock().add_requests(run, variant, requests)
    }

    fn end_ready_requests(
        &self,
        run: RunId,
        failure: &Failure,
        _at: Timestamp,
    ) -> Result<u64, LedgerError> {
        self.lock().end_ready_requests(run, failure)
    }

    fn totals(&self, run: RunId) -> Result<Totals, LedgerError> {
        self.lock().totals(run)
    }

    fn ready_groups(&self, run: RunId, most: u64) -> Result<Vec<ReadyGroup>, LedgerError> {
        self.lock().ready_groups(run, most)
    }

    fn ready(
        &self,
        run: RunId,
        variant: Variant,
        limit: usize,
    ) -> Result<Vec<ReadyRequest>, LedgerError> {
        self.lock().ready(run, variant, limit)
    }

    fn create_shard(&self, new: &NewShard, members: &[u64]) -> Result<ShardId, LedgerError> {
        self.lock().create_shard(new, members)
    }

    fn shard(&self, shard: ShardId) -> Result<Shard, LedgerError> {
        Ok(self.lock().shard(shard)?.shard.clone())
    }

    fn shards(&self, run: RunId, filter: ShardFilter) -> Result<Vec<Shard>, LedgerError> {
        self.lock().shards(run, filter)
    }

    fn advance_shard(&self, shard: ShardId, step: &ShardStep) -> Result<(), LedgerError> {
        self.lock().advance_shard(shard, step)
    }

    fn members(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Member>, LedgerError> {
        self.lock().members(shard, after, limit)
    }

    fn shard_requests(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRequest>, LedgerError> {
        self.lock().shard_requests(shard, after, limit)
    }

    fn stored(&self, run: RunId, seqs: &[u64]) -> Result<Vec<StoredRequest>, LedgerError> {
        self.lock().stored(run, seqs)
    }

    fn record(
        &self,
        shard: ShardId,
        outcomes: &[OutcomeRecord],
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.lock().record(shard, outcomes, at)
    }

    fn close_shard(
        &self,
        shard: ShardId,
        tally: &ShardTally,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.lock().close_shard(shard, tally, at)
    }

    fn abandon_shard(&self, shard: ShardId, note: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.lock().abandon_shard(shard, note, at)
    }

    fn attempt_lines(&self, run: RunId) -> Result<Vec<AttemptLine>, LedgerError> {
        self.lock().attempt_lines(run)
    }

    fn tier_lines(&self, run: RunId) -> Result<Vec<TierLine>, LedgerError> {
        self.lock().tier_lines(run)
    }

    fn failures(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<FailedRequest>, LedgerError> {
        self.lock().failures(run, after, limit)
    }

    fn quarantined(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<QuarantinedRequest>, LedgerError> {
        Ok(self.lock().quarantined(task, after, limit))
    }

    fn attempts(&self, run: RunId, seqs: &[u64]) -> Result<Vec<AttemptRecord>, LedgerError> {
        self.lock().attempts(run, seqs)
    }

    fn rule(&self, places: &[RequestCursor], ruling: &Ruling) -> Result<u64, LedgerError> {
        Ok(self.lock().rule(places, ruling))
    }

    fn rulings(
        &self,
        task: &str,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RulingLine>, LedgerError> {
        Ok(self.lock().rulings(task, after, limit))
    }

    fn cost_cells(&self, run: RunId, filter: &CostFilter) -> Result<Vec<CostCell>, LedgerError> {
        self.lock().cost_cells(run, filter)
    }

    fn request_costs(
        &self,
        run: RunId,
        filter: &CostFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RequestCost>, LedgerError> {
        self.lock().request_costs(run, filter, after, limit)
    }

    fn waiting(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<WaitingRequest>, LedgerError> {
        Ok(self.lock().waiting(task, after, limit))
    }
}
