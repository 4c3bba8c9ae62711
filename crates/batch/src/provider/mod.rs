//! Hosts with a Batch API. Only the modules below know a wire format.

mod anthropic;
mod body;
mod caller;
mod chat;
mod common;
mod connect;
mod error;
mod lines;
mod listing;
mod mistral;
mod openai;
mod profile;
mod reader;
mod result_file;
mod retry;
mod table;
#[cfg(test)]
mod testing;
mod windows;

pub use anthropic::Anthropic;
pub use chat::{Chat, ChatParts};
pub use connect::{ConnectError, Connection, connect};
pub use error::{ProviderError, ProviderErrorKind};
pub use mistral::Mistral;
pub use openai::OpenAiShaped;
pub use profile::{
    AuthScheme, Dialect, KeyUse, Listing, ModelList, PriceSource, Profile, ProfileChanges,
    SYNC_SUFFIX, TokenCap,
};
pub(crate) use reader::UNREADABLE;
pub use reader::{parse_batch, parse_result_line};
pub(crate) use retry::pause;
pub use windows::Windows;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use crate::ledger::BatchError;
use crate::outcome::Usage;
use crate::task::{Payload, Task};
use crate::tier::{Billing, CompletionWindow, Effort, ResponseMode};

/// A host with a Batch API.
///
/// Calls that may be repeated are repeated inside, with back-off, jitter and `Retry-After`. Creating a
/// batch is tried once: after a failure that does not say whether it exists, the caller lists batches
/// and adopts it.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name in `provider:model`.
    fn name(&self) -> &str;

    /// What the host takes.
    fn limits(&self) -> &ProviderLimits;

    /// The completion windows the host offers.
    fn windows(&self) -> &Windows;

    /// Whose price list the host's calls are charged by.
    fn billing(&self) -> Billing;

    /// What the counters of a running batch say.
    fn progress(&self) -> Progress {
        Progress::Counted
    }

    /// How a batch is known again whose create was never answered.
    fn recognition(&self) -> Recognition {
        Recognition::Token
    }

    /// The constant parts of a line of an input file.
    fn frame(&self, template: &RequestTemplate<'_>) -> LineFrame;

    /// Brings an input file to the host, or makes it ready where batches are created with their
    /// requests inside. The input is read to its end either way.
    async fn upload(
        &self,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<String, ProviderError>;

    /// Looks for an input file that an earlier process uploaded; `None` also where the host has no
    /// list of files.
    async fn find_file(
        &self,
        file_name: &str,
        size_bytes: u64,
    ) -> Result<Option<String>, ProviderError>;

    /// Creates a batch. Never repeated inside.
    async fn create(&self, new: &NewBatch<'_>) -> Result<RemoteBatch, ProviderError>;

    /// Asks after batches; one reply for each id.
    async fn poll(&self, batch_ids: &[String]) -> Result<Vec<Polled>, ProviderError>;

    /// All batches not older than `since`, newest first as far as the host orders them.
    async fn list_batches(&self, since: Timestamp) -> Result<Vec<RemoteBatch>, ProviderError>;

    /// Asks the host to stop a batch.
    async fn cancel(&self, batch_id: &str) -> Result<(), ProviderError>;

    /// Deletes a file; a file that is gone already counts as deleted.
    async fn delete_file(&self, file_id: &str) -> Result<(), ProviderError>;

    /// The ids of the models the host serves now; `None` where it has no such list.
    async fn models(&self) -> Result<Option<Vec<String>>, ProviderError>;

    /// Reads a result file as a stream of lines, many at a time.
    async fn results(&self, file_id: &str) -> Result<ResultStream, ProviderError>;
}

/// What the counters of a running batch say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// How far it is: a batch whose counters stand still for long has stalled.
    Counted,
    /// Nothing before its end: only its window says that it is late.
    AtTheEnd,
}

/// How a batch is known again whose create was never answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition {
    /// By the token it was created with, or by its input file.
    Token,
    /// By the custom ids of its results, since nothing else of a batch can be chosen: it has to end
    /// before it can be told from others of its size.
    CustomIds,
}

/// Lines of a result file as they arrive.
pub type ResultStream = BoxStream<'static, Result<Vec<ResultLine>, ProviderError>>;

/// What a host takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLimits {
    /// Most lines in an input file.
    pub max_lines: u64,
    /// Most bytes in an input file.
    pub max_bytes: u64,
    /// Most prompt tokens waiting at once, where the host has such a limit.
    pub max_enqueued_tokens: Option<u64>,
    /// Most batches that are open at once, where more would only wait for one another.
    pub max_open_batches: Option<usize>,
}

/// An input file that can be read from its beginning as often as needed.
pub trait InputSource: Send + Sync {
    /// Its length.
    fn length_bytes(&self) -> u64;

