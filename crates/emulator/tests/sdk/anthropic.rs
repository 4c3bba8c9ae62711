//! Anthropic's SDK.

use emulator::Scenario;
use serde_json::json;

use crate::python;

/// Three calls for models are spoiled, after the two pages, the one model and the wrong key.
const SCENARIO: &str = r#"
[server]
api_key = "sdk-key"
[timing]
in_progress_ms = 400
chat_scale = 0.0
[[http_faults]]
kind = "rate_limited"
call = "models"
calls = [5]
[[http_faults]]
kind = "server_error"
status = 529
call = "models"
# Counted among the calls that the rules above let through.
calls = [5]
[[http_faults]]
kind = "dropped"
call = "models"
calls = [5]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_of_anthropic_works_unchanged() {
    let scenario = Scenario::parse(SCENARIO).expect("a scenario");
    let Some(seen) = python::drive("drive_anthropic.py", &[], scenario).await else {
        return;
    };
    let expect = json!({
        "sdk": "anthropic 2.13.0",
        "created": ["message_batch", "in_progress", 26],
        "lifetime_seconds": 86_400.0,
        "statuses": ["in_progress", "ended"],
        "counts": [0, 25, 1, 0, 0],
        "results_url": true,
        "all_ids": true,
        "answers_valid": true,
        "stop_reasons": ["tool_use"],
        "usage": true,
        "errored": ["not_found_error"],
        "canceling": "canceling",
        "canceled": 2,
        "canceled_results": ["canceled", "canceled"],
        "listed": true,
        "deleted": "message_batch_deleted",
        "models": [
            "openai/gpt-oss-120b",
            "openai/gpt-oss-20b",
            "openai/gpt-oss-safeguard-20b",
            "qwen/qwen3.6-27b",
        ],
        "model": "model",
        "message": ["message", "assistant", "tool_use", "tool_use"],
        "request_id": true,
        "raised": {
            "wrong_key": ["AuthenticationError", 401, "authentication_error"],
            "no_batch": ["NotFoundError", 404, "not_found_error"],
            "bad_id": ["BadRequestError", 400, "invalid_request_error"],
            "twice": ["BadRequestError", 400, "invalid_request_error"],
            "stream": ["BadRequestError", 400, "invalid_request_error"],
            "bad_model": ["NotFoundError", 404, "not_found_error"],
            "bad_tool": ["BadRequestError", 400, "invalid_request_error"],
            "cancel_ended": ["BadRequestError", 400, "invalid_request_error"],
        },
        "spoiled": [
            ["RateLimitError", 429, "rate_limit_error"],
            ["OverloadedError", 529, "overloaded_error"],
            ["APIConnectionError", null, null],
        ],
    });
    assert_eq!(seen, expect, "{seen:#}");
}
