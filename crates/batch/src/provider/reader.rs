//! The tolerant reader: batch objects and result lines of every server seen.
//!
//! Unknown fields are ignored, statuses are read in any case, `""` counts as null, bodies may be
//! objects or JSON text, and no line can make another line unreadable.

use jiff::Timestamp;
use serde_json::Value;

use super::{LineBody, LineError, RawAnswer, RemoteBatch, RemoteCounts, RemoteStatus, ResultLine};
use crate::ledger::BatchError;
use crate::outcome::Usage;

/// Text that is there and not empty. Numbers count as their digits.
pub(super) fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn count_of(value: Option<&Value>) -> u64 {
    value.and_then(Value::as_u64).unwrap_or_default()
}

pub(super) fn time_of(value: Option<&Value>) -> Option<Timestamp> {
    let value = value?;
    if let Some(seconds) = value.as_i64() {
        return Timestamp::from_second(seconds).ok();
    }
    if let Some(seconds) = value.as_f64() {
        return Timestamp::from_second(seconds as i64).ok();
    }
    value.as_str()?.parse().ok()
}

fn status_of(word: &str) -> RemoteStatus {
    match word.to_ascii_lowercase().as_str() {
        "completed" => RemoteStatus::Completed,
        "failed" => RemoteStatus::Failed,
        "expired" => RemoteStatus::Expired,
        "cancelled" | "canceled" => RemoteStatus::Cancelled,
        _ => RemoteStatus::Running,
    }
}

/// Reads a batch object. `None` when it has no id or no status, for instance because it is a bare
/// `{"error": ...}`.
pub fn parse_batch(value: &Value, token_key: &str) -> Option<RemoteBatch> {
    let status_text = text_of(value.get("status"))?;
    let counts = value.get("request_counts");
    let count = |name: &str| count_of(counts.and_then(|counts| counts.get(name)));
    Some(RemoteBatch {
        id: text_of(value.get("id"))?,
        status: status_of(&status_text),
        status_text,
        input_file_id: text_of(value.get("input_file_id")),
        output_file_id: text_of(value.get("output_file_id")),
        error_file_id: text_of(value.get("error_file_id")),
        errors: batch_errors(value.get("errors")),
        counts: RemoteCounts {
            total: count("total"),
            completed: count("completed"),
            failed: count("failed"),
        },
        created_at: time_of(value.get("created_at")),
        expires_at: time_of(value.get("expires_at")),
        token: text_of(value.get("metadata").and_then(|all| all.get(token_key))),
    })
}

/// `errors` as null, as an array, or as `{"data": [...]}`.
fn batch_errors(value: Option<&Value>) -> Vec<BatchError> {
    let list = match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(Value::Object(object)) => match object.get("data") {
            Some(Value::Array(list)) => list.as_slice(),
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    list.iter()
        .map(|error| BatchError {
            code: text_of(error.get("code")),
            message: text_of(error.get("message")).or_else(|| text_of(Some(error))),
            line: error.get("line").and_then(Value::as_u64),
        })
        .collect()
}

/// Reads a line of a result file. `None` for blank lines.
pub fn parse_result_line(line: &[u8]) -> Option<ResultLine> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => return Some(unreadable(None, &format!("the line is not JSON: {error}"))),
    };
    let custom_id = value
        .get("custom_id")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let response = value
        .get("response")
        .filter(|response| response.is_object());
    let error = value.get("error").filter(|error| !is_nothing(error));
    let status = response
        .and_then(|response| response.get("status_code"))
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok());
    let text_body;
    let body = match response.and_then(|response| response.get("body")) {
        // One server writes the body as JSON text.
        Some(Value::String(text)) => {
            text_body = serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
            Some(&text_body)
        }
        body => body,
    };
    let has_choices = body.is_some_and(|body| body.get("choices").is_some_and(Value::is_array));
    let is_success = status.is_none_or(|status| (200..300).contains(&status));
    if has_choices && is_success && error.is_none() {
        let answer = answer(body.unwrap_or(&Value::Null));
        // Plain calls are measured here; hosts with a Batch API tell their own time, if any.
        let measured = value.get("latency_ms").and_then(Value::as_u64);
        return Some(ResultLine {
            custom_id,
            body: LineBody::Answer(RawAnswer {
                latency_ms: measured.or(answer.latency_ms),
                ..answer
            }),
        });
    }
    if error.is_none() && is_success && status.is_some() {
        return Some(unreadable(
            custom_id,
            "the response's body holds no choices",
        ));
    }
    Some(ResultLine {
        custom_id,
        body: LineBody::Error(line_error(status, error, body)),
    })
}

/// Whether an `error` says that there is none.
fn is_nothing(error: &Value) -> bool {
    match error {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(flag) => !flag,
        Value::Number(_) => false,
    }
}

