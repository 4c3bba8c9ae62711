//! How batches live: statuses over time, cancelling, retention, repeatability, the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use emulator::{
    Answered, Answerer, ChatRequest, Emulator, EmulatorConfig, LogRecord, LogTarget, Scenario,
    SchemaAnswerer, SharedLog,
};
use serde_json::{Value, json};

use crate::common::{App, LARGE, SMALL, body, file, line, text};

#[tokio::test(start_paused = true)]
async fn statuses_follow_the_clock() {
    let app = App::toml(
        "timing = { validating_ms = 10000, in_progress_ms = 100000, finalizing_ms = 10000 }",
    );
    let file_id = app.upload(&file(LARGE, 100)).await;
    let path = format!("/batches/{}", app.create(&file_id).await);
    let mut seen: Vec<(String, u64)> = Vec::new();
    // Looks between the seconds at which things happen.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..130 {
        let batch = app.get(&path).await;
        let status = text(&batch["status"]);
        let counts = &batch["request_counts"];
        if status == "in_progress" {
            assert_eq!(counts["total"], 100);
            assert!(batch["in_progress_at"].is_u64() && batch["output_file_id"].is_null());
        }
        let completed = counts["completed"].as_u64().expect("a count");
        assert!(seen.last().is_none_or(|(_, before)| *before <= completed));
        seen.push((status, completed));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let lasted = |status: &str| seen.iter().filter(|(seen, _)| seen == status).count();
    assert_eq!(
        (
            lasted("validating"),
            lasted("in_progress"),
            lasted("finalizing")
        ),
        (10, 100, 10)
    );
    assert_eq!(lasted("completed"), 10);
    let halfway = seen[60].1;
    assert!((45..=55).contains(&halfway), "{halfway}");
}

