//! Reads Mistral's job objects, tolerantly.

use serde_json::Value;

use crate::ledger::BatchError;
use crate::provider::common::TOKEN_KEY;
use crate::provider::reader::{count_of, text_of, time_of};
use crate::provider::{RemoteBatch, RemoteCounts, RemoteStatus};

/// Reads a job. `None` when it has no id or no status, for instance because it is an error.
pub(super) fn parse_job(value: &Value) -> Option<RemoteBatch> {
    let status_text = text_of(value.get("status"))?;
    let count = |name: &str| count_of(value.get(name));
    let failed = count("failed_requests");
    let succeeded = match value.get("succeeded_requests") {
        Some(succeeded) if succeeded.is_number() => count_of(Some(succeeded)),
        _ => count("completed_requests").saturating_sub(failed),
    };
    let input_file_id = match value.get("input_files") {
        Some(Value::Array(files)) => file_id(files.first()),
        files => file_id(files),
    };
    Some(RemoteBatch {
        id: text_of(value.get("id"))?,
        status: status_of(&status_text),
        status_text,
        input_file_id,
        output_file_id: file_id(value.get("output_file")),
        error_file_id: file_id(value.get("error_file")),
        errors: job_errors(value.get("errors")),
        counts: RemoteCounts {
            total: count("total_requests"),
            completed: succeeded,
            failed,
        },
        created_at: time_of(value.get("created_at")),
        expires_at: None,
        token: text_of(value.get("metadata").and_then(|all| all.get(TOKEN_KEY))),
    })
}

/// A file's id; one server shows the whole file in its place.
fn file_id(value: Option<&Value>) -> Option<String> {
    text_of(value).or_else(|| text_of(value?.get("id")))
}

fn status_of(word: &str) -> RemoteStatus {
    match word.to_ascii_uppercase().as_str() {
        "SUCCESS" => RemoteStatus::Completed,
        "FAILED" => RemoteStatus::Failed,
        "TIMEOUT_EXCEEDED" => RemoteStatus::Expired,
        "CANCELLED" | "CANCELED" => RemoteStatus::Cancelled,
        _ => RemoteStatus::Running,
    }
}

/// Errors are summed up for the whole job and name no line.
fn job_errors(value: Option<&Value>) -> Vec<BatchError> {
    let Some(Value::Array(list)) = value else {
        return Vec::new();
    };
    let errors = list.iter().map(|error| BatchError {
        code: text_of(error.get("code")),
        message: text_of(error.get("message")).or_else(|| text_of(Some(error))),
        line: None,
    });
    errors.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn statuses_of_every_word_and_case() {
        let check = |word: &str, expect: RemoteStatus| {
            let job = parse_job(&json!({"id": "j", "status": word})).unwrap();
            assert_eq!(job.status, expect, "{word}");
        };
        check("QUEUED", RemoteStatus::Running);
        check("RUNNING", RemoteStatus::Running);
        check("CANCELLATION_REQUESTED", RemoteStatus::Running);
        check("SOMETHING_NEW", RemoteStatus::Running);
        check("SUCCESS", RemoteStatus::Completed);
        check("success", RemoteStatus::Completed);
        check("FAILED", RemoteStatus::Failed);
        check("TIMEOUT_EXCEEDED", RemoteStatus::Expired);
        check("CANCELLED", RemoteStatus::Cancelled);
    }

    #[test]
    fn jobs_of_every_shape() {
        let job = parse_job(&json!({
            "id": "j", "object": "batch", "status": "SUCCESS", "input_files": ["f1"],
            "output_file": "f2", "error_file": "", "errors": [{"message": "bad", "count": 2}, "odd"],
            "total_requests": 5, "completed_requests": 5, "succeeded_requests": 3,
            "failed_requests": 2, "metadata": {"batch_token": "w"}, "created_at": 1_736_472_600
        }))
        .unwrap();
        assert_eq!(job.input_file_id.as_deref(), Some("f1"));
        assert_eq!(job.output_file_id.as_deref(), Some("f2"));
        assert_eq!(job.error_file_id, None);
        assert_eq!(
            (job.counts.total, job.counts.completed, job.counts.failed),
            (5, 3, 2)
        );
        assert_eq!(job.errors[1].message.as_deref(), Some("odd"));
        assert_eq!(job.token.as_deref(), Some("w"));
        let bare = parse_job(&json!({
            "id": "j", "status": "RUNNING", "metadata": null, "output_file": {"id": "f9"}, "errors": null, "input_files": null,
            "completed_requests": 4, "failed_requests": 1
        }))
        .unwrap();
        assert_eq!(bare.output_file_id.as_deref(), Some("f9"));
        assert_eq!((bare.counts.completed, bare.counts.failed), (3, 1));
        assert_eq!((bare.token, bare.errors.len()), (None, 0));
        assert_eq!(parse_job(&json!({"detail": "not found"})), None);
        assert_eq!(parse_job(&json!([1])), None);
    }
}
