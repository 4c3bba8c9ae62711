//! The SDKs of Groq and OpenAI.

use emulator::Scenario;
use serde_json::{Value, json};

use crate::python;

/// What goes wrong, on purpose, while an SDK works. Calls for files: one list, one look at a file,
/// then those that are spoiled.
const SCENARIO: &str = r#"
[server]
api_key = "sdk-key"
[timing]
in_progress_ms = 400
chat_scale = 0.0
[[http_faults]]
kind = "rate_limited"
call = "files"
calls = [3]
[[http_faults]]
kind = "server_error"
status = 503
call = "files"
# Counted among the calls that the rules above let through.
calls = [3]
[[http_faults]]
kind = "dropped"
call = "files"
calls = [3]
[[http_faults]]
kind = "rate_limited"
call = "models"
calls = [4]
retry_after_seconds = 1
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdks_of_groq_and_openai_work_unchanged() {
    for sdk in ["groq", "openai"] {
        let scenario = Scenario::parse(SCENARIO).expect("a scenario");
        let Some(seen) = python::drive("drive.py", &[sdk], scenario).await else {
            return;
        };
        check(sdk, &seen);
    }
}

fn check(sdk: &str, seen: &Value) {
    let expect =
        |key: &str, expected: Value| assert_eq!(seen[key], expected, "{sdk}: {key} in {seen:#}");
    let version = if sdk == "groq" {
        "groq 1.7.0"
    } else {
        "openai 3.54.0"
    };
    expect("sdk", json!(version));
    expect("uploaded", json!(["file", "batch", true]));
    expect("created", json!(["batch", "validating", {"token": "t1"}]));
    let statuses = seen["statuses"].as_array().expect("statuses");
    assert_eq!(statuses.last(), Some(&json!("completed")));
    assert!(statuses.contains(&json!("in_progress")), "{statuses:?}");
    expect("counts", json!([25, 24, 1]));
    expect("line_error", json!(["invalid_method", 26]));
    expect("answers", json!(24));
    expect("answers_valid", json!(true));
    expect("failures", json!([[400, "json_validate_failed"]]));
    expect("all_ids", json!(true));
    expect("cancelling", json!("cancelling"));
    expect("cancelled", json!("cancelled"));
    for key in [
        "listed",
        "many",
        "marked",
        "files",
        "chat_usage",
        "after_retry",
    ] {
        expect(key, json!(true));
    }
    expect("file", json!("batch_output"));
    let models = [
        "openai/gpt-oss-120b",
        "openai/gpt-oss-20b",
        "openai/gpt-oss-safeguard-20b",
        "qwen/qwen3.6-27b",
    ];
    expect("models", json!(models));
    expect("model_owner", json!("OpenAI (emulated by Tandem)"));
    expect(
        "chat",
        json!(["chat.completion", "stop", ["is_assisted", "tools"]]),
    );
    expect("fingerprint", json!("fp_tandem_emulator"));
    expect("deleted", json!([true, true]));
    expect(
        "raised",
        json!({
            "wrong_key": ["AuthenticationError", 401, "invalid_api_key"],
            "bad_schema": ["BadRequestError", 400, null],
            "retired_model": ["NotFoundError", 404, "model_not_found"],
            "no_file": ["NotFoundError", 404, "not_found"],
            "no_batch": ["NotFoundError", 404, "not_found"],
            "bad_window": ["BadRequestError", 400, null],
            "budget": ["BadRequestError", 400, "json_validate_failed"],
            "cancel_ended": ["BadRequestError", 400, null],
        }),
    );
    expect(
        "spoiled",
        json!([
            ["RateLimitError", 429, "rate_limit_exceeded"],
            ["InternalServerError", 503, null],
            ["APIConnectionError", null, null],
        ]),
    );
}
