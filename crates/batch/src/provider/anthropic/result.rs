//! Reads lines of results, tolerantly.

use serde_json::Value;

use crate::outcome::Usage;
use crate::provider::reader::{count_of, text_of, unreadable};
use crate::provider::{LineBody, LineError, RawAnswer, ResultLine};

/// Reads a line of results. `None` for blank lines.
pub(super) fn parse_message_line(line: &[u8]) -> Option<ResultLine> {
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
    let result = value.get("result");
    let kind = text_of(result.and_then(|result| result.get("type"))).unwrap_or_default();
    let body = match kind.to_ascii_lowercase().as_str() {
        "succeeded" => match result.and_then(|result| result.get("message")) {
            Some(message) if message.get("content").is_some_and(Value::is_array) => {
                LineBody::Answer(answer(message))
            }
            _ => return Some(unreadable(custom_id, "the result holds no message")),
        },
        "errored" => LineBody::Error(error(result.and_then(|result| result.get("error")))),
        "canceled" | "cancelled" => LineBody::Error(without_result("batch_cancelled")),
        "expired" => LineBody::Error(without_result("batch_expired")),
        _ => return Some(unreadable(custom_id, "the line holds no result")),
    };
    Some(ResultLine { custom_id, body })
}

/// A message as an answer: the input of the tool it calls, or else its text.
fn answer(message: &Value) -> RawAnswer {
    let blocks = match message.get("content") {
        Some(Value::Array(blocks)) => blocks.as_slice(),
        _ => &[],
    };
    let of_type = |wanted: &'static str| {
        blocks
            .iter()
            .filter(move |block| block.get("type").and_then(Value::as_str) == Some(wanted))
    };
    let called = of_type("tool_use").find_map(|block| block.get("input"));
    let text: String = of_type("text")
        .filter_map(|block| block.get("text")?.as_str())
        .collect();
    let content = match called {
        Some(Value::String(input)) => Some(input.clone()),
        Some(input) => Some(input.to_string()),
        None => (!text.is_empty()).then(|| text.clone()),
    };
    let stop_reason = text_of(message.get("stop_reason"));
    let (finish_reason, refusal) = match stop_reason.as_deref() {
        Some("max_tokens" | "model_context_window_exceeded") => (Some("length".to_owned()), None),
        Some("refusal") => {
            let words = if text.is_empty() {
                "the model refused".to_owned()
            } else {
                text
            };
            (Some("refusal".to_owned()), Some(words))
        }
        Some("end_turn" | "tool_use" | "stop_sequence") => (Some("stop".to_owned()), None),
        _ => (stop_reason.clone(), None),
    };
    RawAnswer {
        content,
        refusal,
        finish_reason,
        usage: usage_of(message),
        latency_ms: None,
    }
}

/// All tokens read count as input, those of the cache among them. Their prices differ, but nothing here
/// asks for caching.
fn usage_of(message: &Value) -> Option<Usage> {
    let usage = message.get("usage").filter(|usage| usage.is_object())?;
    let count = |name: &str| count_of(usage.get(name));
    Some(Usage {
        input_tokens: count("input_tokens")
            + count("cache_creation_input_tokens")
            + count("cache_read_input_tokens"),
        output_tokens: count("output_tokens"),
    })
}

/// `{"type":"error","error":{"type","message"}}`, or its inner part alone.
fn error(error: Option<&Value>) -> LineError {
    let inner = match error.and_then(|error| error.get("error")) {
        Some(inner) if inner.is_object() => Some(inner),
        _ => error,
    };
    let field = |name: &str| text_of(inner.and_then(|inner| inner.get(name)));
    let code = field("type");
    LineError {
        status: code.as_deref().and_then(status_of),
        message: field("message").or_else(|| text_of(inner)),
        code,
        ..LineError::default()
    }
}

/// The status that stands for a type of error; lines carry none.
fn status_of(code: &str) -> Option<u16> {
    Some(match code {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "api_error" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

fn without_result(code: &str) -> LineError {
    LineError {
        code: Some(code.to_owned()),
        ..LineError::default()
    }
}
