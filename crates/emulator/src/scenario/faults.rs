//! What can go wrong, by name.

use serde::{Deserialize, Serialize};

/// Declares a fault enum whose TOML names are listed once.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in scenario files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Returns the kind of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

named! {
    /// A fault of one request. The name is also the outcome in the log, unless
    /// [`Fault::keeps_the_answer`] says that the answer as such is good.
    pub enum Fault {
        /// 400 `json_validate_failed`, `failed_generation` empty: the budget went into reasoning.
        JsonEmpty = "json_empty",
        /// 400 `json_validate_failed` with part of a document in `failed_generation`.
        JsonPartial = "json_partial",
        /// 400 `json_validate_failed` with the fixed text about max completion tokens in
        /// `failed_generation`.
        JsonMaxTokens = "json_max_tokens",
        /// 400 `json_validate_failed` with the text about max completion tokens as message and no
        /// `failed_generation`.
        MaxTokensMessage = "max_tokens_message",
        /// 400 `Generated JSON does not match the expected schema`.
        JsonMismatch = "json_mismatch",
        /// 400 `context_length_exceeded`.
        ContextLength = "context_length_exceeded",
        /// 400 `model_not_found`, as if the model were retired in mid-batch.
        ModelNotFound = "model_not_found",
        /// 400 without a code, as for a request that breaks a rule of the provider's own.
        Rejected = "rejected",
        /// 200, `finish_reason: "length"`, the document cut.
        Truncated = "truncated",
        /// 200, `finish_reason: "length"`, yet the document is whole.
        TruncatedParseable = "truncated_parseable",
        /// 200, the document with sentences around it.
        Prose = "prose",
        /// 200, the document in a fenced block.
        Fenced = "fenced",
        /// 200, the document with a trailing comma.
        TrailingComma = "trailing_comma",
        /// 200, `finish_reason: "stop"`, but the document is cut.
        BrokenJson = "broken_json",
        /// 200, valid JSON with a value of another type than the schema's.
        SchemaMismatch = "schema_mismatch",
        /// 200, the document `{}`.
        EmptyObject = "empty_object",
        /// 200, every value of the document null.
        NullValues = "null_values",
        /// 200, `refusal` set and `content` null.
        Refusal = "refusal",
        /// 200, `finish_reason: "content_filter"` and empty content.
        ContentFilter = "content_filter",
        /// 200, content "".
        EmptyContent = "empty_content",
        /// 200, content null.
        NullContent = "null_content",
        /// No line in either file, although the counters say completed.
        Missing = "missing",
        /// The line stands twice in the output file.
        Duplicated = "duplicated",
        /// A second, different answer to the same id follows.
        Conflicting = "conflicting",
        /// A line with an id that was never submitted follows.
        Foreign = "foreign",
        /// The line's `custom_id` is null.
        NullId = "null_id",
        /// `{"response":{"status_code":0,"request_id":"","body":{}},"error":null}` in the error file.
        StatusZero = "status_zero",
        /// The answer's `body` is a JSON string holding the object.
        BodyString = "body_string",
        /// The answer's `body` is a list.
        BodyList = "body_list",
        /// The answer's `body` is a number.
        BodyNumber = "body_number",
        /// The answer's line is not JSON.
        Garbage = "garbage",
        /// An empty line follows the answer.
        BlankLine = "blank_line",
        /// A 500, 502 or 503 in `response`.
        ServerError = "server_error",
        /// A 429 in `response`.
        RateLimited = "rate_limited",
        /// `response` null and an error of the connection.
        ConnectionError = "connection_error",
        /// `response` null and `batch_expired`.
        Expired = "batch_expired",
        /// `response` absent and an error with no code.
        BareError = "bare_error",
    }
}

/// Whether the provider asks money for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Billing {
    /// It bills, or it is not known that it does not.
    Logged,
    /// It does not.
    Free,
}

