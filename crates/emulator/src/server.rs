//! The emulator as a whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::batches::{Batch, Form, ModelLoad};
use crate::chat::{Answerer, Completer, Counter, SchemaCache};
use crate::clock::Clock;
use crate::config::{EmulatorConfig, StartError};
use crate::dialect::Dialect;
use crate::draw::Draws;
use crate::hits::Hits;
use crate::http;
use crate::ids::Ids;
use crate::log::Log;
use crate::scenario::Scenario;
use crate::spool::Spool;

/// An emulated provider: files, batches, models and chat completions in one process.
///
/// Clones share one state. Dropping the last clone (and every router made from it) ends running
/// batches and removes a temporary spool directory.
#[derive(Clone)]
pub struct Emulator {
    inner: Arc<Inner>,
}

/// What all parts of an emulator share.
pub(crate) struct Inner {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) clock: Clock,
    pub(crate) draws: Draws,
    pub(crate) ids: Arc<Ids>,
    pub(crate) spool: Spool,
    pub(crate) log: Arc<Log>,
    pub(crate) hits: Arc<Hits>,
    pub(crate) completer: Arc<Completer>,
    pub(crate) gate: Arc<Semaphore>,
    state: Mutex<State>,
}

/// What changes. Ids start with the time, so the maps are in the order of creation.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) files: BTreeMap<String, StoredFile>,
    pub(crate) batches: BTreeMap<String, Batch>,
    pub(crate) batches_made: u64,
    /// Requests that each model was asked so far.
    pub(crate) ordinals: BTreeMap<String, u64>,
    /// Calls that each rule of `http_faults` has matched so far.
    pub(crate) matched_calls: BTreeMap<usize, u64>,
}

/// A file that was uploaded or made.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    pub(crate) id: String,
    pub(crate) bytes: u64,
    pub(crate) created_at: u64,
    pub(crate) filename: String,
    pub(crate) purpose: &'static str,
    /// When it is gone, if before the retention time.
    pub(crate) expires_at: Option<u64>,
    /// Lines that are not blank.
    pub(crate) lines: Option<u64>,
    /// What the file asks of each model.
    pub(crate) load: BTreeMap<String, ModelLoad>,
}

impl StoredFile {
    /// A result file of a batch.
    pub(crate) fn result(id: &str, bytes: u64, created_at: u64, filename: String) -> Self {
        let id = id.to_owned();
        Self {
            id,
            bytes,
            created_at,
            filename,
            purpose: "batch_output",
            expires_at: None,
            lines: None,
            load: BTreeMap::new(),
        }
    }

    /// The document of the API that was called; Groq's has no `status`.
    pub(crate) fn document(&self, dialect: Dialect) -> Value {
        if dialect == Dialect::Mistral {
            return self.mistral();
        }
        json!({
            "id": self.id,
            "object": "file",
            "bytes": self.bytes,
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
        })
    }

    fn mistral(&self) -> Value {
        let (sample_type, source) = match self.purpose {
            "batch" => ("batch_request", "upload"),
            _ if self.filename.ends_with("_error.jsonl") => ("batch_error", "mistral"),
            _ => ("batch_result", "mistral"),
        };
        json!({
            "id": self.id,
            "object": "file",
            "bytes": self.bytes,
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": "batch",
            "sample_type": sample_type,
            "source": source,
            "num_lines": self.lines,
        })
    }
}

impl Inner {
    /// Locks the state; never held across a wait.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets files and results older than their retention time.
    pub(crate) fn sweep(&self) {
        let days = self.scenario.limits.retention_days;
        let oldest = self
            .clock
            .unix_seconds()
            .saturating_sub(days.saturating_mul(86_400));
        let mut state = self.state();
        while let Some(first) = state.files.first_entry() {
            if first.get().created_at >= oldest {
                break;
            }
            let file = first.remove();
            // A spool file that cannot be removed only costs room.
            let _ = self.spool.remove(&file.id);
        }
        let now = self.clock.unix_seconds();
        state.files.retain(|id, file| {
            let stays = file.expires_at.is_none_or(|at| now < at);
            if !stays {
                let _ = self.spool.remove(id);
            }
            stays
        });
        let days = self.scenario.anthropic.result_days;
        for batch in state.batches.values_mut() {
            let age = now.saturating_sub(batch.created_at);
            if batch.form == Form::Messages
                && batch.status.is_final()
                && age >= days.saturating_mul(86_400)
                && let Some(results) = batch.output_file_id.take()
            {
                batch.archived_at = Some(now);
                let _ = self.spool.remove(&results);
            }
        }
    }
}

