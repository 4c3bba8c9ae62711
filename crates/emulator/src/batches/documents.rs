//! Batches as each API shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::{ENDPOINT, Form};
use super::object::{Batch, Status};
use crate::scenario::{ErrorsShape, ServerRules};

impl Batch {
    /// Groq's document. `finalizing_at` is always null, as in the documented sample of a completed
    /// batch.
    pub(crate) fn document(&self, rules: &ServerRules) -> Value {
        let status = self.status.name();
        let status = if rules.upper_case_status {
            status.to_uppercase()
        } else {
            status.to_owned()
        };
        let errors = match (self.errors.is_empty(), rules.errors_shape) {
            (true, _) => Value::Null,
            (false, ErrorsShape::Array) => json!(self.errors),
            (false, ErrorsShape::Object) => json!({"object": "list", "data": self.errors}),
        };
        let clean = self.status == Status::Completed && self.error_file_id.is_none();
        let error_file_id = match &self.error_file_id {
            None if clean && rules.empty_error_file_id => json!(""),
            id => json!(id),
        };
        json!({
            "id": self.id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": errors,
            "input_file_id": self.input_id,
            "completion_window": self.window,
            "status": status,
            "output_file_id": self.output_file_id,
            "error_file_id": error_file_id,
            "finalizing_at": null,
            "failed_at": self.failed_at,
            "expired_at": self.expired_at,
            "cancelled_at": self.cancelled_at,
            "request_counts": {
                "total": self.counts.total,
                "completed": self.counts.completed,
                "failed": self.counts.failed,
            },
            "metadata": self.metadata,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "cancelling_at": self.cancelling_at,
            "completed_at": self.completed_at,
            "in_progress_at": self.in_progress_at,
        })
    }

    /// Anthropic's document. All requests are `processing` until the batch has ended, as is
    /// documented.
    pub(crate) fn message_batch(&self, base: &str) -> Value {
        let ended = self.status.is_final();
        let (mut canceled, mut expired) = (0, 0);
        let (succeeded, mut errored) = if ended {
            let errored = self.counts.failed.saturating_sub(self.counts.unreached);
            (self.counts.completed, errored)
        } else {
            (0, 0)
        };
        let rest = self.counts.total.saturating_sub(succeeded + errored);
        let processing = if ended { 0 } else { rest };
        match self.status {
            Status::Cancelled => canceled = rest,
            Status::Expired => expired = rest,
            Status::Failed => errored += rest,
            _ => {}
        }
        let counts = json!({
            "processing": processing,
            "succeeded": succeeded,
            "errored": errored,
            "canceled": canceled,
            "expired": expired,
        });
        let status = match self.status {
            Status::Cancelling => "canceling",
            _ if ended => "ended",
            _ => "in_progress",
        };
        let results = self.output_file_id.as_ref().filter(|_| ended);
        json!({
            "id": self.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": counts,
            "created_at": time(Some(self.created_at)),
            "expires_at": time(Some(self.expires_at)),
            "ended_at": time(self.ended_at()),
            "cancel_initiated_at": time(self.cancelling_at),
            "archived_at": time(self.archived_at),
            "results_url": results.map(|_| {
                format!("{base}/v1/messages/batches/{}/results", self.id)
            }),
        })
    }

    /// Mistral's document.
    pub(crate) fn job(&self) -> Value {
        let status = match self.status {
            Status::Validating => "QUEUED",
            Status::InProgress | Status::Finalizing => "RUNNING",
            Status::Completed => "SUCCESS",
            Status::Failed => "FAILED",
            Status::Expired => "TIMEOUT_EXCEEDED",
            Status::Cancelling => "CANCELLATION_REQUESTED",
            Status::Cancelled => "CANCELLED",
        };
        let mut errors: Vec<(&str, u64)> = Vec::new();
        for error in &self.errors {
            match errors.iter_mut().find(|(known, _)| *known == error.message) {
                Some((_, count)) => *count += 1,
                None => errors.push((&error.message, 1)),
            }
        }
        let errors: Vec<Value> = errors
            .into_iter()
            .map(|(message, count)| json!({"message": message, "count": count}))
            .collect();
        let model = match &self.form {
            Form::Job { model } => Some(model),
            Form::Batch | Form::Messages => None,
        };
        json!({
            "id": self.id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "model": model,
            "agent_id": null,
            "input_files": [self.input_id],
            "metadata": self.metadata,
            "output_file": self.output_file_id,
            "error_file": self.error_file_id,
            "errors": errors,
            "status": status,
            "created_at": self.created_at,
            "started_at": self.in_progress_at,
            "completed_at": self.ended_at(),
            "total_requests": self.counts.total,
            "completed_requests": self.counts.completed + self.counts.failed,
            "succeeded_requests": self.counts.completed,
            "failed_requests": self.counts.failed,
        })
    }

    fn ended_at(&self) -> Option<u64> {
        self.completed_at
            .or(self.failed_at)
            .or(self.expired_at)
            .or(self.cancelled_at)
    }
}

/// A time as RFC 3339 writes it.
fn time(unix_seconds: Option<u64>) -> Option<String> {
    let seconds = i64::try_from(unix_seconds?).ok()?;
    let time = Timestamp::from_second(seconds).ok()?;
    Some(time.to_string())
}
