//! Several processes on one database, and what travels with an answer from submit to collect.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use batch::{Ledger, RunId};
use serde_json::json;
use store::{OpenOptions, SqliteStore};

use crate::support::{Emulator, Ran, Tandem};

/// How many times two processes race for the same pull requests.
const ROUNDS: u64 = 3;
const PULL_REQUESTS: u64 = 40;

fn start(tandem: &Tandem, arguments: &[&str]) -> Child {
    tandem
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started")
}

fn end(child: Child) -> Ran {
    Ran::from(child.wait_with_output().expect("finished"))
}

#[test]
fn two_processes_never_ask_the_same_thing() {
    for round in 0..ROUNDS {
        // The second comes as the first plans, submits, waits or collects: batches take their time.
        let scenario = format!("version = 1\n[timing]\nvalidating_ms = {}\n", 300 * round);
        let emulator = Emulator::start(Some(&scenario));
        let tandem = Tandem::new()
            .with_pull_requests(PULL_REQUESTS)
            .with_emulator(&emulator);
        let arguments = ["analyze", "--with-fallback", "--json"];
        let both = [start(&tandem, &arguments), start(&tandem, &arguments)].map(end);
        for ran in &both {
            assert_eq!(ran.code, 0, "round {round}\n{}\n{}", ran.stdout, ran.stderr);
        }
        let mut bills: BTreeMap<(String, String), u64> = BTreeMap::new();
        for line in emulator.billed() {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            *bills.entry((text("custom_id"), text("model"))).or_default() += 1;
        }
        let twice: Vec<_> = bills.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "round {round}: {twice:?}");
        assert_eq!(
            tandem.json(&["coverage"])["analyzed"],
            json!(PULL_REQUESTS),
            "round {round}"
        );
        let asked: u64 = tandem
            .json(&["runs"])
            .as_array()
            .expect("runs")
            .iter()
            .filter_map(|run| run["requests"].as_u64())
            .sum();
        assert_eq!(asked, PULL_REQUESTS, "round {round}");
        let left = std::fs::read_dir(tandem.path(""))
            .expect("a folder")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.contains(".run-"));
        assert_eq!(left.count(), 0, "locks of runs go with them");
    }
}

#[test]
fn a_run_is_worked_on_by_one_process_and_others_say_so() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(10)
        .with_emulator(&emulator);
    let mut first = tandem
        .command(&["analyze", "--with-fallback"])
        .env("TANDEM_TEST_PAUSE_AT", "after:create")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let stderr = std::io::BufReader::new(first.stderr.take().expect("piped"));
    let paused = std::io::BufRead::lines(stderr)
        .map_while(std::io::Result::ok)
        .any(|line| line == "paused after:create");
    assert!(paused);
    // There is nothing left to ask, and the second says where it is being asked.
    let second = tandem.ok(&["analyze", "--with-fallback", "--json"]);
    assert_eq!(
        second.json(),
        json!({"version": 1, "end": "nothing_to_do", "open_in_run": 1})
    );
    let told = tandem.ok(&["analyze", "--with-fallback"]);
    assert!(told.stdout.contains("run 1"), "{}", told.stdout);
    assert!(told.stderr.contains("runs resume 1"), "{}", told.stderr);
    // The run itself has its worker.
    for verb in ["resume", "cancel"] {
        let refused = tandem.run(&["runs", verb, "1"]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(
            refused.stderr.contains(&first.id().to_string()),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(tandem.json(&["runs"])[0]["state"], json!("running"));
    first.kill().expect("killed");
    first.wait().expect("gone");
    tandem.ok(&["runs", "resume", "1"]);
    assert_eq!(tandem.json(&["coverage"])["analyzed"], json!(10));
    assert_eq!(emulator.billed().len(), 10);
}

#[test]
fn answers_carry_the_versions_they_were_asked_with() {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(10)
        .with_emulator(&emulator);
    tandem.ok(&["analyze", "--with-fallback", "--no-wait"]);
    // As if it had been submitted by a Tandem with another prompt, which was updated since.
    {
        let options = OpenOptions::write("test");
        let store = SqliteStore::open(&tandem.database(), &options).expect("opens");
        let mut spec = store.run(RunId(1)).expect("reads").spec;
        "of-old".clone_into(&mut spec.task.prompt_version);
        store.set_run_spec(RunId(1), &spec).expect("writes");
    }
    tandem.ok(&["runs", "resume", "1"]);
    let coverage = tandem.json(&["coverage"]);
    assert_eq!(
        (
            &coverage["analyzed"],
            &coverage["stale"],
            &coverage["waiting"]
        ),
        (&json!(0), &json!(10), &json!(0))
    );
    let human = tandem.ok(&["coverage"]).stdout;
    assert!(human.contains("analyze --stale renews"), "{human}");
    // Without --stale nothing is asked; with it, everything is, once.
    assert_eq!(
        tandem.json(&["analyze", "--with-fallback"])["end"],
        json!("nothing_to_do")
    );
    tandem.ok(&["analyze", "--with-fallback", "--stale"]);
    let coverage = tandem.json(&["coverage"]);
    assert_eq!(
        (&coverage["analyzed"], &coverage["stale"]),
        (&json!(10), &json!(0))
    );
}
