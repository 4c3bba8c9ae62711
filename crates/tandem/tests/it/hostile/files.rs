//! Files: reports, letters and what chat is sent, as others read them.

use std::process::Command;

use serde_json::Value;

use super::corpus::{Filled, corpus, teams};
use crate::browser::Browser;

#[test]
fn markdown_has_no_marks_but_ours() {
    let Some(browser) = Browser::find(&["markdown-it"]) else {
        return;
    };
    let filled = Filled::new();
    let tandem = &filled.tandem;
    let mut written = vec![tandem.ok(&["report", "--format", "markdown"]).stdout];
    written.push(tandem.ok(&["insights", "--markdown"]).stdout);
    for team in teams() {
        let team = format!("--team={team}");
        let arguments = ["report", "--format", "markdown", &team];
        written.push(tandem.ok(&arguments).stdout);
    }
    let modules = browser.modules.display().to_string();
    let mut arguments = vec![modules];
    for (index, text) in written.iter().enumerate() {
        assert!(!text.chars().any(model::acts), "{text}");
        let file = tandem.path(&format!("{index}.md"));
        std::fs::write(&file, text).expect("written");
        arguments.push(file.display().to_string());
    }
    browser.run("markdown.mjs", &arguments);
}

#[test]
fn letters_and_chat_say_names_and_nothing_else() {
    let filled = Filled::new();
    let tandem = &filled.tandem;
    let mut addressed = Vec::new();
    for team in teams().into_iter().map(Some).chain([None]) {
        let mut arguments = vec!["digest", "--week", "2026-W10"];
        let chosen = team.map(|team| format!("--team={team}"));
        arguments.extend(chosen.as_deref());
        let text = tandem.ok(&arguments).stdout;
        assert!(!text.chars().any(model::acts), "{text:?}");
        arguments.extend(["--format", "html"]);
        let html = tandem.ok(&arguments).stdout;
        for harmful in [
            "<script",
            "<img",
            "<iframe",
            "<svg",
            "<base",
            "<meta http",
            "<form",
            "<b>",
            "<a ",
        ] {
            assert!(!html.contains(harmful), "{harmful} of {team:?}: {html}");
        }
        assert!(!html.chars().any(model::acts), "{html:?}");
        addressed.push(team);
    }
    assert!(addressed.len() > 20, "{addressed:?}");
    let mut webhook = Filled::new();
    webhook.tandem.set(
        "TANDEM_DIGEST_WEBHOOK_URL",
        "http://127.0.0.1:9/never-asked",
    );
    let dry = webhook
        .tandem
        .ok(&["digest", "--dry-run", "--week", "2026-W10"])
        .stdout;
    let payload = dry
        .lines()
        .find(|line| line.starts_with('{'))
        .expect("what would be posted");
    let payload: Value = serde_json::from_str(payload).expect("JSON");
    let text = payload["text"].as_str().expect("a text");
    assert!(
        !text.contains("<!") && !text.contains("<@") && !text.contains("<http"),
        "{text}"
    );
    assert_eq!(payload["unfurl_links"], false);
    assert_eq!(payload["unfurl_media"], false);
}

/// Reads CSV with another program, strictly; prints the rows as JSON.
const READ_CSV: &str = "import csv, json, sys; csv.field_size_limit(1 << 30); \
    print(json.dumps(list(csv.reader(open(sys.argv[1], encoding='utf-8', newline=''), strict=True))))";

#[test]
fn tables_for_other_programs_hold_text_and_no_formulas() {
    let filled = Filled::new();
    let tandem = &filled.tandem;
    let tables = ["pull_requests", "verdicts", "evidence", "monthly_facts"];
    for table in tables {
        let said = tandem.ok(&["export", "--table", table, "--format", "jsonl", "-o", "-"]);
        // Every line is JSON, and nothing in it acts.
        let lines = said.lines();
        let is_safe = |one: char| one == '\n' || !one.is_control();
        assert!(
            said.stdout.chars().all(is_safe),
            "{table} has control characters"
        );
        assert!(
            !said.stdout.contains(['\u{202e}', '\u{2067}']),
            "{table} turns text round"
        );
        if table == "pull_requests" {
            for (index, one) in corpus().iter().enumerate() {
                let key = format!("hostile/r{index}");
                let row = lines
                    .iter()
                    .find(|row| row["repo"] == key && row["number"] == 2);
                let title = row.expect("a row")["title"].as_str().expect("a title");
                // A title is cut, not changed.
                assert!(one.text.starts_with(title), "{}: {title:?}", one.name);
            }
        }
    }
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: CSV is read back by python3");
        return;
    }
    for table in tables {
        let file = tandem.path(&format!("{table}.csv"));
        let place = file.display().to_string();
        tandem.ok(&["export", "--table", table, "-o", &place]);
        let read = Command::new("python3")
            .args(["-c", READ_CSV, &place])
            .output()
            .expect("python3 runs");
        assert!(
            read.status.success(),
            "{table}: {}",
            String::from_utf8_lossy(&read.stderr)
        );
        let rows: Vec<Vec<String>> = serde_json::from_slice(&read.stdout).expect("rows");
        let columns = rows[0].len();
        assert!(rows.len() > 20, "{table}: {} rows", rows.len());
        for row in &rows {
            assert_eq!(row.len(), columns, "{table}: {row:?}");
            for cell in row {
                let is_number = cell.parse::<f64>().is_ok();
                let acts = cell.trim_start().starts_with(['=', '+', '-', '@']) && !is_number;
                assert!(!acts, "{table}: {cell:?} is a formula");
                assert!(!cell.chars().any(char::is_control), "{table}: {cell:?}");
            }
        }
    }
}
