//! Lines of result files, as good and as spoiled as the outcome says.

use serde_json::{Value, json};

use crate::chat::{Outcome, Reply};
use crate::dialect::Dialect;
use crate::http::ApiError;
use crate::ids::Ids;
use crate::scenario::Fault;

/// What one request adds to the result files.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    /// Whether the counters call the request completed.
    pub(crate) completed: bool,
    /// Whether a second answer was written, which is billed too.
    pub(crate) twice: bool,
}

/// Writes the lines of one request.
pub(crate) fn write(custom_id: &str, outcome: &Outcome, ids: &Ids, dialect: Dialect) -> Written {
    let mut written = Written::default();
    let line_id = ids.next("batch_req_out_");
    // Faults of lines that take the place of any answer.
    let replaced = match outcome.fault {
        Some(Fault::StatusZero) => Some(json!({
            "id": line_id, "custom_id": custom_id,
            "response": {"status_code": 0, "request_id": "", "body": {}}, "error": null,
        })),
        Some(Fault::ConnectionError) => Some(json!({
            "id": line_id, "custom_id": custom_id, "response": null,
            "error": {"code": "connection_error", "message": "The connection to the model was lost (emulated)."},
        })),
        Some(Fault::Expired) => Some(expired_line(&line_id, custom_id)),
        Some(Fault::BareError) => Some(json!({
            "id": line_id, "custom_id": custom_id,
            "error": {"type": "request_failed", "message": "The request failed (emulated)."},
        })),
        _ => None,
    };
    if let Some(line) = replaced {
        // Status 0 is the one that counters have been seen to call completed.
        written.completed = outcome.fault == Some(Fault::StatusZero);
        push(&mut written.errors, &line);
        return written;
    }
    match &outcome.reply {
        Reply::Error(error) => {
            let body = match dialect {
                Dialect::Mistral => error.mistral_object(),
                _ => error.body(),
            };
            let line = error_line(&line_id, custom_id, error, &body);
            push(&mut written.errors, &line);
        }
        Reply::Completion(body) => {
            written.completed = true;
            answer(&mut written, custom_id, &line_id, body, outcome, ids);
        }
    }
    written
}

/// The line of a request that an expired batch did not reach.
pub(crate) fn expired_line(line_id: &str, custom_id: &str) -> Value {
    json!({
        "id": line_id, "custom_id": custom_id, "response": null,
        "error": {
            "code": "batch_expired",
            "message": "This request could not be executed before the completion window expired.",
        },
    })
}

/// The line of a request that a cancelled batch did not reach.
pub(crate) fn cancelled_line(line_id: &str, custom_id: &str) -> Value {
    json!({
        "id": line_id, "custom_id": custom_id, "response": null,
        "error": {
            "code": "batch_cancelled",
            "message": "This request was not executed because the batch was cancelled (emulated).",
        },
    })
}

/// Appends a line.
pub(crate) fn push(buffer: &mut Vec<u8>, line: &Value) {
    buffer.extend_from_slice(line.to_string().as_bytes());
    buffer.push(b'\n');
}

/// An error of the provider as a line: it stands in `response`, and there is no `error`.
fn error_line(line_id: &str, custom_id: &str, error: &ApiError, body: &Value) -> Value {
    // Lines have been seen to call a missing model 400 where the synchronous call says 404.
    let status = if error.code == Some("model_not_found") {
        400
    } else {
        error.status
    };
    json!({
        "id": line_id, "custom_id": custom_id,
        "response": {"status_code": status, "body": body},
    })
}

fn answer(
    written: &mut Written,
    custom_id: &str,
    line_id: &str,
    body: &Value,
    outcome: &Outcome,
    ids: &Ids,
) {
    let line = |id: &str, custom_id: Value, body: &Value| {
        json!({
            "id": id, "custom_id": custom_id,
            "response": {"status_code": 200, "request_id": outcome.request_id, "body": body},
            "error": null,
        })
    };
    let out = &mut written.output;
    match outcome.fault {
        Some(Fault::Missing) => {}
        Some(Fault::Garbage) => {
            out.extend_from_slice(b"{\"id\":\"batch_req_out_\",\"custom_id\":\n");
        }
        Some(Fault::NullId) => push(out, &line(line_id, Value::Null, body)),
        Some(Fault::BodyString) => push(
            out,
            &line(line_id, json!(custom_id), &json!(body.to_string())),
        ),
        Some(Fault::BodyList) => push(out, &line(line_id, json!(custom_id), &json!([body]))),
        Some(Fault::BodyNumber) => push(out, &line(line_id, json!(custom_id), &json!(200))),
        Some(Fault::Duplicated) => {
            push(out, &line(line_id, json!(custom_id), body));
            push(out, &line(line_id, json!(custom_id), body));
            written.twice = true;
        }
        Some(Fault::Conflicting) => {
            let mut other = body.clone();
            other["id"] = json!(ids.next("chatcmpl-"));
            other["choices"][0]["message"]["content"] =
                json!("a second answer to the same request");
            push(out, &line(line_id, json!(custom_id), body));
            push(
                out,
                &line(&ids.next("batch_req_out_"), json!(custom_id), &other),
            );
            written.twice = true;
        }
        Some(Fault::Foreign) => {
            push(out, &line(line_id, json!(custom_id), body));
            let foreign = format!("foreign-{}", ids.next(""));
            push(
                out,
                &line(&ids.next("batch_req_out_"), json!(foreign), body),
            );
        }
        Some(Fault::BlankLine) => {
            push(out, &line(line_id, json!(custom_id), body));
            out.extend_from_slice(b"\n  \n");
        }
        _ => push(out, &line(line_id, json!(custom_id), body)),
    }
}
