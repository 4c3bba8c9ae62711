//! One request: asked until it has an answer or a failure of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limiter::{Limiter, Refused};
use crate::ledger::BatchError;
use crate::provider::caller::{Caller, Refusal};
use crate::provider::error::error_document;
use crate::provider::{ProviderError, ProviderErrorKind, pause};
use crate::settings::RetrySettings;
use crate::transport::RequestBody;

const CALL: &str = "ask for a chat completion";
/// The longest wait for an answer to begin: small machines think long.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(15);

/// The host that all shards of a provider share.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) caller: Caller,
    /// From the base address to chat completions.
    pub(super) path: String,
    pub(super) retry: RetrySettings,
    pub(super) limiter: Arc<Limiter>,
    /// Since when nothing went well, and why.
    trouble: Mutex<Option<(Instant, ProviderError)>>,
}

/// One line of a shard's input.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) custom_id: String,
    /// The body of the call, as it is.
    pub(super) body: String,
}

/// What became of a question.
#[derive(Debug)]
pub(super) enum Reply {
    /// A line for the file of results, line break included.
    Line { bytes: Vec<u8>, is_answer: bool },
    /// The host refuses key, model or address, which concerns all questions alike.
    NobodyIsAnswered(BatchError),
    /// It was told to stop before the next try.
    Stopped,
}

/// What one try came to.
enum Try {
    Done(StatusCode, Value),
    Again(ProviderError),
    NobodyIsAnswered(BatchError),
}

impl Host {
    pub(super) fn new(
        caller: Caller,
        path: String,
        retry: RetrySettings,
        concurrency: usize,
    ) -> Host {
        Host {
            caller,
            path,
            retry,
            limiter: Limiter::new(concurrency),
            trouble: Mutex::new(None),
        }
    }

    /// Asks until there is a line to be kept. A host that is away or has too many calls is waited for
    /// as long as it takes; its own failures are borne a few times.
    pub(super) async fn ask(self: Arc<Host>, question: Question, stop: CancellationToken) -> Reply {
        let mut failed_tries = 0;
        loop {
            let permit = tokio::select! {
                biased;
                () = stop.cancelled() => return Reply::Stopped,
                permit = self.limiter.acquire() => permit,
            };
            let started = Instant::now();
            let tried = self.try_once(&question).await;
            let latency = started.elapsed();
            drop(permit);
            let error = match tried {
                Try::Done(status, body) => {
                    return self.line(&question, latency, status, body);
                }
                Try::NobodyIsAnswered(error) => return Reply::NobodyIsAnswered(error),
                Try::Again(error) => error,
            };
            let unasked = |strikes| pause(&self.retry, strikes, &error);
            let asked = error.retry_after.map(|_| unasked(1));
            match error.kind {
                ProviderErrorKind::RateLimited => {
                    self.limiter.was_refused(Refused::TooMany, asked, unasked);
                }
                ProviderErrorKind::Unreachable => {
                    self.limiter.was_refused(Refused::Away, asked, unasked);
                }
                _ => {
                    failed_tries += 1;
                    if failed_tries >= self.retry.max_tries {
                        return self.failed(&question, latency, &error);
                    }
                    let wait = pause(&self.retry, failed_tries, &error);
                    tokio::select! {
                        () = stop.cancelled() => return Reply::Stopped,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    async fn try_once(&self, question: &Question) -> Try {
        let body = RequestBody::Bytes(question.body.clone().into());
        let mut request = match self.caller.post_json_body(&self.path, body) {
            Ok(request) => request,
            Err(error) => return Try::NobodyIsAnswered(for_all(&error)),
        };
        request.timeout = Some(ANSWER_TIMEOUT);
        let sent = match self.caller.send_or_refusal(CALL, request).await {
            Ok(Ok(response)) => {
                let status = response.status;
                let document = self.caller.document(CALL, response).await;
                document.map(|document| Ok((status, document)))
            }
            Ok(Err(refusal)) => Ok(Err(refusal)),
            Err(error) => Err(error),
        };
        match sent {
            Ok(Ok((status, document))) => {
                self.limiter.went_well();
                self.trouble_is_over();
                Try::Done(status, document)
            }
            Ok(Err(refusal)) => self.refused(*refusal),
            Err(error) => {
                self.note_trouble(&error);
                Try::Again(error)
            }
        }
    }

    fn refused(&self, refusal: Refusal) -> Try {
        let Refusal {
            status,
            document,
            error,
        } = refusal;
        match error.kind {
            ProviderErrorKind::Auth | ProviderErrorKind::Balance | ProviderErrorKind::NotFound => {
                Try::NobodyIsAnswered(for_all(&error))
            }
            ProviderErrorKind::RateLimited
            | ProviderErrorKind::Unavailable
            | ProviderErrorKind::Unreachable
            | ProviderErrorKind::Malformed => {
                self.note_trouble(&error);
                Try::Again(error)
            }
            ProviderErrorKind::Rejected => {
                // It is this request's own failure; the host is well.
                self.limiter.went_well();
                self.trouble_is_over();
                let (code, message) = error_document(&document);
                let says_nothing = code.is_none() && message.is_none();
                let body = if says_nothing {
                    json!({"error": {"message": error.message}})
                } else {
                    document
                };
                Try::Done(status, body)
            }
        }
    }

    fn line(
        &self,
        question: &Question,
        latency: Duration,
        status: StatusCode,
        body: Value,
    ) -> Reply {
        let line = json!({
            "custom_id": question.custom_id,
            "latency_ms": latency.as_millis() as u64,
            "response": {"status_code": status.as_u16(), "body": body},
        });
        Reply::Line {
            bytes: self.bytes_of(&line),
            is_answer: status.is_success(),
        }
    }

    /// The line of a question that the host failed on again and again.
    fn failed(&self, question: &Question, latency: Duration, error: &ProviderError) -> Reply {
        let line = json!({
            "custom_id": question.custom_id,
            "latency_ms": latency.as_millis() as u64,
            "response": null,
            "error": {"code": "connection_error", "message": error.message},
        });
        Reply::Line {
            bytes: self.bytes_of(&line),
            is_answer: false,
        }
    }

    /// Hosts may quote a key in their words; it must not come to the disk.
    fn bytes_of(&self, line: &Value) -> Vec<u8> {
        let mut text = self.caller.without_key(line.to_string());
        text.push('\n');
        text.into_bytes()
    }

    /// What keeps the host from answering anything. Too many calls are no trouble before they last.
    pub(super) fn trouble(&self) -> Option<ProviderError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, error) = trouble.as_ref()?;
        let is_patient = match error.kind {
            ProviderErrorKind::Unreachable => false,
            _ => since.elapsed() < self.retry.max,
        };
        (!is_patient).then(|| error.clone())
    }

    fn note_trouble(&self, error: &ProviderError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let since = trouble
            .as_ref()
            .map_or_else(Instant::now, |(since, _)| *since);
        *trouble = Some((since, error.clone()));
    }

    fn trouble_is_over(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// An error that concerns all questions alike, under a code that the table of failures knows.
fn for_all(error: &ProviderError) -> BatchError {
    let code = match error.kind {
        ProviderErrorKind::Auth => "invalid_api_key",
        ProviderErrorKind::Balance => "insufficient_quota",
        _ => "model_not_found",
    };
    BatchError {
        code: Some(code.to_owned()),
        message: Some(error.message.clone()),
        line: None,
    }
}
