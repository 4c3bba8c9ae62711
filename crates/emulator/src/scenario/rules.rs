//! The scenario's sections other than models and faults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::faults::{BatchFaultRule, FaultRule, HttpFaultRule};
use super::models::{self, ModelRules};

/// A whole scenario. [`Scenario::default`] is the provider as the published figures show it;
/// [`Scenario::parse`] reads one from TOML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Version of the format; 1.
    pub version: u32,
    /// How failures and faults are spread over requests.
    pub spread: Spread,
    /// How tokens are counted.
    pub tokens: TokenCount,
    /// Habits of the server.
    pub server: ServerRules,
    /// Limits that the server keeps.
    pub limits: Limits,
    /// Limits of message batches.
    pub anthropic: AnthropicLimits,
    /// Limits of Mistral's files and jobs.
    pub mistral: MistralLimits,
    /// How long things take.
    pub timing: Timing,
    /// Models by id. Models of the default that a file does not name stay.
    pub models: BTreeMap<String, ModelRules>,
    /// Faults of single requests; for each request the first rule that hits counts.
    pub faults: Vec<FaultRule>,
    /// Faults of whole batches; for each batch the first rule that hits counts.
    pub batch_faults: Vec<BatchFaultRule>,
    /// Faults of calls; for each call the first rule that hits counts.
    pub http_faults: Vec<HttpFaultRule>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            version: 1,
            spread: Spread::default(),
            tokens: TokenCount::default(),
            server: ServerRules::default(),
            limits: Limits::default(),
            anthropic: AnthropicLimits::default(),
            mistral: MistralLimits::default(),
            timing: Timing::default(),
            models: models::defaults(),
            faults: Vec::new(),
            batch_faults: Vec::new(),
            http_faults: Vec::new(),
        }
    }
}

impl Scenario {
    /// Returns the rules of a model that can be called: known, and not retired unless retired
    /// models are served.
    pub fn model(&self, id: &str) -> Option<&ModelRules> {
        let rules = self.models.get(id)?;
        (!rules.retired || self.server.serve_retired).then_some(rules)
    }
}

/// How failures and faults are spread over the requests of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Evenly: a rate of 0.04 hits exactly one of any 25 consecutive requests.
    #[default]
    Even,
    /// Each request by its own throw.
    Random,
}

/// How tokens are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCount {
    /// By the vocabulary o200k_harmony (for every model, also those with another vocabulary).
    #[default]
    Exact,
    /// One token per 4 bytes, rounded up: for loads of a million requests.
    Estimate,
}

/// Habits of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerRules {
    /// The only key that is accepted; empty accepts any non-empty one.
    pub api_key: String,
    /// Whether retired models are still listed and answer.
    pub serve_retired: bool,
    /// Batches on one page of a listing.
    pub page_size: usize,
    /// Style of listing batches.
    pub listing: Listing,
    /// Shape of a batch's `errors`.
    pub errors_shape: ErrorsShape,
    /// What a line that is no valid request does to its batch.
    pub bad_lines: BadLines,
    /// Whether requests that an expired or cancelled batch did not reach get a line of their own
    /// (`batch_expired`, `batch_cancelled`) in the error file.
    pub unreached_lines: bool,
    /// Whether statuses are sent in capitals.
    pub upper_case_status: bool,
    /// Whether a batch without failures has the `error_file_id` "" in place of null.
    pub empty_error_file_id: bool,
}

impl Default for ServerRules {
    fn default() -> Self {
        Self {
            api_key: String::new(),
            serve_retired: false,
            page_size: 20,
            listing: Listing::Cursor,
            errors_shape: ErrorsShape::Array,
            bad_lines: BadLines::FailAlone,
            unreached_lines: true,
            upper_case_status: false,
            empty_error_file_id: false,
        }
    }
}

/// Style of listing batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// `?cursor=` and `paging.next_cursor`, as Groq has it.
    Cursor,
    /// `?after=&limit=` and `has_more`, `first_id`, `last_id`, as OpenAI has it.
    After,
}

/// Shape of a batch's `errors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorsShape {
    /// A bare array, as Groq documents it.
    Array,
    /// `{"object":"list","data":[...]}`, as the SDKs type it.
    Object,
}

/// What a line that is no valid request does to its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadLines {
    /// The line is named in `errors`; the other lines are answered.
    FailAlone,
    /// The whole batch fails its validation, as at OpenAI.
    FailBatch,
}

/// Limits that the server keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Lines of one batch file.
    pub file_lines: u64,
    /// Bytes of one uploaded file.
    pub file_bytes: u64,
    /// Bytes of one line; a longer line is a bad line.
    pub line_bytes: usize,
    /// Ids in one `GET /batches?id=...`.
    pub ids_per_poll: usize,
    /// Tokens of one model that may wait in unfinished batches, estimated at 4 bytes each; a batch
    /// above it fails with `token_limit_exceeded`. 0 is no limit.
    pub enqueued_tokens: u64,
    /// Days after which files are gone.
    pub retention_days: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_lines: 50_000,
            file_bytes: 200_000_000,
            line_bytes: 16_000_000,
            ids_per_poll: 200,
            enqueued_tokens: 0,
            retention_days: 30,
        }
    }
}

/// Limits of Anthropic's message batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnthropicLimits {
    /// Requests of one message batch.
    pub batch_requests: u64,
    /// Bytes of the body that creates a message batch.
    pub batch_bytes: u64,
    /// Requests that may wait in message batches that have not ended; a batch above it is refused
    /// with 429. 0 is no limit.
    pub queued_requests: u64,
    /// Days after its creation at which the results of a message batch are gone.
    pub result_days: u64,
}

impl Default for AnthropicLimits {
    fn default() -> Self {
        Self {
            batch_requests: 100_000,
            batch_bytes: 256_000_000,
            queued_requests: 0,
            result_days: 29,
        }
    }
}

/// Limits of Mistral's files and jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MistralLimits {
    /// Requests of one job. The documentation names this number and, elsewhere, ten times as many.
    pub job_requests: u64,
    /// Bytes of one file uploaded under `/mistral`.
    pub file_bytes: u64,
    /// Hours after the end of a job at which its result files are gone.
    pub result_hours: u64,
}

impl Default for MistralLimits {
    fn default() -> Self {
        Self {
            job_requests: 100_000,
            file_bytes: 512_000_000,
            result_hours: 24,
        }
    }
}

/// How long things take. Batches are quick by default; the provider needs about 24 ms a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// Time a batch is `validating`, in milliseconds.
    pub validating_ms: u64,
    /// Least time a batch is `in_progress`, in milliseconds.
    pub in_progress_ms: u64,
    /// Time a batch is `in_progress` for each of its requests, in microseconds.
    pub per_request_us: u64,
    /// Time a batch is `finalizing`, in milliseconds.
    pub finalizing_ms: u64,
    /// Time a batch is `cancelling`, in milliseconds.
    pub cancelling_ms: u64,
    /// What the models' latencies are multiplied with to get the real delay of a synchronous chat
    /// completion; `usage` always tells the unscaled time.
    pub chat_scale: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            validating_ms: 50,
            in_progress_ms: 100,
            per_request_us: 50,
            finalizing_ms: 50,
            cancelling_ms: 100,
            chat_scale: 1.0,
        }
    }
}
