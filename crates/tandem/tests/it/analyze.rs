//! The two-pass batch on the emulator, as a user runs it.

use std::process::Stdio;
use std::time::Duration;

use crate::support::{Emulator, Tandem, wait_until};
use serde_json::{Value, json};

#[test]
fn two_passes_answer_every_request_and_the_ledger_agrees_with_the_bill() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(100)
        .with_emulator(&emulator);
    let ran = tandem.ok(&["analyze", "--limit", "75", "--with-fallback"]);
    assert!(
        ran.stderr.contains("llama-3.3-70b-versatile was retired"),
        "{}",
        ran.stderr
    );

    let run = tandem.json(&["runs", "show", "1"]);
    assert_eq!(run["state"], json!("finished"));
    assert_eq!(run["tiers"][0]["model"], json!("openai/gpt-oss-20b"));
    assert_eq!(run["tiers"][1]["model"], json!("openai/gpt-oss-120b"));
    // One in 25 fails at the cheap model; every failure goes to the second tier and is answered.
    assert_eq!(run["tiers"][0]["requests"], json!(75));
    assert_eq!(run["tiers"][0]["answered"], json!(72));
    assert_eq!(failures(&run["tiers"][0]), 3);
    assert_eq!(run["tiers"][1]["requests"], json!(3));
    assert_eq!(run["tiers"][1]["answered"], json!(3));
    assert_eq!(run["totals"]["answered"], json!(75));
    assert_eq!(run["totals"]["failed"], json!(0));

    let coverage = tandem.json(&["coverage"]);
    assert_eq!(coverage["total"], json!(100));
    assert_eq!(coverage["analyzed"], json!(75));
    assert_eq!(coverage["waiting"], json!(25));
    let by_tier: u64 = coverage["by_tier"]
        .as_array()
        .expect("tiers")
        .iter()
        .filter_map(|tier| tier["analyzed"].as_u64())
        .sum();
    assert_eq!(by_tier, 75);

    // Tokens in the ledger are the tokens of the answers that the emulator would bill.
    let billed = emulator.billed();
    let ok: Vec<&Value> = billed
        .iter()
        .filter(|line| line["outcome"] == json!("ok"))
        .collect();
    assert_eq!(ok.len(), 75);
    let sum = |key: &str| ok.iter().filter_map(|line| line[key].as_u64()).sum::<u64>();
    assert_eq!(
        run["totals"]["tokens"]["input"],
        json!(sum("prompt_tokens"))
    );
    assert_eq!(
        run["totals"]["tokens"]["output"],
        json!(sum("completion_tokens"))
    );
    let cost: f64 = ok
        .iter()
        .map(|line| {
            let (input, output) = match line["model"].as_str() {
                Some("openai/gpt-oss-20b") => (0.0375, 0.15),
                _ => (0.075, 0.30),
            };
            (line["prompt_tokens"].as_f64().expect("tokens") * input
                + line["completion_tokens"].as_f64().expect("tokens") * output)
                / 1e6
        })
        .sum();
    let ledger = run["totals"]["cost_usd"].as_f64().expect("a cost");
    assert!((ledger - cost).abs() < 1e-9, "{ledger} {cost}");
}

#[test]
fn without_fallback_failures_stay_and_the_exit_code_says_so() {
    // One answer in five breaks the schema, which the same tier is not asked to mend.
    let faulty = "version = 1\n[[faults]]\nkind = \"schema_mismatch\"\nrate = 0.2\n";
    let emulator = Emulator::start(Some(faulty));
    let tandem = Tandem::new()
        .with_pull_requests(25)
        .with_emulator(&emulator);
    let ran = tandem.run(&["analyze", "--tiers", "groq:openai/gpt-oss-120b", "--json"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let document = ran.json();
    assert_eq!(document["totals"]["answered"], json!(20));
    assert_eq!(document["tiers"][0]["failed"], json!({"schema": 5}));
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(20));
}

#[test]
fn no_wait_submits_and_resume_collects() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(12)
        .with_emulator(&emulator);
    let ran = tandem.ok(&["analyze", "--with-fallback", "--no-wait"]);
    assert!(
        ran.stderr.contains("tandem runs resume 1"),
        "{}",
        ran.stderr
    );
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(0));
    tandem.ok(&["runs", "resume", "1"]);
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(12));
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_resumable_run() {
    let slow = "version = 1\n[timing]\nvalidating_ms = 600000\n";
    let emulator = Emulator::start(Some(slow));
    let tandem = Tandem::new().with_pull_requests(8).with_emulator(&emulator);
    let child = tandem
        .command(&["analyze", "--with-fallback"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let created = || {
        let run = tandem.run(&["runs", "show", "1", "--json"]);
        run.code == 0 && run.stdout.contains("\"created\"")
    };
    wait_until("the batch", Duration::from_mins(1), created);
    let status = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success());
    let ran = crate::support::Ran::from(child.wait_with_output().expect("finished"));
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("tandem runs resume 1"),
        "{}",
        ran.stderr
    );
    let cancelled = tandem.run(&["runs", "cancel", "1"]);
    assert_eq!(cancelled.code, 0, "{}", cancelled.stderr);
    assert_eq!(tandem.json(&["runs"])[0]["state"], json!("cancelled"));
    // The claims are free again.
    assert_eq!(
        tandem.json(&["analyze", "--with-fallback", "--dry-run"])["requests"],
        json!(8)
    );
}

