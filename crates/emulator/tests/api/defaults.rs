//! The defaults reproduce the published figures.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::{App, LARGE, LLAMA, SMALL, body, file, text};
use axum::http::{Method, StatusCode};
use emulator::{Scenario, SchemaAnswerer};
use serde_json::Value;

fn scenario() -> Scenario {
    Scenario::parse("server.serve_retired = true\ntiming.chat_scale = 0.0").expect("valid")
}

#[tokio::test(start_paused = true)]
async fn of_25_requests_20b_fails_one_and_the_others_none() {
    for seed in 0..5 {
        let app = App::seeded(scenario(), seed, Arc::new(SchemaAnswerer));
        // A start in the middle of 25 changes nothing.
        app.run(&file(SMALL, 7)).await;
        for (model, failed) in [(SMALL, 1), (LARGE, 0), (LLAMA, 0)] {
            let batch = app.run(&file(model, 25)).await;
            assert_eq!(
                batch["request_counts"]["failed"], failed,
                "{model} with seed {seed}"
            );
            assert_eq!(batch["request_counts"]["completed"], 25 - failed);
            assert_eq!(app.lines(&batch["output_file_id"]).await.len(), 25 - failed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_divide_as_published() {
    let setting = format!("models.\"{SMALL}\".failure_rate = 1.0");
    let scenario = Scenario::parse(&setting).expect("valid");
    let app = App::seeded(scenario, 11, Arc::new(SchemaAnswerer));
    let batch = app.run(&file(SMALL, 1000)).await;
    assert_eq!(batch["request_counts"]["failed"], 1000);
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    let mut empty = 0;
    for line in app.lines(&batch["error_file_id"]).await {
        assert_eq!(line["response"]["status_code"], 400);
        assert!(line.get("error").is_none());
        let error = &line["response"]["body"]["error"];
        assert_eq!(error["code"], "json_validate_failed");
        let failed = text(&error["failed_generation"]);
        let budget = failed.contains("max completion tokens");
        empty += u32::from(failed.is_empty());
        *kinds
            .entry(if budget { "max tokens" } else { "JSON" }.to_owned())
            .or_default() += 1;
    }
    assert_eq!(kinds["JSON"], 935);
    assert_eq!(kinds["max tokens"], 65);
    assert_eq!(empty, 850);
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for outcome in app.outcomes() {
        *outcomes.entry(outcome).or_default() += 1;
    }
    let logged = ["json_empty", "json_partial", "json_max_tokens"].map(|kind| outcomes[kind]);
    assert_eq!(logged, [850, 85, 65]);
}

#[tokio::test(start_paused = true)]
async fn latencies_have_the_published_means() {
    let app = App::seeded(scenario(), 3, Arc::new(SchemaAnswerer));
    for (model, mean_ms) in [(SMALL, 1252.0), (LARGE, 2219.0), (LLAMA, 839.0)] {
        let mut seconds = Vec::new();
        for number in 0..25 {
            let question = body(model, &format!("Question {number}?"));
            let (status, answer) = app
                .call(Method::POST, "/chat/completions", Some(question))
                .await;
            if status == StatusCode::OK {
                let usage = &answer["usage"];
                let [prompt, completion, total] = ["prompt_time", "completion_time", "total_time"]
                    .map(|key| usage[key].as_f64().expect("a time"));
                assert!((prompt + completion - total).abs() < 1e-9);
                seconds.push(total);
            }
        }
        assert_eq!(seconds.len(), if model == SMALL { 24 } else { 25 });
        let mean = seconds.iter().sum::<f64>() / seconds.len() as f64 * 1000.0;
        assert!((mean - mean_ms).abs() < 0.001, "{model}: {mean}");
        assert!(
            seconds
                .iter()
                .any(|time| (time * 1000.0 - mean_ms).abs() > mean_ms / 10.0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_completion_takes_its_latency_on_the_clock() {
    let app = App::toml("");
    let begun = tokio::time::Instant::now();
    let (_, answer) = app
        .call(Method::POST, "/chat/completions", Some(body(LARGE, "Why?")))
        .await;
    let told = answer["usage"]["total_time"].as_f64().expect("a time");
    assert!((begun.elapsed().as_secs_f64() - told).abs() < 0.005);
}

#[tokio::test(start_paused = true)]
async fn hidden_reasoning_has_the_published_shares() {
    let app = App::seeded(scenario(), 5, Arc::new(Essay));
    let share = async |model: &str, effort: Option<&str>| {
        let mut shares = Vec::new();
        for number in 0..30 {
            let mut question = body(model, &format!("{number}"));
            question["response_format"] = Value::Null;
            if let Some(effort) = effort {
                question["reasoning_effort"] = effort.into();
            }
            let (status, answer) = app
                .call(Method::POST, "/chat/completions", Some(question))
                .await;
            let usage = &answer["usage"];
            let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_f64();
            if status == StatusCode::OK && answer["choices"][0]["finish_reason"] == "stop" {
                shares.push(
                    reasoning.unwrap_or(0.0) / usage["completion_tokens"].as_f64().expect("tokens"),
                );
            }
        }
        let least = shares.iter().copied().fold(1.0, f64::min);
        let most = shares.iter().copied().fold(0.0, f64::max);
        (least, most)
    };
    for (model, effort, least, most) in [
        (SMALL, None, 0.72, 0.78),
        (SMALL, Some("medium"), 0.72, 0.78),
        (SMALL, Some("low"), 0.36, 0.39),
        (LARGE, None, 0.61, 0.66),
        (LARGE, Some("high"), 0.80, 0.83),
        (LLAMA, None, 0.0, 0.0),
    ] {
        let (found_least, found_most) = share(model, effort).await;
        let rounding = 0.005;
        assert!(
            found_least >= least - rounding && found_most <= most + rounding,
            "{model} {effort:?}: {found_least} to {found_most}"
        );
    }
}

/// Answers with text long enough for shares to be seen.
struct Essay;

impl emulator::Answerer for Essay {
    fn answer(&self, _: &emulator::ChatRequest) -> emulator::Answered {
        emulator::Answered::Text("some words of an answer ".repeat(40))
    }
}
