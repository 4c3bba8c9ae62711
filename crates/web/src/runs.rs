//! What the pages about runs are made of, beside the ledger in the database.
//!
//! A run that is begun here is worked on by the very verbs of the command line; how, is up to who
//! implements [`Runs`].

use batch::RunId;
use serde::Deserialize;

/// What somebody wants asked. Whatever is not given is as on the command line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRequest {
    /// Only this team's pull requests.
    pub team: Option<String>,
    /// At most so many, newest first.
    pub limit: Option<u64>,
    /// The tiers, cheapest first, as `provider:model`; empty for those of the configuration.
    pub tiers: Vec<String>,
    /// The most that may be spent, in US dollars.
    pub budget_usd: Option<f64>,
    /// Whether the next tier is asked about what the first could not answer.
    pub with_fallback: bool,
    /// Whether it is asked about doubtful answers too.
    pub escalate_doubt: bool,
    /// Whether analyses are renewed whose pull request or prompt changed.
    pub stale: bool,
}

/// What a request would take. Nothing has left the machine for it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunEstimate {
    /// The tiers, in order; `rules` where no model is asked.
    pub tiers: Vec<String>,
    /// Requests.
    pub requests: u64,
    /// Tokens of all prompts; nothing where no model is asked.
    #[serde(default)]
    pub prompt_tokens: EstimateRange<u64>,
    /// Tokens of all answers.
    #[serde(default)]
    pub output_tokens: EstimateRange<u64>,
    /// US dollars through the Batch API.
    #[serde(default)]
    pub cost: EstimateRange<f64>,
    /// US dollars by synchronous calls, likely.
    #[serde(default)]
    pub sync_cost_usd: f64,
    /// Tiers whose price is not known; their cost is left out.
    #[serde(default)]
    pub unpriced: Vec<String>,
    /// What the requests are made of, by part.
    #[serde(default)]
    pub parts: Vec<EstimatePart>,
    /// Texts that are shortened to their token budget.
    #[serde(default)]
    pub shortened: u64,
    /// Secrets and personal addresses that are masked before anything leaves.
    #[serde(default)]
    pub masked: u64,
}

impl RunEstimate {
    /// Whether a model is asked, and so something leaves this machine.
    pub fn asks_models(&self) -> bool {
        self.tiers.iter().any(|tier| tier != "rules")
    }
}

/// Low, likely and high.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct EstimateRange<T> {
    /// Hardly less.
    pub low: T,
    /// As usual.
    pub likely: T,
    /// Never more, repetitions apart.
    pub high: T,
}

/// A part of what is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EstimatePart {
    /// What it is: the system prompt, the description, ...
    pub part: String,
    /// Its tokens over all requests.
    pub tokens: EstimateRange<u64>,
    /// Its cost in US dollars.
    pub cost: EstimateRange<f64>,
}

/// What a work does to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// Begins one.
    Start,
    /// Goes on with one.
    Resume,
    /// Gives one up.
    Cancel,
}

impl WorkKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkKind::Start => "start",
            WorkKind::Resume => "resume",
            WorkKind::Cancel => "cancel",
        }
    }
}

/// A piece of work on a run that was begun from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its number, from 1 since the server started.
    pub number: u64,
    /// What it does.
    pub kind: WorkKind,
    /// The run; `None` while a new one is being planned.
    pub run: Option<RunId>,
    /// Whether it goes on.
    pub is_working: bool,
    /// What became of it, once it ended.
    pub ending: Option<String>,
    /// The last that it said: warnings, errors, hints.
    pub said: Vec<String>,
}

/// Something about runs could not be done; the words are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct RunsError {
    /// What went wrong and what to do, in sentences.
    pub words: String,
}

impl RunsError {
    /// An error in these words.
    pub fn new(words: impl Into<String>) -> Self {
        RunsError {
            words: words.into(),
        }
    }
}

/// Begins, resumes and cancels runs. Methods block; they are called from threads that may.
pub trait Runs: Send + Sync {
    /// The task under which the ledger keeps questions about pull requests.
    fn task(&self) -> &'static str;

    /// What a request would take; nothing is sent and nothing is claimed.
    ///
    /// # Errors
    /// What the request lacks, or why it cannot be told.
    fn estimate(&self, request: &RunRequest) -> Result<RunEstimate, RunsError>;

    /// Begins a run, and returns the number of the work without waiting for it.
    ///
    /// # Errors
    /// When it could not be begun.
    fn start(&self, request: &RunRequest) -> Result<u64, RunsError>;

    /// Goes on with a run, within another budget where one is given.
    ///
    /// # Errors
    /// When it could not be begun.
    fn resume(&self, run: RunId, budget_usd: Option<f64>) -> Result<u64, RunsError>;

    /// Gives a run up, and its batches at the provider with it. Work on it here is stopped first.
    ///
    /// # Errors
    /// When it could not be begun.
    fn cancel(&self, run: RunId) -> Result<u64, RunsError>;

    /// Work that goes on, and the last that ended; newest first.
    fn works(&self) -> Vec<Work>;

    /// Stops all work so that it can be resumed, and waits for it a while.
    fn stop(&self);
}
