//! Mistral's SDK.

use emulator::Scenario;
use serde_json::json;

use crate::python;

const SCENARIO: &str = r#"
[server]
api_key = "sdk-key"
[timing]
in_progress_ms = 400
chat_scale = 0.0
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_of_mistral_works_unchanged() {
    let scenario = Scenario::parse(SCENARIO).expect("a scenario");
    let Some(seen) = python::drive("drive_mistral.py", &[], scenario).await else {
        return;
    };
    let expect = json!({
        "sdk": "mistralai 3.7.0",
        "uploaded": ["file", "batch", "batch_request", 26, true],
        "created": ["batch", "QUEUED", "openai/gpt-oss-120b", {"token": "t1"}],
        "statuses": ["QUEUED", "RUNNING", "SUCCESS"],
        "counts": [26, 26, 25, 1],
        "answers_valid": true,
        "errors": [["bad", 400]],
        "file": "batch_result",
        "cancelling": "CANCELLATION_REQUESTED",
        "cancelled": "CANCELLED",
        "listed": [2, true],
        "by_status": true,
        "files": true,
        "models": 4,
        "chat": ["chat.completion", "stop", ["is_assisted", "tools"]],
        "usage": true,
        "raised": {
            "wrong_key": ["SDKError", 401],
            "no_job": ["SDKError", 404],
            "no_file": ["SDKError", 404],
            "bad_model": ["SDKError", 400],
            "bad_hours": ["SDKError", 422],
            "cancel_ended": ["SDKError", 400],
        },
        "deleted": [true, true],
    });
    assert_eq!(seen, expect, "{seen:#}");
}
