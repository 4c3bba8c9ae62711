//! `tandem batch`: any JSONL of questions through the cascade.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{Emulator, Ran, Tandem, read_json_lines};

const RUN: &[&str] = &[
    "batch",
    "run",
    "questions.jsonl",
    "--schema",
    "schema.json",
    "-o",
    "results.jsonl",
    "--tiers",
    "groq:openai/gpt-oss-20b,groq:openai/gpt-oss-120b",
];

fn with(extra: &[&'static str]) -> Vec<&'static str> {
    RUN.iter().copied().chain(extra.iter().copied()).collect()
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "queue": {"enum": ["shipping", "billing", "other"]},
            "reason": {"type": "string"},
        },
        "required": ["queue", "reason"],
        "additionalProperties": false
    })
}

fn question(number: u64) -> Value {
    json!({
        "custom_id": format!("ticket-{number}"),
        "prompt": format!("Customer {number} writes that the parcel never came. Which queue?"),
        "system": "You sort tickets into queues.",
    })
}

/// A job of this many questions.
fn job(emulator: &Emulator, questions: u64) -> Tandem {
    let tandem = Tandem::new().with_emulator(emulator);
    std::fs::write(tandem.path("schema.json"), schema().to_string()).expect("written");
    let lines: Vec<Value> = (1..=questions).map(question).collect();
    tandem.write_records("questions.jsonl", &lines);
    tandem
}

fn ids(tandem: &Tandem, file: &str) -> Vec<String> {
    read_json_lines(&tandem.path(file))
        .iter()
        .map(|line| line["custom_id"].as_str().expect("an id").to_owned())
        .collect()
}

/// How often each question was billed to each model.
fn bills(emulator: &Emulator) -> BTreeMap<(String, String), u64> {
    let mut bills = BTreeMap::new();
    for line in emulator.billed() {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        *bills.entry((text("custom_id"), text("model"))).or_default() += 1;
    }
    bills
}

fn settled(ran: &Ran, tandem: &Tandem) -> Value {
    let mut value = ran.json();
    value["files"]["ledger"] = json!(
        value["files"]["ledger"]
            .as_str()
            .expect("a path")
            .replace(&tandem.path("").display().to_string(), "")
    );
    for run in value["runs"].as_array_mut().expect("runs") {
        run["started_at"] = json!("[time]");
        run["ended_at"] = json!("[time]");
        for tier in run["tiers"].as_array_mut().expect("tiers") {
            for shard in tier["shards"].as_array_mut().expect("shards") {
                shard["batch_id"] = json!("[batch]");
            }
        }
    }
    value
}

#[test]
fn every_question_gets_one_line_and_asking_again_costs_nothing() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 50);
    let ran = tandem.ok(&with(&["--failures", "failures.jsonl", "--json"]));
    assert_json_snapshot!("batch_run", settled(&ran, &tandem));
    let answered = ids(&tandem, "results.jsonl");
    assert_eq!(answered.len(), 50);
    assert_eq!(answered.iter().collect::<BTreeSet<_>>().len(), 50);
    assert!(ids(&tandem, "failures.jsonl").is_empty());
    let mut lines = read_json_lines(&tandem.path("results.jsonl"));
    lines.sort_by_key(|line| line["custom_id"].as_str().map(str::to_owned));
    assert_json_snapshot!("batch_result_line", lines[0], {".run" => 1, ".latency_ms" => "[ms]"});
    // Tokens and money in the results are those of the ledger, answer by answer.
    let billed = emulator.billed().len();
    let again = tandem.ok(&with(&["--json"])).json();
    assert_eq!(again["end"], "nothing_to_do");
    assert_eq!(again["questions"]["answered_before"], 50);
    assert_eq!(emulator.billed().len(), billed);
}

#[test]
fn the_human_form() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 25);
    let dry = tandem.ok(&with(&["--dry-run"]));
    assert_snapshot!("batch_dry_run", dry.stdout);
    assert!(!tandem.path("results.jsonl").exists());
    let ran = tandem.ok(RUN);
    assert_snapshot!("batch_run_human", ran.stdout);
}

#[test]
fn answers_are_held_against_all_of_the_schema_and_reasons_are_told() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 3);
    let mut strict = schema();
    // The emulated model cannot know of it: every answer is refused.
    strict["properties"]["reason"]["pattern"] = json!("^never this$");
    std::fs::write(tandem.path("schema.json"), strict.to_string()).expect("written");
    let dry = tandem.ok(&with(&["--dry-run", "--json"])).json();
    assert_eq!(
        dry["tiers"][0]["checked_here"],
        json!(["/properties/reason/pattern"])
    );
    let ran = tandem.run(&with(&["--failures", "failures.jsonl"]));
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let failures = read_json_lines(&tandem.path("failures.jsonl"));
    assert_eq!(failures.len(), 3);
    assert_json_snapshot!("batch_failure_line", failures[0]);
    // The same again finds them quarantined, and says so; nothing is asked.
    let billed = emulator.billed().len();
    let again = tandem.run(&with(&["--failures", "failures.jsonl"]));
    assert_eq!(again.code, 4);
    assert_eq!(emulator.billed().len(), billed);
    assert_eq!(read_json_lines(&tandem.path("failures.jsonl")).len(), 3);
    // Asked for, they are asked again.
    tandem.run(&with(&["--retry-quarantined"]));
    assert!(emulator.billed().len() > billed);
}

