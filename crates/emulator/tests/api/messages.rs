//! Anthropic's message batches and messages.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::common::{App, LARGE, SMALL, schema, text};

const HEADERS: [(&str, &str); 2] = [("x-api-key", "key"), ("anthropic-version", "2023-06-01")];

impl App {
    async fn anthropic(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        self.call_at(method, &format!("/v1/messages{path}"), &HEADERS, body)
            .await
    }

    async fn create_messages(&self, requests: Value) -> (StatusCode, Value) {
        let body = json!({ "requests": requests });
        self.anthropic(Method::POST, "/batches", Some(body)).await
    }

    async fn message_batch(&self, requests: Value) -> String {
        let (status, batch) = self.create_messages(requests).await;
        assert_eq!(status, StatusCode::OK, "{batch}");
        text(&batch["id"])
    }

    async fn wait_messages(&self, id: &str) -> Value {
        for _ in 0..2000 {
            let (status, batch) = self
                .anthropic(Method::GET, &format!("/batches/{id}"), None)
                .await;
            assert_eq!(status, StatusCode::OK, "{batch}");
            if batch["processing_status"] == "ended" {
                return batch;
            }
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        panic!("{id} does not end");
    }

    /// The results behind a batch's address, in the order of their ids.
    async fn results(&self, batch: &Value) -> Vec<Value> {
        let url = text(&batch["results_url"]);
        let path = url.strip_prefix("http://localhost").expect("our origin");
        let mut request = Request::get(path);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let response = self
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.into_body().collect().await.expect("a body");
        let content = String::from_utf8(bytes.to_bytes().to_vec()).expect("UTF-8");
        let mut lines: Vec<Value> = content
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| json!(line)))
            .collect();
        lines.sort_by_key(|line| line["custom_id"].to_string());
        lines
    }
}

/// Parameters that force the use of a tool.
fn params(model: &str, question: &str) -> Value {
    json!({
        "model": model,
        "max_tokens": 2000,
        "system": "Answer with the tool.",
        "messages": [{"role": "user", "content": question}],
        "tools": [{"name": "record", "description": "Records it.", "input_schema": schema()}],
        "tool_choice": {"type": "tool", "name": "record"},
    })
}

fn requests(model: &str, count: usize) -> Value {
    (0..count)
        .map(|number| json!({"custom_id": format!("pr-{number}"), "params": params(model, &format!("Question {number}?"))}))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_documented_objects() {
    let app = App::toml("[[faults]]\nkind = \"server_error\"\ncustom_id = \"pr-1\"");
    let (_, created) = app.create_messages(requests(LARGE, 3)).await;
    assert_json_snapshot!("message_batch_created", created);
    let ended = app.wait_messages(&text(&created["id"])).await;
    assert_json_snapshot!("message_batch_ended", ended);
    assert_json_snapshot!("message_results", app.results(&ended).await);
    assert_json_snapshot!("message_log", app.log.records());
    let (_, message) = app
        .anthropic(Method::POST, "", Some(params(SMALL, "Why?")))
        .await;
    assert_json_snapshot!("message_tool_use", message);
    let mut plain = params(SMALL, "Why?");
    plain["tool_choice"] = json!({"type": "auto"});
    let (_, message) = app.anthropic(Method::POST, "", Some(plain)).await;
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["content"][0]["type"], "text");
    assert_eq!(message["usage"]["service_tier"], "standard");
}

/// The same question has the same answer in both dialects.
#[tokio::test(start_paused = true)]
async fn answers_are_those_of_the_other_dialect() {
    let app = App::toml("");
    let (_, message) = app
        .anthropic(Method::POST, "", Some(params(LARGE, "Why?")))
        .await;
    let (_, completion) = app
        .call(
            Method::POST,
            "/chat/completions",
            Some(crate::common::body(LARGE, "Why?")),
        )
        .await;
    let content = text(&completion["choices"][0]["message"]["content"]);
    let document: Value = serde_json::from_str(&content).expect("JSON");
    assert_eq!(message["content"][0]["input"], document);
}

