//! One spell of work on a run, and why a step of it did not come to its end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::time::Instant;

use crate::engine::EngineError;
use crate::engine::poll::Watch;
use crate::engine::room::TokenLimit;
use crate::ledger::{LedgerError, RunId, ShardId, Variant};
use crate::provider::ProviderError;
use crate::task::RunSpec;

/// What is done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Work,
    Cancel,
}

/// One spell of work on a run.
pub(super) struct Session {
    pub(super) run: RunId,
    pub(super) spec: RunSpec,
    /// Shards that an earlier process left.
    pub(super) left: BTreeSet<ShardId>,
    pub(super) watches: HashMap<ShardId, Watch>,
    pub(super) outage_since: Option<Instant>,
    pub(super) mode: Mode,
    pub(super) started: Instant,
    /// What refusals have taught of the tokens that may wait at a host, by model.
    pub(super) token_limits: BTreeMap<String, TokenLimit>,
    /// Since when a group of requests waits to become a shard.
    pub(super) waiting_since: HashMap<Variant, Instant>,
    /// Whether the first requests are still being cut into shards.
    pub(super) filling: bool,
    /// Shards that wait to learn whether a batch at the host is theirs.
    pub(super) in_doubt: BTreeSet<ShardId>,
}

impl Session {
    pub(super) fn is_cancelling(&self) -> bool {
        self.mode == Mode::Cancel
    }
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The interrupt token was cancelled.
    Interrupted,
    /// The host could not be reached or failed, after repeated tries.
    Outage(ProviderError),
    /// Anything that ends the spell.
    Error(EngineError),
}

impl Halt {
    /// A provider's error as the end of a step.
    pub(super) fn of(error: ProviderError) -> Halt {
        if error.kind.is_transient() {
            Halt::Outage(error)
        } else if error.kind.is_configuration() {
            Halt::Error(EngineError::Configuration {
                provider: error.provider,
                message: error.message,
            })
        } else {
            Halt::Error(EngineError::Provider(error))
        }
    }
}

impl From<EngineError> for Halt {
    fn from(error: EngineError) -> Halt {
        Halt::Error(error)
    }
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Halt {
        Halt::Error(error.into())
    }
}