#[test]
fn a_schema_that_strict_mode_does_not_take_is_asked_in_words() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 5);
    // Without strict mode the emulated model answers with some object: this takes any.
    let open = json!({"type": "object", "minProperties": 1});
    std::fs::write(tandem.path("schema.json"), open.to_string()).expect("written");
    let ran = tandem.ok(RUN);
    let words =
        "is asked in JSON mode: strict mode does not take the schema (/: the object is open";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    assert_eq!(ids(&tandem, "results.jsonl").len(), 5);
}

#[test]
fn ids_of_any_kind_come_back_as_they_were() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 1);
    let odd = ["a b", "Ä/ö#1", "x", &"long".repeat(30)];
    let lines: Vec<Value> = odd
        .iter()
        .map(|id| {
            json!({"custom_id": id, "messages": [
            {"role": "system", "content": "One."},
            {"role": "user", "content": [{"type": "text", "text": "Two"}]}]})
        })
        .collect();
    tandem.write_records("questions.jsonl", &lines);
    tandem.ok(RUN);
    let mut found = ids(&tandem, "results.jsonl");
    found.sort();
    let mut expected: Vec<String> = odd.iter().map(|id| (*id).to_owned()).collect();
    expected.sort();
    assert_eq!(found, expected);
    for (id, _) in bills(&emulator).keys() {
        assert!(batch::is_legal_custom_id(id), "{id}");
    }
}

#[test]
fn stdin_and_compressed_files_are_read() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 4);
    let text = std::fs::read(tandem.path("questions.jsonl")).expect("read");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&text).expect("packed");
    let packed = packed.finish().expect("packed");
    let mut arguments = with(&[]);
    arguments[2] = "-";
    let mut child = tandem
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(&packed).expect("written");
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().expect("ended"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ids(&tandem, "results.jsonl").len(), 4);
}

#[test]
fn mistakes_are_named_before_anything_is_sent() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 2);
    let check = |questions: &str, extra: &[&'static str], code: i32, words: &[&str]| {
        std::fs::write(tandem.path("questions.jsonl"), questions).expect("written");
        let ran = tandem.run(&with(extra));
        assert_eq!(ran.code, code, "{questions}: {}", ran.stderr);
        for words in words {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
    };
    let fine = question(1).to_string();
    check("", &[], 2, &["questions.jsonl has no questions"]);
    check(
        &format!("{fine}\n\n{{\"custom_id\": \"b\", \"promt\": \"x\"}}\nnonsense\n"),
        &[],
        2,
        &[
            "questions.jsonl:3: promt: unknown field `promt`",
            "(and one more bad line)",
            "questions.jsonl:4: not a JSON object",
            "--skip-bad-lines",
        ],
    );
    check(
        &format!("{fine}\n{fine}\n"),
        &[],
        2,
        &["questions.jsonl:2: custom_id: the same id stands on line 1"],
    );
    check(
        &format!("{fine}\n{{\"custom_id\": \"b\"}}\n"),
        &["--skip-bad-lines", "--failures", "failures.jsonl"],
        0,
        &["1 lines of questions.jsonl are no questions"],
    );
    let failures = read_json_lines(&tandem.path("failures.jsonl"));
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0]["kind"], "bad_line");
    assert_eq!(failures[0]["line"], 2);
    // A changed question is not silently paid again.
    let changed = fine.replace("Which queue?", "Which queue is it?");
    check(
        &changed,
        &[],
        2,
        &["earlier forms of 1 of these questions", "--renew"],
    );
    check(&changed, &["--renew"], 0, &[]);
    assert_eq!(ids(&tandem, "results.jsonl"), ["ticket-1"]);
}

