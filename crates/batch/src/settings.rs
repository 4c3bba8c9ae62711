//! Settings of the engine, passed explicitly.

use std::time::Duration;

/// How the engine goes about its work. [`Settings::production`] gives the values for real hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How large shards are.
    pub shards: ShardSettings,
    /// How often hosts are asked.
    pub poll: PollSettings,
    /// How failed calls are repeated.
    pub retry: RetrySettings,
    /// When a shard that does not move is given up.
    pub stall: StallSettings,
    /// How often a request is tried.
    pub attempts: AttemptSettings,
    /// Whether to wait for the end.
    pub wait: Wait,
    /// How models are looked up before a run.
    pub model_check: ModelCheck,
    /// How long the ledger keeps other processes from this run after the last sign of life.
    pub lease: Duration,
    /// How long the whole run may take from now on; it is then left resumable.
    pub deadline: Option<Duration>,
}

/// How large shards are. The provider's own limits hold beside these.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardSettings {
    /// Most requests in a shard.
    pub max_requests: u32,
    /// Most shards at the host at once.
    pub max_open: u32,
    /// Most shards uploaded at the same time.
    pub submit_concurrency: usize,
    /// How long a shard that is not full waits for more requests while others are still out.
    pub gather: Duration,
}

/// How often hosts are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct PollSettings {
    /// The first pause, and the pause after anything moved.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
    /// How much longer each pause is than the one before.
    pub factor: f64,
}

/// How failed calls are repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrySettings {
    /// Most tries of one call.
    pub max_tries: u32,
    /// The first pause; doubles with each try. A `Retry-After` of the host goes before it.
    pub base: Duration,
    /// The longest pause.
    pub max: Duration,
    /// The longest `Retry-After` that is obeyed.
    pub max_retry_after: Duration,
    /// How long a host may be away in the middle of a run before the run is stopped.
    pub outage: Duration,
    /// How long after a create without reply the host's list is believed.
    pub adoption_grace: Duration,
}

/// When a shard that does not move is given up.
#[derive(Debug, Clone, PartialEq)]
pub struct StallSettings {
    /// No change of counts or status for so long.
    pub after: Duration,
    /// So long after the window closed without an end.
    pub window_margin: Duration,
    /// How long a cancelled batch is waited for.
    pub cancel_wait: Duration,
    /// A batch that the host does not know is believed gone after so long.
    pub gone_grace: Duration,
}

/// How often a request is tried.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSettings {
    /// Most attempts at one tier.
    pub per_tier: u32,
    /// Most attempts in a run.
    pub per_run: u32,
    /// Attempts over all runs after which a request without an answer is quarantined.
    pub quarantine_after: u32,
}

/// Whether to wait for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until every request has its outcome.
    UntilDone,
    /// Submit what can be submitted and return; the run can be resumed.
    SubmitOnly,
}

/// How models are looked up before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelCheck {
    /// Ask the host which models it lists; fall back to the catalogue where it has no list.
    Live,
    /// Believe the catalogue alone.
    CatalogueOnly,
}

impl Settings {
    /// Values for real hosts.
    pub fn production() -> Settings {
        Settings {
            shards: ShardSettings {
                max_requests: 1_000,
                max_open: 200,
                submit_concurrency: 4,
                gather: Duration::from_mins(10),
            },
            poll: PollSettings {
                initial: Duration::from_secs(1),
                max: Duration::from_mins(1),
                factor: 1.5,
            },
            retry: RetrySettings {
                max_tries: 5,
                base: Duration::from_millis(500),
                max: Duration::from_secs(30),
                max_retry_after: Duration::from_mins(5),
                outage: Duration::from_mins(30),
                adoption_grace: Duration::from_secs(2),
            },
            stall: StallSettings {
                after: Duration::from_hours(12),
                window_margin: Duration::from_hours(2),
                cancel_wait: Duration::from_mins(12),
                gone_grace: Duration::from_secs(15),
            },
            attempts: AttemptSettings {
                per_tier: 3,
                per_run: 8,
                quarantine_after: 4,
            },
            wait: Wait::UntilDone,
            model_check: ModelCheck::Live,
            lease: Duration::from_mins(1),
            deadline: None,
        }
    }
}
