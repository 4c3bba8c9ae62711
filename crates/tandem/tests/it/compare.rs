//! `tandem compare`: the same pull requests to several models.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Emulator, Tandem};

const MODELS: &str =
    "groq:openai/gpt-oss-20b,groq:openai/gpt-oss-120b,groq:llama-3.3-70b-versatile";
const RETIRED_TOO: &str = "[server]\nserve_retired = true\n";

fn model(document: &Value, place: usize) -> &Value {
    &document["models"][place]
}

/// The table of the specification: 24/25, 25/25, 25/25; 1,252, 2,219, 839 ms; the Batch prices.
#[test]
fn the_emulator_gives_the_table_of_the_specification() {
    let emulator = Emulator::start(Some(RETIRED_TOO));
    let tandem = Tandem::new()
        .with_pull_requests(60)
        .with_emulator(&emulator);
    let ran = tandem.ok(&["compare", "--models", MODELS, "--limit", "25", "--json"]);
    let words = "llama-3.3-70b-versatile is retired on Groq since 2026-08-16";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    let document = ran.json();
    let expected = [
        (24, 1252.0, [0.0375, 0.15]),
        (25, 2219.0, [0.075, 0.30]),
        (25, 839.0, [0.295, 0.395]),
    ];
    for (place, (answered, mean, price)) in expected.into_iter().enumerate() {
        let model = model(&document, place);
        assert_eq!(model["success"]["successes"], answered, "{model}");
        assert_eq!(model["success"]["n"], 25);
        let found = model["latency_ms"]["mean"].as_f64().expect("a mean");
        assert!((found - mean).abs() < 1.0, "{found} instead of {mean}");
        for (place, price) in price.into_iter().enumerate() {
            let found = model["price_per_million_usd"][place]
                .as_f64()
                .expect("a price");
            assert!((found - price).abs() < 1e-9, "{found} instead of {price}");
        }
    }
    // 24 of 25 beside 25 of 25 tells nothing apart.
    assert_eq!(document["pairs"][0]["p"], 1.0);
    assert_eq!(document["pairs"][0]["needed"], 194);
    let cheapest = &document["cheapest"];
    assert_eq!(
        cheapest["models"],
        json!(["groq:openai/gpt-oss-20b", "groq:openai/gpt-oss-120b"])
    );
    assert_eq!(cheapest["reaches"], "likely");
    // The same again is all known and costs nothing.
    let billed = emulator.billed().len();
    let human = tandem.ok(&["compare", "--models", MODELS]);
    assert_eq!(emulator.billed().len(), billed);
    assert_snapshot!("compare", human.stdout);
    // No analysis was written, and the runs are not those of analyze.
    assert_eq!(tandem.json(&["coverage"])["analyzed"], 0);
    assert_eq!(tandem.run(&["runs", "resume", "1"]).code, 2);
}

#[test]
fn what_is_retired_and_not_served_is_left_out() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(10)
        .with_emulator(&emulator);
    let ran = tandem.ok(&["compare", "--models", MODELS, "--limit", "5", "--json"]);
    assert!(
        ran.stderr.contains("is not served and left out"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.json()["models"].as_array().map(Vec::len), Some(2));
}

#[test]
fn by_plain_calls_and_against_the_truth() {
    let emulator = Emulator::start(Some("[timing]\nchat_scale = 0.001\n"));
    let tandem = Tandem::new()
        .with_pull_requests(20)
        .with_emulator(&emulator);
    let truth: Vec<Value> = (1..=20_u64)
        .map(|number| {
            let owner = if number.is_multiple_of(3) {
                "harbour"
            } else {
                "orchard"
            };
            let agent = if number.is_multiple_of(4) {
                "claude_code"
            } else {
                "none"
            };
            json!({"repo": format!("{owner}/store"), "number": number, "agent": agent})
        })
        .collect();
    tandem.write_records("truth.jsonl", &truth);
    let models = "groq:openai/gpt-oss-120b";
    let arguments = [
        "compare",
        "--models",
        models,
        "--limit",
        "20",
        "--sync",
        "--truth",
        "truth.jsonl",
    ];
    let document = tandem.json(&arguments);
    let model = model(&document, 0);
    assert_eq!(model["model"], "groq-sync:openai/gpt-oss-120b");
    assert_eq!(model["price_per_million_usd"][0], 0.15);
    assert_eq!(model["truth"]["tp"], 5, "{model}");
    assert_eq!(model["truth"]["tn"], 15, "{model}");
}

#[test]
fn a_budget_stops_and_more_of_it_goes_on() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(20)
        .with_emulator(&emulator);
    let models = "groq:openai/gpt-oss-20b,groq:openai/gpt-oss-120b";
    let arguments = [
        "compare", "--models", models, "--limit", "20", "--json", "--budget",
    ];
    let with = |budget: &'static str| [&arguments[..], &[budget]].concat();
    let ran = tandem.run(&with("0.003"));
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let document = tandem.ok(&with("5")).json();
    assert_eq!(model(&document, 0)["open"], 0);
    let mut asked: Vec<String> = emulator
        .billed()
        .iter()
        .map(|line| format!("{} {}", line["custom_id"], line["model"]))
        .collect();
    let count = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), count, "nothing is asked twice");
}