impl Emulator {
    /// Makes an emulator whose answers come from `answerer`.
    pub fn new(config: EmulatorConfig, answerer: Arc<dyn Answerer>) -> Result<Self, StartError> {
        let scenario = Arc::new(config.scenario);
        let clock = Clock::start(config.start_unix_ms);
        let draws = Draws::new(config.seed);
        let ids = Arc::new(Ids::new(clock, draws));
        let hits = Arc::<Hits>::default();
        let completer = Completer {
            hits: Arc::clone(&hits),
            scenario: Arc::clone(&scenario),
            answerer,
            counter: Counter::new(scenario.tokens),
            schemas: SchemaCache::default(),
            draws,
            clock,
            ids: Arc::clone(&ids),
        };
        let inner = Inner {
            scenario,
            clock,
            draws,
            ids,
            spool: Spool::open(config.spool)?,
            log: Arc::new(Log::open(config.log)?),
            hits,
            completer: Arc::new(completer),
            gate: Arc::new(Semaphore::new(config.workers.max(1))),
            state: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The HTTP service: `/openai/v1`, `/anthropic/v1` and `/mistral/v1`, and `/v1` for all three.
    ///
    /// Called in-process, a response that carries [`ConnectionDropped`](crate::ConnectionDropped)
    /// stands for a connection that was closed without one.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.inner))
    }

    /// How often each fault of the scenario has happened so far, by `line KIND`, `batch KIND` and
    /// `call CALL KIND`. A fault of a batch counts when the batch is created.
    pub fn faults_so_far(&self) -> BTreeMap<String, u64> {
        self.inner.hits.so_far()
    }

    /// Serves connections until `shutdown` is ready.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        http::serve(listener, self.router(), shutdown).await
    }

    /// What to tell a person at the start: that this is an emulator, where it listens, what it
    /// offers and what goes wrong.
    pub fn banner(&self, address: SocketAddr) -> String {
        let scenario = &self.inner.scenario;
        let mut text = format!(
            "Tandem's emulator of the Batch APIs of Groq, Anthropic and Mistral. No model runs here; answers are made up.\n\
             base URL  http://{address}/openai/v1 (also http://{address}/v1)\n\
             Anthropic http://{address}/anthropic\n\
             Mistral   http://{address}/mistral/v1\n\
             models    "
        );
        let offered: Vec<String> = scenario
            .models
            .iter()
            .filter(|(id, _)| scenario.model(id).is_some())
            .map(|(id, rules)| match rules.failure_rate {
                0.0 => id.clone(),
                rate => format!("{id} ({:.1} % fail)", rate * 100.0),
            })
            .collect();
        text.push_str(&offered.join(", "));
        let faults =
            scenario.faults.len() + scenario.batch_faults.len() + scenario.http_faults.len();
        if faults > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "\nfaults    {faults} rules of the scenario");
        }
        text
    }
}

/// An emulator on a loopback port, served in the background of the current runtime.
///
/// When the handle is dropped, the port and idle connections close at once, and others when their
/// present call is done.
pub struct EmulatorHandle {
    emulator: Emulator,
    address: SocketAddr,
    /// Dropped with the handle, which the server hears.
    _running: oneshot::Sender<()>,
}

impl EmulatorHandle {
    /// Binds a free port of 127.0.0.1 and starts to serve.
    pub async fn start(
        config: EmulatorConfig,
        answerer: Arc<dyn Answerer>,
    ) -> Result<Self, StartError> {
        let emulator = Emulator::new(config, answerer)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let serving = emulator.clone();
        let (running, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let shutdown = async move {
                // The channel only ever closes.
                let _ = stopped.await;
            };
            serving.serve(listener, shutdown).await
        });
        Ok(Self {
            emulator,
            address,
            _running: running,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL for clients, such as `http://127.0.0.1:40123/openai/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/openai/v1", self.address)
    }

    /// The emulator itself.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }
}