impl Fault {
    /// Says whether the request still gets its one good answer, so that the log tells `ok`.
    pub fn keeps_the_answer(self) -> bool {
        matches!(
            self,
            Self::Duplicated
                | Self::Conflicting
                | Self::Foreign
                | Self::BodyString
                | Self::BlankLine
        )
    }

    /// Says whether the fault belongs to result files and cannot happen to a synchronous call.
    pub(crate) fn only_in_batches(self) -> bool {
        matches!(
            self,
            Self::Missing
                | Self::Duplicated
                | Self::Conflicting
                | Self::Foreign
                | Self::NullId
                | Self::StatusZero
                | Self::BodyString
                | Self::BodyList
                | Self::BodyNumber
                | Self::Garbage
                | Self::BlankLine
                | Self::ConnectionError
                | Self::Expired
                | Self::BareError
        )
    }

    /// Says whether a provider would bill the request.
    pub(crate) fn billing(self) -> Billing {
        match self {
            Self::ContextLength
            | Self::ModelNotFound
            | Self::Rejected
            | Self::StatusZero
            | Self::ServerError
            | Self::RateLimited
            | Self::ConnectionError
            | Self::Expired
            | Self::BareError => Billing::Free,
            _ => Billing::Logged,
        }
    }
}

named! {
    /// A fault of a whole batch.
    pub enum BatchFault {
        /// Becomes `failed` in validation, with an error about its file.
        FailsValidation = "fails_validation",
        /// Becomes `failed` after creation with `token_limit_exceeded`.
        TokenLimit = "token_limit",
        /// Becomes `expired` after part of its requests; their answers are available.
        Expires = "expires",
        /// Becomes `expired` and has no files at all.
        ExpiresWithoutFiles = "expires_without_files",
        /// Becomes `cancelled` by the provider after part of its requests.
        Cancelled = "cancelled",
        /// Becomes `failed` after part of its requests; their answers are available.
        FailsMidway = "fails_midway",
        /// Every request fails: `completed`, `output_file_id` null, errors in the error file.
        AllFail = "all_fail",
        /// `completed` without any file, although requests were answered.
        NoFiles = "no_files",
        /// `completed`, but the output file cannot be downloaded (404).
        FilesGone = "files_gone",
        /// Answers 404 after part of its requests, and is not listed.
        Vanishes = "vanishes",
        /// Answers polls with 200 and a bare `{"error":...}` after part of its requests.
        BareError = "bare_error",
        /// Stays `in_progress` after part of its requests until its window ends.
        Stalls = "stalls",
        /// Stays `validating` until its window ends.
        NeverStarts = "never_starts",
        /// Answers 404 for a while after creation, then appears.
        AppearsLate = "appears_late",
        /// Completes, but its counters say that nothing failed.
        CountersLie = "counters_lie",
    }
}

named! {
    /// A fault of one call.
    pub enum HttpFault {
        /// 429 with `Retry-After`.
        RateLimited = "rate_limited",
        /// A 5xx status (`status`, 500 unless said).
        ServerError = "server_error",
        /// The connection is closed before the call does anything.
        Dropped = "dropped",
        /// The call does its work, then the connection is closed without a response.
        ResponseLost = "response_lost",
        /// The response comes late (`delay_ms`).
        Slow = "slow",
        /// The response's body ends half-way.
        BodyCut = "body_cut",
    }
}

named! {
    /// A kind of call.
    pub enum HttpCall {
        /// Every call.
        Any = "any",
        /// `POST /files`.
        Upload = "upload",
        /// `GET /files/{id}/content`, and the results of a message batch.
        Content = "content",
        /// `GET /files`, `GET` and `DELETE /files/{id}`.
        Files = "files",
        /// `POST /batches`, `/messages/batches` or `/batch/jobs`.
        Create = "create",
        /// `GET` of one batch, and `GET /batches` with ids.
        Poll = "poll",
        /// `GET` of all batches.
        List = "list",
        /// `POST` to a batch's `/cancel`.
        Cancel = "cancel",
        /// `GET /models`.
        Models = "models",
        /// `POST /chat/completions` or `/messages`.
        Chat = "chat",
    }
}