    /// A fresh stream over its bytes.
    fn open(&self) -> BoxStream<'static, std::io::Result<Bytes>>;
}

/// What all requests of a shard have in common.
#[derive(Debug, Clone, Copy)]
pub struct RequestTemplate<'a> {
    /// The task.
    pub task: &'a Task,
    /// The model.
    pub model: &'a str,
    /// The cap on completion tokens.
    pub max_completion_tokens: u32,
    /// How hard to think.
    pub effort: Option<Effort>,
    /// How JSON is asked for.
    pub response: ResponseMode,
}

/// The constant parts of a line: `before_id ID after_id MESSAGES after_messages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFrame {
    /// Up to the custom id.
    pub before_id: Vec<u8>,
    /// From the custom id to the request's own messages.
    pub after_id: Vec<u8>,
    /// After the request's own messages, line break included.
    pub after_messages: Vec<u8>,
}

impl LineFrame {
    /// Appends the line of one request to `page`.
    pub fn render(&self, custom_id: &str, payload: &Payload, page: &mut Vec<u8>) {
        page.extend_from_slice(&self.before_id);
        page.extend_from_slice(custom_id.as_bytes());
        page.extend_from_slice(&self.after_id);
        page.extend_from_slice(payload.tail().as_bytes());
        page.extend_from_slice(&self.after_messages);
    }

    /// Bytes that every line has.
    pub fn length_bytes(&self) -> u64 {
        (self.before_id.len() + self.after_id.len() + self.after_messages.len()) as u64
    }
}

/// A batch about to be created.
#[derive(Clone, Copy)]
pub struct NewBatch<'a> {
    /// The uploaded input file.
    pub input_file_id: &'a str,
    /// The same file, for hosts that take the requests with the batch.
    pub input: &'a dyn InputSource,
    /// How long the host may take.
    pub window: &'a CompletionWindow,
    /// The word by which the batch is known again.
    pub token: &'a str,
    /// The model all its lines name.
    pub model: &'a str,
    /// How many lines there are.
    pub requests: u64,
}

/// A batch as the host shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteBatch {
    /// The host's id.
    pub id: String,
    /// Its status.
    pub status: RemoteStatus,
    /// The host's word for the status.
    pub status_text: String,
    /// Its input file.
    pub input_file_id: Option<String>,
    /// Its file of results.
    pub output_file_id: Option<String>,
    /// Its file of errors.
    pub error_file_id: Option<String>,
    /// What went wrong with it or its lines.
    pub errors: Vec<BatchError>,
    /// The host's counters; never trusted for more than display and stalls.
    pub counts: RemoteCounts,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its window closes.
    pub expires_at: Option<Timestamp>,
    /// The word it was created with.
    pub token: Option<String>,
}

/// The host's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemoteCounts {
    /// All requests.
    pub total: u64,
    /// Done.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
}

/// The status of a remote batch. A status this version does not know counts as running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemoteStatus {
    /// Being looked at, queued, running, being cancelled or unknown.
    Running,
    /// Done; not every line need have an answer.
    Completed,
    /// Refused as a whole.
    Failed,
    /// The window closed.
    Expired,
    /// Cancelled.
    Cancelled,
}

impl RemoteStatus {
    /// Whether it ends there.
    pub fn is_terminal(self) -> bool {
        self != RemoteStatus::Running
    }
}

/// The reply about one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// The id asked for.
    pub batch_id: String,
    /// The reply.
    pub reply: PollReply,
}

/// The reply about one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollReply {
    /// The batch.
    Batch(Box<RemoteBatch>),
    /// The host does not know it, in its words.
    Gone(String),
}

/// A line of a result file, freed of the host's manner of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLine {
    /// The request it is for.
    pub custom_id: Option<String>,
    /// What it says.
    pub body: LineBody,
}

/// What a line of a result file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineBody {
    /// The model answered.
    Answer(RawAnswer),
    /// The host reports an error.
    Error(LineError),
}

/// An answer as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawAnswer {
    /// The text; `None` where there is none.
    pub content: Option<String>,
    /// The model's refusal.
    pub refusal: Option<String>,
    /// Why it stopped.
    pub finish_reason: Option<String>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// The host's time for the request.
    pub latency_ms: Option<u64>,
}

/// An error for one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineError {
    /// The HTTP status, where one is told. 0 counts as none.
    pub status: Option<u16>,
    /// The host's code.
    pub code: Option<String>,
    /// The host's words.
    pub message: Option<String>,
    /// What a failed JSON generation had so far; `Some("")` and `None` differ on the wire only.
    pub failed_generation: Option<String>,
    /// Tokens, where the host gives them even for errors.
    pub usage: Option<Usage>,
}
