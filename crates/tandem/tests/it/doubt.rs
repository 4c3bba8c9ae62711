//! Doubted answers, from the emulator's wrong ones to the verdicts, and what is learned about them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use store::{AnalysisRecord, OpenOptions, Selection};

use crate::support::{Emulator, Tandem};

/// The small model is wrong in so many of a hundred answers; nothing else goes wrong.
fn scenario(wrong_of_hundred: u32, more: &str) -> String {
    format!(
        "[models.\"openai/gpt-oss-20b\"]\nfailure_rate = 0.0\nwrong_rate = 0.{wrong_of_hundred:02}\n{more}"
    )
}

const LARGE_REFUSES: &str =
    "[[faults]]\nkind = \"refusal\"\nmodel = \"openai/gpt-oss-120b\"\nrate = 1.0\n";

fn analyses(tandem: &Tandem) -> Vec<AnalysisRecord> {
    let path = tandem.database().display().to_string();
    let store = store::open(&path, &OpenOptions::read("test")).expect("opened");
    store
        .analyses(&Selection::all(), None, 10_000)
        .expect("read")
}

/// Every fourth of the made-up pull requests is by an agent.
fn is_right(record: &AnalysisRecord) -> bool {
    record.answer.ai.is_assisted == record.key.number.is_multiple_of(4)
}

fn wrong(tandem: &Tandem) -> usize {
    let analyses = analyses(tandem);
    analyses.iter().filter(|record| !is_right(record)).count()
}

#[test]
fn a_doubted_wrong_answer_is_corrected_by_tier_two() {
    let emulator = Emulator::start(Some(&scenario(30, "")));
    let template = Tandem::new().with_pull_requests(60);
    let tandem = template.with_emulator(&emulator);
    let document = tandem.json(&["analyze", "--escalate-doubt", "--limit", "40"]);
    let tiers = &document["tiers"];
    let doubted: u64 = tiers[0]["doubted"]
        .as_object()
        .expect("reasons")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert!(doubted > 5, "{document}");
    assert_eq!(tiers[0]["replaced"], json!(doubted));
    assert_eq!(document["totals"]["answered"], json!(40));
    assert_eq!(document["totals"]["escalated_by_failure"], json!(0.0));
    assert_eq!(
        document["totals"]["doubt_cost_usd"], tiers[1]["cost_usd"],
        "{document}"
    );
    assert_eq!(wrong(&tandem), 0);
    let corrected = analyses(&tandem)
        .iter()
        .filter(|record| record.tier == 2)
        .count();
    assert_eq!(corrected as u64, doubted);
    let shown = tandem.ok(&["runs", "show", "1"]);
    assert!(
        shown.stdout.contains("Doubted at tier 1"),
        "{}",
        shown.stdout
    );
    // Without doubt, wrong answers stay.
    tandem.ok(&["analyze", "--with-fallback"]);
    assert!(wrong(&tandem) > 0);
}

#[test]
fn tier_ones_answer_stands_when_tier_two_fails() {
    let emulator = Emulator::start(Some(&scenario(30, LARGE_REFUSES)));
    let tandem = Tandem::new()
        .with_pull_requests(40)
        .with_emulator(&emulator);
    // Exit code 0: every request has its answer.
    let document = tandem.json(&["analyze", "--escalate-doubt"]);
    assert_eq!(document["totals"]["answered"], json!(40));
    assert_eq!(document["totals"]["failed"], json!(0));
    assert_eq!(document["tiers"][0]["replaced"], json!(0));
    assert!(document["tiers"][1]["failed"]["refusal"].as_u64() > Some(5));
    let analyses = analyses(&tandem);
    assert_eq!(analyses.len(), 40);
    assert!(analyses.iter().all(|record| record.tier == 1));
    assert!(wrong(&tandem) > 0);
    let failed = tandem.ok(&["runs", "show", "1", "--failed", "--json"]);
    assert_eq!(failed.stdout, "");
    let coverage = tandem.json(&["coverage"]);
    assert_eq!(coverage["analyzed"], json!(40));
    assert_eq!(coverage["quarantined"], json!(0));
}

