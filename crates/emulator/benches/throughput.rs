//! Requests per second through upload, answering and download, and the memory it takes.
//!
//! `cargo bench -p emulator -- [REQUESTS] [BYTES_PER_QUESTION] [exact|estimate]`
//!
//! The emulator is called in-process; bodies stream in both directions, as over a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::response::Response;
use bytes::Bytes;
use emulator::{Answered, Answerer, ChatRequest, Emulator, EmulatorConfig, Scenario};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Requests of one file, which is the provider's limit.
const REQUESTS_PER_FILE: usize = 50_000;

const MODEL: &str = "openai/gpt-oss-120b";

/// Says the same to everybody.
struct Trivial;

impl Answerer for Trivial {
    fn answer(&self, _: &ChatRequest) -> Answered {
        Answered::Text(r#"{"is_assisted":false,"tools":[],"quote":null}"#.to_owned())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let requests: usize = arguments.first().map_or(Ok(100_000), |word| word.parse())?;
    let question_bytes: usize = arguments.get(1).map_or(Ok(500), |word| word.parse())?;
    let tokens = arguments.get(2).map_or("estimate", String::as_str);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(drive(requests, question_bytes, tokens))
}

async fn drive(
    requests: usize,
    question_bytes: usize,
    tokens: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let scenario = Scenario::parse(&format!(
        "tokens = \"{tokens}\"\ntiming = {{ per_request_us = 0 }}"
    ))?;
    let emulator = Emulator::new(EmulatorConfig::new(scenario), Arc::new(Trivial))?;
    let router = emulator.router();
    let sizes: Vec<usize> = (0..requests)
        .step_by(REQUESTS_PER_FILE)
        .map(|first| REQUESTS_PER_FILE.min(requests - first))
        .collect();

    let begun = Instant::now();
    let mut files = Vec::new();
    for size in &sizes {
        files.push(upload(&router, *size, question_bytes).await?);
    }
    let uploaded = begun.elapsed();

    let begun = Instant::now();
    let mut batches = Vec::new();
    for file in &files {
        let body = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
        batches.push(
            call(&router, "POST", "/v1/batches", Body::from(body.to_string())).await?["id"].clone(),
        );
    }
    let mut outputs = Vec::new();
    for batch in &batches {
        loop {
            let found = call(
                &router,
                "GET",
                &format!("/v1/batches/{}", word(batch)),
                Body::empty(),
            )
            .await?;
            if found["status"] == "completed" {
                outputs.push(found["output_file_id"].clone());
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let answered = begun.elapsed();

    let begun = Instant::now();
    let (mut lines, mut bytes) = (0, 0);
    for output in &outputs {
        let request = request(
            "GET",
            &format!("/v1/files/{}/content", word(output)),
            Body::empty(),
        )?;
        let mut pieces = router
            .clone()
            .oneshot(request)
            .await?
            .into_body()
            .into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            bytes += piece.len();
            lines += piece.split(|byte| *byte == b'\n').count() - 1;
        }
    }
    let downloaded = begun.elapsed();
    if lines != requests {
        return Err(format!("{lines} answers to {requests} requests").into());
    }
    let rate = |time: Duration| requests as f64 / time.as_secs_f64();
    println!("{requests} requests, {question_bytes} bytes a question, tokens {tokens}");
    println!("upload    {:>10.0} requests/s", rate(uploaded));
    println!("answer    {:>10.0} requests/s", rate(answered));
    println!(
        "download  {:>10.0} requests/s ({} MB)",
        rate(downloaded),
        bytes / 1_000_000
    );
    println!(
        "together  {:>10.0} requests/s",
        rate(uploaded + answered + downloaded)
    );
    println!(
        "{}",
        peak_memory().unwrap_or_else(|| "peak memory is not known here".to_owned())
    );
    Ok(())
}

async fn upload(
    router: &Router,
    requests: usize,
    question_bytes: usize,
) -> Result<Value, Box<dyn std::error::Error>> {
    let filler = "word ".repeat(question_bytes / 5);
    let head = "--edge\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
                --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n";
    let lines = stream::iter(0..requests).map(move |number| {
        let schema = json!({"type": "object", "additionalProperties": false,
            "required": ["is_assisted", "tools", "quote"],
            "properties": {"is_assisted": {"type": "boolean"}, "quote": {"type": ["string", "null"]},
                "tools": {"type": "array", "items": {"type": "string"}}}});
        let line = json!({"custom_id": format!("pr-{number}"), "method": "POST", "url": "/v1/chat/completions", "body": {
            "model": MODEL, "max_completion_tokens": 2000,
            "messages": [{"role": "user", "content": format!("{filler}{number}")}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": true, "schema": schema}}}});
        format!("{line}\n")
    });
    // Lines are sent in pieces of about the size that sockets deliver.
    let pieces = lines
        .ready_chunks(64)
        .map(|lines| Bytes::from(lines.concat()));
    let form = stream::iter([Bytes::from(head)])
        .chain(pieces)
        .chain(stream::iter([Bytes::from("\r\n--edge--\r\n")]));
    let body = Body::from_stream(form.map(Ok::<Bytes, Infallible>));
    let mut request = request("POST", "/v1/files", body)?;
    request.headers_mut().insert(
        header::CONTENT_TYPE,
        "multipart/form-data; boundary=edge".parse()?,
    );
    let file = document(router.clone().oneshot(request).await?).await?;
    Ok(file["id"].clone())
}

fn request(method: &str, path: &str, body: Body) -> Result<Request<Body>, axum::http::Error> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, "Bearer k")
        .body(body)
}

async fn call(
    router: &Router,
    method: &str,
    path: &str,
    body: Body,
) -> Result<Value, Box<dyn std::error::Error>> {
    document(router.clone().oneshot(request(method, path, body)?).await?).await
}

/// Reads a JSON answer; any status but success is an error.
async fn document(response: Response) -> Result<Value, Box<dyn std::error::Error>> {
    let status = response.status();
    let document = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
    if status.is_success() {
        Ok(document)
    } else {
        Err(format!("{status}: {document}").into())
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Most memory the process has used so far, where the system tells it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(format!(
        "peak memory {}",
        line.trim_start_matches("VmHWM:").trim()
    ))
}