#[test]
fn a_budget_stops_before_it_is_spent() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(30)
        .with_emulator(&emulator);
    let ran = tandem.run(&["analyze", "--with-fallback", "--budget", "0.002"]);
    assert_eq!(ran.code, 5, "{}\n{}", ran.stdout, ran.stderr);
    let run = tandem.json(&["runs", "show", "1"]);
    assert_eq!(run["state"], json!("stopped"));
    assert!(run["totals"]["cost_usd"].as_f64().expect("a cost") <= 0.002);
    tandem.ok(&["runs", "resume", "1", "--budget", "1"]);
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(30));
}

#[test]
fn a_dry_run_shows_what_would_leave_and_sends_nothing() {
    let emulator = Emulator::start(None);
    let mut secret = crate::support::record(1);
    secret["body"] = json!(format!(
        "Uses the token ghp_{} by mistake.",
        "a1B2".repeat(9)
    ));
    let tandem = Tandem::new().with_emulator(&emulator);
    let file = tandem.write_records("prs.jsonl", &[secret, crate::support::record(2)]);
    tandem.ok(&["import", &file]);
    let estimate = tandem.json(&["analyze", "--with-fallback", "--dry-run"]);
    assert_eq!(estimate["requests"], json!(2));
    assert!(estimate["cost"]["likely"].as_f64().expect("a cost") > 0.0);
    let lines = tandem.ok(&["analyze", "--dry-run", "--show"]).lines();
    assert_eq!(lines.len(), 2);
    let sent = lines.iter().map(Value::to_string).collect::<String>();
    assert!(
        !sent.contains("ghp_a1B2") && sent.contains("[masked:"),
        "{sent}"
    );
    assert!(emulator.billed().is_empty());
    assert_eq!(tandem.json(&["runs"]), json!([]));
}

#[test]
fn without_a_key_the_rules_tier_answers_and_is_called_so() {
    let tandem = Tandem::new().with_pull_requests(20);
    let ran = tandem.ok(&["analyze"]);
    assert!(
        ran.stderr.contains("GROQ_API_KEY is not set"),
        "{}",
        ran.stderr
    );
    let coverage = tandem.json(&["coverage"]);
    assert_eq!(coverage["analyzed"], json!(20));
    assert_eq!(coverage["by_tier"][0]["origin"], json!("rules"));
    assert_eq!(tandem.json(&["runs"]), json!([]));
}

#[test]
fn a_changed_pull_request_is_stale_and_can_be_renewed() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new().with_pull_requests(6).with_emulator(&emulator);
    tandem.ok(&["analyze", "--with-fallback"]);
    let mut changed = crate::support::record(2);
    changed["body"] = json!("Another description.");
    let file = tandem.write_records("changed.jsonl", &[changed]);
    tandem.ok(&["import", &file]);
    let coverage = tandem.json(&["coverage"]);
    assert_eq!(
        (coverage["analyzed"].as_u64(), coverage["stale"].as_u64()),
        (Some(5), Some(1))
    );
    tandem.ok(&["analyze", "--with-fallback", "--stale"]);
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(6));
}

fn failures(tier: &Value) -> u64 {
    tier["failed"]
        .as_object()
        .expect("kinds")
        .values()
        .filter_map(Value::as_u64)
        .sum()
}
