//! The requests of a shard while its result files are read.

use crate::ledger::Member;
use crate::outcome::{Failure, Usage};
use crate::policy::Billed;

/// A request of the shard while its files are read.
pub(super) struct Slot {
    pub(super) member: Member,
    pub(super) state: SlotState,
}

pub(super) enum SlotState {
    /// No line yet.
    Waiting,
    /// Recorded by an earlier reading; no line yet in this one.
    Recorded,
    /// An answer waits to be checked.
    Pending,
    /// Has its outcome.
    Settled,
    /// Failed so far; a later valid line for the same id would still count.
    Failed(Failed),
}

pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) finish_reason: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) latency_ms: Option<u64>,
    /// What its kind says, unless the host answered with something that nobody can read.
    pub(super) billed: Billed,
}
