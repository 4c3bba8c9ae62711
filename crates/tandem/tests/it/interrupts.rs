//! Ctrl-C, once and twice, and the events that machines read.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::json_contract::settled;
use crate::support::{Emulator, Tandem, read_json_lines};

#[cfg(unix)]
mod signals {
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Child, Stdio};
    use std::time::Duration;

    use super::*;
    use crate::support::{Ran, wait_until};

    fn interrupt(child: &Child) {
        let status = std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    fn billed_once(emulator: &Emulator) {
        let mut bills: BTreeMap<String, u64> = BTreeMap::new();
        for line in emulator.billed() {
            let key = format!("{} {}", line["custom_id"], line["model"]);
            *bills.entry(key).or_default() += 1;
        }
        assert!(bills.values().all(|count| *count == 1), "{bills:?}");
    }

    #[test]
    fn the_first_stops_at_a_safe_point_and_resume_completes() {
        let slow = "version = 1\n[timing]\nvalidating_ms = 4000\n";
        let emulator = Emulator::start(Some(slow));
        let tandem = Tandem::new()
            .with_pull_requests(30)
            .with_emulator(&emulator);
        let child = tandem
            .command(&["analyze", "--with-fallback"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        wait_until("the batch", Duration::from_mins(1), || {
            let run = tandem.run(&["runs", "show", "1", "--json"]);
            run.code == 0 && run.stdout.contains("\"created\"")
        });
        interrupt(&child);
        let ran = Ran::from(child.wait_with_output().expect("finished"));
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("once more leaves at once"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("tandem runs resume 1"),
            "{}",
            ran.stderr
        );
        let run = tandem.json(&["runs", "show", "1"]);
        assert_eq!(
            (&run["state"], &run["note"]),
            (&json!("stopped"), &json!("interrupted"))
        );
        tandem.ok(&["runs", "resume", "1"]);
        assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(30));
        billed_once(&emulator);
    }

    #[test]
    fn the_second_leaves_at_once_and_resume_completes() {
        let emulator = Emulator::start(None);
        let tandem = Tandem::new()
            .with_pull_requests(30)
            .with_emulator(&emulator);
        // Stuck in the middle of a step, it cannot come to a safe point.
        let mut child = tandem
            .command(&["analyze", "--with-fallback"])
            .env("TANDEM_TEST_PAUSE_AT", "after:create")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut wait_for = |words: &str| {
            let mut line = String::new();
            while !line.contains(words) {
                line.clear();
                assert!(stderr.read_line(&mut line).expect("reads") > 0, "{words}");
            }
        };
        wait_for("paused after:create");
        interrupt(&child);
        wait_for("once more leaves at once");
        interrupt(&child);
        wait_for("tandem runs resume 1");
        let status = child.wait().expect("gone");
        assert_eq!(status.code(), Some(130));
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).expect("reads");
        assert_eq!(rest, "");
        tandem.ok(&["runs", "resume", "1"]);
        assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(30));
        billed_once(&emulator);
    }
}

/// What differs from run to run in an event.
const CHANGING: [&str; 4] = ["at", "per_minute", "seconds_left", "seconds"];

#[test]
fn events_tell_a_run_from_start_to_end() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(50)
        .with_emulator(&emulator);
    let document = tandem.json(&["analyze", "--with-fallback", "--events", "events.jsonl"]);
    assert_eq!(document["end"], json!("finished"));
    let events = read_json_lines(&tandem.path("events.jsonl"));
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.first(), Some(&"started"));
    assert_eq!(names.last(), Some(&"ended"));
    assert!(events.iter().all(|event| event["version"] == json!(1)));
    // The last of each kind alone: how often the host is asked depends on the machine.
    let last = |wanted: &dyn Fn(&Value) -> bool| {
        let found = events.iter().rfind(|event| wanted(event));
        settled(found.expect("an event").clone(), &CHANGING)
    };
    let is = |name: &'static str| move |event: &Value| event["event"] == json!(name);
    let is_shard = |shard: u64| {
        move |event: &Value| event["event"] == json!("shard") && event["shard"] == json!(shard)
    };
    assert_json_snapshot!(
        "events",
        [
            last(&is("started")),
            last(&is_shard(1)),
            last(&is_shard(2)),
            last(&is("waiting")),
            last(&is("progress")),
            last(&is("ended")),
        ]
    );
    let told = events.iter().rfind(|event| is("progress")(event));
    let told = told.expect("an event");
    assert_eq!(told["cost_usd"], document["totals"]["cost_usd"]);
    assert_eq!(told["answered"], document["totals"]["answered"]);
}

#[test]
fn events_on_stderr_are_alone_there() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new().with_pull_requests(5).with_emulator(&emulator);
    let ran = tandem.ok(&[
        "analyze",
        "--tiers",
        "groq:openai/gpt-oss-120b",
        "--json",
        "--events",
        "-",
    ]);
    ran.json();
    for line in ran.stderr.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| {
            panic!("{error}: {line}");
        });
        assert_eq!(event["version"], json!(1));
    }
    let refused = tandem.run(&["analyze", "--events", "no/such/folder/x"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}

#[test]
fn without_a_terminal_progress_is_plain_lines() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(50)
        .with_emulator(&emulator);
    let ran = tandem.ok(&["analyze", "--with-fallback"]);
    assert_snapshot!("analyze_stderr", ran.stderr);
    assert_snapshot!("analyze_stdout", ran.stdout);
}

#[test]
fn a_dry_run_says_what_the_tokens_are_for() {
    let tandem = Tandem::new().with_pull_requests(20);
    let document = tandem.json(&["analyze", "--with-fallback", "--dry-run"]);
    let parts = document["parts"].as_array().expect("parts");
    for side in ["low", "likely", "high"] {
        let pico = |value: &Value| (value.as_f64().expect("dollars") * 1e12).round() as i64;
        let sum: i64 = parts.iter().map(|part| pico(&part["cost"][side])).sum();
        assert_eq!(sum, pico(&document["cost"][side]), "{side}");
        let tokens: u64 = parts
            .iter()
            .filter(|part| part["part"] != json!("answers"))
            .filter_map(|part| part["tokens"][side].as_u64())
            .sum();
        assert_eq!(json!(tokens), document["prompt_tokens"][side], "{side}");
    }
    assert_snapshot!(
        "analyze_dry_run_human",
        tandem
            .ok(&["analyze", "--with-fallback", "--dry-run"])
            .stdout
    );
}
