//! The documented objects, key by key.

use crate::common::{App, LARGE, LLAMA, SMALL, body, create_body, file, line, text};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use insta::assert_json_snapshot;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn files_batches_and_lines() {
    let app = App::toml(&format!(
        "[[faults]]\nkind = \"json_empty\"\ncustom_id = \"pr-1\"\nmodel = \"{LARGE}\""
    ));
    let mut content = file(LARGE, 3);
    content.push_str(&line("pr-4", &body(LARGE, "x")).replace("\"POST\"", "\"GET\""));
    let (_, uploaded) = app.try_upload("input_file.jsonl", "batch", &content).await;
    assert_json_snapshot!("file", uploaded);

    let mut request = create_body(&text(&uploaded["id"]));
    request["metadata"] = json!({"run": "7"});
    request["completion_window"] = json!("7d");
    let (_, created) = app.call(Method::POST, "/batches", Some(request)).await;
    assert_json_snapshot!("batch_created", created);

    let completed = app.wait(&text(&created["id"])).await;
    assert_json_snapshot!("batch_completed", completed);

    let mut answers = app.lines(&completed["output_file_id"]).await;
    answers.sort_by_key(|line| text(&line["custom_id"]));
    assert_json_snapshot!("output_line", answers[0]);
    assert_eq!(answers.len(), 2);
    let errors = app.lines(&completed["error_file_id"]).await;
    assert_json_snapshot!("error_line", errors);
    assert_json_snapshot!("log", app.log.records());

    assert_json_snapshot!("file_list", app.get("/files").await);
    let deleted = app
        .call(
            Method::DELETE,
            &format!("/files/{}", text(&uploaded["id"])),
            None,
        )
        .await;
    assert_json_snapshot!("file_deleted", deleted.1);
    let missing = app
        .call(
            Method::GET,
            &format!("/files/{}", text(&uploaded["id"])),
            None,
        )
        .await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
    assert_json_snapshot!("file_missing", missing.1);
}

#[tokio::test(start_paused = true)]
async fn chat_completion_and_models() {
    let app = App::toml("server.serve_retired = true");
    let (status, answer) = app
        .call(Method::POST, "/chat/completions", Some(body(LARGE, "Why?")))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_json_snapshot!("chat_completion", answer);
    let (_, answer) = app
        .call(Method::POST, "/chat/completions", Some(body(LLAMA, "Why?")))
        .await;
    assert_json_snapshot!("chat_completion_without_reasoning", answer);
    assert_json_snapshot!("model", app.get(&format!("/models/{SMALL}")).await);
    assert_eq!(
        app.get("/models").await["data"].as_array().map(Vec::len),
        Some(6)
    );

    let strict = App::toml("");
    let listed = strict.get("/models").await;
    let ids: Vec<String> = listed["data"]
        .as_array()
        .expect("models")
        .iter()
        .map(|model| text(&model["id"]))
        .collect();
    assert_json_snapshot!("models_listed", ids);
    let (status, error) = strict
        .call(Method::POST, "/chat/completions", Some(body(LLAMA, "Why?")))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_json_snapshot!("model_not_found", error);
    assert_eq!(
        strict
            .call(Method::GET, &format!("/models/{LLAMA}"), None)
            .await
            .0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(start_paused = true)]
async fn every_response_says_that_it_is_an_emulators() {
    let app = App::toml("");
    for (path, key, expect) in [
        ("/openai/v1/models", Some("Bearer k"), StatusCode::OK),
        ("/v1/models", Some("Bearer k"), StatusCode::OK),
        ("/v1/models", None, StatusCode::UNAUTHORIZED),
        ("/v1/models", Some("Bearer "), StatusCode::UNAUTHORIZED),
        ("/v1/nothing", Some("Bearer k"), StatusCode::NOT_FOUND),
        ("/", None, StatusCode::OK),
    ] {
        let mut request = Request::get(path);
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, key);
        }
        let response = app
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(response.status(), expect, "{path}");
        assert!(
            response.headers().contains_key(emulator::EMULATOR_HEADER),
            "{path}"
        );
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let shown = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(
            shown.contains("emulat") || expect == StatusCode::UNAUTHORIZED,
            "{shown}"
        );
    }
    let banner = app
        .emulator
        .banner("127.0.0.1:8790".parse().expect("an address"));
    assert!(
        banner.contains("emulator") && banner.contains("http://127.0.0.1:8790/openai/v1"),
        "{banner}"
    );
    assert!(
        banner.contains("openai/gpt-oss-20b (4.0 % fail)"),
        "{banner}"
    );
    assert!(!banner.contains(LLAMA));
}

#[tokio::test(start_paused = true)]
async fn only_the_named_key_is_accepted() {
    let app = App::toml("server.api_key = \"secret\"");
    let (status, error) = app.call(Method::GET, "/models", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_json_snapshot!(error, @r#"
    {
      "error": {
        "message": "Invalid API Key",
        "type": "invalid_request_error",
        "code": "invalid_api_key"
      }
    }
    "#);
    let request = Request::get("/v1/models").header(header::AUTHORIZATION, "Bearer secret");
    let response = app
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(response.status(), StatusCode::OK);
}