/// When a fault of a request happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The fault.
    pub kind: Fault,
    /// Only for this model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only for ids of this form; `*` stands for any signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Only in these batches, counted from 1 in the order of their creation; empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<u64>,
    /// Share of the requests it hits, from 0 to 1.
    #[serde(default = "always")]
    pub rate: f64,
}

/// When a fault of a batch happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchFaultRule {
    /// The fault.
    pub kind: BatchFault,
    /// Only for these batches, counted from 1 in the order of their creation; empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<u64>,
    /// Only for batches with a request to this model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Share of the batches it hits, from 0 to 1.
    #[serde(default = "always")]
    pub rate: f64,
    /// Share of the batch's requests that are answered before it happens, from 0 to 1.
    #[serde(default = "half")]
    pub done: f64,
    /// How long `appears_late` lasts, in milliseconds.
    #[serde(default = "second_ms")]
    pub delay_ms: u64,
}

/// When a fault of a call happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpFaultRule {
    /// The fault.
    pub kind: HttpFault,
    /// Only for calls of this kind.
    #[serde(default = "any_call")]
    pub call: HttpCall,
    /// Only for these of the matching calls, counted from 1; empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<u64>,
    /// Share of the calls it hits, from 0 to 1, each call by its own throw.
    #[serde(default = "always")]
    pub rate: f64,
    /// Status of `server_error`.
    #[serde(default = "internal_error")]
    pub status: u16,
    /// `Retry-After` of `rate_limited`, in seconds.
    #[serde(default = "one")]
    pub retry_after_seconds: u32,
    /// Delay of `slow`, in milliseconds.
    #[serde(default = "second_ms")]
    pub delay_ms: u64,
}

impl FaultRule {
    /// A rule for every request, at a rate.
    pub fn of(kind: Fault, rate: f64) -> Self {
        Self {
            kind,
            model: None,
            custom_id: None,
            batches: Vec::new(),
            rate,
        }
    }

    /// Says whether the rule is about a request, whatever its rate.
    pub(crate) fn matches(&self, model: &str, custom_id: Option<&str>, batch: Option<u64>) -> bool {
        if self.model.as_deref().is_some_and(|wanted| wanted != model) {
            return false;
        }
        if batch.is_none() && self.kind.only_in_batches() {
            return false;
        }
        if !self.batches.is_empty() && !batch.is_some_and(|batch| self.batches.contains(&batch)) {
            return false;
        }
        match (&self.custom_id, custom_id) {
            (None, _) => true,
            (Some(pattern), Some(custom_id)) => wildcard(pattern, custom_id),
            (Some(_), None) => false,
        }
    }
}

impl BatchFaultRule {
    /// A rule for every batch, at a rate; it happens half-way.
    pub fn of(kind: BatchFault, rate: f64) -> Self {
        Self {
            kind,
            batches: Vec::new(),
            model: None,
            rate,
            done: half(),
            delay_ms: second_ms(),
        }
    }
}

impl HttpFaultRule {
    /// A rule for every call, at a rate.
    pub fn of(kind: HttpFault, rate: f64) -> Self {
        Self {
            kind,
            call: HttpCall::Any,
            calls: Vec::new(),
            rate,
            status: internal_error(),
            retry_after_seconds: one(),
            delay_ms: second_ms(),
        }
    }
}

/// Says whether a text has the form of a pattern in which `*` stands for any signs.
fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(head) else {
        return false;
    };
    let mut pieces: Vec<&str> = tail.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

fn always() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn second_ms() -> u64 {
    1000
}

fn one() -> u32 {
    1
}

fn internal_error() -> u16 {
    500
}

fn any_call() -> HttpCall {
    HttpCall::Any
}
