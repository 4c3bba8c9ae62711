//! The JSON of every verb, as snapshots: scripts rely on these shapes.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Emulator, Tandem, record};

/// Thirty made-up pull requests, analysed on the emulator, one of them changed afterwards.
fn analysed() -> (Tandem, Emulator) {
    let emulator = Emulator::start(None);
    let tandem = Tandem::new()
        .with_pull_requests(30)
        .with_emulator(&emulator);
    tandem.ok(&["analyze", "--limit", "25", "--with-fallback"]);
    (tandem, emulator)
}

/// Paths and versions that differ from machine to machine and from day to day.
pub(crate) fn settled(mut value: Value, keys: &[&str]) -> Value {
    fn walk(value: &mut Value, keys: &[&str]) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    if keys.contains(&key.as_str()) && !value.is_null() {
                        *value = json!(format!("[{key}]"));
                    } else {
                        walk(value, keys);
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| walk(value, keys)),
            _ => {}
        }
    }
    walk(&mut value, keys);
    value
}

#[test]
fn import() {
    let tandem = Tandem::new();
    let mut text = format!("{}\n", record(1));
    text.push_str("{\"repo\": \"a/b\"}\n");
    std::fs::write(tandem.path("prs.jsonl"), text).expect("written");
    let document = tandem.json(&["import", "prs.jsonl"]);
    assert_json_snapshot!(settled(document, &["database", "rejects_file", "seconds"]));
    let rejects = crate::support::read_json_lines(&tandem.path("tandem.rejects.jsonl"));
    assert_json_snapshot!("rejects", rejects);
}

#[test]
fn detect_and_verdicts() {
    let tandem = Tandem::new().with_pull_requests(4);
    let detected = tandem.json(&["detect", "--all"]);
    assert_json_snapshot!(
        "detect",
        settled(detected, &["catalogue_version", "seconds"])
    );
    let lines = tandem.ok(&["verdicts", "--json"]).lines();
    assert_json_snapshot!("verdicts", lines);
    assert_json_snapshot!(
        "verdict_of_one",
        tandem.json(&["verdicts", "orchard/store#4"])
    );
}

#[test]
fn coverage_and_adoption() {
    let (tandem, _emulator) = analysed();
    assert_json_snapshot!("coverage", tandem.json(&["coverage"]));
    assert_json_snapshot!("adoption", tandem.json(&["adoption", "--team", "orchard"]));
}

#[test]
fn insights_and_effects() {
    let tandem = Tandem::new().with_pull_requests(30);
    tandem.ok(&["detect"]);
    let report = tandem.json(&["insights", "--team", "orchard", "--metric", "cycle"]);
    assert_json_snapshot!("insights", settled(report, &["current_month", "month"]));
    let effects = tandem.json(&["effects", "--metric", "unreviewed", "--of", "reviewed"]);
    assert_json_snapshot!("effects", effects);
    let merged = tandem.json(&["adoption", "--by", "merged", "--from", "2026-01"]);
    assert_eq!(merged["clock"], json!("merged_at"));
    let text = tandem.ok(&["effects", "--explain", "pickup"]).stdout;
    assert!(
        text.contains("a bot") && text.contains("all pull requests of the selection"),
        "{text}"
    );
    let text = tandem.ok(&["insights", "--markdown"]).stdout;
    assert!(text.starts_with("## Adoption"), "{text}");
    assert_eq!(tandem.run(&["effects", "--metric", "lead_time"]).code, 2);
}

#[test]
fn analyze_and_runs() {
    let (tandem, emulator) = analysed();
    let changing = ["started_at", "ended_at", "batch_id", "answered_at", "note"];
    let dry = tandem.json(&["analyze", "--with-fallback", "--dry-run"]);
    assert_json_snapshot!("analyze_dry_run", dry);
    let rest = tandem.json(&["analyze", "--with-fallback"]);
    assert_json_snapshot!("analyze", settled(rest, &changing));
    let nothing = tandem.json(&["analyze", "--with-fallback"]);
    assert_json_snapshot!("analyze_nothing_to_do", nothing);
    assert_json_snapshot!("runs", settled(tandem.json(&["runs"]), &changing));
    assert_json_snapshot!(
        "runs_show",
        settled(tandem.json(&["runs", "show", "1"]), &changing)
    );
    drop(emulator);
}

