//! Mistral's batch jobs.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::common::{App, LARGE, SMALL, schema, text};

const KEY: [(&str, &str); 1] = [("authorization", "Bearer key")];

impl App {
    async fn mistral(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        self.call_at(method, &format!("/mistral/v1{path}"), &KEY, body)
            .await
    }

    async fn mistral_upload(&self, content: &str) -> Value {
        let body = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
             --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n\
             {content}\r\n--edge--\r\n"
        );
        let request = Request::post("/mistral/v1/files")
            .header(header::AUTHORIZATION, "Bearer key")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .body(Body::from(body))
            .expect("a request");
        let response = self.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.into_body().collect().await.expect("a body");
        serde_json::from_slice(&bytes.to_bytes()).expect("JSON")
    }

    async fn job(&self, content: &str, model: &str) -> String {
        let file = self.mistral_upload(content).await;
        let (status, job) = self
            .mistral(
                Method::POST,
                "/batch/jobs",
                Some(wanted(&file["id"], model)),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{job}");
        text(&job["id"])
    }

    async fn wait_job(&self, id: &str) -> Value {
        for _ in 0..2000 {
            let (status, job) = self
                .mistral(Method::GET, &format!("/batch/jobs/{id}"), None)
                .await;
            assert_eq!(status, StatusCode::OK, "{job}");
            let running = ["QUEUED", "RUNNING", "CANCELLATION_REQUESTED"];
            if !running.contains(&text(&job["status"]).as_str()) {
                return job;
            }
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        panic!("{id} does not end");
    }
}

fn wanted(file_id: &Value, model: &str) -> Value {
    json!({
        "endpoint": "/v1/chat/completions", "input_files": [file_id], "model": model,
        "metadata": {"run": "7"}, "timeout_hours": 24,
    })
}

fn body(question: &str) -> Value {
    json!({
        "messages": [
            {"role": "system", "content": "Answer in JSON."},
            {"role": "user", "content": question},
        ],
        "max_tokens": 2000,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema()}},
    })
}

