//! The caller's side: what an answer must be, and where answers go.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use crate::ledger::RunId;
use crate::money::Money;
use crate::outcome::Usage;
use crate::task::Payload;
use crate::tier::ModelRef;

/// An answer that passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The run.
    pub run: RunId,
    /// The request's id on the wire.
    pub custom_id: String,
    /// What the request was about.
    pub subject: String,
    /// The hash of the content the request was made from.
    pub content_hash: String,
    /// The messages that were asked.
    pub payload: Payload,
    /// The answer, one JSON value.
    pub json: String,
    /// What the narrow repair did, for instance `stripped fences`; `None` when nothing was repaired.
    pub repair: Option<String>,
    /// The provider and the model asked for.
    pub model: ModelRef,
    /// The tier, counted from 1.
    pub tier: u32,
    /// The attempt of this request in this run, counted from 1.
    pub attempt: u32,
    /// Why the model stopped, as the host says.
    pub finish_reason: Option<String>,
    /// Tokens, where the host gave them.
    pub usage: Option<Usage>,
    /// What the tokens cost at the Batch price of the day of submission.
    pub cost: Money,
    /// The prompt's version when the request was submitted.
    pub prompt_version: String,
    /// The schema's version when the request was submitted.
    pub schema_version: String,
    /// The host's time for this request, where it gave one.
    pub latency_ms: Option<u64>,
    /// Why the answer is doubted; the next tier is then asked too, and its answer replaces this one.
    pub doubt: Option<Doubt>,
}

/// Where answers go.
pub trait AnswerSink: Send + Sync {
    /// Stores answers durably before it returns.
    ///
    /// Called before the ledger marks them, and possibly again with the same answers after a crash:
    /// storing must be idempotent by subject, content hash and versions. An answer of a later tier to
    /// the same request replaces an earlier, doubted one; it never comes before it.
    ///
    /// # Errors
    /// Any error stops the run, which can be resumed.
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError>;
}

/// Keeps answers in memory, for short runs and for trials.
#[derive(Debug, Default)]
pub struct MemorySink(Mutex<Vec<Answer>>);

impl MemorySink {
    /// Takes the answers that came since the last call, in the order in which they came.
    pub fn take(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AnswerSink for MemorySink {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(answers);
        Ok(())
    }
}

/// An error of the caller's storage.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// A JSON answer about to be accepted.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The request's id on the wire.
    pub custom_id: &'a str,
    /// What the request was about.
    pub subject: &'a str,
    /// The messages that were asked.
    pub payload: &'a Payload,
    /// The answer: one valid JSON value, not necessarily an object.
    pub json: &'a str,
}

/// A request whose prompt was too long.
#[derive(Debug, Clone, Copy)]
pub struct Oversized<'a> {
    /// The request's id on the wire.
    pub custom_id: &'a str,
    /// What the request is about.
    pub subject: &'a str,
    /// The messages that were too long.
    pub payload: &'a Payload,
    /// The estimate of its prompt tokens.
    pub prompt_tokens: u32,
}

/// A shorter form of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The shorter messages.
    pub payload: Payload,
    /// The new estimate of the prompt tokens, smaller than before.
    pub prompt_tokens: u32,
}

/// Why the caller doubts an answer that passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// The reason in one word, `[a-z_]`, by which doubts are counted, for instance `confidence`.
    pub reason: String,
    /// How sure the answer is as the caller measures it, from 0 (not at all) to 1.
    pub score: f64,
}

/// An answer that passed every check.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// The request and its answer.
    pub candidate: Candidate<'a>,
    /// The tier that answered, counted from 1. There is a tier after it.
    pub tier: u32,
}

/// What the caller demands of an answer.
pub trait AnswerCheck: Send + Sync {
    /// Validates an answer against the full schema and whatever else the caller knows.
    ///
    /// # Errors
    /// The reason in words, short, naming the field; the request then counts as a schema failure.
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String>;

    /// Makes a shorter form of a request that was too long for the model; `None` when it cannot.
    fn shrink(&self, oversized: Oversized<'_>) -> Option<Shrunk> {
        let _ = oversized;
        None
    }

    /// Says whether an answer that passed every check should be asked of the next tier all the same;
    /// `None` when it is not doubted. The doubted answer is stored at once. It is replaced when a later
    /// tier answers and stands when none does: a doubt never leaves a request without its answer.
    ///
    /// Asked only in runs whose [`RunSpec::doubt`](crate::RunSpec::doubt) is set, and only where there
    /// is a next tier.
    fn doubt(&self, accepted: Accepted<'_>) -> Option<Doubt> {
        let _ = accepted;
        None
    }
}

/// A function that looks at an answer is a check.
impl<F> AnswerCheck for F
where
    F: Fn(Candidate<'_>) -> Result<(), String> + Send + Sync,
{
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        self(candidate)
    }
}