#[test]
fn kills_lose_no_answer_and_pay_none_twice() {
    for point in [
        "after:store_answers",
        "after:commit_outcomes",
        "after:commit_collect",
        "before:commit_create",
    ] {
        let emulator = Emulator::start(Some(&scenario(30, "")));
        let tandem = Tandem::new()
            .with_pull_requests(40)
            .with_emulator(&emulator);
        let mut child = tandem
            .command(&["analyze", "--escalate-doubt"])
            .env("TANDEM_TEST_PAUSE_AT", point)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let reached = stderr
            .lines()
            .map_while(std::io::Result::ok)
            .any(|line| line == format!("paused {point}"));
        assert!(reached, "{point} was never reached");
        child.kill().expect("killed");
        child.wait().expect("gone");

        tandem.ok(&["runs", "resume", "1"]);
        let summary = tandem.json(&["runs", "show", "1"]);
        assert_eq!(summary["totals"]["answered"], json!(40), "{point}");
        assert_eq!(summary["totals"]["in_doubt"], json!(0), "{point}");
        // A resumed run doubts by the rules it began with.
        assert_eq!(wrong(&tandem), 0, "{point}");
        let mut bills: Vec<(String, String)> = emulator
            .billed()
            .iter()
            .map(|line| (line["custom_id"].to_string(), line["model"].to_string()))
            .collect();
        let billed = bills.len();
        bills.sort();
        bills.dedup();
        assert_eq!(bills.len(), billed, "{point}: billed twice");
    }
}

#[test]
fn a_threshold_is_learned_used_and_found_stale() {
    let emulator = Emulator::start(Some(&scenario(12, "")));
    let tandem = Tandem::new()
        .with_pull_requests(240)
        .with_emulator(&emulator);
    // Only confidences count here, or the contradiction to the signatures would give all away.
    std::fs::write(
        tandem.path("tandem.toml"),
        "[analyze.doubt]\nquote = false\nevidence = false\n",
    )
    .expect("written");
    tandem.ok(&["analyze", "--provider", "groq", "--limit", "200"]);
    assert!(wrong(&tandem) > 10);

    let dry = tandem.json(&["calibrate", "--dry-run", "--label-budget", "150"]);
    assert_eq!(
        (&dry["answers"], &dry["requests"]),
        (&json!(200), &json!(150))
    );
    let learned = tandem.json(&["calibrate", "--target", "0.95", "--label-budget", "180"]);
    let result = &learned["calibration"]["result"];
    assert_eq!(result["kind"], json!("threshold"), "{learned}");
    let threshold = result["threshold"].as_f64().expect("a threshold");
    let kept: Vec<AnalysisRecord> = analyses(&tandem)
        .into_iter()
        .filter(|record| record.answer.ai.confidence >= threshold)
        .collect();
    let right = kept.iter().filter(|record| is_right(record)).count();
    assert!(
        right as f64 >= 0.95 * kept.len() as f64,
        "{right} of {}",
        kept.len()
    );
    // Analyses are as they were: the oracle's answers are labels.
    assert!(analyses(&tandem).iter().all(|record| record.tier == 1));
    let billed = emulator.billed().len();

    // Labels are paid for once; a stricter target is answered from the same ones.
    let strict = tandem.json(&["calibrate", "--target", "0.999", "--label-budget", "180"]);
    assert_eq!(
        strict["calibration"]["result"]["kind"],
        json!("too_few_labels")
    );
    let coarse = tandem.json(&["calibrate", "--target", "0.95", "--label-budget", "180"]);
    assert_eq!(coarse["calibration"], learned["calibration"]);
    assert_eq!(emulator.billed().len(), billed);

    let doctor = tandem.json(&["doctor", "--offline"]);
    assert_eq!(doctor["calibration"]["state"], json!("current"), "{doctor}");
    let used = tandem.ok(&["analyze", "--escalate-doubt"]);
    assert!(
        used.stderr
            .contains(&format!("below {threshold} are doubted")),
        "{}",
        used.stderr
    );
    let tiers = "groq:openai/gpt-oss-120b,groq:openai/gpt-oss-20b";
    let other = tandem.ok(&["analyze", "--escalate-doubt", "--dry-run", "--tiers", tiers]);
    assert!(
        other.stderr.contains("is stale (tier 1 is"),
        "{}",
        other.stderr
    );
}

#[test]
fn nothing_to_calibrate_is_said() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new().with_pull_requests(4).with_emulator(&emulator);
    let ran = tandem.run(&["calibrate"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("hint: tandem analyze"),
        "{}",
        ran.stderr
    );
    let ran = tandem.run(&["calibrate", "--target", "95"]);
    assert_eq!(ran.code, 2);
}