fn lines(count: usize) -> String {
    (0..count)
        .map(|number| {
            let line = json!({"custom_id": format!("pr-{number}"), "body": body(&format!("Question {number}?"))});
            format!("{line}\n")
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_documented_objects() {
    let app = App::toml("[[faults]]\nkind = \"server_error\"\ncustom_id = \"pr-1\"");
    let file = app.mistral_upload(&lines(3)).await;
    assert_json_snapshot!("mistral_file", file);
    let (_, created) = app
        .mistral(
            Method::POST,
            "/batch/jobs",
            Some(wanted(&file["id"], LARGE)),
        )
        .await;
    assert_json_snapshot!("job_created", created);
    let ended = app.wait_job(&text(&created["id"])).await;
    assert_json_snapshot!("job_ended", ended);
    let mut answers = app.lines(&ended["output_file"]).await;
    answers.sort_by_key(|line| text(&line["custom_id"]));
    assert_eq!(answers.len(), 2);
    assert_json_snapshot!("job_output_line", answers[0]);
    assert_json_snapshot!("job_error_line", app.lines(&ended["error_file"]).await);
    assert_eq!(app.outcomes(), ["ok", "ok"]);
    let (_, results) = app
        .mistral(
            Method::GET,
            &format!("/files/{}", text(&ended["output_file"])),
            None,
        )
        .await;
    assert_eq!(
        (&results["sample_type"], &results["source"]),
        (&json!("batch_result"), &json!("mistral"))
    );
    // Results are kept for a day.
    tokio::time::sleep(Duration::from_hours(24)).await;
    let path = format!("/files/{}/content", text(&ended["output_file"]));
    let (status, _) = app.mistral(Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn what_a_creation_refuses() {
    let app = App::toml("");
    let file = app.mistral_upload(&lines(1)).await;
    let with = |key: &str, value: Value| {
        let mut request = wanted(&file["id"], LARGE);
        request[key] = value;
        request
    };
    for (request, status) in [
        (with("endpoint", json!("/v1/embeddings")), 422),
        (with("model", json!("mistral-none")), 400),
        (with("model", Value::Null), 422),
        (with("input_files", json!(["none"])), 404),
        (with("input_files", json!([])), 422),
        (with("input_files", json!("x")), 422),
        (with("timeout_hours", json!(0)), 422),
        (with("timeout_hours", json!(169)), 422),
        (with("metadata", json!([])), 422),
        (with("agent_id", json!("a")), 422),
        (with("requests", json!([])), 422),
        (with("completion_window", json!("24h")), 422),
    ] {
        let (found, error) = app
            .mistral(Method::POST, "/batch/jobs", Some(request.clone()))
            .await;
        assert_eq!(found.as_u16(), status, "{request}: {error}");
        match status {
            422 => assert_eq!(error["detail"][0]["loc"][0], "body", "{error}"),
            _ => assert_eq!(error["object"], "error", "{error}"),
        }
    }
    let (status, error) = app.call_at(Method::GET, "/v1/batch/jobs", &[], None).await;
    assert_eq!(
        (status.as_u16(), &error["detail"]),
        (401, &json!("Unauthorized"))
    );
}

/// A line that is none is named in `errors`, or fails the whole job, as the scenario says.
#[tokio::test(start_paused = true)]
async fn bad_lines() {
    let bad = json!({"custom_id": "x", "body": {"model": LARGE, "messages": []}});
    let content = format!("{}{bad}\n{bad}\n", lines(1));
    let app = App::toml("");
    let job = app.wait_job(&app.job(&content, LARGE).await).await;
    assert_eq!(
        (&job["status"], &job["total_requests"]),
        (&json!("SUCCESS"), &json!(1))
    );
    assert_eq!(job["errors"][0]["count"], 2, "{job}");
    let app = App::toml("server.bad_lines = \"fail_batch\"");
    let job = app.wait_job(&app.job(&content, LARGE).await).await;
    assert_eq!(
        (&job["status"], &job["output_file"]),
        (&json!("FAILED"), &Value::Null)
    );
    let app = App::toml("mistral.job_requests = 2");
    let job = app.wait_job(&app.job(&lines(3), LARGE).await).await;
    assert_eq!(job["status"], "FAILED");
}

#[tokio::test(start_paused = true)]
async fn statuses() {
    for (fault, status, succeeded, failed) in [
        ("counters_lie", "SUCCESS", 4, 0),
        ("expires", "TIMEOUT_EXCEEDED", 2, 2),
        ("cancelled", "CANCELLED", 2, 2),
        ("fails_validation", "FAILED", 0, 0),
        ("fails_midway", "FAILED", 2, 0),
        ("all_fail", "SUCCESS", 0, 4),
    ] {
        let app = App::toml(&format!("[[batch_faults]]\nkind = \"{fault}\""));
        let job = app.wait_job(&app.job(&lines(4), LARGE).await).await;
        let told = (
            &job["status"],
            &job["succeeded_requests"],
            &job["failed_requests"],
        );
        let expect = (&json!(status), &json!(succeeded), &json!(failed));
        assert_eq!(told, expect, "{fault}: {job}");
        let completed = job["completed_requests"].as_u64();
        assert_eq!(completed, Some(succeeded + failed), "{fault}");
    }
    let app = App::toml("[timing]\nin_progress_ms = 60_000");
    let id = app.job(&lines(2), LARGE).await;
    let (_, queued) = app
        .mistral(Method::GET, &format!("/batch/jobs/{id}"), None)
        .await;
    assert_eq!(queued["status"], "QUEUED");
    tokio::time::sleep(Duration::from_secs(35)).await;
    let (_, running) = app
        .mistral(Method::GET, &format!("/batch/jobs/{id}"), None)
        .await;
    let counted = (&running["status"], &running["completed_requests"]);
    assert_eq!(counted, (&json!("RUNNING"), &json!(1)));
    let (_, asked) = app
        .mistral(Method::POST, &format!("/batch/jobs/{id}/cancel"), None)
        .await;
    assert_eq!(asked["status"], "CANCELLATION_REQUESTED");
    assert_eq!(app.wait_job(&id).await["status"], "CANCELLED");
}

/// Mistral has no error about JSON that cannot be written.
#[tokio::test(start_paused = true)]
async fn spoiled_answers() {
    for (fault, finish_reason, outcome) in [
        ("json_empty", "length", "truncated"),
        ("json_partial", "stop", "broken_json"),
        ("json_mismatch", "stop", "schema_mismatch"),
        ("refusal", "stop", "refusal"),
        ("content_filter", "error", "content_filter"),
    ] {
        let app = App::toml(&format!("[[faults]]\nkind = \"{fault}\""));
        let mut request = body("Why?");
        request["model"] = json!(SMALL);
        let (status, answer) = app
            .mistral(Method::POST, "/chat/completions", Some(request))
            .await;
        assert_eq!(status, StatusCode::OK, "{fault}: {answer}");
        let choice = &answer["choices"][0];
        assert_eq!(choice["finish_reason"], finish_reason, "{fault}: {answer}");
        assert_eq!(app.outcomes(), [outcome], "{fault}");
    }
    let app = App::toml("");
    for (key, value) in [
        ("max_completion_tokens", json!(5)),
        ("temperature", json!(1.9)),
        (
            "messages",
            json!([{"role": "developer", "content": "x"}, {"role": "user", "content": "x"}]),
        ),
        ("messages", json!([{"role": "assistant", "content": "x"}])),
        ("response_format", json!({"type": "xml"})),
        ("response_format", json!({"type": "json_schema"})),
    ] {
        let mut request = body("Why?");
        request["model"] = json!(SMALL);
        request[key] = value.clone();
        let (status, error) = app
            .mistral(Method::POST, "/chat/completions", Some(request))
            .await;
        assert_eq!(status.as_u16(), 422, "{key} {value}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_are_listed() {
    let app = App::toml("");
    let mut ids = Vec::new();
    for model in [LARGE, SMALL, LARGE] {
        ids.push(app.job(&lines(1), model).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for (query, expect) in [
        ("", vec![2, 1, 0]),
        ("?page=0&page_size=2", vec![2, 1]),
        ("?page=1&page_size=2", vec![0]),
        ("?order_by=created", vec![0, 1, 2]),
        ("?status=SUCCESS&status=FAILED", vec![2, 1, 0]),
        ("?status=QUEUED", vec![]),
        ("?model=openai/gpt-oss-20b", vec![1]),
    ] {
        let (_, listed) = app
            .mistral(Method::GET, &format!("/batch/jobs{query}"), None)
            .await;
        let found: Vec<&str> = listed["data"]
            .as_array()
            .expect("jobs")
            .iter()
            .filter_map(|job| job["id"].as_str())
            .collect();
        let expect: Vec<&str> = expect
            .into_iter()
            .map(|at: usize| ids[at].as_str())
            .collect();
        assert_eq!(found, expect, "{query}");
    }
    let (_, groq) = app.call(Method::GET, "/batches", None).await;
    assert_eq!(groq["data"], json!([]), "jobs are no batches");
}