#[test]
fn failures_of_a_run() {
    let hopeless = "version = 1\n[[faults]]\nkind = \"schema_mismatch\"\n";
    let emulator = Emulator::start(Some(hopeless));
    let tandem = Tandem::new().with_pull_requests(2).with_emulator(&emulator);
    let ran = tandem.run(&["analyze", "--with-fallback", "--json"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let lines = tandem
        .ok(&["runs", "show", "1", "--failed", "--json"])
        .lines()
        .into_iter()
        .map(|line| settled(line, &["recorded_at"]))
        .collect::<Vec<_>>();
    assert_json_snapshot!("runs_show_failed", lines);
    let coverage = tandem.json(&["coverage"]);
    assert_eq!(coverage["quarantined"], json!(2));
    // What always fails does not head the next run.
    assert_eq!(
        tandem.json(&["analyze", "--with-fallback"])["end"],
        json!("nothing_to_do")
    );
}

#[test]
fn rules() {
    let tandem = Tandem::new().with_pull_requests(3);
    assert_json_snapshot!("analyze_rules", tandem.json(&["analyze"]));
    assert_json_snapshot!(
        "analyze_rules_dry_run",
        tandem.json(&["analyze", "--dry-run"])
    );
}

#[test]
fn evaluate() {
    let tandem = Tandem::new().with_pull_requests(4);
    let truth = [
        json!({"repo": "orchard/store", "number": 4, "agent": "Claude_Code", "ai_authored": true, "review_ai": ["coderabbit"], "visible": ["trailer"]}),
        json!({"repo": "harbour/store", "number": 3, "agent": "Devin", "ai_authored": true, "visible": []}),
        json!({"repo": "orchard/store", "number": 1, "agent": "none", "ai_authored": false}),
        json!({"repo": "orchard/store", "number": 2, "agent": "unknown"}),
    ];
    let file = tandem.write_records("truth.jsonl", &truth);
    let evaluation = tandem.json(&["evaluate", "--truth", &file]);
    assert_json_snapshot!(settled(evaluation, &["catalogue_version"]));
}

#[test]
fn doctor() {
    let tandem = Tandem::new().with_pull_requests(2);
    let report = tandem.json(&["doctor"]);
    assert_json_snapshot!(settled(
        report,
        &["path", "signatures", "tandem", "size_bytes"]
    ));
}

#[test]
fn demo() {
    let tandem = Tandem::new();
    let document = tandem.json(&["demo", "--keep", "demo.db"]);
    // The organisation ends today, so only what holds on every day is looked at.
    assert_eq!(
        (document["version"].as_u64(), document["emulator"].as_bool()),
        (Some(1), Some(true))
    );
    let planted = document["planted"]["pull_requests"]
        .as_u64()
        .expect("a number");
    assert!((2_700..=3_400).contains(&planted), "{planted}");
    assert_eq!(
        document["coverage"]["analyzed"],
        document["planted"]["pull_requests"]
    );
    assert_eq!(
        document["run"]["totals"]["answered"],
        document["planted"]["pull_requests"]
    );
    assert_eq!(document["evaluation"]["authored"]["fp"], json!(0));
    assert_eq!(document["evaluation"]["visible"]["recall"], json!(1.0));
    assert_eq!(
        document["comparison"]["months_found"],
        document["comparison"]["months"]
    );
    let second = tandem.run(&["demo", "--keep", "demo.db"]);
    assert_eq!(second.code, 2, "{}", second.stderr);
    let runs = tandem.json(&["--db", "demo.db", "runs"]);
    assert_eq!(runs[0]["state"], json!("finished"));
}