#[tokio::test(start_paused = true)]
async fn cancelling_keeps_what_is_done() {
    let app = App::toml("timing.in_progress_ms = 100000\ntiming.cancelling_ms = 5000");
    let file_id = app.upload(&file(LARGE, 100)).await;
    let id = app.create(&file_id).await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    let (status, batch) = app
        .call(Method::POST, &format!("/batches/{id}/cancel"), None)
        .await;
    assert_eq!(
        (status, &batch["status"]),
        (StatusCode::OK, &json!("cancelling"))
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        app.get(&format!("/batches/{id}")).await["status"],
        "cancelling"
    );
    let (status, _) = app
        .call(Method::POST, &format!("/batches/{id}/cancel"), None)
        .await;
    assert_eq!(status, StatusCode::OK, "cancelling twice is no error");
    let batch = app.wait(&id).await;
    assert_eq!(batch["status"], "cancelled");
    let done = app.lines(&batch["output_file_id"]).await;
    let not_done = app.lines(&batch["error_file_id"]).await;
    assert!((40..=60).contains(&done.len()), "{}", done.len());
    let ids: BTreeSet<String> = done
        .iter()
        .chain(&not_done)
        .map(|line| text(&line["custom_id"]))
        .collect();
    assert_eq!((ids.len(), done.len() + not_done.len()), (100, 100));
    assert_eq!(
        app.log.records().len(),
        done.len(),
        "only what was answered is billed"
    );
    let (status, _) = app
        .call(Method::POST, &format!("/batches/{id}/cancel"), None)
        .await;
    assert_eq!(
        status,
        StatusCode::BAD_REQUEST,
        "an ended batch cannot be cancelled"
    );

    let early = app.create(&file_id).await;
    app.call(Method::POST, &format!("/batches/{early}/cancel"), None)
        .await;
    let batch = app.wait(&early).await;
    assert_eq!(batch["status"], "cancelled");
    assert!(batch["output_file_id"].is_null() && batch["error_file_id"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_window_that_ends_expires_the_batch() {
    // 400 requests at 30 minutes each do not fit into 24 hours.
    let app = App::toml("timing.per_request_us = 1800000000");
    let batch = app.run(&file(LARGE, 400)).await;
    assert_eq!(batch["status"], "expired");
    let done = app.lines(&batch["output_file_id"]).await.len();
    assert_eq!(done + app.lines(&batch["error_file_id"]).await.len(), 400);
    assert!((20..=48).contains(&done), "{done}");
}

#[tokio::test(start_paused = true)]
async fn files_are_gone_after_thirty_days() {
    let app = App::toml("");
    let batch = app.run(&file(LARGE, 1)).await;
    let path = format!("/files/{}/content", text(&batch["output_file_id"]));
    tokio::time::sleep(Duration::from_hours(29 * 24)).await;
    assert_eq!(app.call(Method::GET, &path, None).await.0, StatusCode::OK);
    tokio::time::sleep(Duration::from_hours(2 * 24)).await;
    assert_eq!(
        app.call(Method::GET, &path, None).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(app.get("/files").await["data"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_another_order_and_fit_their_questions() {
    let app = App::seeded(Scenario::default(), 0, Arc::new(Echo));
    let content: Vec<String> = (0..200)
        .map(|number| {
            let mut request = body(LARGE, &format!("say {number}"));
            request["response_format"] = Value::Null;
            line(&format!("pr-{number}"), &request)
        })
        .collect();
    let batch = app.run(&content.join("\n")).await;
    let lines = app.lines(&batch["output_file_id"]).await;
    let mut ids = Vec::new();
    for line in &lines {
        let id = text(&line["custom_id"]);
        let said = &line["response"]["body"]["choices"][0]["message"]["content"];
        assert_eq!(said, &json!(format!("say {}", &id[3..])));
        ids.push(id);
    }
    let sent: Vec<String> = (0..200).map(|number| format!("pr-{number}")).collect();
    assert_ne!(ids, sent);
    assert_eq!(
        ids.into_iter().collect::<BTreeSet<_>>(),
        sent.into_iter().collect()
    );
}

/// Says again what it was told last.
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

#[tokio::test(start_paused = true)]
async fn side_by_side_or_not_the_same_seed_gives_the_same_faults() {
    let failing = async |at_once: bool, seed: u64| {
        let app = App::seeded(Scenario::default(), seed, Arc::new(SchemaAnswerer));
        let mut batches = Vec::new();
        for requests in [40, 30, 50] {
            let file_id = app.upload(&file(SMALL, requests)).await;
            let id = app.create(&file_id).await;
            if !at_once {
                app.wait(&id).await;
            }
            batches.push(id);
        }
        let mut failed = Vec::new();
        for (number, id) in batches.iter().enumerate() {
            let batch = app.wait(id).await;
            let mut lines: Vec<(usize, String)> = Vec::new();
            for line in app.lines(&batch["error_file_id"]).await {
                lines.push((
                    number,
                    format!("{} {}", line["custom_id"], line["response"]["body"]),
                ));
            }
            lines.sort();
            failed.extend(lines);
        }
        failed
    };
    let expect = failing(false, 8).await;
    assert_eq!(
        expect.len(),
        5,
        "120 requests have 4 or 5 failures at 4 %: {expect:?}"
    );
    assert_eq!(failing(true, 8).await, expect);
    assert_ne!(failing(false, 9).await, expect);
}

#[tokio::test(start_paused = true)]
async fn the_schema_is_enforced_on_what_the_answerer_says() {
    struct Wrong;
    impl Answerer for Wrong {
        fn answer(&self, request: &ChatRequest) -> Answered {
            match request
                .messages
                .last()
                .map(|message| message.content.as_str())
            {
                Some("prose") => Answered::Text("I think so.".to_owned()),
                Some("refuse") => Answered::Refusal("No.".to_owned()),
                Some("pass") => Answered::NotMine,
                _ => Answered::Text(r#"{"is_assisted": "yes"}"#.to_owned()),
            }
        }
    }
    let app = App::seeded(Scenario::default(), 0, Arc::new(Wrong));
    let content = ["prose", "refuse", "pass", "wrong"].map(|word| line(word, &body(LARGE, word)));
    let batch = app.run(&content.join("\n")).await;
    assert_eq!(
        batch["request_counts"],
        json!({"total": 4, "completed": 2, "failed": 2})
    );
    let errors = app.lines(&batch["error_file_id"]).await;
    let message = |id: &str| {
        let line = errors
            .iter()
            .find(|line| line["custom_id"] == id)
            .expect("a line");
        text(&line["response"]["body"]["error"]["message"])
    };
    assert_eq!(
        message("prose"),
        "Failed to validate JSON. Please adjust your prompt."
    );
    assert_eq!(
        message("wrong"),
        "Generated JSON does not match the expected schema. Please adjust your prompt."
    );
    let mut outcomes = app.outcomes();
    outcomes.sort();
    assert_eq!(outcomes, ["json_mismatch", "json_partial", "ok", "refusal"]);
}

#[tokio::test(start_paused = true)]
async fn an_answerer_that_panics_fails_the_batch_only() {
    struct Panics;
    impl Answerer for Panics {
        fn answer(&self, _: &ChatRequest) -> Answered {
            panic!("an answerer's own mistake")
        }
    }
    let app = App::seeded(Scenario::default(), 0, Arc::new(Panics));
    let batch = app.run(&file(LARGE, 2)).await;
    assert_eq!(
        (&batch["status"], &batch["errors"][0]["code"]),
        (&json!("failed"), &json!("internal_error"))
    );
    let (status, _) = app
        .call(Method::POST, "/chat/completions", Some(body(LARGE, "x")))
        .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(app.get("/models").await["object"], "list");
}

#[tokio::test(start_paused = true)]
async fn the_log_file_holds_what_the_memory_log_holds() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("bill.jsonl");
    let content = file(SMALL, 60);
    let run = async |target: LogTarget| {
        let config = EmulatorConfig {
            log: Some(target),
            start_unix_ms: Some(0),
            ..EmulatorConfig::new(Scenario::default())
        };
        let emulator = Emulator::new(config, Arc::new(SchemaAnswerer)).expect("an emulator");
        let app = App {
            emulator,
            log: SharedLog::default(),
        };
        let batch = app.run(&content).await;
        (text(&batch["id"]), app)
    };
    let (first, app) = run(LogTarget::File(path.clone())).await;
    // Read while the emulator still runs: nothing waits in a buffer.
    let written = std::fs::read_to_string(&path).expect("a log");
    let records: Vec<LogRecord> = written
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    assert_eq!(records.len(), 60);
    let keys: Vec<String> = serde_json::from_str::<serde_json::Map<String, Value>>(
        written.lines().next().expect("a line"),
    )
    .expect("JSON")
    .into_iter()
    .map(|(key, _)| key)
    .collect();
    assert_eq!(
        keys,
        [
            "batch_id",
            "custom_id",
            "model",
            "outcome",
            "prompt_tokens",
            "completion_tokens"
        ]
    );
    assert!(
        records
            .iter()
            .all(|record| record.batch_id.as_deref() == Some(&first) && record.prompt_tokens > 10)
    );
    drop(app);
    let shared = SharedLog::default();
    run(LogTarget::Shared(shared.clone())).await;
    assert_eq!(shared.records().len(), 60);
    run(LogTarget::File(path.clone())).await;
    assert_eq!(
        std::fs::read_to_string(&path)
            .expect("a log")
            .lines()
            .count(),
        120,
        "appended, not truncated"
    );
}

#[tokio::test(start_paused = true)]
async fn an_emulator_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let spool = directory.path().join("spool");
    let config = EmulatorConfig {
        spool: Some(spool.clone()),
        ..EmulatorConfig::new(Scenario::default())
    };
    let emulator = Emulator::new(config, Arc::new(SchemaAnswerer)).expect("an emulator");
    let app = App {
        emulator,
        log: SharedLog::default(),
    };
    let batch = app.run(&file(LARGE, 2)).await;
    let stored = || std::fs::read_dir(&spool).expect("the spool").count();
    assert_eq!(stored(), 2, "input and output");
    for id in [&batch["input_file_id"], &batch["output_file_id"]] {
        app.call(Method::DELETE, &format!("/files/{}", text(id)), None)
            .await;
    }
    assert_eq!(stored(), 0);
}
