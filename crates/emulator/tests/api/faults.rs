//! What goes wrong, looks as documented.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use emulator::{ConnectionDropped, Fault};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::common::{App, LARGE, body, create_body, file, line, schema, text};

/// Everything that one fault of a request leaves behind.
struct Seen {
    output: Vec<Value>,
    errors: Vec<Value>,
    completed: u64,
    outcomes: Vec<String>,
}

/// Runs two requests of which the first has the fault.
async fn with_fault(kind: Fault) -> Seen {
    let app = App::toml(&format!(
        "[[faults]]\nkind = \"{}\"\ncustom_id = \"pr-0\"",
        kind.name()
    ));
    let batch = app.run(&file(LARGE, 2)).await;
    assert_eq!(batch["status"], "completed", "{kind:?}");
    assert_eq!(batch["request_counts"]["total"], 2);
    let outcomes = app
        .log
        .records()
        .into_iter()
        .filter(|record| record.custom_id.as_deref() == Some("pr-0"));
    let is_other = |line: &Value| line["custom_id"] == "pr-1";
    let output = app.lines(&batch["output_file_id"]).await;
    assert_eq!(
        output.iter().filter(|line| is_other(line)).count(),
        1,
        "{kind:?} leaves the other request alone"
    );
    Seen {
        outcomes: outcomes.map(|record| record.outcome).collect(),
        output: output.into_iter().filter(|line| !is_other(line)).collect(),
        errors: app.lines(&batch["error_file_id"]).await,
        completed: batch["request_counts"]["completed"]
            .as_u64()
            .expect("a count"),
    }
}

fn parses(content: &Value) -> bool {
    content
        .as_str()
        .is_some_and(|content| serde_json::from_str::<Value>(content).is_ok())
}

fn valid(content: &Value) -> bool {
    let document = content
        .as_str()
        .and_then(|content| serde_json::from_str::<Value>(content).ok());
    document.is_some_and(|document| jsonschema::is_valid(&schema(), &document))
}

#[tokio::test(start_paused = true)]
async fn error_lines_are_as_documented() {
    let mut table = Vec::new();
    for kind in Fault::ALL {
        let seen = with_fault(*kind).await;
        for mut line in seen.errors {
            assert!(seen.output.is_empty(), "{kind:?}");
            line["id"] = json!("batch_req_out_");
            if let Some(failed) = line.pointer_mut("/response/body/error/failed_generation") {
                let text = text(failed);
                if text.starts_with('{') {
                    *failed = json!(if parses(failed) {
                        "(a document)"
                    } else {
                        "(part of a document)"
                    });
                }
            }
            table.push(json!({"fault": kind.name(), "billed": seen.outcomes, "line": line}));
        }
    }
    insta::assert_json_snapshot!(table);
}

