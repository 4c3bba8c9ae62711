//! An emulator called in-process, on a paused clock.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use emulator::{
    Answerer, Emulator, EmulatorConfig, LogRecord, LogTarget, Scenario, SchemaAnswerer, SharedLog,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// 2026-11-23T12:00:00Z, so that ids and times in snapshots are the same in every run.
pub(crate) const START_UNIX_MS: u64 = 1_795_435_200_000;

pub(crate) const SMALL: &str = "openai/gpt-oss-20b";
pub(crate) const LARGE: &str = "openai/gpt-oss-120b";
pub(crate) const LLAMA: &str = "llama-3.3-70b-versatile";

pub(crate) struct App {
    pub(crate) emulator: Emulator,
    pub(crate) log: SharedLog,
}

impl App {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self::seeded(scenario, 0, Arc::new(SchemaAnswerer))
    }

    /// An emulator with a scenario in TOML.
    pub(crate) fn toml(text: &str) -> Self {
        Self::new(Scenario::parse(text).expect("a valid scenario"))
    }

    pub(crate) fn seeded(scenario: Scenario, seed: u64, answerer: Arc<dyn Answerer>) -> Self {
        let log = SharedLog::default();
        let config = EmulatorConfig {
            seed,
            log: Some(LogTarget::Shared(log.clone())),
            start_unix_ms: Some(START_UNIX_MS),
            ..EmulatorConfig::new(scenario)
        };
        Self {
            emulator: Emulator::new(config, answerer).expect("an emulator"),
            log,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.emulator
            .router()
            .oneshot(request)
            .await
            .expect("never fails")
    }

    /// Calls with a key; returns the status and the JSON.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let key = [("authorization", "Bearer key")];
        self.call_at(method, &format!("/openai/v1{path}"), &key, body)
            .await
    }

    /// Calls a path of any API; returns the status and the JSON.
    pub(crate) async fn call_at(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.send(request.body(body).expect("a request")).await;
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let document = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        (status, document)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, document) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {document}");
        document
    }

    /// Uploads under a name and purpose.
    pub(crate) async fn try_upload(
        &self,
        filename: &str,
        purpose: &str,
        content: &str,
    ) -> (StatusCode, Value) {
        let body = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n\
             --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
             content-type: application/octet-stream\r\n\r\n{content}\r\n--edge--\r\n"
        );
        self.form(Body::from(body)).await
    }

    pub(crate) async fn form(&self, body: Body) -> (StatusCode, Value) {
        let request = Request::post("/openai/v1/files")
            .header(header::AUTHORIZATION, "Bearer key")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .body(body)
            .expect("a request");
        let response = self.send(request).await;
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub(crate) async fn upload(&self, content: &str) -> String {
        let (status, file) = self.try_upload("questions.jsonl", "batch", content).await;
        assert_eq!(status, StatusCode::OK, "{file}");
        text(&file["id"])
    }

    pub(crate) async fn create(&self, file_id: &str) -> String {
        let (status, batch) = self
            .call(Method::POST, "/batches", Some(create_body(file_id)))
            .await;
        assert_eq!(status, StatusCode::OK, "{batch}");
        text(&batch["id"])
    }

    /// Uploads, creates and waits for the end; returns the batch.
    pub(crate) async fn run(&self, content: &str) -> Value {
        let file_id = self.upload(content).await;
        let batch_id = self.create(&file_id).await;
        self.wait(&batch_id).await
    }

    /// Polls until the batch has ended.
    pub(crate) async fn wait(&self, batch_id: &str) -> Value {
        let mut pause = Duration::from_millis(25);
        for _ in 0..2000 {
            let batch = self.get(&format!("/batches/{batch_id}")).await;
            let status = text(&batch["status"]).to_lowercase();
            if ["completed", "failed", "expired", "cancelled"].contains(&status.as_str()) {
                return batch;
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f64(1.1).min(Duration::from_mins(10));
        }
        panic!("{batch_id} does not end");
    }

    /// Lines of a result file; none for a file that is not there.
    pub(crate) async fn lines(&self, file_id: &Value) -> Vec<Value> {
        self.text(file_id)
            .await
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| json!(line)))
            .collect()
    }

    pub(crate) async fn text(&self, file_id: &Value) -> String {
        let Some(id) = file_id.as_str().filter(|id| !id.is_empty()) else {
            return String::new();
        };
        let request = Request::get(format!("/v1/files/{id}/content"))
            .header(header::AUTHORIZATION, "Bearer key")
            .body(Body::empty())
            .expect("a request");
        let response = self.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    }

    pub(crate) fn outcomes(&self) -> Vec<String> {
        self.log
            .records()
            .into_iter()
            .map(|record: LogRecord| record.outcome)
            .collect()
    }
}

pub(crate) fn create_body(file_id: &str) -> Value {
    json!({"input_file_id": file_id, "endpoint": "/v1/chat/completions", "completion_window": "24h"})
}

/// A schema that strict mode takes.
pub(crate) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "is_assisted": {"type": "boolean"},
            "tools": {"type": "array", "items": {"type": "string"}},
            "quote": {"type": ["string", "null"]}
        },
        "required": ["is_assisted", "tools", "quote"],
        "additionalProperties": false
    })
}

pub(crate) fn body(model: &str, question: &str) -> Value {
    let format = if model.starts_with("openai/") {
        json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema()}})
    } else {
        json!({"type": "json_object"})
    };
    json!({
        "model": model,
        "messages": [
            {"role": "system", "content": "Answer in JSON."},
            {"role": "user", "content": question},
        ],
        "max_completion_tokens": 2000,
        "response_format": format,
    })
}

pub(crate) fn line(custom_id: &str, body: &Value) -> String {
    json!({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body})
        .to_string()
}

/// A file of so many requests to a model, named `pr-0` and on.
pub(crate) fn file(model: &str, requests: usize) -> String {
    let mut content = String::new();
    for number in 0..requests {
        content.push_str(&line(
            &format!("pr-{number}"),
            &body(model, &format!("Question {number}?")),
        ));
        content.push('\n');
    }
    content
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
        .to_owned()
}
