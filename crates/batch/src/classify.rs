//! What a line of a result file means: the table of failure kinds, as code.

use crate::outcome::{Failure, FailureKind};
use crate::provider::{LineError, RawAnswer};
use crate::repair::repair;

/// One row of the table of error lines. A row holds when every condition it states holds; an empty
/// list states none. The first row that holds decides.
#[derive(Debug, Clone, Copy)]
pub struct ErrorRow {
    /// The kind.
    pub kind: FailureKind,
    /// One of these codes.
    pub codes: &'static [&'static str],
    /// One of these phrases, lower-case, in the message or in what was generated so far.
    pub phrases: &'static [&'static str],
    /// One of these ranges of HTTP statuses.
    pub statuses: &'static [(u16, u16)],
    /// What was generated so far.
    pub generated: Generated,
}

/// What a failed generation gave back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// Anything.
    Any,
    /// Some text.
    Text,
}

const fn codes(kind: FailureKind, codes: &'static [&'static str]) -> ErrorRow {
    ErrorRow {
        kind,
        codes,
        phrases: &[],
        statuses: &[],
        generated: Generated::Any,
    }
}

const fn phrases(kind: FailureKind, phrases: &'static [&'static str]) -> ErrorRow {
    ErrorRow {
        kind,
        codes: &[],
        phrases,
        statuses: &[],
        generated: Generated::Any,
    }
}

const fn statuses(kind: FailureKind, statuses: &'static [(u16, u16)]) -> ErrorRow {
    ErrorRow {
        kind,
        codes: &[],
        phrases: &[],
        statuses,
        generated: Generated::Any,
    }
}

const fn generated(row: ErrorRow) -> ErrorRow {
    ErrorRow {
        generated: Generated::Text,
        ..row
    }
}

/// Codes and phrases of hosts that could not make valid JSON.
const JSON_FAILED: &[&str] = &["json_validate_failed"];
const JSON_FAILED_PHRASES: &[&str] = &["failed to validate json", "failed to generate json"];

/// The table of error lines. Every 400 at Groq has the type `invalid_request_error`, so codes come
/// first, then words, then statuses.
pub const ERROR_ROWS: &[ErrorRow] = &[
    // The phrase counts wherever it stands, whatever the code.
    phrases(FailureKind::Budget, &["max completion tokens reached"]),
    phrases(
        FailureKind::Schema,
        &["generated json does not match the expected schema"],
    ),
    // With text there is something to repair; without, the budget went to hidden reasoning.
    generated(codes(FailureKind::JsonText, JSON_FAILED)),
    generated(phrases(FailureKind::JsonText, JSON_FAILED_PHRASES)),
    codes(FailureKind::Budget, JSON_FAILED),
    phrases(FailureKind::Budget, JSON_FAILED_PHRASES),
    codes(
        FailureKind::OverLength,
        &["context_length_exceeded", "string_above_max_length"],
    ),
    phrases(
        FailureKind::OverLength,
        &[
            "reduce the length of the messages",
            "maximum context length",
            "prompt is too long",
        ],
    ),
    codes(FailureKind::Expired, &["batch_expired", "batch_cancelled"]),
    codes(
        FailureKind::Config,
        &[
            "model_not_found",
            "model_decommissioned",
            "model_mismatch",
            "invalid_api_key",
            "insufficient_quota",
            "authentication_error",
            "permission_error",
            "billing_error",
            "not_found_error",
            "invalid_url",
            "invalid_method",
            "unsupported_method",
            "unsupported_endpoint",
            "streaming_unsupported",
        ],
    ),
    phrases(
        FailureKind::Config,
        &["the model `", "does not exist or you do not have access"],
    ),
    codes(
        FailureKind::Refusal,
        &["content_filter", "content_policy_violation"],
    ),
    statuses(FailureKind::Config, &[(401, 403)]),
    codes(
        FailureKind::Provider,
        &[
            "rate_limit_exceeded",
            "server_error",
            "internal_error",
            "internal_server_error",
            "service_unavailable",
            "connection_error",
            "timeout",
            crate::provider::UNREADABLE,
        ],
    ),
    statuses(
        FailureKind::Provider,
        &[(408, 409), (425, 425), (429, 429), (498, 599)],
    ),
    statuses(FailureKind::OverLength, &[(413, 413)]),
    statuses(FailureKind::Rejected, &[(400, 499)]),
];

/// The kind of an error line. Without any row the host told no status it answered with: its failure,
/// not the request's.
pub fn classify_error(error: &LineError) -> FailureKind {
    let message = error.message.as_deref().unwrap_or_default();
    let so_far = error.failed_generation.as_deref().unwrap_or_default();
    let words = format!("{message}\n{so_far}").to_lowercase();
    let holds = |row: &&ErrorRow| {
        let code_holds = row.codes.is_empty()
            || error
                .code
                .as_deref()
                .is_some_and(|code| row.codes.contains(&code));
        let phrase_holds =
            row.phrases.is_empty() || row.phrases.iter().any(|phrase| words.contains(phrase));
        let status_holds = row.statuses.is_empty()
            || error.status.is_some_and(|status| {
                row.statuses
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&status))
            });
        let generated_holds = row.generated == Generated::Any || !so_far.trim().is_empty();
        code_holds && phrase_holds && status_holds && generated_holds
    };
    ERROR_ROWS
        .iter()
        .find(holds)
        .map_or(FailureKind::Provider, |row| row.kind)
}

