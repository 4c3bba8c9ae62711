//! What the provider refuses.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use crate::common::{App, LARGE, LLAMA, SMALL, body, create_body, file, line, schema, text};

#[tokio::test(start_paused = true)]
async fn uploads() {
    let app = App::toml("limits.file_bytes = 1000");
    let good = line("a", &body(LARGE, "x"));
    for (name, purpose, content, expect) in [
        ("a.jsonl", "batch", good.as_str(), StatusCode::OK),
        ("A.JSONL", "batch", "", StatusCode::OK),
        ("a.json", "batch", good.as_str(), StatusCode::BAD_REQUEST),
        ("jsonl", "batch", good.as_str(), StatusCode::BAD_REQUEST),
        (
            "a.jsonl",
            "fine-tune",
            good.as_str(),
            StatusCode::BAD_REQUEST,
        ),
        (
            "a.jsonl",
            "batch",
            &"x".repeat(1001),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let (status, answer) = app.try_upload(name, purpose, content).await;
        assert_eq!(status, expect, "{name} {purpose}: {answer}");
    }
    let listed = app.get("/files").await["data"].as_array().map(Vec::len);
    assert_eq!(listed, Some(2), "what was refused is not kept");
    for form in [
        "--edge\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--edge--\r\n",
        "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{}\r\n--edge--\r\n",
        "--edge\r\ncontent-disposition: form-data; name=\"other\"\r\n\r\n1\r\n--edge--\r\n",
        "nonsense",
    ] {
        let (status, answer) = app.form(Body::from(form)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn creations() {
    let app = App::toml("");
    let file_id = app.upload(&file(LARGE, 1)).await;
    let with = |key: &str, value: Value| {
        let mut request = create_body(&file_id);
        request[key] = value;
        request
    };
    let mut accepted = Vec::new();
    for request in [
        with("completion_window", json!("24h")),
        with("completion_window", json!("168h")),
        with("completion_window", json!("7d")),
        with("metadata", Value::Null),
        with("metadata", json!({"a": "b"})),
    ] {
        let (status, batch) = app.call(Method::POST, "/batches", Some(request)).await;
        assert_eq!(status, StatusCode::OK, "{batch}");
        accepted.push(
            (batch["expires_at"]
                .as_u64()
                .zip(batch["created_at"].as_u64()))
            .map(|(end, start)| end - start),
        );
    }
    assert_eq!(accepted[..3], [Some(86_400), Some(604_800), Some(604_800)]);
    let done = app.run(&file(LARGE, 1)).await;
    for request in [
        with("completion_window", json!("23h")),
        with("completion_window", json!("8d")),
        with("completion_window", json!(24)),
        with("completion_window", Value::Null),
        with("endpoint", json!("/openai/v1/chat/completions")),
        with("endpoint", json!("/v1/embeddings")),
        with("metadata", json!({"a": 1})),
        with("metadata", json!("a")),
        with("surprise", json!(1)),
        with("input_file_id", json!("file_none")),
        with("input_file_id", done["output_file_id"].clone()),
        json!([]),
        json!({}),
    ] {
        let (status, error) = app
            .call(Method::POST, "/batches", Some(request.clone()))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{request}");
        assert_eq!(error["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_do_not_validate() {
    let app = App::toml("limits.file_lines = 3");
    for (content, code) in [
        (String::new(), "empty_file"),
        ("\n\n".to_owned(), "empty_file"),
        (file(LARGE, 4), "too_many_requests_in_file"),
        ("nonsense".to_owned(), "invalid_json_line"),
    ] {
        let batch = app.run(&content).await;
        assert_eq!(
            (&batch["status"], &batch["errors"][0]["code"]),
            (&json!("failed"), &json!(code))
        );
        assert!(batch["output_file_id"].is_null() && batch["error_file_id"].is_null());
    }
    let file_id = app.upload(&file(LARGE, 1)).await;
    let batch_id = app.create(&file_id).await;
    app.call(Method::DELETE, &format!("/files/{file_id}"), None)
        .await;
    assert_eq!(
        app.wait(&batch_id).await["status"],
        "failed",
        "the file went before it was read"
    );
}

#[tokio::test(start_paused = true)]
async fn chat_requests() {
    let app = App::toml("timing.chat_scale = 0.0");
    let with = |model: &str, changes: Value| {
        let mut request = body(model, "x");
        for (key, value) in changes.as_object().expect("changes") {
            request[key] = value.clone();
        }
        request
    };
    let format = |strict: bool, schema: Value| json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": strict, "schema": schema}}});
    let text_format = json!({"response_format": null});
    for accepted in [
        with(
            LARGE,
            json!({"temperature": 0, "top_p": 1, "seed": 4, "user": "u", "stop": ["x"], "n": 1, "stream": false}),
        ),
        with(
            LARGE,
            json!({"max_completion_tokens": null, "max_tokens": 65_536}),
        ),
        with(
            LARGE,
            json!({"reasoning_effort": "low", "include_reasoning": false}),
        ),
        with(
            LARGE,
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}),
        ),
        with(
            "qwen/qwen3.6-27b",
            json!({"response_format": {"type": "json_object"}, "reasoning_effort": "none"}),
        ),
        with("openai/gpt-oss-safeguard-20b", format(false, schema())),
        with(
            LARGE,
            format(
                false,
                json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}}),
            ),
        ),
        with(LARGE, text_format),
    ] {
        let (status, answer) = app
            .call(Method::POST, "/chat/completions", Some(accepted.clone()))
            .await;
        assert_eq!(status, StatusCode::OK, "{accepted}: {answer}");
    }
    let mut table = Vec::new();
    for changes in [
        json!({"temperature": 2.1}),
        json!({"temperature": "0"}),
        json!({"top_p": -1}),
        json!({"n": 2}),
        json!({"stream": true}),
        json!({"max_completion_tokens": 0}),
        json!({"max_completion_tokens": 65_537}),
        json!({"reasoning_effort": "huge"}),
        json!({"reasoning_format": "hidden"}),
        json!({"surprise": 1}),
        json!({"messages": []}),
        json!({"messages": [{"role": "robot", "content": "x"}]}),
        json!({"messages": [{"role": "user", "content": 1}]}),
        json!({"messages": null}),
        json!({"response_format": {"type": "xml"}}),
        json!({"response_format": {"type": "json_schema"}}),
        format(
            true,
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
        ),
        format(
            true,
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        ),
        format(
            true,
            json!({"type": "object", "properties": {"a": {"type": "number", "minimum": 1}}, "required": ["a"], "additionalProperties": false}),
        ),
        format(false, json!({"type": "nonsense"})),
        json!({"tools": [{"type": "function", "function": {"name": "f"}}]}),
        json!({"model": "gpt-4o"}),
        json!({"model": 4}),
    ] {
        let (status, answer) = app
            .call(
                Method::POST,
                "/chat/completions",
                Some(with(LARGE, changes.clone())),
            )
            .await;
        assert!(status.is_client_error(), "{changes}");
        table.push(json!([
            changes,
            status.as_u16(),
            answer["error"]["message"],
            answer["error"].get("code")
        ]));
    }
    insta::assert_json_snapshot!(table);
    for (model, changes) in [
        ("openai/gpt-oss-safeguard-20b", format(true, schema())),
        ("qwen/qwen3.6-27b", format(false, schema())),
        (
            "qwen/qwen3.6-27b",
            json!({"response_format": null, "reasoning_effort": "low"}),
        ),
    ] {
        let (status, answer) = app
            .call(
                Method::POST,
                "/chat/completions",
                Some(with(model, changes)),
            )
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_requests_inside_of_a_batch_fail_alone() {
    let app = App::toml("");
    let mut streaming = body(LARGE, "x");
    streaming["stream"] = json!(true);
    let content = [
        line("good", &body(LARGE, "x")),
        line("streaming", &streaming),
        line("unknown", &body("gpt-4o", "x")),
        line("retired", &body(LLAMA, "x")),
        line("long", &body(LARGE, &"word ".repeat(140_000))),
    ];
    let batch = app.run(&content.join("\n")).await;
    assert_eq!(
        batch["request_counts"],
        json!({"total": 5, "completed": 1, "failed": 4})
    );
    let errors = app.lines(&batch["error_file_id"]).await;
    let code = |id: &str| {
        let line = errors
            .iter()
            .find(|line| line["custom_id"] == id)
            .unwrap_or_else(|| panic!("no line {id}"));
        (
            line["response"]["status_code"].clone(),
            line["response"]["body"]["error"]["code"].clone(),
        )
    };
    assert_eq!(code("streaming"), (json!(400), Value::Null));
    assert_eq!(code("unknown"), (json!(400), json!("model_not_found")));
    assert_eq!(code("retired"), (json!(400), json!("model_not_found")));
    assert_eq!(code("long"), (json!(400), json!("context_length_exceeded")));
    assert_eq!(app.outcomes(), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_cap_that_is_too_small_spends_the_budget() {
    let app = App::toml(&format!(
        "timing.chat_scale = 0.0\nmodels.\"{SMALL}\".failure_rate = 0.0"
    ));
    let mut request = body(SMALL, "x");
    request["max_completion_tokens"] = json!(3);
    let (status, error) = app
        .call(Method::POST, "/chat/completions", Some(request.clone()))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(error["error"]["code"], "json_validate_failed");
    assert_eq!(error["error"]["failed_generation"], "");
    request["response_format"] = Value::Null;
    let (_, cut) = app
        .call(Method::POST, "/chat/completions", Some(request))
        .await;
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 3);
    assert_eq!(app.outcomes(), ["json_empty", "truncated"]);
}

#[tokio::test(start_paused = true)]
async fn listings_page_and_poll_many() {
    let app = App::toml("server.page_size = 2");
    let file_id = app.upload(&file(LARGE, 1)).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(app.create(&file_id).await);
    }
    let mut seen = Vec::new();
    let mut path = "/batches".to_owned();
    loop {
        let page = app.get(&path).await;
        seen.extend(
            page["data"]
                .as_array()
                .expect("batches")
                .iter()
                .map(|batch| text(&batch["id"])),
        );
        match &page["paging"]["next_cursor"] {
            Value::Null => break,
            cursor => path = format!("/batches?cursor={}", text(cursor)),
        }
    }
    made.reverse();
    assert_eq!(seen, made, "newest first, each once");
    let many = app
        .get(&format!(
            "/batches?id={}&id=batch_none&id={}",
            made[4], made[1]
        ))
        .await;
    let ids: Vec<&Value> = many["data"]
        .as_array()
        .expect("batches")
        .iter()
        .map(|batch| &batch["id"])
        .collect();
    assert_eq!(ids, [&json!(made[4]), &json!(made[1])]);
    let ids: Vec<String> = (0..201)
        .map(|number| format!("id=batch_{number}"))
        .collect();
    let (status, _) = app
        .call(
            Method::GET,
            &format!("/batches?{}", ids[..200].join("&")),
            None,
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    for query in [
        ids.join("&"),
        "after=x".to_owned(),
        "limit=0".to_owned(),
        "cursor=x".to_owned(),
    ] {
        let (status, _) = app
            .call(Method::GET, &format!("/batches?{query}"), None)
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_line_is_refused_without_being_kept() {
    let app = App::toml("limits.line_bytes = 5000");
    let long = line("long", &body(LARGE, &"x".repeat(6000)));
    let content = format!(
        "{}\n{long}\n{}",
        line("a", &body(LARGE, "x")),
        line("b", &body(LARGE, "y"))
    );
    let form = format!(
        "--edge\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
         --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{content}\r\n--edge--\r\n"
    );
    // In small pieces, as over a slow line.
    let pieces: Vec<Result<Bytes, std::convert::Infallible>> = form
        .into_bytes()
        .chunks(37)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let (status, uploaded) = app.form(Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(
        (status, uploaded["bytes"].as_u64()),
        (StatusCode::OK, Some(content.len() as u64))
    );
    let batch = app.create(&text(&uploaded["id"])).await;
    let batch = app.wait(&batch).await;
    assert_eq!(batch["errors"][0]["code"], "line_too_long");
    assert_eq!(batch["errors"][0]["line"], 2);
    assert_eq!(
        batch["request_counts"],
        json!({"total": 2, "completed": 2, "failed": 0})
    );
}
