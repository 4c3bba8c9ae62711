//! What the engine tells while it works.

use std::fmt;

use crate::engine::RunEnd;
use crate::ledger::{RunId, RunSummary, ShardId};
use crate::money::Money;
use crate::outcome::FailureKind;

/// Hears what the engine does. Called from the engine's own task: return soon.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event<'_>) {}
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A run starts or goes on.
    RunStarted {
        /// The run.
        run: RunId,
        /// What the ledger says at this point.
        totals: Totals,
        /// What earlier spells of work came to, by tier and shard.
        summary: &'a RunSummary,
    },
    /// The engine is about to do a step, or has done it. Each boundary is a point at which the process
    /// may die without losing or paying anything twice.
    Step {
        /// The step.
        step: Step,
        /// Before or after.
        moment: Moment,
        /// The shard, for steps of one shard.
        shard: Option<ShardId>,
    },
    /// A shard was planned or moved on.
    Shard(ShardProgress<'a>),
    /// Totals of the run changed.
    Totals {
        /// The run.
        run: RunId,
        /// What the ledger says now.
        totals: Totals,
    },
    /// The engine waits for the hosts.
    Waiting {
        /// For how long.
        pause: std::time::Duration,
    },
    /// Something the user should know; the run goes on.
    Warning(&'a str),
    /// The spell of work on the run has ended.
    RunEnded {
        /// The run.
        run: RunId,
        /// How; `None` with an error, which whoever called gets.
        end: Option<&'a RunEnd>,
    },
}

/// A step of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Writing a planned shard into the ledger.
    Plan,
    /// Uploading a shard's input file.
    Upload,
    /// Writing the file's id into the ledger.
    CommitUpload,
    /// Creating the remote batch.
    Create,
    /// Writing the batch's id into the ledger.
    CommitCreate,
    /// Writing into the ledger that the batch has ended.
    CommitEnd,
    /// Reading the result files.
    Download,
    /// Handing a page of answers to the sink.
    StoreAnswers,
    /// Marking a page of outcomes in the ledger.
    CommitOutcomes,
    /// Writing into the ledger that the shard is reconciled.
    CommitCollect,
    /// Deleting the remote files.
    DeleteFiles,
    /// Writing the run's end into the ledger.
    Finish,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: [Step; 12] = [
        Step::Plan,
        Step::Upload,
        Step::CommitUpload,
        Step::Create,
        Step::CommitCreate,
        Step::CommitEnd,
        Step::Download,
        Step::StoreAnswers,
        Step::CommitOutcomes,
        Step::CommitCollect,
        Step::DeleteFiles,
        Step::Finish,
    ];

    /// The step's name, for instance `commit_upload`.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Plan => "plan",
            Step::Upload => "upload",
            Step::CommitUpload => "commit_upload",
            Step::Create => "create",
            Step::CommitCreate => "commit_create",
            Step::CommitEnd => "commit_end",
            Step::Download => "download",
            Step::StoreAnswers => "store_answers",
            Step::CommitOutcomes => "commit_outcomes",
            Step::CommitCollect => "commit_collect",
            Step::DeleteFiles => "delete_files",
            Step::Finish => "finish",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Before or after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Not yet done.
    Before,
    /// Done.
    After,
}

impl Moment {
    /// `before` or `after`.
    pub fn as_str(self) -> &'static str {
        match self {
            Moment::Before => "before",
            Moment::After => "after",
        }
    }
}

/// Where a shard stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardProgress<'a> {
    /// The shard.
    pub shard: ShardId,
    /// The tier, counted from 1.
    pub tier: u32,
    /// The model.
    pub model: &'a str,
    /// The ledger's state, or the host's status while the batch is out.
    pub status: &'a str,
    /// Requests in the shard.
    pub requests: u64,
    /// Requests the host says it has done. Hosts' counters cannot be trusted; only for display.
    pub host_done: u64,
    /// Answers accepted so far: none before the host has ended, more and more while it is collected.
    pub answered: u64,
    /// Failures by kind so far.
    pub failed: &'a [(FailureKind, u64)],
    /// What it cost so far.
    pub cost: Money,
}

/// Totals of a run. `requests = answered + failed + waiting + in_flight`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All requests.
    pub requests: u64,
    /// Requests with an answer, doubted ones included.
    pub answered: u64,
    /// Requests that ended without one.
    pub failed: u64,
    /// Requests without an answer still to be asked, again or for the first time.
    pub waiting: u64,
    /// Requests without an answer in a shard that is out.
    pub in_flight: u64,
    /// Those of the answered whose answer is doubted and about which a later tier is still asked.
    pub in_doubt: u64,
    /// Known cost.
    pub cost: Money,
    /// Cost that the host may charge for failures without usage.
    pub possible_cost: Money,
    /// The most that shards still out can cost.
    pub reserved: Money,
}
