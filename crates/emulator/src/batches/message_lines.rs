//! Lines of the results of a message batch, as good and as spoiled as the outcome says.

use serde_json::{Value, json};

use super::job::Unreached;
use super::lines::{Written, push};
use crate::chat::{Outcome, Reply};
use crate::http::ApiError;
use crate::ids::Ids;
use crate::scenario::Fault;

/// Writes the lines of one request; all go to one file.
pub(super) fn write(custom_id: &str, outcome: &Outcome, ids: &Ids) -> Written {
    let mut written = Written::default();
    let replaced = match outcome.fault {
        // Errors that say less than the documented ones do.
        Some(Fault::StatusZero) => Some(errored(&json!({}))),
        Some(Fault::BareError) => Some(errored(
            &json!({"message": "The request failed (emulated)."}),
        )),
        Some(Fault::ConnectionError) => {
            let mut error = ApiError::server(500);
            "The connection to the model was lost (emulated).".clone_into(&mut error.message);
            Some(errored(&error.anthropic()))
        }
        Some(Fault::Expired) => Some(json!({"type": "expired"})),
        _ => None,
    };
    if let Some(result) = replaced {
        push(&mut written.output, &line(&json!(custom_id), &result));
        return written;
    }
    match &outcome.reply {
        Reply::Error(error) => {
            let result = errored(&error.anthropic());
            push(&mut written.output, &line(&json!(custom_id), &result));
        }
        Reply::Completion(message) => {
            written.completed = true;
            answer(&mut written, custom_id, message, outcome.fault, ids);
        }
    }
    written
}

/// The line of a request that a batch did not reach.
pub(super) fn unreached(custom_id: &str, why: Unreached) -> Value {
    let kind = match why {
        Unreached::Expired => "expired",
        Unreached::Cancelled => "canceled",
    };
    line(&json!(custom_id), &json!({"type": kind}))
}

fn line(custom_id: &Value, result: &Value) -> Value {
    json!({"custom_id": custom_id, "result": result})
}

fn errored(error: &Value) -> Value {
    json!({"type": "errored", "error": error})
}

fn succeeded(custom_id: &Value, message: &Value) -> Value {
    line(custom_id, &json!({"type": "succeeded", "message": message}))
}

fn answer(
    written: &mut Written,
    custom_id: &str,
    message: &Value,
    fault: Option<Fault>,
    ids: &Ids,
) {
    let id = json!(custom_id);
    let out = &mut written.output;
    match fault {
        Some(Fault::Missing) => return,
        Some(Fault::Garbage) => {
            out.extend_from_slice(b"{\"custom_id\":\n");
            return;
        }
        Some(Fault::NullId) => return push(out, &succeeded(&Value::Null, message)),
        Some(Fault::BodyString) => {
            return push(out, &succeeded(&id, &json!(message.to_string())));
        }
        Some(Fault::BodyList) => return push(out, &succeeded(&id, &json!([message]))),
        Some(Fault::BodyNumber) => return push(out, &succeeded(&id, &json!(200))),
        _ => push(out, &succeeded(&id, message)),
    }
    match fault {
        Some(Fault::Duplicated) => {
            push(out, &succeeded(&id, message));
            written.twice = true;
        }
        Some(Fault::Conflicting) => {
            let mut other = message.clone();
            other["id"] = json!(ids.next("msg_emulated_"));
            other["content"] =
                json!([{"type": "text", "text": "a second answer to the same request"}]);
            push(out, &succeeded(&id, &other));
            written.twice = true;
        }
        Some(Fault::Foreign) => {
            let foreign = format!("foreign-{}", ids.next(""));
            push(out, &succeeded(&json!(foreign), message));
        }
        Some(Fault::BlankLine) => out.extend_from_slice(b"\n  \n"),
        _ => {}
    }
}