/// A text that may be an answer, or the failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// One JSON value that still has to pass the caller's check.
    Json {
        /// The value.
        json: String,
        /// What the narrow repair took away.
        repair: Option<String>,
    },
    /// A failure.
    Failed(Failure),
}

/// Reads a successful response.
pub fn read_answer(answer: &RawAnswer) -> Reading {
    let failed = |kind, detail: &str| Reading::Failed(Failure::new(kind, detail));
    let finish_reason = answer.finish_reason.as_deref().unwrap_or_default();
    if let Some(refusal) = &answer.refusal {
        return failed(FailureKind::Refusal, refusal);
    }
    if finish_reason == "content_filter" {
        return failed(FailureKind::Refusal, "stopped by the host's content filter");
    }
    // A cut answer may parse by chance; it is still cut.
    if finish_reason == "length" {
        return failed(
            FailureKind::Truncated,
            "the answer was cut at the token cap",
        );
    }
    match answer.content.as_deref().map(str::trim) {
        None | Some("") => failed(FailureKind::Refusal, "the answer is empty"),
        Some(content) => read_json(content, FailureKind::Parse, "the answer is not JSON"),
    }
}

/// Reads an error line: what a failed generation left may be whole enough to be repaired.
pub fn read_error(error: &LineError) -> Reading {
    let kind = classify_error(error);
    let reason = match (&error.code, &error.message, error.status) {
        (Some(code), Some(message), _) => format!("{code}: {message}"),
        (Some(text), None, _) | (None, Some(text), _) => text.clone(),
        (None, None, Some(status)) => format!("status {status}"),
        (None, None, None) => "an error without words".to_owned(),
    };
    if kind == FailureKind::JsonText {
        let so_far = error.failed_generation.as_deref().unwrap_or_default();
        return read_json(so_far.trim(), kind, &reason);
    }
    Reading::Failed(Failure::new(kind, reason))
}

