//! The ledger: the durable record of runs, shards, requests, outcomes, tokens and money.

mod memory;
mod records;
mod summary;

pub use memory::MemoryLedger;
pub use records::{
    Admission, AttemptLine, AttemptRecord, BatchError, CostCell, CostFilter, Decision,
    FailedRequest, Lease, Member, NewShard, Next, OutcomeRecord, QuarantinedRequest, ReadyGroup,
    ReadyRequest, RequestCost, RequestCursor, Ruling, RulingLine, Run, RunId, RunState, Shard,
    ShardFilter, ShardId, ShardState, ShardStep, ShardTally, StoredRequest, Takeover, TierLine,
    Variant, Verdict, WaitingRequest,
};
pub use summary::{
    RunLine, RunSummary, ShardSummary, TierSummary, TokenSummary, TotalsSummary, summarize,
};

use std::error::Error;

use jiff::Timestamp;

use crate::observer::Totals;
use crate::outcome::Failure;
use crate::task::{NewRequest, RunSpec};

/// Where runs, shards, requests and outcomes are kept.
///
/// Every method is one transaction: it happens whole or not at all, and has happened durably when it
/// returns. Lists are read in pages: `after` is the last entry seen, `limit` the most to return.
///
/// A request is *open* from its admission until it is answered, failed or quarantined. While it is
/// open, no other run can claim the same subject for the same task.
///
/// A request whose answer is doubted ([`Verdict::Doubted`]) counts as answered from then on and for
/// ever, and stays open until a later tier answers or no tier is left: the doubted answer *stands*
/// until it is replaced, whatever happens to the run.
pub trait Ledger: Send + Sync {
    /// Opens a run in the state `stopped`, without requests.
    fn create_run(&self, spec: &RunSpec, at: Timestamp) -> Result<RunId, LedgerError>;

    /// A run.
    fn run(&self, run: RunId) -> Result<Run, LedgerError>;

    /// All runs, newest first.
    fn runs(&self) -> Result<Vec<RunLine>, LedgerError>;

    /// Sets a run's state, with the reason where there is one.
    fn set_run_state(
        &self,
        run: RunId,
        state: RunState,
        note: Option<&str>,
        at: Timestamp,
    ) -> Result<(), LedgerError>;

    /// Replaces a run's specification, for instance when a model gave way to its successor.
    fn set_run_spec(&self, run: RunId, spec: &RunSpec) -> Result<(), LedgerError>;

    /// Takes or renews the right to work on a run.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] while another owner's lease has not run out, unless it is taken over.
    fn lease_run(&self, run: RunId, lease: &Lease) -> Result<(), LedgerError>;

    /// Gives the right to work on a run back, if `owner` has it.
    fn release_run(&self, run: RunId, owner: &str) -> Result<(), LedgerError>;

    /// Removes a run that has no shard yet, and its requests.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when something was planned or submitted already.
    fn discard_run(&self, run: RunId) -> Result<(), LedgerError>;

    /// Claims requests for a run at tier 1 and says of each, in order, what became of it.
    fn add_requests(
        &self,
        run: RunId,
        variant: Variant,
        requests: &[NewRequest],
    ) -> Result<Vec<Admission>, LedgerError>;

    /// Ends all requests of a run that are not in a shard, as failed, and returns how many. Those with
    /// a doubted answer end with that answer and are not counted.
    fn end_ready_requests(
        &self,
        run: RunId,
        failure: &Failure,
        at: Timestamp,
    ) -> Result<u64, LedgerError>;

    /// Counts and money of a run.
    fn totals(&self, run: RunId) -> Result<Totals, LedgerError>;

    /// The requests that wait for a shard, grouped by tier and settings, lower tiers first. Those of a
    /// group are counted up to `most`, at least 1: the engine asks in every round, and must not read
    /// all that wait each time.
    fn ready_groups(&self, run: RunId, most: u64) -> Result<Vec<ReadyGroup>, LedgerError>;

    /// Requests of a group that wait for a shard: those without an answer by `seq`, then those with a
    /// doubted one by its tier and `seq`, so that a budget is spent on the former.
    fn ready(
        &self,
        run: RunId,
        variant: Variant,
        limit: usize,
    ) -> Result<Vec<ReadyRequest>, LedgerError>;

    /// Writes a shard in the state `planned` and moves its requests, named by `seq`, into it.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when one of them does not wait with the shard's settings.
    fn create_shard(&self, shard: &NewShard, members: &[u64]) -> Result<ShardId, LedgerError>;

    /// A shard.
    fn shard(&self, shard: ShardId) -> Result<Shard, LedgerError>;