pub(super) fn unreadable(custom_id: Option<String>, reason: &str) -> ResultLine {
    ResultLine {
        custom_id,
        body: LineBody::Error(LineError {
            code: Some(UNREADABLE.to_owned()),
            message: Some(reason.to_owned()),
            ..LineError::default()
        }),
    }
}

/// The code given to lines that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable_line";

/// A line that was longer than any answer can be and was skipped.
pub(super) fn too_long_line(limit_bytes: usize) -> ResultLine {
    unreadable(
        None,
        &format!("the line is longer than {limit_bytes} bytes"),
    )
}

fn answer(body: &Value) -> RawAnswer {
    let choice = body.get("choices").and_then(|choices| choices.get(0));
    let message = choice.and_then(|choice| choice.get("message"));
    let content = message.and_then(|message| match message.get("content")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            Some(texts.collect::<String>())
        }
        _ => None,
    });
    let seconds = body
        .get("usage")
        .and_then(|usage| usage.get("total_time"))
        .and_then(Value::as_f64)
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    RawAnswer {
        content,
        refusal: text_of(message.and_then(|message| message.get("refusal"))),
        finish_reason: text_of(choice.and_then(|choice| choice.get("finish_reason"))),
        usage: usage_of(body),
        latency_ms: seconds.map(|seconds| (seconds * 1000.0).round() as u64),
    }
}

fn usage_of(body: &Value) -> Option<Usage> {
    let usage = body.get("usage")?;
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    let (input, output) = (count("prompt_tokens"), count("completion_tokens"));
    // A usage without a number tells nothing: the answer may still be charged.
    (input.is_some() || output.is_some()).then(|| Usage {
        input_tokens: input.unwrap_or_default(),
        output_tokens: output.unwrap_or_default(),
    })
}

fn line_error(status: Option<u16>, error: Option<&Value>, body: Option<&Value>) -> LineError {
    let inner = body
        .and_then(|body| body.get("error"))
        .filter(|inner| !inner.is_null());
    let source = inner.or(error);
    let field = |name: &str| text_of(source.and_then(|source| source.get(name)));
    let message = field("message").or_else(|| text_of(source));
    // One server keeps the status of its own back-end only in words: "Error code: 400 - {...}".
    let told = message
        .as_deref()
        .and_then(|message| message.strip_prefix("Error code: "))
        .and_then(|rest| rest.get(..3)?.parse().ok());
    LineError {
        status: status.filter(|status| *status != 0).or(told),
        code: field("code").or_else(|| field("type")),
        failed_generation: source
            .and_then(|source| source.get("failed_generation"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        message,
        usage: body.and_then(usage_of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn batch_objects_of_every_server() {
        // As documented for a completed batch: `errors` a bare array, `total` without the bad line.
        let documented = json!({
            "id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions",
            "errors": [{"code": "invalid_method", "message": "Invalid value", "param": "method", "line": 4}],
            "input_file_id": "file_1", "completion_window": "24h", "status": "completed",
            "output_file_id": "file_2", "error_file_id": "", "finalizing_at": null,
            "request_counts": {"total": 3, "completed": 2, "failed": 1},
            "metadata": {"batch_token": "word"}, "created_at": 1_736_472_600, "expires_at": 1_736_559_000
        });
        let batch = parse_batch(&documented, "batch_token").unwrap();
        assert_eq!(batch.status, RemoteStatus::Completed);
        assert_eq!(batch.error_file_id, None);
        assert_eq!(batch.output_file_id.as_deref(), Some("file_2"));
        assert_eq!((batch.errors.len(), batch.errors[0].line), (1, Some(4)));
        assert_eq!(batch.token.as_deref(), Some("word"));
        assert_eq!(batch.created_at.unwrap().as_second(), 1_736_472_600);

        let typed = json!({
            "id": "b", "status": "FAILED", "metadata": null, "request_counts": null,
            "errors": {"object": "list", "data": [{"code": "token_limit_exceeded", "line": null}, "odd"]}
        });
        let batch = parse_batch(&typed, "batch_token").unwrap();
        assert_eq!(batch.status, RemoteStatus::Failed);
        assert_eq!(
            batch.errors[0].code.as_deref(),
            Some("token_limit_exceeded")
        );
        assert_eq!(batch.errors[1].message.as_deref(), Some("odd"));
        assert_eq!((batch.counts, batch.token), (RemoteCounts::default(), None));

        // Anything else is not a batch, and a status nobody knows is still running.
        assert_eq!(
            parse_batch(&json!({"error": {"message": "gone"}}), "t"),
            None
        );
        assert_eq!(parse_batch(&json!([]), "t"), None);
        let unknown = json!({"id": "b", "status": "PROGRESS", "errors": 7});
        assert_eq!(
            parse_batch(&unknown, "t").unwrap().status,
            RemoteStatus::Running
        );
    }
}
