//! The corpus: what somebody could write who wants to break what shows it, and a database full of it.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Emulator, Tandem};

/// Pull requests that each text of the corpus is in: enough for a team's numbers to be shown.
const EACH: u64 = 8;

/// Texts that are longer stand in one pull request, in its title and its bodies.
const LONG_BYTES: usize = 8_000;

/// A text of the corpus.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    text: Option<String>,
    repeat: Option<String>,
    bytes: Option<usize>,
}

/// All of `tests/hostile/corpus.json`.
pub(super) fn corpus() -> &'static [Text] {
    static CORPUS: OnceLock<Vec<Text>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../../hostile/corpus.json"))
            .expect("the corpus is JSON");
        rows.into_iter()
            .map(|row| Text {
                text: match (row.text, row.repeat, row.bytes) {
                    (Some(text), None, None) => text,
                    (None, Some(repeat), Some(bytes)) => repeat.repeat(bytes / repeat.len()),
                    _ => panic!("{} has a text, or what to repeat and how much", row.name),
                },
                name: row.name,
            })
            .collect()
    })
}

/// Whether a configuration may call a team so.
fn may_name_a_team(text: &str) -> bool {
    !text.trim().is_empty()
        && text.trim() == text
        && text.chars().count() <= 100
        && !text.chars().any(char::is_control)
}

/// The names of teams of the corpus that a configuration may have.
pub(super) fn teams() -> Vec<&'static str> {
    let texts = corpus().iter().map(|text| text.text.as_str());
    texts.filter(|text| may_name_a_team(text)).collect()
}

/// The configuration that gives each text's pull requests to a team of that name.
fn configuration() -> String {
    let mut text = String::from("[privacy]\npeople = true\n");
    for (index, one) in corpus().iter().enumerate() {
        if may_name_a_team(&one.text) {
            let name = toml::Value::from(one.text.as_str());
            text.push_str(&format!(
                "[[teams]]\nname = {name}\nrepositories = [\"hostile/r{index}\"]\n"
            ));
        }
    }
    text
}

/// A pull request that has a text wherever it may have one, with a trace of AI beside it in some.
fn record(index: usize, text: &str, number: u64) -> Value {
    let is_long = text.len() > LONG_BYTES;
    let by_agent = number.is_multiple_of(2);
    let trailer = if by_agent {
        "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
    } else {
        ""
    };
    let short = if is_long { "long" } else { text };
    let (month, day) = (1 + number % 6, 1 + number % 27);
    let at = |hour: u64| format!("2026-0{month}-{day:02}T{hour:02}:00:00Z");
    json!({
        "id": format!("{index}-{number}-{short}"),
        "repo": format!("hostile/r{index}"),
        "language": short,
        "number": number,
        "title": text,
        "body": format!("{text}{trailer}\n{text}"),
        "author": {"login": short, "is_bot": false},
        "state": "closed",
        "draft": false,
        "created_at": at(9),
        "merged_at": at(15),
        "closed_at": at(15),
        "merged_by": {"login": short},
        "requested_reviewers": [short],
        "linked_issues": [short],
        "checks": short,
        "additions": 700 + 200 * (number % 4),
        "deletions": 1,
        "changed_files": 1,
        "head_ref": if by_agent { format!("copilot/{short}") } else { short.to_owned() },
        "base_ref": short,
        "labels": [short, {"name": short}],
        "commits": [{
            "sha": short,
            "message": format!("{text}{trailer}"),
            "author_login": short,
            "committer_login": short,
            "author_name": short,
            "author_email": short,
            "committer_name": short,
            "committer_email": short,
            "authored_at": at(8),
        }],
        "reviews": if number.is_multiple_of(3) { json!([]) } else { json!([{
            "author": format!("reviewer {short}"), "is_bot": false, "state": "APPROVED",
            "submitted_at": at(12), "body": text,
        }]) },
        "comments": [{
            "author": short, "created_at": at(11), "kind": "review", "path": short, "body": text,
        }],
        "files": [{"path": short, "additions": 8, "deletions": 2}],
        "events": [
            {"event": short, "actor": short, "created_at": at(10), "label": short, "assignee": short},
            {"event": "labeled", "actor": short, "created_at": at(10), "label": short},
        ],
    })
}

/// The name of the pull request of a text that is looked at most closely.
pub(super) fn key(index: usize) -> String {
    format!("hostile/r{index}#2")
}

/// A database full of it: imported, detected, analysed, corrected.
pub(super) struct Filled {
    pub(super) tandem: Tandem,
    _emulator: Emulator,
}

impl Filled {
    pub(super) fn new() -> Self {
        // Half of the answers fail at each tier: there is something to tell of failures.
        let emulator = Emulator::start(Some(
            "version = 1\n[[faults]]\nkind = \"schema_mismatch\"\nrate = 0.5\n",
        ));
        let tandem = Tandem::new().with_emulator(&emulator);
        let mut records = Vec::new();
        for (index, one) in corpus().iter().enumerate() {
            let numbers = if one.text.len() > LONG_BYTES {
                2..=2
            } else {
                1..=EACH
            };
            records.extend(numbers.map(|number| record(index, &one.text, number)));
            // The text as owner and name, where a host could have such.
            if one.text.len() <= 100 {
                let mut named = record(index, &one.text, 2);
                named["repo"] = json!(format!("{0}/{0}", one.text));
                records.push(named);
            }
        }
        std::fs::write(tandem.path("tandem.toml"), configuration()).expect("written");
        let file = tandem.write_records("hostile.jsonl", &records);
        let imported = tandem.run(&["import", &file]);
        // Names of repositories that no host can have are set aside.
        assert!(imported.stdout.contains("set aside"), "{imported:?}");
        tandem.ok(&["detect"]);
        Filled {
            tandem,
            _emulator: emulator,
        }
    }

    /// The same, with answers of a model, a run with failures, and a correction.
    pub(super) fn analysed() -> Self {
        let filled = Self::new();
        let ran = filled.tandem.run(&[
            "analyze",
            "--limit",
            "150",
            "--with-fallback",
            "--yes",
            "--no-progress",
        ]);
        assert!(matches!(ran.code, 0 | 4), "{}", ran.stderr);
        filled
    }
}