fn read_json(text: &str, otherwise: FailureKind, reason: &str) -> Reading {
    let Err(error) = serde_json::from_str::<serde_json::Value>(text) else {
        return Reading::Json {
            json: text.to_owned(),
            repair: None,
        };
    };
    match repair(text) {
        Some(repaired) => Reading::Json {
            json: repaired.json,
            repair: Some(repaired.note),
        },
        None => Reading::Failed(Failure::new(otherwise, format!("{reason} ({error})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{LineBody, parse_result_line};

    /// Every shape of failure seen, as the line that came, and its kind.
    #[test]
    fn lines_of_every_host_have_their_kind() {
        let check = |line: &str, expect: FailureKind| {
            let parsed = parse_result_line(line.as_bytes()).unwrap();
            let reading = match &parsed.body {
                LineBody::Answer(answer) => read_answer(answer),
                LineBody::Error(error) => read_error(error),
            };
            match reading {
                Reading::Failed(failure) => assert_eq!(failure.kind, expect, "{line}"),
                Reading::Json { json, .. } => panic!("{line} was read as {json}"),
            }
        };
        let groq = |code: &str, message: &str, so_far: &str| {
            format!(
                r#"{{"custom_id":"a","response":{{"status_code":400,"body":{{"error":{{"message":"{message}","type":"invalid_request_error","code":"{code}","failed_generation":"{so_far}"}}}}}}}}"#
            )
        };
        let validate = "Failed to validate JSON. Please adjust your prompt.";
        check(
            &groq("json_validate_failed", validate, ""),
            FailureKind::Budget,
        );
        check(
            &groq("json_validate_failed", validate, "{\\\"ai\\\": tr"),
            FailureKind::JsonText,
        );
        let fixed = "max completion tokens reached before generating a valid document";
        check(
            &groq(
                "json_validate_failed",
                "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
                fixed,
            ),
            FailureKind::Budget,
        );
        check(
            &groq("json_validate_failed", fixed, ""),
            FailureKind::Budget,
        );
        check(&groq("anything", fixed, ""), FailureKind::Budget);
        check(
            &groq(
                "x",
                "Generated JSON does not match the expected schema. Please adjust your prompt.",
                "",
            ),
            FailureKind::Schema,
        );
        check(
            &groq(
                "context_length_exceeded",
                "Please reduce the length of the messages or completion.",
                "",
            ),
            FailureKind::OverLength,
        );
        check(
            &groq(
                "model_not_found",
                "The model `llama-3.3-70b-versatile` does not exist or you do not have access to it.",
                "",
            ),
            FailureKind::Config,
        );
        check(
            &groq("unheard_of", "something else", ""),
            FailureKind::Rejected,
        );
        // No HTTP status but an error of the batch.
        check(
            r#"{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."}}"#,
            FailureKind::Expired,
        );
        check(
            r#"{"custom_id":"a","response":null,"error":{"code":"mock_failure"}}"#,
            FailureKind::Provider,
        );
        check(
            r#"{"custom_id":"a","response":null}"#,
            FailureKind::Provider,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":0,"request_id":"","body":{}},"error":null}"#,
            FailureKind::Provider,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":503,"body":{"error":{"message":"over capacity"}}}}"#,
            FailureKind::Provider,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":429,"body":"slow down"}}"#,
            FailureKind::Provider,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":401,"body":{}}}"#,
            FailureKind::Config,
        );
        // A server that keeps its back-end's status only in words.
        check(
            r#"{"id":"x","custom_id":"a","error":{"type":"request_failed","message":"Error code: 400 - {'error': {'message': 'Failed to validate JSON. Please adjust your prompt.', 'code': 'json_validate_failed'}}"}}"#,
            FailureKind::Budget,
        );
        check(
            r#"{"id":"x","custom_id":"a","error":{"type":"request_failed","message":"Error code: 429 - slow down"}}"#,
            FailureKind::Provider,
        );
        check(
            r#"{"id":"x","custom_id":"a","error":{"type":"request_failed","message":"Error code: 400 - nonsense"}}"#,
            FailureKind::Rejected,
        );
        // Successful responses that are no answer; each fails alone.
        let answer = |content: &str, finish: &str| {
            format!(
                r#"{{"custom_id":"a","response":{{"status_code":200,"body":{{"choices":[{{"message":{{"content":{content}}},"finish_reason":"{finish}"}}]}}}},"error":null}}"#
            )
        };
        check(&answer("null", "stop"), FailureKind::Refusal);
        check(&answer(r#"" ""#, "stop"), FailureKind::Refusal);
        check(&answer(r#""{}""#, "content_filter"), FailureKind::Refusal);
        check(&answer(r#""{\"ai\":1}""#, "length"), FailureKind::Truncated);
        check(
            &answer(r#""I think it is AI.""#, "stop"),
            FailureKind::Parse,
        );
        check(
            &answer(r#""```json\n{\"ai\": tr""#, "stop"),
            FailureKind::Parse,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":200,"body":{"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]}}}"#,
            FailureKind::Refusal,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":200,"body":{"choices":[]}}}"#,
            FailureKind::Refusal,
        );
        for body in ["[1,2]", "7", "\"text\"", "null", "{}"] {
            check(
                &format!(r#"{{"custom_id":"a","response":{{"status_code":200,"body":{body}}}}}"#),
                FailureKind::Provider,
            );
        }
        check("not json at all", FailureKind::Provider);
        check("[1,2]", FailureKind::Provider);
        check("null", FailureKind::Provider);
    }

    #[test]
    fn answers_are_read_from_every_shape() {
        let check = |line: &str, expect_json: &str, repaired: bool| {
            let parsed = parse_result_line(line.as_bytes()).unwrap();
            let reading = match &parsed.body {
                LineBody::Answer(answer) => read_answer(answer),
                LineBody::Error(error) => read_error(error),
            };
            match reading {
                Reading::Json { json, repair } => {
                    assert_eq!(json, expect_json);
                    assert_eq!(repair.is_some(), repaired);
                }
                Reading::Failed(failure) => panic!("{line}: {failure:?}"),
            }
        };
        let body =
            r#"{"choices":[{"message":{"content":"{\"ai\":null}"},"finish_reason":"stop"}]}"#;
        let text_body = serde_json::Value::from(body).to_string();
        check(
            &format!(
                r#"{{"custom_id":"a","response":{{"status_code":200,"body":{body}}},"error":null}}"#
            ),
            r#"{"ai":null}"#,
            false,
        );
        // The body as JSON text, and without the key `error`.
        check(
            &format!(r#"{{"custom_id":"a","response":{{"status_code":200,"body":{text_body}}}}}"#),
            r#"{"ai":null}"#,
            false,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":200,"body":{"choices":[{"message":{"content":[{"type":"text","text":"{\"a\":1,}"}]},"finish_reason":null}]}}}"#,
            r#"{"a":1}"#,
            true,
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"Failed to validate JSON. Please adjust your prompt.","code":"json_validate_failed","failed_generation":"```json\n{\"a\":1}\n```"}}}}"#,
            r#"{"a":1}"#,
            true,
        );
    }

    #[test]
    fn usage_and_latency_come_along() {
        let line = r#"{"id":"batch_req_out_1","custom_id":"request-2","response":{"status_code":200,"body":{"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}],"usage":{"queue_time":0.27,"prompt_tokens":55,"completion_tokens":76,"total_tokens":131,"total_time":0.1}}},"error":null}"#;
        let parsed = parse_result_line(line.as_bytes()).unwrap();
        assert_eq!(parsed.custom_id.as_deref(), Some("request-2"));
        let LineBody::Answer(answer) = parsed.body else {
            panic!("not an answer");
        };
        let usage = answer.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (55, 76));
        assert_eq!(answer.latency_ms, Some(100));
        assert!(parse_result_line(b"  \r").is_none());
    }
}