    /// Shards of a run, oldest first.
    fn shards(&self, run: RunId, filter: ShardFilter) -> Result<Vec<Shard>, LedgerError>;

    /// Moves a shard on.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when its state does not allow the step.
    fn advance_shard(&self, shard: ShardId, step: &ShardStep) -> Result<(), LedgerError>;

    /// The requests of a shard by `seq`, with what decides about their next step. Requests whose
    /// outcome in this shard is recorded stay members.
    fn members(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Member>, LedgerError>;

    /// The requests of a shard by `seq`, with their messages.
    fn shard_requests(
        &self,
        shard: ShardId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRequest>, LedgerError>;

    /// Open requests of a run with their messages, in the order of `seqs`; unknown ones are left out.
    fn stored(&self, run: RunId, seqs: &[u64]) -> Result<Vec<StoredRequest>, LedgerError>;

    /// Records outcomes of members of a shard and moves the requests on. The messages of requests that
    /// ended with an answer may be forgotten.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when a request is no member, has its outcome in this shard already, or
    /// when what comes next does not go with the outcome ([`OutcomeRecord::is_consistent`]).
    fn record(
        &self,
        shard: ShardId,
        outcomes: &[OutcomeRecord],
        at: Timestamp,
    ) -> Result<(), LedgerError>;

    /// Closes a shard whose members all have their outcome.
    fn close_shard(
        &self,
        shard: ShardId,
        tally: &ShardTally,
        at: Timestamp,
    ) -> Result<(), LedgerError>;

    /// Closes a shard that was never worked on; members without outcome wait again, with nothing
    /// counted against them.
    fn abandon_shard(&self, shard: ShardId, note: &str, at: Timestamp) -> Result<(), LedgerError>;

    /// What the attempts of a run came to, by shard and kind.
    fn attempt_lines(&self, run: RunId) -> Result<Vec<AttemptLine>, LedgerError>;

    /// Where the requests of a run stand, by tier.
    fn tier_lines(&self, run: RunId) -> Result<Vec<TierLine>, LedgerError>;

    /// Requests of a run that ended without an answer, by `seq`.
    fn failures(
        &self,
        run: RunId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<FailedRequest>, LedgerError>;

    /// The attempts of requests of a run that have an outcome, in the order of `seqs` and of time.
    fn attempts(&self, run: RunId, seqs: &[u64]) -> Result<Vec<AttemptRecord>, LedgerError>;

    /// Requests of a task over all runs that are quarantined or dropped.
    fn quarantined(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<QuarantinedRequest>, LedgerError>;

    /// Applies a user's decision to quarantined and dropped requests, and enters it into the list of
    /// decisions for each request that it changes; returns how many these are. Requests that stand
    /// so already, or were never quarantined, are passed over.
    fn rule(&self, places: &[RequestCursor], ruling: &Ruling) -> Result<u64, LedgerError>;

    /// The decisions about requests of a task, oldest first; `after` is the last one's number.
    fn rulings(
        &self,
        task: &str,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RulingLine>, LedgerError>;

    /// What a run cost by shard, group and month, in this order. Its cells add up to the run's known
    /// and possible cost. There are at most as many as shards, groups and months multiply to.
    fn cost_cells(&self, run: RunId, filter: &CostFilter) -> Result<Vec<CostCell>, LedgerError>;

    /// What the requests of a run cost that have attempts within the filter, by `seq`.
    fn request_costs(
        &self,
        run: RunId,
        filter: &CostFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RequestCost>, LedgerError>;

    /// Open requests of a task over all runs.
    fn waiting(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Vec<WaitingRequest>, LedgerError>;

    /// The run's summary as documents show it.
    fn summary(&self, run: RunId) -> Result<RunSummary, LedgerError> {
        summarize(
            &self.run(run)?,
            &self.totals(run)?,
            &self.tier_lines(run)?,
            &self.attempt_lines(run)?,
            &self.shards(run, ShardFilter::All)?,
        )
    }
}

/// Why the ledger could not do something.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is no such run.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// There is no such shard.
    #[error("there is no shard {0}")]
    NoSuchShard(ShardId),
    /// Another process works on the run.
    #[error("run {run} is being worked on by another process (its lease ends {until})")]
    Busy {
        /// The run.
        run: RunId,
        /// When its lease runs out.
        until: Timestamp,
    },
    /// What was asked does not go with what the ledger holds.
    #[error("the ledger refuses: {0}")]
    Conflict(String),
    /// The ledger holds something this version cannot read.
    #[error("the ledger holds something unreadable: {0}")]
    Unreadable(String),
    /// The storage beneath failed.
    #[error("the ledger's storage failed")]
    Storage(#[source] Box<dyn Error + Send + Sync>),
}
