//! Files go through the emulator without being held in memory.
//!
//! In a process of its own, so that the peak of its memory is that of this test.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use emulator::{Answered, Answerer, ChatRequest, Emulator, EmulatorConfig, Scenario};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const REQUESTS: usize = 1500;
const QUESTION_BYTES: usize = 80_000;

/// Says again what it was told.
struct Echo;

impl Answerer for Echo {
    fn answer(&self, request: &ChatRequest) -> Answered {
        Answered::Text(
            request
                .messages
                .last()
                .map(|message| message.content.clone())
                .unwrap_or_default(),
        )
    }
}

/// Most memory this process has used, in kilobytes.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_megabytes_in_and_out_take_little_memory() {
    let Some(before) = peak_kilobytes() else {
        eprintln!("skipped: this system does not tell the peak of memory");
        return;
    };
    let scenario = Scenario::parse("tokens = \"estimate\"").expect("a scenario");
    let emulator =
        Emulator::new(EmulatorConfig::new(scenario), Arc::new(Echo)).expect("an emulator");
    let send = async |method: &str, path: String, kind: &str, body: Body| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, "Bearer k")
            .header("x-api-key", "k")
            .header("anthropic-version", "2023-06-01")
            .header(header::CONTENT_TYPE, kind)
            .body(body)
            .expect("a request");
        let response = emulator
            .router()
            .oneshot(request)
            .await
            .expect("never fails");
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    };
    let document = async |body: Body| -> Value {
        serde_json::from_slice(&body.collect().await.expect("a body").to_bytes()).expect("JSON")
    };

    let lines = stream::iter(0..REQUESTS).map(|number| {
        let question = format!("{number} {}", "word ".repeat(QUESTION_BYTES / 5));
        let line = json!({"custom_id": format!("pr-{number}"), "method": "POST", "url": "/v1/chat/completions",
            "body": {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": question}]}});
        Bytes::from(format!("{line}\n"))
    });
    let head = "--edge\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
                --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n";
    let form = stream::iter([Bytes::from(head)])
        .chain(lines)
        .chain(stream::iter([Bytes::from("\r\n--edge--\r\n")]));
    let body = Body::from_stream(form.map(Ok::<Bytes, Infallible>));
    let file = document(
        send(
            "POST",
            "/v1/files".to_owned(),
            "multipart/form-data; boundary=edge",
            body,
        )
        .await,
    )
    .await;
    assert!(
        file["bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > (REQUESTS * QUESTION_BYTES) as u64)
    );

    let create = json!({"input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    let created = document(
        send(
            "POST",
            "/v1/batches".to_owned(),
            "application/json",
            Body::from(create.to_string()),
        )
        .await,
    )
    .await;
    let path = format!("/v1/batches/{}", created["id"].as_str().expect("an id"));
    let mut batch = created;
    while batch["status"] != "completed" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        batch = document(send("GET", path.clone(), "", Body::empty()).await).await;
    }
    assert_eq!(batch["request_counts"]["completed"], REQUESTS);

    let path = format!(
        "/v1/files/{}/content",
        batch["output_file_id"].as_str().expect("an id")
    );
    let mut pieces = send("GET", path, "", Body::empty())
        .await
        .into_data_stream();
    let (mut lines, mut bytes) = (0, 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.expect("a piece");
        bytes += piece.len();
        lines += piece.split(|byte| *byte == b'\n').count() - 1;
    }
    assert_eq!(lines, REQUESTS);
    assert!(bytes > REQUESTS * QUESTION_BYTES);

    // The same as one message batch, whose requests all come in one body.
    let requests = stream::iter(0..REQUESTS).map(|number| {
        let question = format!("{number} {}", "word ".repeat(QUESTION_BYTES / 5));
        let params = json!({"model": "openai/gpt-oss-120b", "max_tokens": 30_000,
            "messages": [{"role": "user", "content": question}]});
        let request = json!({"custom_id": format!("pr-{number}"), "params": params});
        let comma = if number == 0 { "" } else { "," };
        Bytes::from(format!("{comma}{request}"))
    });
    let whole = stream::iter([Bytes::from("{\"requests\":[")])
        .chain(requests)
        .chain(stream::iter([Bytes::from("]}")]));
    let body = Body::from_stream(whole.map(Ok::<Bytes, Infallible>));
    let path = "/v1/messages/batches".to_owned();
    let mut batch = document(send("POST", path.clone(), "application/json", body).await).await;
    let path = format!("{path}/{}", batch["id"].as_str().expect("an id"));
    while batch["processing_status"] != "ended" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        batch = document(send("GET", path.clone(), "", Body::empty()).await).await;
    }
    assert_eq!(batch["request_counts"]["succeeded"], REQUESTS);
    let mut pieces = send("GET", format!("{path}/results"), "", Body::empty())
        .await
        .into_data_stream();
    let mut lines = 0;
    while let Some(piece) = pieces.next().await {
        lines += piece.expect("a piece").split(|byte| *byte == b'\n').count() - 1;
    }
    assert_eq!(lines, REQUESTS);

    let grown = peak_kilobytes().expect("known before") - before;
    assert!(
        grown < 40_000,
        "{grown} kB more for {} MB in and as much out",
        bytes / 1_000_000
    );
}