#[tokio::test(start_paused = true)]
async fn spoiled_answers() {
    for (kind, finish, check) in [
        (
            Fault::Truncated,
            "length",
            (|content| !parses(content)) as fn(&Value) -> bool,
        ),
        (Fault::TruncatedParseable, "length", valid),
        (Fault::Prose, "stop", |content| {
            !parses(content) && content.as_str().is_some_and(|text| text.contains('{'))
        }),
        (Fault::Fenced, "stop", |content| {
            content
                .as_str()
                .is_some_and(|text| text.starts_with("```json\n{"))
        }),
        (Fault::TrailingComma, "stop", |content| {
            content.as_str().is_some_and(|text| text.ends_with(",}"))
        }),
        (Fault::BrokenJson, "stop", |content| !parses(content)),
        (Fault::SchemaMismatch, "stop", |content| {
            parses(content) && !valid(content)
        }),
        (Fault::EmptyObject, "stop", |content| content == "{}"),
        (Fault::NullValues, "stop", |content| {
            parses(content)
                && content
                    .as_str()
                    .is_some_and(|text| text.contains("\"tools\":null"))
        }),
        (Fault::Refusal, "stop", Value::is_null),
        (Fault::ContentFilter, "content_filter", |content| {
            content == ""
        }),
        (Fault::EmptyContent, "stop", |content| content == ""),
        (Fault::NullContent, "stop", Value::is_null),
    ] {
        let seen = with_fault(kind).await;
        assert_eq!(seen.output.len(), 1, "{kind:?}");
        let choice = &seen.output[0]["response"]["body"]["choices"][0];
        assert_eq!(choice["finish_reason"], finish, "{kind:?}");
        assert!(check(&choice["message"]["content"]), "{kind:?}: {choice}");
        assert_eq!(
            choice["message"].get("refusal").is_some(),
            kind == Fault::Refusal
        );
        assert_eq!(seen.outcomes, [kind.name()]);
        assert_eq!(seen.completed, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn spoiled_lines() {
    let missing = with_fault(Fault::Missing).await;
    assert!(missing.output.is_empty() && missing.errors.is_empty());
    assert_eq!(
        (missing.completed, missing.outcomes),
        (2, vec!["missing".to_owned()])
    );

    let duplicated = with_fault(Fault::Duplicated).await;
    assert_eq!(duplicated.output.len(), 2);
    assert_eq!(duplicated.output[0], duplicated.output[1]);
    assert_eq!(duplicated.outcomes, ["ok", "duplicate"]);

    let conflicting = with_fault(Fault::Conflicting).await;
    assert_eq!(
        conflicting.output[0]["custom_id"],
        conflicting.output[1]["custom_id"]
    );
    assert_ne!(
        conflicting.output[0]["response"],
        conflicting.output[1]["response"]
    );
    assert_eq!(conflicting.outcomes, ["ok", "duplicate"]);

    let foreign = with_fault(Fault::Foreign).await;
    assert_eq!(foreign.output[0]["custom_id"], "pr-0");
    assert!(text(&foreign.output[1]["custom_id"]).starts_with("foreign-"));
    assert_eq!(foreign.outcomes, ["ok"]);

    let null_id = with_fault(Fault::NullId).await;
    assert_eq!(null_id.output[0]["custom_id"], Value::Null);

    let string = with_fault(Fault::BodyString).await;
    let inner: Value =
        serde_json::from_str(&text(&string.output[0]["response"]["body"])).expect("JSON");
    assert!(valid(&inner["choices"][0]["message"]["content"]));
    assert_eq!(string.outcomes, ["ok"]);

    assert!(with_fault(Fault::BodyList).await.output[0]["response"]["body"].is_array());
    assert!(with_fault(Fault::BodyNumber).await.output[0]["response"]["body"].is_number());
    assert!(with_fault(Fault::Garbage).await.output[0].is_string());
    assert_eq!(with_fault(Fault::BlankLine).await.output.len(), 1);
    assert_eq!(with_fault(Fault::StatusZero).await.completed, 2);
    assert_eq!(with_fault(Fault::ServerError).await.completed, 1);
}

/// Runs ten requests in a batch with a fault; returns the batch and the app.
async fn with_batch_fault(rule: &str) -> (App, Value) {
    let app = App::toml(&format!("[[batch_faults]]\n{rule}"));
    let batch = app.run(&file(LARGE, 10)).await;
    (app, batch)
}

#[tokio::test(start_paused = true)]
async fn batches_that_end_badly() {
    for (rule, status, output, errors, code) in [
        (
            "kind = \"fails_validation\"",
            "failed",
            0,
            0,
            Some("invalid_file"),
        ),
        (
            "kind = \"token_limit\"",
            "failed",
            0,
            0,
            Some("token_limit_exceeded"),
        ),
        (
            "kind = \"fails_midway\"",
            "failed",
            5,
            0,
            Some("internal_error"),
        ),
        ("kind = \"expires\"\ndone = 0.3", "expired", 3, 7, None),
        ("kind = \"expires\"\ndone = 0.0", "expired", 0, 10, None),
        ("kind = \"expires_without_files\"", "expired", 0, 0, None),
        ("kind = \"cancelled\"", "cancelled", 5, 5, None),
        ("kind = \"all_fail\"", "completed", 0, 10, None),
        ("kind = \"no_files\"", "completed", 0, 0, None),
        ("kind = \"stalls\"\ndone = 0.2", "expired", 2, 8, None),
        ("kind = \"never_starts\"", "expired", 0, 0, None),
        ("kind = \"counters_lie\"", "completed", 10, 0, None),
    ] {
        let (app, batch) = with_batch_fault(rule).await;
        assert_eq!(batch["status"], status, "{rule}");
        assert!(batch[format!("{status}_at")].is_u64(), "{rule}: {batch}");
        let (found_output, found_errors) = (
            app.lines(&batch["output_file_id"]).await,
            app.lines(&batch["error_file_id"]).await,
        );
        assert_eq!(
            (found_output.len(), found_errors.len()),
            (output, errors),
            "{rule}"
        );
        assert_eq!(batch["output_file_id"].is_null(), output == 0, "{rule}");
        assert_eq!(batch["errors"][0]["code"].as_str(), code, "{rule}");
        if status == "expired" {
            assert!(
                found_errors
                    .iter()
                    .all(|line| line["error"]["code"] == "batch_expired"
                        && line["response"].is_null())
            );
        }
        if rule.contains("stalls") || rule.contains("never_starts") {
            let waited = batch["expired_at"]
                .as_u64()
                .zip(batch["created_at"].as_u64());
            assert!(
                waited.is_some_and(|(expired, created)| expired - created >= 86_400),
                "{rule}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_batch_can_leave_no_lines_for_what_it_did_not_reach() {
    let app = App::toml("server.unreached_lines = false\n[[batch_faults]]\nkind = \"expires\"");
    let batch = app.run(&file(LARGE, 10)).await;
    assert_eq!(batch["status"], "expired");
    assert_eq!(app.lines(&batch["output_file_id"]).await.len(), 5);
    assert_eq!(batch["error_file_id"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn batches_that_cannot_be_seen() {
    for (kind, late) in [
        ("vanishes", false),
        ("bare_error", false),
        ("appears_late", true),
    ] {
        let app = App::toml(&format!(
            "[[batch_faults]]\nkind = \"{kind}\"\ndelay_ms = 2000"
        ));
        let file_id = app.upload(&file(LARGE, 10)).await;
        let path = format!("/batches/{}", app.create(&file_id).await);
        let (early, _) = app.call(Method::GET, &path, None).await;
        assert_eq!(
            early,
            if late {
                StatusCode::NOT_FOUND
            } else {
                StatusCode::OK
            }
        );
        tokio::time::sleep(Duration::from_secs(10)).await;
        let (status, document) = app.call(Method::GET, &path, None).await;
        match kind {
            "vanishes" => assert_eq!(status, StatusCode::NOT_FOUND),
            "bare_error" => {
                assert_eq!(status, StatusCode::OK);
                assert!(document["error"]["message"].is_string() && document.get("id").is_none());
            }
            _ => assert_eq!(document["status"], "completed"),
        }
        let listed = app.get("/batches").await["data"].as_array().map(Vec::len);
        assert_eq!(listed, Some(usize::from(late)), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn files_can_be_gone() {
    let (app, batch) = with_batch_fault("kind = \"files_gone\"").await;
    let id = text(&batch["output_file_id"]);
    let (status, _) = app
        .call(Method::GET, &format!("/files/{id}/content"), None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn habits_of_other_servers() {
    let app = App::toml(
        "[server]\nupper_case_status = true\nempty_error_file_id = true\nerrors_shape = \"object\"\nbad_lines = \"fail_batch\"\nlisting = \"after\"\npage_size = 1",
    );
    let batch = app.run(&file(LARGE, 1)).await;
    assert_eq!(batch["status"], "COMPLETED");
    assert_eq!(batch["error_file_id"], "");
    let failed = app
        .run(&format!("{}\nnonsense", line("a", &body(LARGE, "x"))))
        .await;
    assert_eq!(failed["status"], "FAILED");
    assert_eq!(failed["errors"]["data"][0]["code"], "invalid_json_line");
    assert_eq!(failed["errors"]["data"][0]["line"], 2);
    let first = app.get("/batches").await;
    assert_eq!(
        (&first["has_more"], &first["data"][0]["id"]),
        (&json!(true), &failed["id"])
    );
    let second = app
        .get(&format!("/batches?after={}", text(&first["last_id"])))
        .await;
    assert_eq!(
        (&second["has_more"], &second["data"][0]["id"]),
        (&json!(false), &batch["id"])
    );
}

async fn raw(
    app: &App,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> axum::response::Response {
    let request = Request::builder()
        .method(method)
        .uri(format!("/v1{path}"))
        .header(header::AUTHORIZATION, "Bearer key")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .expect("a request");
    app.send(request).await
}

#[tokio::test(start_paused = true)]
async fn faults_of_calls() {
    let app = App::toml(
        r#"
        [[http_faults]]
        kind = "rate_limited"
        call = "models"
        calls = [1]
        retry_after_seconds = 7
        [[http_faults]]
        kind = "server_error"
        status = 503
        call = "models"
        calls = [1]
        [[http_faults]]
        kind = "dropped"
        call = "create"
        calls = [1]
        [[http_faults]]
        kind = "response_lost"
        call = "create"
        calls = [1]
        [[http_faults]]
        kind = "slow"
        call = "list"
        delay_ms = 3000
        [[http_faults]]
        kind = "body_cut"
        call = "content"
        calls = [1]
        "#,
    );
    let limited = raw(&app, Method::GET, "/models", None).await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.headers()[header::RETRY_AFTER], "7");
    assert_eq!(
        raw(&app, Method::GET, "/models", None).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        raw(&app, Method::GET, "/models", None).await.status(),
        StatusCode::OK
    );

    let content = file(LARGE, 3);
    let file_id = app.upload(&content).await;
    let batches = async || {
        app.get("/batches").await["data"]
            .as_array()
            .map_or(0, Vec::len)
    };
    let dropped = raw(&app, Method::POST, "/batches", Some(create_body(&file_id))).await;
    assert!(dropped.extensions().get::<ConnectionDropped>().is_some());
    assert_eq!(batches().await, 0, "a dropped call does nothing");
    let lost = raw(&app, Method::POST, "/batches", Some(create_body(&file_id))).await;
    assert!(lost.extensions().get::<ConnectionDropped>().is_some());
    let begun = tokio::time::Instant::now();
    assert_eq!(
        batches().await,
        1,
        "a lost response hides a batch that exists"
    );
    assert_eq!(begun.elapsed(), Duration::from_secs(3));

    let cut = raw(
        &app,
        Method::GET,
        &format!("/files/{file_id}/content"),
        None,
    )
    .await;
    assert_eq!(
        cut.headers()[header::CONTENT_LENGTH],
        content.len().to_string()
    );
    assert!(cut.into_body().collect().await.is_err());
    assert_eq!(app.text(&json!(file_id)).await, content);
}

#[tokio::test(start_paused = true)]
async fn a_fault_can_be_bound_to_a_batch() {
    let app = App::toml("[[faults]]\nkind = \"server_error\"\nbatches = [1]\nrate = 0.5");
    let first = app.run(&file(LARGE, 10)).await;
    let second = app.run(&file(LARGE, 10)).await;
    assert_eq!(first["request_counts"]["failed"], 5);
    assert_eq!(second["request_counts"]["failed"], 0);
    assert_eq!(
        app.outcomes().len(),
        15,
        "what a server error hit is not billed"
    );
}

#[tokio::test(start_paused = true)]
async fn enqueued_tokens_are_limited() {
    let content = file(LARGE, 10);
    let small = content.len() as u64 / 4;
    let app = App::toml(&format!(
        "limits.enqueued_tokens = {small}\ntiming.in_progress_ms = 1000"
    ));
    let file_id = app.upload(&content).await;
    let (first, second) = (app.create(&file_id).await, app.create(&file_id).await);
    assert_eq!(app.wait(&first).await["status"], "completed");
    let refused = app.wait(&second).await;
    assert_eq!(
        (&refused["status"], &refused["errors"][0]["code"]),
        (&json!("failed"), &json!("token_limit_exceeded"))
    );
    assert_eq!(
        app.run(&content).await["status"],
        "completed",
        "a batch that has ended does not count"
    );
}