#[tokio::test(start_paused = true)]
async fn calls_without_key_or_version_are_refused() {
    let app = App::toml("server.api_key = \"secret\"");
    let path = "/v1/messages/batches";
    let version = ("anthropic-version", "2023-06-01");
    for (headers, status, kind) in [
        (vec![version], 401, "authentication_error"),
        (
            vec![("x-api-key", "wrong"), version],
            401,
            "authentication_error",
        ),
        (
            vec![("authorization", "Bearer wrong"), version],
            401,
            "authentication_error",
        ),
        (vec![("x-api-key", "secret")], 400, "invalid_request_error"),
        (
            vec![("x-api-key", "secret"), ("anthropic-version", "latest")],
            400,
            "invalid_request_error",
        ),
    ] {
        let (found, error) = app.call_at(Method::GET, path, &headers, None).await;
        assert_eq!(found.as_u16(), status, "{headers:?}: {error}");
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"]["type"], kind, "{headers:?}");
        assert!(text(&error["request_id"]).starts_with("req_"), "{error}");
    }
    // The SDK sends the key as a bearer's.
    let headers = [("authorization", "Bearer secret"), version];
    let (found, _) = app.call_at(Method::GET, path, &headers, None).await;
    assert_eq!(found, StatusCode::OK);
    let headers = [("x-api-key", "secret"), version];
    let (found, listed) = app.call_at(Method::GET, path, &headers, None).await;
    assert_eq!(found, StatusCode::OK);
    assert_json_snapshot!(listed, @r#"
    {
      "data": [],
      "has_more": false,
      "first_id": null,
      "last_id": null
    }
    "#);
    let (_, models) = app
        .call_at(Method::GET, "/v1/models?limit=1", &headers, None)
        .await;
    assert_eq!(models["data"][0]["type"], "model");
    assert_eq!(models["has_more"], true);
}

#[tokio::test(start_paused = true)]
async fn what_a_creation_refuses() {
    let app = App::toml("anthropic.batch_requests = 3\nanthropic.batch_bytes = 3000");
    let one = |custom_id: Value, params: Value| json!([{"custom_id": custom_id, "params": params}]);
    let changed = |key: &str, value: Value| {
        let mut params = params(LARGE, "x");
        params[key] = value;
        one(json!("a"), params)
    };
    let twice = json!([{"custom_id": "a", "params": {}}, {"custom_id": "a", "params": {}}]);
    for (requests, part) in [
        (json!([]), "not 0"),
        (json!({}), "valid list"),
        (json!([{}, {}, {}, {}]), "requests.0.custom_id"),
        (
            one(json!("a b"), json!({})),
            "requests.0.custom_id: String should match pattern",
        ),
        (
            one(json!("a".repeat(65)), json!({})),
            "^[a-zA-Z0-9_-]{1,64}$",
        ),
        (one(json!("a"), json!("x")), "requests.0.params"),
        (
            json!([{"custom_id": "a", "params": {}, "method": "POST"}]),
            "requests.0",
        ),
        (twice, "requests.1.custom_id"),
        (changed("stream", json!(true)), "requests.0.params.stream"),
        (changed("speed", json!("fast")), "requests.0.params.speed"),
        (
            changed("max_tokens", json!(0)),
            "requests.0.params.max_tokens",
        ),
        (
            (0..4)
                .map(|n| json!({"custom_id": n.to_string(), "params": {}}))
                .collect(),
            "1 to 3 items after validation, not 4",
        ),
    ] {
        let (status, error) = app.create_messages(requests.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{requests}");
        assert_eq!(error["error"]["type"], "invalid_request_error");
        let message = text(&error["error"]["message"]);
        assert!(message.contains(part), "{requests}: {message}");
    }
    let (status, error) = app
        .create_messages(changed("system", json!("x".repeat(3000))))
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(error["error"]["type"], "request_too_large");
    let (_, listed) = app.anthropic(Method::GET, "/batches", None).await;
    assert_eq!(listed["data"], json!([]), "what was refused is not there");
}

/// Parameters are looked at only while the batch is processed.
#[tokio::test(start_paused = true)]
async fn wrong_parameters_are_errors_of_their_requests() {
    let app = App::toml("");
    let changed = |key: &str, value: Value| {
        let mut params = params(LARGE, "x");
        if value.is_null() {
            params.as_object_mut().expect("an object").remove(key);
        } else {
            params[key] = value;
        }
        params
    };
    let cases = [
        (
            changed("model", json!("claude-none")),
            "not_found_error",
            "model: claude-none",
        ),
        (
            changed("max_tokens", Value::Null),
            "invalid_request_error",
            "max_tokens: Field required",
        ),
        (
            changed("max_tokens", json!(70_000)),
            "invalid_request_error",
            "70000 > 65536",
        ),
        (
            changed("surprise", json!(1)),
            "invalid_request_error",
            "surprise: Extra inputs",
        ),
        (
            changed("temperature", json!(1.5)),
            "invalid_request_error",
            "temperature",
        ),
        (
            changed("messages", json!([])),
            "invalid_request_error",
            "at least one message",
        ),
        (
            changed("messages", json!([{"role": "system", "content": "x"}])),
            "invalid_request_error",
            "messages.0.role",
        ),
        (
            changed("messages", json!([{"role": "assistant", "content": "x"}])),
            "invalid_request_error",
            "first message",
        ),
        (
            changed("messages", json!([{"role": "user", "content": ""}])),
            "invalid_request_error",
            "non-empty",
        ),
        (
            changed(
                "messages",
                json!([{"role": "user", "content": [{"type": "image"}]}]),
            ),
            "invalid_request_error",
            "type text only",
        ),
        (
            changed("tool_choice", json!({"type": "tool", "name": "other"})),
            "invalid_request_error",
            "Tool 'other' not found",
        ),
        (
            changed("tool_choice", json!({"type": "must"})),
            "invalid_request_error",
            "tool_choice.type",
        ),
        (
            changed("tools", Value::Null),
            "invalid_request_error",
            "while providing tools",
        ),
        (
            changed(
                "tools",
                json!([{"name": "record", "input_schema": {"type": "string"}}]),
            ),
            "invalid_request_error",
            "input_schema.type",
        ),
        (
            changed(
                "tools",
                json!([{"name": "a b", "input_schema": {"type": "object"}}]),
            ),
            "invalid_request_error",
            "tools.0.custom.name",
        ),
        (
            changed(
                "thinking",
                json!({"type": "enabled", "budget_tokens": 1024}),
            ),
            "invalid_request_error",
            "Thinking may not be enabled",
        ),
        (
            changed("thinking", json!({"type": "enabled", "budget_tokens": 10})),
            "invalid_request_error",
            "thinking.budget_tokens",
        ),
    ];
    let requests: Value = cases
        .iter()
        .enumerate()
        .map(|(number, (params, _, _))| json!({"custom_id": format!("r-{number:02}"), "params": params}))
        .collect();
    let id = app.message_batch(requests).await;
    let ended = app.wait_messages(&id).await;
    let results = app.results(&ended).await;
    assert_eq!(results.len(), cases.len());
    for (line, (params, kind, part)) in results.iter().zip(&cases) {
        assert_eq!(line["result"]["type"], "errored", "{params}: {line}");
        let error = &line["result"]["error"]["error"];
        assert_eq!(error["type"], *kind, "{params}: {line}");
        assert!(text(&error["message"]).contains(part), "{params}: {line}");
    }
    assert_eq!(app.log.records(), [], "nothing of it is billed");
    assert_eq!(ended["request_counts"]["errored"], cases.len());
    // By itself, the same is an error of the call.
    let (status, error) = app
        .anthropic(Method::POST, "", Some(cases[0].0.clone()))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(error["error"]["type"], "not_found_error");
}

/// Faults of answers as Anthropic shows them: no error about JSON, and what was written is billed.
#[tokio::test(start_paused = true)]
async fn spoiled_answers() {
    for (fault, stop_reason, block, outcome) in [
        ("json_empty", "max_tokens", None, "truncated"),
        (
            "json_max_tokens",
            "max_tokens",
            Some("tool_use"),
            "truncated",
        ),
        ("json_partial", "end_turn", Some("text"), "broken_json"),
        (
            "json_mismatch",
            "tool_use",
            Some("tool_use"),
            "schema_mismatch",
        ),
        (
            "schema_mismatch",
            "tool_use",
            Some("tool_use"),
            "schema_mismatch",
        ),
        ("truncated", "max_tokens", Some("tool_use"), "truncated"),
        (
            "truncated_parseable",
            "max_tokens",
            Some("tool_use"),
            "truncated_parseable",
        ),
        ("prose", "end_turn", Some("text"), "prose"),
        ("fenced", "end_turn", Some("text"), "fenced"),
        ("broken_json", "end_turn", Some("text"), "broken_json"),
        ("empty_object", "tool_use", Some("tool_use"), "empty_object"),
        ("refusal", "refusal", Some("text"), "refusal"),
        ("content_filter", "refusal", None, "content_filter"),
        ("empty_content", "end_turn", None, "empty_content"),
        ("null_content", "end_turn", None, "null_content"),
    ] {
        let app = App::toml(&format!("[[faults]]\nkind = \"{fault}\""));
        let (status, message) = app
            .anthropic(Method::POST, "", Some(params(LARGE, "Why?")))
            .await;
        assert_eq!(status, StatusCode::OK, "{fault}: {message}");
        assert_eq!(message["stop_reason"], stop_reason, "{fault}: {message}");
        let kind = message["content"][0]["type"].as_str();
        assert_eq!(kind, block, "{fault}: {message}");
        assert_eq!(app.outcomes(), [outcome], "{fault}");
        let record = &app.log.records()[0];
        assert_eq!(message["usage"]["input_tokens"], record.prompt_tokens);
        assert_eq!(message["usage"]["output_tokens"], record.completion_tokens);
    }
    // A cap that is too small cuts the tool's input.
    let app = App::toml("");
    let mut small = params(LARGE, "Why?");
    small["max_tokens"] = json!(3);
    let (_, message) = app.anthropic(Method::POST, "", Some(small)).await;
    assert_eq!(message["stop_reason"], "max_tokens");
    assert_eq!(message["content"][0]["input"], json!({}));
    assert_eq!(message["usage"]["output_tokens"], 3);
}

/// Faults of result lines.
#[tokio::test(start_paused = true)]
async fn spoiled_lines() {
    for (fault, expect) in [
        ("missing", json!([])),
        ("batch_expired", json!(["expired"])),
        ("server_error", json!(["errored"])),
        ("rate_limited", json!(["errored"])),
        ("context_length_exceeded", json!(["errored"])),
        ("model_not_found", json!(["errored"])),
        ("connection_error", json!(["errored"])),
        ("status_zero", json!(["errored"])),
        ("bare_error", json!(["errored"])),
        ("duplicated", json!(["succeeded", "succeeded"])),
        ("conflicting", json!(["succeeded", "succeeded"])),
        ("foreign", json!(["succeeded", "succeeded"])),
        ("null_id", json!(["succeeded"])),
        ("blank_line", json!(["succeeded"])),
        ("garbage", json!([null])),
        ("body_string", json!(["succeeded"])),
    ] {
        let app = App::toml(&format!("[[faults]]\nkind = \"{fault}\""));
        let id = app.message_batch(requests(LARGE, 1)).await;
        let ended = app.wait_messages(&id).await;
        let lines = if ended["results_url"].is_null() {
            Vec::new()
        } else {
            app.results(&ended).await
        };
        let kinds: Value = lines
            .iter()
            .map(|line| line["result"]["type"].clone())
            .collect();
        assert_eq!(kinds, expect, "{fault}: {lines:?}");
        if fault == "body_string" {
            assert!(lines[0]["result"]["message"].is_string());
        }
        if fault == "null_id" {
            assert!(lines[0]["custom_id"].is_null());
        }
    }
}

/// Counters stand still until the end, when they say all.
#[tokio::test(start_paused = true)]
async fn a_batch_lives_and_is_counted() {
    let app = App::toml("[timing]\nin_progress_ms = 60_000");
    let id = app.message_batch(requests(LARGE, 4)).await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    let (_, running) = app
        .anthropic(Method::GET, &format!("/batches/{id}"), None)
        .await;
    assert_eq!(running["processing_status"], "in_progress");
    assert_json_snapshot!(running["request_counts"], @r#"
    {
      "processing": 4,
      "succeeded": 0,
      "errored": 0,
      "canceled": 0,
      "expired": 0
    }
    "#);
    assert!(running["results_url"].is_null() && running["ended_at"].is_null());
    let (status, _) = app
        .anthropic(Method::GET, &format!("/batches/{id}/results"), None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, canceling) = app
        .anthropic(Method::POST, &format!("/batches/{id}/cancel"), None)
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(canceling["processing_status"], "canceling");
    assert!(canceling["cancel_initiated_at"].is_string());
    let ended = app.wait_messages(&id).await;
    let counts = &ended["request_counts"];
    assert_eq!(
        (
            &counts["succeeded"],
            &counts["canceled"],
            &counts["processing"]
        ),
        (&json!(2), &json!(2), &json!(0)),
        "{ended}"
    );
    let results = app.results(&ended).await;
    let canceled = results
        .iter()
        .filter(|line| line["result"] == json!({"type": "canceled"}));
    assert_eq!((results.len(), canceled.count()), (4, 2));
    let (status, _) = app
        .anthropic(Method::POST, &format!("/batches/{id}/cancel"), None)
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "it has ended");
    // Results are kept for 29 days.
    tokio::time::sleep(Duration::from_hours(29 * 24)).await;
    let (_, archived) = app
        .anthropic(Method::GET, &format!("/batches/{id}"), None)
        .await;
    assert!(archived["archived_at"].is_string() && archived["results_url"].is_null());
}

#[tokio::test(start_paused = true)]
async fn batch_faults() {
    for (fault, counts, lines) in [
        ("expires", [2, 0, 0, 2], Some(4)),
        ("never_starts", [0, 0, 0, 4], Some(4)),
        ("stalls", [2, 0, 0, 2], Some(4)),
        ("expires_without_files", [2, 0, 0, 2], None),
        ("cancelled", [2, 0, 2, 0], Some(4)),
        ("fails_midway", [2, 2, 0, 0], Some(2)),
        ("all_fail", [0, 4, 0, 0], Some(4)),
        ("no_files", [4, 0, 0, 0], None),
        ("counters_lie", [4, 0, 0, 0], Some(4)),
    ] {
        let app = App::toml(&format!("[[batch_faults]]\nkind = \"{fault}\""));
        let id = app.message_batch(requests(LARGE, 4)).await;
        let ended = app.wait_messages(&id).await;
        let told = ["succeeded", "errored", "canceled", "expired"]
            .map(|key| ended["request_counts"][key].as_u64().unwrap_or(99));
        assert_eq!(told, counts, "{fault}: {ended}");
        match lines {
            None => assert!(ended["results_url"].is_null(), "{fault}"),
            Some(lines) => assert_eq!(app.results(&ended).await.len(), lines, "{fault}"),
        }
    }
    // A batch that never began and is canceled has a line for each request too.
    let app = App::toml("[timing]\nvalidating_ms = 60_000");
    let id = app.message_batch(requests(LARGE, 2)).await;
    app.anthropic(Method::POST, &format!("/batches/{id}/cancel"), None)
        .await;
    let ended = app.wait_messages(&id).await;
    assert_eq!(ended["request_counts"]["canceled"], 2);
    assert_eq!(app.results(&ended).await.len(), 2);
    assert_eq!(app.log.records(), []);
}

#[tokio::test(start_paused = true)]
async fn batches_that_are_refused_gone_or_strange() {
    for (fault, status) in [("fails_validation", 400), ("token_limit", 429)] {
        let app = App::toml(&format!(
            "[[batch_faults]]\nkind = \"{fault}\"\nbatches = [1]"
        ));
        let (found, _) = app.create_messages(requests(LARGE, 1)).await;
        assert_eq!(found.as_u16(), status, "{fault}");
        app.message_batch(requests(LARGE, 1)).await;
    }
    let app = App::toml("anthropic.queued_requests = 3");
    let first = app.message_batch(requests(LARGE, 2)).await;
    let (status, error) = app.create_messages(requests(LARGE, 2)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(error["error"]["type"], "rate_limit_error");
    app.wait_messages(&first).await;
    app.message_batch(requests(LARGE, 2)).await;

    for (fault, status, kind) in [
        ("vanishes", 404, "not_found_error"),
        ("bare_error", 200, "not_found_error"),
    ] {
        let app = App::toml(&format!("[[batch_faults]]\nkind = \"{fault}\""));
        let id = app.message_batch(requests(LARGE, 1)).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let (found, error) = app
            .anthropic(Method::GET, &format!("/batches/{id}"), None)
            .await;
        assert_eq!(found.as_u16(), status, "{error}");
        assert_eq!(error["error"]["type"], kind);
    }
    let app = App::toml("[[batch_faults]]\nkind = \"files_gone\"");
    let id = app.message_batch(requests(LARGE, 1)).await;
    let ended = app.wait_messages(&id).await;
    assert!(ended["results_url"].is_string());
    let (status, _) = app
        .anthropic(Method::GET, &format!("/batches/{id}/results"), None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    // Batches of one API are not those of another.
    let (status, _) = app.call(Method::GET, &format!("/batches/{id}"), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn batches_are_listed_and_deleted() {
    let app = App::toml("");
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(app.message_batch(requests(LARGE, 1)).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    ids.reverse();
    let (_, first) = app.anthropic(Method::GET, "/batches?limit=2", None).await;
    assert_eq!(first["has_more"], true);
    assert_eq!(first["first_id"], ids[0].as_str());
    assert_eq!(first["last_id"], ids[1].as_str());
    let next = format!("/batches?limit=2&after_id={}", ids[1]);
    let (_, second) = app.anthropic(Method::GET, &next, None).await;
    assert_eq!(second["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["has_more"], false);
    assert_eq!(second["data"][0]["id"], ids[2].as_str());
    let (_, deleted) = app
        .anthropic(Method::DELETE, &format!("/batches/{}", ids[2]), None)
        .await;
    assert_eq!(deleted["type"], "message_batch_deleted");
    let (_, rest) = app.anthropic(Method::GET, "/batches", None).await;
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(2));
}

/// The address of results has the host that the client called, and the path of its API.
#[tokio::test(start_paused = true)]
async fn results_are_at_the_origin_that_was_called() {
    let app = App::toml("");
    let body = json!({"requests": requests(LARGE, 1)});
    let mut headers = HEADERS.to_vec();
    headers.push(("host", "127.0.0.1:4711"));
    let path = "/anthropic/v1/messages/batches";
    let (_, created) = app.call_at(Method::POST, path, &headers, Some(body)).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let path = format!("{path}/{}", text(&created["id"]));
    let (_, ended) = app.call_at(Method::GET, &path, &headers, None).await;
    let expect = format!("http://127.0.0.1:4711{path}/results");
    assert_eq!(ended["results_url"], expect);
}

/// Calls fail in the words of the API that was called.
#[tokio::test(start_paused = true)]
async fn faults_of_calls() {
    let app = App::toml(
        "[[http_faults]]\nkind = \"rate_limited\"\ncall = \"create\"\ncalls = [1]\nretry_after_seconds = 7\n\
         [[http_faults]]\nkind = \"server_error\"\nstatus = 529\ncall = \"list\"",
    );
    let (status, error) = app.create_messages(requests(LARGE, 1)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(error["error"]["type"], "rate_limit_error");
    let mut request = Request::get("/v1/messages/batches");
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    let response = app
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(response.status().as_u16(), 529);
    assert!(response.headers().contains_key("request-id"));
    assert!(response.headers().contains_key(emulator::EMULATOR_HEADER));
    let bytes = response.into_body().collect().await.expect("a body");
    let error: Value = serde_json::from_slice(&bytes.to_bytes()).expect("JSON");
    assert_eq!(error["error"]["type"], "overloaded_error");
}

/// A body that comes in small pieces and ends in mid-request leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn bodies_in_pieces() {
    let app = App::toml("");
    let whole = json!({"requests": requests(LARGE, 2)}).to_string();
    for (body, status) in [(whole.as_str(), 200), (&whole[..whole.len() / 2], 400)] {
        let pieces: Vec<Result<Bytes, std::io::Error>> = body
            .as_bytes()
            .chunks(11)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut request = Request::post("/v1/messages/batches");
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let request = request.body(Body::from_stream(stream::iter(pieces)));
        let response = app.send(request.expect("a request")).await;
        assert_eq!(response.status().as_u16(), status);
    }
    let (_, listed) = app.anthropic(Method::GET, "/batches", None).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
}
