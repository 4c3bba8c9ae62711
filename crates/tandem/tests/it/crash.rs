//! A run that is killed at any step of the ledger goes on to the same rows, and nothing is paid twice.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::support::{Emulator, Tandem};
use batch::{Moment, Step};
use serde_json::{Value, json};
use store::{AnalysisRecord, OpenOptions, Selection};

/// Enough for two failures of the cheap model (one in 25), and for several shards.
const PULL_REQUESTS: u64 = 60;

/// What is left when a run has ended: rows and bills, without times and numbers of attempts.
#[derive(Debug, PartialEq)]
struct Result {
    rows: Vec<Value>,
    bills: BTreeMap<(String, String), u64>,
    answered: Value,
    failed: Value,
}

#[test]
fn a_kill_at_any_step_changes_no_row_and_bills_nothing_twice() {
    let template = Tandem::new().with_pull_requests(PULL_REQUESTS);
    let expected = {
        let emulator = Emulator::start(None);
        let tandem = copy_of(&template).with_emulator(&emulator);
        tandem.ok(&["analyze", "--with-fallback"]);
        result(&tandem, &emulator)
    };
    assert_eq!(expected.answered, json!(PULL_REQUESTS));
    assert!(
        expected.bills.values().all(|count| *count == 1),
        "{:?}",
        expected.bills
    );

    let points: Vec<(Moment, Step)> = Step::ALL
        .into_iter()
        .flat_map(|step| [(Moment::Before, step), (Moment::After, step)])
        .collect();
    // Two at a time: most of a scenario is waiting for processes to start.
    std::thread::scope(|scope| {
        for half in points.chunks(points.len().div_ceil(2)) {
            let (template, expected) = (&template, &expected);
            scope.spawn(move || {
                for (moment, step) in half {
                    check_kill(template, expected, *moment, *step);
                }
            });
        }
    });
}

fn check_kill(template: &Tandem, expected: &Result, moment: Moment, step: Step) {
    let point = format!("{}:{}", moment.as_str(), step.as_str());
    let emulator = Emulator::start(None);
    let tandem = copy_of(template).with_emulator(&emulator);
    let mut child = tandem
        .command(&["analyze", "--with-fallback"])
        .env("TANDEM_TEST_PAUSE_AT", &point)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let stderr = BufReader::new(child.stderr.take().expect("piped"));
    // The pipe ends when the process does, so this cannot wait for ever.
    let reached = stderr
        .lines()
        .map_while(std::io::Result::ok)
        .any(|line| line == format!("paused {point}"));
    assert!(reached, "{point} was never reached");
    child.kill().expect("killed");
    child.wait().expect("gone");

    let runs = tandem.json(&["runs"]);
    let answered_before = runs[0]["answered"].as_u64();
    let ran = match runs.as_array().map(Vec::len) {
        // Killed before the run was in the ledger: there is nothing to resume.
        Some(0) => tandem.run(&["analyze", "--with-fallback"]),
        _ => tandem.run(&["runs", "resume", "1"]),
    };
    // Killed while the requests were still being claimed, the run has only some of them.
    let ran = if ran.code == 0 {
        tandem.run(&["analyze", "--with-fallback"])
    } else {
        ran
    };
    assert_eq!(ran.code, 0, "{point}\n{}\n{}", ran.stdout, ran.stderr);
    let after = result(&tandem, &emulator);
    assert_eq!(after.rows, expected.rows, "{point}");
    assert_eq!(
        after.answered, expected.answered,
        "{point} (before: {answered_before:?})"
    );
    assert_eq!(after.failed, expected.failed, "{point}");
    let twice: Vec<_> = after
        .bills
        .iter()
        .filter(|(_, count)| **count > 1)
        .collect();
    assert!(twice.is_empty(), "{point}: billed twice: {twice:?}");
}

/// The template's database in a folder of its own.
fn copy_of(template: &Tandem) -> Tandem {
    let tandem = Tandem::new();
    for suffix in ["", "-wal"] {
        let file = format!("tandem.db{suffix}");
        if template.path(&file).exists() {
            std::fs::copy(template.path(&file), tandem.path(&file)).expect("copied");
        }
    }
    tandem
}

fn result(tandem: &Tandem, emulator: &Emulator) -> Result {
    let mut bills = BTreeMap::new();
    for line in emulator.billed() {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        *bills.entry((text("custom_id"), text("model"))).or_default() += 1;
    }
    let runs = tandem.json(&["runs"]);
    let sum = |key: &str| -> u64 {
        runs.as_array()
            .expect("a list")
            .iter()
            .filter_map(|run| run[key].as_u64())
            .sum()
    };
    Result {
        rows: rows(&tandem.database()),
        bills,
        answered: json!(sum("answered")),
        failed: json!(sum("failed")),
    }
}

/// Analyses and verdicts as they are stored. Which of the two models answers which request depends
/// on how they were grouped, so the model is not part of it; that each has one answer is.
fn rows(database: &Path) -> Vec<Value> {
    let store =
        store::open(&database.display().to_string(), &OpenOptions::read("test")).expect("opened");
    let analyses = store
        .analyses(&Selection::all(), None, 10_000)
        .expect("read");
    let verdicts = store
        .verdicts(&Selection::all(), None, 10_000)
        .expect("read");
    assert_eq!(analyses.len(), verdicts.len());
    analyses
        .iter()
        .zip(&verdicts)
        .map(|(analysis, verdict)| {
            let AnalysisRecord {
                key,
                origin,
                content_hash,
                prompt_version,
                schema_version,
                answer,
                ..
            } = analysis;
            json!([
                key,
                origin,
                content_hash,
                prompt_version,
                schema_version,
                answer,
                verdict.verdict
            ])
        })
        .collect()
}