#[test]
fn wrong_schemas_keys_and_outputs_are_explained() {
    let emulator = Emulator::start(None);
    let mut tandem = job(&emulator, 2);
    let check = |tandem: &Tandem, code: i32, words: &str| {
        let ran = tandem.run(RUN);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    };
    for (schema, words) in [
        ("{", "schema.json is not valid JSON"),
        ("{\"type\": \"strnig\"}", "it is no JSON Schema: /type"),
        ("{\"type\": \"string\"}", "its answers are no objects"),
    ] {
        std::fs::write(tandem.path("schema.json"), schema).expect("written");
        check(&tandem, 2, words);
    }
    std::fs::write(tandem.path("schema.json"), schema().to_string()).expect("written");
    std::fs::write(tandem.path("results.jsonl"), "my notes\n").expect("written");
    check(&tandem, 2, "results.jsonl:1: this is no line of results");
    let notes = std::fs::read_to_string(tandem.path("results.jsonl")).expect("read");
    assert_eq!(notes, "my notes\n");
    std::fs::remove_file(tandem.path("results.jsonl")).expect("removed");
    tandem.set("GROQ_API_KEY", "");
    check(&tandem, 3, "GROQ_API_KEY is not set");
    let nothing = tandem.run(&["batch", "resume", "-o", "elsewhere.jsonl"]);
    assert_eq!(nothing.code, 2, "{}", nothing.stderr);
}

#[test]
fn the_budget_stops_and_the_same_command_goes_on() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 40);
    let config = tandem.path("tandem.toml");
    std::fs::write(config, "[analyze]\nrequests_per_shard = 10\n").expect("written");
    // A request can cost 0.00008 dollars at most, and costs about 0.000006.
    let ran = tandem.run(&with(&["--budget", "0.0001", "--max-tokens", "512"]));
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let some = ids(&tandem, "results.jsonl").len();
    assert!((1..40).contains(&some), "{some}");
    assert!(
        ran.stderr
            .contains("tandem batch resume 1 --output results.jsonl --budget USD")
    );
    let ran = tandem.ok(&[
        "batch",
        "resume",
        "1",
        "-o",
        "results.jsonl",
        "--budget",
        "1",
        "--json",
    ]);
    assert_eq!(ran.json()["answers_in_results"], 40);
    assert!(bills(&emulator).values().all(|times| *times == 1));
}

#[test]
fn what_was_submitted_is_collected_by_the_same_command() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 10);
    let left = tandem.ok(&with(&["--no-wait", "--json"])).json();
    assert_eq!(left["end"], "submitted");
    assert_eq!(left["questions"]["answered"], 0);
    let mut more: Vec<Value> = (1..=12).map(question).collect();
    more.reverse();
    tandem.write_records("questions.jsonl", &more);
    let ran = tandem.ok(&with(&["--json"])).json();
    assert_eq!(ran["questions"]["answered"], 12);
    assert_eq!(ran["runs"].as_array().map(Vec::len), Some(2));
    assert!(bills(&emulator).values().all(|times| *times == 1));
}

#[test]
fn a_cancelled_job_can_be_begun_again() {
    let emulator = Emulator::start(None);
    let tandem = job(&emulator, 10);
    tandem.ok(&with(&["--no-wait"]));
    let cancelled = tandem
        .ok(&["batch", "cancel", "-o", "results.jsonl", "--json"])
        .json();
    assert_eq!(cancelled["runs"][0]["state"], "cancelled");
    let kept = ids(&tandem, "results.jsonl").len();
    tandem.ok(RUN);
    assert_eq!(ids(&tandem, "results.jsonl").len(), 10, "{kept} were kept");
    // Its runs are no analyses: the verb for those refuses them.
    let database = tandem.path("results.jsonl.ledger.db").display().to_string();
    let ran = tandem.run(&["runs", "resume", "1", "--db", &database]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("tandem batch resume 1"),
        "{}",
        ran.stderr
    );
}

/// Killed between the write of answers and their mark in the ledger, and in the middle of the write.
#[test]
fn a_kill_leaves_each_answer_once() {
    for point in [
        "before:store_answers",
        "after:store_answers",
        "after:commit_outcomes",
    ] {
        let emulator = Emulator::start(None);
        let tandem = job(&emulator, 40);
        let mut child = tandem
            .command(RUN)
            .env("TANDEM_TEST_PAUSE_AT", point)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let reached = stderr
            .lines()
            .map_while(Result::ok)
            .any(|line| line == format!("paused {point}"));
        assert!(reached, "{point} was never reached");
        child.kill().expect("killed");
        child.wait().expect("gone");
        if point == "before:store_answers" {
            // As a kill in the middle of a write leaves it.
            std::fs::write(
                tandem.path("results.jsonl"),
                "{\"version\":1,\"custom_id\":\"tick",
            )
            .expect("written");
        }
        let ran = tandem.ok(&with(&["--json"])).json();
        assert_eq!(ran["questions"]["answered"], 40, "{point}");
        let mut found = ids(&tandem, "results.jsonl");
        found.sort();
        let count = found.len();
        found.dedup();
        assert_eq!((found.len(), count), (40, 40), "{point}");
        assert!(
            bills(&emulator).values().all(|times| *times == 1),
            "{point}"
        );
    }
}
