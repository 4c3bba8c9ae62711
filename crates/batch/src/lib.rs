#![doc = include_str!("../README.md")]

mod chance;
pub mod classify;
mod clock;
pub mod costs;
pub mod engine;
pub mod ledger;
mod models;
mod money;
mod observer;
mod outcome;
pub mod policy;
pub mod provider;
pub mod repair;
mod settings;
mod sink;
mod strict;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
mod tier;
pub mod transport;

pub use clock::{Clock, SystemClock, TimerClock};
pub use engine::{
    Engine, EngineError, EngineParts, Estimate, Plan, Preflight, Providers, RunEnd, RunReport,
};
pub use ledger::{Ledger, LedgerError, MemoryLedger, RunId, RunState, ShardId};
pub use models::{Catalogue, CatalogueError, DatedPrice, Model};
pub use money::{Money, MoneyError, TokenPrice, break_even_escalation};
pub use observer::{Event, Moment, Observer, ShardProgress, Silent, Step, Totals};
pub use outcome::{Failure, FailureKind, UnknownWord, Usage};
pub use settings::{
    AttemptSettings, ModelCheck, PollSettings, RetrySettings, Settings, ShardSettings,
    StallSettings, Wait,
};
pub use sink::{
    Accepted, Answer, AnswerCheck, AnswerSink, Candidate, Doubt, MemorySink, Oversized, Shrunk,
    SinkError,
};
pub use strict::{Misfit, StrictForm, strict_form};
pub use task::{
    AnswerSchema, DoubtSpec, NewRequest, Payload, PayloadError, RunSpec, Task, is_legal_custom_id,
};
pub use tier::{
    Billing, CompletionWindow, DEFAULT_MAX_COMPLETION_TOKENS, DEFAULT_TIERS, Effort, ModelRef,
    ResponseMode, TierError, TierPrice, TierSpec,
};
pub use tokio_util::sync::CancellationToken;
