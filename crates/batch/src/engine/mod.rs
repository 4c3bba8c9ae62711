//! The cascade itself: plan, shard, submit, poll, collect, repair, escalate, report.

mod adopt;
mod collect;
mod doubt;
mod drive;
mod error;
mod estimate;
mod lease;
mod plan;
mod poll;
mod preflight;
mod reconcile;
mod render;
mod room;
mod schedule;
mod session;
mod slots;
mod submit;
mod wind_up;

pub use error::EngineError;
pub use estimate::{Dollars, Estimate, PartEstimate, Range};
pub use plan::{Plan, Skipped};
pub use preflight::Preflight;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chance;
use crate::clock::{Clock, SystemClock};
use crate::ledger::{Ledger, RunId, RunSummary, Takeover};
use crate::models::Catalogue;
use crate::observer::{Event, Moment, Observer, Silent, Step};
use crate::provider::Provider;
use crate::settings::Settings;
use crate::sink::{AnswerCheck, AnswerSink};
use crate::{CancellationToken, ShardId};

/// Providers by their name in `provider:model`.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// What an engine is made of.
pub struct EngineParts {
    /// Where runs are kept.
    pub ledger: Arc<dyn Ledger>,
    /// Whom tiers may ask.
    pub providers: Providers,
    /// What is known of models.
    pub catalogue: Arc<Catalogue>,
    /// Where answers go.
    pub sink: Arc<dyn AnswerSink>,
    /// What answers must be.
    pub check: Arc<dyn AnswerCheck>,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Cancelled to stop at the next safe point; the run is left resumable.
    pub interrupt: CancellationToken,
    /// How to go about it.
    pub settings: Settings,
}

impl EngineParts {
    /// Parts for real hosts: the embedded catalogue, the system's clock, nobody who is told, no
    /// interrupt, and the settings of [`Settings::production`]. Replace what you want otherwise.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        providers: impl IntoIterator<Item = Arc<dyn Provider>>,
        sink: Arc<dyn AnswerSink>,
        check: Arc<dyn AnswerCheck>,
    ) -> EngineParts {
        let named = |provider: Arc<dyn Provider>| (provider.name().to_owned(), provider);
        EngineParts {
            ledger,
            providers: providers.into_iter().map(named).collect(),
            catalogue: Arc::new(Catalogue::embedded()),
            sink,
            check,
            observer: Arc::new(Silent),
            clock: Arc::new(SystemClock),
            interrupt: CancellationToken::new(),
            settings: Settings::production(),
        }
    }
}

/// The cascade.
pub struct Engine {
    parts: EngineParts,
    /// This engine among all that may work on the same ledger.
    owner: String,
}

/// What became of a run, or of one spell of work on it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// How the spell ended.
    pub end: RunEnd,
    /// The run as the ledger now has it.
    pub summary: RunSummary,
}

/// How a spell of work on a run ended without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// Every request has its outcome; look at `summary.totals.failed`.
    Finished,
    /// The budget does not allow the next request. The run is stopped and can be resumed with a larger
    /// budget.
    Budget,
    /// The interrupt token was cancelled. The run can be resumed.
    Interrupted,
    /// What could be submitted is, and waiting was not asked for. The run can be resumed.
    Submitted,
    /// The deadline of the settings passed. The run can be resumed.
    Deadline,
    /// The run was cancelled; what had been answered until then is kept.
    Cancelled,
}

impl RunEnd {
    /// The word in documents, for instance `finished`.
    pub fn as_str(&self) -> &'static str {
        match self {
            RunEnd::Finished => "finished",
            RunEnd::Budget => "budget",
            RunEnd::Interrupted => "interrupted",
            RunEnd::Submitted => "submitted",
            RunEnd::Deadline => "deadline",
            RunEnd::Cancelled => "cancelled",
        }
    }
}

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: EngineParts) -> Engine {
        Engine {
            parts,
            owner: chance::word(),
        }
    }

    /// Works on a planned or stopped run until it ends. Shards that an earlier process left are taken
    /// up where they were: remote batches are adopted, never created twice.
    ///
    /// # Errors
    /// The run is left stopped and resumable, with the error as its note.
    pub async fn run(&self, run: RunId) -> Result<RunReport, EngineError> {
        self.work(run, Takeover::WhenIdle, session::Mode::Work)
            .await
    }

    /// As [`Engine::run`], for a run that another process may have left. `Takeover::Now` is for callers
    /// that know the other process to be gone.
    ///
    /// # Errors
    /// As [`Engine::run`]; and [`EngineError::Ledger`] with a busy run.
    pub async fn resume(&self, run: RunId, takeover: Takeover) -> Result<RunReport, EngineError> {
        self.work(run, takeover, session::Mode::Work).await
    }

    /// Cancels a run: stops its remote batches, collects what they have answered, and ends the rest.
    ///
    /// # Errors
    /// As [`Engine::run`]; cancelling can then be tried again.
    pub async fn cancel(&self, run: RunId, takeover: Takeover) -> Result<RunReport, EngineError> {
        self.work(run, takeover, session::Mode::Cancel).await
    }

    fn ledger(&self) -> &dyn Ledger {
        &*self.parts.ledger
    }

    fn now(&self) -> jiff::Timestamp {
        self.parts.clock.now()
    }

    /// The day in UTC, by which prices and retirements count.
    fn today(&self) -> jiff::civil::Date {
        jiff::tz::Offset::UTC.to_datetime(self.now()).date()
    }

    fn tell(&self, event: &Event<'_>) {
        self.parts.observer.event(event);
    }

    fn warn(&self, words: &str) {
        self.tell(&Event::Warning(words));
    }

    fn step(&self, moment: Moment, step: Step, shard: Option<ShardId>) {
        self.tell(&Event::Step {
            step,
            moment,
            shard,
        });
    }

    fn provider(&self, name: &str) -> Result<&Arc<dyn Provider>, EngineError> {
        self.parts
            .providers
            .get(name)
            .ok_or_else(|| EngineError::NoProvider {
                name: name.to_owned(),
            })
    }
}
